"""Works through the ledger: claims shards, hands renditions to their channels, writes down what came of it.

Each channel has a loop of its own, so a dead server on one neither blocks nor repeats another. Deciding is elsewhere
(`retry`, the ledger's table); here is only the acting.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby

from ..channel import Channel, Outcome, PersonalChannel
from ..editions import book
from ..errors import AuthBroken, DeliveryError, Rejected, Unavailable, Uncertain
from ..model import Action, Delivery, DeliveryState, Edition, Receipt, Recipient, Rendition
from .ledger import LEASE, FenceLost, Ledger, Shard, posted, unfinished
from .retry import AFTER_AUTH, FIRST_WAIT, Decision, decide

log = logging.getLogger("distributor.delivery")

AddressBook = Callable[[Edition, Sequence[Delivery]], Mapping[str, Recipient]]
Progress = Callable[[Delivery], None]


@dataclass
class Report:
    """What a run did: outcomes by channel and state, and what staff must be told."""

    counts: Counter[tuple[str, DeliveryState]] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def of(self, state: DeliveryState) -> int:
        return sum(number for (_, found), number in self.counts.items() if found is state)


@dataclass
class Dispatcher:
    """One worker over one ledger.

    `address_book` makes recipients of rows; `resend` tells for a newsletter whether a mail that may be out is sent
    again. `stop` ends the work after the message in hand, with every outcome written.
    """

    ledger: Ledger
    channels: Mapping[str, Channel]
    address_book: AddressBook
    resend: Callable[[str], bool]
    clock: Callable[[], datetime]
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    progress: Progress | None = None
    chance: Callable[[], float] = random.random
    resting: dict[str, datetime] = field(default_factory=dict)

    async def run(self) -> Report:
        """Do all that is due now. Raises nothing for a failed delivery: that is in the ledger and in the report."""
        report = Report()
        expired = self.ledger.expire(self.clock())
        if expired:
            report.notes.append(f"{expired} deliveries given up: the time of their edition is over")
        async with asyncio.TaskGroup() as group:
            for name in self.channels:
                group.create_task(self._channel(name, report))
        now = self.clock()
        with self.ledger.database.write() as connection:
            for edition in unfinished(connection):
                book.close(connection, edition, now)
        return report

    async def _channel(self, name: str, report: Report) -> None:
        while not self.stop.is_set() and not self._rests(name):
            shard = self.ledger.claim(name, self.clock())
            if shard is None:
                return
            try:
                async with self._lease(shard):
                    await self._shard(shard, report)
            except FenceLost as lost:
                log.warning("%s", lost)
            finally:
                self.ledger.release(shard)

    def _rests(self, name: str) -> bool:
        return self.resting.get(name, self.clock()) > self.clock()

    @contextlib.asynccontextmanager
    async def _lease(self, shard: Shard) -> AsyncIterator[None]:
        async def renew() -> None:
            while True:
                await asyncio.sleep(LEASE.total_seconds() / 3)
                self.ledger.renew(shard, self.clock())

        keeper = asyncio.create_task(renew())
        try:
            yield
        finally:
            keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError, FenceLost):
                await keeper

    async def _shard(self, shard: Shard, report: Report) -> None:
        channel = self.channels[shard.channel]
        with self.ledger.database.read() as connection:
            edition = book.edition(connection, shard.edition)
        assert edition is not None
        for part, rows in groupby(self.ledger.due(shard, self.clock()), key=lambda row: row.part):
            with self.ledger.database.read() as connection:
                rendition = book.rendition(connection, shard.edition, shard.channel, part)
            work = _Work(self, shard, channel, edition, rendition, report)
            await work.do(list(rows))
            if self.stop.is_set() or self._rests(channel.name):
                return

    def rest(self, channel: str, reason: str, report: Report) -> None:
        """Stop a channel whose credentials were refused; staff are told once."""
        self.resting[channel] = self.clock() + AFTER_AUTH
        report.notes.append(f"channel {channel} is stopped: {reason}")
        log.error("channel %s is stopped: %s", channel, reason)


class _Stopping(Exception):
    """Raised into an adapter that asks for a mark while the work is to end: it must let go without sending."""


@dataclass
class _Work:
    """One rendition of one shard on its way."""

    dispatcher: Dispatcher
    shard: Shard
    channel: Channel
    edition: Edition
    rendition: Rendition
    report: Report

    async def do(self, rows: list[Delivery]) -> None:
        rows = [row for row in [await self._clear(row) for row in rows] if row is not None]
        if not rows:
            return
        if isinstance(self.channel, PersonalChannel):
            await self._many(self.channel, rows)
        else:
            await self._one(rows[0])

    # -- doubt -------------------------------------------------------------------------------------------------------

    async def _clear(self, row: Delivery) -> Delivery | None:
        """Settle the doubt about a row that may be out. Returns the row if it is to be tried now."""
        if row.state is not DeliveryState.UNCERTAIN:
            return row
        now = self.dispatcher.clock()
        decision = await self._doubt(row, now)
        self._settle(row, decision)
        return replace(row, state=decision.state) if decision.state is DeliveryState.DEFERRED else None

    async def _doubt(self, row: Delivery, now: datetime) -> Decision:
        if self.channel.repeatable or self.rendition.action is not Action.POST:  # twice amended is once amended
            return Decision(DeliveryState.DEFERRED, now, row.reply)
        if self.channel.can("find"):
            try:
                found = await self.channel.find(self.rendition)
            except DeliveryError as error:
                return Decision(
                    DeliveryState.UNCERTAIN, now + FIRST_WAIT, f"{row.reply}; looking failed: {error.reply}"
                )
            if found:
                return Decision(DeliveryState.SENT, None, "found there", found.remote_id, found.url)
            return Decision(DeliveryState.DEFERRED, now, row.reply)
        if self.channel.personal and self.dispatcher.resend(self.edition.newsletter):
            return Decision(DeliveryState.DEFERRED, now, row.reply)
        return Decision(DeliveryState.UNCERTAIN, None, f"{row.reply}; held for staff")

    # -- sending -----------------------------------------------------------------------------------------------------

    async def _one(self, row: Delivery) -> None:
        if not self.dispatcher.ledger.mark(self.shard, [row], self.dispatcher.clock()):
            return
        try:
            outcome: Outcome = await self._act()
        except DeliveryError as error:
            outcome = error
        except Exception as bug:  # an adapter broke its contract: nobody knows whether it is out
            log.exception("channel %s raised what it may not raise", self.channel.name)
            outcome = Uncertain(f"the adapter failed: {type(bug).__name__}: {bug}")
        self._write(row, outcome)

    async def _act(self) -> Receipt:
        """Post, amend or retract."""
        rendition = self.rendition
        if rendition.action is Action.POST:
            return await self.channel.deliver(rendition)
        with self.dispatcher.ledger.database.read() as connection:
            earlier = posted(connection, rendition.target, rendition.channel, rendition.part)
        if earlier is None:
            raise Rejected(f"{rendition.target} has posted nothing there that could be changed")
        if rendition.action is Action.AMEND:
            return await self.channel.amend(earlier, rendition)
        await self.channel.retract(earlier)
        return Receipt(remote_id=earlier.remote_id, reply="taken back")

    async def _many(self, channel: PersonalChannel, rows: list[Delivery]) -> None:
        people = self.dispatcher.address_book(self.edition, rows)
        open_rows = {row.recipient: row for row in rows}
        marked: set[str] = set()

        async def mark(recipients: Sequence[Recipient]) -> frozenset[str]:
            if self.dispatcher.stop.is_set():
                raise _Stopping
            wanted = [open_rows[person.id] for person in recipients]
            allowed = self.dispatcher.ledger.mark(self.shard, wanted, self.dispatcher.clock())
            marked.update(allowed)
            return allowed

        gone = [row for row in rows if row.recipient not in people]
        if gone:  # the subscriber has been erased: the mark writes that down
            self.dispatcher.ledger.mark(self.shard, gone, self.dispatcher.clock())
        answers = channel.deliver_many(self.rendition, [people[row.recipient] for row in rows if row not in gone], mark)
        failure: DeliveryError | None = None
        try:
            async for person, outcome in answers:
                self._write(open_rows.pop(person.id), outcome, marked=person.id in marked)
                marked.discard(person.id)
                if self.dispatcher.stop.is_set():
                    break
        except DeliveryError as error:
            failure = error
        except _Stopping:
            log.info("%s: stopping", channel.name)
        except FenceLost:
            raise
        except Exception as bug:  # an adapter broke its contract; the others go on
            log.exception("channel %s raised what it may not raise", channel.name)
            failure = Unavailable(f"the adapter failed: {type(bug).__name__}: {bug}")
        finally:
            await answers.aclose()
        self._leftovers(open_rows, marked, failure)

    def _leftovers(self, open_rows: Mapping[str, Delivery], marked: set[str], failure: DeliveryError | None) -> None:
        """Rows without an answer. A marked one may be out; for the others the fault of the connection is the outcome."""
        for key in sorted(marked):
            self._write(open_rows[key], Uncertain("the connection ended between sending and the answer"))
        if failure is None:
            return
        if isinstance(failure, AuthBroken):
            self.dispatcher.rest(self.channel.name, str(failure), self.report)
            return  # the rows stay promised; nothing was tried
        now = self.dispatcher.clock()
        due = failure.retry_at if isinstance(failure, Unavailable) and failure.retry_at else now + FIRST_WAIT
        self.dispatcher.resting[self.channel.name] = due
        self.report.notes.append(f"channel {self.channel.name}: {failure}; tried again later")
        log.warning("channel %s: %s; tried again later", self.channel.name, failure)

    # -- writing down ------------------------------------------------------------------------------------------------

    def _write(self, row: Delivery, outcome: Outcome, *, marked: bool = True) -> None:
        """Decide what follows from an outcome and write it down."""
        now = self.dispatcher.clock()
        # Refused before its mark: it goes through `sending` all the same, so that attempts count.
        if not marked and not self.dispatcher.ledger.mark(self.shard, [row], now):
            return
        attempts = row.attempts + 1
        decision = decide(
            outcome, attempts=attempts, now=now, expires_at=self.edition.expires_at, jitter=self.dispatcher.chance()
        )
        if isinstance(outcome, AuthBroken):
            self.dispatcher.rest(self.channel.name, str(outcome), self.report)
        self._settle(replace(row, state=DeliveryState.SENDING, attempts=attempts), decision)

    def _settle(self, row: Delivery, decision: Decision) -> None:
        now = self.dispatcher.clock()
        self.dispatcher.ledger.settle(self.shard, row, decision, now)
        done = replace(row, state=decision.state, due=decision.due, reply=decision.reply, url=decision.url, updated=now)
        self.report.counts[(row.channel, decision.state)] += 1
        log.info("%s", _line(done))
        if self.dispatcher.progress:
            self.dispatcher.progress(done)


def _line(row: Delivery) -> str:
    """The one form in which a delivery is logged. The address stays out of it: logs travel further than ledgers."""
    who = f" to {row.recipient}" if row.recipient else ""
    tail = f": {row.reply}" if row.reply else ""
    return f"{row.edition} {row.channel} {row.part}{who}: {row.state}{tail}"
