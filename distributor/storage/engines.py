"""Connections to a store: how each one is opened, checked, and begins its transactions.

Those who run a PostgreSQL may limit how long a statement or a transaction takes, for the server, a database or a role, and
have short questions in mind: a statement of ours may wait for another writer, and freezing an edition asks about every
subscriber at once. So limits that are shorter are raised to what our work needs, never switched off: a minute for any
statement, and half an hour in the transactions that know that they touch the whole list (`long=True`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import ArgumentError, DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from ..errors import StoreError
from .address import SqliteFile, open_file, parse_store_url
from .rows import from_json

_CACHE = 4_000  # kilobytes of pages that a connection keeps at most
_MAX_IDLE = 2.0  # seconds after which a connection to a server may be dead
_LOCK_TIMEOUT = 30_000  # milliseconds that a writer waits for another one
# Milliseconds below which no limit of a PostgreSQL server may lie: what one statement takes, the wait for another writer
# included; what we do between two statements of a transaction; a whole transaction (PostgreSQL 17).
_LIMITS = {
    "statement_timeout": 60_000,
    "idle_in_transaction_session_timeout": 300_000,
    "transaction_timeout": 3_600_000,
}
_LONG_LIMITS = {"statement_timeout": 1_800_000, "idle_in_transaction_session_timeout": 1_800_000}
# Milliseconds for which whoever has the store to himself may do nothing with it: a process that is frozen, or a host that is
# cut off, must not keep all others from writing.
_STANDS_STILL = {False: 60_000, True: 300_000}  # the second for `long`
_CONNECT_TIMEOUT = 10  # seconds
# Both ends give up a line on which nothing comes back: whoever waits for the answer of a server that is gone would wait for
# two hours, and so would those who wait for the lock of a host that was cut off. Seconds of silence after which the other
# end is asked, and between two such questions; how many may stay without an answer; milliseconds for what is sent in vain.
_LINE = {"keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30_000}
_WRITER_LOCK = 0x646973747269  # the advisory lock of those who write: "distri"
# How values are written on the way, whatever a server, database or role has set: the drivers read no other forms.
_FORMS = "SET datestyle = ISO; SET intervalstyle = postgres; SET standard_conforming_strings = on"


def lock_writers_out(connection: Connection) -> None:
    """Wait until nobody else has a server's store to himself, and have it until the transaction ends: the server ends it
    where we stand still."""
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITER_LOCK}), {_limit_standing_still(connection)}")


def try_to_lock_writers_out(connection: Connection) -> bool:
    """The same for whoever must not wait; False where somebody else has it to himself now."""
    lock = f"SELECT pg_try_advisory_xact_lock({_WRITER_LOCK}), {_limit_standing_still(connection)}"
    return bool(connection.exec_driver_sql(lock).scalar())


def _limit_standing_still(connection: Connection) -> str:
    most = _STANDS_STILL[bool(connection.get_execution_options().get("long"))]
    return f"set_config('idle_in_transaction_session_timeout', '{most}', true)"


def allow_standing_still(connection: Connection) -> None:
    """Let a transaction that has a server's store to itself wait as long as it must for another store."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")


def parse_address(url: str) -> sa.URL:
    """The address of a store. Raises StoreError."""
    try:
        return parse_store_url(url)
    except ValueError as error:
        raise StoreError(f"store.url: {error}") from None


def make_engine(address: sa.URL, file: Path | None, *, create: bool) -> tuple[Engine, SqliteFile | None]:
    """What connects to a store, and the file of one that has one. Raises StoreError."""
    try:
        if address.get_backend_name() == "sqlite":
            return _sqlite(address, file, create=create)
        return _server(address), None
    except (ArgumentError, ModuleNotFoundError) as error:
        raise StoreError(
            f"store.url: {str(error).splitlines()[0]}; write sqlite:///var/distributor.db or postgresql+psycopg://…"
        ) from None


def driver_options(address: sa.URL) -> dict[str, Any]:
    """What every connection to a server is opened with, unless the address says otherwise. Some databases have an encoding
    in which psycopg gives octets for text, before anybody can look at it."""
    ours = {"client_encoding": "UTF8", "connect_timeout": _CONNECT_TIMEOUT, **_LINE}
    return {name: value for name, value in ours.items() if name not in address.query}


def _server(address: sa.URL) -> Engine:
    """A connection that was idle is checked before it is used, so that a restart of the server goes unnoticed; a check
    before each transaction would cost one more round trip for each."""
    engine = sa.create_engine(address, connect_args=driver_options(address))

    @event.listens_for(engine, "checkin")
    def _note_idle(_: Any, entry: ConnectionPoolEntry) -> None:
        entry.info["since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _check_alive(connection: Any, entry: ConnectionPoolEntry, _: Any) -> None:
        if time.monotonic() - entry.info.get("since", math.inf) > _MAX_IDLE:
            try:
                engine.dialect.do_ping(connection)
            except engine.dialect.loaded_dbapi.Error as error:
                raise DisconnectionError from error  # the pool makes a new one

    event.listen(engine, "connect", _prepare_server)
    event.listen(engine, "begin", _begin_server)
    return engine


def _prepare_server(connection: Any, _entry: ConnectionPoolEntry) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding not in ("UTF8", None):  # none where a pooler between us does not say
        raise StoreError(
            f"store: the database {connection.info.dbname} has the encoding {encoding}, which does not hold every letter: "
            "make one with `createdb --encoding=UTF8 --locale=C.UTF-8 --template=template0 NAME`, and name it in store.url"
        )
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {_LOCK_TIMEOUT}; {_FORMS}")
        cursor.execute(_raise_limits(_LIMITS, for_transaction=False))
        cursor.execute(_WATCH_LINE)
    connection.commit()


# The same for the server's end of the line.
_WATCH_LINE = f"""
    SELECT set_config(name, value::text, false) FROM (VALUES
        {", ".join(f"('{'' if name.startswith('tcp_') else 'tcp_'}{name}', {value})" for name, value in _LINE.items())}
    ) AS ours (name, value) WHERE current_setting(name, true) IS NOT NULL
"""  # noqa: S608  names and numbers of our own


def _raise_limits(limits: Mapping[str, int], *, for_transaction: bool) -> str:
    """The statement that raises limits of the server, those of them that are shorter. 0 is none, and what a server of this
    version does not know has no setting; others come with a unit, as an interval is written."""
    values = ", ".join(f"('{name}', {least})" for name, least in limits.items())
    return f"""
        SELECT set_config(name, least::text, {for_transaction}) FROM (VALUES {values}) AS ours (name, least)
        WHERE current_setting(name, true)::interval > '0' AND current_setting(name, true)::interval < least * '1ms'::interval
    """  # noqa: S608  names and numbers of our own


def _begin_server(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("long"):
        connection.exec_driver_sql(_raise_limits(_LONG_LIMITS, for_transaction=True))
    if options.get("writes") and options.get("alone"):
        lock_writers_out(connection)


def _sqlite(address: sa.URL, file: Path | None, *, create: bool) -> tuple[Engine, SqliteFile | None]:
    if file is None:
        engine, opened = sa.create_engine(address, json_deserializer=from_json), None
    else:
        opened = open_file(file, create=create)
        # Each connection opens a file that is there: SQLite would make an empty one where somebody has deleted it.
        engine = sa.create_engine(address.set(database=str(file)), creator=opened.connect, json_deserializer=from_json)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine, opened


def _prepare_sqlite(connection: Any, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # Python would open deferred transactions of its own
    cursor = connection.cursor()
    try:
        cursor.execute(f"PRAGMA busy_timeout={_LOCK_TIMEOUT}")
        if cursor.execute("PRAGMA page_count").fetchone()[0] == 0:
            cursor.execute("PRAGMA auto_vacuum=INCREMENTAL")  # the new file can be made smaller later
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA cache_size=-{_CACHE}")
    finally:
        cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
