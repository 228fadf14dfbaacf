"""Emails that leave at the same moment as their recipient.

The mark before each email asks for the subscription, so whoever has left gets none. But a mark that was made before cannot
be taken back: its email is out, or about to be. Nobody is told that nothing more comes before the end of it is known.
"""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy import Connection

from ..model import DeliveryState
from ..storage.database import Database
from ..storage.tables import deliveries, shards
from .queries import UNSENT_STATES, lock_shards

S = DeliveryState


def find_marked(database: Database, recipients: Collection[str]) -> dict[str, list[int]]:
    """The numbers of the emails to these subscribers that are marked and not decided, by subscriber. Called once the end of
    their subscriptions is committed, so no further mark follows.

    On PostgreSQL a mark may just be written that has still seen a subscription. Whoever writes one holds the shard until
    it is committed, and is waited for. Raises StoreError.
    """
    with database.read() as connection:
        open_shards = _open_shards(connection, recipients)
    if not open_shards:
        return {}
    with database.write(alone=False) as connection:
        lock_shards(connection, sa.tuple_(shards.c.edition_id, shards.c.shard).in_(open_shards))
        query = sa.select(deliveries.c.recipient, deliveries.c.id).where(
            deliveries.c.recipient.in_(recipients),
            deliveries.c.edition_id.in_({edition for edition, _ in open_shards}),
            deliveries.c.state == S.SENDING,
        )
        found: dict[str, list[int]] = {}
        for recipient, id in connection.execute(query):
            found.setdefault(recipient, []).append(id)
    return found


def is_any_marked(connection: Connection, ids: Collection[int]) -> bool:
    """Whether one of these emails is not decided yet."""
    query = sa.select(deliveries.c.id).where(deliveries.c.id.in_(ids), deliveries.c.state == S.SENDING)
    return connection.execute(query.limit(1)).first() is not None


def _open_shards(connection: Connection, recipients: Collection[str]) -> list[tuple[str, int]]:
    """The shards that a worker holds and in which something for these subscribers is open: only there anything is marked."""
    held = set(connection.execute(sa.select(shards.c.edition_id).where(shards.c.owner > "")).scalars())
    if not held:
        return []
    query = (
        sa.select(deliveries.c.edition_id, deliveries.c.shard)
        .where(deliveries.c.recipient.in_(recipients), deliveries.c.edition_id.in_(held))
        .where(deliveries.c.state.in_((*UNSENT_STATES, S.SENDING)))
    )
    return [(edition, shard) for edition, shard in connection.execute(query.distinct())]
