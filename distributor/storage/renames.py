"""Newsletters and channels under another name: what the store holds of them is carried over, old names stay known.

Every table with a column `newsletter`, or `channel`, holds such names, so the list of them is read from the tables
themselves. Ids of editions stay as they are: they are part of emails, addresses and files already published.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from .all_tables import metadata
from .tables import renames, renditions


class NameKind(StrEnum):
    """What has a name in config.yaml by which the store knows it; the name of the column that holds it."""

    NEWSLETTER = "newsletter"
    CHANNEL = "channel"


# Tables that have rows of a newsletter as soon as it is planned, before anything was sent or anybody joined.
_FIRST_TRACES = frozenset({"newsletter_since", "newsletter_articles", "slots"})


def tables_with(kind: NameKind) -> Iterator[sa.Table]:
    """The tables that hold names of a kind."""
    return (table for table in metadata.sorted_tables if kind.value in table.c)


def count_rows(connection: Connection, kind: NameKind, name: str) -> dict[str, int]:
    """How many rows each table has under a name; tables without any are missing."""
    counts = {
        table.name: connection.execute(
            sa.select(sa.func.count()).select_from(table).where(table.c[kind.value] == name)
        ).scalar_one()
        for table in tables_with(kind)
    }
    return {table: number for table, number in counts.items() if number}


def rename_everywhere(connection: Connection, kind: NameKind, old: str, new: str, by: str, now: datetime) -> None:
    """Put a new name in the place of an old one, everywhere.

    What a newsletter has under its new name only because it was planned is deleted. A row that is there under both
    names (somebody has left both) is kept once.
    """
    for table in tables_with(kind):
        if kind is NameKind.NEWSLETTER and table.name in _FIRST_TRACES:
            connection.execute(sa.delete(table).where(table.c[kind.value] == new))
        _delete_duplicates(connection, table, kind, old, new)
    if kind is NameKind.CHANNEL:  # what was made under the old name keeps the keys of its attempts
        unnamed = (renditions.c.channel == old) & (renditions.c.first_channel == "")
        connection.execute(sa.update(renditions).where(unnamed).values(first_channel=old))
    for table in tables_with(kind):
        connection.execute(sa.update(table).where(table.c[kind.value] == old).values({kind.value: new}))
    connection.execute(sa.delete(renames).where(renames.c.kind == kind, renames.c.old.in_((old, new))))
    connection.execute(sa.insert(renames).values(kind=kind, old=old, new=new, at=now, actor=by))


def _delete_duplicates(connection: Connection, table: sa.Table, kind: NameKind, old: str, new: str) -> None:
    column = table.c[kind.value]
    if not column.primary_key:
        return
    other = table.alias()
    same = [other.c[one.name] == one for one in table.primary_key if one is not column]
    there: Any = sa.select(sa.literal(1)).where(other.c[kind.value] == new, *same).exists()
    connection.execute(sa.delete(table).where(column == old, there))


def current_names(connection: Connection, kind: NameKind) -> dict[str, str]:
    """What has another name now: its present name by each earlier one."""
    query = sa.select(renames.c.old, renames.c.new).where(renames.c.kind == kind)
    following = dict(connection.execute(query).all())
    found = {}
    for old in following:
        new, seen = following[old], {old}
        while new in following and new not in seen:
            seen.add(new)
            new = following[new]
        found[old] = new
    return found


def current_name(connection: Connection, kind: NameKind, name: str) -> str:
    """The name that something has now which had this one, as in old links; the same where it has it still."""
    return current_names(connection, kind).get(name, name)
