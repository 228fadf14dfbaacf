"""The pictures of a page: that they can be loaded, have their sizes as numbers, and words for who does not see. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from ..text import clean_line
from .addresses import is_web
from .findings import Finding, finding
from .opened import Context, Opened
from .page import Page, place

_NOT_SHOWN = (".svg", ".webp", ".avif")
_NUMBER = re.compile(r"[1-9]\d{0,4}")


def addresses(letter: Opened, context: Context) -> Iterator[Finding]:
    for page, picture, url in _all(letter):
        if not is_web(url) and not url.lower().startswith("data:") and "@@slot:" not in url and "{" not in url:
            told = f"the picture's address is {clean_line(url)[:80]!r}; mail needs the full one, with https://"
            yield finding("image-address", told, place(page, picture), (url,))


def encrypted(letter: Opened, context: Context) -> Iterator[Finding]:
    for page, picture, url in _all(letter):
        if is_web(url) and not url.lower().startswith("https://"):
            told = f"{clean_line(url)[:80]} is not https, and some programs do not show it; ask for it over https"
            yield finding("image-http", told, place(page, picture), (url,))


def words(letter: Opened, context: Context) -> Iterator[Finding]:
    for page, picture, url in _all(letter):
        alt, role = picture.get("alt"), picture.get("role")
        if alt is None:
            told = "the picture has no alt; say what it shows, or write an empty one for an ornament"
        elif not alt.strip() and role not in ("presentation", "none"):
            told = 'the picture has an empty alt; say what it shows, or add role="presentation" if it is an ornament'
        else:
            continue
        yield finding("image-alt", f"{told} ({clean_line(url)[:80]})", place(page, picture), (url,))


def sizes(letter: Opened, context: Context) -> Iterator[Finding]:
    """A missing height is no fault: where the source does not tell, a guess would bend the picture."""
    for page, picture, url in _all(letter):
        width, height = picture.get("width"), picture.get("height")
        if width is None or not _NUMBER.fullmatch(width.strip()):
            told = f"the width is {width or 'missing'!r}; Outlook needs a number of pixels"
        elif height is not None and not _NUMBER.fullmatch(height.strip()):
            told = f"the height is {height!r}; Outlook needs a number of pixels, or none at all"
        else:
            continue
        yield finding("image-size", f"{told} ({clean_line(url)[:80]})", place(page, picture), (url,))


def formats(letter: Opened, context: Context) -> Iterator[Finding]:
    for page, picture, url in _all(letter):
        if is_web(url) and urlsplit(url).path.lower().endswith(_NOT_SHOWN):
            told = f"Outlook does not show {clean_line(url)[:80]}; use a JPEG or PNG of it"
            yield finding("image-format", told, place(page, picture), (url,))


def _all(letter: Opened) -> Iterator[tuple[Page, HtmlElement, str]]:
    page = letter.page
    if page:
        for picture in page.all("img"):
            yield page, picture, (picture.get("src") or "").strip()


CHECKS = (addresses, encrypted, words, sizes, formats)
