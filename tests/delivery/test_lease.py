"""An edition on its way: paused, resumed, cancelled, refused, missed; workers beside each other."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

from distributor.message_queue import MessageQueue
from distributor.model import DeliveryState, Receipt
from distributor.storage.database import Database
from support.builders import edition, rendition
from support.ledger import freeze, states, subscribe
from support.scripted_channels import Clock, Post, worker

S = DeliveryState


@dataclass(frozen=True, kw_only=True)
class Sleeper(Post):
    """Falls asleep with the second letter in hand, after its mark."""

    asleep: asyncio.Event = field(default_factory=asyncio.Event)
    awake: asyncio.Event = field(default_factory=asyncio.Event)

    def transport(self) -> SleepingPostman:
        return SleepingPostman(self)


@dataclass
class SleepingPostman:
    post: Sleeper

    async def send_all(self, messages: MessageQueue) -> None:
        number = 0
        while message := await messages.take():
            if await messages.mark(message):
                self.post.carried.append(message.recipient.id)
                if number == 1:
                    self.post.asleep.set()
                    await self.post.awake.wait()
                messages.answer(message, Receipt(reply="250 ok"))
                number += 1


async def test_a_worker_that_slept_past_its_lease_can_write_and_send_nothing_more(store: Database) -> None:
    """Stopped with a letter in hand, it comes back when another one has taken over."""
    subscribe(store, 4)
    freeze(store, edition(), [rendition("mail", "digest")])
    clock, sleeper, other = Clock(), Sleeper(name="mail"), Post(name="mail")
    first = worker(store, sleeper, clock)
    running = asyncio.create_task(first.run())
    await sleeper.asleep.wait()
    clock.now += timedelta(seconds=61)
    second = worker(store, other, clock)
    await second.run()
    sleeper.awake.set()
    await running
    for one in (first, second):
        one.close()
    assert sleeper.carried == ["s0000", "s0001"], "no mark was given to the one who came late"
    assert sorted(other.carried) == ["s0001", "s0002", "s0003"], "the letter in doubt, and the rest"
    assert states(store) == {S.SENT: 4}
