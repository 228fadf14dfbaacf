"""Files written so that nobody ever reads half of one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from pathlib import Path

from distributor.errors import Unavailable


async def put(file: Path, body: bytes) -> bool:
    """Write a file atomically, in a thread; False where the very bytes stand there already.

    Raises Unavailable (disk full, folder not writable), with the path and the reason.
    """
    try:
        return await asyncio.to_thread(_put, file, body)
    except OSError as error:
        raise Unavailable(f"{file} cannot be written: {error.strerror or error}") from error


async def remove(file: Path) -> None:
    """Delete a file; one that is gone already is no fault. Raises Unavailable."""
    try:
        await asyncio.to_thread(file.unlink, missing_ok=True)
    except OSError as error:
        raise Unavailable(f"{file} cannot be removed: {error.strerror or error}") from error


def _put(file: Path, body: bytes) -> bool:
    """New bytes go to a neighbour and to the disk before they take the file's name: rename is atomic in one folder."""
    with contextlib.suppress(FileNotFoundError):
        if file.read_bytes() == body:
            return False
    file.parent.mkdir(parents=True, exist_ok=True)
    neighbour = file.with_name(f".{file.name}.{secrets.token_hex(4)}.tmp")
    try:
        with neighbour.open("xb") as stream:
            stream.write(body)
            stream.flush()
            os.fsync(stream.fileno())
        neighbour.replace(file)
    except BaseException:
        neighbour.unlink(missing_ok=True)
        raise
    _sync_folder(file.parent)
    return True


def _sync_folder(folder: Path) -> None:
    """Make the new name itself durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
