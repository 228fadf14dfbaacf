"""Permits at hand: leased before they are needed, given back where they are not, and none while the store is away."""

from __future__ import annotations

import asyncio

import pytest

from distributor.clock import steady
from distributor.mail.leased_rates import LeasedRate
from distributor.rate_leases import RateKey, RateLease, RateLimit
from mail.mail_runs import LendingRates

KEY = RateKey("smtp.example:25", (RateLimit(1000, 1),))
LONG = RateKey("smtp.example:25", (RateLimit(1000, 3600),))


async def lent(rate: LeasedRate) -> None:
    """Ask, and let what was asked for come."""
    rate.free_at(steady())
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def rate_of(key: RateKey, shared: LendingRates) -> LeasedRate:
    rate = LeasedRate(key)
    rate.shared = shared
    return rate


async def test_nothing_is_free_before_it_is_leased() -> None:
    shared = LendingRates()
    rate = rate_of(KEY, shared)
    now = steady()
    assert rate.free_at(now) > now
    await lent(rate)
    assert rate.free_at(steady()) <= steady()
    assert shared.wanted == [1]


async def test_pieces_grow_as_they_are_used_up_at_their_pace() -> None:
    shared = LendingRates()
    rate = rate_of(LONG, shared)
    for _ in range(15):
        while rate.free_at(now := steady()) > now:
            await asyncio.sleep(0)
        rate.take(now)
    assert shared.wanted[:4] == [1, 2, 4, 8]


async def test_a_piece_that_was_not_used_is_void_and_the_next_one_small() -> None:
    shared = LendingRates(pieces=[RateLease(7.0, 0.0, 0.0, 5, steady() + 60)])
    rate = rate_of(LONG, shared)
    await lent(rate)
    for _ in range(3):
        rate.take(steady())
    assert rate.free_at(steady() + 61) > steady() + 61
    await lent(rate)
    assert (shared.wanted, shared.returned) == ([1, 3], [(7.0, 2)])


async def test_permits_of_the_future_are_told_and_asked_for_ahead() -> None:
    now = steady()
    shared = LendingRates(pieces=[RateLease(0.0, now + 0.001, 0.001, 2, now + 60)])
    rate = rate_of(KEY, shared)
    await lent(rate)
    assert rate.free_at(now) == now + 0.001  # somebody waits for a permit
    rate.take(now + 0.001)
    await asyncio.sleep(0)
    assert len(shared.wanted) == 2


async def test_who_is_refused_asks_again_when_he_was_told() -> None:
    shared = LendingRates(refuse_until=steady() + 1000)
    rate = rate_of(KEY, shared)
    for _ in range(3):
        await lent(rate)
    assert rate.free_at(steady()) == shared.refuse_until
    assert len(shared.wanted) == 1
    rate.free_at(steady() + 16)  # others may have given something back
    await asyncio.sleep(0)
    assert len(shared.wanted) == 2


async def test_without_the_store_there_are_no_permits_and_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    shared = LendingRates(fails=True)
    rate = rate_of(KEY, shared)
    for _ in range(3):
        await lent(rate)
        assert rate.free_at(steady()) > steady()
        rate._ask_from = 0.0
    assert [record.getMessage() for record in caplog.records] == ["no permits for smtp.example:25: away"]
    shared.fails = False
    await lent(rate)
    assert rate.free_at(steady()) <= steady()


@pytest.mark.parametrize(("key", "returned"), [(LONG, [(7.0, 4)]), (KEY, [])])
async def test_at_the_end_long_windows_get_back_what_is_left(key: RateKey, returned: list[tuple[float, int]]) -> None:
    shared = LendingRates(pieces=[RateLease(7.0, 0.0, 0.0, 5, steady() + 60)])
    rate = rate_of(key, shared)
    await lent(rate)
    rate.take(steady())
    await rate.finish()
    assert shared.returned == returned
    shared.fails = True
    rate.free_at(steady())
    await rate.finish()  # a store that is away changes nothing


async def test_nobody_to_share_with_means_no_limit_here() -> None:
    assert LeasedRate(KEY).free_at(5.0) == 5.0
