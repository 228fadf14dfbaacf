"""Files written so that nobody ever reads half of one."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from distributor import permissions
from distributor.errors import Unavailable


async def write_file(file: Path, body: bytes, mode: int = permissions.PUBLIC) -> bool:
    """Write a file atomically, in a thread; False where the very bytes stand there already. It is public, for the web
    server, unless `mode` says otherwise.

    Raises Unavailable (disk full, folder not writable), with the path and the reason.
    """
    try:
        return await asyncio.to_thread(_write_if_changed, file, body, mode)
    except OSError as error:
        raise Unavailable(f"{file} cannot be written: {error.strerror or error}") from error


async def remove_file(file: Path) -> None:
    """Delete a file; one that is gone already is no fault. Raises Unavailable."""
    try:
        await asyncio.to_thread(file.unlink, missing_ok=True)
    except OSError as error:
        raise Unavailable(f"{file} cannot be removed: {error.strerror or error}") from error


def _write_if_changed(file: Path, body: bytes, mode: int) -> bool:
    """New bytes go to a neighbour and to the disk before they take the file's name: rename is atomic in one folder."""
    with contextlib.suppress(FileNotFoundError):
        permissions.restore_mode(file, mode)
        if file.read_bytes() == body:
            return False
    permissions.write(file, body, mode)
    return True
