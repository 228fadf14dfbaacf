"""Rates: how much may go in how much time, on the wire and from process to process."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
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


def test_several_rates_hold_together() -> None:
    limits = RateLimiter([RateLimit.parse("2/s"), RateLimit.parse("3/m")])
    for moment in (0.0, 0.1, 1.2):
        assert limits.free_at(moment) == moment
        limits.record_send(moment)
    assert limits.free_at(1.3) == 60.0


@pytest.mark.parametrize("text", ["", "20", "0/s", "20/0s", "20/y", "-1/s", "a/s"])
def test_a_rate_that_is_none_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="write a rate as"):
        RateLimit.parse(text)


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

    def transport(self) -> SmtpPool:
        return SmtpPool([server(self.port, rates=(RateLimit(2, 3600),))], pack)


class ByDomain(Rated):
    """Two letters an hour to one domain."""

    def transport(self) -> SmtpPool:
        return SmtpPool([server(self.port)], pack, {"example.com": [RateLimit(2, 3600)]})


def pack(message: OutgoingMessage, eight_bit: bool) -> WireMessage:
    return WireMessage("tin@b.vn", message.recipient.address, dot_stuff(MESSAGE))


async def stop_after(stop: asyncio.Event, accepted: list[str], number: int) -> None:
    """Stop a little later than so many letters are there, so that one too many would be seen."""
    async with asyncio.timeout(30):
        while len(accepted) < number:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)
    stop.set()


async def test_a_rate_holds_from_process_to_process(store: Database, scripted: MakeScripted) -> None:
    """Whoever sends less than the provider allows must not exceed it by starting the service anew."""
    far = await scripted()
    subscribe(store, 5)
    freeze(store, edition(), [rendition("mail", "digest")])
    for hours, sent in ((0, 2), (0.5, 2), (1.1, 4)):
        one = worker(store, Rated(name="mail", port=far.port), Clock(NOW + timedelta(hours=hours)))
        stopping = asyncio.create_task(stop_after(one.rules.stop, far.accepted, sent))
        await one.run()
        await stopping
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
