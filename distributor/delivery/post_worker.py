"""One round of a channel that posts: claims shards in the order of their edition, acts, writes down what came of it.

claim ─▶ row ─▶ doubt settled ─▶ turn ─▶ thread ─▶ marked ─▶ published ─▶ outcome committed ─▶ shard released
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby

from ..articles.flags import ArticleFlag, flags_of_articles
from ..attempt import Attempt
from ..channel import Channel
from ..editions import repository as edition_repository
from ..errors import AuthBroken, DamagedRow, DeliveryError, Rejected, StoreError, Unavailable, Uncertain
from ..message_queue import DeliveryOutcome
from ..model import Delivery, DeliveryState, Edition, Receipt, Rendition, RenditionAction
from ..storage.rows import damaged_row
from .adapter_answers import format_trace, sound_outcome
from .attempts import StoredSteps, open_attempt
from .channel_health import ChannelHealth
from .commit import GroupCommit
from .control import SUPERSEDED_BY
from .ledger import FenceLost, Shard, entry
from .message_worker import FLUSH_TIMEOUT, DeliveryRules
from .queries import find_newer_edition
from .receipts import find_later_correction, find_receipts, find_thread, find_undecided, find_withdrawal
from .retry import (
    FIRST_WAIT,
    Decision,
    backoff_until,
    checked_receipt,
    decide_next,
    decide_uncertain,
    named_time,
)
from .settle import FOLLOWS_DOUBT
from .stats import RunStats

log = logging.getLogger("distributor.delivery")

_LOOK_FAILED = "; looking failed: "
_FINAL = (DeliveryState.REJECTED, DeliveryState.EXPIRED, DeliveryState.SUPPRESSED)
_FOR_PARENT = timedelta(minutes=5)  # after which a post that follows one which is not out looks again


@dataclass(frozen=True)
class PostWorker:
    """The posts, files and messages of the channels that send to places, not to people."""

    commit: GroupCommit
    health: ChannelHealth
    rules: DeliveryRules

    async def deliver(self, channel: Channel, report: RunStats) -> None:
        """Do all that is due now on a channel. Raises StoreError."""
        ledger = self.commit.ledger
        while not self.rules.stop.is_set():
            shard = await self.commit.call(self._claim, channel)
            if shard is None:
                return
            try:
                async with self._lease(shard):
                    await self._deliver_shard(channel, shard, report)
            except FenceLost as lost:
                log.warning("%s", lost)
            except DamagedRow as damage:
                report.note_damaged(damage)
                await self.commit.call(ledger.postpone_shard, shard, self.rules.clock())
                continue
            # Not where the store has failed: an outcome that is kept can only be written as long as the shard is ours.
            await self.commit.call(ledger.release, [shard])

    def _claim(self, channel: Channel) -> Shard | None:
        """In the ledger's thread: take the next shard of a channel, unless the channel is backing off."""
        if self.health.read_backoff(channel.name):
            return None
        in_order = not (channel.latest_only or channel.repeatable)
        return self.commit.ledger.claim(channel.name, self.rules.clock(), in_order=in_order)

    @contextlib.asynccontextmanager
    async def _lease(self, shard: Shard) -> AsyncIterator[None]:
        ledger = self.commit.ledger

        async def renew() -> None:
            while True:
                await asyncio.sleep(ledger.lease.total_seconds() / 3)
                try:
                    await self.commit.call(ledger.renew, [shard], self.rules.clock())
                except Exception as fault:  # whatever it is: without its lease others would take the shard
                    log.warning("the leases could not be renewed: %s", fault)

        keeper = asyncio.create_task(renew())
        try:
            yield
        finally:
            keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError, StoreError):
                await keeper

    async def _deliver_shard(self, channel: Channel, shard: Shard, report: RunStats) -> None:
        contents = await self.commit.call(self._read_shard, channel, shard)
        for variant, rows in groupby(contents.rows, key=lambda row: row.variant):
            rendition, superseded_by, withdrawn_by = await self.commit.call(self._read_rendition, contents, variant)
            work = _RenditionDelivery(self, channel, contents, rendition, report, superseded_by, withdrawn_by)
            if not await work.deliver(list(rows)):
                return

    def _read_shard(self, channel: Channel, shard: Shard) -> _PostShard:
        """In the ledger's thread: what is due in a shard, and what has become of its edition."""
        ledger = self.commit.ledger
        with ledger.database.read() as connection:
            edition = edition_repository.find(connection, shard.edition)
            assert edition is not None
            cancelled = edition_repository.is_cancelled(connection, shard.edition)
            newer = find_newer_edition(connection, shard.edition, shard.channel) if channel.latest_only else ""
        return _PostShard(shard, edition, ledger.due(shard, self.rules.clock()), newer, cancelled)

    def _read_rendition(self, contents: _PostShard, variant: str) -> tuple[Rendition, str, str]:
        """In the ledger's thread: a rendition, the edition that has made it needless, and the one that takes it back. Raises
        DamagedRow where it cannot be read."""
        shard, superseded_by, withdrawn_by = contents.shard, contents.newer, ""
        with self.commit.ledger.database.read() as connection:
            rendition = edition_repository.find_rendition(connection, shard.edition, shard.channel, variant)
            _check_readable(rendition)
            if rendition.target and rendition.action is not RenditionAction.DELETE and not superseded_by:
                superseded_by = find_later_correction(connection, contents.edition, rendition)
            if not rendition.target:
                flags = flags_of_articles(connection, [rendition.article]).get(rendition.article, {})
                withdrawn_by = find_withdrawal(connection, rendition) or (
                    "staff" if ArticleFlag.WITHDRAWN in flags else ""
                )
        return rendition, superseded_by, withdrawn_by


@dataclass(frozen=True, slots=True)
class _PostShard:
    """What is due in a shard of posts. `newer`: the edition that has taken the place of this one, if any; `cancelled`:
    nothing of the edition goes out any more."""

    shard: Shard
    edition: Edition
    rows: Sequence[Delivery]
    newer: str
    cancelled: bool


def _check_readable(rendition: Rendition) -> None:
    """Raises DamagedRow for what is no content."""
    try:
        _ = rendition.content
    except ValueError as error:
        raise damaged_row("rendition", rendition.key, str(error)) from None


def _look_failed(row: Delivery, why: str) -> str:
    return f"{row.reply.partition(_LOOK_FAILED)[0]}{_LOOK_FAILED}{why}"


@dataclass
class _RenditionDelivery:
    """One rendition of one shard, being delivered. `superseded_by`: the edition that has made it needless, if any;
    `withdrawn_by`: the one that takes it back."""

    worker: PostWorker
    channel: Channel
    contents: _PostShard
    rendition: Rendition
    report: RunStats
    superseded_by: str
    withdrawn_by: str

    def __post_init__(self) -> None:
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
            cleared = await self._clear(row)
            if cleared is None or await self._is_taken_back(row, cleared) or await self._waits_for_target(cleared):
                continue
            thread = await self.worker.commit.read(find_thread, self.rendition)
            if isinstance(thread, Delivery) or thread is None:
                await self._wait_for_parent(cleared, thread)
            elif await self._wait_for_turn():
                await self._one(cleared, tuple(thread))
            else:
                return False
        return True

    async def _wait_for_turn(self) -> bool:
        return await self.worker.health.wait_for_turn(self.channel.name, self.channel.limits, self.report)

    async def _give_up(self, rows: list[Delivery]) -> None:
        """Close what is open of an edition that was cancelled while it was on the wire. Who only skipped it would find it
        due again at once."""
        for row in rows:
            if row.state in (DeliveryState.PENDING, DeliveryState.DEFERRED):
                await self._settle(row, Decision(DeliveryState.EXPIRED, reply=f"cancelled; before that: {row.reply}"))

    async def _wait_for_parent(self, row: Delivery, parent: Delivery | None) -> None:
        """The post that this one follows is not there: wait for it, or give up with it."""
        if parent is None or parent.state in (*_FINAL, DeliveryState.SENT):  # sent, and deleted since
            in_doubt = parent is not None and parent.reply.startswith(FOLLOWS_DOUBT)
            why = parent.reply if parent and in_doubt else "the post that it follows is not there"
            await self._settle(row, Decision(DeliveryState.EXPIRED, reply=why))
            return
        if parent.state is DeliveryState.UNCERTAIN and parent.due is None:  # the others need not wait for staff
            why = f"{FOLLOWS_DOUBT}{parent.variant}"
            await self._settle(row, Decision(DeliveryState.EXPIRED, reply=why))
            return
        await self._wait(row, f"waits for {parent.variant}, which it follows")

    async def _wait(self, row: Delivery, why: str) -> None:
        due = self.worker.rules.clock() + _FOR_PARENT
        over = due >= self.contents.edition.expires_at
        state = DeliveryState.EXPIRED if over else DeliveryState.DEFERRED
        await self._settle(row, Decision(state, None if over else due, why))

    async def _is_taken_back(self, row: Delivery, cleared: Delivery) -> bool:
        """Post no more what has been withdrawn meanwhile. `row` is how it was found, before its doubt was settled: what may
        be out, and can be posted again without harm, is, for the receipt by which it is deleted."""
        if not self.withdrawn_by or (row.state is DeliveryState.UNCERTAIN and self.channel.repeatable):
            return False
        reply = f"withdrawn by {self.withdrawn_by}"
        if row.state is not DeliveryState.UNCERTAIN and await self._steps(row).any():
            begun = f"{reply}; it was begun there"
            await self._settle(cleared, Decision(DeliveryState.UNCERTAIN, self.worker.rules.clock(), begun))
        else:
            await self._settle(cleared, Decision(DeliveryState.EXPIRED, reply=reply))
        return True

    async def _waits_for_target(self, row: Delivery) -> bool:
        """Change nothing of which it is not known yet whether it is there."""
        if not self.rendition.target:
            return False
        post = await self.worker.commit.read(find_undecided, self.rendition)
        if post:
            await self._wait(row, f"waits until it is known whether {post.variant} of {post.edition} is out")
        return post is not None

    # -- doubt -------------------------------------------------------------------------------------------------------

    async def _clear(self, row: Delivery) -> Delivery | None:
        """Settle the doubt about a row that may be out. Returns the row if it is to be tried now."""
        if row.state is not DeliveryState.UNCERTAIN:
            return row
        if await self.worker.health.is_backing_off(self.channel.name):
            return None
        now = self.worker.rules.clock()
        decision = await self._doubt(row, now)
        await self._settle(row, decision)
        return replace(row, state=decision.state) if decision.state is DeliveryState.DEFERRED else None

    async def _doubt(self, row: Delivery, now: datetime) -> Decision:
        if self.cancelled:
            return decide_uncertain(row, resend=False, now=now)
        if self._harmless_again:
            return Decision(DeliveryState.DEFERRED, now, row.reply)
        if not self.channel.can("find"):
            return decide_uncertain(row, resend=False, now=now)
        thread = await self.worker.commit.read(find_thread, self.rendition)
        attempt = self._attempt(row, tuple(thread) if isinstance(thread, list) else ())
        try:
            there = await self.channel.find(self.rendition.content, attempt)
            found = None if there is None else sound_outcome(checked_receipt(there, "find"))
        except (Exception, SystemExit, asyncio.CancelledError) as error:
            found = self._failed(error, attempt)
        if isinstance(found, DeliveryError):
            until = await self._back_off_after(found, row.attempts, now) or named_time(found, row.attempts, now)
            return Decision(DeliveryState.UNCERTAIN, until or now + FIRST_WAIT, _look_failed(row, found.reply))
        if found:
            return Decision(DeliveryState.SENT, None, "found there", found.remote_id, found.url)
        await self._steps(row).forget_unfinished()
        if now >= self.contents.edition.expires_at:
            why = f"it is not there, and the edition's time is over; last: {row.reply}"
            return Decision(DeliveryState.EXPIRED, reply=why)
        return Decision(DeliveryState.DEFERRED, now, row.reply)

    @property
    def _harmless_again(self) -> bool:
        """Whether doing it once more has no second effect: twice edited is once edited."""
        return self.channel.repeatable or self.rendition.action in (RenditionAction.EDIT, RenditionAction.DELETE)

    # -- sending -----------------------------------------------------------------------------------------------------

    async def _one(self, row: Delivery, thread: tuple[Receipt, ...]) -> None:
        if not await self.worker.commit.mark(self.contents.shard, row):
            self.cancelled = await self.worker.commit.read(edition_repository.is_cancelled, row.edition)
            if self.cancelled:  # since its shard was taken
                await self._give_up([row])
            return
        attempt = self._attempt(row, thread)
        try:
            outcome = sound_outcome(await self._act(attempt))
        except (Exception, SystemExit, asyncio.CancelledError) as error:
            outcome = self._failed(error, attempt)
        await self._write(row, outcome)

    def _failed(self, error: BaseException, attempt: Attempt) -> DeliveryOutcome:
        """What is to be made of what an adapter has raised: where it broke its contract, nobody knows whether it is out."""
        if isinstance(error, asyncio.CancelledError) and (task := asyncio.current_task()) and task.cancelling():
            raise error  # it is we who were cancelled
        if not isinstance(error, DeliveryError):
            trace = attempt.http.mask(format_trace(error))
            log.error("channel %s raised what it may not raise:\n%s", self.channel.name, trace)
            error = Uncertain(attempt.http.redact(f"the adapter failed: {type(error).__name__}: {error}"))
        return sound_outcome(error)

    async def _act(self, attempt: Attempt) -> Receipt:
        """Publish, edit, replace or delete."""
        rendition, channel = self.rendition, self.channel
        if not all(receipt.remote_id for receipt in attempt.thread):
            raise Rejected("nobody knows the id of the post that it follows")
        if rendition.action in (RenditionAction.POST, RenditionAction.REPLY):
            return checked_receipt(await channel.publish(rendition.content, attempt), "publish")
        there = await self.worker.commit.read(
            find_receipts, rendition.channel, rendition.target, rendition.target_variant
        )
        if not there:
            raise Rejected(f"{rendition.target} has posted nothing there that could be changed")
        if not all(receipt.remote_id for receipt in there):  # staff have said that it is there, and not by which id
            raise Rejected(f"nobody knows the id of the post of {rendition.target} there: change it by hand")
        if rendition.action is RenditionAction.EDIT:
            return checked_receipt(await channel.edit(there[0], rendition.content, attempt), "edit")

        async def delete() -> bool:
            for receipt in reversed(there):
                await channel.delete(receipt, attempt)
            return True

        if rendition.action is RenditionAction.REPLACE:
            await attempt.once("delete what it replaces", delete, again=delete)
            return checked_receipt(await channel.publish(rendition.content, attempt), "publish")
        await delete()
        return Receipt(remote_id=there[0].remote_id, reply="deleted")

    def _attempt(self, row: Delivery, thread: tuple[Receipt, ...]) -> Attempt:
        rules = self.worker.rules
        return open_attempt(
            self.worker.commit.ledger.database,
            self.channel,
            self.rendition,
            self.contents.edition,
            row,
            rules.clock(),
            thread=thread,
            read_image=rules.read_image,
        )

    def _steps(self, row: Delivery) -> StoredSteps:
        return StoredSteps(self.worker.commit.ledger.database, row.id)

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
            await self.worker.health.stop_channel(self.channel.name, outcome, self.report)
        if decision.state is DeliveryState.EXPIRED and await self._steps(row).any():
            reply = f"{decision.reply}; it was begun there"
            decision = Decision(DeliveryState.UNCERTAIN, now + FIRST_WAIT, reply)
        if decision.state is DeliveryState.UNCERTAIN and not (self._harmless_again or self.channel.can("find")):
            decision = decide_uncertain(replace(row, reply=decision.reply), resend=False, now=now)  # at once
        await self._back_off_after(outcome, attempts, now)  # before the outcome: who dies in between has said it
        counted = not (isinstance(outcome, Unavailable) and not outcome.counted)
        row = replace(row, state=DeliveryState.SENDING, attempts=attempts if counted else row.attempts)
        await self._settle(row, decision)
        if isinstance(outcome, Rejected):
            self.report.note_refused(row, outcome.reply)

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
