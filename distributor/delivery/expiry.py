"""What will not go out any more: editions whose time is over or that were cancelled, and what a newer one has replaced."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ..model import DeliveryState, EditionState
from ..storage.database import Database
from ..storage.tables import deliveries, editions, shards
from . import channel_state
from .queries import lock_shards, mark_shards_idle

S = DeliveryState
EXPIRED_REASON = "not out in the edition's time: "  # how the reply of a row begins whose edition's time is over
_CANCELLED = editions.c.state == EditionState.CANCELLED


def expire_deliveries(database: Database, now: datetime) -> int:
    """Give up what editions have not got out whose time is over, or which were cancelled while it was on the wire;
    returns how many rows. The time of an edition that is paused stands still."""
    under_way = editions.c.released_at.is_not(None) & editions.c.paused_at.is_(None)
    over = under_way & (editions.c.expires_at <= now)
    reasons = {EXPIRED_REASON: over, "cancelled; before that: ": _CANCELLED}
    with database.read(long=True) as connection:
        found = {
            why: list(connection.execute(_editions_with_open_shards().where(which)).scalars())
            for why, which in reasons.items()
        }
    return sum(_close_rows(database, which, reason, now) for reason, which in found.items())


def _close_rows(database: Database, which: Sequence[str], reason: str, now: datetime) -> int:
    if not which:
        return 0
    with database.write(alone=False, long=True) as connection:
        lock_shards(connection, shards.c.edition_id.in_(which))
        still_so = sa.select(editions.c.id).where(
            editions.c.id.in_(which), (editions.c.paused_at.is_(None) & (editions.c.expires_at <= now)) | _CANCELLED
        )
        number = connection.execute(
            sa.update(deliveries)
            .where(deliveries.c.edition_id.in_(still_so), deliveries.c.state.in_((S.PENDING, S.DEFERRED)))
            .values(state=S.EXPIRED, due=None, updated=now, reply=sa.literal(reason) + _last_known(connection))
        ).rowcount
        mark_shards_idle(connection, shards.c.edition_id.in_(which))
        return number


def _last_known(connection: Connection) -> sa.ColumnElement[str]:
    """The last reply of a row; where there is none, the failure of its whole channel, which had kept it from being
    tried."""
    known = {
        name: f"the channel failed: {fault.text}" for name, fault in channel_state.faults_by_channel(connection).items()
    }
    of_channel = sa.case(known, value=deliveries.c.channel, else_="") if known else sa.literal("")
    return sa.case((deliveries.c.reply != "", deliveries.c.reply), else_=of_channel)


def _editions_with_open_shards() -> sa.Select[Any]:
    """The editions that have something to do."""
    query = sa.select(editions.c.id).join(shards, shards.c.edition_id == editions.c.id)
    return query.where(shards.c.due.is_not(None)).distinct()
