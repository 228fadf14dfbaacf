"""Image cache: the folder of resized images, and an index with the result of each address.

Each file is named by its content. The index consists of files too, so that an image is fetched once however many editions
carry it, and nothing has to be migrated. Every file is complete as soon as it has its name.

The time of a change of an index entry says when its image was last asked for, that of an image when it was last known to be
needed: what is older than `KEPT`, and shown by no edition, is deleted.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from .. import permissions
from ..model import ImageFile
from .prepared import ImageVersions, ResizedImage

RETRY_AFTER = timedelta(hours=6)  # after which a failed image is fetched again
KEPT = timedelta(days=30)  # how long an image is kept that nobody asks for
FILE_NAME = re.compile(r"[0-9a-f]{32}\.(?:jpg|png)")
_TOUCHED_EVERY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class CachedImage:
    """The result of one address: its size in pixels and our files, or a fault in words. `unusable`: the fault is the
    image's own (gone, broken, too small), so that nobody could show it."""

    width: int = 0
    height: int = 0
    files: tuple[ImageFile, ...] = ()
    fault: str = ""
    unusable: bool = False
    at: str = ""

    def is_current(self, widths: Collection[int], now: datetime) -> bool:
        """Whether the image need not be fetched again, where it is shown in these widths."""
        if self.fault:
            return datetime.fromisoformat(self.at) + RETRY_AFTER > now
        return set(widths) <= {one.width for one in self.files}


@dataclass(frozen=True, slots=True)
class ImageCache:
    """The folder of images, and its address on the web; without one (`""`) only sizes are known."""

    folder: Path
    url: str

    def find(self, address: str, scope: str = "") -> CachedImage | None:
        """The result of an address; None for an unknown one, a damaged entry, or one whose files are gone.

        `scope` names the source whose permissions were used: what it was given or refused says nothing for others.
        """
        try:
            data = json.loads(self._index_file(address, scope).read_text(encoding="utf-8"))
            names = [str(one["name"]) for one in data["files"]] if self.url else []
            files = [self._file(one) for one in data["files"]] if self.url else []
            cached = CachedImage(
                int(data["width"]), int(data["height"]), tuple(files), data["fault"], bool(data["unusable"]), data["at"]
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None
        there = all(FILE_NAME.fullmatch(name) and (self.folder / name).is_file() for name in names)
        return cached if there else None

    def put(self, address: str, made: ImageVersions, now: datetime, scope: str = "") -> CachedImage:
        """Write the files of an image, then its entry. Raises OSError."""
        for one in made.files:
            _write(self.folder / one.name, one.body)
            _set_time(self.folder / one.name, now)
        files = [{"name": one.name, "width": one.width, "height": one.height} for one in made.files]
        self._put(address, scope, now, width=made.width, height=made.height, files=files)
        return CachedImage(made.width, made.height, tuple(map(self._file, files)), at=now.isoformat())

    def publish(self, file: ResizedImage) -> str:
        """The public address of a file that a network fetches, kept as long as any other; empty where we have none. Raises
        OSError."""
        if not self.url:
            return ""
        _write(self.folder / file.name, file.body)
        return f"{self.url}/{file.name}"

    def put_fault(self, address: str, fault: str, now: datetime, scope: str = "", *, unusable: bool) -> None:
        """Write that an image could not be had. Raises OSError."""
        self._put(address, scope, now, fault=fault, unusable=unusable)

    def _put(self, address: str, scope: str, now: datetime, **result: Any) -> None:
        empty = {"width": 0, "height": 0, "files": [], "fault": "", "unusable": False}
        entry = {"address": address, **empty, **result, "at": now.isoformat()}
        file = self._index_file(address, scope)
        _write(file, json.dumps(entry, ensure_ascii=False, indent=1).encode(), replace=True)
        _set_time(file, now)

    def _file(self, entry: dict[str, Any]) -> ImageFile:
        return ImageFile(url=f"{self.url}/{entry['name']}", width=int(entry["width"]), height=int(entry["height"]))

    def _index_file(self, address: str, scope: str) -> Path:
        key = f"{scope} {address}" if scope else address
        return self.folder / ".index" / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"

    # -- files by their public address -------------------------------------------------------------------------------

    def local_file(self, url: str) -> Path | None:
        """The file behind a public address; None for an address that is none of ours, or whose file is gone."""
        base, _, name = url.rpartition("/")
        if not self.url or base != self.url or not FILE_NAME.fullmatch(name):
            return None
        file = self.folder / name
        return file if file.is_file() else None

    # -- deleting ----------------------------------------------------------------------------------------------------

    def touch(self, address: str, scope: str, now: datetime) -> None:
        """Note that an image was asked for."""
        file = self._index_file(address, scope)
        with contextlib.suppress(OSError):
            if file.stat().st_mtime < (now - _TOUCHED_EVERY).timestamp():
                _set_time(file, now)

    def sweep(
        self, now: datetime, find_shown: Callable[[Collection[str]], Collection[str]], kept: timedelta = KEPT
    ) -> int:
        """Delete what nobody has asked for since `kept`, except images that an edition shows: `find_shown` says which of
        these names do. Returns the number of images deleted. Raises OSError."""
        before = (now - kept).timestamp()
        entries = list(_entries(self.folder / ".index"))
        recent = {name for file, names in entries if _changed(file) >= before for name in names}
        old = {name for name in _image_names(self.folder) if _changed(self.folder / name) < before} - recent
        shown = set(find_shown(old)) if old else set()
        for name in shown:
            _set_time(self.folder / name, now)  # editions are asked again after `kept`
        for name in old - shown:
            (self.folder / name).unlink(missing_ok=True)
        for file, names in entries:
            if _changed(file) < before and not shown.intersection(names):
                file.unlink(missing_ok=True)
        return len(old - shown)


def _entries(folder: Path) -> Iterable[tuple[Path, Sequence[str]]]:
    """The entries of an index, each with the names of its files."""
    for file in sorted(folder.glob("*.json")):
        try:
            yield file, [str(one["name"]) for one in json.loads(file.read_text(encoding="utf-8"))["files"]]
        except (OSError, ValueError, KeyError, TypeError):
            yield file, ()


def _image_names(folder: Path) -> list[str]:
    try:
        return [file.name for file in folder.iterdir() if FILE_NAME.fullmatch(file.name)]
    except FileNotFoundError:
        return []


def _set_time(file: Path, now: datetime) -> None:
    with contextlib.suppress(FileNotFoundError):  # somebody else has deleted it
        os.utime(file, (now.timestamp(), now.timestamp()))


def _changed(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:  # somebody else has deleted it
        return 0.0


def _write(file: Path, body: bytes, *, replace: bool = False) -> None:
    """Write a public file atomically. An existing one has the same content, so only its mode is restored."""
    if not replace and file.exists():
        permissions.restore_mode(file, permissions.PUBLIC)
        return
    permissions.write(file, body, permissions.PUBLIC)
