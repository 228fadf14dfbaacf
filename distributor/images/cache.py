"""Image cache: the public folder of resized images, and an index with the result of each address.

Each file is named by its content. The index consists of files too, so that an image is fetched once however many editions
carry it, and nothing has to be migrated. Every file is complete as soon as it has its name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from .. import permissions
from ..model import ImageFile
from .resize import ResizedImage

RETRY_AFTER = timedelta(hours=6)  # after which a failed image is fetched again


@dataclass(frozen=True, slots=True)
class CachedImage:
    """The result of one address: files, or the reason why there are none."""

    files: tuple[ImageFile, ...] = ()
    fault: str = ""
    at: str = ""

    def is_current(self, widths: Sequence[int], now: datetime) -> bool:
        """Whether the image need not be fetched again."""
        if self.fault:
            return datetime.fromisoformat(self.at) + RETRY_AFTER > now
        return set(widths) <= {one.width for one in self.files}


@dataclass(frozen=True, slots=True)
class ImageCache:
    """The folder of images, and its address on the web."""

    folder: Path
    url: str

    def find(self, address: str, scope: str = "") -> CachedImage | None:
        """The result of an address; None for an unknown one, a damaged entry, or one whose files are gone.

        `scope` names the source whose permissions were used: what it was given or refused says nothing for others.
        """
        try:
            data = json.loads(self._index_file(address, scope).read_text(encoding="utf-8"))
            cached = CachedImage(tuple(ImageFile(**one) for one in data["files"]), data["fault"], data["at"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return cached if all((self.folder / one.url.rpartition("/")[2]).is_file() for one in cached.files) else None

    def put(
        self, address: str, images: Sequence[ResizedImage], fault: str, now: datetime, scope: str = ""
    ) -> CachedImage:
        """Write the files, then the entry. Raises OSError."""
        for one in images:
            _write(self.folder / one.name, one.body)
        files = [{"url": f"{self.url}/{one.name}", "width": one.width, "height": one.height} for one in images]
        entry = {"address": address, "files": files, "fault": fault, "at": now.isoformat()}
        _write(self._index_file(address, scope), json.dumps(entry, ensure_ascii=False, indent=1).encode(), replace=True)
        return CachedImage(tuple(ImageFile(**one) for one in files), fault, entry["at"])  # type: ignore[arg-type]

    def _index_file(self, address: str, scope: str) -> Path:
        key = f"{scope} {address}" if scope else address
        return self.folder / ".index" / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"


def _write(file: Path, body: bytes, *, replace: bool = False) -> None:
    """Write a public file atomically. An existing one has the same content, so only its mode is restored."""
    if not replace and file.exists():
        permissions.restore_mode(file, permissions.PUBLIC)
        return
    permissions.write(file, body, permissions.PUBLIC)
