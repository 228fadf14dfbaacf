"""The database: opened, checked, brought up to date, and used in short transactions.

SQLite runs in WAL mode with `synchronous=FULL`, so that a commit survives a power cut, and every writing transaction
begins with BEGIN IMMEDIATE: a transaction that reads first and writes later would fail at once, timeout or not, when
somebody else has written in between. PostgreSQL runs at READ COMMITTED, and there too a writing transaction has the
store to itself from its beginning to its end, by a lock that all of them take first: what it has read stays true until
it has written. Only the ledger's may run beside others (`alone=False`), as their correctness rests on conditional
updates whose row count is looked at.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from ..errors import DistributorError, StoreBusy, StoreError, StoreLost
from .address import SqliteFile, absolute_path
from .all_tables import metadata
from .engines import driver_options, lock_writers_out, make_engine, parse_address, try_to_lock_writers_out
from .failures import DAMAGED, INCOMPLETE, classify_error, classify_words
from .migrations import REVISIONS

_P = ParamSpec("_P")
_T = TypeVar("_T")
MIGRATIONS = Path(__file__).with_name("migrations")  # Alembic's folder: env.py, and the versions below it
# What code raises that meets a value which nobody has written: a damaged file may be the reason.
_UNEXPECTED_ERRORS = (ValueError, TypeError, LookupError, AttributeError, AssertionError, ArithmeticError)


class Database:
    """A store that is open. Raises StoreError, in one line, for whatever staff can mend."""

    def __init__(self, engine: Engine, file: SqliteFile | None = None) -> None:
        self._engine = engine
        self._file = file
        self._closed = False
        event.listen(engine, "checkin", self._close_late)

    @classmethod
    def open(cls, url: str, folder: Path, *, create: bool = True) -> Self:
        """Connect to `url`; a relative SQLite path is taken from `folder`, and file and directory are made where they are
        missing, unless told otherwise (StoreLost then)."""
        address = parse_address(url)
        file = absolute_path(address, folder)
        database = cls(*make_engine(address, file, create=create))
        try:
            with database.read():
                pass  # an address that does not answer fails now, not in the middle of something
        except (DBAPIError, TypeError) as error:  # parameters of the address that the driver does not know
            database.close()
            raise StoreError(f"store {database.name}: {str(error).splitlines()[0]}; look at store.url") from None
        except StoreError:
            database.close()
            raise
        return database

    def close(self) -> None:
        """Close all connections; those that a thread still works with when that is done."""
        self._closed = True
        self._engine.dispose()

    def _close_late(self, _connection: Any, entry: ConnectionPoolEntry) -> None:
        if self._closed:
            entry.invalidate()

    @property
    def name(self) -> str:
        """The address without a password, for messages."""
        return self._engine.url.render_as_string(hide_password=True)

    @contextmanager
    def read(self, *, long: bool = False) -> Iterator[Connection]:
        """A transaction that only reads. `long`: its statements go through a whole list, and may take half an hour."""
        with self._transaction(writes=False, long=long) as connection:
            yield connection

    @contextmanager
    def write(self, *, alone: bool = True, long: bool = False) -> Iterator[Connection]:
        """A transaction that writes; committed at the end, undone by any exception.

        One at a time, whoever asks, so that it may read first and write what follows from that. `alone=False` is for
        transactions that are correct whatever others write meanwhile: PostgreSQL runs them side by side. `long` as above.
        """
        with self._transaction(writes=True, alone=alone, long=long) as connection:
            yield connection

    def become_alone(self, connection: Connection) -> None:
        """Let a transaction that was begun with `alone=False` have the store to itself from here to its end. What others
        have committed until then it sees in the next statement. Raises StoreError where somebody else writes for too
        long. For PostgreSQL; SQLite has one writer anyway."""
        if connection.dialect.name == "postgresql":
            lock_writers_out(connection)

    def become_alone_at_once(self, connection: Connection) -> None:
        """The same where others may wait for us already, so that we must not wait for them. Raises StoreBusy."""
        if connection.dialect.name == "postgresql" and not try_to_lock_writers_out(connection):
            raise StoreBusy(f"store {self.name}: another process writes at this moment; try again")

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A long transaction that only reads, and sees the store as it is at the first question, whatever others write
        meanwhile. For copies of the whole store."""
        with self._transaction(writes=False, long=True, level="REPEATABLE READ") as connection:
            yield connection

    async def read_in_thread(
        self, query: Callable[Concatenate[Connection, _P], _T], *args: _P.args, **kw: _P.kwargs
    ) -> _T:
        """The result of a query, run in a thread: on an event loop, nothing else would go on while the query waits."""

        def run() -> _T:
            with self.read() as connection:
                return query(connection, *args, **kw)

        return await asyncio.to_thread(run)

    async def write_in_thread(
        self, change: Callable[Concatenate[Connection, _P], _T], *args: _P.args, **kw: _P.kwargs
    ) -> _T:
        """The same with a transaction that writes."""

        def run() -> _T:
            with self.write() as connection:
                return change(connection, *args, **kw)

        return await asyncio.to_thread(run)

    @contextmanager
    def _transaction(
        self,
        *,
        writes: bool,
        alone: bool = True,
        long: bool = False,
        level: str = "",
        prepare: Callable[[Connection], AbstractContextManager[None]] | None = None,
    ) -> Iterator[Connection]:
        options: dict[str, Any] = {"writes": writes, "alone": alone, "long": long}
        if level and self._engine.dialect.name == "postgresql":
            options["isolation_level"] = level
        try:
            with (
                self._engine.connect().execution_options(**options) as connection,
                prepare(connection) if prepare else nullcontext(),
                connection.begin(),
            ):
                yield connection
        except DBAPIError as error:
            classified = classify_error(error)
            if classified is None:
                raise
            kind, words = classified
            raise kind(f"store {self.name}: {words}") from error
        except _UNEXPECTED_ERRORS as error:
            if not isinstance(error, DistributorError) and self.find_damage():
                raise StoreLost(f"store {self.name}: {DAMAGED}") from error
            raise

    # -- what it is made of -------------------------------------------------------------------------------------------

    def check_file(self) -> None:
        """Raises StoreLost where the file of SQLite is not there any more, or is another one, which nobody who has it open
        would notice."""
        if self._file:
            self._file.check()

    def find_damage(self) -> str:
        """What SQLite finds wrong with its file; empty where it finds nothing, and for a server. Reads the whole file."""
        if self._file is None:
            return ""
        try:
            with self._engine.connect() as connection:
                found = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())
        except DBAPIError as error:
            classified = classify_error(error)
            return str(error.orig) if classified and classified[0] is StoreLost else ""
        except UnicodeDecodeError:  # from the driver, which makes a text of the name of what is wrong
            return "the names of its tables are no text"
        return "" if found == "ok" else " ".join(found.split())

    def write_file(self, file: Path) -> bool:
        """Write the store, as it is at one moment, into an empty file of SQLite while others go on using it. False for a
        server, which has no file. Raises StoreError."""
        if self._engine.dialect.name != "sqlite":
            return False
        try:
            with self._engine.connect() as connection:
                raw = connection.connection.driver_connection
                assert raw is not None
                raw.execute("VACUUM INTO ?", (str(file),))
        except (sqlite3.Error, UnicodeDecodeError) as error:  # the latter from the driver, of names that are no text
            kind, words = classify_words(str(error)) or (StoreError, f"cannot be written into a file: {error}")
            raise kind(f"store {self.name}: {words}") from error
        return True

    def size(self, connection: Connection) -> int:
        """Octets that the store takes on a disk; 0 in memory."""
        if connection.dialect.name == "sqlite":
            return self._file.size() if self._file else 0
        return int(connection.execute(sa.select(sa.func.pg_database_size(sa.func.current_database()))).scalar_one())

    def check_tables(self) -> None:
        """Raises StoreLost where a table is missing that every store of this version has."""
        with self.read() as connection:
            missing = sorted(set(metadata.tables).difference(sa.inspect(connection).get_table_names()))
        if missing:
            raise StoreLost(f"store {self.name}: {INCOMPLETE.format('no table ' + ', '.join(missing))}")

    def is_empty(self) -> bool:
        """Whether no version of this program has ever made its tables here."""
        with self.read() as connection:
            return not sa.inspect(connection).has_table("alembic_version")

    @property
    def is_server(self) -> bool:
        """Whether many hosts can share it: a PostgreSQL, not a file."""
        return self._engine.dialect.name == "postgresql"

    def driver_arguments(self) -> dict[str, Any]:
        """What the driver of a server is given to connect: another library of the same driver gets as far as we do."""
        _, arguments = self._engine.dialect.create_connect_args(self._engine.url)
        return driver_options(self._engine.url) | dict(arguments)

    def server_time(self) -> datetime | None:
        """The clock of a server, in UTC; None for a file, which has none."""
        with self.read() as connection:
            if connection.dialect.name == "sqlite":
                return None
            at: datetime = connection.execute(sa.text("SELECT clock_timestamp()")).scalar_one()
            return at.astimezone(UTC)

    # -- versions ----------------------------------------------------------------------------------------------------

    def revision(self) -> str | None:
        """The migration this database is at; None for an empty one."""
        with self.read() as connection:
            return _revision(connection)

    def pending(self) -> tuple[str, ...]:
        """The migrations still to run. Raises StoreError for a database that is newer than this program."""
        return _after(self.revision(), self.name)

    def migrate(self) -> tuple[str, ...]:
        """Bring the database up to date; returns the migrations that ran. Safe when several processes start at once."""
        if not self.pending():
            return ()
        self._refuse_foreign_tables()
        with self._transaction(writes=True, long=True, prepare=_foreign_keys_off) as connection:
            todo = _after(_revision(connection), self.name)  # again, now that nobody else can write
            if todo:
                _upgrade(connection)
                _check_foreign_keys(connection)
            return todo

    def _refuse_foreign_tables(self) -> None:
        """Tables of ours without a version are what is left of a store, or belong to another program."""
        with self.read() as connection:
            if _revision(connection) is not None:
                return
            known = sorted(set(sa.inspect(connection).get_table_names()) & set(metadata.tables))
        if known:
            raise StoreLost(
                f"store {self.name}: has tables of a store ({', '.join(known[:3])} …) but no version: it is damaged, or "
                "belongs to another program; restore it from a backup, or look at store.url"
            )


def _after(revision: str | None, name: str) -> tuple[str, ...]:
    if revision is None:
        return REVISIONS
    if revision not in REVISIONS:
        raise StoreError(
            f"store {name} is at version {revision}, which is newer than this program (it knows up to {REVISIONS[-1]}); "
            "install the newer program, or restore the copy made before the upgrade"
        )
    return REVISIONS[REVISIONS.index(revision) + 1 :]


@contextmanager
def _foreign_keys_off(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by copying it and dropping the old one, which would take along every row that points to
    it; so foreign keys are off meanwhile (they cannot be switched inside a transaction) and are checked at the end."""
    raw = connection.connection.driver_connection if connection.dialect.name == "sqlite" else None
    if raw is None:
        yield
        return
    raw.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        raw.execute("PRAGMA foreign_keys=ON")


def _check_foreign_keys(connection: Connection) -> None:
    if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise StoreError("the upgrade would leave rows that point nowhere; nothing was changed, please report this")


def _revision(connection: Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
