"""Rows and their values read from the store: times in UTC, JSON, enumerations; a damaged row is logged and left out.

A row is damaged by an older version, by somebody who edits the store, or by a disk. It must not stop what has nothing to do
with it. `distributor doctor` finds them all.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import TIMESTAMP, Connection, Dialect, Row, String
from sqlalchemy.exc import OperationalError
from sqlalchemy.types import TypeDecorator, TypeEngine

from ..errors import DamagedRow

log = logging.getLogger("distributor.storage")

_FETCHED = 1000  # rows of a long result at a time

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

_logged: set[str] = set()  # what this process has logged already: a service reads the same row every few seconds


def damaged_row(what: str, key: object, why: str) -> DamagedRow:
    """The error for a row, in words."""
    reason = " ".join(why.split())[:200]
    return DamagedRow(
        f"{what} {key!s:.80} in the store cannot be read ({reason}); `distributor doctor --repair` sets it aside"
    )


def from_json(text: str | bytes) -> Any:
    """What a JSON column holds. Raises DamagedRow."""
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise damaged_row("a value", repr(text[:40]), str(error)) from None


class UtcTime(TypeDecorator[datetime]):
    """An aware time. SQLite keeps it as text of fixed width, so that text order is time order."""

    impl = String(32)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(String(32))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        moment = _utc(value)
        return moment if dialect.name == "postgresql" else _as_text(moment)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        try:
            return _utc(value) if isinstance(value, datetime) else _of_text(value)
        except (ValueError, TypeError, OverflowError):
            raise damaged_row("time", str(value)[:40], "it is none") from None


def _utc(moment: datetime) -> datetime:
    """The same moment in UTC. Raises ValueError for a naive one, which would be a guess."""
    if moment.tzinfo is None:
        raise ValueError(f"a time without a zone: {moment!r}")
    return moment.astimezone(UTC)


@lru_cache(maxsize=64)  # many rows are written with one time. In UTC only: elsewhere two times may look alike
def _as_text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")


@lru_cache(maxsize=64)
def _of_text(text: str) -> datetime:
    return _utc(datetime.fromisoformat(text))


UTC_TIME = UtcTime()  # one for all columns: SQLAlchemy remembers for each type how a database keeps it


def enum_member(kind: type[E], value: str, what: str, key: object) -> E:
    """The member of an enumeration that a column names. Raises DamagedRow."""
    try:
        return kind(value)
    except ValueError:
        raise damaged_row(what, key, f"{value!r} is no {kind.__name__}") from None


def log_damage(damage: DamagedRow) -> None:
    """Log a damaged row, once in the life of this process."""
    if str(damage) not in _logged:
        _logged.add(str(damage))
        log.warning("%s", damage)


def skip_damaged(rows: Sequence[T], make: Callable[[T], Any]) -> list[Any]:
    """What `make` makes of each; those for which it raises DamagedRow are logged and left out."""
    made = []
    for row in rows:
        try:
            made.append(make(row))
        except DamagedRow as damage:
            log_damage(damage)
    return made


def read_rows(
    connection: Connection, query: sa.Select[Any], key: sa.ColumnElement[Any], make: Callable[[Row[Any]], T], what: str
) -> list[T]:
    """What `make` makes of each row of a query, in its order, without those that are damaged: these are logged.

    `key` is the column that names a row. Where all is well this is one statement. Where a value cannot even be fetched,
    the rows are asked for one by one.
    """
    try:
        rows: Sequence[Row[Any]] = fetch_all(connection, query)
    except DamagedRow:
        keys = connection.execute(query.with_only_columns(key)).scalars().all()
        asked = [_SingleRow(connection, query, key, one, what) for one in dict.fromkeys(keys)]
        rows = [row for row in skip_damaged(asked, _SingleRow.fetched) if row is not None]
    return skip_damaged(rows, make)


def stream_rows(connection: Connection, query: sa.Select[Any]) -> Iterator[Any]:
    """The rows of a long result, fetched by the thousand, so that memory use does not grow with their number."""
    return iter(connection.execute(query, execution_options={"yield_per": _FETCHED}))


def stream_readable_rows(
    connection: Connection, query: sa.Select[Any], key: sa.Column[Any], make: Callable[[Row[Any]], T], what: str
) -> Iterator[T]:
    """The same for many rows, without holding them all."""
    given = 0
    try:
        for row in stream_rows(connection, query):
            given += 1
            yield from skip_damaged([row], make)
    except (DamagedRow, OperationalError) as error:
        if not (isinstance(error, DamagedRow) or _is_no_text(error)):
            raise
        keys = connection.execute(query.with_only_columns(key)).scalars().all()
        for one in keys[given:]:
            for row in skip_damaged([_SingleRow(connection, query, key, one, what)], _SingleRow.fetched):
                yield from skip_damaged([row] if row is not None else [], make)


def fetch_all(connection: Connection, query: sa.Select[Any]) -> Sequence[Row[Any]]:
    """The rows of a query. Raises DamagedRow where a value of one cannot be fetched."""
    try:
        return connection.execute(query).all()
    except OperationalError as error:
        if not _is_no_text(error):
            raise
        raise damaged_row("a value", "that is", "it is no text in UTF-8") from None


def _is_no_text(error: OperationalError) -> bool:
    return "Could not decode to UTF-8" in str(error.orig)  # sqlite3, of text that is none


@contextmanager
def decode_leniently(connection: Connection) -> Iterator[None]:
    """Read text that is not UTF-8 too, with replacement characters: for code that looks for damage."""
    raw = connection.connection.driver_connection if connection.dialect.name == "sqlite" else None
    if raw is None:
        yield
        return
    usual, raw.text_factory = raw.text_factory, lambda data: data.decode("utf-8", "replace")
    try:
        yield
    finally:
        raw.text_factory = usual


class _SingleRow:
    """One row of a query, asked for by itself."""

    def __init__(self, connection: Connection, query: sa.Select[Any], key: Any, value: object, what: str) -> None:
        self.connection, self.query, self.key, self.value, self.what = connection, query, key, value, what

    def fetched(self) -> Row[Any] | None:
        try:
            return next(iter(fetch_all(self.connection, self.query.where(self.key == self.value))), None)
        except DamagedRow as damage:
            raise damaged_row(self.what, self.value, str(damage).partition(" in the store")[0]) from None
