"""The public folder of pictures: each file named by its content, and beside them what became of each address.

The index is files too, so that a picture is fetched once however many editions carry it, and nothing has to be migrated.
Every file is complete as soon as it has its name.
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

RETRY_AFTER = timedelta(hours=6)  # after which a picture that could not be had is asked for again


@dataclass(frozen=True, slots=True)
class CachedImage:
    """What became of one address: files, or the reason why there are none."""

    files: tuple[ImageFile, ...] = ()
    fault: str = ""
    at: str = ""

    def stands(self, widths: Sequence[int], now: datetime) -> bool:
        """Whether it need not be asked for again."""
        if self.fault:
            return datetime.fromisoformat(self.at) + RETRY_AFTER > now
        return set(widths) <= {one.width for one in self.files}


@dataclass(frozen=True, slots=True)
class ImageCache:
    """The folder, and the address at which the web server shows it."""

    folder: Path
    url: str

    def find(self, address: str, mark: str = "") -> CachedImage | None:
        """What is known of a picture's address. A damaged entry, or one whose files are gone, is as good as none.

        `mark` is whose it is: what one source was given or refused is no answer for another.
        """
        try:
            data = json.loads(self._index_file(address, mark).read_text(encoding="utf-8"))
            kept = CachedImage(tuple(ImageFile(**one) for one in data["files"]), data["fault"], data["at"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return kept if all((self.folder / one.url.rpartition("/")[2]).is_file() for one in kept.files) else None

    def put(self, address: str, made: Sequence[ResizedImage], fault: str, now: datetime, mark: str = "") -> CachedImage:
        """Lay the files down, then the entry. Raises OSError."""
        for one in made:
            _write(self.folder / one.name, one.body)
        files = [{"url": f"{self.url}/{one.name}", "width": one.width, "height": one.height} for one in made]
        entry = {"address": address, "files": files, "fault": fault, "at": now.isoformat()}
        _write(self._index_file(address, mark), json.dumps(entry, ensure_ascii=False, indent=1).encode(), again=True)
        return CachedImage(tuple(ImageFile(**one) for one in files), fault, entry["at"])  # type: ignore[arg-type]

    def _index_file(self, address: str, mark: str) -> Path:
        key = f"{mark} {address}" if mark else address
        return self.folder / ".index" / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"


def _write(file: Path, body: bytes, *, again: bool = False) -> None:
    """New bytes go to a neighbour and to the disk before they take the file's name."""
    if not again and file.exists():
        permissions.restore_mode(file, permissions.PUBLIC)
        return
    permissions.write(file, body, permissions.PUBLIC)
