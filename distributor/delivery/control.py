"""What staff can do to an edition that is on its way: pause it, let it go on, ask for the missed again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from ..model import DeliveryState, EditionState
from ..storage.tables import deliveries, editions, shards
from .enqueue import SUPERSEDED_BY
from .ledger import AT_ONCE, recipient_still_subscribed
from .queries import lock_shards, mark_shards_idle

MISSED_STATES = (DeliveryState.REJECTED, DeliveryState.EXPIRED)


def pause(connection: Connection, edition: str, now: datetime) -> bool:
    """Let nothing more of an edition leave; what is on the wire comes to its end. False where nothing is on its way."""
    under_way = (editions.c.id == edition) & (editions.c.state == EditionState.FROZEN) & editions.c.paused_at.is_(None)
    return connection.execute(sa.update(editions).where(under_way).values(paused_at=now)).rowcount == 1


def resume(connection: Connection, edition: str, now: datetime) -> bool:
    """Let a paused edition go on, with as much time as it had left. False where it is not paused."""
    here = (editions.c.id == edition) & editions.c.paused_at.is_not(None)
    row = connection.execute(sa.select(editions.c.paused_at, editions.c.expires_at).where(here)).one_or_none()
    if row is None:
        return False
    ends = row.expires_at + max(now - row.paused_at, timedelta())
    connection.execute(sa.update(editions).where(here).values(paused_at=None, expires_at=ends))
    return True


def reopen(
    connection: Connection,
    edition: str,
    states: Sequence[DeliveryState],
    now: datetime,
    expires_at: datetime,
    only: sa.ColumnElement[bool] | None = None,
) -> int:
    """Promise the letters of an edition anew that have not reached anybody, or `only` some of them; returns how many.

    What a newer edition carries by now is left alone, and so is what is for readers who have left or are suppressed.
    """
    letters = _missed_rows(edition, states) & recipient_still_subscribed()
    if only is not None:
        letters &= only
    touched = sa.select(deliveries.c.shard).where(letters)
    lock_shards(connection, shards.c.edition_id == edition)
    connection.execute(
        sa.update(shards).where(shards.c.edition_id == edition, shards.c.shard.in_(touched)).values(due=AT_ONCE)
    )
    opened = connection.execute(
        sa.update(deliveries)
        .where(letters)
        .values(state=DeliveryState.PENDING, attempts=0, crash_count=0, due=None, updated=now)
    ).rowcount
    if opened:
        connection.execute(
            sa.update(editions)
            .where(editions.c.id == edition)
            .values(state=EditionState.FROZEN, done_at=None, paused_at=None, expires_at=expires_at)
        )
    return opened


def cancel_channel(connection: Connection, channel: str, reason: str, now: datetime, dry_run: bool) -> int:
    """Close what is open or in doubt on a channel that nobody works on; returns how many rows."""
    here = shards.c.channel == channel
    states = (DeliveryState.PENDING, DeliveryState.DEFERRED, DeliveryState.SENDING, DeliveryState.UNCERTAIN)
    owed = sa.select(shards.c.edition_id).where(here, shards.c.due.is_not(None))
    which = deliveries.c.edition_id.in_(owed) & (deliveries.c.channel == channel) & deliveries.c.state.in_(states)
    if dry_run:
        return connection.execute(sa.select(sa.func.count()).select_from(deliveries).where(which)).scalar_one()
    lock_shards(connection, here)
    before = sa.case((deliveries.c.reply != "", sa.literal("; before that: ") + deliveries.c.reply), else_="")
    in_doubt = deliveries.c.state.in_((DeliveryState.SENDING, DeliveryState.UNCERTAIN))
    doubt = sa.case((in_doubt, "; it may be out"), else_="")
    closed = connection.execute(
        sa.update(deliveries)
        .where(which)
        .values(state=DeliveryState.EXPIRED, due=None, updated=now, reply=sa.literal(reason) + doubt + before)
    ).rowcount
    connection.execute(sa.update(shards).where(here).values(owner="", lease_until=None))
    mark_shards_idle(connection, here)
    return closed


def count_missed(connection: Connection, edition: str, states: Sequence[DeliveryState]) -> int:
    """How many letters `reopen` would promise anew."""
    query = (
        sa.select(sa.func.count())
        .select_from(deliveries)
        .where(_missed_rows(edition, states), recipient_still_subscribed())
    )
    return connection.execute(query).scalar_one()


def count_unreachable(connection: Connection, edition: str, states: Sequence[DeliveryState]) -> int:
    """How many letters `reopen` would leave alone, because their readers have left or are suppressed."""
    query = (
        sa.select(sa.func.count())
        .select_from(deliveries)
        .where(_missed_rows(edition, states), ~recipient_still_subscribed())
    )
    return connection.execute(query).scalar_one()


def _missed_rows(edition: str, states: Sequence[DeliveryState]) -> sa.ColumnElement[bool]:
    letters = (deliveries.c.edition_id == edition) & (deliveries.c.recipient != "")
    return letters & deliveries.c.state.in_(states) & ~deliveries.c.reply.startswith(SUPERSEDED_BY)
