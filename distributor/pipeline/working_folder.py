"""A folder for what is not complete yet, private, and gone at the end; what a killed process has left goes with the next.

Who works in one holds a lock on it (`flock`), which ends with the process. Where the file system knows no locks, nothing is
taken for abandoned.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .. import permissions

_YOUNG = 5.0  # seconds in which a folder may be so new that its lock is not taken yet


@contextmanager
def working_folder(parent: Path, name: str) -> Iterator[Path]:
    """A new folder `.NAME.….part` in `parent`; abandoned ones of this name are removed first. Raises OSError."""
    for one in list_abandoned(parent, name):
        shutil.rmtree(one, ignore_errors=True)
    folder = parent / f".{name}.{secrets.token_hex(4)}.part"
    permissions.make_folder(folder, permissions.PRIVATE_FOLDER)
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def list_abandoned(parent: Path, name: str) -> list[Path]:
    """The working folders of this name in which nobody works any more."""
    pattern = re.compile(rf"\.{re.escape(name)}\.[0-9a-f]{{8}}\.part")
    with suppress(OSError):
        return [one for one in parent.iterdir() if pattern.fullmatch(one.name) and _is_abandoned(one)]
    return []


def _is_abandoned(folder: Path) -> bool:
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return time.time() - os.fstat(handle).st_mtime > _YOUNG
    except OSError:
        return False
    finally:
        os.close(handle)
