"""The promise: a row for everything that an edition owes, made in the transaction that freezes it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ..model import DeliveryState as S
from ..model import Edition, Rendition
from ..storage.tables import deliveries, editions, shards, subscribers, subscriptions, suppressions
from .ledger import SHARD_SIZE


def promise(
    connection: Connection,
    edition: Edition,
    kept: Iterable[Rendition],
    *,
    personal: frozenset[str],
    latest_only: frozenset[str],
    now: datetime,
) -> None:
    """Make a row of everything that the edition owes, in the transaction that freezes it.

    The audience of a personal channel is who has asked for this newsletter now and is not suppressed. What an earlier
    edition still owes to a channel that shows only the latest is overtaken.
    """
    k = 0
    for rendition in kept:
        if rendition.channel in personal:
            k += _promise_audience(connection, edition, rendition, k, now)
            continue
        _add_shards(connection, edition.id, rendition.channel, k, 1)
        connection.execute(sa.insert(deliveries).values(_row(edition.id, rendition, "", "", k, now)))
        k += 1
    for channel in latest_only:
        overtake(connection, edition, channel, now)


def _row(edition: str, rendition: Rendition, recipient: Any, address: Any, k: Any, now: datetime) -> dict[str, Any]:
    return {
        "edition_id": edition,
        "channel": rendition.channel,
        "part": rendition.part,
        "recipient": recipient,
        "k": k,
        "state": S.PENDING,
        "attempts": 0,
        "fence": 0,
        "updated": now,
        "address": address,
        "reply": "",
        "remote_id": "",
        "url": "",
    }


def _add_shards(connection: Connection, edition: str, channel: str, first: int, count: int) -> None:
    rows = [{"edition_id": edition, "k": first + i, "channel": channel, "fence": 0, "owner": ""} for i in range(count)]
    if rows:
        connection.execute(sa.insert(shards), rows)


def audience(newsletter: str) -> sa.Select[Any]:
    """Who gets a newsletter now: id and address of its subscribers who are not suppressed."""
    suppressed = sa.select(suppressions.c.address_key).where(suppressions.c.address_key == subscribers.c.address_key)
    return (
        sa.select(subscribers.c.id, subscribers.c.address)
        .join(subscriptions, subscriptions.c.subscriber_id == subscribers.c.id)
        .where(subscriptions.c.newsletter == newsletter, ~suppressed.exists())
    )


def audience_size(connection: Connection, newsletter: str) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(audience(newsletter).subquery())).scalar_one()


def _promise_audience(connection: Connection, edition: Edition, rendition: Rendition, first: int, now: datetime) -> int:
    """Rows for all subscribers by one statement, so that a million of them need no memory here."""
    count = -(-audience_size(connection, edition.newsletter) // SHARD_SIZE)
    _add_shards(connection, edition.id, rendition.channel, first, count)
    people = audience(edition.newsletter).subquery()
    place = sa.func.row_number().over(order_by=people.c.id) - 1
    k = place // SHARD_SIZE
    values = _row(edition.id, rendition, people.c.id, people.c.address, first + k, now)
    columns = [
        value if isinstance(value, sa.ColumnElement) else sa.literal(value, deliveries.c[name].type)
        for name, value in values.items()
    ]
    connection.execute(sa.insert(deliveries).from_select(list(values), sa.select(*columns)))
    return count


def overtake(connection: Connection, edition: Edition, channel: str, now: datetime) -> None:
    """Close what earlier editions of the newsletter still owe to a channel that shows only the latest."""
    earlier = sa.select(editions.c.id).where(
        editions.c.newsletter == edition.newsletter, editions.c.number < edition.number
    )
    connection.execute(
        sa.update(deliveries)
        .where(
            deliveries.c.edition_id.in_(earlier),
            deliveries.c.channel == channel,
            deliveries.c.state.in_((S.PENDING, S.DEFERRED)),
        )
        .values(state=S.EXPIRED, updated=now, reply=f"overtaken by {edition.id}")
    )
