"""Where a store is: its address in config.yaml, and the file of SQLite, private and recognised as long as it is open."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError

from .. import permissions
from ..errors import StoreError, StoreLost
from ..files import UnsafeFile, open_ordinary

SQLITE_FILES = ("", "-wal", "-shm", "-journal")  # what is added to the name of a store for the files beside it


def parse_store_url(url: str) -> sa.URL:
    """The address of a store as it stands in config.yaml. Raises ValueError, in words that do not repeat it: it may hold a
    password."""
    hint = "write sqlite:///var/distributor.db or postgresql+psycopg://user:password@host/database"
    try:
        address = sa.make_url(url)
        address.get_dialect()
    except (ArgumentError, ModuleNotFoundError) as error:  # which name the kind at most, not the address
        raise ValueError(f"{str(error).splitlines()[0]}; {hint}") from None
    except ValueError:
        raise ValueError(f"its port is not a number; {hint}") from None
    kind = address.get_backend_name()
    if kind not in ("sqlite", "postgresql"):
        raise ValueError(f"a store is kept in SQLite or PostgreSQL, not in {kind}; {hint}")
    if kind == "sqlite" and (address.query or address.host):
        raise ValueError("write only a path behind sqlite:/// (and four slashes before an absolute one)")
    if address.port is not None and not 0 < address.port < 65536:
        raise ValueError(f"its port is no number from 1 to 65535; {hint}")
    return address


def sqlite_path(url: str, folder: Path) -> Path | None:
    """The file of a store that is one; None for a server, and where the address is none."""
    try:
        address = sa.make_url(url)
    except (ValueError, ArgumentError):
        return None
    name = address.database or ""
    if address.get_backend_name() != "sqlite" or name in ("", ":memory:") or name.startswith("file:"):
        return None
    return folder / name


def absolute_path(address: sa.URL, folder: Path) -> Path | None:
    """Where SQLite keeps the store; None in memory, and for a server."""
    if address.get_backend_name() != "sqlite" or address.database in (None, "", ":memory:"):
        return None
    if "\0" in str(address.database):
        raise StoreError("store.url: the path holds a character that no path can have")
    return (folder / str(address.database)).absolute()


@dataclass(frozen=True, slots=True)
class SqliteFile:
    """The file that a process has opened: its path, and the device and inode that it had then."""

    path: Path
    device: int
    inode: int

    def connect(self) -> sqlite3.Connection:
        """A connection to the file. Raises sqlite3.OperationalError where it is not there any more."""
        return sqlite3.connect(f"{self.path.as_uri()}?mode=rw", uri=True, check_same_thread=False)

    def size(self) -> int:
        """Octets of it and of the files beside it, as far as they are there."""
        found = 0
        for end in SQLITE_FILES:
            with contextlib.suppress(OSError):
                found += Path(f"{self.path}{end}").stat().st_size
        return found

    def check(self) -> None:
        """Raises StoreLost where the path leads to another file by now, or to none."""
        try:
            now = self.path.stat()
        except OSError as error:
            raise StoreLost(
                f"store {self.path}: was deleted or moved away while it was in use ({error.strerror}): nothing more is "
                "sent; put it back, or restore it from a backup, and start again"
            ) from None
        if (now.st_dev, now.st_ino) != (self.device, self.inode):
            raise StoreLost(
                f"store {self.path}: was replaced by another file while it was in use: nothing more is sent; make sure "
                "that it is the right one, and start again"
            )


def open_file(path: Path, *, create: bool = True) -> SqliteFile:
    """The file at `path`; made, with its folders, where it is missing. Raises StoreError."""
    if path.is_dir():
        raise StoreError(f"store {path}: is a folder, not a database; look at store.url")
    try:
        if create:
            permissions.make_folder(path.parent, permissions.TRAVERSE_ONLY)
    except OSError as error:
        raise StoreError(f"store {path}: the folder cannot be made: {error.strerror}") from None
    try:
        if create:
            with contextlib.suppress(FileExistsError):
                permissions.create(path, permissions.PRIVATE).close()  # SQLite gives those beside it the same mode
        found = path.stat()
        open_ordinary(path).close()  # SQLite does not say why it may not
    except UnsafeFile as error:
        raise StoreError(f"store {path}: {error}; look at store.url") from None
    except FileNotFoundError:
        raise StoreLost(f"store {path}: is not there") from None
    except OSError as error:
        raise StoreError(
            f"store {path}: cannot be opened: {error.strerror}; look at the path and its permissions"
        ) from None
    return SqliteFile(path, found.st_dev, found.st_ino)
