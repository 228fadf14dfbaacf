"""Statements that run often or for many rows, with less work for each than SQLAlchemy does: prepared, bulk inserts, and
long lists of texts that are looked up.

SQLAlchemy processes a statement and its values anew whenever it runs; that was a third of the transaction of a group of
emails. A prepared statement is compiled once for each kind of store, and the caller gives what the driver takes: plain
numbers and texts, and times by `bind_time`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection, CursorResult, Dialect
from sqlalchemy.sql.compiler import SQLCompiler

from .rows import UTC_TIME

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

T = TypeVar("T")

_CACHE_KILOBYTES = 32_000


class _Compiled(NamedTuple):
    text: str
    arrange: Callable[[Sequence[Any]], Any]  # values as the driver wants them: by place, or by name


class PreparedStatement:
    """A statement whose bind parameters are `names`; `statement` makes it for a kind of store, `sqlite` or `postgresql`."""

    def __init__(self, statement: Callable[[str], sa.UpdateBase | sa.Select[*tuple[Any, ...]]], *names: str) -> None:
        self._statement = statement
        self._names = names
        self._compiled: dict[str, _Compiled] = {}

    def run(self, connection: Connection, *values: Any) -> CursorResult[*tuple[Any, ...]]:
        """Run it once, with these values of `names`."""
        compiled = self._for(connection)
        return connection.exec_driver_sql(compiled.text, compiled.arrange(values))

    def run_many(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Run it for each of these rows of values; there must be one at least."""
        compiled = self._for(connection)
        connection.exec_driver_sql(compiled.text, [compiled.arrange(row) for row in rows])

    def _for(self, connection: Connection) -> _Compiled:
        kind = connection.dialect.name
        if kind not in self._compiled:
            self._compiled[kind] = self._compile(connection)
        return self._compiled[kind]

    def _compile(self, connection: Connection) -> _Compiled:
        made = self._statement(connection.dialect.name).compile(dialect=connection.dialect)
        assert isinstance(made, SQLCompiler)
        fixed = {name: value for name, value in made.params.items() if name not in self._names}
        order = [*self._names, *fixed]
        constants = tuple(str(value) if isinstance(value, str) else value for value in fixed.values())
        if made.positiontup is None:
            return _Compiled(str(made), lambda values: dict(zip(order, (*values, *constants), strict=True)))
        places = [order.index(name) for name in made.positiontup]
        pick: Callable[[Any], Any] = itemgetter(*places) if len(places) > 1 else lambda one: (one[places[0]],)
        return _Compiled(str(made), lambda values: pick((*values, *constants)))


def bind_time(connection: Connection, time: datetime | None) -> Any:
    """A time as the driver of this store takes it."""
    return UTC_TIME.process_bind_param(time, connection.dialect)


def insert_into(connection: Connection, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that can say what happens where the row is there already (`on_conflict_do_…`), which each store has in its
    own dialect."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert  # large, and SQLite has no need of it

        return insert(table)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)


def is_one_of(connection: Connection, column: sa.Column[str], texts: Sequence[str]) -> sa.ColumnElement[bool]:
    """Whether a column is one of these texts, however many. They are one value, which SQLite takes as JSON and PostgreSQL as
    an array; as one value each, making the statement costs more than running it."""
    if connection.dialect.name == "sqlite":
        values = sa.func.json_each(json.dumps(list(texts))).table_valued("value")
        return column.in_(sa.select(values.c.value))
    return column == sa.any_(sa.literal(list(texts), sa.ARRAY(sa.Text)))


def is_number_one_of(connection: Connection, column: sa.Column[int], numbers: Sequence[int]) -> sa.ColumnElement[bool]:
    """The same for numbers."""
    if connection.dialect.name == "sqlite":
        values = sa.func.json_each(json.dumps(list(numbers))).table_valued("value")
        return column.in_(sa.select(values.c.value))
    return column == sa.any_(sa.literal(list(numbers), sa.ARRAY(sa.BigInteger)))


# -- many rows at once -------------------------------------------------------------------------------------------------


def enlarge_cache(connection: Connection) -> None:
    """Let a connection to SQLite keep more of the store in memory as long as it is open, so that inserting a million rows
    reads less."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA cache_size=-{_CACHE_KILOBYTES}")


def insert_columns(connection: Connection, table: sa.Table, columns: Mapping[str, Sequence[Any]]) -> None:
    """Insert many rows, given as the values of each column."""
    dialect, statement = connection.dialect, sa.insert(table)
    if not all(columns.values()):
        return
    if dialect.paramstyle != "qmark":
        connection.execute(
            statement, [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        )
        return
    compiled = statement.compile(dialect=dialect, column_keys=list(columns))
    assert isinstance(compiled, SQLCompiler)
    assert compiled.positiontup is not None
    bound = [_bind_column(dialect, table.c[name], columns[name]) for name in compiled.positiontup]
    connection.exec_driver_sql(str(compiled), list(zip(*bound, strict=True)))


def _bind_column(dialect: Dialect, column: sa.Column[Any], values: Sequence[Any]) -> Sequence[Any]:
    """Values as the driver takes them."""
    process = column.type.dialect_impl(dialect).bind_processor(dialect)
    return map_shared(process, values) if process else values


def map_shared(function: Callable[[Any], T], values: Sequence[Any]) -> list[T]:
    """What a function makes of each value: once for all that are one and the same, as many rows share theirs."""
    places = list(map(id, values))
    made = {place: function(value) for place, value in dict(zip(places, values, strict=True)).items()}
    return list(map(made.__getitem__, places))
