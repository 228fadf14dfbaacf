"""Good manners on both sides: what was asked for is kept to, and what cannot be is told, once."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from distributor import pipeline
from distributor.articles.matching import ArticleChanges
from distributor.gather_loop import GatherLoop
from distributor.gathering import gather_plans
from distributor.gathering.gather_plans import GatherOutcome
from distributor.gathering.sources.feed import FeedSource
from distributor.storage.database import Database
from distributor.workers import FaultLog
from support.builders import article
from support.newsroom import Room

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def test_a_feed_of_ours_holds_as_many_articles_as_it_is_told_to(room: Room) -> None:
    for number in range(130):
        text = f"---\ntitle: Bài thứ {number}\ndate: 2026-11-{1 + number % 20:02}\n---\nMột đoạn.\n"
        (room.folder / "articles" / f"bai-{number}.md").write_text(text, encoding="utf-8")
    room.configure(("folder: var/feeds,", "folder: var/feeds, max_items: 120,"))
    room.good("gather")
    assert len(json.loads((room.folder / "var" / "feeds" / "feed.json").read_text(encoding="utf-8"))["items"]) == 120


def opened(newsroom: Any = None) -> GatherLoop:
    return GatherLoop(newsroom, None, lambda: NOW, FaultLog())  # type: ignore[arg-type]


def test_the_service_tells_a_note_once_and_again_when_it_changes(caplog: pytest.LogCaptureFixture) -> None:
    loop = opened()
    loop._shown = NOW
    with caplog.at_level(logging.WARNING, "distributor.service"):
        for note in ("150 are too many", "150 are too many", "160 are too many", "", "160 are too many"):
            loop._note(pipeline.GatherResult("tin", ArticleChanges(), notes=tuple(filter(None, [note]))))
    told = [record.getMessage() for record in caplog.records]
    assert told == [f"source tin: {number} are too many" for number in (150, 160, 160)]


async def test_feeds_are_brought_up_to_date_also_when_only_time_has_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An article dated ahead appears in its time, though no look has brought anything."""
    clock, shown = [NOW], []

    async def refresh(*_: Any) -> list[str]:
        shown.append(clock[0] - NOW)
        return []

    monkeypatch.setattr(pipeline, "refresh_feeds", refresh)
    loop = opened()
    loop.clock = lambda: clock[0]
    for minutes in (0, 5, 14, 15, 20, 31):
        clock[0] = NOW + timedelta(minutes=minutes)
        loop._note(pipeline.GatherResult("tin", ArticleChanges(known=3)))
        await loop.wait(asyncio.Event(), 5)
    assert shown == [timedelta(minutes=minutes) for minutes in (0, 15, 31)]


async def test_many_sources_that_end_at_once_are_shown_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = 0

    async def refresh(*_: Any) -> list[str]:
        nonlocal shown
        shown += 1
        await asyncio.sleep(0)
        return []

    monkeypatch.setattr(pipeline, "refresh_feeds", refresh)
    loop = opened()
    for number in range(50):
        loop._note(pipeline.GatherResult(f"bao-{number}", ArticleChanges(new=(article(),))))
    await loop.wait(asyncio.Event(), 5)
    assert shown == 1


# -- when --------------------------------------------------------------------------------------------------------------


@dataclass
class Newsroom:
    """Sources that are not read: what is gathered is noted down, and finished as if nothing had come."""

    database: Database
    names: tuple[str, ...] = ("a", "b", "c")
    now: datetime = NOW
    gathered: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sources = {name: FeedSource(name=name, url=f"https://{name}.example/rss") for name in self.names}

    async def gather(self, *given: Any, turns: dict[str, int], on_result: Any, **_: Any) -> None:
        names = given[3]
        self.gathered += names
        with self.database.write() as connection:
            plans = gather_plans.load_plans(connection, names)
            outcomes = [GatherOutcome(source=self.sources[name], turn=turns[name]) for name in names]
            gather_plans.finish(connection, outcomes, plans, self.now)
        for name in names:
            on_result(pipeline.GatherResult(name, unchanged=True))

    def loop(self) -> GatherLoop:
        """That of one more service on the same store."""
        made = GatherLoop(self, self.database, lambda: self.now, FaultLog())  # type: ignore[arg-type]
        made._shown = NOW + timedelta(days=1)
        return made

    def newsletter(self, name: str) -> Any:
        return SimpleNamespace(sources=["b"])

    async def tick(self, *loops: GatherLoop, coming: Sequence[pipeline.UpcomingEvent] = ()) -> list[str]:
        """What a tick of these services gathers."""
        self.gathered = []
        for loop in loops:
            loop.start_due(self.now, coming)
        for loop in loops:
            await loop.wait(asyncio.Event(), 5)
        return sorted(self.gathered)


@pytest.fixture
def room3(database: Database, monkeypatch: pytest.MonkeyPatch) -> Newsroom:
    made = Newsroom(database)
    monkeypatch.setattr(pipeline, "gather_sources", made.gather)
    monkeypatch.setattr(pipeline, "refresh_feeds", _refresh_nothing)
    return made


async def _refresh_nothing(*_: Any) -> list[str]:
    return []


async def test_of_two_services_one_gathers_each_source_in_each_interval(room3: Newsroom) -> None:
    here, there = room3.loop(), room3.loop()
    for _ in range(4):
        assert await room3.tick(here, there) == ["a", "b", "c"]
        assert await room3.tick(there, here) == [], "once in an interval"
        room3.now += timedelta(minutes=15)


async def test_a_restart_asks_nobody_again(room3: Newsroom) -> None:
    assert await room3.tick(room3.loop()) == ["a", "b", "c"]
    room3.now += timedelta(minutes=1)
    assert await room3.tick(room3.loop()) == []


async def test_a_source_with_new_settings_is_gathered_when_the_service_starts(room3: Newsroom) -> None:
    await room3.tick(room3.loop())
    room3.sources["b"] = FeedSource(name="b", url="https://b.example/feed")
    room3.now += timedelta(seconds=5)
    loop = room3.loop()
    assert await room3.tick(loop) == ["b"]
    assert await room3.tick(loop) == []


async def test_before_an_edition_its_sources_are_gathered_once_more(room3: Newsroom) -> None:
    loop = room3.loop()
    await room3.tick(loop)
    room3.now += timedelta(minutes=6)
    coming = [pipeline.UpcomingEvent(room3.now + timedelta(minutes=1), "tin-sang")]
    assert await room3.tick(loop) == []
    assert await room3.tick(loop, coming=coming) == ["b"]
    room3.now += timedelta(seconds=5)
    assert await room3.tick(loop, coming=coming) == [], "one look before an edition is enough"


async def test_what_is_broken_off_is_due_at_once_in_another_process(
    room3: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def for_ever(*_: Any, **__: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(pipeline, "gather_sources", for_ever)
    loop = room3.loop()
    loop.start_due(room3.now)
    await loop.wait(asyncio.Event(), 0.2)
    monkeypatch.setattr(pipeline, "gather_sources", room3.gather)
    assert await room3.tick(room3.loop()) == [], "they are being gathered"
    await loop.close()
    assert await room3.tick(room3.loop()) == ["a", "b", "c"]


async def test_what_a_killed_process_had_claimed_is_gathered_by_another_after_some_minutes(
    room3: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    with room3.database.write() as connection:
        gather_plans.claim(connection, list(room3.sources.values()), {}, NOW)
    loop = room3.loop()
    room3.now += gather_plans.CLAIM - timedelta(seconds=1)
    assert await room3.tick(loop) == []
    room3.now += timedelta(seconds=60)
    assert await room3.tick(loop) == ["a", "b", "c"]


async def test_while_nothing_is_due_the_store_is_not_asked(room3: Newsroom) -> None:
    loop = room3.loop()
    await room3.tick(loop)
    await room3.tick(loop)  # finds that nothing is due
    asked = 0

    def count(_: object) -> None:
        nonlocal asked
        asked += 1

    sa.event.listen(Engine, "engine_connect", count)
    try:
        for _ in range(10):
            room3.now += timedelta(seconds=5)
            await room3.tick(loop)
    finally:
        sa.event.remove(Engine, "engine_connect", count)
    assert not asked
