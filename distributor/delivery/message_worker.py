"""One round of a channel that sends to subscribers: takes shards, hands out their rows as messages, writes down outcomes.

    claim ─▶ rows ─▶ doubts settled ─▶ messages ─▶ taken ─▶ marked ─▶ answered ─▶ committed ─▶ shard released

The next shard is fetched before the last one is used up, so that the wire never waits for the store. A shard is let go
when the outcome of its last row is committed.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
import random
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo

from ..attempt import Attempt
from ..bounces.classify import bounce_from_outcome
from ..clock import steady
from ..editions import repository as edition_repository
from ..errors import DamagedRow, DeliveryError, Rejected, Unavailable, Uncertain
from ..message_queue import OutgoingMessage
from ..model import Bounce, BounceType, Delivery, DeliveryState, Edition, Receipt, Recipient
from ..personal_channel import PersonalChannel
from ..rate_leases import SharedRates
from . import control
from .adapter_answers import sound_outcome
from .attempts import ImageReader, no_image, open_attempt
from .commit import GroupCommit, retrieve_exception
from .ledger import LedgerEntry, Shard, entry
from .retry import Decision, decide_next, decide_uncertain
from .shard_queue import ShardQueue
from .stats import RunStats

log = logging.getLogger("distributor.delivery")

RecipientLookup = Callable[[Edition, Sequence[Delivery]], Mapping[str, Recipient]]

_LOW = 300  # messages at hand, below which the next shard is fetched
_MOST = 8  # shards in hand, however slow their recipients' domains are
_LONG = 20.0  # seconds: who must wait longer than this waits in the ledger
_SHORT = 0.005  # seconds of waiting for outcomes of as many shards as we may hold
_SLICE = 0.25  # seconds between two looks whether to stop
_FEW, _SHARE = 20, 0.1  # refusals by policy, and their share of all answers, from which an edition is paused
FLUSH_TIMEOUT = 30.0  # seconds that a failing store has at the end of a round


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRules:
    """What a worker decides by. `look_up_recipients` makes recipients of rows; `resend` says for a newsletter whether an
    email that may be out is sent again; `stop` ends the work after the messages in hand, with every outcome written;
    `chance` is a random number from 0 to 1; `zone` is that of times in messages to staff; `read_image` prepares the pictures
    of posts."""

    look_up_recipients: RecipientLookup
    resend: Callable[[str], bool]
    clock: Callable[[], datetime]
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    chance: Callable[[], float] = random.random
    zone: tzinfo = UTC
    read_image: ImageReader = no_image


@dataclass(slots=True)
class _TakenMessage:
    """A row that was handed out. `asked`: its mark is on the way to the store, or there."""

    shard: Shard
    row: Delivery
    expires_at: datetime
    edition: Edition
    asked: bool = False
    marked: bool = False


@dataclass(frozen=True, slots=True)
class _FetchedShard:
    """What a shard holds that is due."""

    shard: Shard
    expires_at: datetime
    edition: Edition
    messages: Sequence[tuple[OutgoingMessage, Delivery]]
    entries: Sequence[LedgerEntry]


@dataclass
class LedgerMessageQueue:
    """The messages of one channel that are due now. See `message_queue.MessageQueue` for what a transport does with it."""

    destination: PersonalChannel
    commit: GroupCommit
    rules: DeliveryRules
    report: RunStats
    shards: ShardQueue
    rates: SharedRates | None = None
    _queue: deque[OutgoingMessage] = field(default_factory=deque)
    _later: list[tuple[float, int, OutgoingMessage]] = field(default_factory=list)
    _open: dict[OutgoingMessage, _TakenMessage] = field(default_factory=dict)
    _left: Counter[Shard] = field(default_factory=Counter)  # rows of each shard whose outcome is not committed
    _used_up: set[Shard] = field(default_factory=set)
    _fetching: asyncio.Task[None] | None = None
    _answered: Counter[str] = field(default_factory=Counter)
    _refused: Counter[str] = field(default_factory=Counter)
    _pausing: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _exhausted: bool = False
    _failed: bool = False
    _count: itertools.count[int] = field(default_factory=itertools.count)

    # -- handing out -------------------------------------------------------------------------------------------------

    @property
    def channel(self) -> str:
        return self.destination.name

    @property
    def at_hand(self) -> int:
        return len(self._queue)

    @property
    def ended(self) -> bool:
        return self._failed or self.rules.stop.is_set()

    def take_now(self) -> OutgoingMessage | None:
        if self.ended:
            return None
        if len(self._queue) < _LOW:
            self._fetch_soon()
        while self._later and self._later[0][0] <= _now():
            self._queue.appendleft(heapq.heappop(self._later)[2])
        while self._queue:
            message = self._queue.popleft()
            held = self._open.get(message)
            if held is None:  # its shard is in other hands
                continue
            if held.row.edition in self.commit.paused and not held.asked:
                self._drop(message)
                continue
            return message
        return None

    async def take(self) -> OutgoingMessage | None:
        while not self.ended:
            message = self.take_now()
            if message:
                return message
            if self._fetching:
                await asyncio.shield(self._fetching)
            elif self._later:
                await asyncio.sleep(min(max(self._later[0][0] - _now(), 0.001), _SLICE))
            elif self._exhausted:
                return None
            else:
                await asyncio.sleep(_SHORT)
        return None

    def requeue(self, message: OutgoingMessage, after: float = 0) -> None:
        held = self._open.get(message)
        if held is None:
            return  # its shard is in other hands
        if after > _LONG:
            due = self.rules.clock() + timedelta(seconds=after)
            waits = Decision(DeliveryState.DEFERRED, due, "waits for its domain")
            self._settle(message, waits, attempts=held.row.attempts, at=held.row.updated)  # it was not tried
        elif after > 0:
            heapq.heappush(self._later, (_now() + after, next(self._count), message))
        else:
            self._queue.appendleft(message)

    # -- marks and answers -------------------------------------------------------------------------------------------

    async def mark(self, message: OutgoingMessage) -> bool:
        held = self._open.get(message)
        if held is None or self.ended:
            return False
        held.asked, asked_at = True, steady()
        try:
            marked = await self.commit.mark(held.shard, held.row)
        except Exception:
            self._failed = True  # the store does: nothing more may leave
            raise
        if marked:
            held.marked = True
            if steady() - asked_at < self.commit.ledger.lease.total_seconds() / 3:
                return True
            # We, or the store, have slept so long that another worker may have taken over.
            self.answer(message, Unavailable("its mark came too late", counted=False))
            return False
        await self._recheck_edition(held.row.edition)
        if message in self._open:
            self._drop(message)
        return False

    async def _recheck_edition(self, edition: str) -> None:
        """A mark was refused: find out whether the edition is paused or cancelled, and let go of what may not leave."""
        waiting = {
            message: held for message, held in self._open.items() if held.row.edition == edition and not held.asked
        }
        still = await self.commit.call(
            self.commit.ledger.still_open, edition, [held.row.id for held in waiting.values()]
        )
        for message, held in waiting.items():
            if held.row.id not in still and not held.asked and message in self._open:
                self._drop(message)

    def attempt(self, message: OutgoingMessage) -> Attempt:
        held, now = self._open[message], self.rules.clock()
        database, rendition = self.commit.ledger.database, message.rendition
        return open_attempt(database, self.destination, rendition, held.edition, held.row, now)

    def answer(self, message: OutgoingMessage, outcome: Receipt | DeliveryError) -> None:
        held, outcome = self._open[message], sound_outcome(outcome)
        if not held.marked and isinstance(outcome, (Receipt, Uncertain)):
            log.error("channel %s sent something without a mark", self.channel)
            outcome = Uncertain("sent without a mark")
        attempts = held.row.attempts + 1
        decision = decide_next(
            outcome,
            attempts=attempts,
            now=self.rules.clock(),
            expires_at=held.expires_at,
            jitter=self.rules.chance(),
        )
        counted = not (isinstance(outcome, Unavailable) and not outcome.counted)
        bounce = self._bounce(message, held.row, outcome, decision)
        self._settle(message, decision, attempts=attempts if counted else held.row.attempts, bounce=bounce)
        ours = (isinstance(outcome, Unavailable) and outcome.ours) or (
            bounce is not None and bounce.type is BounceType.POLICY
        )
        self._count_rejections(held.row.edition, outcome.reply if ours else "")

    def _bounce(
        self, message: OutgoingMessage, row: Delivery, outcome: Receipt | DeliveryError, decision: Decision
    ) -> Bounce | None:
        """What an outcome says of the address, once it is final. A copy to another address (test mode) says nothing."""
        final = decision.state in (DeliveryState.REJECTED, DeliveryState.EXPIRED)
        if not final or not isinstance(outcome, Rejected | Unavailable) or message.recipient.address != row.address:
            return None
        return bounce_from_outcome(
            outcome, address=row.address, delivery_id=row.id, edition_id=row.edition, now=self.rules.clock()
        )

    def _count_rejections(self, edition: str, refusal: str) -> None:
        """Count answers, and among them refusals that are about us, in their words: an edition of which too many emails
        are refused is paused, for staff."""
        self._answered[edition] += 1
        if not refusal:
            return
        self._refused[edition] += 1
        refused, answered = self._refused[edition], self._answered[edition]
        if refused >= _FEW and refused >= answered * _SHARE and edition not in self._pausing:
            why = f"{refused} of {answered} emails refused for what we send or who we are; last: {refusal[:200]}"
            self._pausing[edition] = asyncio.create_task(self._pause_it(edition, why))

    async def _pause_it(self, edition: str, why: str) -> None:
        try:
            await self.commit.call(self._pause, edition, why)
        except Exception as fault:  # the next refusal tries again
            log.error("%s could not be paused: %s", edition, fault)
            del self._pausing[edition]

    def _pause(self, edition: str, why: str) -> None:
        """In the ledger's thread."""
        now = self.rules.clock()
        with self.commit.ledger.database.write() as connection:
            if control.pause(connection, edition, now):
                edition_repository.record_event(connection, edition, "paused", "the ledger", now, why)
        self.commit.paused.add(edition)
        note = f"{edition} is paused: {why}; `distributor editions resume {edition}` lets it go on"
        self.report.notes.append(note)
        log.error("%s", note)

    def _settle(
        self,
        message: OutgoingMessage,
        decision: Decision,
        *,
        attempts: int,
        bounce: Bounce | None = None,
        at: datetime | None = None,
    ) -> None:
        held = self._open.pop(message)
        row = held.row
        was = DeliveryState.SENDING if held.marked else row.state
        crash_count = row.crash_count + (decision.state is DeliveryState.UNCERTAIN)
        self.commit.settle(
            LedgerEntry(held.shard, row, decision, was, attempts, crash_count, bounce, at), self._committed
        )

    def _drop(self, message: OutgoingMessage) -> None:
        """A message that is none any more: its row is as somebody else has left it."""
        held = self._open.pop(message)
        self._one_less(held.shard)

    def _committed(self, made: LedgerEntry, written: bool) -> None:
        if written:
            self.report.count(made.row, made.decision)
        self._one_less(made.shard)

    def _one_less(self, shard: Shard) -> None:
        self._left[shard] -= 1
        if self._left[shard] <= 0:
            del self._left[shard]
            self._used_up.add(shard)

    # -- shards ------------------------------------------------------------------------------------------------------

    def _fetch_soon(self) -> None:
        if self._exhausted and self.shards.has_more():
            self._exhausted = False
        if not (self._fetching or self._exhausted or len(self._left) >= _MOST):
            self._fetching = asyncio.create_task(self._fetch())
            self._fetching.add_done_callback(retrieve_exception)

    async def _fetch(self) -> None:
        try:
            await self.shards.wait(self._let_go)
            done, self._used_up = self._used_up, set()
            fetched = await self.commit.call(self._read_shard, done)
        except Exception:
            self._failed = True
            raise
        finally:
            self._fetching = None
        if fetched is None:
            self._exhausted = True
            return
        self._left[fetched.shard] += len(fetched.messages) + len(fetched.entries)
        for message, row in fetched.messages:
            self._open[message] = _TakenMessage(fetched.shard, row, fetched.expires_at, fetched.edition)
            self._queue.append(message)
        for doubted in fetched.entries:
            self.commit.settle(doubted, self._committed)
        if not self._left[fetched.shard]:
            self._used_up.add(fetched.shard)

    async def _let_go(self) -> None:
        """Let go of what is done."""
        done, self._used_up = self._used_up, set()
        if done:
            await self.commit.call(self.commit.ledger.release, done)
            self.shards.released(done)

    def _read_shard(self, done: set[Shard]) -> _FetchedShard | None:
        """In the ledger's thread: let go of what is done, take the next shard, and make messages of its rows."""
        ledger, now = self.commit.ledger, self.rules.clock()
        if done:
            ledger.release(done)
            self.shards.released(done)
        while True:
            shard = self.shards.claim(now)
            if shard is None:
                return None
            try:
                return self._due_messages(shard, now)
            except DamagedRow as damage:
                ledger.postpone_shard(shard, now)
                self.shards.released([shard])
                self.report.note_damaged(damage)

    def _due_messages(self, shard: Shard, now: datetime) -> _FetchedShard:
        """What is to be done in a shard. Raises DamagedRow where its emails cannot be read."""
        ledger = self.commit.ledger
        rows = ledger.due(shard, now)
        with ledger.database.read() as connection:
            edition, cancelled = (
                edition_repository.find(connection, shard.edition),
                edition_repository.is_cancelled(connection, shard.edition),
            )
            assert edition is not None
            renditions = {
                variant: edition_repository.find_rendition(connection, shard.edition, shard.channel, variant)
                for variant in {row.variant for row in rows}
            }
        resend = self.rules.resend(edition.newsletter) and not cancelled
        entries, rows = self._clear(shard, rows, now, resend)
        recipients = self.rules.look_up_recipients(edition, rows)
        gone = [row for row in rows if row.recipient not in recipients]
        if gone:  # the subscriber has been erased: the mark writes that down
            ledger.post([(shard, row) for row in gone], [], now)
        messages = [
            (OutgoingMessage(renditions[row.variant], recipients[row.recipient], row.id), row)
            for row in rows
            if row.recipient in recipients
        ]
        return _FetchedShard(shard, edition.expires_at, edition, messages, entries)

    def _clear(
        self, shard: Shard, rows: list[Delivery], now: datetime, resend: bool
    ) -> tuple[list[LedgerEntry], list[Delivery]]:
        """Settle the doubt about rows that may be out, as the newsletter says: those to be sent again join the others."""
        doubts = [
            entry(shard, row, decide_uncertain(row, resend=resend, now=now))
            for row in rows
            if row.state is DeliveryState.UNCERTAIN
        ]
        again = [one for one in doubts if one.decision.state is DeliveryState.DEFERRED]
        if again:
            self.commit.ledger.post([], again, now)
        open_rows = [row for row in rows if row.state is not DeliveryState.UNCERTAIN]
        open_rows += [replace(one.row, state=DeliveryState.DEFERRED) for one in again]
        return [one for one in doubts if one not in again], open_rows

    async def keep_leases(self) -> None:
        """Renew the leases in hand for as long as the round lasts; drop what another worker has taken over."""
        ledger = self.commit.ledger
        while True:
            await asyncio.sleep(ledger.lease.total_seconds() / 3)
            try:
                lost = await self.commit.call(ledger.renew, set(self._left), self.rules.clock())
            except Exception as fault:  # whatever it is: without leases others would take what is in hand here
                log.warning("the leases could not be renewed: %s", fault)
                continue
            for message, held in list(self._open.items()):
                if held.shard in lost and not held.asked:
                    self._drop(message)
            for shard in lost:
                log.warning("%s: shard %d is in other hands", shard.edition, shard.number)

    async def finish(self) -> None:
        """Write down what is left, and let go of all shards. Raises StoreError where the store does not take it."""
        if self._fetching:
            await asyncio.wait({self._fetching})
        if self._pausing:
            await asyncio.wait(self._pausing.values())
        for message in [message for message, held in self._open.items() if held.marked]:
            self.answer(message, Uncertain("the connection ended between sending and the answer"))
        await self.commit.flush(FLUSH_TIMEOUT if not self.ended else FLUSH_TIMEOUT / 3)
        held = {*self._left, *self._used_up}
        await self.commit.call(self.commit.ledger.release, held)
        self.shards.released(held)


def _now() -> float:
    return time.monotonic()
