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
from . import channel_backoff, channel_faults
from .channel_probes import ChannelProbes, ProbeableTransport
from .commit import GroupCommit
from .enqueue import SUPERSEDED_BY
from .expiry import expire_deliveries
from .ledger import FenceLost, Ledger, Shard, entry
from .message_worker import FLUSH_TIMEOUT, LedgerMessageQueue, MessageQueueRules, RecipientLookup
from .queries import find_later_correction, find_newer_edition, find_newest_receipt, list_unclosed_editions
from .retry import AFTER_AUTH, FIRST_WAIT, Decision, backoff_until, decide_next, decide_uncertain
from .stats import ProgressCallback, RunStats

log = logging.getLogger("distributor.delivery")

_LONGEST_BACKOFF = timedelta(minutes=15)


@dataclass
class DeliveryWorker:
    """One worker over one ledger. It lives as long as the process, so that rates and rests hold from run to run.

    `address_book` makes recipients of rows; `resend` tells for a newsletter whether a mail that may be out is sent
    again. `stop` ends the work after the messages in hand, with every outcome written. `wake` is called when a channel
    that has failed can carry again; without it nobody asks.
    """

    ledger: Ledger
    channels: Mapping[str, Channel]
    look_up_recipients: RecipientLookup
    resend: Callable[[str], bool]
    clock: Callable[[], datetime]
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    progress: ProgressCallback | None = None
    chance: Callable[[], float] = random.random
    backing_off: dict[str, datetime] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)  # editions of which staff know that suppressions wait
    told: dict[str, tuple[str, ...]] = field(default_factory=dict)  # what staff know of a channel that does not send
    failures: Counter[str] = field(default_factory=Counter)  # runs in a row that a channel's connection has failed
    carriers: dict[str, Transport] = field(default_factory=dict)
    among: int = 1  # processes that share what rates allow
    missing_reported: set[str] = field(default_factory=set)  # what staff were told already in this process
    wake: Callable[[], None] | None = None

    def __post_init__(self) -> None:
        self.commit = GroupCommit(self.ledger, self.clock)
        self.probes = ChannelProbes(self._channel_recovered)

    def close(self) -> None:
        self.probes.close()
        self.commit.close()

    def _channel_recovered(self, channel: str) -> None:
        """A channel that rested can carry again."""
        self.backing_off.pop(channel, None)
        if self.wake:
            self.wake()

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
            self._letters(channel, report) if channel.personal else self._deliver_posts(name, report)
            for name, channel in self.channels.items()
        ]
        # Each comes to its own end, so that what is out is written down; then the first fault of the store is told.
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
        return expire_deliveries(self.ledger.database, self.clock())

    def _close(self, report: RunStats) -> None:
        """Close the editions that owe nothing any more, and write down which channels have failed, and which have carried
        something again. It is asked often and there is seldom any of it."""
        now, database = self.clock(), self.ledger.database
        with database.read(long=True) as connection:
            self._ask(guard.list_held(connection), report)
            carried = {
                channel for channel, state in report.counts if state in (DeliveryState.SENT, DeliveryState.REJECTED)
            }
            well = (channel_faults.faults_by_channel(connection).keys() & carried) - report.failed.keys()
            if not (list_unclosed_editions(connection) or well or report.failed):
                return
        with database.write(long=True) as connection:
            for edition in list_unclosed_editions(connection):
                edition_repository.mark_done(connection, edition, now)
            for channel, fault in report.failed.items():
                channel_faults.record_fault(connection, channel, fault, now)
            for channel in well:
                channel_faults.clear_fault(connection, channel)

    # -- posts -------------------------------------------------------------------------------------------------------

    async def _deliver_posts(self, name: str, report: RunStats) -> None:
        while not self.stop.is_set():
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
                await self.commit.call(self.ledger.postpone_shard, shard, self.clock())
                continue
            # Not where the store has failed: an outcome that is kept can only be written as long as the shard is ours.
            await self.commit.call(self.ledger.release, [shard])

    def _claim(self, channel: str) -> Shard | None:
        """In the ledger's thread: take the next shard of a channel, unless the channel is backing off."""
        return None if self._is_backing_off(channel) else self.ledger.claim(channel, self.clock())

    def _is_backing_off(self, channel: str) -> bool:
        """In the ledger's thread: whether a channel is backing off, for whatever reason and by whichever process."""
        now = self.clock()
        if self.backing_off.get(channel, now) > now:
            return True
        with self.ledger.database.read() as connection:
            return channel in channel_backoff.list_backoffs(connection, now)

    async def wait_for_turn(self, channel: str) -> bool:
        """Wait until the next post of a channel may leave; False where the channel is backing off, or we are to stop."""
        now = self.clock()
        if self.stop.is_set() or self.backing_off.get(channel, now) > now:
            return False
        turn = await self.commit.call(channel_backoff.reserve_turn, self.ledger.database, channel, now, self.chance())
        if turn.backing_off or turn.at <= now:
            return not (turn.backing_off or self.stop.is_set())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stop.wait(), (turn.at - now).total_seconds())
        return not (self.stop.is_set() or await self.commit.call(self._is_backing_off, channel))

    async def back_off(self, name: str, until: datetime, reason: str, report: RunStats) -> None:
        """Nothing more leaves on a channel until a time, here or in another process; staff are told once."""
        self.backing_off[name] = until
        report.failed[name] = reason
        try:
            begin = channel_backoff.begin_backoff
            news = await self.commit.call(begin, self.ledger.database, name, until, reason, self.clock())
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
        return _PostShard(shard, edition, self.ledger.due(shard, self.clock()), newer, cancelled)

    def _read_rendition(self, contents: _PostShard, variant: str, report: RunStats) -> _RenditionDelivery:
        """In the ledger's thread. Raises DamagedRow where a rendition cannot be read."""
        shard, superseded_by = contents.shard, contents.newer
        with self.ledger.database.read() as connection:
            rendition = edition_repository.find_rendition(connection, shard.edition, shard.channel, variant)
            if rendition.action is RenditionAction.AMEND and not superseded_by:
                superseded_by = find_later_correction(connection, contents.edition, rendition)
        return _RenditionDelivery(self, contents, rendition, report, superseded_by)

    def stop_channel(self, channel: str, failure: DeliveryError, report: RunStats) -> None:
        """Stop a channel that is refused for what only staff can mend."""
        self.backing_off[channel] = self.clock() + AFTER_AUTH
        report.failed[channel] = str(failure)
        self._tell(
            channel, f"channel {channel} is stopped: {failure}{_settings_to_fix(channel, failure)}", failure, report
        )

    def _tell(self, channel: str, note: str, failure: DeliveryError, report: RunStats) -> None:
        """Tell staff once what keeps a channel from sending: again only when it is something else, or comes back."""
        about = (type(failure).__name__, *(failure.keys or (str(failure),)))
        if self.told.get(channel) == about:
            log.info("still: %s", note)
            return
        self.told[channel] = about
        report.notes.append(note)
        log.error("%s", note)

    # -- letters -----------------------------------------------------------------------------------------------------

    async def _letters(self, channel: Channel, report: RunStats) -> None:
        assert isinstance(channel, PersonalChannel)
        if self.stop.is_set() or await self.commit.call(self._is_backing_off, channel.name):
            return
        rules = MessageQueueRules(
            look_up_recipients=self.look_up_recipients,
            resend=self.resend,
            clock=self.clock,
            chance=self.chance,
            stop=self.stop,
        )
        messages = LedgerMessageQueue(channel.name, self.commit, rules, report)
        if channel.name not in self.carriers:
            self.carriers[channel.name] = channel.transport(self.among)
        keeper = asyncio.create_task(messages.keep_leases())
        self.probes.end(channel.name)
        try:
            await self.carriers[channel.name].send_all(messages)
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
            await messages.finish()
        sent = report.counts[(channel.name, DeliveryState.SENT)]
        if sent and not await self.commit.call(self._is_backing_off, channel.name):
            self.told.pop(channel.name, None)

    async def _failed(self, name: str, failure: DeliveryError, report: RunStats) -> None:
        """Nothing can be carried now. The rows stay promised; the channel rests, longer each time, unless it is found to
        answer again before."""
        if isinstance(failure, AuthBroken):
            self.stop_channel(name, failure, report)
            return
        if isinstance(failure, Unavailable) and failure.wait:
            self.backing_off[name] = self.clock() + failure.wait
            report.failed[name] = str(failure)
            minutes = failure.wait / timedelta(minutes=1)
            note = f"channel {name} waits for {minutes:.0f} min: {failure}{_settings_to_fix(name, failure)}"
            self._tell(name, note, failure, report)
            return
        if report.counts[(name, DeliveryState.SENT)]:
            self.failures.pop(name, None)  # it was well in between
        self.failures[name] += 1
        wait = min(FIRST_WAIT * 2 ** min(self.failures[name] - 1, 16), _LONGEST_BACKOFF)
        until = backoff_until(failure, attempts=self.failures[name], now=self.clock(), jitter=self.chance())
        if until:
            await self.back_off(name, until, failure.reply, report)
            return
        self.backing_off[name] = self.clock() + wait
        report.failed[name] = str(failure)
        transport = self.carriers[name]
        if self.wake and isinstance(transport, ProbeableTransport):
            self.probes.begin(name, transport, again=self.failures[name] > 1)
        report.notes.append(f"channel {name}: {failure}; tried again later")
        log.warning("channel %s: %s; tried again later", name, failure)


def _settings_to_fix(channel: str, failure: DeliveryError) -> str:
    """Where in config.yaml staff may mend it."""
    keys = " or ".join(f"channels.{channel}.{key}" for key in failure.keys)
    return f"; in config.yaml see {keys}" if keys else ""


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

    dispatcher: DeliveryWorker
    contents: _PostShard
    rendition: Rendition
    report: RunStats
    superseded_by: str

    def __post_init__(self) -> None:
        self.channel = self.dispatcher.channels[self.contents.shard.channel]
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
            if not await self.dispatcher.wait_for_turn(self.channel.name):
                return False
            cleared = await self._clear(row)
            if cleared and (cleared is row or await self.dispatcher.wait_for_turn(self.channel.name)):
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
        now = self.dispatcher.clock()
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
                until = await self._rest_after(error, row.attempts, now) or now + FIRST_WAIT
                return Decision(DeliveryState.UNCERTAIN, until, f"{row.reply}; looking failed: {error.reply}")
            if found:
                return Decision(DeliveryState.SENT, None, "found there", found.remote_id, found.url)
            return Decision(DeliveryState.DEFERRED, now, row.reply)
        return decide_uncertain(row, resend=False, now=now)

    # -- sending -----------------------------------------------------------------------------------------------------

    async def _one(self, row: Delivery) -> None:
        if not await self.dispatcher.commit.mark(self.contents.shard, row):
            self.cancelled = await self.dispatcher.commit.read(edition_repository.is_cancelled, row.edition)
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
        earlier = await self.dispatcher.commit.read(find_newest_receipt, rendition)
        if earlier is None:
            raise Rejected(f"{rendition.target} has posted nothing there that could be changed")
        if rendition.action is RenditionAction.AMEND:
            return await self.channel.amend(earlier, rendition)
        await self.channel.retract(earlier)
        return Receipt(remote_id=earlier.remote_id, reply="deleted")

    # -- writing down ------------------------------------------------------------------------------------------------

    async def _write(self, row: Delivery, outcome: DeliveryOutcome) -> None:
        """Decide what follows from an outcome and write it down."""
        now = self.dispatcher.clock()
        attempts = row.attempts + 1
        decision = decide_next(
            outcome,
            attempts=attempts,
            now=now,
            expires_at=self.contents.edition.expires_at,
            jitter=self.dispatcher.chance(),
        )
        if isinstance(outcome, AuthBroken):
            self.dispatcher.stop_channel(self.channel.name, outcome, self.report)
        await self._rest_after(outcome, attempts, now)  # before the outcome: who dies in between has said it
        await self._settle(replace(row, state=DeliveryState.SENDING, attempts=attempts), decision)

    async def _rest_after(self, outcome: DeliveryOutcome, attempts: int, now: datetime) -> datetime | None:
        """Let the channel rest where the far end has asked for it; until when."""
        until = backoff_until(outcome, attempts=max(attempts, 1), now=now, jitter=self.dispatcher.chance())
        if until and isinstance(outcome, DeliveryError):
            await self.dispatcher.back_off(self.channel.name, until, outcome.reply, self.report)
        return until

    async def _settle(self, row: Delivery, decision: Decision) -> None:
        """Raises FenceLost where another worker has the shard by now, and StoreError where the store fails for long: then
        the outcome is kept, and written before the next run."""
        patience = FLUSH_TIMEOUT / 3 if self.dispatcher.stop.is_set() else FLUSH_TIMEOUT
        if not await self.dispatcher.commit.settle_now(entry(self.contents.shard, row, decision), patience):
            raise FenceLost(
                f"the outcome for {row.channel} {row.variant} of {row.edition} came too late: {decision.state}"
            )
        self.report.count(row, decision, self.rendition.action)
