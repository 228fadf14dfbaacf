"""Bounces that are too old to be kept: counted for their editions, then deleted."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from ..storage.statements import insert_into, is_number_one_of
from ..storage.tables import bounce_counts, bounces


def count_old_bounces(connection: Connection, before: datetime) -> int:
    """How many bounces are older than a time."""
    return connection.execute(sa.select(sa.func.count()).select_from(bounces).where(bounces.c.at < before)).scalar_one()


def delete_old_bounces(connection: Connection, before: datetime, most: int) -> int:
    """Delete some of the bounces that are older than a time, and count them; returns how many, fewer than `most` where these
    were the last."""
    query = sa.select(bounces.c.id, bounces.c.edition_id, bounces.c.type).where(bounces.c.at < before)
    rows = connection.execute(query.order_by(bounces.c.at).limit(most)).all()
    if not rows:
        return 0
    counted = Counter((row.edition_id, row.type) for row in rows if row.edition_id)
    insert = insert_into(connection, bounce_counts)
    statement = insert.on_conflict_do_update(
        index_elements=list(bounce_counts.primary_key.columns),
        set_={"number": bounce_counts.c.number + insert.excluded.number},
    )
    values = [{"edition_id": edition, "type": type, "number": n} for (edition, type), n in counted.items()]
    if values:
        connection.execute(statement, values)
    connection.execute(sa.delete(bounces).where(is_number_one_of(connection, bounces.c.id, [row.id for row in rows])))
    return len(rows)
