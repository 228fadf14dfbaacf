"""The rates of a pool: a memory of its own, permits that are shared, and pauses of domains that all processes know of."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

import pytest

from distributor.clock import steady
from distributor.mail import pool_rates
from distributor.mail.pool import SmtpPool
from distributor.mail.pool_rates import PoolRates
from distributor.mail.rates import RateLimit
from distributor.message_queue import MessageBatch
from mail.mail_runs import OK, Envelope, LendingRates, MakeScripted, envelopes, packer, server


def rates() -> PoolRates:
    return PoolRates([server(25, weight=3), server(26, username="tin")], {"Slow.vn": [RateLimit(1, 60)]})


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0)


def test_each_server_has_a_name_and_its_share() -> None:
    ways = [way.permits.key for way in rates().servers]
    assert [(key.name, key.share) for key in ways] == [("127.0.0.1:25", 0.75), ("tin@127.0.0.1:26", 0.25)]


async def test_a_pause_is_told_to_the_others() -> None:
    shared, here, now = LendingRates(), rates(), steady()
    async with here.sharing(shared):
        here.refused("a.vn", now)
        here.refused("a.vn", now)  # was on the way already
        assert here.domain_free_at("a.vn", now) == now + 30
        await until(lambda: "a.vn" in shared.paused)
        await until(lambda: here.domain_free_at("a.vn", now) == shared.paused["a.vn"])  # as the others know it
        here.accepted("a.vn")
        here.accepted("b.vn")
        await until(lambda: not shared.paused)
    assert here.domain_free_at("a.vn", now) == now


async def test_a_pause_of_others_is_heard_of_and_ends_with_theirs() -> None:
    now = steady()
    shared, here = LendingRates(paused={"a.vn": now + 100}), rates()
    async with here.sharing(shared):
        await until(lambda: here.domain_free_at("a.vn", now) == now + 100)
    shared.paused.clear()
    async with here.sharing(shared):
        await until(lambda: here.domain_free_at("a.vn", now) == now)


async def test_a_store_that_is_away_leaves_the_pause_to_this_process() -> None:
    now, here = steady(), rates()
    async with here.sharing(LendingRates(fails=True)):
        here.refused("a.vn", now)
        await asyncio.sleep(0)
    assert here.domain_free_at("a.vn", now) == now + 30


async def test_whatever_goes_wrong_once_others_are_heard_of_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pool_rates, "_LOOK_EVERY", 0.001)
    now, shared, here = steady(), LendingRates(fails=RuntimeError("odd")), rates()
    async with here.sharing(shared):
        here.refused("b.vn", now)
        await until(lambda: shared.looks > 3)
        shared.paused["a.vn"], shared.fails = now + 100, False
        await until(lambda: here.domain_free_at("a.vn", now) == now + 100)
    assert caplog.text.count("pauses of other processes are not known: RuntimeError: odd") == 1


async def test_a_pool_sends_by_permits_and_gives_the_rest_back(scripted: MakeScripted) -> None:
    far, names = await scripted(), [f"r{number}" for number in range(30)]
    shared, letters = LendingRates(), envelopes(*names)
    hand = MessageBatch([letter.outgoing() for letter in letters], rates=shared)
    hour = RateLimit(5000, 3600)
    async with asyncio.timeout(30):
        await SmtpPool([server(far.port, connections=3, rates=(hour,))], packer(letters)).send_all(hand)
    assert Counter(map(type, hand.outcomes.values())) == {OK: 30}
    (state,) = shared.states.values()
    assert sum(one.count for one in state.leased[3600.0]) - sum(count for _, count in shared.returned) == 30


async def test_who_has_nothing_to_send_leases_nothing(scripted: MakeScripted) -> None:
    far, shared = await scripted(), LendingRates()
    await SmtpPool([server(far.port, rates=(RateLimit(5, 1),))], packer([])).send_all(MessageBatch([], rates=shared))
    assert shared.wanted == []


async def test_a_domain_without_a_permit_does_not_keep_the_others_waiting(scripted: MakeScripted) -> None:
    far, shared = await scripted(), LendingRates(refuse_until=steady() + 0.2)
    letters = [
        Envelope(f"r{number}", recipient=f"r{number}@{'slow' if number < 2 else 'fast'}.vn") for number in range(9)
    ]
    hand = MessageBatch([letter.outgoing() for letter in letters], rates=shared)
    async with asyncio.timeout(30):
        await SmtpPool([server(far.port)], packer(letters), {"slow.vn": [RateLimit(2, 60)]}).send_all(hand)
    assert sorted(far.accepted[-2:]) == ["r0@slow.vn", "r1@slow.vn"]
