"""feedparser, held to what takes it linear time and spoils no more than one item. Pure.

Left alone it takes quadratic time or worse on long names of authors, on elements of many attributes, on many categories,
on spaces written as references, on long addresses under `xml:base` and on what stands before the first element; and an
element that is called like one of its own lists (`<links>`) ends the reading of the whole feed. What honest feeds hold is
read as ever.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from typing import Any
from urllib.parse import urljoin
from xml.sax.xmlreader import AttributesNSImpl

import feedparser
from feedparser import api

_MOST_ATTRIBUTES = 50  # of an element; its strict parser compares each with each
_MOST_NAMESPACES = 100  # of a feed; it looks through all of them at each element
_MOST_TAGS = 100  # categories of an item; each is compared with all before
_LONGEST_AUTHOR = 300  # characters in which it looks for an address
_LONGEST_BASE = 2000  # characters of an address; each element joins it once more
_LONGEST_DECLARATION = 500  # octets of `<?xml … ?>`
_LONGEST_HEAD = 4000  # octets before the first element that are no comment, such as warnings of a script
_PROLOGUE = re.compile(rb"(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_DECLARATION = re.compile(rb"<\?xml\s[^>]*\?>")
_ELEMENT = re.compile(rb"<\w")
_OWN = frozenset({"links", "authors", "contributors", "enclosures", "publishers"})
# How a feed in UTF-16 or UTF-32 begins, with its mark or without; the longer ones first, since they begin alike.
_WIDE = (
    (b"\xff\xfe\0\0", "utf-32-le"), (b"\0\0\xfe\xff", "utf-32-be"), (b"<\0\0\0", "utf-32-le"), (b"\0\0\0<", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"), (b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"),
)  # fmt: skip


def parse(body: bytes, charset: str) -> Any:
    """The feed in these bytes, without its parser's own sanitiser and resolver of addresses inside HTML, which are slow
    on hostile input. Raises ValueError in words where they are beyond reading.

    It is not told where the feed came from: it would make GUIDs absolute, and they would change when the feed moves.
    Nor is it told the media type, which servers get wrong and which it would judge encodings by.
    """
    wide = next((name for sign, name in _WIDE if body.startswith(sign)), "")
    if wide:
        body, charset = body.decode(wide, "replace").lstrip("\ufeff").encode("utf-8", "replace"), "utf-8"
    kind = "application/xml" + (f"; charset={charset}" if charset else "")
    try:
        return feedparser.parse(
            _bounded(body), sanitize_html=False, resolve_relative_uris=False, response_headers={"content-type": kind}
        )
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError) as error:
        raise ValueError(f"is not a feed that can be read: {error}") from None


def begin(body: bytes) -> int:
    """Where the first element begins, or what stands in its place: behind declaration, comments and the like."""
    match = _PROLOGUE.match(body)
    return match.end() if match else 0


def _bounded(body: bytes) -> bytes:
    """A feed whose beginning is short: its declaration on a line of its own, and no comments before the first element."""
    declaration = _DECLARATION.match(body[:_LONGEST_DECLARATION])
    if body.startswith(b"<?xml") and not declaration:
        raise ValueError("is not a feed that can be read: its XML declaration does not end")
    rest = body[begin(body) :]
    first = _ELEMENT.search(rest)
    if first is None or first.start() > _LONGEST_HEAD:
        raise ValueError("is not a feed that can be read: it does not begin with an element")
    return (declaration[0] + b"\n" if declaration else b"") + rest


def _bounds(base: Any) -> Any:
    """One of feedparser's two parsers, with bounds on what it does at elements and references."""

    class Bounded(base):  # type: ignore[misc]
        def startElementNS(self, name: Any, qname: Any, attrs: Any) -> None:
            super().startElementNS(name, qname, _first_attributes(attrs))

        def unknown_starttag(self, tag: str, attrs: Sequence[tuple[str, Any]]) -> None:
            kept = [one for one in attrs[:_MOST_ATTRIBUTES] if not _is_base(one[0]) or _joins(self.baseuri, one[1])]
            super().unknown_starttag(_renamed(tag), kept)

        def unknown_endtag(self, tag: str) -> None:
            super().unknown_endtag(_renamed(tag))

        def track_namespace(self, prefix: str | None, uri: str) -> None:
            if len(self.namespaces_in_use) < _MOST_NAMESPACES:
                super().track_namespace(prefix, uri)

        def handle_charref(self, ref: str) -> None:
            try:
                super().handle_charref(ref)
            except (OverflowError, ValueError):  # of a character that there is not
                return

        def pop(self, element: str, *arguments: Any, **named: Any) -> Any:
            if self.elementstack and self.elementstack[-1][0] == element and self.version == "atom10":
                _trim(self.elementstack[-1][2])
            return super().pop(element, *arguments, **named)

        def _sync_author_detail(self, key: str = "author") -> None:
            written = self._get_context().get(key)
            if not isinstance(written, str) or len(written) <= _LONGEST_AUTHOR:
                super()._sync_author_detail(key)

        def _add_tag(self, term: Any, scheme: Any, label: Any) -> None:
            if len(self._get_context().get("tags") or ()) < _MOST_TAGS:
                super()._add_tag(term, scheme, label)

    return Bounded


# `feedparser.parse` takes no parser of one's own.
api.StrictFeedParser = _bounds(api.StrictFeedParser)
api.LooseFeedParser = _bounds(api.LooseFeedParser)


def _first_attributes(attrs: Any) -> Any:
    if attrs.getLength() <= _MOST_ATTRIBUTES:
        return attrs
    names = list(islice(attrs.getNames(), _MOST_ATTRIBUTES))
    return AttributesNSImpl(
        {name: attrs.getValue(name) for name in names}, {name: attrs.getQNameByName(name) for name in names}
    )


def _is_base(name: str) -> bool:
    return name.lower() in ("xml:base", "base")


def _joins(base: str, address: str) -> bool:
    """Whether an address can be joined to the one above it, and is of a length that addresses have."""
    if len(base) + len(address) > _LONGEST_BASE:
        return False
    try:
        urljoin(urljoin("https://localhost/", base), address)
    except ValueError:
        return False
    return True


def _renamed(tag: str) -> str:
    """The name of an element under which feedparser does not take it for a list or record of its own."""
    return f"x-{tag}" if tag in _OWN or tag.endswith(("_detail", "_parsed")) else tag


def _trim(pieces: list[Any]) -> None:
    """Drop the blank pieces at the beginning at once; feedparser does so one by one."""
    first = next((at for at, piece in enumerate(pieces) if piece.strip()), len(pieces) - 1)
    if first > 0:
        del pieces[:first]
