"""The file of an SQLite store: made for its owner's eyes, opened only where it is there, and known again."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from .. import permissions
from ..errors import StoreError, StoreLost


@dataclass(frozen=True, slots=True)
class OpenFile:
    """The file that a process has opened: its path, and the device and inode that it had then."""

    path: Path
    device: int
    inode: int

    def connect(self) -> sqlite3.Connection:
        """A connection to the file. Raises sqlite3.OperationalError where it is not there any more."""
        return sqlite3.connect(f"{self.path.as_uri()}?mode=rw", uri=True, check_same_thread=False)

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


def open_file(path: Path, *, create: bool = True) -> OpenFile:
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
        path.open("rb").close()  # SQLite does not say why it may not
    except FileNotFoundError:
        raise StoreLost(f"store {path}: is not there") from None
    except OSError as error:
        raise StoreError(
            f"store {path}: cannot be opened: {error.strerror}; look at the path and its permissions"
        ) from None
    return OpenFile(path, found.st_dev, found.st_ino)
