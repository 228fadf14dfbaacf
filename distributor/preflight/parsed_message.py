"""Parsed message: header fields as they were written, the text part, and the HTML part as a page with computed styles. Pure.

The standard library parses under compat32, the policy that repairs nothing, so that faults stay visible. Comments of the
page are no elements, so the content of Outlook's conditional comments is not checked.
"""

from __future__ import annotations

import email
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message

import lxml.html
from lxml import etree
from lxml.html import HtmlElement

from ..text import clean_line
from .css import DARK, LIGHT, PHONE, ComputedStyle, Screen, StyleSheet, compute_styles, parse_style_sheet

_FOLD = re.compile(r"\r?\n(?=[ \t])")
_NOT_RENDERED = frozenset({"head", "title", "style", "script", "template", "noscript"})
_BLOCKS = frozenset({
    "address", "article", "blockquote", "body", "br", "center", "dd", "div", "dl", "dt", "footer", "h1", "h2", "h3", "h4",
    "h5", "h6", "header", "hr", "li", "main", "ol", "p", "pre", "section", "table", "tbody", "td", "tfoot", "th", "thead",
    "tr", "ul",
})  # fmt: skip
# What fills up a preheader so that nothing of the email is shown behind it: spaces and characters without width.
PREHEADER_PADDING = "\u00a0\u00ad\u034f\u061c\u115f\u200b\u200c\u200d\u200e\u200f\u2007\u2060\ufeff"
_WITHOUT_PADDING = str.maketrans(PREHEADER_PADDING, " " * len(PREHEADER_PADDING))
# A character that is seen: none of those, no space, and none that `clean_line` takes out.
_VISIBLE = re.compile(f"[^\\s{PREHEADER_PADDING}\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckContext:
    """What the checks compare a message with.

    `hosts` are the hosts of our own links (`bacson.example`); what is unknown is empty, and then not checked.
    `size_limit` is in octets of HTML.
    """

    subject: str
    now: datetime
    hosts: frozenset[str] = frozenset()
    size_limit: int = 95_000

    def __post_init__(self) -> None:
        if self.now.tzinfo is None:
            raise ValueError(f"a time without a zone: {self.now!r}")


@dataclass(frozen=True, slots=True)
class TextNode:
    """Text that stands directly in an element. `starts_block` tells that it begins a new block, `blank` that nothing of it
    can be seen, `in_footer` that it belongs to the small print."""

    element: HtmlElement
    text: str
    starts_block: bool
    blank: bool
    in_footer: bool


@dataclass(frozen=True, slots=True, eq=False)
class ParsedPage:
    """The HTML part. `elements` are in the order of the document; `styles` holds the style of each on a screen."""

    root: HtmlElement
    elements: tuple[HtmlElement, ...]
    sheet: StyleSheet
    nodes: tuple[TextNode, ...]
    styles: dict[Screen, dict[HtmlElement, ComputedStyle]] = field(repr=False)

    def all(self, *tags: str) -> list[HtmlElement]:
        return [element for element in self.elements if element.tag in tags]

    def visible(self, element: HtmlElement) -> bool:
        return self.styles[LIGHT][element].visible

    def visible_nodes(self, screen: Screen) -> list[tuple[TextNode, ComputedStyle]]:
        """The texts that can be seen on a screen, with their styles."""
        styled = ((node, self.styles[screen][node.element]) for node in self.nodes if not node.blank)
        return [(node, style) for node, style in styled if style.visible]

    def visible_text(self, *, footer: bool = True) -> str:
        """The text that a recipient sees, blocks on lines of their own."""
        return "".join(
            ("\n" if node.starts_block else "") + node.text
            for node in self.nodes
            if self.styles[LIGHT][node.element].visible and (footer or not node.in_footer)
        )

    def preheader(self) -> str:
        """The text that is hidden before the first visible one: what mail programs show beside the subject."""
        hidden = ""
        for node in self.nodes:
            if node.blank:
                continue
            if self.styles[LIGHT][node.element].visible:
                break
            hidden += node.text
        return single_line(hidden)

    def links(self) -> list[tuple[HtmlElement, str]]:
        """Every link with its address as it was written, spaces at its ends apart."""
        return [
            (element, (element.get("href") or "").strip())
            for element in self.all("a", "area")
            if "href" in element.attrib
        ]

    def text_of(self, element: HtmlElement) -> str:
        """The text of a link or heading: its own, its label, or the alternative texts of its images."""
        own = single_line(str(element.text_content()))
        images = " ".join(image.get("alt") or "" for image in element.iter("img"))
        return own or single_line(element.get("aria-label") or "") or single_line(images)

    def locate(self, element: HtmlElement) -> str:
        """Where staff find an element: its line in the HTML, and its text."""
        text = self.text_of(element) if element.tag not in _NOT_RENDERED else ""
        quoted = f", “{text if len(text) <= 60 else text[:59] + '…'}”" if text else ""
        return f"line {element.sourceline or 1} of the HTML{quoted}"


@dataclass(frozen=True, slots=True)
class ParsedMessage:
    """A message with its parts decoded. `fields` are names and raw values, folds included; `encoded` is the size of the
    HTML as it is transferred, in octets. `faults` says why a part could not be read; `text`, `html` and `page` are then
    empty."""

    raw: bytes
    fields: tuple[tuple[str, str], ...]
    text: str
    html: str
    encoded: int
    page: ParsedPage | None
    faults: tuple[str, ...]

    def values(self, name: str) -> list[str]:
        """The raw values of the fields of this name."""
        return [value for field, value in self.fields if field.lower() == name.lower()]

    def value(self, name: str) -> str:
        """The first value, unfolded, as programs read it; empty where there is none."""
        return next((unfold_field(value) for value in self.values(name)), "")


def parse_message(message: bytes) -> ParsedMessage:
    """Parse a message. Any bytes are accepted; what was not understood is among the faults."""
    parsed = email.message_from_bytes(message)
    fields = tuple((_utf8(name), _utf8(str(value))) for name, value in parsed.raw_items())
    faults = list(_structure_faults(parsed))
    text, _ = _decode_part(parsed, "text/plain", faults)
    html, encoded = _decode_part(parsed, "text/html", faults)
    page = parse_page(html) if html.strip() else None
    if html.strip() and page is None:
        faults.append("the HTML part cannot be read as a page")
    return ParsedMessage(message, fields, text, html, encoded, page, tuple(faults))


def unfold_field(value: str) -> str:
    """A field as one line (RFC 5322, section 2.2.3)."""
    return _FOLD.sub("", value)


def decode_field(value: str) -> str:
    """A field as it is displayed (RFC 2047); empty where it cannot be decoded."""
    try:
        return str(make_header(decode_header(unfold_field(value))))
    except (MessageError, LookupError, ValueError):
        return ""


def _utf8(raw: str) -> str:
    """A field as UTF-8, which only an address may need (RFC 6532); the parser passes octets on as lone surrogates."""
    return raw.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _structure_faults(message: Message) -> Iterator[str]:
    kinds = [part.get_content_type() for part in _list_parts(message)]
    if message.get_content_type() != "multipart/alternative" or kinds != ["text/plain", "text/html"]:
        found = ", ".join(kinds[:5]) or "nothing"
        yield (
            f"the message is {message.get_content_type()} with {found}; it must be multipart/alternative with "
            "text/plain first and text/html after it"
        )


def _list_parts(message: Message) -> list[Message]:
    return [part for part in message.walk() if not part.is_multipart()]


def _decode_part(message: Message, kind: str, faults: list[str]) -> tuple[str, int]:
    """The text of the first part of this type, and its octets as it is transferred."""
    part = next((part for part in _list_parts(message) if part.get_content_type() == kind), None)
    if part is None:
        return "", 0  # reported as a fault of the structure
    raw, content = part.get_payload(), part.get_payload(decode=True)
    encoded = len(raw.encode("utf-8", "surrogateescape")) if isinstance(raw, str) else 0
    data = content if isinstance(content, bytes) else b""
    charset = part.get_content_charset() or ""
    if charset != "utf-8":
        faults.append(f"the {kind} part declares {charset or 'no charset'}; it must be utf-8")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        faults.append(f"the {kind} part is not UTF-8 from octet {error.start} on")
        text = data.decode(errors="replace")
    if not text.strip():
        faults.append(f"the {kind} part is empty")
    return text, encoded


# -- the page ----------------------------------------------------------------------------------------------------------


def parse_page(html: str) -> ParsedPage | None:
    """The page; None where nothing in it can be read."""
    try:
        # As octets: text with an encoding declaration of XML is refused, and lone surrogates cannot be parsed.
        root = lxml.html.document_fromstring(
            html.encode("utf-8", "replace"), parser=lxml.html.HTMLParser(encoding="utf-8")
        )
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None
    elements = tuple(element for element in root.iter() if isinstance(element.tag, str))
    sheet = parse_style_sheet("\n".join(str(style.text or "") for style in elements if style.tag == "style"))
    styles = {screen: compute_styles(root, elements, sheet, screen) for screen in (LIGHT, DARK, PHONE)}
    return ParsedPage(root, elements, sheet, tuple(_text_nodes(root, _footer_elements(elements))), styles)


def _text_nodes(root: HtmlElement, footer: set[HtmlElement]) -> Iterator[TextNode]:
    starts_block = True
    hidden = 0
    for event, element in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        tag = element.tag if isinstance(element.tag, str) else ""
        starts_block = starts_block or tag in _BLOCKS
        if event == "start":
            hidden += tag in _NOT_RENDERED
            holder, text = element, element.text
        else:
            hidden -= event == "end" and tag in _NOT_RENDERED
            holder, text = element.getparent(), element.tail
        if text and holder is not None and not hidden:
            yield TextNode(holder, str(text), starts_block, not _VISIBLE.search(text), holder in footer)
            starts_block = False


def _footer_elements(elements: Sequence[HtmlElement]) -> set[HtmlElement]:
    """The elements of the small print: `<footer>`, role=contentinfo, a class that begins with `foot`, and all within."""
    found: set[HtmlElement] = set()
    for element in elements:
        if (
            element.getparent() in found
            or element.tag == "footer"
            or element.get("role") == "contentinfo"
            or any(name.startswith("foot") for name in (element.get("class") or "").split())
        ):
            found.add(element)
    return found


def single_line(text: str) -> str:
    """Text on one line, without padding."""
    return clean_line(text.translate(_WITHOUT_PADDING))
