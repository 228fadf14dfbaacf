"""Files and folders with explicit permissions, whatever the umask: private for addresses and personal links, public for
what a web server of another user must read.

A private file is created with its mode, so that it is never readable by others, not for a moment. A public one may be
created stricter by the umask, and is then opened.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

PRIVATE, PRIVATE_FOLDER = 0o600, 0o700
PUBLIC, PUBLIC_FOLDER = 0o644, 0o755
TRAVERSE_ONLY = 0o711  # a folder that holds private and public things: others may enter it, but not list it
_OTHERS = 0o077


def make_folder(folder: Path, mode: int) -> None:
    """Create a folder with this mode, and missing parents: public ones for a public folder, traversable ones for others.

    Existing folders keep their mode. Raises OSError.
    """
    if folder.is_dir():
        return
    above = mode if mode == PUBLIC_FOLDER else TRAVERSE_ONLY
    missing = [folder]
    while not missing[-1].exists() and missing[-1].parent != missing[-1]:
        missing.append(missing[-1].parent)
    for one in reversed(missing):
        wanted = mode if one == folder else above
        try:
            one.mkdir(mode=wanted)
        except FileExistsError:
            if not one.is_dir():
                raise
        else:
            if stat.S_IMODE(one.stat().st_mode) != wanted:  # the umask has removed permissions
                one.chmod(wanted)


def create(file: Path, mode: int) -> BinaryIO:
    """A new file with this mode, open for writing. Raises OSError; FileExistsError if it exists."""
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        if stat.S_IMODE(os.fstat(handle).st_mode) != mode:
            os.fchmod(handle, mode)
        return os.fdopen(handle, "wb")
    except BaseException:
        os.close(handle)
        raise


@contextlib.contextmanager
def atomic_writer(file: Path, mode: int) -> Iterator[BinaryIO]:
    """Write a file atomically: it gets its name once it is complete and durable. Raises OSError."""
    neighbour = file.with_name(f".{file.name[:100]}.{secrets.token_hex(4)}.tmp")
    stream = create(neighbour, mode)
    try:
        with stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        neighbour.replace(file)
    except BaseException:
        neighbour.unlink(missing_ok=True)
        raise
    sync_folder(file.parent)


def give_name(made: Path, file: Path) -> None:
    """Let a file that is complete and durable have its name, in the same file system. Raises FileExistsError where that is
    taken, also by somebody who was just now quicker, and OSError."""
    try:
        os.link(made, file)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if os.path.lexists(file):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(file)) from None
        made.rename(file)
    else:
        made.unlink()
    sync_folder(file.parent)


def write(file: Path, body: bytes, mode: int) -> None:
    """Write a file atomically, in a folder that fits its mode. Raises OSError."""
    make_folder(file.parent, PUBLIC_FOLDER if mode == PUBLIC else PRIVATE_FOLDER)
    with atomic_writer(file, mode) as stream:
        stream.write(body)


def sync_folder(folder: Path) -> None:
    """Make a new file name in a folder durable (fsync)."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def restore_mode(file: Path, mode: int) -> None:
    """Give an existing file this mode, if allowed; if it is public, its folder too."""
    set_mode(file, mode)
    if mode == PUBLIC:
        set_mode(file.parent, PUBLIC_FOLDER, only_add=True)


def set_mode(path: Path, mode: int, *, only_add: bool = False) -> bool:
    """Give an existing file or folder this mode, if allowed. Returns whether that changed anything."""
    with contextlib.suppress(OSError):
        now = stat.S_IMODE(path.stat().st_mode)
        wanted = now | mode if only_add else mode
        if now != wanted:
            path.chmod(wanted)
            return True
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedPaths:
    """The files and folders of a newsroom in the folder `root`: folders that hold private and public things
    (`traversable`), `files` and `private` folders for the owner only, and `public` folders."""

    root: Path
    traversable: Sequence[Path]
    files: Sequence[Path]
    private: Sequence[Path]
    public: Sequence[Path]

    def within(self, folder: Path) -> bool:
        return self.root in folder.parents

    def may_make_private(self, folder: Path) -> bool:
        """False outside the newsroom, which may be for others too, and for folders that contain a public one."""
        return self.within(folder) and not any(folder == one or folder in one.parents for one in self.public)


def secure(own: OwnedPaths) -> list[Path]:
    """Correct the modes of existing files and folders, whatever an earlier version or another umask has left.

    Files and private folders are closed to others; traversable folders and the parents of public ones can be entered.
    Returns what others could read before. Folders outside the newsroom, and what may not be changed, stay as they are;
    `list_exposed` names them.
    """
    closed = []
    for one in dict.fromkeys(own.traversable):
        if own.within(one) and one.is_dir():
            was_open = is_open(one)
            if set_mode(one, TRAVERSE_ONLY) and was_open:
                closed.append(one)
    closed += [one for one in (*own.files, *filter(own.may_make_private, own.private)) if make_private(one)]
    for one in own.public:
        if not own.within(one):
            continue
        for folder in filter(own.within, one.parents):
            set_mode(folder, TRAVERSE_ONLY, only_add=True)
        if one.is_dir():
            set_mode(one, PUBLIC_FOLDER, only_add=True)
    return closed


def list_exposed(own: OwnedPaths) -> list[Path]:
    """What others can still read, because it belongs to another user or lies outside the newsroom."""
    traversable = [one for one in own.traversable if own.within(one)]
    return list(dict.fromkeys(one for one in (*traversable, *own.files, *own.private) if is_open(one)))


def is_open(path: Path) -> bool:
    """Whether others than the owner may read or write a file, or list a folder."""
    try:
        return bool(path.stat().st_mode & 0o066)
    except OSError:
        return False


def make_private(path: Path) -> bool:
    """Close a file, or a folder with all its contents, to everybody but its owner. Returns whether it was open.

    Contents of a closed folder are not checked. Symbolic links are not followed.
    """
    try:
        mode = path.lstat().st_mode
    except OSError:
        return False
    if stat.S_ISLNK(mode) or not mode & _OTHERS:
        return False
    try:
        path.chmod(stat.S_IMODE(mode) & ~_OTHERS)
    except OSError:
        return False
    if stat.S_ISDIR(mode):
        with contextlib.suppress(OSError):
            for one in path.iterdir():
                make_private(one)
    return True
