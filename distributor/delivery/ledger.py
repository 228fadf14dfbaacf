"""The ledger: every (edition, channel, variant, recipient) is a row before it is tried, and its state tells the truth.

    pending ──▶ sending ──▶ sent | rejected | expired
       │           │  └───▶ deferred(until) ──▶ sending again
       │           └──────▶ uncertain ──▶ sent | deferred, or stays with staff
       └──▶ suppressed | deferred | rejected | expired         rejected | expired ──▶ pending, by staff alone

A row is marked `sending`, committed, before the irrevocable byte leaves, and its outcome is written right after. So
after a crash every row is either surely not out (pending, deferred), surely decided, or `sending`: those, and only
those, are in doubt, and they become `uncertain` by name. Marks and outcomes of many rows are committed together
(`post`, called by `commit.GroupCommit`), so that durability costs little.

The rows of an edition are cut into shards. Who works on a shard holds its lease and has raised its fence; every write
asks for that fence, so a worker that comes back late can neither mark nor settle anything. All states live in the
store: any process may die at any instant and another one goes on.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection

from ..bounces import suppressions as bounce_suppressions
from ..config.bounces import BounceGuard
from ..errors import DistributorError, StoreBusy
from ..model import Bounce, Delivery, DeliveryState, EditionState
from ..storage.database import Database
from ..storage.rows import UTC_TIME
from ..storage.statements import PreparedStatement, bind_time
from ..storage.tables import deliveries, editions, shards, subscribers, subscriptions, suppressions
from .claims import claimable_shards, dead_owners, due_shard, only_first
from .lease import AT_ONCE, new_owner, owner_is_dead
from .queries import DELIVERY_COLUMNS, delivery_from_row
from .retry import Decision

S = DeliveryState

# The whole truth about what may follow what. Every write of a state is checked against it. A row that was never marked
# is uncertain only where an adapter has broken its contract; an end is an end, unless staff ask for the missed again.
TRANSITIONS: dict[DeliveryState, frozenset[DeliveryState]] = {
    S.PENDING: frozenset({S.SENDING, S.DEFERRED, S.REJECTED, S.UNCERTAIN, S.SUPPRESSED, S.EXPIRED}),
    S.DEFERRED: frozenset({S.SENDING, S.DEFERRED, S.REJECTED, S.UNCERTAIN, S.SUPPRESSED, S.EXPIRED}),
    S.SENDING: frozenset({S.SENT, S.DEFERRED, S.REJECTED, S.UNCERTAIN, S.EXPIRED}),
    S.UNCERTAIN: frozenset({S.SENT, S.DEFERRED, S.UNCERTAIN, S.EXPIRED, S.PENDING}),
    S.SENT: frozenset(),
    S.REJECTED: frozenset({S.PENDING}),
    S.SUPPRESSED: frozenset(),
    S.EXPIRED: frozenset({S.PENDING}),
}
OPEN = (S.PENDING, S.DEFERRED, S.SENDING)

_UNWANTED = "left, paused or suppressed since the edition was frozen"
_TRIES = 2  # of a transaction that waits for one that waits for it, before the last
LEASE = timedelta(seconds=60)
_DAMAGED = timedelta(hours=1)  # after which a shard that could not be read is looked at again
SHARD_SIZE = 500
_CANCELLED = editions.c.state == EditionState.CANCELLED


class FenceLost(DistributorError):
    """Another worker has taken this shard over: nothing more may be sent or written for it."""


class Shard(NamedTuple):
    """A piece of an edition that this worker holds, and the fence that proves it."""

    edition: str
    number: int
    channel: str
    fence: int


@dataclass(slots=True)
class LedgerEntry:
    """An outcome to be written: the row, the state in which it is found, what becomes of it, and its counts then."""

    shard: Shard
    row: Delivery
    decision: Decision
    was: DeliveryState
    attempts: int
    crash_count: int
    bounce: Bounce | None = None  # what the outcome says of the address
    at: datetime | None = None  # when it was tried; now if None

    def __post_init__(self) -> None:
        assert self.decision.state in TRANSITIONS[self.was], f"{self.was} -> {self.decision.state}"


def entry(shard: Shard, row: Delivery, decision: Decision) -> LedgerEntry:
    """An outcome for a row that is in the store as it is here."""
    return LedgerEntry(shard, row, decision, row.state, row.attempts, row.crash_count)


class CommitResult(NamedTuple):
    """What came of marks and entries: the rows (their ids) that may leave, the shards that are in other hands, and the
    editions that were paused because too many addresses were refused."""

    allowed: frozenset[int] = frozenset()
    lost: frozenset[Shard] = frozenset()
    paused: frozenset[str] = frozenset()


# -- working -----------------------------------------------------------------------------------------------------------


class Ledger:
    """The ledger as one worker uses it."""

    def __init__(
        self,
        database: Database,
        owner: str | None = None,
        lease: timedelta = LEASE,
        limits: BounceGuard | None = None,
    ) -> None:
        self.database = database
        self.owner = owner or new_owner()
        self.lease = lease
        self.limits = limits or BounceGuard()

    # -- shards ------------------------------------------------------------------------------------------------------

    def claim(
        self, channel: str, now: datetime, *, untried_first: bool = False, in_order: bool = False
    ) -> Shard | None:
        """Take a shard of a channel that has something to do and that nobody alive is working on. `untried_first`: those
        with rows that were never tried come before those that only have to try again, of whichever edition. `in_order`:
        a shard is free only when nothing is to be done any more in those of its edition before it.

        What a dead worker left in `sending` becomes `uncertain` in the same transaction.
        """
        while True:
            with self.database.write(alone=False) as connection:
                free = claimable_shards(channel, now, dead_owners(connection, channel, now), untried_first)
                free = (only_first(free, channel, now) if in_order else free).limit(1)
                row = connection.execute(free).one_or_none()
                if row is None:
                    return None
                shard = self._take(connection, Shard(row.edition_id, row.shard, channel, row.fence + 1), now)
                if shard:
                    return shard
            # Somebody else was sooner, which takes nothing from the others that are free.

    def take(self, edition: str, number: int, channel: str, now: datetime) -> Shard | None:
        """Take this shard, as `claim` takes any; None where there is nothing to do in it, or somebody alive works on it."""
        with self.database.write(alone=False) as connection:
            row = connection.execute(due_shard(edition, number, channel, now)).one_or_none()
            if row is None or (row.lease_until and row.lease_until > now and not owner_is_dead(row.owner)):
                return None
            return self._take(connection, Shard(edition, number, channel, row.fence + 1), now)

    def _take(self, connection: Connection, shard: Shard, now: datetime) -> Shard | None:
        """Raise the fence of a shard; None where somebody else has done so since we looked."""
        taken = connection.execute(
            sa.update(shards)
            .where(_in_shard(shards, shard), shards.c.fence == shard.fence - 1)
            .values(fence=shard.fence, owner=self.owner, lease_until=now + self.lease)
        )
        if not taken.rowcount:
            return None
        _mark_uncertain(connection, shard, now)
        return shard

    def renew(self, held: Iterable[Shard], now: datetime) -> frozenset[Shard]:
        """Keep the leases of these shards; returns those that another worker has by now."""
        lost = set()
        with self.database.write(alone=False) as connection:
            for shard in held:
                kept = connection.execute(
                    sa.update(shards)
                    .where(_in_shard(shards, shard), shards.c.fence == shard.fence)
                    .values(lease_until=now + self.lease)
                )
                if kept.rowcount == 0:
                    lost.add(shard)
        return frozenset(lost)

    def release(self, held: Iterable[Shard]) -> None:
        """Let go of shards, and write down when there is something to do in them again."""
        with self.database.write(alone=False) as connection:
            for shard in sorted(held):
                # First the lock, then the look: on PostgreSQL a statement that waits has looked before it waited, and
                # would not see the rows that staff have enqueued again meanwhile.
                connection.execute(sa.select(shards.c.shard).where(_in_shard(shards, shard)).with_for_update())
                connection.execute(
                    sa.update(shards)
                    .where(_in_shard(shards, shard), shards.c.fence == shard.fence)
                    .values(owner="", lease_until=None, due=_next_due(shard))
                )

    def postpone_shard(self, shard: Shard, now: datetime) -> None:
        """Let go of a shard whose emails cannot be read, for an hour: the others must not wait for it."""
        with self.database.write(alone=False) as connection:
            here = _in_shard(shards, shard) & (shards.c.fence == shard.fence)
            connection.execute(sa.update(shards).where(here).values(owner="", lease_until=None, due=now + _DAMAGED))

    def leftover_shards(self) -> list[Shard]:
        """Shards that are ours by the store: to be asked between runs, when none is in hand. A store that failed has not
        taken it that they were let go of."""
        query = sa.select(shards.c.edition_id, shards.c.shard, shards.c.channel, shards.c.fence)
        with self.database.read() as connection:
            return [Shard(*row) for row in connection.execute(query.where(shards.c.owner == self.owner))]

    def due(self, shard: Shard, now: datetime) -> list[Delivery]:
        """The rows of a shard that are to be tried, or whose doubt is to be settled, now. Those that were tried before come
        last, so that a few that fail again and again keep nobody waiting."""
        waiting = deliveries.c.state.in_((S.DEFERRED, S.UNCERTAIN)) & (deliveries.c.due <= now)
        query = (
            sa.select(*DELIVERY_COLUMNS)
            .where(_in_shard(deliveries, shard), (deliveries.c.state == S.PENDING) | waiting)
            .order_by(deliveries.c.variant, sa.case((deliveries.c.state == S.PENDING, 0), else_=1), deliveries.c.id)
        )
        with self.database.read() as connection:
            return [delivery_from_row(row) for row in connection.execute(query)]

    def tried(self, channel: str, since: datetime, most: int, domain: str = "") -> list[datetime]:
        """When emails were tried since a time, to one domain or to all: the latest `most`, oldest first. An email that was
        tried more than once counts with its last try."""
        alive = sa.select(editions.c.id).where(editions.c.expires_at > since)
        tried = (S.SENDING, S.SENT, S.UNCERTAIN, S.REJECTED, S.DEFERRED)
        query = (
            sa.select(deliveries.c.updated)
            .where(deliveries.c.edition_id.in_(alive), deliveries.c.channel == channel)
            .where(deliveries.c.attempts > 0, deliveries.c.updated > since, deliveries.c.state.in_(tried))
            .order_by(deliveries.c.updated.desc())
            .limit(most)
        )
        if domain:
            query = query.where(sa.func.lower(deliveries.c.address).endswith(f"@{domain}", autoescape=True))
        with self.database.read() as connection:
            return list(connection.execute(query).scalars())[::-1]

    # -- rows --------------------------------------------------------------------------------------------------------

    def post(
        self, marks: Sequence[tuple[Shard, Delivery]], entries: Sequence[LedgerEntry], now: datetime
    ) -> CommitResult:
        """Commit marks and outcomes together.

        A marked row may leave. A row is refused its mark where its shard is in other hands, its edition is paused or
        cancelled, or it is not open any more; where its recipient has left, paused or is suppressed since it was enqueued
        it becomes `suppressed`.
        Outcomes for shards in other hands are not written.
        """
        for _ in range(_TRIES):
            with contextlib.suppress(StoreBusy):
                return self._post(marks, entries, now)
        return self._post(marks, entries, now)

    def _post(
        self, marks: Sequence[tuple[Shard, Delivery]], entries: Sequence[LedgerEntry], now: datetime
    ) -> CommitResult:
        touched = {shard for shard, _ in marks} | {entry.shard for entry in entries}
        with self.database.write(alone=False) as connection:
            held, stopped = _guard(connection, self.owner)
            ours = [entry for entry in entries if entry.shard in held]
            _write_outcomes(connection, ours, now)
            bounces = sorted((one.bounce for one in ours if one.bounce), key=lambda bounce: bounce.address)
            effects = bounce_suppressions.record_bounces(connection, bounces, now, self.limits) if bounces else []
            paused = _paused(connection, {effect.bounce.edition_id for effect in effects if effect.pending})
            stopped |= paused
            wanted = [row for shard, row in marks if shard in held and shard.edition not in stopped]
            allowed = _mark(connection, wanted, now) if wanted else frozenset()
        return CommitResult(allowed, frozenset(touched - held), paused)

    def still_open(self, edition: str, ids: Sequence[int]) -> frozenset[int]:
        """Those of these rows that may still be tried: none while the edition is paused, or once it is cancelled."""
        going_on = sa.select(editions.c.id).where(editions.c.id == edition, editions.c.paused_at.is_(None), ~_CANCELLED)
        query = sa.select(deliveries.c.id).where(
            deliveries.c.id.in_(ids), deliveries.c.state.in_((S.PENDING, S.DEFERRED)), going_on.exists()
        )
        with self.database.read() as connection:
            return frozenset(connection.execute(query).scalars())


# -- statements --------------------------------------------------------------------------------------------------------


def _mark_uncertain(connection: Connection, shard: Shard, now: datetime) -> None:
    connection.execute(
        sa.update(deliveries)
        .where(_in_shard(deliveries, shard), deliveries.c.state == S.SENDING, deliveries.c.fence < shard.fence)
        .values(
            state=S.UNCERTAIN,
            due=now,
            updated=now,
            crash_count=deliveries.c.crash_count + 1,
            reply="the sender died between sending and the answer",
        )
    )


def _next_due(shard: Shard) -> sa.ScalarSelect[Any]:
    """When there is something to do in a shard; NULL where there is nothing."""
    now_or_later = sa.case(
        (deliveries.c.state.in_((S.PENDING, S.SENDING)), sa.literal(AT_ONCE, UTC_TIME)), else_=deliveries.c.due
    )
    open_or_in_doubt = deliveries.c.state.in_((*OPEN, S.UNCERTAIN))
    return sa.select(sa.func.min(now_or_later)).where(_in_shard(deliveries, shard), open_or_in_doubt).scalar_subquery()


def _in_shard(table: sa.Table, shard: Shard) -> sa.ColumnElement[bool]:
    return (table.c.edition_id == shard.edition) & (table.c.shard == shard.number)


# The statements that run for every group of emails, made once. FOR SHARE: on PostgreSQL a take-over must not slip in
# between this look and the write (SQLite has one writer).
_GUARD = PreparedStatement(
    lambda _: (
        sa.select(
            shards.c.edition_id,
            shards.c.shard,
            shards.c.channel,
            shards.c.fence,
            editions.c.paused_at,
            editions.c.state,
        )
        .join(editions, editions.c.id == shards.c.edition_id)
        .where(shards.c.owner == sa.bindparam("b_owner"))
        .order_by(shards.c.edition_id, shards.c.shard)  # see rows.lock_shards
        .with_for_update(read=True, of=shards)
    ),
    "b_owner",
)
_WRITTEN = ("state", "due", "reply", "remote_id", "url", "updated", "attempts", "crash_count")
_OUTCOME = PreparedStatement(
    lambda _: (
        sa.update(deliveries)
        .where(deliveries.c.id == sa.bindparam("b_id"), deliveries.c.state == sa.bindparam("b_was"))
        .values({name: sa.bindparam(f"b_{name}") for name in _WRITTEN})
    ),
    "b_id",
    "b_was",
    *(f"b_{name}" for name in _WRITTEN),
)


def _guard(connection: Connection, owner: str) -> tuple[set[Shard], set[str]]:
    """The shards that are still ours, and the editions among them that are paused or cancelled."""
    held, stopped = set(), set()
    for edition, number, channel, fence, paused_at, state in _GUARD.run(connection, owner):
        held.add(Shard(edition, number, channel, fence))
        if paused_at or state == EditionState.CANCELLED:
            stopped.add(edition)
    return held, stopped


def _paused(connection: Connection, which: set[str]) -> frozenset[str]:
    if not which:
        return frozenset()
    query = sa.select(editions.c.id).where(editions.c.id.in_(which), editions.c.paused_at.is_not(None))
    return frozenset(connection.execute(query).scalars())


def _write_outcomes(connection: Connection, entries: Sequence[LedgerEntry], now: datetime) -> None:
    updated = bind_time(connection, now)
    rows = []
    for entry in entries:
        state, due, reply, remote_id, url = entry.decision
        at = bind_time(connection, entry.at) if entry.at else updated
        written = (state.value, bind_time(connection, due), reply[:1000], remote_id, url, at)
        rows.append((entry.row.id, entry.was.value, *written, entry.attempts, entry.crash_count))
    if rows:
        _OUTCOME.run_many(connection, rows)


def _mark(connection: Connection, rows: Sequence[Delivery], now: datetime) -> frozenset[int]:
    """Mark rows of shards that are ours; returns the ids of those that may leave."""
    ids = [row.id for row in rows]
    listed = json.dumps(ids) if connection.dialect.name == "sqlite" else ids
    allowed = frozenset(_MARK.run(connection, listed, bind_time(connection, now)).scalars())
    if len(allowed) < len(ids):
        connection.execute(
            sa.update(deliveries)
            .where(
                deliveries.c.id.in_(ids), deliveries.c.state.in_((S.PENDING, S.DEFERRED)), deliveries.c.recipient != ""
            )
            .values(
                state=S.SUPPRESSED,
                updated=now,
                due=None,
                reply=_UNWANTED,
            )
        )
    return allowed


def recipient_still_subscribed(at: datetime | sa.BindParameter[datetime]) -> sa.ColumnElement[bool]:
    """Whether the recipient of an email is still on its newsletter, has not paused it until later than `at`, and is not
    suppressed."""
    subscribed = (
        sa.select(subscribers.c.id)
        .join(subscriptions, subscriptions.c.subscriber_id == subscribers.c.id)
        .join(editions, editions.c.newsletter == subscriptions.c.newsletter)
        .where(editions.c.id == deliveries.c.edition_id, subscribers.c.id == deliveries.c.recipient)
        .where(subscriptions.c.paused_until.is_(None) | (subscriptions.c.paused_until <= at))
    )
    suppressed = sa.select(suppressions.c.reason).where(suppressions.c.address_key == subscribers.c.address_key)
    return subscribed.where(~suppressed.exists()).exists()


def _mark_statement(kind: str) -> sa.UpdateBase:
    """Marks the rows of a list of ids, which SQLite takes as JSON and PostgreSQL as an array: one text for any number."""
    if kind == "sqlite":
        values = sa.func.json_each(sa.bindparam("b_ids", type_=sa.Text)).table_valued("value")
        listed: sa.ColumnElement[bool] = deliveries.c.id.in_(sa.select(values.c.value))
    else:
        listed = deliveries.c.id == sa.any_(sa.bindparam("b_ids", type_=sa.ARRAY(sa.BigInteger)))
    return (
        sa.update(deliveries)
        .where(listed)
        .where((deliveries.c.state == S.PENDING) | (deliveries.c.state == S.DEFERRED))
        .where((deliveries.c.recipient == "") | recipient_still_subscribed(sa.bindparam("b_updated", type_=UTC_TIME)))
        .values(
            state=S.SENDING,
            attempts=deliveries.c.attempts + 1,
            fence=sa.select(shards.c.fence)
            .where(shards.c.edition_id == deliveries.c.edition_id, shards.c.shard == deliveries.c.shard)
            .scalar_subquery(),
            due=None,
            updated=sa.bindparam("b_updated"),
        )
        .returning(deliveries.c.id)
    )


_MARK = PreparedStatement(_mark_statement, "b_ids", "b_updated")
