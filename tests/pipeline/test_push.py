"""Pushed articles: taken in at once, and after a crash by the next gather."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from distributor import pipeline
from distributor.articles import pushed, search
from distributor.errors import ArticleError, SourceError
from distributor.model import Article
from distributor.pipeline import push
from distributor.source import FetchResult, PushedItem
from support.clocked_newsroom import Line


@pytest.fixture
def pushing(line: Line) -> Line:
    line.config = line.config.replace("sources:\n", "sources:\n  cms: {type: push}\n")
    return line


def item(line: Line, id: str = "1", **fields: Any) -> PushedItem:
    return PushedItem(id=id, fields={"title": f"Tin {id} của tỉnh nhà", **fields}, pushed_at=line.now)


def stored(line: Line, id: str = "1") -> Article | None:
    with line.store.read() as connection:
        return search.find_by_source_id(connection, "cms", id)


def pending(line: Line) -> list[PushedItem]:
    with line.store.read() as connection:
        return pushed.list_pending(connection, "cms", 9)


def test_an_article_is_taken_in_and_its_item_deleted(pushing: Line) -> None:
    _ = pushing.store
    done = asyncio.run(
        pipeline.push_article(pushing.newsroom, pushing.store, pushing.newsroom.sources["cms"], item(pushing))
    )
    assert (done.change, done.article, pending(pushing)) == ("new", stored(pushing) and done.article, [])
    assert done.article.origins == ("cms",)


def test_what_a_crash_has_left_is_taken_in_by_the_next_gather(pushing: Line) -> None:
    with pushing.store.write() as connection:
        pushed.save(connection, "cms", item(pushing))
    (result,) = asyncio.run(pipeline.gather_sources(pushing.newsroom, pushing.store, pushing.clock, ["cms"]))
    assert (len(result.intake.new), result.unchanged, result.failure) == (1, False, "")
    assert stored(pushing) is not None
    (result,) = asyncio.run(pipeline.gather_sources(pushing.newsroom, pushing.store, pushing.clock, ["cms"]))
    assert result.unchanged


def test_an_item_that_cannot_be_used_is_given_up_after_a_day(pushing: Line) -> None:
    with pushing.store.write() as connection:
        pushed.save(connection, "cms", item(pushing, title="   "))
        pushed.save(connection, "cms", item(pushing, "2"))
    for days, left in ((0, 1), (2, 0)):
        pushing.now += timedelta(days=days)
        (result,) = asyncio.run(pipeline.gather_sources(pushing.newsroom, pushing.store, pushing.clock, ["cms"]))
        assert "title is empty" in result.faults[0]
        assert len(pending(pushing)) == left
    assert stored(pushing, "2") is not None


@pytest.mark.parametrize("failure", [SourceError("took longer than 20 s"), ArticleError("is no article")])
def test_what_was_refused_is_not_kept(pushing: Line, monkeypatch: pytest.MonkeyPatch, failure: Exception) -> None:
    async def refuse(*_: object) -> FetchResult:
        raise failure

    monkeypatch.setattr(push, "read_source", refuse)
    with pytest.raises(type(failure)):
        asyncio.run(
            pipeline.push_article(pushing.newsroom, pushing.store, pushing.newsroom.sources["cms"], item(pushing))
        )
    assert pending(pushing) == []


def test_the_recheck_believes_whoever_pushes(tmp_path: Path) -> None:
    from distributor.gathering.sources.push import PushSource
    from support.builders import article

    answer = asyncio.run(PushSource(name="cms").check_availability(None, article()))  # type: ignore[arg-type]
    assert answer.available
