"""The promise: a row for everything that an edition owes, made in the transaction that freezes it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ..model import DeliveryState as S
from ..model import Edition, Rendition
from ..storage.tables import deliveries, shards
from ..subscribers import recipients
from ..subscribers.recipients import CorrectionRecipients, EditionRecipients
from .ledger import AT_ONCE, SHARD_SIZE


def enqueue_deliveries(
    connection: Connection,
    edition: Edition,
    kept: Iterable[Rendition],
    readers: EditionRecipients | CorrectionRecipients | None,
    personal: frozenset[str],
) -> int:
    """Make a row of everything that the edition owes, in the transaction that freezes it; returns how many letters.

    `personal` are the channels that write to people: each reader is owed the variant of his or her cohort on each of them.
    """
    shard = letters = 0
    writing: list[str] = []
    for rendition in kept:
        if rendition.channel in personal:
            writing += [rendition.channel] if rendition.channel not in writing else []
            continue
        _add_shards(connection, edition.id, rendition.channel, shard, 1)
        row = _row(edition, rendition.channel, rendition.variant, "", "", shard)
        connection.execute(sa.insert(deliveries).values(row))
        shard += 1
    if readers and writing:
        if isinstance(readers, EditionRecipients):  # before this edition's letters count
            recipients.postpone_over_cap(connection, readers.order, edition)
        with recipients.select_recipients(connection, readers) as (letters, people):
            for channel in writing:
                shard += _enqueue_personal(connection, edition, channel, letters, people, shard)
    return letters


def _enqueue_personal(
    connection: Connection, edition: Edition, channel: str, count: int, people: sa.Subquery, first: int
) -> int:
    """Rows for all readers by one statement, in shards of which most hold one variant only."""
    number = -(-count // SHARD_SIZE)
    _add_shards(connection, edition.id, channel, first, number)
    place = sa.func.row_number().over(order_by=(people.c.variant, people.c.id)) - 1
    values = _row(edition, channel, people.c.variant, people.c.id, people.c.address, first + place // SHARD_SIZE)
    columns = [
        value if isinstance(value, sa.ColumnElement) else sa.literal(value, deliveries.c[name].type)
        for name, value in values.items()
    ]
    connection.execute(sa.insert(deliveries).from_select(list(values), sa.select(*columns)))
    return number


def _row(edition: Edition, channel: str, variant: Any, recipient: Any, address: Any, shard: Any) -> dict[str, Any]:
    return {
        "edition_id": edition.id,
        "channel": channel,
        "variant": variant,
        "recipient": recipient,
        "shard": shard,
        "state": S.PENDING,
        "attempts": 0,
        "fence": 0,
        "updated": edition.frozen_at,
        "address": address,
        "reply": "",
        "remote_id": "",
        "url": "",
    }


def _add_shards(connection: Connection, edition: str, channel: str, first: int, count: int) -> None:
    rows = [
        {"edition_id": edition, "shard": first + i, "channel": channel, "fence": 0, "owner": "", "due": AT_ONCE}
        for i in range(count)
    ]
    if rows:
        connection.execute(sa.insert(shards), rows)


def remove_untried_deliveries(connection: Connection, edition: str) -> None:
    """Take back the rows of an edition of which nothing has been tried yet."""
    connection.execute(sa.delete(deliveries).where(deliveries.c.edition_id == edition))
    connection.execute(sa.delete(shards).where(shards.c.edition_id == edition))
