"""Rows of any table as they stand in the store, before anything can fail to understand them; found, changed and deleted by
their primary key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, Connection, Table

from .all_tables import metadata
from .rows import UtcTime, stream_rows

Key = tuple[Any, ...]


def read_raw(connection: Connection, table: Table, columns: Sequence[Column[Any]]) -> Iterator[tuple[Key, Key]]:
    """The key of each row, with the values of some columns; nothing where the table does not exist yet."""
    if not sa.inspect(connection).has_table(table.name):
        return
    keys = list(table.primary_key.columns)
    wanted = [_raw(column).label(f"c{place}") for place, column in enumerate([*keys, *columns])]
    for row in stream_rows(connection, sa.select(*wanted)):
        yield tuple(row[: len(keys)]), tuple(row[len(keys) :])


def find_raw(connection: Connection, table: str, key: Key) -> dict[str, Any]:
    """One row, by column; empty where it is gone."""
    columns = metadata.tables[table].c
    query = sa.select(*(_raw(column).label(column.name) for column in columns)).where(_here(table, key))
    return dict(connection.execute(query).mappings().first() or {})


def update_row(connection: Connection, table: str, key: Key, values: Mapping[str, Any]) -> None:
    connection.execute(sa.update(metadata.tables[table]).where(_here(table, key)).values(dict(values)))


def delete_row(connection: Connection, table: str, key: Key) -> None:
    connection.execute(sa.delete(metadata.tables[table]).where(_here(table, key)))


def _raw(column: Column[Any]) -> sa.ColumnElement[Any]:
    """A column as text, where reading it as what it is could fail."""
    return sa.cast(column, sa.Text) if isinstance(column.type, (UtcTime, sa.JSON)) else column


def _here(table: str, key: Key) -> sa.ColumnElement[bool]:
    columns = metadata.tables[table].primary_key.columns
    return sa.and_(*(column == value for column, value in zip(columns, key, strict=True)))
