"""feedparser, held to what takes it linear time and spoils no more than one item. Pure.

Left alone it takes quadratic time or worse on long names of authors, on elements of many attributes, on many categories,
on spaces written as references, on long addresses under `xml:base` and on what stands before the first element; and an
element that is called like one of its own lists (`<links>`) ends the reading of the whole feed. What honest feeds hold is
read as ever.

And left alone it takes what other vocabularies say of a picture, a broadcast or a place (`media:description`,
`itunes:summary`, a `<title>` inside of them) for the words of the item. Of those only what is named here is read.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from threading import Lock
from typing import Any
from urllib.parse import urljoin
from xml.sax.xmlreader import AttributesNSImpl

import feedparser
from feedparser import api, mixin

_MOST_ATTRIBUTES = 50  # of an element; its strict parser compares each with each
_MOST_NAMESPACES = 100  # of a feed; it goes through all of them at each element
_MOST_TAGS = 100  # categories of an item; each is compared with all before
_LONGEST_BASE = 2000  # characters of an address; each element joins it once more
_LONGEST_DECLARATION = 500  # octets of `<?xml … ?>`
_LONGEST_HEAD = 4000  # octets before the first element that are no comment, such as warnings of a script
_PROLOGUE = re.compile(rb"(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_DECLARATION = re.compile(rb"<\?xml\s[^>]*\?>")
_QUOTED = rb"(?:\"[^\"<>\[\]]{0,300}\"|'[^'<>\[\]]{0,300}')"
_TYPE_ONLY = re.compile(
    rb"<!DOCTYPE\s{1,20}(?!html\b)[\w:.-]{1,40}(?:\s{1,20}(?:PUBLIC\s{0,20}"
    + _QUOTED
    + rb"|SYSTEM)\s{0,20}(?:"
    + _QUOTED
    + rb")?)?"
    rb"\s{0,20}(?:\[\s{0,20}\])?\s{0,20}>",
    re.IGNORECASE,
)
_ELEMENT = re.compile(rb"<\w")
_UNREAD = re.compile(rb"<!\[CDATA\[|<!--")
# An ampersand that begins no reference: `R&D`, `?a=1&b=2`. feedparser reads the first as `R&D;`.
_BARE = re.compile(rb"&(?!#?\w{1,40};)")
_OWN = frozenset({"links", "authors", "contributors", "enclosures", "publishers"})
# What of other vocabularies is read in an item, by the prefixes that feedparser gives them.
_FOREIGN = frozenset({
    "content:encoded", "xhtml:body", "dc:creator", "dc:date", "dc:subject", "dc:language", "dcterms:issued",
    "dcterms:modified", "itunes:author", "media:group", "media:content", "media:thumbnail",
})  # fmt: skip
# Those of them that are kept apart, so that they never replace what the item says in its own words.
_SECOND = frozenset({"dc:creator", "dc:date", "dc:language", "dcterms:issued", "dcterms:modified", "itunes:author"})
SECOND = "Second"  # the key under which an entry has them; names of elements are in small letters
LANGUAGE = "Language"  # the `xml:lang` of an entry or of a text in it
_MEDIA = frozenset({"media:group", "media:content"})
_PICTURES = frozenset({"media:content", "media:thumbnail"})
_PEOPLE = frozenset({"author", "contributor"})
_PERSON = frozenset({"name", "email", "uri", "url", "homepage"})
_HOLDS_OTHERS = _PEOPLE | {"image", "source", "textinput"}
_ITEMS = frozenset({"item", "entry"})
# How a feed in UTF-16 or UTF-32 begins, with its mark or without; the longer ones first, since they begin alike.
_WIDE = (
    (b"\xff\xfe\0\0", "utf-32-le"), (b"\0\0\xfe\xff", "utf-32-be"), (b"<\0\0\0", "utf-32-le"), (b"\0\0\0<", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"), (b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"),
)  # fmt: skip


def parse_feed(body: bytes, charset: str) -> Any:
    """The feed in these bytes, without its parser's own sanitiser and resolver of addresses inside HTML, which are slow
    on hostile input. Raises ValueError in words where they are beyond reading.

    It is not given the address of the feed: it would make GUIDs absolute, and they would change when the feed moves.
    Nor is it given the media type, which servers get wrong and which it would judge encodings by.
    """
    wide = next((name for sign, name in _WIDE if body.startswith(sign)), "")
    if wide:
        body, charset = body.decode(wide, "replace").lstrip("\ufeff").encode("utf-8", "replace"), "utf-8"
    kind = "application/xml" + (f"; charset={charset}" if charset else "")
    whole, headers = _bounded(body), {"content-type": kind}
    try:
        with _own_parsers():
            return feedparser.parse(whole, sanitize_html=False, resolve_relative_uris=False, response_headers=headers)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError) as error:
        raise ValueError(f"is not a feed that can be read: {error}") from None


def find_root_element(body: bytes) -> int:
    """Where the first element begins, or what stands in its place: behind declaration, comments and the like, and behind
    the name of a document type, as RSS 0.91 has it from a server that is long gone. One with entities stays."""
    at = _end_of_prologue(body, 0)
    named = _TYPE_ONLY.match(body, at)
    return _end_of_prologue(body, named.end()) if named else at


def _end_of_prologue(body: bytes, at: int) -> int:
    match = _PROLOGUE.match(body, at)
    return match.end() if match else at


def _bounded(body: bytes) -> bytes:
    """A feed whose beginning is short: its declaration on a line of its own, and no comments before the first element."""
    declaration = _DECLARATION.match(body[:_LONGEST_DECLARATION])
    if body.startswith(b"<?xml") and not declaration:
        raise ValueError("is not a feed that can be read: its XML declaration does not end")
    rest = body[find_root_element(body) :]
    first = _ELEMENT.search(rest)
    if first is None or first.start() > _LONGEST_HEAD:
        raise ValueError("is not a feed that can be read: it does not begin with an element")
    whole = b"".join(_BARE.sub(b"&amp;", part) if read else part for read, part in split_cdata(rest))
    return (declaration[0] + b"\n" if declaration else b"") + whole


def split_cdata(body: bytes) -> Iterator[tuple[bool, bytes]]:
    """A feed in pieces: its own elements and texts (True), and what is not read as such, its CDATA sections and comments.

    One pass: a lazy pattern would take quadratic time.
    """
    at = 0
    for opening in _UNREAD.finditer(body):
        if opening.start() >= at:
            yield True, body[at : opening.start()]
            closing = b"-->" if opening[0] == b"<!--" else b"]]>"
            end = body.find(closing, opening.end())
            at, before = end + len(closing) if end >= 0 else len(body), opening.start()
            yield False, body[before:at]
    yield True, body[at:]


class _Bounds(mixin._FeedParserMixin):  # type: ignore[misc]  # feedparser has no types
    """What both of feedparser's parsers do at elements and references, with bounds."""

    _is_strict = False  # whether a parser knows which elements end

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._within: list[str] = []  # the elements that are open in an item; markup in texts does not count
        self._passed_over: list[str] = []  # such elements from one on that says nothing of the item

    def unknown_starttag(self, tag: str, attrs: Sequence[tuple[str, Any]]) -> None:
        name = _canonical(tag, self.namespacemap)
        if name in _ITEMS and not self.incontent:
            self._within, self._passed_over = [], []
        elif self.inentry and not self.incontent:
            if self._passed_over or not _says_something(name, self._within):
                self._passed_over.append(name)
                return
            if self._is_strict or name in _HOLDS_OTHERS:
                self._within.append(name)
        second = name in _SECOND and self.inentry and not self.incontent
        kept = [one for one in attrs[:_MOST_ATTRIBUTES] if not _is_base(one[0]) or _joins(self.baseuri, one[1])]
        super().unknown_starttag(_kept_apart(name) if second else _renamed(tag), [] if second else kept)
        language = next((value for key, value in attrs if key.lower() == "xml:lang"), "")
        if language and self.inentry and not self.insource:
            self.entries[-1][LANGUAGE] = language

    def unknown_endtag(self, tag: str) -> None:
        name = _canonical(tag, self.namespacemap)
        if self._passed_over and not (name in _ITEMS and not self._is_strict):
            if name in self._passed_over:
                del self._passed_over[_last(self._passed_over, name) :]
            return
        self._passed_over = []
        second = name in _SECOND and self.inentry and not self.incontent
        super().unknown_endtag(_kept_apart(name) if second else _renamed(tag))
        if second:
            self._keep_apart(name)
        if not self.incontent and name in self._within:
            del self._within[_last(self._within, name) :]

    def _keep_apart(self, name: str) -> None:
        value = self.entries[-1].pop(_kept_apart(name), "")
        kept = self.entries[-1].setdefault(SECOND, {}).setdefault(name, [])
        if isinstance(value, str) and value and len(kept) < _MOST_TAGS:
            kept.append(value)

    def handle_data(self, text: str, *arguments: Any, **named: Any) -> None:
        if not self._passed_over:
            super().handle_data(text, *arguments, **named)

    def handle_entityref(self, ref: str) -> None:
        if not self._passed_over:
            super().handle_entityref(ref)

    def track_namespace(self, prefix: str | None, uri: str) -> None:
        if len(self.namespaces_in_use) < _MOST_NAMESPACES:
            super().track_namespace(prefix, uri)

    def handle_charref(self, ref: str) -> None:
        if self._passed_over:
            return
        try:
            super().handle_charref(ref)
        except (OverflowError, ValueError):  # of a character that there is not
            return

    def pop(self, element: str, *arguments: Any, **named: Any) -> Any:
        if self.elementstack and self.elementstack[-1][0] == element and self.version == "atom10":
            _trim(self.elementstack[-1][2])
        return super().pop(element, *arguments, **named)

    def _sync_author_detail(self, key: str = "author") -> None:
        # In a text it searches an address slowly, and takes the end of one in `.example` for a name.
        if not isinstance(self._get_context().get(key), str):
            super()._sync_author_detail(key)

    def _add_tag(self, term: Any, scheme: Any, label: Any) -> None:
        if len(self._get_context().get("tags") or ()) < _MOST_TAGS:
            super()._add_tag(term, scheme, label)


class _StrictParser(_Bounds, api.StrictFeedParser):  # type: ignore[misc]  # likewise
    """feedparser's parser of well-formed XML, with bounds."""

    _is_strict = True

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._home: set[str | None] = set()  # the namespaces of the feed's own elements where they have no prefix

    def startElementNS(self, name: Any, qname: Any, attrs: Any) -> None:
        if not self.depth or name[1].lower() in _ITEMS:
            self._home.add(name[0])
        super().startElementNS(name, self._prefixed(name, qname), _first_attributes(attrs))

    def endElementNS(self, name: Any, qname: Any) -> None:
        super().endElementNS(name, self._prefixed(name, qname))

    def _prefixed(self, name: Any, qname: Any) -> Any:
        """A name with a prefix where feedparser would take it for one of the feed's own for want of it."""
        own = not name[0] or name[0] in self._home or name[0].lower() in self._matchnamespaces
        return qname if own or self.incontent or ":" in (qname or "") else f"foreign:{name[1]}"


class _LooseParser(_Bounds, api.LooseFeedParser):  # type: ignore[misc]  # likewise
    """feedparser's parser of everything else, with bounds."""


_PARSERS = {"StrictFeedParser": _StrictParser, "LooseFeedParser": _LooseParser}
_one_at_a_time = Lock()


@contextlib.contextmanager
def _own_parsers() -> Iterator[None]:
    """`feedparser.parse` takes no parser of one's own, and others in this process may want its own ones."""
    with _one_at_a_time:
        theirs = {name: getattr(api, name) for name in _PARSERS}
        try:
            for name, ours in _PARSERS.items():
                setattr(api, name, ours)
            yield
        finally:
            for name, their in theirs.items():
                setattr(api, name, their)


def _canonical(tag: str, namespaces: Mapping[str | None, str]) -> str:
    """The name of an element with the prefix that feedparser has for its vocabulary, whatever the feed has chosen."""
    prefix, colon, name = tag.rpartition(":")
    prefix = namespaces.get(prefix, prefix) if colon else ""
    return f"{prefix}:{name}" if prefix else name


def _says_something(name: str, within: Sequence[str]) -> bool:
    """Whether an element says something of the item, given those around it in the item."""
    if not within:
        return ":" not in name or name in _FOREIGN
    if within[0] == "source":
        return ":" not in name  # of the feed that the item was taken from; feedparser keeps it apart
    return (within[-1] in _PEOPLE and name in _PERSON) or (within[-1] in _MEDIA and name in _PICTURES)


def _kept_apart(name: str) -> str:
    return f"x-{name.replace(':', '-')}"


def _last(names: Sequence[str], name: str) -> int:
    return len(names) - 1 - names[::-1].index(name)


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
