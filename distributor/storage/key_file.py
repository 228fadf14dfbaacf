"""The file of the keys that sign links, var/secret.key: one key on each line. The first signs; all are good for reading
links that have been signed before, so that a key can be exchanged and old emails keep working.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from ..errors import StoreError
from ..files import UnsafeFile, open_ordinary

SHORTEST = 16  # characters of a key
_LARGEST = 100_000  # octets of the file


def new_key() -> str:
    """A random key, as text."""
    return secrets.token_urlsafe(32)


def read_keys(file: Path) -> tuple[bytes, ...]:
    """The keys in the file, the one that signs first. Read anew where the file is another one than before. Raises
    StoreError."""
    try:
        found = file.stat()
        which = (found.st_ino, found.st_mtime_ns, found.st_size)
        known = _read.get(file)
        if known and known[0] == which:
            return known[1]
        with open_ordinary(file) as stream:
            lines = stream.read(_LARGEST).decode().split()
    except UnsafeFile as error:
        raise StoreError(f"{file}: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise StoreError(f"{file}: cannot be read: {reason}") from None
    if not lines or min(map(len, lines)) < SHORTEST:
        raise StoreError(
            f"{file}: is too short to be a key; restore it from a backup, or delete it and run `distributor store claim "
            "--new-key`: the unsubscribe links in old emails will not work any more"
        )
    keys = tuple(line.encode() for line in lines)
    _read[file] = (which, keys)
    return keys


_read: dict[Path, tuple[tuple[int, int, int], tuple[bytes, ...]]] = {}  # what was read of a file, and of which


def put_first(file: Path, key: str) -> None:
    """Let a key sign from now on, and keep those that are there. The file is exchanged as a whole. Raises StoreError."""
    text = "".join(f"{line}\n" for line in (key, *(old.decode() for old in read_keys(file))))
    fresh = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(file)
    except OSError as error:
        raise StoreError(f"{file}: cannot be written: {error.strerror}") from None
    finally:
        fresh.unlink(missing_ok=True)
