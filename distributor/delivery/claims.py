"""Which shard of a channel a worker may take next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ..model import EditionKind
from ..storage.tables import deliveries, editions, shards
from .lease import AT_ONCE, owner_is_dead


def claimable_shards(channel: str, now: datetime, dead: Sequence[str], untried_first: bool) -> sa.Select[Any]:
    """Shards with something to do that nobody works on, alerts first."""
    nobody = shards.c.lease_until.is_(None) | (shards.c.lease_until <= now) | shards.c.owner.in_(dead)
    urgent = sa.case((editions.c.kind == EditionKind.ALERT, 0), else_=1)
    tried = sa.case((shards.c.due == AT_ONCE, 0), else_=1)
    return (
        sa.select(shards.c.edition_id, shards.c.shard, shards.c.fence)
        .join(editions, editions.c.id == shards.c.edition_id)
        .where(shards.c.channel == channel, shards.c.due <= now, nobody)
        .where(editions.c.released_at.is_not(None), editions.c.paused_at.is_(None))
        .order_by(urgent, *([tried] if untried_first else []), editions.c.frozen_at, shards.c.shard)
    )


def due_shard(edition: str, number: int, channel: str, now: datetime) -> sa.Select[Any]:
    """A shard, if there is something to do in it; and who works on it."""
    return (
        sa.select(shards.c.fence, shards.c.owner, shards.c.lease_until)
        .join(editions, editions.c.id == shards.c.edition_id)
        .where(
            shards.c.edition_id == edition, shards.c.shard == number, shards.c.channel == channel, shards.c.due <= now
        )
        .where(editions.c.released_at.is_not(None), editions.c.paused_at.is_(None))
    )


def only_first(query: sa.Select[Any], channel: str, now: datetime) -> sa.Select[Any]:
    """Of each edition only the first shard of a channel in which there is something to do, now or later. One that was put
    off because it is damaged, and none of its rows waits so long, keeps nobody waiting."""
    before = shards.alias()
    waits = (before.c.edition_id == shards.c.edition_id) & (before.c.shard < shards.c.shard)
    its_own = (deliveries.c.edition_id == before.c.edition_id) & (deliveries.c.shard == before.c.shard)
    deferred = sa.select(deliveries.c.id).where(its_own, deliveries.c.due >= before.c.due).exists()
    to_do = (before.c.due <= now) | deferred
    still = sa.select(before.c.shard).where(waits, before.c.channel == channel, to_do)
    return query.where(~still.exists())


def dead_owners(connection: Connection, channel: str, now: datetime) -> list[str]:
    """Owners whose leases still run although they are gone."""
    query = sa.select(shards.c.owner).where(
        shards.c.channel == channel, shards.c.due <= now, shards.c.owner != "", shards.c.lease_until > now
    )
    return [owner for owner in connection.execute(query.distinct()).scalars() if owner_is_dead(owner)]
