"""Articles that other programs have pushed, kept until they are taken in: a crash in between loses none."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from ..source import PushedItem
from ..storage.statements import insert_into
from ..storage.web_tables import pushed_articles as table


def save(connection: Connection, source: str, item: PushedItem) -> None:
    """Keep an item, in place of an earlier one with its id."""
    values = {"content": dict(item.fields), "pushed_at": item.pushed_at}
    fresh = insert_into(connection, table).values(source=source, source_id=item.id, **values)
    connection.execute(fresh.on_conflict_do_update(index_elements=["source", "source_id"], set_=values))


def list_pending(connection: Connection, source: str, limit: int) -> list[PushedItem]:
    """The items of a source that wait, oldest first."""
    query = sa.select(table).where(table.c.source == source).order_by(table.c.pushed_at, table.c.source_id)
    rows = connection.execute(query.limit(limit))
    return [PushedItem(id=row.source_id, fields=row.content, pushed_at=row.pushed_at) for row in rows]


def delete(connection: Connection, source: str, items: Sequence[PushedItem]) -> None:
    """Forget items that were taken in; one that has been pushed again meanwhile stays."""
    for item in items:
        here = (table.c.source == source) & (table.c.source_id == item.id) & (table.c.pushed_at == item.pushed_at)
        connection.execute(sa.delete(table).where(here))
