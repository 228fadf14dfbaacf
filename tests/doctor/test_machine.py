"""The machine and the store: space, clock, modes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from distributor.doctor.machine import ClockFacts, DiskFacts, check_clock, check_disk, check_files, check_store

NOW = datetime(2026, 11, 30, 7, tzinfo=UTC)
GB = 1 << 30


@pytest.mark.parametrize(
    ("free", "store", "expected"),
    [(50 * GB, GB, ""), (50 << 20, 0, "disk-full"), (GB // 2, 0, "disk-low"), (3 * GB, 4 * GB, "disk-low")],
)
def test_a_disk_is_low_where_a_backup_would_not_fit(free: int, store: int, expected: str) -> None:
    assert check_disk(DiskFacts(Path("/srv"), free, 100 * GB, store)).fault == expected


@pytest.mark.parametrize(
    ("off", "expected"),
    [
        (0, ""),
        (1.5, ""),
        (-1.5, ""),
        (10, "clock-off"),
        (-10, "clock-off"),
        (61, "clock-wrong"),
        (-3600, "clock-wrong"),
    ],
)
def test_a_clock_is_compared_with_that_of_the_store(off: float, expected: str) -> None:
    facts = ClockFacts("postgresql", NOW, NOW + timedelta(seconds=off), NOW + timedelta(seconds=0.1))
    (result,) = check_clock(facts, [], timedelta())
    assert result.fault == expected


def test_a_slow_answer_is_no_wrong_clock() -> None:
    facts = ClockFacts("postgresql", NOW, NOW + timedelta(seconds=20), NOW + timedelta(seconds=40))
    assert [one.fault for one in check_clock(facts, [], timedelta())] == [""]


def test_a_clock_that_cannot_be_asked_is_unknown_and_times_ahead_are_told() -> None:
    facts = ClockFacts("/srv/var", NOW, None, NOW, "Permission denied")
    ahead, unknown = check_clock(facts, ["3 editions are dated later than now"], timedelta())
    assert (ahead.fault, unknown.fault, "/srv/var" in unknown.remedy) == ("clock-ahead", "clock-unknown", True)


def test_what_others_can_read_or_change_is_named_with_the_command() -> None:
    file = Path("/srv/config.yaml")
    assert [one.fault for one in check_files(file, 0o644, [])] == [""]
    writable, readable = check_files(file, 0o666, [Path("/srv/var/secret.key")])
    assert (writable.fault, writable.remedy[:43]) == (
        "config-writable",
        "as its owner: chmod go-w /srv/config.yaml; ",
    )
    assert (readable.fault, readable.remedy) == ("file-open", "as its owner: chmod go-rw /srv/var/secret.key")


def test_each_damaged_row_is_a_result() -> None:
    assert [one.fault for one in check_store("sqlite", "0001", ["a", "b"])] == ["store-rows", "store-rows"]
    assert [one.fault for one in check_store("sqlite", "0001", [])] == [""]
