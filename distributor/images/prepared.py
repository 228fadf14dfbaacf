"""Prepared images: the shapes in which they are shown, and what a child process has made of one. Without Pillow, which only
the child needs.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Any

from ..text import clean_line

UNREADABLE = "could not be resized"
_SIGNATURES = {"jpg": b"\xff\xd8\xff", "png": b"\x89PNG\r\n\x1a\n"}


class UnusableImage(Exception):
    """Why something cannot be shown as an image, in words."""


@dataclass(frozen=True, slots=True)
class ImageShape:
    """A place in which an image is shown: its width in CSS pixels, and which ratios of width to height it takes. An image
    of another ratio is cropped to the nearest of them."""

    width: int
    narrowest: float
    widest: float

    def ratio_of(self, ratio: float) -> float:
        """The ratio at which an image of this ratio is shown."""
        return min(max(ratio, self.narrowest), self.widest)


@dataclass(frozen=True, slots=True)
class ResizedImage:
    """An image file, named by its content. `width` and `height` are those at which it is shown, in CSS pixels."""

    body: bytes
    extension: str
    width: int
    height: int

    @property
    def name(self) -> str:
        return f"{hashlib.sha256(self.body).hexdigest()[:32]}.{self.extension}"


@dataclass(frozen=True, slots=True)
class ImageVersions:
    """What was made of an image: its size in pixels, upright, and its files, one for each shape."""

    width: int
    height: int
    files: tuple[ResizedImage, ...] = ()


def parse_prepared(data: Any, count: int) -> ImageVersions:
    """The result of a child process, trusted no more than the bytes that it read: only JPEG and PNG files are accepted,
    `count` of them. Raises UnusableImage."""
    if isinstance(data, dict) and isinstance(data.get("fault"), str):
        raise UnusableImage(clean_line(data["fault"])[:200])
    try:
        files = tuple(
            ResizedImage(
                base64.b64decode(one["body"], validate=True),
                str(one["extension"]),
                int(one["width"]),
                int(one["height"]),
            )
            for one in data["files"]
        )
        made = ImageVersions(int(data["width"]), int(data["height"]), files)
    except (KeyError, TypeError, ValueError):
        raise UnusableImage(UNREADABLE) from None
    sizes = [(made.width, made.height), *((one.width, one.height) for one in files)]
    signed = all(one.body.startswith(_SIGNATURES.get(one.extension, b"\0none")) for one in files)
    if len(files) != count or not signed or min(map(min, sizes)) < 1:
        raise UnusableImage(UNREADABLE)
    return made
