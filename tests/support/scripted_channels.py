"""Channels that do as they are told, and a dispatcher over a store that can be looked into."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from distributor.attempt import Attempt
from distributor.channel import Channel, ComposeContext, Content
from distributor.delivery import queries as rows_of
from distributor.delivery.ledger import Ledger
from distributor.delivery.message_worker import DeliveryRules
from distributor.delivery.stats import RunStats
from distributor.delivery.worker import DeliveryWorker
from distributor.errors import DeliveryError, Unavailable, Uncertain
from distributor.message_queue import DeliveryOutcome, MessageQueue, Transport
from distributor.model import Delivery, DeliveryState, Edition, Receipt, Recipient, Rendition
from distributor.personal_channel import PersonalChannel
from distributor.storage.database import Database
from support.builders import NOW, edition, rendition
from support.ledger import freeze, subscribe

S = DeliveryState


@dataclass(frozen=True, kw_only=True)
class Wall(Channel):
    """Remembers what was pinned to it; answers what it is told to answer."""

    pinned: list[str] = field(default_factory=list)
    answers: list[Receipt | Exception] = field(default_factory=list)

    def compose(self, edition: Edition, context: ComposeContext) -> Sequence[Content]:
        raise AssertionError("dispatching composes nothing")

    async def publish(self, content: Content, attempt: Attempt) -> Receipt:
        self.pinned.append(content.variant)
        answer = self.answers.pop(0) if self.answers else Receipt(remote_id=f"r-{content.variant}")
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass(frozen=True, kw_only=True)
class LookingWall(Wall):
    available: dict[str, Receipt] = field(default_factory=dict)

    async def find(self, content: Content, attempt: Attempt) -> Receipt | None:
        return self.available.get(content.variant)


@dataclass(frozen=True, kw_only=True)
class RepeatableWall(Wall):
    repeatable = True


@dataclass(frozen=True, kw_only=True)
class Post(PersonalChannel):
    """Writes to people. `fates` are outcomes by recipient id; `before` runs before each one."""

    carried: list[str] = field(default_factory=list)
    fates: Mapping[str, DeliveryOutcome] = field(default_factory=dict)
    break_after: int = 10**9
    broken_by: DeliveryError = field(default_factory=lambda: Unavailable("connection refused"))
    before: Callable[[str], None] = lambda _: None
    die_marked: bool = False

    def compose(self, edition: Edition, context: ComposeContext) -> Sequence[Content]:
        raise AssertionError("dispatching composes nothing")

    def personalize(self, rendition: Rendition, recipient: Recipient) -> bytes:
        return rendition.body

    async def deliver_to(self, rendition: Rendition, recipient: Recipient, attempt: Attempt) -> Receipt:
        raise AssertionError("it has a carrier of its own")

    def transport(self) -> Transport:
        return Postman(self)


@dataclass
class Postman:
    """Walks from door to door. `break_after` so many it breaks off, before or after the mark."""

    post: Post

    async def send_all(self, messages: MessageQueue) -> None:
        post, number = self.post, 0
        while message := await messages.take():
            person = message.recipient.id
            post.before(person)
            if number == post.break_after and not post.die_marked:
                messages.requeue(message)
                raise post.broken_by
            fate = post.fates.get(person, Receipt(reply="250 ok"))
            if isinstance(fate, (Receipt, Uncertain)):
                if not await messages.mark(message):
                    continue
                post.carried.append(person)
            if number == post.break_after:
                raise post.broken_by
            messages.answer(message, fate)
            number += 1


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Bench:
    database: Database
    clock: Clock = field(default_factory=Clock)
    resend: bool = True
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    def dispatcher(self, *channels: Channel) -> DeliveryWorker:
        """A worker, to be closed."""
        return DeliveryWorker(
            ledger=Ledger(self.database),
            channels={channel.name: channel for channel in channels},
            rules=DeliveryRules(
                look_up_recipients=_people,
                resend=lambda _: self.resend,
                clock=self.clock,
                stop=self.stop,
                chance=lambda: 0.5,
            ),
        )

    async def run(self, *channels: Channel, after: timedelta = timedelta()) -> RunStats:
        self.clock.now += after
        dispatcher = self.dispatcher(*channels)
        try:
            return await dispatcher.run()
        finally:
            dispatcher.close()

    def rows(self) -> dict[str, Delivery]:
        with self.database.read() as connection:
            return {row.recipient or row.variant: row for row in rows_of.list_deliveries(connection)}


def _people(_edition: Edition, rows: Sequence[Delivery]) -> Mapping[str, Recipient]:
    return {row.recipient: Recipient(id=row.recipient, address=row.address) for row in rows}


def posts(bench: Bench, *variants: str) -> None:
    freeze(bench.database, edition(), [rendition("wall", variant) for variant in variants])


def letters(bench: Bench, count: int) -> None:
    subscribe(bench.database, count)
    freeze(bench.database, edition(), [rendition("mail", "digest")])


@pytest.fixture
def bench(store: Database) -> Bench:
    return Bench(store)


def worker(database: Database, channel: Post, clock: Clock, lease: timedelta = timedelta(seconds=60)) -> DeliveryWorker:
    """One of several that work on one store; to be closed."""
    rules = DeliveryRules(look_up_recipients=_people, resend=lambda _: True, clock=clock)
    return DeliveryWorker(ledger=Ledger(database, lease=lease), channels={"mail": channel}, rules=rules)
