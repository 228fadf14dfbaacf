"""The last tick of the service, in its process and in others."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from distributor.web.ticks import Ticks

NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


def test_without_a_file_only_this_process_knows_it() -> None:
    ticks = Ticks()
    assert ticks.last() is None
    ticks.note(NOW)
    assert ticks.last() == NOW


def test_another_process_reads_it_from_the_file_until_the_service_ends(tmp_path: Path) -> None:
    service, pages = Ticks(tmp_path / "last-tick"), Ticks(tmp_path / "last-tick", here=False)
    assert pages.last() is None
    service.note(NOW)
    assert pages.last() == NOW
    service.forget()
    assert pages.last() is None


def test_a_file_that_is_damaged_or_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "last-tick").write_text("no time")
    assert Ticks(tmp_path / "last-tick", here=False).last() is None
    nowhere = Ticks(tmp_path / "missing" / "last-tick")
    nowhere.note(NOW)
    assert nowhere.last() == NOW
    nowhere.forget()
