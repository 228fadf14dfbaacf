"""The pictures of a page: that they can be loaded, have their sizes as numbers, and words for who does not see. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from ..text import clean_line
from .dom import ParsedPage, locate
from .findings import Finding, finding
from .links import is_web
from .parsed_message import CheckContext, ParsedMessage

_UNSUPPORTED_EXTENSIONS = (".svg", ".webp", ".avif")
_NUMBER = re.compile(r"[1-9]\d{0,4}")


def check_image_urls(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for page, picture, url in _images(letter):
        if not is_web(url) and not url.lower().startswith("data:") and "@@slot:" not in url and "{" not in url:
            told = f"the picture's address is {clean_line(url)[:80]!r}; mail needs the full one, with https://"
            yield finding("image-address", told, locate(page, picture), (url,))


def check_https(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for page, picture, url in _images(letter):
        if is_web(url) and not url.lower().startswith("https://"):
            told = f"{clean_line(url)[:80]} is not https, and some programs do not show it; ask for it over https"
            yield finding("image-http", told, locate(page, picture), (url,))


def check_alt_text(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for page, picture, url in _images(letter):
        alt, role = picture.get("alt"), picture.get("role")
        if alt is None:
            told = "the picture has no alt; say what it shows, or write an empty one for an ornament"
        elif not alt.strip() and role not in ("presentation", "none"):
            told = 'the picture has an empty alt; say what it shows, or add role="presentation" if it is an ornament'
        else:
            continue
        yield finding("image-alt", f"{told} ({clean_line(url)[:80]})", locate(page, picture), (url,))


def check_dimensions(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    """A missing height is no fault: where the source does not tell, a guess would bend the picture."""
    for page, picture, url in _images(letter):
        width, height = picture.get("width"), picture.get("height")
        if width is None or not _NUMBER.fullmatch(width.strip()):
            told = f"the width is {width or 'missing'!r}; Outlook needs a number of pixels"
        elif height is not None and not _NUMBER.fullmatch(height.strip()):
            told = f"the height is {height!r}; Outlook needs a number of pixels, or none at all"
        else:
            continue
        yield finding("image-size", f"{told} ({clean_line(url)[:80]})", locate(page, picture), (url,))


def check_formats(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for page, picture, url in _images(letter):
        if is_web(url) and urlsplit(url).path.lower().endswith(_UNSUPPORTED_EXTENSIONS):
            told = f"Outlook does not show {clean_line(url)[:80]}; use a JPEG or PNG of it"
            yield finding("image-format", told, locate(page, picture), (url,))


def _images(letter: ParsedMessage) -> Iterator[tuple[ParsedPage, HtmlElement, str]]:
    page = letter.page
    if page:
        for picture in page.all("img"):
            yield page, picture, (picture.get("src") or "").strip()


CHECKS = (check_image_urls, check_https, check_alt_text, check_dimensions, check_formats)
