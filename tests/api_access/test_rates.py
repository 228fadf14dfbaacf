"""How many requests a minute has, for each key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from distributor.api_access.rates import RequestLimiter

NOW = datetime(2026, 11, 29, 8, tzinfo=UTC)


def test_a_limit_is_used_up_and_comes_back_after_a_minute() -> None:
    limiter = RequestLimiter(2)
    first, second, third = (limiter.count("cms", NOW + timedelta(seconds=second)) for second in (0, 10, 20))
    assert [one.allowed for one in (first, second, third)] == [True, True, False]
    assert [one.remaining for one in (first, second, third)] == [1, 0, 0]
    assert third.resets_in == 40
    assert limiter.count("cms", NOW + timedelta(seconds=60)).allowed


def test_keys_count_apart_and_looking_counts_nothing() -> None:
    limiter = RequestLimiter(1)
    assert limiter.count("a", NOW).allowed
    assert limiter.look("b", NOW).allowed
    assert limiter.count("b", NOW).allowed
    assert not limiter.look("a", NOW).allowed


def test_a_clock_that_was_set_back_locks_nobody_out() -> None:
    limiter = RequestLimiter(1)
    limiter.count("a", NOW)
    assert limiter.count("a", NOW - timedelta(hours=1)).allowed


def test_keys_of_old_are_forgotten_before_there_are_too_many() -> None:
    limiter = RequestLimiter(1)
    for number in range(10_000):
        limiter.count(str(number), NOW)
    limiter.count("new", NOW + timedelta(minutes=2))
    assert len(limiter._windows) == 1
