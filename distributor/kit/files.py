"""Files written so that nobody ever reads half of one."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
from pathlib import Path

from .. import permissions
from ..errors import Unavailable


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


# -- Maildir -------------------------------------------------------------------------------------------------------------


def write_to_maildir(folder: Path, message_id: str, message: bytes) -> str:
    """Save a message in a Maildir, which email programs and tests can read, and return its file name.

    It is written under tmp/, made durable, and renamed into new/ (cr.yp.to/proto/maildir.html). Its name comes from its
    Message-ID, so that a message delivered twice is there once. Only its owner can read it: it holds an address and personal
    links. Lines end with LF, as in every Maildir on Unix. Raises Unavailable (disk full, not writable).
    """
    name = hashlib.sha256(message_id.encode()).hexdigest()[:32] + ".distributor"
    try:
        permissions.make_folder(folder, permissions.PRIVATE_FOLDER)
        for part in ("tmp", "new", "cur"):
            permissions.make_folder(folder / part, permissions.PRIVATE_FOLDER)
        if not _is_in_maildir(folder, name):
            _write_new(folder, name, message.replace(b"\r\n", b"\n"))
    except OSError as error:
        raise Unavailable(f"{folder} cannot be written: {error.strerror or error}") from error
    return name


def _is_in_maildir(folder: Path, name: str) -> bool:
    """Whether the message is in new/, or in cur/ under whatever flags an email program has given it."""
    return (folder / "new" / name).exists() or any((folder / "cur").glob(f"{name}*"))


def _write_new(folder: Path, name: str, message: bytes) -> None:
    temporary = folder / "tmp" / f"{name}.{os.getpid()}"
    try:
        temporary.unlink(missing_ok=True)  # of a process of our number that was killed
        with permissions.create(temporary, permissions.PRIVATE) as file:
            file.write(message)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(folder / "new" / name)  # the same message of another process is replaced by its equal
    finally:
        temporary.unlink(missing_ok=True)
    permissions.sync_folder(folder / "new")  # the name as well: what we call delivered must be there after a power cut
