"""A channel that was down is asked every few seconds, and goes on as soon as it answers."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from distributor.delivery.channel_health import ChannelProbes, probe_intervals
from distributor.errors import AuthBroken, Unavailable
from distributor.mail.connection import SmtpServer
from distributor.mail.pool import SmtpPool
from distributor.mail.transaction import WireMessage
from distributor.message_queue import OutgoingMessage, Transport
from distributor.model import DeliveryState
from support.scripted_channels import Bench, Post, Postman, letters
from support.smtp_servers import Scripted


@dataclass
class Door:
    """Answers questions as it is told to, and then well."""

    answers: list[Exception] = field(default_factory=list)
    asked: int = 0

    async def probe(self) -> None:
        self.asked += 1
        if self.answers:
            raise self.answers.pop(0)


@dataclass
class Asked:
    """Probes whose waiting takes no time, what they have waited, and what they called ready."""

    waited: list[float] = field(default_factory=list)
    ready: list[str] = field(default_factory=list)

    async def until_it_ends(self, door: Door, *, again: bool) -> None:
        async def sleep(seconds: float) -> None:
            self.waited.append(seconds)
            await asyncio.sleep(0)

        probes = ChannelProbes(self.ready.append, sleep)
        probes.begin("mail", door, again=again)
        await asyncio.wait(list(probes._tasks.values()), timeout=10)
        probes.close()


def test_questions_come_within_seconds_and_less_often_after_a_quarter_of_an_hour() -> None:
    first = list(itertools.islice(probe_intervals(), 400))
    assert first[:5] == [1, 2, 4, 5, 5]
    early = list(itertools.takewhile(lambda seconds: seconds <= 5, first))
    assert 895 <= sum(early) <= 905
    assert set(first[len(early) :]) == {15}


async def test_a_channel_that_answers_again_is_ready_once() -> None:
    asked, door = Asked(), Door([Unavailable("refused")] * 3)
    await asked.until_it_ends(door, again=False)
    assert (asked.ready, door.asked, asked.waited) == (["mail"], 4, [1, 2, 4, 5])


async def test_refused_credentials_are_an_answer_that_trying_in_earnest_tells() -> None:
    asked = Asked()
    await asked.until_it_ends(Door([AuthBroken("535")]), again=False)
    assert asked.ready == ["mail"]


async def test_a_server_that_always_answers_and_never_carries_keeps_its_long_rest() -> None:
    asked = Asked()
    await asked.until_it_ends(Door(), again=True)
    assert asked.ready == []
    await asked.until_it_ends(Door([Unavailable("refused")]), again=True)  # this time it was really away
    assert asked.ready == ["mail"]


async def test_an_adapter_that_breaks_its_contract_is_left_to_its_rest() -> None:
    asked = Asked()
    await asked.until_it_ends(Door([ZeroDivisionError("bug")]), again=False)
    assert asked.ready == []


# -- a dispatcher ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class DoorPost(Post):
    """Letters that go out while the door is open."""

    door: Door = field(default_factory=Door)

    def transport(self) -> Transport:
        return DoorPostman(self, self.door)


@dataclass
class DoorPostman(Postman):
    door: Door

    async def probe(self) -> None:
        await self.door.probe()


async def test_after_an_outage_the_next_try_does_not_wait_for_the_end_of_the_rest(bench: Bench) -> None:
    letters(bench, 3)
    post = DoorPost(name="mail", break_after=1)
    dispatcher, woken = bench.dispatcher(post), asyncio.Event()
    dispatcher.health.wake = woken.set
    try:
        await dispatcher.run()
        assert "mail" in dispatcher.health.backing_off
        async with asyncio.timeout(10):
            await woken.wait()
        bench.clock.now += timedelta(seconds=2)
        report = await dispatcher.run()
    finally:
        dispatcher.close()
    assert report.counts[("mail", DeliveryState.SENT)] == 1


async def test_a_run_that_ends_by_itself_asks_nobody(bench: Bench) -> None:
    letters(bench, 2)
    post = DoorPost(name="mail", break_after=0)
    await bench.run(post)
    await asyncio.sleep(0)
    assert post.door.asked == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}


# -- mail servers ------------------------------------------------------------------------------------------------------


def relays(*ports: int) -> SmtpPool:
    servers = [SmtpServer(host="127.0.0.1", port=port, security="none") for port in ports]
    return SmtpPool(servers, _nothing)


def _nothing(_outgoing: OutgoingMessage, _utf8: bool) -> WireMessage:
    raise AssertionError("nothing is carried")


async def test_one_server_that_answers_is_enough(scripted: Callable[..., Awaitable[Scripted]]) -> None:
    good, busy = await scripted(), await scripted(GREETING=["421 too busy", "again"])
    await relays(busy.port, good.port).probe()
    await relays(good.port, 9).probe()
    with pytest.raises(Unavailable, match="too busy"):
        await relays(9, busy.port).probe()
    assert not any(said.startswith("MAIL") for said in good.said)
