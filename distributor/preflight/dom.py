"""The HTML part as a tree, with the look of every element. Pure.

Comments are no elements, so what stands in Outlook's conditional comments is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import lxml.html
from lxml import etree
from lxml.html import HtmlElement

from ..text import clean_line
from .css import DARK, LIGHT, PHONE, ComputedStyle, Screen, StyleSheet, compute_styles, parse_style_sheet

_NOT_RENDERED = frozenset({"head", "title", "style", "script", "template", "noscript"})
_BLOCKS = frozenset({
    "address", "article", "blockquote", "body", "br", "center", "dd", "div", "dl", "dt", "footer", "h1", "h2", "h3", "h4",
    "h5", "h6", "header", "hr", "li", "main", "ol", "p", "pre", "section", "table", "tbody", "td", "tfoot", "th", "thead",
    "tr", "ul",
})  # fmt: skip
# What fills up a preheader so that nothing of the letter is shown after it: spaces and letters without width.
PREHEADER_PADDING = "\u00a0\u00ad\u034f\u061c\u115f\u200b\u200c\u200d\u200e\u200f\u2007\u2060\ufeff"
_WITHOUT_PADDING = str.maketrans(PREHEADER_PADDING, " " * len(PREHEADER_PADDING))


@dataclass(frozen=True, slots=True)
class TextNode:
    """Words that stand directly in an element. `start` tells that they begin a new block."""

    element: HtmlElement
    words: str
    start: bool


@dataclass(frozen=True, slots=True, eq=False)
class ParsedPage:
    """`elements` are in the order of the document; `looks` gives the look of each on a screen."""

    root: HtmlElement
    elements: tuple[HtmlElement, ...]
    sheet: StyleSheet
    pieces: tuple[TextNode, ...]
    styles: dict[Screen, dict[HtmlElement, ComputedStyle]] = field(repr=False)

    def all(self, *tags: str) -> list[HtmlElement]:
        return [element for element in self.elements if element.tag in tags]

    def visible(self, element: HtmlElement) -> bool:
        return self.styles[LIGHT][element].visible

    def shown(self, *, footer: bool = True) -> str:
        """The words that a reader sees, blocks on lines of their own."""
        text = ""
        for piece in self.pieces:
            if self.visible(piece.element) and (footer or not in_footer(piece.element)):
                text += ("\n" if piece.start else "") + piece.words
        return text

    def words_of(self, element: HtmlElement) -> str:
        """What a link or heading says: its words, its label, or the words of its pictures."""
        own = single_line(str(element.text_content()))
        pictures = " ".join(picture.get("alt") or "" for picture in element.iter("img"))
        return own or single_line(element.get("aria-label") or "") or single_line(pictures)


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
    seen = {screen: compute_styles(root, elements, sheet, screen) for screen in (LIGHT, DARK, PHONE)}
    return ParsedPage(root, elements, sheet, tuple(_text_nodes(root)), seen)


def _text_nodes(root: HtmlElement) -> Iterator[TextNode]:
    start = True
    silent = 0
    for event, element in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        tag = element.tag if isinstance(element.tag, str) else ""
        start = start or tag in _BLOCKS
        if event == "start":
            silent += tag in _NOT_RENDERED
            holder, words = element, element.text
        else:
            silent -= event == "end" and tag in _NOT_RENDERED
            holder, words = element.getparent(), element.tail
        if words and holder is not None and not silent:
            yield TextNode(holder, str(words), start)
            start = False


def in_footer(element: HtmlElement) -> bool:
    """Whether it belongs to the small print: `<footer>`, role=contentinfo, or a class that begins with `foot`."""
    return any(
        one.tag == "footer"
        or one.get("role") == "contentinfo"
        or any(name.startswith("foot") for name in (one.get("class") or "").split())
        for one in (element, *element.iterancestors())
    )


def single_line(words: str) -> str:
    """Words on one line, without what only fills."""
    return clean_line(words.translate(_WITHOUT_PADDING))


def locate(page: ParsedPage, element: HtmlElement) -> str:
    """Where staff find it: the line of the HTML, and what it says."""
    words = page.words_of(element) if element.tag not in _NOT_RENDERED else ""
    spoken = f", “{words if len(words) <= 60 else words[:59] + '…'}”" if words else ""
    return f"line {element.sourceline or 1} of the HTML{spoken}"
