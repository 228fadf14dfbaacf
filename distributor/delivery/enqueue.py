"""Enqueues deliveries: a row for everything that an edition owes, made in the transaction that freezes it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ..model import DeliveryState as S
from ..model import Edition, Rendition
from ..storage import partitions
from ..storage.tables import deliveries, shards
from ..subscribers import recipients
from ..subscribers.recipients import CorrectionRecipients, EditionRecipients
from .lease import AT_ONCE
from .ledger import SHARD_SIZE


def enqueue_deliveries(
    connection: Connection,
    edition: Edition,
    kept: Iterable[Rendition],
    audience: EditionRecipients | CorrectionRecipients | None,
    personal: frozenset[str],
) -> int:
    """Make a row of everything that the edition owes, in the transaction that freezes it; returns how many emails.

    `personal` are the channels that send to subscribers: each recipient is owed the variant of a segment on each of them.
    """
    shard = emails = 0
    writing: list[str] = []
    for rendition in kept:
        if rendition.channel in personal:
            writing += [rendition.channel] if rendition.channel not in writing else []
            continue
        _add_shards(connection, edition.id, rendition.channel, shard, 1)
        row = _row(edition, rendition.channel, rendition.variant, "", "", shard)
        connection.execute(sa.insert(deliveries).values(row))
        shard += 1
    if audience and writing:
        if isinstance(audience, EditionRecipients):  # before this edition's emails count
            recipients.postpone_over_cap(connection, audience.order, edition)
        with recipients.select_recipients(connection, audience) as (emails, selected):
            for channel in writing:
                shard += _enqueue_personal(connection, edition, channel, emails, selected, shard)
    return emails


def _enqueue_personal(
    connection: Connection, edition: Edition, channel: str, count: int, selected: sa.Subquery, first: int
) -> int:
    """Rows for all recipients by one statement, in shards of which most hold one variant only."""
    number = -(-count // SHARD_SIZE)
    _add_shards(connection, edition.id, channel, first, number)
    place = sa.func.row_number().over(order_by=(selected.c.variant, selected.c.id)) - 1
    values = _row(edition, channel, selected.c.variant, selected.c.id, selected.c.address, first + place // SHARD_SIZE)
    columns = [
        value if isinstance(value, sa.ColumnElement) else sa.literal(value, deliveries.c[name].type)
        for name, value in values.items()
    ]
    names = list(values)
    numbers = partitions.take_numbers(connection, count, edition.frozen_at)
    if numbers is not None:
        names, columns = [*names, "id"], [*columns, sa.literal(numbers, sa.BigInteger) + place]
    connection.execute(sa.insert(deliveries).from_select(names, sa.select(*columns)))
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
    """Delete the rows of an edition of which nothing has been tried yet."""
    connection.execute(sa.delete(deliveries).where(deliveries.c.edition_id == edition))
    connection.execute(sa.delete(shards).where(shards.c.edition_id == edition))
