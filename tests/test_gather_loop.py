"""Good manners on both sides: what was asked for is kept to, and what cannot be is told, once."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from distributor import pipeline
from distributor.articles.matching import ArticleChanges
from distributor.gather_loop import GatherLoop
from distributor.workers import FaultLog
from support.newsroom import Room

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def test_a_feed_of_ours_holds_as_many_articles_as_it_is_told_to(room: Room) -> None:
    for number in range(130):
        text = f"---\ntitle: Bài thứ {number}\ndate: 2026-11-{1 + number % 20:02}\n---\nMột đoạn.\n"
        (room.folder / "articles" / f"bai-{number}.md").write_text(text, encoding="utf-8")
    room.configure(("folder: var/feeds,", "folder: var/feeds, max_items: 120,"))
    room.good("gather")
    assert len(json.loads((room.folder / "var" / "feeds" / "feed.json").read_text(encoding="utf-8"))["items"]) == 120


async def test_the_service_tells_a_note_once_and_again_when_it_changes(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    notes = iter(["150 are too many", "150 are too many", "160 are too many", "", "160 are too many"])

    async def gather(*_: Any) -> list[pipeline.GatherResult]:
        return [pipeline.GatherResult("tin", ArticleChanges(), notes=tuple(filter(None, [next(notes)])))]

    monkeypatch.setattr(pipeline, "gather_sources", gather)
    newsroom: Any = SimpleNamespace(sources={"tin": SimpleNamespace(every=None)})
    loop = GatherLoop(newsroom, None, lambda: NOW, FaultLog())  # type: ignore[arg-type]
    loop._shown = NOW
    with caplog.at_level(logging.WARNING, "distributor.service"):
        for _ in range(5):
            loop._tasks["tin"] = None  # type: ignore[assignment]
            await loop._gather("tin")
    told = [record.getMessage() for record in caplog.records]
    assert told == [f"source tin: {number} are too many" for number in (150, 160, 160)]


async def test_feeds_are_brought_up_to_date_also_when_only_time_has_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An article dated ahead appears in its time, though no look has brought anything."""
    clock, shown = [NOW], []

    async def gather(*_: Any) -> list[pipeline.GatherResult]:
        return [pipeline.GatherResult("tin", ArticleChanges(known=3))]

    async def refresh(*_: Any) -> list[str]:
        shown.append(clock[0] - NOW)
        return []

    monkeypatch.setattr(pipeline, "gather_sources", gather)
    monkeypatch.setattr(pipeline, "refresh_feeds", refresh)
    newsroom: Any = SimpleNamespace(sources={"tin": SimpleNamespace(every=None)})
    loop = GatherLoop(newsroom, None, lambda: clock[0], FaultLog())  # type: ignore[arg-type]
    for minutes in (0, 5, 14, 15, 20, 31):
        clock[0] = NOW + timedelta(minutes=minutes)
        loop._tasks["tin"] = None  # type: ignore[assignment]
        await loop._gather("tin")
    assert shown == [timedelta(minutes=minutes) for minutes in (0, 15, 31)]
