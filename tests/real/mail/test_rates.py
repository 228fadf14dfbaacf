"""Rates: how much may go in how much time, on the wire and from process to process."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.mail.pool import SmtpPool
from distributor.mail.rates import DomainBackoff, RateLimit, RateLimiter, SlidingWindow
from distributor.mail.smtp_protocol import dot_stuff
from distributor.mail.transaction import WireMessage
from distributor.message_queue import MessageBatch, OutgoingMessage
from distributor.storage.database import Database
from mail.mail_runs import MESSAGE, OK, Envelope, MakeScripted, envelopes, packer, run, server
from support.builders import NOW, edition, rendition
from support.ledger import freeze, subscribe
from support.scripted_channels import Clock, Post, worker

MANY = [f"r{number}" for number in range(30)]


# -- windows -----------------------------------------------------------------------------------------------------------


@given(st.integers(1, 5), st.floats(0.5, 10), st.lists(st.floats(0, 3), max_size=40))
def test_in_no_stretch_of_time_more_may_go_than_the_rate_says(count: int, seconds: float, pauses: list[float]) -> None:
    window, now, went = SlidingWindow(RateLimit(count, seconds)), 0.0, []
    for pause in pauses:
        now = window.free_at(now + pause)
        window.record_send(now)
        went.append(now)
    for number, start in enumerate(went):
        in_window = [moment for moment in went[number:] if moment < start + seconds - 1e-9]
        assert len(in_window) <= count


def test_several_rates_hold_together_and_domains_have_their_own() -> None:
    limits = RateLimiter([RateLimit.parse("2/s"), RateLimit.parse("3/m")], {"Gmail.com": [RateLimit.parse("1/10s")]})
    for moment in (0.0, 0.1, 1.2):
        assert limits.free_at(moment) == moment
        limits.record_send("gmail.com", moment)
    assert limits.free_at(1.3) == 60.0
    assert limits.domain_free_at("gmail.com", 1.3) == pytest.approx(11.2)
    assert limits.domain_free_at("yahoo.com", 1.3) == 1.3


@given(st.lists(st.floats(0, 100), max_size=30).map(sorted), st.integers(1, 5), st.floats(60, 200))
def test_a_long_window_goes_on_where_another_process_ended(times: list[float], count: int, seconds: float) -> None:
    kept, anew = (
        SlidingWindow(RateLimit(count, seconds)),
        RateLimiter([RateLimit(count, seconds)], {"a.vn": [RateLimit(count, seconds)]}),
    )
    for moment in times:
        kept.record_send(moment)
    anew.remember(times)
    anew.remember(times, domain="a.vn")
    assert anew.free_at(100) == anew.domain_free_at("a.vn", 100) == kept.free_at(100)
    assert anew.domain_free_at("b.vn", 100) == 100


@given(st.integers(0, 40), st.integers(1, 7))
def test_processes_that_share_a_window_remember_no_less_than_all(count: int, among: int) -> None:
    limits = RateLimiter([RateLimit(1000, 3600)])
    limits.remember([float(moment) for moment in range(count)], 1 / among)
    (window,) = limits._all
    assert count <= len(window._went) * among < count + among
    assert list(window._went)[-1:] == [float(count - 1)] * bool(count)


def test_a_short_window_needs_no_memory() -> None:
    limits = RateLimiter([RateLimit(2, 1), RateLimit(100, 3600)], {"a.vn": [RateLimit(7, 86400)]})
    assert limits.memory() == pytest.approx((3600, 100))
    assert limits.memory("a.vn") == pytest.approx((86400, 7))
    assert not any(RateLimiter([RateLimit(2, 1)]).memory())
    limits.remember([0.0, 0.0])
    assert limits.free_at(0.1) == 0.1


@dataclass
class Remembering(MessageBatch):
    """Messages with a past: so many seconds ago letters were tried."""

    past: tuple[float, ...] = ()
    asked: list[tuple[float, int, str]] = field(default_factory=list)

    async def history(self, seconds: float, most: int, domain: str = "") -> tuple[float, ...]:
        self.asked.append((seconds, most, domain))
        return self.past


async def test_each_relay_begins_with_its_share_of_what_was_sent_before(scripted: MakeScripted) -> None:
    """Enough of it for the smallest share; and only once, because the process knows what it sends itself."""
    far, letters = await scripted(), envelopes(*MANY[:2])
    hour, day = RateLimit(600, 3600), RateLimit(7, 86400)
    servers = [server(far.port, weight=9, rates=(hour,)), server(far.port, weight=1, rates=(hour,))]
    relays = SmtpPool(servers, packer(letters), {"c.vn": [day]})
    messages = Remembering(
        [letter.outgoing() for letter in letters], past=tuple(float(ago) for ago in range(3000, 0, -1))
    )
    with suppress(TimeoutError):
        async with asyncio.timeout(0.2):  # the window of the domain is full
            await relays.send_all(messages)
    assert not far.accepted
    assert messages.asked == [(3600, 667, ""), (3600, 6000, ""), (86400, 7, "c.vn")]
    assert [len(relay.limits._all[0]._went) for relay in relays.servers] == [600, 300]
    other = Remembering([Envelope("x", recipient="x@d.vn").outgoing()])
    relays.pack = packer([Envelope("x", recipient="x@d.vn")])
    with suppress(TimeoutError):
        async with asyncio.timeout(5):
            await relays.send_all(other)
    assert (far.accepted, other.asked) == (["x@d.vn"], [])


@pytest.mark.parametrize("text", ["", "20", "0/s", "20/0s", "20/y", "-1/s", "a/s"])
def test_a_rate_that_is_none_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="write a rate as"):
        RateLimit.parse(text)


@given(st.integers(1, 1000), st.integers(1, 64))
def test_processes_that_share_a_rate_never_exceed_it_together(count: int, among: int) -> None:
    share = RateLimit(count, 60).shared(among)
    assert among * share.count / share.seconds <= count / 60 + 1e-9


def test_a_domain_that_asks_for_a_pause_gets_longer_ones() -> None:
    rests = DomainBackoff()
    rests.refused("a.vn", 0)
    rests.refused("a.vn", 0.1)  # was on the way already
    assert rests.free_at("a.vn", 1) == 30
    rests.refused("a.vn", 31)
    assert rests.free_at("a.vn", 32) == 91
    rests.accepted("a.vn")
    assert rests.free_at("a.vn", 32) == 32


async def test_a_rate_is_kept_on_the_wire(scripted: MakeScripted) -> None:
    far = await scripted()
    started = time.monotonic()
    done = await run(server(far.port, connections=4, rates=(RateLimit(5, 0.2),)), envelopes(*MANY[:15]))
    assert done.kinds == dict.fromkeys(MANY[:15], OK)
    assert time.monotonic() - started >= 0.4


async def test_a_domain_with_a_rate_does_not_keep_the_others_waiting(scripted: MakeScripted) -> None:
    far = await scripted()
    letters = [
        Envelope(name, recipient=f"{name}@{'slow' if number < 3 else 'fast'}.vn") for number, name in enumerate(MANY)
    ]
    hand = MessageBatch([letter.outgoing() for letter in letters])
    async with asyncio.timeout(30):
        await SmtpPool([server(far.port)], packer(letters), {"slow.vn": [RateLimit(1, 0.2)]}).send_all(hand)
    assert Counter(map(type, hand.outcomes.values())) == {OK: len(MANY)}
    assert [address for address in far.accepted if "slow" in address][-1] in far.accepted[-2:]


# -- from process to process --------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Rated(Post):
    """Writes over SMTP, two letters an hour."""

    port: int

    def transport(self, among: int = 1) -> SmtpPool:
        return SmtpPool([server(self.port, rates=(RateLimit(2, 3600),))], pack, among=among)


class ByDomain(Rated):
    """Two letters an hour to one domain."""

    def transport(self, among: int = 1) -> SmtpPool:
        return SmtpPool([server(self.port)], pack, {"example.com": [RateLimit(2, 3600)]}, among)


def pack(message: OutgoingMessage, eight_bit: bool) -> WireMessage:
    return WireMessage("tin@b.vn", message.recipient.address, dot_stuff(MESSAGE))


async def test_a_rate_holds_from_process_to_process(store: Database, scripted: MakeScripted) -> None:
    """Whoever sends less than the provider allows must not exceed it by starting the service anew."""
    far = await scripted()
    subscribe(store, 5)
    freeze(store, edition(), [rendition("mail", "digest")])
    for hours, sent in ((0, 2), (0.5, 2), (1.1, 4)):
        one = worker(store, Rated(name="mail", port=far.port), Clock(NOW + timedelta(hours=hours)))
        asyncio.get_running_loop().call_later(0.4, one.rules.stop.set)
        await one.run()
        one.close()
        assert len(far.accepted) == sent


async def test_a_letter_that_only_waits_for_its_domain_was_not_tried(store: Database, scripted: MakeScripted) -> None:
    """Else it would use up what the domain may have, again and again, until its time is over."""
    far = await scripted(RCPT=["451 4.2.0 later"] * 2)
    subscribe(store, 4)
    freeze(store, edition(), [rendition("mail", "digest")])
    for hours in (0.0, 0.5, 0.8, 1.1, 1.6, 2.2, 2.7):
        one = worker(store, ByDomain(name="mail", port=far.port), Clock(NOW + timedelta(hours=hours)))
        await one.run()
        one.close()
    assert len(far.accepted) == 4
