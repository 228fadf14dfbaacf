"""The blocks of bodies, and what several pages of one portal have in common: the one sign of boilerplate that needs no
right answer. Pure."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from ...text import clean_line
from ..boilerplate import parse_html
from ..cleaning import normalize_full_stop
from ..dates import parse_date
from ..extraction.document import element_text

_BLOCKS = ("p", "li", "h2", "h3", "h4", "blockquote", "pre", "td", "th", "figcaption")
_LEAST_CUT = 40  # characters of a lead that is cut off by which it is recognised
_LONGEST_DATE_LINE = 70  # characters; a longer line that holds a date is a sentence


def fold_text(text: str) -> str:
    """A text as it is compared: without cases, runs of spaces, and the dots at its end."""
    return normalize_full_stop(clean_line(html.unescape(text))).casefold().rstrip(".… ")


@dataclass(frozen=True, slots=True)
class TextBlock:
    """A block of a body: its words, and how many of their characters stand outside links."""

    text: str
    plain: int

    @property
    def key(self) -> str:
        return fold_text(self.text)


def split_blocks(body_html: str) -> list[TextBlock]:
    """The innermost blocks of a body that have words."""
    root = parse_html(body_html) if body_html else None
    if root is None:
        return []
    made = []
    for element in root.iter(*_BLOCKS):
        if any(inner is not element for inner in element.iter(*_BLOCKS)):
            continue
        words = element_text(element)
        linked = sum(len(element_text(anchor)) for anchor in element.iter("a"))
        if words:
            made.append(TextBlock(words, max(0, len(words) - linked)))
    return made


@dataclass(frozen=True, slots=True)
class BodyMeasure:
    """The text of one body among its siblings: characters outside links that are its own, and those that are no part of a
    story: what stands in other bodies too, and what its fields say already."""

    own: int
    foreign: int


def measure_bodies(bodies: Sequence[str], said: Sequence[Collection[str]], zone: tzinfo) -> list[BodyMeasure]:
    """What each body has of its own and what not. `said` are the title, the lead and so on of each story, folded."""
    blocks = [split_blocks(body) for body in bodies]
    seen = Counter(key for one in blocks for key in {block.key for block in one})
    made = []
    for one, fields in zip(blocks, said, strict=True):
        foreign = [
            block for block in one if seen[block.key] > 1 or _is_said(block.key, fields) or _is_date_line(block, zone)
        ]
        own = sum(block.plain for block in one if block not in foreign)
        made.append(BodyMeasure(own, sum(len(block.text) for block in foreign)))
    return made


def _is_said(key: str, fields: Collection[str]) -> bool:
    """Whether a block says what a field says, or what a field that is cut off begins to say."""
    return key in fields or any(len(one) >= _LEAST_CUT and key.startswith(one) for one in fields)


def _is_date_line(block: TextBlock, zone: tzinfo) -> bool:
    return len(block.text) <= _LONGEST_DATE_LINE and parse_date(block.text, zone) is not None
