"""Pictures of articles as they stand in foreign HTML: where they really are, and how large they say they are. Pure."""

from __future__ import annotations

import re

from lxml.html import HtmlElement

from ..model import Image
from ..text import clean_line
from .addresses import web_address


def picture_address(element: HtmlElement, base_url: str) -> str:
    """Where a picture really is: lazy loaders put a placeholder into `src` and the address elsewhere."""
    candidates = [element.get(name) or "" for name in ("data-src", "data-original", "data-lazy-src")]
    candidates += [_largest(element.get("data-srcset") or ""), element.get("src") or ""]
    candidates += [_largest(element.get("srcset") or "")]
    return next(filter(None, (web_address(candidate, base_url) for candidate in candidates)), "")


def _largest(srcset: str) -> str:
    """The largest picture of a `srcset` (HTML Living Standard, section 4.8.4.2.1)."""
    best, largest = "", 0.0
    for candidate in re.split(r",\s+|(?<=\d[wx]),", srcset):
        url, _, descriptor = candidate.strip(" ,").partition(" ")
        size = re.fullmatch(r"\s*([0-9]{1,5}(?:\.[0-9]{1,3})?)[wx]", descriptor)
        width = float(size[1]) if size else 1.0
        if width > largest:
            best, largest = url, width
    return best


def pixels(text: object) -> int:
    """A width or height; 0 for whatever is none, such as `100%`."""
    digits = re.fullmatch(r"\s*([0-9]{1,5})(?:px)?\s*", str(text or ""))
    return int(digits[1]) if digits else 0


def make_real(picture: HtmlElement, base_url: str) -> bool:
    """Leave a picture its real address, alt text and size, no more. False, and unchanged, where it is none to show."""
    address = picture_address(picture, base_url)
    width, height = pixels(picture.get("width")), pixels(picture.get("height"))
    if not address or width == 1 or height == 1:  # a picture of one pixel counts readers
        return False
    kept = {"src": address, "alt": picture.get("alt") or "", "width": width, "height": height}
    picture.attrib.clear()
    for name, value in kept.items():
        if value:
            picture.set(name, str(value))
    return True


def image_of(picture: HtmlElement, caption: str) -> Image:
    return Image(
        url=str(picture.get("src")),
        alt=clean_line(picture.get("alt") or "") or caption,
        caption=caption,
        width=pixels(picture.get("width")),
        height=pixels(picture.get("height")),
    )
