"""Signatures of articles: the author's name at the end of a body, and what can be a name. Pure."""

from __future__ import annotations

import re

from lxml.html import HtmlElement

from .extraction.document import words_of

_NAME = re.compile(r"[^\W\d_][\w.\-’' ]{1,60}")


def take_signature(blocks: list[HtmlElement]) -> str:
    """The author's name that stands alone at the end, to the right or in bold; it is taken out of the blocks."""
    if len(blocks) < 2:
        return ""
    last = blocks[-1]
    words = words_of(last)
    strong = next(last.iter("b", "strong"), None)
    bold = strong is not None and words_of(strong) == words
    right = "right" in f"{last.get('align') or ''} {last.get('style') or ''}".lower()
    if (bold or right) and is_name(words) and next(last.iter("img"), None) is None:
        blocks.pop()
        return words
    return ""


def is_name(words: str) -> bool:
    """Whether a line can be the name of an author: a few words with capitals, without a sentence's end."""
    parts = words.split()
    capitals = sum(part[0].isupper() for part in parts if part)
    return bool(_NAME.fullmatch(words)) and len(parts) <= 6 and capitals * 2 > len(parts) and not words.endswith(".")
