"""A pushed item becomes an article, cleaned; what cannot be one is a fault of its own."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from distributor.gathering.sources.push import PushSource
from distributor.source import FetchResult, PushedItem, with_pushed

NOW = datetime(2026, 11, 29, 8, tzinfo=UTC)


def gathered(*fields: dict[str, Any]) -> FetchResult:
    items = [PushedItem(id=f" id {n} ", fields={"title": "Tin", **one}, pushed_at=NOW) for n, one in enumerate(fields)]
    source = with_pushed(PushSource(name="cms", topics=("Chung",)), items)
    return asyncio.run(source.gather(None, NOW))  # type: ignore[arg-type]


def test_fields_become_those_of_an_article() -> None:
    (made,) = gathered(
        {
            "url": "https://bacson.example/tin/1?utm_source=x",
            "published": "2026-11-29T07:00:00+07:00",
            "topics": ["Kinh tế", "kinh tế", " "],
            "language": "en_gb",
            "image": {"url": "/anh.jpg", "caption": "Cầu", "width": 640},
            "body_html": "<p>Sáng nay <a href='/a'>tại đây</a>.</p><script>x()</script>",
        }
    ).articles
    assert (made.source, made.source_id, made.topics, made.language) == ("cms", "id 0", ("Kinh tế", "Chung"), "en-GB")
    assert made.published == datetime(2026, 11, 29, tzinfo=UTC)
    assert made.image is not None
    assert (made.image.url, made.image.alt, made.image.width) == ("https://bacson.example/anh.jpg", "Cầu", 640)
    assert made.body_html == '<p>Sáng nay <a href="https://bacson.example/a">tại đây</a>.</p>'


def test_one_that_cannot_be_read_costs_itself_only() -> None:
    result = gathered({"published": "hôm qua"}, {})
    assert ([one.source_id for one in result.articles], result.faults) == (["id 1"], ["id 0: published is not a time"])


def test_the_source_itself_holds_nothing() -> None:
    source = PushSource(name="cms")
    assert with_pushed(source, []) == source
    assert source.pushed == ()
    assert gathered().articles == []
