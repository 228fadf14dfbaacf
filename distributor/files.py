"""Files of a folder that others write into: read where they really lie, if they are ordinary, and not too large.

A link in a folder of articles may lead to any file of the machine, a pipe may keep whoever opens it waiting for ever,
and a large file may fill the memory. So a path is followed to its end first, must end within its folder (itself followed
to its end), and is then opened name by name without following anything: a link laid there in between is not followed
either. What is no ordinary file is never opened, and sizes are checked before reading.
"""

from __future__ import annotations

import os
from pathlib import Path
from stat import S_ISDIR, S_ISFIFO, S_ISREG
from typing import BinaryIO

_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NOCTTY


class UnsafeFile(ValueError):
    """Nothing that may be read: a link out of the folder, a pipe, a device. The message follows the file's name."""


class FileTooLarge(ValueError):
    """A file larger than was allowed. The message follows the file's name."""


def is_within(folder: Path, file: Path) -> bool:
    """Whether a path, with every link on it followed, lies in a folder, followed likewise."""
    return _inner(os.path.realpath(folder), os.path.realpath(file)) is not None


def read_within(folder: Path, file: Path, most: int) -> bytes:
    """The content of a file in a folder, or somewhere below it. Raises UnsafeFile, FileTooLarge (more than `most` octets)
    and OSError."""
    root = os.path.realpath(folder, strict=True)
    inner = _inner(root, os.path.realpath(file, strict=True))
    if inner is None:
        raise UnsafeFile(f"is a link that leads out of {folder}")
    handle = _opened(root, inner)
    with os.fdopen(handle, "rb") as stream:
        about = os.fstat(handle)
        if not S_ISREG(about.st_mode):
            raise UnsafeFile("is no ordinary file")
        data = stream.read(most + 1) if about.st_size <= most else b""
    if about.st_size > most or len(data) > most:
        raise FileTooLarge(f"is larger than {most / 1_000_000:g} MB")
    return data


def open_ordinary(path: Path, *, piped: bool = False) -> BinaryIO:
    """A file that somebody has named, opened for reading; a link is followed. With `piped`, what a shell hands over in place
    of one is read too: `/dev/stdin`, `<(command)`. Raises UnsafeFile and OSError."""
    mode = path.stat().st_mode
    if piped and S_ISFIFO(mode) and path.parts[:2] in (("/", "dev"), ("/", "proc")):
        return path.open("rb")
    _refuse_odd(mode)
    stream = os.fdopen(os.open(path, _FLAGS & ~os.O_NOFOLLOW), "rb")
    try:
        _refuse_odd(os.fstat(stream.fileno()).st_mode)  # it may have become another one just now
    except UnsafeFile:
        stream.close()
        raise
    return stream


def _refuse_odd(mode: int) -> None:
    """Raises UnsafeFile for what is no ordinary file. To be called before it is opened: that may wait for ever, or do
    something to a device."""
    if S_ISDIR(mode):
        raise UnsafeFile("is a folder")
    if not S_ISREG(mode):
        raise UnsafeFile("is no ordinary file")


def _inner(root: str, path: str) -> list[str] | None:
    """The names on the way from a folder to a path; None where it does not lie in it."""
    if path == root or not path.startswith(root.rstrip("/") + "/"):
        return None
    return path[len(root.rstrip("/")) + 1 :].split("/")


def _opened(root: str, names: list[str]) -> int:
    """A handle of what lies at these names below a folder; none of them may be a link by now."""
    here = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name in names[:-1]:
            below = os.open(name, _FLAGS | os.O_DIRECTORY, dir_fd=here)
            os.close(here)
            here = below
        _refuse_odd(os.stat(names[-1], dir_fd=here, follow_symlinks=False).st_mode)
        return os.open(names[-1], _FLAGS, dir_fd=here)
    finally:
        os.close(here)
