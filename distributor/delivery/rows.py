"""Looking into the ledger: rows, counts, what is owed. Nothing is written here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ..model import Delivery, DeliveryState, EditionState, Receipt
from ..storage.tables import deliveries, editions, shards

S = DeliveryState

DELIVERY = [
    deliveries.c.edition_id.label("edition"),
    *(
        deliveries.c[name]
        for name in (
            "id", "channel", "part", "recipient", "address", "state", "attempts", "recoveries", "due", "reply", "remote_id",
            "url", "updated",
        )
    ),
]  # fmt: skip


def delivery(row: sa.Row[Any]) -> Delivery:
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
    query = sa.select(*DELIVERY).order_by(deliveries.c.updated.desc(), deliveries.c.part, deliveries.c.recipient)
    if edition:
        query = query.where(deliveries.c.edition_id == edition)
    if states:
        query = query.where(deliveries.c.state.in_(states))
    if channel:
        query = query.where(deliveries.c.channel == channel)
    if recipient:
        query = query.where(deliveries.c.recipient == recipient)
    return [delivery(row) for row in connection.execute(query.limit(limit))]


def by_id(connection: Connection, id: int) -> Delivery | None:
    """The row with a number; None where there is none."""
    row = connection.execute(sa.select(*DELIVERY).where(deliveries.c.id == id)).one_or_none()
    return delivery(row) if row else None


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
    """The editions that are not closed although nothing of theirs is to be done any more, oldest first."""
    owed = sa.select(shards.c.k).where(shards.c.edition_id == editions.c.id, shards.c.due.is_not(None))
    under_way = editions.c.state == EditionState.FROZEN
    query = sa.select(editions.c.id).where(under_way, ~owed.exists()).order_by(editions.c.frozen_at)
    return list(connection.execute(query).scalars())


def owing(connection: Connection) -> list[str]:
    """The editions that are out and still owe something."""
    query = (
        sa.select(shards.c.edition_id)
        .join(editions, editions.c.id == shards.c.edition_id)
        .where(shards.c.due.is_not(None), editions.c.released_at.is_not(None))
        .distinct()
    )
    return sorted(connection.execute(query).scalars())
