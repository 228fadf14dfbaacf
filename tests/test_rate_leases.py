"""Permits of shared rates, as arithmetic: what holds whoever leases, in whatever order, and uses them as late as can be."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.rate_leases import RateLease, RateLimit, RateRefusal, RateState, lease_permits

SECOND = RateLimit(200, 1)
MINUTE = RateLimit(60, 60)
NOTHING = RateState()


def granted(
    state: RateState, limits: Sequence[RateLimit], now: float, wanted: int = 10**6
) -> tuple[RateState, RateLease]:
    state, lease = lease_permits(state, limits, now, wanted)
    assert isinstance(lease, RateLease)
    return state, lease


def refused(state: RateState, limits: Sequence[RateLimit], now: float) -> float:
    _, refusal = lease_permits(state, limits, now, 1)
    assert isinstance(refusal, RateRefusal)
    return refusal.again_at


def used_at(lease: RateLease, now: float, late: float) -> list[float]:
    """When the permits of a lease are used: `late`, from 0 to 1, of the time in which they may be."""
    firsts = [max(lease.start + number * lease.spacing, now) for number in range(lease.count)]
    return [first + late * (lease.until - first) for first in firsts]


def most_within(times: Sequence[float], seconds: float) -> int:
    times = sorted(times)
    return max(
        (sum(start <= at < start + seconds - 1e-6 for at in times[n:]) for n, start in enumerate(times)), default=0
    )


ASKED = st.lists(st.tuples(st.floats(0, 0.4), st.integers(1, 40), st.floats(0, 1)), min_size=1, max_size=25)


@given(st.integers(1, 60), st.sampled_from([1, 5, 30]), ASKED)
def test_in_no_short_window_go_more_than_the_rate_and_two_pieces(
    count: int, seconds: float, asked: list[tuple[float, int, float]]
) -> None:
    state, now, went = NOTHING, 0.0, list[float]()
    limit = RateLimit(count, seconds)
    for pause, wanted, late in asked:
        now += pause * seconds
        state, answer = lease_permits(state, [limit], now, wanted)
        if isinstance(answer, RateLease):
            went += used_at(answer, now, late)
    piece = min(seconds / 10, 0.5)
    assert most_within(went, seconds) <= count + ceil(2 * piece * count / seconds) + 1


@given(st.integers(1, 40), st.sampled_from([60, 90, 600]), ASKED, st.booleans())
def test_in_no_long_window_go_more_than_the_rate_although_permits_come_back(
    count: int, seconds: float, asked: list[tuple[float, int, float]], spaced: bool
) -> None:
    state, now, went = NOTHING, 0.0, list[float]()
    limits = [RateLimit(count, seconds), *([RateLimit(3, 1)] if spaced else [])]
    for pause, wanted, late in asked:
        now += pause * seconds
        state, answer = lease_permits(state, limits, now, wanted)
        if isinstance(answer, RateLease):
            kept = used_at(answer, now, late)[: ceil(answer.count * late)]
            went += kept
            now = max(now, answer.until)
            state = state.returned(answer.at, answer.count - len(kept))
    assert most_within(went, seconds) <= count


def test_a_rate_is_used_to_the_full_by_whoever_asks_in_time() -> None:
    state, now, count = NOTHING, 0.0, 0
    while now < 60:
        state, answer = lease_permits(state, [SECOND], now, 1000)
        if isinstance(answer, RateRefusal):
            now = answer.again_at
        else:
            count += answer.count
            assert answer.count == 20
    assert count == pytest.approx(200 * 62, rel=0.01)  # as much as two seconds ahead


def test_stretches_follow_each_other_whoever_leases_them() -> None:
    state, leases = NOTHING, []
    for wanted in (20, 1, 7, 20):
        state, lease = granted(state, [SECOND], 0.0, wanted)
        leases.append(lease)
    times = [lease.start + number * lease.spacing for lease in leases for number in range(lease.count)]
    assert {round(later - earlier, 6) for earlier, later in pairwise(times)} == {0.005}


def test_who_comes_too_soon_is_told_when() -> None:
    state, _ = granted(NOTHING, [RateLimit(1, 10)], 0.0)
    again_at = refused(state, [RateLimit(1, 10)], 0.0)
    assert 7 < again_at < 10
    _, lease = granted(state, [RateLimit(1, 10)], again_at)
    assert lease.start == pytest.approx(10)


def test_a_rate_that_nobody_used_is_not_saved_up() -> None:
    state, _ = granted(NOTHING, [SECOND], 0.0)
    _, lease = granted(state, [SECOND], 1000.0)
    assert lease.start == pytest.approx(999.9)


def test_a_long_window_may_be_used_up_at_once() -> None:
    state, now = NOTHING, 0.0
    for _ in range(60):
        state, lease = granted(state, [MINUTE], now)
        assert (lease.count, lease.spacing) == (1, 0)
        now += 0.01
    assert refused(state, [MINUTE], now) == pytest.approx(60.74, abs=0.002)
    granted(state, [MINUTE], 60.75)


def test_several_rates_of_one_way_all_hold() -> None:
    limits = [RateLimit(10, 1), RateLimit(50, 10), RateLimit(70, 60)]
    state, lease = granted(NOTHING, limits, 0.0)
    assert lease.spacing == pytest.approx(0.2)
    while isinstance(lease, RateLease):
        state, answer = lease_permits(state, limits, lease.until, 50)
        if isinstance(answer, RateRefusal):
            break
        lease = answer
    assert 13 < lease.until < 15


def test_what_must_not_wait_is_counted_and_let_through() -> None:
    state, _ = granted(NOTHING, [RateLimit(1, 60)], 0.0)
    again_at = refused(state, [RateLimit(1, 60)], 0.1)
    state, lease = lease_permits(state, [RateLimit(1, 60)], 0.1, 1, urgent=True)
    assert isinstance(lease, RateLease)
    assert refused(state, [RateLimit(1, 60)], 0.2) > again_at


def test_a_clock_that_was_a_day_ahead_keeps_nobody_waiting_for_a_day() -> None:
    limits = [RateLimit(10, 1), RateLimit(20, 60)]
    state = NOTHING
    for _ in range(20):
        state, _ = granted(state, limits, 86_400.0)
    assert refused(state, limits, 0.0) <= 60
    assert isinstance(lease_permits(state, limits[:1], 0.0, 1)[1], RateLease)


def test_permits_that_come_back_are_leased_again() -> None:
    limits = [RateLimit(400, 3600)]
    state, lease = granted(NOTHING, limits, 0.0)
    assert lease.count == 2
    for _ in range(199):
        state, _ = granted(state, limits, 0.0)
    assert refused(state, limits, 1.0) > 3600
    state = state.returned(lease.at, 1)
    _, again = granted(state, limits, 1.0)
    assert again.count == 1


def test_the_state_survives_the_store() -> None:
    state, _ = granted(NOTHING, [RateLimit(10, 1), RateLimit(20, 90.5)], 1_000.25)
    assert RateState.from_json(state.as_json()) == state


@given(st.lists(st.floats(0, 600), max_size=50).map(sorted), st.integers(1, 9), st.sampled_from([60, 300]))
def test_a_new_long_window_begins_with_what_has_left_before(times: list[float], count: int, seconds: float) -> None:
    limits = [RateLimit(count, seconds)]
    state = NOTHING.with_history(limits, times, 1.0)
    within = sum(at + seconds > 600 for at in times)
    _, answer = lease_permits(state, limits, 600.0, 1)
    assert isinstance(answer, RateLease) or within + 1 > count - 2
    assert isinstance(answer, RateRefusal) or within < count


@given(st.integers(0, 40), st.integers(1, 7))
def test_servers_that_share_a_past_count_no_less_than_all_of_it(count: int, servers: int) -> None:
    limits = [RateLimit(1000, 3600)]
    state = NOTHING.with_history(limits, [float(moment) for moment in range(count)], 1 / servers)
    counted = sum(one.count for one in state.leased[3600.0])
    assert count <= counted * servers < count + servers
