"""What bytes from an address are, and what a page says of its site: feeds, sections, a sitemap. Pure."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from ...text import clean_line
from ...url_cleaning import web_address
from ..extraction.document import base_url, decode, element_text
from ..feed_parser import find_root_element


class DocumentFormat(StrEnum):
    """The form of some bytes."""

    PAGE = "page"
    FEED = "feed"
    WORDPRESS = "wordpress"  # its REST API, or an answer of it
    SITEMAP = "sitemap"
    JSON = "json"
    TEXT = "text"
    OTHER = "other"


_FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml")
_ROOT = re.compile(rb"<(?:[A-Za-z][\w.-]{0,30}:)?([A-Za-z]+)")
_DOCTYPE = re.compile(rb"^<!DOCTYPE[^>\[]{0,1000}>\s*(?:<!--.*?-->\s*)*", re.IGNORECASE | re.DOTALL)
_FEED_ROOTS = {b"rss", b"feed", b"rdf"}
_MAP_ROOTS = {b"urlset", b"sitemapindex"}
_FRONT = re.compile(r"/(?:(?:index|default|home|trang-?chu|web/guest(?:/home)?)(?:\.\w{2,5})?/?)?", re.IGNORECASE)
_FEED_ADDRESS = re.compile(r"(?:^|[/.?=_-])(?:rss|feed|atom)(?:$|[/.?&=_-])", re.IGNORECASE)
_MENU_NAME = re.compile(r"menu|nav", re.IGNORECASE)
_MOST_LINKS = 3000
_MOST_SECTIONS = 12


@dataclass(frozen=True, slots=True)
class NamedLink:
    """A link of a page: its words and where to."""

    words: str
    url: str


def detect_format(body: bytes, media_type: str = "", charset: str = "") -> DocumentFormat:
    """What the bytes are: by themselves first, by the media type last, since many servers call everything text/html."""
    bare = body.removeprefix(codecs.BOM_UTF8).lstrip()
    if not bare:
        return DocumentFormat.OTHER
    if bare[:1] in (b"{", b"["):
        return _json_form(decode(bare, charset))
    if bare[:1] == b"<" or bare[:4] in (b"<\0?\0", b"\xff\xfe<\0", b"\xfe\xff\0<"):
        plain = bare.lstrip(codecs.BOM_UTF16).replace(b"\0", b"")
        root = _ROOT.match(_DOCTYPE.sub(b"", plain[find_root_element(plain) :], count=1))
        name = root.group(1).lower() if root else b""
        if name in _FEED_ROOTS:
            return DocumentFormat.FEED
        return DocumentFormat.SITEMAP if name in _MAP_ROOTS else DocumentFormat.PAGE
    if media_type in ("text/html", "application/xhtml+xml"):
        return DocumentFormat.PAGE
    return DocumentFormat.TEXT if _is_text(body) else DocumentFormat.OTHER


def _json_form(text: str) -> DocumentFormat:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return DocumentFormat.TEXT
    if isinstance(data, dict):
        if isinstance(data.get("items"), list) or "jsonfeed.org" in str(data.get("version", "")):
            return DocumentFormat.FEED
        return (
            DocumentFormat.WORDPRESS
            if any("wp/v2" in str(one) for one in _listed(data.get("namespaces")))
            else DocumentFormat.JSON
        )
    posts = [one for one in _listed(data)[:5] if isinstance(one, dict)]
    rendered = [one for one in posts if isinstance(one.get("title"), dict) and "rendered" in one["title"]]
    return DocumentFormat.WORDPRESS if rendered else DocumentFormat.JSON


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _is_text(body: bytes) -> bool:
    try:
        text = body[:20_000].decode("utf-8", "strict" if len(body) <= 20_000 else "ignore")
    except UnicodeDecodeError:
        return False
    return sum(sign < " " and sign not in "\t\r\n\f" for sign in text) == 0


def is_front_page(url: str) -> bool:
    """Whether an address is that of a site's front page."""
    parts = urlsplit(url)
    return not parts.query and bool(_FRONT.fullmatch(parts.path or "/"))


def find_feeds(page: HtmlElement, base: str) -> list[NamedLink]:
    """The feeds that a page names: in its head (RFC 4287 and the WHATWG's rel=alternate), else by links that say so.

    Feeds of comments are left out.
    """
    found: dict[str, NamedLink] = {}
    for link in page.iter("link"):
        rel = (link.get("rel") or "").lower().split()
        kind = (link.get("type") or "").lower().partition(";")[0].strip()
        if "alternate" in rel and kind in _FEED_TYPES:
            _add(found, clean_line(link.get("title") or ""), web_address(link.get("href") or "", base))
    if not found:
        for number, anchor in enumerate(page.iter("a")):
            href = anchor.get("href") or ""
            if number >= _MOST_LINKS:
                break
            if element_text(anchor).casefold() in ("rss", "rss feed", "atom") or _FEED_ADDRESS.search(
                urlsplit(href).path
            ):
                _add(found, element_text(anchor), web_address(href, base))
    comments = re.compile(r"comment|bình luận", re.IGNORECASE)
    return [one for one in found.values() if not comments.search(f"{one.words} {one.url}")]


def _add(found: dict[str, NamedLink], words: str, url: str) -> None:
    if url:
        found.setdefault(url, NamedLink(words[:100], url))


def is_wordpress(page: HtmlElement) -> bool:
    """Whether a page says that WordPress made it."""
    for link in page.iter("link"):
        if (link.get("rel") or "").strip() == "https://api.w.org/":
            return True
    return any(
        (meta.get("name") or "").lower() == "generator" and "wordpress" in (meta.get("content") or "").lower()
        for meta in page.iter("meta")
    )


def find_sitemap(page: HtmlElement, base: str) -> str:
    """The sitemap that a page names in its head; empty where it names none."""
    for link in page.iter("link"):
        if "sitemap" in (link.get("rel") or "").lower().split():
            return web_address(link.get("href") or "", base)
    return ""


def sitemaps_in_robots(text: str, base: str) -> list[str]:
    """The sitemaps that robots.txt names (sitemaps.org, "Specifying the Sitemap location")."""
    found = re.findall(r"^\s*sitemap\s*:\s*(\S{1,2000})\s*$", text, re.IGNORECASE | re.MULTILINE)
    return list(filter(None, (web_address(one, base) for one in found[:20])))


def find_sections(page: HtmlElement, base: str) -> list[NamedLink]:
    """The sections that the page's menu leads to, in its order: short links within the site and not this page."""
    host = urlsplit(base).hostname
    found: dict[str, NamedLink] = {}
    for anchor in _menu_links(page):
        url, words = web_address(anchor.get("href") or "", base).partition("#")[0], element_text(anchor)
        parts = urlsplit(url)
        if not url or parts.hostname != host or is_front_page(url) or url.rstrip("/") == base.rstrip("/"):
            continue
        if 1 <= len(words.split()) <= 5 and len(words) <= 40:
            found.setdefault(url, NamedLink(words, url))
        if len(found) == _MOST_SECTIONS:
            break
    return list(found.values())


def _menu_links(page: HtmlElement) -> Iterator[HtmlElement]:
    seen: set[HtmlElement] = set()
    for element in page.iter("nav", "ul", "div", "header"):
        names = f"{element.get('id') or ''} {element.get('class') or ''}"[:300]
        if element.tag == "nav" or _MENU_NAME.search(names):
            for anchor in element.iter("a"):
                if anchor not in seen:
                    seen.add(anchor)
                    yield anchor
                if len(seen) > _MOST_LINKS:
                    return


def find_listing_urls(page: HtmlElement, url: str) -> list[str]:
    """Where the listing of an article may be, the likeliest first: its breadcrumb's links, backwards, then the folders
    of its address."""
    host, base = urlsplit(url).hostname, base_url(page, url)
    found: dict[str, None] = {}
    crumbs = page.xpath(
        "//*[contains(translate(@class,'BREADCRUM','breadcrum'),'breadcrumb')"
        " or contains(translate(@id,'BREADCRUM','breadcrum'),'breadcrumb')"
        " or contains(@itemtype,'BreadcrumbList')]"
    )
    anchors = [anchor for crumb in crumbs[:3] for anchor in crumb.iter("a")][:20]
    for anchor in reversed(anchors):
        found.setdefault(web_address(anchor.get("href") or "", base).partition("#")[0])
    path = urlsplit(url).path.rstrip("/")
    while path:
        path = path.rpartition("/")[0]
        found.setdefault(urlsplit(url)._replace(path=f"{path}/", query="", fragment="").geturl())
    return [one for one in found if one and urlsplit(one).hostname == host and one != url]
