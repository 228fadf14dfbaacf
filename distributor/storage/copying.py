"""All rows of a store in another one, SQLite or PostgreSQL: read once, written in batches, and read again from where they
were written.

A row travels as SQLite keeps it: times and JSON as text, truth as 0 and 1. So it has one form on both sides, and a digest
that can be compared. Values are not looked at: what is damaged in a store is damaged in its copy. The index of words is no
table of ours; `articles/search_index` makes it anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, Connection, Table

from ..errors import StoreError
from . import partitions
from .all_tables import metadata
from .engines import allow_standing_still
from .rows import UtcTime
from .tables import deliveries

_ROWS, _LARGE_ROWS = 1000, 20  # at a time; of tables that hold whole emails
_UTC_TEXT = """YYYY-MM-DD"T"HH24:MI:SS.US"+00:00\""""  # how storage/rows writes a time in SQLite
_MODULUS = 1 << 64

Rows = Sequence[tuple[Any, ...]]
Progress = Callable[[str, int, int], None]  # the table, the rows of it that are written, and how many it has


@dataclass(frozen=True, slots=True)
class TableDigest:
    """How many rows a table has, and a digest of all that they hold, whatever their order: the sum of Python's own hashes,
    which are quick, and the same within one process only."""

    rows: int = 0
    digest: int = 0

    def plus(self, rows: Rows) -> TableDigest:
        """The same with more rows."""
        return TableDigest(self.rows + len(rows), (self.digest + sum(map(hash, rows))) % _MODULUS)


def count_rows(connection: Connection) -> dict[str, int]:
    """The number of rows of each table, by name."""
    query = {name: sa.select(sa.func.count()).select_from(table) for name, table in metadata.tables.items()}
    return {name: connection.execute(one).scalar_one() for name, one in query.items()}


def list_filled_tables(connection: Connection) -> list[str]:
    """The tables that hold anything."""
    filled = {name: sa.select(sa.literal(1)).select_from(table).limit(1) for name, table in metadata.tables.items()}
    return sorted(name for name, query in filled.items() if connection.execute(query).first())


def lock_tables(connection: Connection) -> None:
    """Let nobody write into any table until the transaction ends. The transaction writes alone, which is enough in SQLite;
    on PostgreSQL the ledger's do not ask for that. Raises StoreError where somebody writes for too long."""
    if connection.dialect.name == "postgresql":
        allow_standing_still(connection)
        names = ", ".join(_quoted(connection, table) for table in metadata.sorted_tables)
        connection.exec_driver_sql(f"LOCK TABLE {names} IN SHARE MODE")


def copy_rows(source: Connection, target: Connection, progress: Progress) -> dict[str, TableDigest]:
    """Write all rows of a store into the tables of another one, which are empty, and read them again there. Returns what
    each table held. `source` is one consistent snapshot. In the caller's transactions. Raises StoreError, for rows that the
    other database does not take, and where a table is not the same afterwards."""
    copied: dict[str, TableDigest] = {}
    allow_standing_still(target)
    partitions.make_room(target, partitions.used_parts(source))
    for table in metadata.sorted_tables:
        total = source.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        copied[table.name] = _copy_table(source, target, table, partial(_tell, progress, table.name, total))
    _set_sequences(source, target)
    for name, expected in copied.items():
        found = digest_table(target, metadata.tables[name])
        if found != expected:
            raise StoreError(
                f"the copy of the table {name} is not the same ({found.rows} of {expected.rows} rows): nothing was "
                "changed; look at the table with `distributor doctor`, and please report this"
            )
    partitions.count_taken(target)
    if target.dialect.name == "postgresql":
        target.exec_driver_sql("ANALYZE")
    return copied


def digest_table(connection: Connection, table: Table) -> TableDigest:
    """Count and digest of a table, read from the beginning to the end."""
    digest = TableDigest()
    for rows in _read(connection, table):
        digest = digest.plus(rows)
    return digest


def _tell(progress: Progress, table: str, total: int, done: int) -> None:
    progress(table, done, total)


def _copy_table(source: Connection, target: Connection, table: Table, told: Callable[[int], None]) -> TableDigest:
    digest = TableDigest()
    with _writer(target, table) as write:
        for rows in _read(source, table):
            write(rows)
            digest = digest.plus(rows)
            told(digest.rows)
    return digest


# -- reading -----------------------------------------------------------------------------------------------------------


def _read(connection: Connection, table: Table) -> Iterator[Rows]:
    """All rows in batches, each value as SQLite keeps it."""
    number = _LARGE_ROWS if any(isinstance(one.type, sa.LargeBinary) for one in table.columns) else _ROWS
    if connection.dialect.name == "sqlite":
        raw = connection.connection.driver_connection
        assert raw is not None
        with _in_words(connection, table):
            cursor = raw.execute(f"SELECT {_names(connection, table)} FROM {_quoted(connection, table)}")  # noqa: S608
            while rows := cursor.fetchmany(number):
                yield rows
        return
    query = sa.select(*(_as_sqlite(column).label(column.name) for column in table.columns))
    result = connection.execute(query, execution_options={"yield_per": number})
    for part in result.partitions():
        yield [tuple(row) for row in part]


def _as_sqlite(column: Column[Any]) -> sa.ColumnElement[Any]:
    """A column of PostgreSQL as SQLite would keep it."""
    if isinstance(column.type, UtcTime):
        return sa.func.to_char(sa.func.timezone("UTC", column), _UTC_TEXT, type_=sa.Text)
    if isinstance(column.type, sa.JSON):
        return sa.cast(column, sa.Text)
    return sa.cast(column, sa.Integer) if isinstance(column.type, sa.Boolean) else column


# -- writing -----------------------------------------------------------------------------------------------------------


@contextmanager
def _writer(connection: Connection, table: Table) -> Iterator[Callable[[Rows], object]]:
    """Takes batches of rows."""
    raw = connection.connection.driver_connection
    assert raw is not None
    names, where = _names(connection, table), _quoted(connection, table)
    with _in_words(connection, table):
        if connection.dialect.name == "sqlite":
            places = ", ".join("?" * len(table.columns))
            statement = f"INSERT INTO {where} ({names}) VALUES ({places})"  # noqa: S608
            yield lambda rows: raw.executemany(statement, rows)
            return
        with raw.cursor() as cursor, cursor.copy(f"COPY {where} ({names}) FROM STDIN") as copy:

            def write(rows: Rows) -> None:
                for row in rows:
                    copy.write_row(row)

            yield write


def _set_sequences(source: Connection, target: Connection) -> None:
    """Let new rows have numbers behind the highest one; behind the last one that was given, where no number is given
    twice."""
    for table in metadata.sorted_tables:
        once = bool(table.dialect_options["sqlite"]["autoincrement"])
        for column in table.primary_key.columns if once or target.dialect.name == "postgresql" else ():
            if not isinstance(column.type, sa.Integer):
                continue
            rows = target.execute(sa.select(sa.func.max(column)).where(_numbered(table))).scalar() or 0
            if highest := max(rows, _last_given(source, table, column) if once else 0):
                _set_sequence(target, table, column, highest)


def _set_sequence(connection: Connection, table: Table, column: Column[Any], highest: int) -> None:
    if connection.dialect.name == "sqlite":
        connection.execute(sa.delete(_SEQUENCES).where(_SEQUENCES.c.name == table.name))
        connection.execute(sa.insert(_SEQUENCES).values(name=table.name, seq=highest))
    elif sequence := _find_sequence(connection, table, column):
        connection.execute(sa.select(sa.func.setval(sequence, highest)))


_SEQUENCES = sa.table("sqlite_sequence", sa.column("name"), sa.column("seq"))  # SQLite's own, of AUTOINCREMENT


def _last_given(connection: Connection, table: Table, column: Column[Any]) -> int:
    """The last number that a table has given, though its row may be gone; 0 where it has given none."""
    if connection.dialect.name == "sqlite":
        return connection.execute(sa.select(_SEQUENCES.c.seq).where(_SEQUENCES.c.name == table.name)).scalar() or 0
    asked = sa.text("SELECT pg_sequence_last_value(CAST(:name AS regclass))")
    return connection.execute(asked, {"name": _find_sequence(connection, table, column)}).scalar() or 0


def _find_sequence(connection: Connection, table: Table, column: Column[Any]) -> str | None:
    """What gives a column of PostgreSQL its numbers; None where nothing does."""
    asked = sa.select(sa.func.pg_get_serial_sequence(_quoted(connection, table), column.name))
    return connection.execute(asked).scalar()


def _numbered(table: Table) -> sa.ColumnElement[bool]:
    """The rows of a table to which its sequence gives numbers: in the ledger, those of its first part."""
    ends = partitions.first_number(partitions.FIRST_PART)
    return deliveries.c.id < ends if table is deliveries else sa.true()


@contextmanager
def _in_words(connection: Connection, table: Table) -> Iterator[None]:
    """Errors of a driver that was asked directly as StoreError."""
    try:
        yield
    except connection.dialect.loaded_dbapi.Error as error:
        said = " ".join(str(error).split())[:300]
        raise StoreError(
            f"the table {table.name} cannot be copied: {said}; `distributor doctor` finds rows that are damaged"
        ) from error


def _quoted(connection: Connection, table: Table) -> str:
    return connection.dialect.identifier_preparer.format_table(table)


def _names(connection: Connection, table: Table) -> str:
    return ", ".join(connection.dialect.identifier_preparer.quote(column.name) for column in table.columns)
