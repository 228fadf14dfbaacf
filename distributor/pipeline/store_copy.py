"""A whole store moved into another database, or into a file of SQLite that is a backup.

    copy_store     from SQLite to PostgreSQL or back, while nobody sends; the old store then belongs to nobody here
    save_store     into a new file of SQLite, while everybody goes on; the file belongs to nobody until it is claimed

Both read one consistent snapshot, and are complete or have changed nothing. The identity of the store goes along, so that
links and the folder's store.id fit the copy. Two stores that both belong to one newsroom would send everything twice:
so one of the two always says that it belongs elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from .. import permissions
from ..articles import search_index
from ..delivery.senders import list_senders
from ..errors import StoreError
from ..storage import copying, identity
from ..storage.database import Database
from ..storage.migrations import REVISIONS


@dataclass(frozen=True, slots=True)
class CopiedStore:
    """The rows of each table that were copied, by its name, and how many articles the index of words has."""

    rows: Mapping[str, int]
    articles: int = 0

    @property
    def total(self) -> int:
        return sum(self.rows.values())


def _ignore(_table: str, _done: int, _total: int) -> None:
    pass


def copy_store(source: Database, target: Database, now: datetime, progress: copying.Progress = _ignore) -> CopiedStore:
    """Copy a store into an empty one, verify it, and let the source belong to nobody here any more. Raises StoreError where
    the target is not empty, a version is another one, or somebody sends from the source."""
    _check_version(source, "migrate")
    _check_target(target)
    with source.write(long=True) as reading:
        copying.lock_tables(reading)
        if senders := list_senders(reading, now):
            raise StoreError(
                f"somebody sends from store {source.name} now ({', '.join(senders)}): nothing was copied; stop every "
                "`serve`, `deliver` and `send`, and try again"
            )
        with target.write(long=True) as writing:
            _check_empty(writing, target)  # again: now nobody else can write
            copied = _copy(reading, writing, progress)
            # Before the copy is there for good: where this cannot be written, there must be no copy either.
            identity.claim_instance(reading, f"the store {target.name}, into which it was copied"[:1000], now)
    return copied


def save_store(database: Database, file: Path, now: datetime, progress: copying.Progress = _ignore) -> CopiedStore:
    """Write a store into a new file of SQLite, private, as it is at one moment. Until it is claimed nothing is sent from it,
    wherever it is used. Raises StoreError, and OSError."""
    _check_version(database, "migrate")
    permissions.create(file, permissions.PRIVATE).close()
    saved = database.write_file(file)
    with closing(Database.open(f"sqlite:///{file}", file.parent, create=False)) as target:
        if not saved:
            target.migrate()
            with database.snapshot() as reading, target.write(long=True) as writing:
                _copy(reading, writing, progress)
        if damage := target.find_damage():
            raise StoreError(f"the copy of store {database.name} is damaged ({damage}); is the store? nothing was kept")
        with target.write() as writing:
            before = identity.claim_instance(writing, "", now)
            kept = f"a backup of {now:%Y-%m-%d %H:%M} UTC" + (f" of {before}" if before else "")
            identity.claim_instance(writing, kept[:1000], now)
            return CopiedStore(copying.count_rows(writing))


_NOT_EMPTY = (
    "store {} is not empty (it has {}): nothing was changed; a copy needs a store of its own. Make a new database or name "
    "a new file"
)


def _copy(reading: Connection, writing: Connection, progress: copying.Progress) -> CopiedStore:
    copied = copying.copy_rows(reading, writing, progress)
    articles = search_index.rebuild_words(writing)
    return CopiedStore({name: table.rows for name, table in copied.items()}, articles)


def _check_target(target: Database) -> None:
    if target.is_empty():
        target.migrate()
        return
    _check_version(target, "begin with an empty database")
    with target.read() as connection:  # before any lock: it may be the source, under another name
        _check_empty(connection, target)


def _check_empty(connection: Connection, target: Database) -> None:
    if filled := copying.list_filled_tables(connection):
        raise StoreError(_NOT_EMPTY.format(target.name, ", ".join(filled[:3])))


def _check_version(database: Database, remedy: str) -> None:
    found = database.revision()
    database.pending()  # says of one that is newer what to do
    if found != REVISIONS[-1]:
        what = "run `distributor migrate` first" if remedy == "migrate" else remedy
        raise StoreError(
            f"store {database.name} is at version {found or 'none'}, and this program at {REVISIONS[-1]}: nothing was "
            f"copied; {what}"
        )
    database.check_tables()
