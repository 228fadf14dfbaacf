"""The ledger: every (edition, channel, part, recipient) is a row before it is tried, and its state tells the truth.

    pending ──▶ sending ──▶ sent | rejected | expired
       │           │  └───▶ deferred(until) ──▶ sending again
       │           └──────▶ uncertain ──▶ sent | deferred, or stays with staff
       └──▶ suppressed | expired

A row is marked `sending`, committed, before the irrevocable byte leaves, and its outcome is written right after. So
after a crash every row is either surely not out (pending, deferred), surely decided, or `sending`: those, and only
those, are in doubt, and they become `uncertain` by name.

The rows of an edition are cut into shards. Who works on a shard holds its lease and has raised its fence; every write
asks for that fence, so a worker that comes back late can neither mark nor settle anything. All states live in the
store: any process may die at any instant and another one goes on.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ..errors import DistributorError
from ..model import Delivery, DeliveryState, EditionState, Receipt
from ..storage.database import Database
from ..storage.tables import deliveries, editions, shards, subscribers, subscriptions, suppressions
from .retry import Decision

S = DeliveryState

# The whole truth about what may follow what. Every write of a state is checked against it.
TRANSITIONS: dict[DeliveryState, frozenset[DeliveryState]] = {
    S.PENDING: frozenset({S.SENDING, S.SUPPRESSED, S.EXPIRED}),
    S.DEFERRED: frozenset({S.SENDING, S.SUPPRESSED, S.EXPIRED}),
    S.SENDING: frozenset({S.SENT, S.DEFERRED, S.REJECTED, S.UNCERTAIN, S.EXPIRED}),
    S.UNCERTAIN: frozenset({S.SENT, S.DEFERRED, S.UNCERTAIN, S.EXPIRED}),
    S.SENT: frozenset(),
    S.REJECTED: frozenset(),
    S.SUPPRESSED: frozenset(),
    S.EXPIRED: frozenset(),
}
OPEN = (S.PENDING, S.DEFERRED, S.SENDING)

LEASE = timedelta(seconds=60)
SHARD_SIZE = 500


class FenceLost(DistributorError):
    """Another worker has taken this shard over: nothing more may be sent or written for it."""


@dataclass(frozen=True, slots=True)
class Shard:
    """A piece of an edition that this worker holds, and the fence that proves it."""

    edition: str
    k: int
    channel: str
    fence: int


def new_owner() -> str:
    """A name for this worker: host, process and a random tail."""
    return f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(4)}"


def owner_is_dead(owner: str) -> bool:
    """Whether an owner was a process of this host that is gone. Of another host only the lease can tell."""
    host, _, rest = owner.partition("/")
    if host != socket.gethostname():
        return False
    try:
        os.kill(int(rest.partition("/")[0]), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, ValueError):
        return False
    return False


# -- working -----------------------------------------------------------------------------------------------------------


class Ledger:
    """The ledger as one worker uses it."""

    def __init__(self, database: Database, owner: str | None = None) -> None:
        self.database = database
        self.owner = owner or new_owner()

    def claim(self, channel: str, now: datetime) -> Shard | None:
        """Take a shard of a channel that has something to do and that nobody alive is working on.

        What a dead worker left in `sending` becomes `uncertain` in the same transaction.
        """
        with self.database.write() as connection:
            for row in connection.execute(_with_work(channel, now)):
                if row.lease_until and row.lease_until > now and not owner_is_dead(row.owner):
                    continue
                shard = Shard(row.edition_id, row.k, channel, row.fence + 1)
                if self._take(connection, shard, now):
                    _doubt(connection, shard, now)
                    return shard
        return None

    def _take(self, connection: Connection, shard: Shard, now: datetime) -> bool:
        taken = connection.execute(
            sa.update(shards)
            .where(_is(shards, shard), shards.c.fence == shard.fence - 1)
            .values(fence=shard.fence, owner=self.owner, lease_until=now + LEASE)
        )
        return taken.rowcount == 1

    def renew(self, shard: Shard, now: datetime) -> None:
        """Keep the lease. Raises FenceLost where another worker has the shard by now."""
        with self.database.write() as connection:
            held = connection.execute(
                sa.update(shards)
                .where(_is(shards, shard), shards.c.fence == shard.fence)
                .values(lease_until=now + LEASE)
            )
        if held.rowcount == 0:
            raise FenceLost(f"shard {shard.k} of {shard.edition} is in other hands")

    def release(self, shard: Shard) -> None:
        with self.database.write() as connection:
            connection.execute(
                sa.update(shards)
                .where(_is(shards, shard), shards.c.fence == shard.fence)
                .values(owner="", lease_until=None)
            )

    def due(self, shard: Shard, now: datetime, limit: int = SHARD_SIZE) -> list[Delivery]:
        """The rows of a shard that are to be tried, or whose doubt is to be settled, now."""
        query = (
            sa.select(*_DELIVERY)
            .where(_is(deliveries, shard), _has_work(now))
            .order_by(deliveries.c.part, deliveries.c.recipient)
            .limit(limit)
        )
        with self.database.read() as connection:
            return [_delivery(row) for row in connection.execute(query)]

    def mark(self, shard: Shard, rows: Sequence[Delivery], now: datetime) -> frozenset[str]:
        """Commit that these rows may leave now. Returns the recipients that still may: their keys.

        A subscriber who has left or is suppressed since the promise becomes `suppressed`. Raises FenceLost.
        """
        wanted = _rows(rows) & _is(deliveries, shard) & deliveries.c.state.in_((S.PENDING, S.DEFERRED))
        with self.database.write() as connection:
            _guard(connection, shard)
            marked = connection.execute(
                sa.update(deliveries)
                .where(wanted, (deliveries.c.recipient == "") | _still_wanted())
                .values(state=S.SENDING, attempts=deliveries.c.attempts + 1, fence=shard.fence, due=None, updated=now)
                .returning(deliveries.c.recipient)
            )
            allowed = frozenset(marked.scalars())
            connection.execute(
                sa.update(deliveries)
                .where(wanted, deliveries.c.recipient != "")
                .values(
                    state=S.SUPPRESSED, updated=now, due=None, reply="left or suppressed since the edition was frozen"
                )
            )
        return allowed

    def settle(self, shard: Shard, row: Delivery, decision: Decision, now: datetime) -> None:
        """Write the outcome down. Raises FenceLost where another worker has the shard by now."""
        assert decision.state in TRANSITIONS[row.state], f"{row.state} -> {decision.state}"
        with self.database.write() as connection:
            written = connection.execute(
                sa.update(deliveries)
                .where(_rows([row]), _is(deliveries, shard), deliveries.c.state == row.state)
                .where(_fence_holds(shard))
                .values(
                    state=decision.state,
                    due=decision.due,
                    reply=decision.reply[:1000],
                    remote_id=decision.remote_id,
                    url=decision.url,
                    updated=now,
                )
            )
        if written.rowcount == 0:
            raise FenceLost(
                f"the outcome for {row.channel} {row.part} of {row.edition} came too late: {decision.state}"
            )

    def expire(self, now: datetime) -> int:
        """Give up what editions whose time is over have not got out; returns how many rows."""
        over = sa.select(editions.c.id).where(editions.c.expires_at <= now, editions.c.released_at.is_not(None))
        with self.database.write() as connection:
            expired = connection.execute(
                sa.update(deliveries)
                .where(deliveries.c.edition_id.in_(over), deliveries.c.state.in_((S.PENDING, S.DEFERRED)))
                .values(
                    state=S.EXPIRED, due=None, updated=now, reply="not out in the edition's time: " + deliveries.c.reply
                )
            )
        return expired.rowcount


def _with_work(channel: str, now: datetime) -> sa.Select[Any]:
    here = (deliveries.c.edition_id == shards.c.edition_id) & (deliveries.c.k == shards.c.k)
    work = sa.select(deliveries.c.k).where(here, _has_work(now) | (deliveries.c.state == S.SENDING))
    return (
        sa.select(shards)
        .join(editions, editions.c.id == shards.c.edition_id)
        .where(shards.c.channel == channel, work.exists(), editions.c.released_at.is_not(None))
        .order_by(editions.c.frozen_at, shards.c.k)
    )


def _has_work(now: datetime) -> sa.ColumnElement[bool]:
    """To be tried, or in doubt and not yet left to staff (those have no `due`)."""
    waiting = deliveries.c.state.in_((S.DEFERRED, S.UNCERTAIN)) & (deliveries.c.due <= now)
    return (deliveries.c.state == S.PENDING) | waiting


def _doubt(connection: Connection, shard: Shard, now: datetime) -> None:
    connection.execute(
        sa.update(deliveries)
        .where(_is(deliveries, shard), deliveries.c.state == S.SENDING, deliveries.c.fence < shard.fence)
        .values(state=S.UNCERTAIN, due=now, updated=now, reply="the sender died between sending and the answer")
    )


def _is(table: sa.Table, shard: Shard) -> sa.ColumnElement[bool]:
    return (table.c.edition_id == shard.edition) & (table.c.k == shard.k)


def _fence_holds(shard: Shard) -> sa.ColumnElement[bool]:
    return sa.select(shards.c.k).where(_is(shards, shard), shards.c.fence == shard.fence).exists()


def _guard(connection: Connection, shard: Shard) -> None:
    # FOR SHARE: on PostgreSQL a take-over must not slip in between this look and the write (SQLite has one writer).
    query = sa.select(shards.c.fence).where(_is(shards, shard)).with_for_update(read=True)
    if connection.execute(query).scalar() != shard.fence:
        raise FenceLost(f"shard {shard.k} of {shard.edition} is in other hands")


def _rows(rows: Sequence[Delivery]) -> sa.ColumnElement[bool]:
    first = rows[0]
    return (
        (deliveries.c.edition_id == first.edition)
        & (deliveries.c.channel == first.channel)
        & (deliveries.c.part == first.part)
        & deliveries.c.recipient.in_([row.recipient for row in rows])
    )


def _still_wanted() -> sa.ColumnElement[bool]:
    people = (
        sa.select(subscribers.c.id)
        .join(subscriptions, subscriptions.c.subscriber_id == subscribers.c.id)
        .join(editions, editions.c.newsletter == subscriptions.c.newsletter)
        .where(editions.c.id == deliveries.c.edition_id, subscribers.c.id == deliveries.c.recipient)
    )
    suppressed = sa.select(suppressions.c.reason).where(suppressions.c.address_key == subscribers.c.address_key)
    return people.where(~suppressed.exists()).exists()


# -- looking -----------------------------------------------------------------------------------------------------------

_DELIVERY = [
    deliveries.c.edition_id.label("edition"),
    *(
        deliveries.c[name]
        for name in (
            "id", "channel", "part", "recipient", "address", "state", "attempts", "recoveries", "due", "reply", "remote_id",
            "url", "updated",
        )
    ),
]  # fmt: skip


def _delivery(row: sa.Row[Any]) -> Delivery:
    return Delivery(**{**row._mapping, "state": DeliveryState(row.state)})


def listing(
    connection: Connection,
    *,
    edition: str | None = None,
    states: Sequence[DeliveryState] = (),
    channel: str | None = None,
    recipient: str | None = None,
    limit: int = 50,
) -> list[Delivery]:
    """Rows of the ledger, those that changed last first."""
    query = sa.select(*_DELIVERY).order_by(deliveries.c.updated.desc(), deliveries.c.part, deliveries.c.recipient)
    if edition:
        query = query.where(deliveries.c.edition_id == edition)
    if states:
        query = query.where(deliveries.c.state.in_(states))
    if channel:
        query = query.where(deliveries.c.channel == channel)
    if recipient:
        query = query.where(deliveries.c.recipient == recipient)
    return [_delivery(row) for row in connection.execute(query.limit(limit))]


def posted(connection: Connection, edition: str, channel: str, part: str) -> Receipt | None:
    """The receipt of what an edition has posted; None where it has posted nothing, or nobody knows."""
    here = (deliveries.c.edition_id == edition) & (deliveries.c.channel == channel) & (deliveries.c.part == part)
    query = sa.select(deliveries.c.remote_id, deliveries.c.url, deliveries.c.reply)
    row = connection.execute(
        query.where(here, deliveries.c.recipient == "", deliveries.c.state == S.SENT)
    ).one_or_none()
    return Receipt(remote_id=row.remote_id, url=row.url, reply=row.reply) if row else None


def tally(connection: Connection, edition: str) -> dict[str, dict[DeliveryState, int]]:
    """How many rows of an edition stand where: counts by channel and state."""
    query = (
        sa.select(deliveries.c.channel, deliveries.c.state, sa.func.count())
        .where(deliveries.c.edition_id == edition)
        .group_by(deliveries.c.channel, deliveries.c.state)
        .order_by(deliveries.c.channel)
    )
    counts: dict[str, dict[DeliveryState, int]] = {}
    for channel, state, number in connection.execute(query):
        counts.setdefault(channel, {})[DeliveryState(state)] = number
    return counts


def unfinished(connection: Connection) -> list[str]:
    """The editions that are not closed although nothing of theirs is open any more, oldest first."""
    owed = sa.select(deliveries.c.edition_id).where(
        deliveries.c.edition_id == editions.c.id,
        deliveries.c.state.in_(OPEN) | ((deliveries.c.state == S.UNCERTAIN) & deliveries.c.due.is_not(None)),
    )
    under_way = editions.c.state == EditionState.FROZEN
    query = sa.select(editions.c.id).where(under_way, ~owed.exists()).order_by(editions.c.frozen_at)
    return list(connection.execute(query).scalars())


def owing(connection: Connection) -> list[str]:
    """The editions that are out and still owe something."""
    query = (
        sa.select(deliveries.c.edition_id)
        .join(editions, editions.c.id == deliveries.c.edition_id)
        .where(deliveries.c.state.in_(OPEN), editions.c.released_at.is_not(None))
        .distinct()
    )
    return sorted(connection.execute(query).scalars())
