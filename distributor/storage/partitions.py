"""The parts of the ledger on PostgreSQL: the emails of editions that are out at about the same time lie in one partition,
which is dropped as a whole when all of them are too old to be kept.

The table is divided by ranges of `id`. Part 0 holds what stays for good: posts, with their receipts. The others hold emails,
each its own 2**40 numbers; an edition takes its numbers from the newest part, so its emails lie together. So a row is found
by its number in one partition without asking the others, the key is the number alone, and other tables can point to it. That
an edition owes something once is ensured within each partition. SQLite has one table, and the same numbers.

A new part is begun in a transaction of its own, by ATTACH, which lets everybody go on reading and writing rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import sqlalchemy as sa
from sqlalchemy import Connection

from .statements import insert_into
from .tables import deliveries, delivery_parts

_BITS = 40
FIRST_PART = 1  # the first one that holds emails
FULL = 20_000_000  # rows of a part after which a new one is begun
WORTH = 1_000_000  # rows without which none is begun, however old it is
AGE = timedelta(days=30)  # of a part after which a new one is begun
# Per cent of a page that new rows fill. Each row is written twice more, at its mark and its outcome: where there is room in
# its page, no index is touched. That is a quarter of the WAL, and the table is no larger in the end.
_FILL_FACTOR = 45
_LOCK_TIMEOUT = 2_000  # milliseconds that others may wait because we wait
_UNIQUE = "edition_id, channel, recipient, variant"


def first_number(part: int) -> int:
    """The number of the first row of a part."""
    return part << _BITS


def part_of(number: int) -> int:
    """The part in which a row lies."""
    return number >> _BITS


def list_parts(connection: Connection) -> list[int]:
    """The parts that there are, in order; none in SQLite."""
    if connection.dialect.name != "postgresql":
        return []
    names = connection.exec_driver_sql(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'deliveries'::regclass"
    ).scalars()
    return sorted(int(name.rpartition("_")[2]) for name in names)


def create_part(connection: Connection, part: int) -> None:
    """Make the partition of a part. The bounds stand in a CHECK while it is attached, so that nothing is read for them."""
    name, lowest, end = f"deliveries_{part}", first_number(part), first_number(part + 1)
    bounds = f"id >= {lowest} AND id < {end}"
    run = connection.exec_driver_sql
    like = f"LIKE deliveries INCLUDING ALL, CONSTRAINT bounds_{part} CHECK ({bounds})"
    run(f"CREATE TABLE {name} ({like}) WITH (fillfactor = {_FILL_FACTOR})")
    run(f"ALTER TABLE {name} ADD CONSTRAINT uq_{name} UNIQUE ({_UNIQUE})")
    run(f"ALTER TABLE deliveries ATTACH PARTITION {name} FOR VALUES FROM ({lowest}) TO ({end})")
    run(f"ALTER TABLE {name} DROP CONSTRAINT bounds_{part}")


def lock_part(connection: Connection, part: int) -> None:
    """Let nobody else use a part to the end of the transaction. Raises StoreError where somebody uses the ledger for more
    than two seconds: meanwhile others wait behind us."""
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = {_LOCK_TIMEOUT}")
    connection.exec_driver_sql(f"LOCK TABLE ONLY deliveries, deliveries_{part:d} IN ACCESS EXCLUSIVE MODE")


def drop_part(connection: Connection, part: int) -> None:
    """Drop a part that was locked, with all its rows."""
    name = f"deliveries_{part}"
    connection.exec_driver_sql(f"ALTER TABLE deliveries DETACH PARTITION {name}")
    connection.exec_driver_sql(f"DROP TABLE {name}")
    connection.execute(sa.delete(delivery_parts).where(delivery_parts.c.part == part))


@dataclass(frozen=True, slots=True)
class EndedPart:
    """A part that takes no new rows any more, since when, and the editions that it holds."""

    number: int
    since: datetime
    editions: tuple[str, ...]


def list_ended_parts(connection: Connection) -> list[EndedPart]:
    """The parts that take no new rows any more, oldest first; none in SQLite."""
    if connection.dialect.name != "postgresql":
        return []
    query = sa.select(delivery_parts.c.part, delivery_parts.c.since).order_by(delivery_parts.c.part)
    rows = connection.execute(query).all()
    return [EndedPart(row.part, after.since, list_editions(connection, row.part)) for row, after in pairwise(rows)]


def list_editions(connection: Connection, part: int) -> tuple[str, ...]:
    """The editions of which a part has rows. Jumps from one to the next in an index: they are few, and rows are millions."""
    found = connection.exec_driver_sql(
        f"""
        WITH RECURSIVE one (id) AS (
            SELECT min(edition_id) FROM deliveries_{part:d}
            UNION ALL
            SELECT (SELECT min(edition_id) FROM deliveries_{part:d} WHERE edition_id > one.id) FROM one WHERE id IS NOT NULL
        ) SELECT id FROM one WHERE id IS NOT NULL
        """  # noqa: S608
    )
    return tuple(found.scalars())


def in_part(part: int) -> sa.ColumnElement[bool]:
    """The rows of a part."""
    return (deliveries.c.id >= first_number(part)) & (deliveries.c.id < first_number(part + 1))


def newest_part(connection: Connection) -> int:
    """The part that new editions go into."""
    newest: int | None = connection.execute(sa.select(sa.func.max(delivery_parts.c.part))).scalar()
    return newest or FIRST_PART


def take_numbers(connection: Connection, count: int, now: datetime) -> int | None:
    """The first of so many numbers for the rows of an edition; None in SQLite, which numbers rows by itself."""
    if connection.dialect.name != "postgresql":
        return None
    part = newest_part(connection)
    insert = insert_into(connection, delivery_parts).values(part=part, since=now, taken=count)
    taken = delivery_parts.c.taken
    more = insert.on_conflict_do_update(index_elements=[delivery_parts.c.part], set_={"taken": taken + count})
    end: int = connection.execute(more.returning(taken)).scalar_one()
    return first_number(part) + end - count


def begin_next_part(connection: Connection, now: datetime) -> bool:
    """Begin a new part where the newest is full, or old and worth it."""
    if connection.dialect.name != "postgresql":
        return False
    newest = sa.select(delivery_parts).order_by(delivery_parts.c.part.desc()).limit(1)
    row = connection.execute(newest).one_or_none()
    if row is None or not (row.taken >= FULL or (row.taken >= WORTH and row.since <= now - AGE)):
        return False
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = {_LOCK_TIMEOUT}")
    create_part(connection, row.part + 1)
    connection.execute(sa.insert(delivery_parts).values(part=row.part + 1, since=now, taken=0))
    return True


# -- copies ------------------------------------------------------------------------------------------------------------


def make_room(connection: Connection, parts: Iterable[int]) -> None:
    """Make the partitions for rows that come from another store."""
    known = set(list_parts(connection))
    for part in sorted(set(parts) - known) if known else ():
        create_part(connection, part)


def used_parts(connection: Connection) -> list[int]:
    """The parts of which a store has rows; SQLite has no partitions, and may have numbers of all of them."""
    if connection.dialect.name == "postgresql":
        return list_parts(connection)
    highest = connection.execute(sa.select(sa.func.max(deliveries.c.id))).scalar() or 0
    return list(range(part_of(highest) + 1))


def count_taken(connection: Connection) -> None:
    """Let new editions go on behind the rows that came from another store, which may have been SQLite, that counts none."""
    if connection.dialect.name != "postgresql":
        return
    highest = connection.execute(sa.select(sa.func.max(deliveries.c.id))).scalar() or 0
    part = part_of(highest)
    if part < FIRST_PART:
        return
    newest = connection.execute(sa.select(sa.func.max(deliveries.c.updated))).scalar()
    insert = insert_into(connection, delivery_parts)
    taken = highest - first_number(part) + 1
    connection.execute(
        insert.values(part=part, since=newest, taken=taken).on_conflict_do_update(
            index_elements=[delivery_parts.c.part],
            set_={"taken": sa.func.greatest(delivery_parts.c.taken, taken)},
        )
    )
