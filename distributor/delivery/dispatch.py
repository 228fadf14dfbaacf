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
from datetime import datetime, timedelta
from itertools import groupby

from ..channel import Channel, PersonalChannel
from ..editions import book
from ..errand import Carrier, Outcome
from ..errors import (
    AuthBroken,
    DamagedRow,
    DeliveryError,
    DistributorError,
    Rejected,
    StoreError,
    Unavailable,
    Uncertain,
)
from ..model import Action, Delivery, DeliveryState, Edition, Receipt, Rendition
from . import faults, guard, rests
from .commit import GroupCommit
from .ended import expire, newer_than
from .ledger import FenceLost, Ledger, Shard, entry
from .probing import Probes, Probing
from .promise import OVERTAKEN
from .report import Progress, Report
from .retry import AFTER_AUTH, FIRST_WAIT, Decision, decide, doubt, rest_until
from .round import PATIENCE, AddressBook, Round, Rules
from .rows import amended_by, posted, unfinished

log = logging.getLogger("distributor.delivery")

_LONGEST_REST = timedelta(minutes=15)


@dataclass
class Dispatcher:
    """One worker over one ledger. It lives as long as the process, so that rates and rests hold from run to run.

    `address_book` makes recipients of rows; `resend` tells for a newsletter whether a mail that may be out is sent
    again. `stop` ends the work after the messages in hand, with every outcome written. `wake` is called when a channel
    that has failed can carry again; without it nobody asks.
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
    asked: set[str] = field(default_factory=set)  # editions of which staff know that suppressions wait
    told: dict[str, tuple[str, ...]] = field(default_factory=dict)  # what staff know of a channel that does not send
    failures: Counter[str] = field(default_factory=Counter)  # runs in a row that a channel's connection has failed
    carriers: dict[str, Carrier] = field(default_factory=dict)
    among: int = 1  # processes that share what rates allow
    missing_told: set[str] = field(default_factory=set)  # what staff were told already in this process
    wake: Callable[[], None] | None = None

    def __post_init__(self) -> None:
        self.commit = GroupCommit(self.ledger, self.clock)
        self.probes = Probes(self._can_carry)

    def close(self) -> None:
        self.probes.close()
        self.commit.close()

    def _can_carry(self, channel: str) -> None:
        """A channel that rested can carry again."""
        self.resting.pop(channel, None)
        if self.wake:
            self.wake()

    async def run(self) -> Report:
        """Do all that is due now. Raises StoreError; nothing for a failed delivery: that is in the ledger and in the
        report."""
        report = Report(progress=self.progress)
        self.commit.paused.clear()
        await self.commit.flush()  # what a store that failed has not taken the last time
        expired = await self.commit.call(self._tidy)
        if expired:
            report.notes.append(f"{expired} deliveries given up: their edition is over, or was cancelled")
        work = [
            self._letters(channel, report) if channel.personal else self._posts(name, report)
            for name, channel in self.channels.items()
        ]
        # Each comes to its own end, so that what is out is written down; then the first fault of the store is told.
        for result in await asyncio.gather(*work, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result
        await self.commit.call(self._close, report)
        return report

    def _ask(self, waiting: Sequence[guard.Held], report: Report) -> None:
        """Ask staff, once, about suppressions that wait for them."""
        for held in waiting:
            if held.edition not in self.asked:
                report.notes.append(held.question)
                log.error("%s", held.question)
        self.asked = {held.edition for held in waiting}

    def _tidy(self) -> int:
        """Before a run: let go of shards that an earlier one has kept, and give up what must not go out any more."""
        left_behind = self.ledger.left_behind()
        if left_behind:
            self.ledger.release(left_behind)
        return expire(self.ledger.database, self.clock())

    def _close(self, report: Report) -> None:
        """Close the editions that owe nothing any more, and write down which channels have failed, and which have carried
        something again. It is asked often and there is seldom any of it."""
        now, database = self.clock(), self.ledger.database
        with database.read(long=True) as connection:
            self._ask(guard.waiting(connection), report)
            carried = {
                channel for channel, state in report.counts if state in (DeliveryState.SENT, DeliveryState.REJECTED)
            }
            well = (faults.of(connection).keys() & carried) - report.failed.keys()
            if not (unfinished(connection) or well or report.failed):
                return
        with database.write(long=True) as connection:
            for edition in unfinished(connection):
                book.close(connection, edition, now)
            for channel, fault in report.failed.items():
                faults.put(connection, channel, fault, now)
            for channel in well:
                faults.clear(connection, channel)

    # -- posts -------------------------------------------------------------------------------------------------------

    async def _posts(self, name: str, report: Report) -> None:
        while not self.stop.is_set() and not self._rests(name):
            shard = await self.commit.call(self.ledger.claim, name, self.clock())
            if shard is None:
                return
            try:
                async with self._lease(shard):
                    await self._shard(shard, report)
            except FenceLost as lost:
                log.warning("%s", lost)
            except DamagedRow as damage:
                report.passed_over(damage)
                await self.commit.call(self.ledger.put_off, shard, self.clock())
                continue
            # Not where the store has failed: an outcome that is kept can only be written as long as the shard is ours.
            await self.commit.call(self.ledger.release, [shard])

    def _rests(self, name: str) -> bool:
        """Whether a channel rests, for whatever reason and by whichever process."""
        now = self.clock()
        if self.resting.get(name, now) > now:
            return True
        with self.ledger.database.read() as connection:
            return name in rests.resting(connection, now)

    async def may_act(self, name: str) -> bool:
        """Wait for the turn of a channel; False where it rests, or where we are to stop."""
        if self.stop.is_set() or self._rests(name):
            return False
        now = self.clock()
        turn = await self.commit.call(rests.turn, self.ledger.database, name, now, self.chance())
        if turn.resting:
            return False
        with contextlib.suppress(TimeoutError):
            if turn.at > now:
                await asyncio.wait_for(self.stop.wait(), (turn.at - now).total_seconds())
        return not self.stop.is_set() and not self._rests(name)

    async def let_rest(self, name: str, until: datetime, reason: str, report: Report) -> None:
        """Nothing more leaves on a channel until a time, here or in another process; staff are told once."""
        self.resting[name] = until
        report.failed[name] = reason
        try:
            news = await self.commit.call(rests.begin, self.ledger.database, name, until, reason, self.clock())
        except StoreError as fault:
            log.error("that channel %s rests is known to this process only: %s", name, fault)
            return
        if news:
            report.notes.append(f"channel {name} rests until {until:%Y-%m-%d %H:%M:%S} UTC: {reason}")

    @contextlib.asynccontextmanager
    async def _lease(self, shard: Shard) -> AsyncIterator[None]:
        async def renew() -> None:
            while True:
                await asyncio.sleep(self.ledger.lease.total_seconds() / 3)
                await self.commit.call(self.ledger.renew, [shard], self.clock())

        keeper = asyncio.create_task(renew())
        try:
            yield
        finally:
            keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError, StoreError):
                await keeper

    async def _shard(self, shard: Shard, report: Report) -> None:
        channel = self.channels[shard.channel]
        with self.ledger.database.read() as connection:
            edition, cancelled = book.edition(connection, shard.edition), book.is_cancelled(connection, shard.edition)
        assert edition is not None
        newer = newer_than(self.ledger.database, shard) if channel.latest_only else ""
        for variant, rows in groupby(self.ledger.due(shard, self.clock()), key=lambda row: row.variant):
            with self.ledger.database.read() as connection:
                rendition = book.rendition(connection, shard.edition, shard.channel, variant)
            work = _Work(self, shard, channel, edition, rendition, report, newer, cancelled)
            await work.do(list(rows))
            if self.stop.is_set() or self._rests(channel.name):
                return

    def rest(self, channel: str, failure: DeliveryError, report: Report) -> None:
        """Stop a channel that is refused for what only staff can mend."""
        self.resting[channel] = self.clock() + AFTER_AUTH
        report.failed[channel] = str(failure)
        self._tell(channel, f"channel {channel} is stopped: {failure}{_mended_by(channel, failure)}", failure, report)

    def _tell(self, channel: str, note: str, failure: DeliveryError, report: Report) -> None:
        """Tell staff once what keeps a channel from sending: again only when it is something else, or comes back."""
        about = (type(failure).__name__, *(failure.keys or (str(failure),)))
        if self.told.get(channel) == about:
            log.info("still: %s", note)
            return
        self.told[channel] = about
        report.notes.append(note)
        log.error("%s", note)

    # -- letters -----------------------------------------------------------------------------------------------------

    async def _letters(self, channel: Channel, report: Report) -> None:
        assert isinstance(channel, PersonalChannel)
        if self.stop.is_set() or self._rests(channel.name):
            return
        rules = Rules(
            address_book=self.address_book, resend=self.resend, clock=self.clock, chance=self.chance, stop=self.stop
        )
        errands = Round(channel.name, self.commit, rules, report)
        if channel.name not in self.carriers:
            self.carriers[channel.name] = channel.carrier(self.among)
        keeper = asyncio.create_task(errands.keep_leases())
        self.probes.end(channel.name)
        try:
            await self.carriers[channel.name].carry(errands)
            self.failures.pop(channel.name, None)
        except DeliveryError as failure:
            await self._failed(channel.name, failure, report)
        except DistributorError:
            raise
        except Exception as bug:  # an adapter broke its contract; the other channels go on
            log.exception("channel %s raised what it may not raise", channel.name)
            await self._failed(channel.name, Unavailable(f"the adapter failed: {type(bug).__name__}: {bug}"), report)
        finally:
            keeper.cancel()
            await errands.finish()
        if not self._rests(channel.name) and report.counts[(channel.name, DeliveryState.SENT)]:
            self.told.pop(channel.name, None)

    async def _failed(self, name: str, failure: DeliveryError, report: Report) -> None:
        """Nothing can be carried now. The rows stay promised; the channel rests, longer each time, unless it is found to
        answer again before."""
        if isinstance(failure, AuthBroken):
            self.rest(name, failure, report)
            return
        if isinstance(failure, Unavailable) and failure.wait:
            self.resting[name] = self.clock() + failure.wait
            report.failed[name] = str(failure)
            minutes = failure.wait / timedelta(minutes=1)
            note = f"channel {name} waits for {minutes:.0f} min: {failure}{_mended_by(name, failure)}"
            self._tell(name, note, failure, report)
            return
        if report.counts[(name, DeliveryState.SENT)]:
            self.failures.pop(name, None)  # it was well in between
        self.failures[name] += 1
        wait = min(FIRST_WAIT * 2 ** min(self.failures[name] - 1, 16), _LONGEST_REST)
        until = rest_until(failure, attempts=self.failures[name], now=self.clock(), jitter=self.chance())
        if until:
            await self.let_rest(name, until, failure.reply, report)
            return
        self.resting[name] = self.clock() + wait
        report.failed[name] = str(failure)
        carrier = self.carriers[name]
        if self.wake and isinstance(carrier, Probing):
            self.probes.begin(name, carrier, again=self.failures[name] > 1)
        report.notes.append(f"channel {name}: {failure}; tried again later")
        log.warning("channel %s: %s; tried again later", name, failure)


def _mended_by(channel: str, failure: DeliveryError) -> str:
    """Where in config.yaml staff may mend it."""
    keys = " or ".join(f"channels.{channel}.{key}" for key in failure.keys)
    return f"; in config.yaml see {keys}" if keys else ""


@dataclass
class _Work:
    """One rendition of one shard on its way. `newer`: the edition that has taken its place, if any; `cancelled`: nothing
    of its edition goes out any more."""

    dispatcher: Dispatcher
    shard: Shard
    channel: Channel
    edition: Edition
    rendition: Rendition
    report: Report
    newer: str = ""
    cancelled: bool = False

    async def do(self, rows: list[Delivery]) -> None:
        """One row after the other, each in its turn."""
        if self.newer:
            for row in rows:
                await self._settle(row, Decision(DeliveryState.EXPIRED, reply=f"{OVERTAKEN}{self.newer}"))
            return
        if self.rendition.action is Action.AMEND:
            with self.dispatcher.ledger.database.read() as connection:
                later = amended_by(connection, self.edition, self.rendition)
            if later:
                for row in rows:
                    await self._settle(row, Decision(DeliveryState.EXPIRED, reply=f"{OVERTAKEN}{later}"))
                return
        if self.cancelled:
            await self._give_up(rows)
            rows = [row for row in rows if row.state is DeliveryState.UNCERTAIN]
        for row in rows:
            if not await self.dispatcher.may_act(self.channel.name):
                return
            cleared = await self._clear(row)
            if cleared and (cleared is row or await self.dispatcher.may_act(self.channel.name)):
                await self._one(cleared)

    async def _give_up(self, rows: list[Delivery]) -> None:
        """Close what is open of an edition that was cancelled while it was on the wire. Who only skipped it would find it
        due again at once."""
        for row in rows:
            if row.state in (DeliveryState.PENDING, DeliveryState.DEFERRED):
                await self._settle(row, Decision(DeliveryState.EXPIRED, reply=f"cancelled; before that: {row.reply}"))

    # -- doubt -------------------------------------------------------------------------------------------------------

    async def _clear(self, row: Delivery) -> Delivery | None:
        """Settle the doubt about a row that may be out. Returns the row if it is to be tried now."""
        if row.state is not DeliveryState.UNCERTAIN:
            return row
        now = self.dispatcher.clock()
        decision = await self._doubt(row, now)
        await self._settle(row, decision)
        return replace(row, state=decision.state) if decision.state is DeliveryState.DEFERRED else None

    async def _doubt(self, row: Delivery, now: datetime) -> Decision:
        if self.cancelled:
            return doubt(row, resend=False, now=now)
        if self.channel.repeatable or self.rendition.action is not Action.POST:  # twice amended is once amended
            return Decision(DeliveryState.DEFERRED, now, row.reply)
        if self.channel.can("find"):
            try:
                found = await self.channel.find(self.rendition)
            except DeliveryError as error:
                until = await self._rest_after(error, row.attempts, now) or now + FIRST_WAIT
                return Decision(DeliveryState.UNCERTAIN, until, f"{row.reply}; looking failed: {error.reply}")
            if found:
                return Decision(DeliveryState.SENT, None, "found there", found.remote_id, found.url)
            return Decision(DeliveryState.DEFERRED, now, row.reply)
        return doubt(row, resend=False, now=now)

    # -- sending -----------------------------------------------------------------------------------------------------

    async def _one(self, row: Delivery) -> None:
        if not await self.dispatcher.commit.mark(self.shard, row):
            with self.dispatcher.ledger.database.read() as connection:
                self.cancelled = book.is_cancelled(connection, row.edition)
            if self.cancelled:  # since its shard was taken
                await self._give_up([row])
            return
        try:
            outcome: Outcome = await self._act()
        except DeliveryError as error:
            outcome = error
        except Exception as bug:  # an adapter broke its contract: nobody knows whether it is out
            log.exception("channel %s raised what it may not raise", self.channel.name)
            outcome = Uncertain(f"the adapter failed: {type(bug).__name__}: {bug}")
        await self._write(row, outcome)

    async def _act(self) -> Receipt:
        """Post, amend or retract."""
        rendition = self.rendition
        if rendition.action is Action.POST:
            return await self.channel.deliver(rendition)
        with self.dispatcher.ledger.database.read() as connection:
            earlier = posted(connection, rendition)
        if earlier is None:
            raise Rejected(f"{rendition.target} has posted nothing there that could be changed")
        if rendition.action is Action.AMEND:
            return await self.channel.amend(earlier, rendition)
        await self.channel.retract(earlier)
        return Receipt(remote_id=earlier.remote_id, reply="deleted")

    # -- writing down ------------------------------------------------------------------------------------------------

    async def _write(self, row: Delivery, outcome: Outcome) -> None:
        """Decide what follows from an outcome and write it down."""
        now = self.dispatcher.clock()
        attempts = row.attempts + 1
        decision = decide(
            outcome, attempts=attempts, now=now, expires_at=self.edition.expires_at, jitter=self.dispatcher.chance()
        )
        if isinstance(outcome, AuthBroken):
            self.dispatcher.rest(self.channel.name, outcome, self.report)
        await self._rest_after(outcome, attempts, now)  # before the outcome: who dies in between has said it
        await self._settle(replace(row, state=DeliveryState.SENDING, attempts=attempts), decision)

    async def _rest_after(self, outcome: Outcome, attempts: int, now: datetime) -> datetime | None:
        """Let the channel rest where the far end has asked for it; until when."""
        until = rest_until(outcome, attempts=max(attempts, 1), now=now, jitter=self.dispatcher.chance())
        if until and isinstance(outcome, DeliveryError):
            await self.dispatcher.let_rest(self.channel.name, until, outcome.reply, self.report)
        return until

    async def _settle(self, row: Delivery, decision: Decision) -> None:
        """Raises FenceLost where another worker has the shard by now, and StoreError where the store fails for long: then
        the outcome is kept, and written before the next run."""
        patience = PATIENCE / 3 if self.dispatcher.stop.is_set() else PATIENCE
        if not await self.dispatcher.commit.settle_now(entry(self.shard, row, decision), patience):
            raise FenceLost(
                f"the outcome for {row.channel} {row.variant} of {row.edition} came too late: {decision.state}"
            )
        self.report.count(row, decision, self.rendition.action)
