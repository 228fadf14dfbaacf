"""What workers on other hosts are asked for: shards of emails, and channels with posts. Only where the store has a queue."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from ..model import EditionKind
from ..storage.tables import deliveries, editions, shards
from ..tasks import queue
from .channel_state import list_backoffs, list_stopped
from .lease import AT_ONCE, owner_is_dead

_AT_ONCE = 200  # shards that one look asks for: what cannot be carried just now is asked for again and again


def ask_for_edition(connection: Connection, edition: str) -> None:
    """Ask for all that an edition owes now, in the transaction that lets it go."""
    if queue.exists(connection):
        waiting = shards.c.due.is_not(None) & (shards.c.edition_id == edition)
        _ask(connection, list(connection.execute(_shards().where(waiting))))


def ask_again(connection: Connection, channels: Collection[str], now: datetime, started: datetime) -> int:
    """Ask for what is due on these channels and nobody works on or has been asked for; returns how many shards. What is
    tried again later comes back so, and whatever the queue has lost.

    A channel that backs off, or was stopped since this process was `started`, is left alone. Where a process of this host is
    gone, its tasks are known to be so as well. In a transaction that may run beside others: who asks twice does no harm.
    """
    well = set(channels) - list_backoffs(connection, now).keys() - list_stopped(connection, now, started)
    dead = [owner for owner in connection.execute(_owners(well, now)).scalars() if owner_is_dead(owner)]
    nobody = shards.c.lease_until.is_(None) | (shards.c.lease_until <= now)
    asked = queue.is_open(queue.MAIL, edition=shards.c.edition_id, shard=shards.c.shard) | queue.is_open(
        queue.POSTS, channel=shards.c.channel
    )
    query = (
        _shards()
        .where(shards.c.channel.in_(well), shards.c.due <= now, (nobody & ~asked) | shards.c.owner.in_(dead))
        .order_by(shards.c.due, editions.c.frozen_at, shards.c.shard)
        .limit(_AT_ONCE)
    )
    found = list(connection.execute(query))
    _ask(connection, found)
    return len(found)


def _shards() -> sa.Select[Any]:
    """Shards of editions that are let go of: whether they hold emails, and what says how urgent they are."""
    to_people = sa.select(deliveries.c.id).where(
        deliveries.c.edition_id == shards.c.edition_id,
        deliveries.c.shard == shards.c.shard,
        deliveries.c.recipient != "",
    )
    return (
        sa.select(
            shards.c.edition_id,
            shards.c.shard,
            shards.c.channel,
            editions.c.kind,
            shards.c.due,
            to_people.exists().label("emails"),
        )
        .join(editions, editions.c.id == shards.c.edition_id)
        .where(editions.c.released_at.is_not(None), editions.c.paused_at.is_(None))
    )


def _owners(channels: Collection[str], now: datetime) -> sa.Select[Any]:
    here = shards.c.channel.in_(channels) & (shards.c.due <= now)
    return sa.select(shards.c.owner).where(here, shards.c.owner != "", shards.c.lease_until > now).distinct()


def _ask(connection: Connection, found: list[Row[Any]]) -> None:
    by_priority: dict[int, list[queue.Arguments]] = {}
    for row in found:
        if row.emails:
            urgent = row.kind == EditionKind.ALERT
            priority = queue.URGENT if urgent else queue.USUAL if row.due == AT_ONCE else queue.AGAIN
            arguments = {"edition": row.edition_id, "shard": row.shard, "channel": row.channel, "urgent": int(urgent)}
            by_priority.setdefault(priority, []).append(arguments)
    for priority, tasks in by_priority.items():
        queue.ask(connection, queue.MAIL, tasks, priority)
    posting = {row.channel for row in found if not row.emails}
    queue.ask(connection, queue.POSTS, [{"channel": channel} for channel in sorted(posting)])
