"""Texts of articles matched with their pages and with each other: where a field stands, what bodies have in common. Pure.

It does not repeat how an article is extracted: it takes the result, and searches the page for what says the same. So it
tells as much of a selector's result as of one that was found automatically, and it cannot be wrong in the same way. What
several pages of one portal have in common is the one sign of boilerplate that needs no right answer.
"""

from __future__ import annotations

import html
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import islice
from typing import Any

from lxml.html import HtmlElement

from ...model import ParsedArticle
from ...text import clean_line
from ...url_cleaning import web_address
from ..boilerplate import parse_html
from ..cleaning import normalize_full_stop
from ..dates import parse_date
from ..extraction.document import element_text
from ..media import picture_address
from .css_selectors import describe_element, is_small

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
    """The text of one body among its siblings: characters outside links that are its own, and those that are no part of
    the article: what stands in other bodies too, and what its fields say already."""

    own: int
    foreign: int


def measure_bodies(bodies: Sequence[str], fields: Sequence[Collection[str]], zone: tzinfo) -> list[BodyMeasure]:
    """What each body has of its own and what not. `fields` are the title, the lead and so on of each article, folded."""
    blocks = [split_blocks(body) for body in bodies]
    seen = Counter(key for one in blocks for key in {block.key for block in one})
    made = []
    for one, known in zip(blocks, fields, strict=True):
        foreign = [
            block for block in one if seen[block.key] > 1 or _is_said(block.key, known) or _is_date_line(block, zone)
        ]
        own = sum(block.plain for block in one if block not in foreign)
        made.append(BodyMeasure(own, sum(len(block.text) for block in foreign)))
    return made


def _is_said(key: str, fields: Collection[str]) -> bool:
    """Whether a block says what a field says, or what a field that is cut off begins to say."""
    return key in fields or any(len(one) >= _LEAST_CUT and key.startswith(one) for one in fields)


def _is_date_line(block: TextBlock, zone: tzinfo) -> bool:
    return len(block.text) <= _LONGEST_DATE_LINE and parse_date(block.text, zone) is not None


# -- where a field stands ----------------------------------------------------------------------------------------------

_MOST_PLACES = 3
_MOST_STRINGS = 2000  # of JSON-LD
_MOST_ELEMENTS = 20_000
_LONGEST_DATE = 150  # characters of a text that is searched for a date
_LONGEST_BYLINE = 120


@dataclass(frozen=True, slots=True)
class _PageText:
    """A text of a page, where it stands, and the element that shows it, if one does."""

    text: str
    place: str
    element: HtmlElement | None = None


def find_positions(
    found: ParsedArticle, page: HtmlElement, url: str, zone: tzinfo, hint: str = ""
) -> dict[str, list[str]]:
    """For each field that is not empty, the places that say the same, at most three. `hint` are the words of the link that
    led to the page. `page` is not changed."""
    texts = [*_machine_readable(page), *_visible(page)]
    published = found.published
    listing = [_PageText(hint, "the link's words in the listing")] if hint else []
    title, lead = fold_text(found.title), fold_text(found.lead)
    made = {
        "title": _first([*listing, *texts], lambda text: fold_text(text) == title),
        "date": _first(texts, lambda text: _same_moment(text, published, zone)) if published else [],
        "author": _author_places(found.author, texts),
        "lead": _first(texts, lambda text: _same_lead(text, lead)),
        "image": _image_places(found, page, url),
        "topics": _first(texts, lambda text: fold_text(text) in {fold_text(topic) for topic in found.topics}),
        "body": _body_places(found, page),
    }
    return {name: places for name, places in made.items() if places}


def _first(texts: Sequence[_PageText], fits: Callable[[str], bool]) -> list[str]:
    """The first places whose text fits; of elements inside each other the innermost."""
    fitting = [one for one in texts if fits(one.text)]
    around = {up for one in fitting if one.element is not None for up in one.element.iterancestors()}
    return list(islice(dict.fromkeys(one.place for one in fitting if one.element not in around), _MOST_PLACES))


def _same_moment(text: str, moment: datetime | None, zone: tzinfo) -> bool:
    if len(text) > _LONGEST_DATE or not any(sign.isdigit() for sign in text):
        return False
    return parse_date(text, zone) == moment


def _same_lead(text: str, lead: str) -> bool:
    return bool(lead) and len(text) < 3 * len(lead) + 50 and fold_text(text) == lead


def _author_places(author: str, texts: Sequence[_PageText]) -> list[str]:
    if not author:
        return []
    name = fold_text(author)
    exact = _first(texts, lambda text: fold_text(text) == name)
    return exact or _first(texts, lambda text: len(text) <= _LONGEST_BYLINE and name in fold_text(text))


def _image_places(found: ParsedArticle, page: HtmlElement, url: str) -> list[str]:
    address = found.image.url if found.image else ""
    if not address:
        return []
    named = _first(list(_machine_readable(page)), lambda text: web_address(text, url) == address)
    shown = [
        describe_element(image) for image in islice(page.iter("img"), 500) if picture_address(image, url) == address
    ]
    return list(islice(dict.fromkeys([*named, *shown]), _MOST_PLACES))


def _body_places(found: ParsedArticle, page: HtmlElement) -> list[str]:
    block = find_body_element(found.body_html, page)
    return [describe_element(block)] if block is not None else []


def find_body_element(body_html: str, page: HtmlElement) -> HtmlElement | None:
    """The smallest element of the page that holds the blocks of a body; None where they are not found again."""
    wanted = {block.key for block in split_blocks(body_html) if len(block.text) >= 20}
    if not wanted:
        return None
    held = [
        element
        for element in islice(page.iter(), _MOST_ELEMENTS)
        if isinstance(element.tag, str) and is_small(element) and fold_text(element_text(element)) in wanted
    ]
    if not held:
        return None
    common = [*reversed([*held[0].iterancestors()])]
    for element in held[1:]:
        above = set(element.iterancestors())
        common = [up for up in common if up in above]
    return common[-1] if common else None


# -- what a page says --------------------------------------------------------------------------------------------------


def _machine_readable(page: HtmlElement) -> Iterator[_PageText]:
    yield from _json_ld(page)
    for meta in islice(page.iter("meta"), 500):
        name = meta.get("property") or meta.get("name") or meta.get("itemprop") or ""
        if name and meta.get("content"):
            yield _PageText(meta.get("content") or "", f"meta {name}"[:80])


def _json_ld(page: HtmlElement) -> Iterator[_PageText]:
    left = _MOST_STRINGS
    for script in page.iter("script"):
        if (script.get("type") or "").lower() != "application/ld+json":
            continue
        try:
            data = json.loads(script.text or "", strict=False)
        except (ValueError, RecursionError):
            continue
        for key, text in islice(_strings(data, "", 0), left):
            left -= 1
            yield _PageText(text, f"JSON-LD {key}"[:80])


def _strings(data: Any, key: str, depth: int) -> Iterator[tuple[str, str]]:
    if depth > 12:
        return
    if isinstance(data, str):
        yield key, data
    elif isinstance(data, dict):
        for name, value in data.items():
            outer = "" if name == "@graph" else str(name)
            yield from _strings(value, f"{key}.{outer}".strip("."), depth + 1)
    elif isinstance(data, list):
        for value in data:
            yield from _strings(value, key, depth + 1)


def _visible(page: HtmlElement) -> Iterator[_PageText]:
    """The texts that a visitor sees, each where the innermost element says it; and times in their form for machines."""
    for element in islice(page.iter(), _MOST_ELEMENTS):
        if not isinstance(element.tag, str) or element.tag in ("script", "style", "html", "body"):
            continue
        for name in ("datetime", "content"):
            if element.tag != "meta" and element.get(name):
                yield _PageText(element.get(name) or "", f"{describe_element(element)} [{name}]")
        if not is_small(element):
            continue
        words = element_text(element)
        only = len(element) == 1 and element_text(element[0]) == words
        if words and not only and len(words) <= 4000:
            yield _PageText(
                words, "the window's <title>" if element.tag == "title" else describe_element(element), element
            )
