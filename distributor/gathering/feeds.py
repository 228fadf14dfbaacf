"""Feeds parsed to entries: RSS, Atom and JSON Feed. Pure.

feedparser reads RSS and Atom, with its traps closed: it is given bytes and never an address, its sanitiser, which takes
quadratic time on hostile input, is off (bodies are cleaned elsewhere), and dates are kept as they were written, because
it reads `GMT+7` as nothing and local times as UTC. JSON Feed is read here.

Atom says of each text what it is (RFC 4287, section 3.1.1), JSON Feed says it by the name of the field. RSS says nothing:
its titles and descriptions are plain text in one feed and HTML in the next, and a headline such as `Vì sao thẻ <b> không
còn nên dùng` is text in both. There a text counts as HTML where tags do what tags do: an element that is opened and closed,
a tag with attributes, a break that stands against a word. A tag that stands among words as a word is one.
"""

from __future__ import annotations

import codecs
import html
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from functools import partial
from typing import Any
from urllib.parse import urljoin

from ..model import Image
from ..source import FetchedDocument
from ..text import clean_line, html_to_text, language_tag
from ..url_cleaning import web_address
from .dates import from_epoch, parse_date
from .extraction.document import decode, decode_damaged_utf8
from .feed_parser import LANGUAGE, SECOND, find_root_element, parse_feed, split_cdata
from .media import may_be_picture, parse_pixels
from .mojibake import repair_utf8

_MOST = 20_000  # entries that are read; as many as fit into a feed of 5 MB
_MOST_TAGS = 300_000  # a feed of 5 MB has less than half; more make a parser busy for minutes
_DOCTYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_HTML = re.compile(rb"<!DOCTYPE\s+html|<html|<head|<body", re.IGNORECASE)
_LONGEST_NUMBER = 30  # digits
_DEEPEST = 200  # nested elements; no honest feed comes near, and deep ones take a parser quadratic time
_PICTURE = re.compile(r"\.(?:jpe?g|png|gif|webp)\b", re.IGNORECASE)
_LONGEST_AUTHOR = 300  # characters in which an address is searched
_ADDRESSED = re.compile(r"[^\s@()]+@[^\s()]+ ?\(([^()]*)\)|([^<>]*)<[^\s<>]+@[^\s<>]+>")
_MARKUP = frozenset({"text/html", "application/xhtml+xml"})
_TAG = re.compile(rb"<(/?)[A-Za-z][^<>]*?(/?)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """One entry of a feed: address absolute or empty, dates as written.

    `title` is plain text, whatever the feed has declared it to be, `summary` and `content` are HTML, unsanitised.

    `base` is what relative addresses in its HTML are relative to: `xml:base`, or the feed's own address. `fault` says in
    words why it cannot be read; then it holds nothing but perhaps a GUID.
    """

    title: str = ""
    url: str = ""
    guid: str = ""
    summary: str = ""
    content: str = ""
    author: str = ""
    published: str = ""
    updated: str = ""
    base: str = ""
    topics: tuple[str, ...] = ()
    image: Image | None = None
    language: str = ""
    fault: str = ""


def read_feed(got: FetchedDocument) -> Sequence[FeedEntry]:
    """The entries in the order of the feed. Raises ValueError in words where this is no feed that can be read.

    What is wrong with one entry costs that entry at most.
    """
    body = got.body.removeprefix(codecs.BOM_UTF8).lstrip()
    charset = got.charset if body == got.body.lstrip() else "utf-8"
    if not body:
        raise ValueError("is empty")
    if body[:1] == b"{" or "json" in got.media_type:
        return _json_feed(decode(body, charset), got.url)
    _guard(body.lstrip(codecs.BOM_UTF16).replace(b"\0", b""))  # UTF-16 without its mark and zeros reads like ASCII
    return _xml_feed(body, charset, got.url)


def newest_entries(entries: Sequence[FeedEntry], most: int, zone: tzinfo) -> list[tuple[int, FeedEntry]]:
    """At most so many entries, the newest by their dates, each with its number in the feed (from 1), in the feed's order.

    Most feeds begin with the newest, some end with it, and what is cut must not be the news. An entry without a date counts
    as new as the one before it; where none has one, the first are taken.
    """
    numbered = list(enumerate(entries, 1))
    if len(entries) <= most:
        return numbered
    moments: list[datetime | None] = []
    for entry in entries:
        moment = parse_date(entry.published or entry.updated, zone)
        moments.append(moment if moment or not moments else moments[-1])
    first = next(filter(None, moments), None)
    if first is None:
        return numbered[:most]
    ranked = sorted(numbered, key=lambda one: moments[one[0] - 1] or first, reverse=True)
    return sorted(ranked[:most], key=lambda one: one[0])


def _guard(body: bytes) -> None:
    """Refuse what is no feed or would keep a parser busy. Raises ValueError."""
    root = body[find_root_element(body) :][:1000]
    if _HTML.match(root):
        raise ValueError("is a web page, not a feed")
    if _DOCTYPE.match(root):
        raise ValueError("declares a document type, which feeds never need and attacks do")
    if body.count(b"<") > _MOST_TAGS:
        raise ValueError(f"holds more than {_MOST_TAGS:,} tags")
    if _depth(b"".join(part for read, part in split_cdata(body) if read)) > _DEEPEST:
        raise ValueError(f"nests elements more than {_DEEPEST} deep")


def _depth(body: bytes) -> int:
    depth = deepest = 0
    for match in _TAG.finditer(body):
        if match.group(1):
            depth -= 1
        elif not match.group(2):
            depth += 1
            deepest = max(deepest, depth)
    return deepest


# -- RSS and Atom ------------------------------------------------------------------------------------------------------


def _xml_feed(body: bytes, charset: str, base: str) -> Sequence[FeedEntry]:
    try:
        body.decode()
    except UnicodeDecodeError:
        if (
            decode_damaged_utf8(body) is not None
        ):  # feedparser would guess another encoding for the sake of one broken letter
            body, charset = _as_utf8(body), ""
    parsed = parse_feed(body, charset)
    if not parsed.entries and (parsed.bozo or not parsed.version):
        # Declared in one encoding and written in another: once more as what it really is.
        parsed = parse_feed(_as_utf8(body), "")
    if not parsed.entries and (parsed.bozo or not parsed.version):
        reason = clean_line(str(parsed.get("bozo_exception", "")))[:120]
        raise ValueError("is not a feed that can be read" + (f": {reason}" if reason else ""))
    language = str(parsed.feed.get("language", ""))
    make = partial(_entry, declares=str(parsed.version).startswith("atom"))
    return [_read(make, entry, language, base) for entry in parsed.entries[:_MOST]]


def _read(
    make: Callable[[Mapping[str, Any], str, str], FeedEntry], item: object, language: str, base: str
) -> FeedEntry:
    if not isinstance(item, Mapping):
        return FeedEntry(fault="is no object with fields")
    try:
        return make(item, language, base)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        return FeedEntry(guid=_text(item, "id"), fault=f"cannot be read: {clean_line(str(error))[:120]}")


def _as_utf8(body: bytes) -> bytes:
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", decode(body, ""))
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + text.encode()


def _entry(entry: Mapping[str, Any], language: str, base: str, *, declares: bool) -> FeedEntry:
    """`declares`: whether texts are of the type that they say, as in Atom."""
    content = max((_html(one, declares) for one in _records(entry, "content")), key=len, default="")
    summary = _html(next(_records(entry, "summary_detail"), {}), declares)
    title = next(_records(entry, "title_detail"), {})
    base = _joined(base, _base(entry))
    guid, link = str(entry.get("id", "")), str(entry.get("link", ""))
    # feedparser's own `get` puts `published` in the place of `updated`, with a warning.
    updated = str(dict(entry).get("updated", "")) or _second(entry, "dcterms:modified")
    published = str(entry.get("published", "")) or _second(entry, "dcterms:issued")
    if not published:
        published, updated = _second(entry, "dc:date") or updated, updated if _second(entry, "dc:date") else ""
    return FeedEntry(
        title=as_text(str(title.get("value") or ""), _kind(title, declares)),
        # feedparser takes a GUID for the link where there is no other; most such GUIDs are no addresses.
        url=web_address(link, base if link != guid else ""),
        guid=guid,
        summary=summary if summary != content else "",
        content=content,
        author=_author(entry),
        published=published,
        updated=updated,
        base=base,
        topics=tuple(
            decode_references(str(tag.get("term") or tag.get("label") or "")) for tag in _records(entry, "tags")
        ),
        image=_picture(entry, base),
        language=_first_tag(str(entry.get(LANGUAGE) or ""), _second(entry, "dc:language"), language),
    )


def _second(entry: Mapping[str, Any], *names: str) -> str:
    """What another vocabulary says of an entry: the first of the elements that says something."""
    said = entry.get(SECOND) or {}
    return next((said[name][0] for name in names if said.get(name)), "")


def _records(entry: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    """The records under a key: a list of them, a single one, or none where a feed has put something else there."""
    value = entry.get(key)
    yield from (one for one in (value if isinstance(value, list) else [value]) if isinstance(one, Mapping))


def _first_tag(*said: str) -> str:
    """The first that is a language tag."""
    return next(filter(None, map(language_tag, said)), "")


def _joined(base: str, address: str) -> str:
    """An address relative to another; that other where it is none."""
    try:
        return urljoin(base, address)
    except ValueError:
        return base


def _kind(detail: Mapping[str, Any], declares: bool) -> TextType:
    """What a text is: as its type says (RFC 4287, section 3.1.1), or either where types mean nothing."""
    if not declares:
        return TextType.EITHER
    media_type = str(detail.get("type") or "text/plain")
    return TextType.HTML if media_type in _MARKUP else TextType.PLAIN


def _html(detail: Mapping[str, Any], declares: bool) -> str:
    """A text of an entry as HTML, whatever it was; empty for what is no text, such as a picture in place of a text."""
    media_type = str(detail.get("type") or "text/plain")
    if declares and media_type not in _MARKUP and not media_type.startswith("text/"):
        return ""
    return as_html(str(detail.get("value") or ""), _kind(detail, declares))


def _base(entry: Mapping[str, Any]) -> str:
    details = (one for key in ("content", "summary_detail", "title_detail") for one in _records(entry, key))
    return next((str(detail["base"]) for detail in details if detail.get("base")), "")


def _author(entry: Mapping[str, Any]) -> str:
    """Everybody who has written an entry: by its own word, else by that of another vocabulary."""
    said = entry.get(SECOND) or {}
    own = [str(one.get("name") or "") for one in _records(entry, "authors")]
    for found in (own, [str(entry.get("author") or "")], said.get("dc:creator", ()), said.get("itunes:author", ())):
        names = dict.fromkeys(name for one in found if (name := _name(one)))
        if names:
            return ", ".join(names)
    return ""


def _name(written: str) -> str:
    """The name of an author as RSS writes it beside an address: `mai@bacson.example (Mai Anh)`. An address is no name."""
    line = clean_line(decode_references(written))
    if "@" not in line or len(line) > _LONGEST_AUTHOR:
        return line
    beside = _ADDRESSED.fullmatch(line)
    if beside:
        return clean_line(beside[1] or beside[2] or "").strip('"')
    return "" if " " not in line else line


def _picture(entry: Mapping[str, Any], base: str) -> Image | None:
    """The first picture among the enclosures and the media elements."""
    links = [link for link in _records(entry, "links") if link.get("rel") == "enclosure"]
    for item in [*links, *_records(entry, "media_content"), *_records(entry, "media_thumbnail")]:
        kind = str(item.get("type") or item.get("medium") or "")
        address = web_address(str(item.get("href") or item.get("url") or ""), base)
        shown = kind.startswith("image") or (not kind and _PICTURE.search(address.lower()))
        width, height = parse_pixels(item.get("width")), parse_pixels(item.get("height"))
        if address and shown and may_be_picture(address, width, height):
            return Image(url=address, width=width, height=height)
    return None


# -- JSON Feed ---------------------------------------------------------------------------------------------------------


def _json_feed(text: str, base: str) -> Sequence[FeedEntry]:
    try:
        feed = json.loads(text.lstrip("\ufeff"), parse_int=_number, parse_float=_number)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is not JSON that can be read: {str(error)[:120]}") from None
    if not isinstance(feed, dict) or "jsonfeed.org/version/1" not in str(feed.get("version", "")):
        raise ValueError("is JSON, but no JSON Feed")
    items = feed.get("items")
    if not isinstance(items, list):
        raise ValueError("is a JSON Feed without items")
    language = _text(feed, "language")
    return [_read(_item, item, language, base) for item in items[:_MOST]]


def _number(digits: str) -> float | str:
    """A number; its digits where it is one that nobody counts with. Python refuses whole numbers of 4,300 digits."""
    if len(digits) > _LONGEST_NUMBER:
        return digits
    return int(digits) if digits.lstrip("-").isdigit() else float(digits)


def _item(item: Mapping[str, Any], language: str, base: str) -> FeedEntry:
    """Versions 1.0 and 1.1: `author` and `authors`, ids that are numbers, `external_url`."""
    first = next(_records(item, "authors"), None) or next(_records(item, "author"), {})
    address = web_address(_text(item, "image") or _text(item, "banner_image"), base)
    text, tags = _text(item, "content_text"), item.get("tags")
    return FeedEntry(
        title=as_text(_text(item, "title"), TextType.PLAIN),
        url=web_address(_text(item, "url") or _text(item, "external_url"), base),
        guid=_text(item, "id"),
        summary=as_html(_text(item, "summary"), TextType.PLAIN),
        content=_text(item, "content_html")
        or "".join(f"<p>{as_html(part, TextType.PLAIN)}</p>" for part in text.split("\n\n") if part),
        author=_text(first, "name"),
        published=_date(item, "date_published"),
        updated=_date(item, "date_modified"),
        base=base,
        topics=tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else (),
        image=Image(url=address) if address and may_be_picture(address, 0, 0) else None,
        language=_first_tag(_text(item, "language"), language),
    )


def _date(item: Mapping[str, Any], key: str) -> str:
    """A date as it is written; where a program has put a number, the time so long after 1970 began."""
    value = item.get(key)
    moment = from_epoch(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    return moment.isoformat() if moment else _text(item, key)


def _text(item: Mapping[str, Any], key: str) -> str:
    value = item.get(key)
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


# -- types of texts ----------------------------------------------------------------------------------------------------

# What a headline or a lead is marked up with where somebody means markup. A feed's `<title>` in a text is a word.
_INLINE = (
    "a abbr acronym b bdi bdo big center cite code del dfn em font h1 h2 h3 h4 h5 h6 i ins kbd mark nobr q s samp script"
    " small span strike strong style sub sup tt u var"
)
_BLOCK = (
    "address article aside blockquote dd div dl dt figcaption figure footer header iframe li main nav noscript ol p pre"
    " section table tbody td tfoot th thead tr ul video audio"
)
_ALONE = "br hr img input wbr"
_ELEMENTS = frozenset(f"{_INLINE} {_BLOCK} {_ALONE}".split())
_HTML_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)((?:\s[^<>]*)?/?)>")
_ATTRIBUTE = re.compile(r"\s[A-Za-z-]+\s*=")
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_MAX_INSPECTED = 100_000  # characters; a text that shows no tag by then is none that is read for its tags


class TextType(StrEnum):
    """What a text of a feed is declared to be: plain, HTML, or either, as is the custom of RSS."""

    PLAIN = "plain"
    HTML = "html"
    EITHER = "either"  # nobody has said


def as_text(value: str, kind: TextType) -> str:
    """The words of a text on one line: all of them where it is plain, without the markup where it is HTML."""
    value = repair_utf8(value)  # before anything takes one of its signs for a space
    if kind is TextType.HTML or (kind is TextType.EITHER and looks_like_html(value)):
        return html_to_text(value)
    return clean_line(decode_references(value) if kind is TextType.EITHER else value)


def as_html(value: str, kind: TextType) -> str:
    """A text as HTML that shows the same; not sanitised."""
    value = repair_utf8(value)
    if kind is not TextType.PLAIN and "<" not in value:
        once_more = html.unescape(value)
        value = once_more if once_more.lstrip().startswith("<") and looks_like_html(once_more) else value
    if kind is TextType.HTML or (kind is TextType.EITHER and looks_like_html(value)):
        return value
    return html.escape(decode_references(value) if kind is TextType.EITHER else value, quote=False)


def looks_like_html(text: str) -> bool:
    """Whether a text that may be plain is HTML. One pass, whatever it holds."""
    opened: set[str] = set()
    for tag in _HTML_TAG.finditer(text, 0, _MAX_INSPECTED):
        closing, name, rest = tag[1], tag[2].lower(), tag[3]
        if name not in _ELEMENTS:
            continue
        if closing:
            if name in opened:
                return True
        elif (
            rest.endswith("/") or _ATTRIBUTE.match(rest) or (name in ("br", "p", "hr") and _is_adjacent_tag(text, tag))
        ):
            return True
        else:
            opened.add(name)
    return False


def _is_adjacent_tag(text: str, tag: re.Match[str]) -> bool:
    """Whether a tag stands against words or the edge of a text, on both sides: `một<br>hai`, not `thẻ <br> là gì`."""
    before, after = text[tag.start() - 1 : tag.start()], text[tag.end() : tag.end() + 1]
    return not before.isspace() and not after.isspace() and bool(before or after)


def decode_references(text: str) -> str:
    """A text with its character references read: publishers of RSS escape once more than XML asks."""
    return _REFERENCE.sub(lambda reference: html.unescape(reference[0]), text)
