"""Plain text that people like to read: HTML to words, and lines wrapped at the width that the eye sees. Pure."""

from __future__ import annotations

import unicodedata

import lxml.html
import regex
from lxml import etree

from ..text import clean_line, graphemes

WIDTH = 72  # columns; a few are left for the marks of a reply
_SENTENCE = regex.compile(r"(?<=[.!?…])[\"”’)]*\s+")


def plain(html: str) -> str:
    """The words of an HTML fragment, paragraphs parted by a space: for leads and descriptions."""
    if not html.strip():
        return ""
    try:
        root = lxml.html.fragment_fromstring(html, create_parent="div")
    except (etree.ParserError, ValueError):
        return clean_line(html)
    for block in root.iter("p", "br", "li", "h1", "h2", "h3", "h4", "blockquote", "td", "figcaption"):
        block.tail = f" {block.tail or ''}"
    return clean_line(str(root.text_content()))


def first_sentences(text: str, most: int) -> str:
    """The first sentences of a text that fit into `most` characters, or the first words and an ellipsis."""
    if len(text) <= most:
        return text
    taken = ""
    for sentence in _SENTENCE.split(text):
        longer = f"{taken} {sentence}".strip()
        if len(longer) > most:
            break
        taken = longer
    return taken or cut_words(text, most)


def cut_words(text: str, most: int) -> str:
    """The first words that fit into `most` characters with an ellipsis; one long word is cut between graphemes."""
    if len(text) <= most:
        return text
    head = ""
    for grapheme in graphemes(text):
        if len(head) + len(grapheme) > most - 1:
            break
        head += grapheme
    words = head if text[len(head) : len(head) + 1].isspace() else head.rpartition(" ")[0] or head
    return words.rstrip(" ,;:–—-") + "…"


def wrap(text: str, width: int = WIDTH, indent: str = "") -> str:
    """Text in lines of at most `width` columns as a terminal shows them; a longer word (a URL) keeps its own line."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}" if line else f"{indent}{word}"
            if line and columns(longer) > width:
                lines.append(line)
                line = f"{indent}{word}"
            else:
                line = longer
        lines.append(line)
    return "\n".join(lines)


def columns(text: str) -> int:
    """How many columns a terminal needs: none for combining marks, two for wide signs (UAX #11)."""
    return sum(
        0 if unicodedata.combining(sign) or unicodedata.category(sign) == "Cf"
        else 2 if unicodedata.east_asian_width(sign) in "WF" else 1
        for sign in text
    )  # fmt: skip
