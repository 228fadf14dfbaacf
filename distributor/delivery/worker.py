"""Works through the ledger: claims shards, hands renditions to their channels, writes down what came of it.

Each channel has a loop of its own, so a dead server on one neither blocks nor repeats another. Deciding is elsewhere
(`retry`, the ledger's table); here is only the acting.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby

from ..bounces import guard
from ..channel import Channel, PersonalChannel
from ..editions import repository as edition_repository
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
from ..message_queue import DeliveryOutcome, Transport
from ..model import Delivery, DeliveryState, Edition, Receipt, Rendition, RenditionAction
from .channel_health import ChannelHealth
from .channel_state import clear_fault, faults_by_channel, record_fault
from .commit import GroupCommit
from .control import SUPERSEDED_BY, expire_deliveries
from .ledger import FenceLost, Ledger, Shard, entry
from .message_worker import FLUSH_TIMEOUT, DeliveryRules, LedgerMessageQueue
from .queries import find_later_correction, find_newer_edition, find_newest_receipt, list_unclosed_editions
from .retry import FIRST_WAIT, Decision, backoff_until, decide_next, decide_uncertain
from .stats import ProgressCallback, RunStats

log = logging.getLogger("distributor.delivery")


@dataclass
class DeliveryWorker:
    """One worker over one ledger. It lives as long as the process, so that rates and backoffs hold from run to run.

    `wake` is called when a channel that has failed can carry again; without it nothing is probed.
    """

    ledger: Ledger
    channels: Mapping[str, Channel]
    rules: DeliveryRules
    progress: ProgressCallback | None = None
    among: int = 1  # processes that share what rates allow
    wake: Callable[[], None] | None = None
    transports: dict[str, Transport] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)  # editions of which staff know that suppressions wait
    missing_reported: set[str] = field(default_factory=set)  # what staff were notified already in this process

    def __post_init__(self) -> None:
        self.commit = GroupCommit(self.ledger, self.rules.clock)
        self.health = ChannelHealth(self.commit, self.rules, self.wake)

    def close(self) -> None:
        self.health.probes.close()
        self.commit.close()

    async def run(self) -> RunStats:
        """Do all that is due now. Raises StoreError; nothing for a failed delivery: that is in the ledger and in the
        report."""
        report = RunStats(progress=self.progress)
        self.commit.paused.clear()
        await self.commit.flush()  # what a store that failed has not taken the last time
        expired = await self.commit.call(self._tidy)
        if expired:
            report.notes.append(f"{expired} deliveries given up: their edition is over, or was cancelled")
        work = [
            self._deliver_emails(channel, report) if channel.personal else self._deliver_posts(name, report)
            for name, channel in self.channels.items()
        ]
        # Each comes to its own end, so that what is out is written down; then the first fault of the store is raised.
        for result in await asyncio.gather(*work, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result
        await self.commit.call(self._close, report)
        return report

    def _ask(self, waiting: Sequence[guard.HeldSuppressions], report: RunStats) -> None:
        """Ask staff, once, about suppressions that wait for them."""
        for held in waiting:
            if held.edition not in self.asked:
                report.notes.append(held.question)
                log.error("%s", held.question)
        self.asked = {held.edition for held in waiting}

    def _tidy(self) -> int:
        """Before a run: let go of shards that an earlier one has kept, and give up what must not go out any more."""
        left_behind = self.ledger.leftover_shards()
        if left_behind:
            self.ledger.release(left_behind)
        return expire_deliveries(self.ledger.database, self.rules.clock())

    def _close(self, report: RunStats) -> None:
        """Close the editions that owe nothing any more, and write down which channels have failed, and which have carried
        something again. It is asked often and there is seldom any of it."""
        now, database = self.rules.clock(), self.ledger.database
        with database.read(long=True) as connection:
            self._ask(guard.list_held(connection), report)
            carried = {
                channel for channel, state in report.counts if state in (DeliveryState.SENT, DeliveryState.REJECTED)
            }
            well = (faults_by_channel(connection).keys() & carried) - report.failed.keys()
            if not (list_unclosed_editions(connection) or well or report.failed):
                return
        with database.write(long=True) as connection:
            for edition in list_unclosed_editions(connection):
                edition_repository.mark_done(connection, edition, now)
            for channel, fault in report.failed.items():
                record_fault(connection, channel, fault, now)
            for channel in well:
                clear_fault(connection, channel)

    # -- posts -------------------------------------------------------------------------------------------------------

    async def _deliver_posts(self, name: str, report: RunStats) -> None:
        while not self.rules.stop.is_set():
            shard = await self.commit.call(self._claim, name)
            if shard is None:
                return
            try:
                async with self._lease(shard):
                    await self._deliver_shard(shard, report)
            except FenceLost as lost:
                log.warning("%s", lost)
            except DamagedRow as damage:
                report.note_damaged(damage)
                await self.commit.call(self.ledger.postpone_shard, shard, self.rules.clock())
                continue
            # Not where the store has failed: an outcome that is kept can only be written as long as the shard is ours.
            await self.commit.call(self.ledger.release, [shard])

    def _claim(self, channel: str) -> Shard | None:
        """In the ledger's thread: take the next shard of a channel, unless the channel is backing off."""
        return None if self.health.read_backoff(channel) else self.ledger.claim(channel, self.rules.clock())

    @contextlib.asynccontextmanager
    async def _lease(self, shard: Shard) -> AsyncIterator[None]:
        async def renew() -> None:
            while True:
                await asyncio.sleep(self.ledger.lease.total_seconds() / 3)
                await self.commit.call(self.ledger.renew, [shard], self.rules.clock())

        keeper = asyncio.create_task(renew())
        try:
            yield
        finally:
            keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError, StoreError):
                await keeper

    async def _deliver_shard(self, shard: Shard, report: RunStats) -> None:
        contents = await self.commit.call(self._read_shard, shard)
        for variant, rows in groupby(contents.rows, key=lambda row: row.variant):
            work = await self.commit.call(self._read_rendition, contents, variant, report)
            if not await work.deliver(list(rows)):
                return

    def _read_shard(self, shard: Shard) -> _PostShard:
        """In the ledger's thread: what is due in a shard, and what has become of its edition."""
        with self.ledger.database.read() as connection:
            edition = edition_repository.find(connection, shard.edition)
            assert edition is not None
            cancelled = edition_repository.is_cancelled(connection, shard.edition)
            newer = ""
            if self.channels[shard.channel].latest_only:
                newer = find_newer_edition(connection, shard.edition, shard.channel)
        return _PostShard(shard, edition, self.ledger.due(shard, self.rules.clock()), newer, cancelled)

    def _read_rendition(self, contents: _PostShard, variant: str, report: RunStats) -> _RenditionDelivery:
        """In the ledger's thread. Raises DamagedRow where a rendition cannot be read."""
        shard, superseded_by = contents.shard, contents.newer
        with self.ledger.database.read() as connection:
            rendition = edition_repository.find_rendition(connection, shard.edition, shard.channel, variant)
            if rendition.action is RenditionAction.AMEND and not superseded_by:
                superseded_by = find_later_correction(connection, contents.edition, rendition)
        return _RenditionDelivery(self, contents, rendition, report, superseded_by)

    # -- emails ------------------------------------------------------------------------------------------------------

    async def _deliver_emails(self, channel: Channel, report: RunStats) -> None:
        assert isinstance(channel, PersonalChannel)
        name, health = channel.name, self.health
        if self.rules.stop.is_set() or await health.is_backing_off(name):
            return
        messages = LedgerMessageQueue(name, self.commit, self.rules, report)
        if name not in self.transports:
            self.transports[name] = channel.transport(self.among)
        transport = self.transports[name]
        keeper = asyncio.create_task(messages.keep_leases())
        health.probes.end(name)
        try:
            await transport.send_all(messages)
            health.clear_failures(name)
        except DeliveryError as failure:
            await health.record_failure(name, transport, failure, report)
        except DistributorError:
            raise
        except Exception as bug:  # an adapter broke its contract; the other channels go on
            log.exception("channel %s raised what it may not raise", name)
            broken = Unavailable(f"the adapter failed: {type(bug).__name__}: {bug}")
            await health.record_failure(name, transport, broken, report)
        finally:
            keeper.cancel()
            await messages.finish()
        if report.counts[(name, DeliveryState.SENT)] and not await health.is_backing_off(name):
            health.forget_reports(name)


# -- posts -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _PostShard:
    """What is due in a shard of posts. `newer`: the edition that has taken the place of this one, if any; `cancelled`:
    nothing of the edition goes out any more."""

    shard: Shard
    edition: Edition
    rows: Sequence[Delivery]
    newer: str
    cancelled: bool


@dataclass
class _RenditionDelivery:
    """One rendition of one shard, being delivered. `superseded_by`: the edition that has made it needless, if any."""

    worker: DeliveryWorker
    contents: _PostShard
    rendition: Rendition
    report: RunStats
    superseded_by: str

    def __post_init__(self) -> None:
        self.channel = self.worker.channels[self.contents.shard.channel]
        self.cancelled = self.contents.cancelled

    async def deliver(self, rows: list[Delivery]) -> bool:
        """Deliver one row after the other, each in its turn; False where the channel is backing off, or we are to stop."""
        if self.superseded_by:
            for row in rows:
                await self._settle(row, Decision(DeliveryState.EXPIRED, reply=f"{SUPERSEDED_BY}{self.superseded_by}"))
            return True
        if self.cancelled:
            await self._give_up(rows)
            rows = [row for row in rows if row.state is DeliveryState.UNCERTAIN]
        for row in rows:
            if not await self.worker.health.wait_for_turn(self.channel.name):
                return False
            cleared = await self._clear(row)
            if cleared and (cleared is row or await self.worker.health.wait_for_turn(self.channel.name)):
                await self._one(cleared)
        return True

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
        now = self.worker.rules.clock()
        decision = await self._doubt(row, now)
        await self._settle(row, decision)
        return replace(row, state=decision.state) if decision.state is DeliveryState.DEFERRED else None

    async def _doubt(self, row: Delivery, now: datetime) -> Decision:
        if self.cancelled:
            return decide_uncertain(row, resend=False, now=now)
        if (
            self.channel.repeatable or self.rendition.action is not RenditionAction.POST
        ):  # twice amended is once amended
            return Decision(DeliveryState.DEFERRED, now, row.reply)
        if self.channel.can("find"):
            try:
                found = await self.channel.find(self.rendition)
            except DeliveryError as error:
                until = await self._back_off_after(error, row.attempts, now) or now + FIRST_WAIT
                return Decision(DeliveryState.UNCERTAIN, until, f"{row.reply}; looking failed: {error.reply}")
            if found:
                return Decision(DeliveryState.SENT, None, "found there", found.remote_id, found.url)
            return Decision(DeliveryState.DEFERRED, now, row.reply)
        return decide_uncertain(row, resend=False, now=now)

    # -- sending -----------------------------------------------------------------------------------------------------

    async def _one(self, row: Delivery) -> None:
        if not await self.worker.commit.mark(self.contents.shard, row):
            self.cancelled = await self.worker.commit.read(edition_repository.is_cancelled, row.edition)
            if self.cancelled:  # since its shard was taken
                await self._give_up([row])
            return
        try:
            outcome: DeliveryOutcome = await self._act()
        except DeliveryError as error:
            outcome = error
        except Exception as bug:  # an adapter broke its contract: nobody knows whether it is out
            log.exception("channel %s raised what it may not raise", self.channel.name)
            outcome = Uncertain(f"the adapter failed: {type(bug).__name__}: {bug}")
        await self._write(row, outcome)

    async def _act(self) -> Receipt:
        """Post, amend or retract."""
        rendition = self.rendition
        if rendition.action is RenditionAction.POST:
            return await self.channel.deliver(rendition)
        earlier = await self.worker.commit.read(find_newest_receipt, rendition)
        if earlier is None:
            raise Rejected(f"{rendition.target} has posted nothing there that could be changed")
        if rendition.action is RenditionAction.AMEND:
            return await self.channel.amend(earlier, rendition)
        await self.channel.retract(earlier)
        return Receipt(remote_id=earlier.remote_id, reply="deleted")

    # -- outcomes ----------------------------------------------------------------------------------------------------

    async def _write(self, row: Delivery, outcome: DeliveryOutcome) -> None:
        """Decide what follows from an outcome and write it down."""
        now = self.worker.rules.clock()
        attempts = row.attempts + 1
        decision = decide_next(
            outcome,
            attempts=attempts,
            now=now,
            expires_at=self.contents.edition.expires_at,
            jitter=self.worker.rules.chance(),
        )
        if isinstance(outcome, AuthBroken):
            self.worker.health.stop_channel(self.channel.name, outcome, self.report)
        await self._back_off_after(outcome, attempts, now)  # before the outcome: who dies in between has said it
        await self._settle(replace(row, state=DeliveryState.SENDING, attempts=attempts), decision)

    async def _back_off_after(self, outcome: DeliveryOutcome, attempts: int, now: datetime) -> datetime | None:
        """Let the channel back off where the far end has asked for it; returns until when."""
        until = backoff_until(outcome, attempts=max(attempts, 1), now=now, jitter=self.worker.rules.chance())
        if until and isinstance(outcome, DeliveryError):
            await self.worker.health.back_off(self.channel.name, until, outcome.reply, self.report)
        return until

    async def _settle(self, row: Delivery, decision: Decision) -> None:
        """Raises FenceLost where another worker has the shard by now, and StoreError where the store fails for long: then
        the outcome is kept, and written before the next run."""
        patience = FLUSH_TIMEOUT / 3 if self.worker.rules.stop.is_set() else FLUSH_TIMEOUT
        if not await self.worker.commit.settle_now(entry(self.contents.shard, row, decision), patience):
            raise FenceLost(
                f"the outcome for {row.channel} {row.variant} of {row.edition} came too late: {decision.state}"
            )
        self.report.count(row, decision, self.rendition.action)
