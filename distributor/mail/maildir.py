"""Letters into a Maildir: a folder that mail programs and tests can read.

A letter is written under tmp/, made durable, and then renamed into new/ (cr.yp.to/proto/maildir.html). Its file name
comes from its Message-ID, so that a copy delivered twice is there once. It is for its owner's eyes only: it holds an
address and the personal links of a reader. Lines end with LF, as in every Maildir on Unix.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from ..errors import Unavailable
from ..permissions import PRIVATE, PRIVATE_FOLDER, create, make_folder, sync_folder


def deliver(folder: Path, message_id: str, message: bytes) -> str:
    """Lay a message into the Maildir and return its file name. Raises Unavailable (disk full, not writable)."""
    name = hashlib.sha256(message_id.encode()).hexdigest()[:32] + ".distributor"
    try:
        make_folder(folder, PRIVATE_FOLDER)
        for part in ("tmp", "new", "cur"):
            make_folder(folder / part, PRIVATE_FOLDER)
        if not _is_there(folder, name):
            _write(folder, name, message.replace(b"\r\n", b"\n"))
    except OSError as error:
        raise Unavailable(f"{folder} cannot be written: {error.strerror or error}") from error
    return name


def _is_there(folder: Path, name: str) -> bool:
    """Whether the letter lies in new/, or in cur/ under whatever flags a mail program has given it."""
    return (folder / "new" / name).exists() or any((folder / "cur").glob(f"{name}*"))


def _write(folder: Path, name: str, message: bytes) -> None:
    temporary = folder / "tmp" / f"{name}.{os.getpid()}"
    try:
        temporary.unlink(missing_ok=True)  # of a process of our number that was killed
        with create(temporary, PRIVATE) as file:
            file.write(message)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(folder / "new" / name)  # the same letter of another process is replaced by its equal
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(folder / "new")  # the name as well: what we call delivered must be there after a power cut
