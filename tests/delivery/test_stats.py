"""The progress that a run logs: how far it has come, and when it will end."""

from __future__ import annotations

from distributor.delivery.stats import ProgressLogger


def told(rows: int, total: int) -> list[str]:
    """What is said while so many rows are done, eight in a second."""
    said: list[str] = []
    times = iter(row / 8 for row in range(rows))
    pulse = ProgressLogger(said.append, total, lambda: next(times))
    for _ in range(rows):
        pulse()
    return said


def test_a_run_tells_now_and_then_how_far_it_has_come_and_when_it_ends() -> None:
    assert told(100, total=400) == [
        "41 of 400 deliveries done, 8/s, about 44 s left",
        "81 of 400 deliveries done, 8/s, about 40 s left",
    ]
    assert told(50, total=100_000) == ["41 of 100000 deliveries done, 8/s, about 203 min left"]


def test_a_run_that_goes_beyond_what_was_counted_tells_no_end() -> None:
    """Another edition has come meanwhile, or nobody has counted."""
    assert told(50, total=0) == told(50, total=10) == ["41 deliveries done, 8/s"]


def test_a_short_run_is_not_talked_about() -> None:
    assert told(40, total=40) == []
