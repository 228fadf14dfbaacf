"""A page as text runs: each an unbroken stretch of words between two edges of blocks, with its share of links. Pure.

Every candidate for a body is a set of runs. So candidates of any origin (an element by its class, the plain text of a
library) can be compared, and what is taken at last is the page's own markup with its pictures, links and tables.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import accumulate

import lxml.html
from lxml import etree
from lxml.html import HtmlElement

_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "body", "br", "caption", "center", "dd", "details", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr",
    "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
})  # fmt: skip
_UNREAD = frozenset(
    {"script", "style", "head", "noscript", "template", "select", "button", "textarea", "svg", "iframe"}
)
_SHORTEST_PROSE = 60  # characters
_STOPS = re.compile(r"[.!?…。！？؟।။,;:、，]")
_NAME = re.compile(
    r"[a-zA-Z][\w.-]{0,60}", re.ASCII
)  # broken pages have tags such as `class="date"`, of which no element can be made
_TABLE_PARTS = frozenset({"table", "tbody", "thead", "tfoot", "tr", "td", "th"})
_SHOWN = ("img", "video")
_LONGEST_CAPTION = 300  # characters; a picture with more words beside it is a box


@dataclass(slots=True)
class Run:
    """Words between two edges of blocks; `links` is how many of their characters are links, `within` the nearest block."""

    within: HtmlElement
    text: str
    links: int

    @property
    def is_prose(self) -> bool:
        """Whether it reads like a sentence of a story: long enough, punctuated, hardly linked."""
        return (
            len(self.text) >= _SHORTEST_PROSE
            and self.links * 5 < len(self.text) * 2
            and _STOPS.search(self.text) is not None
        )


@dataclass(slots=True)
class TextRuns:
    """The runs of a tree in their order, and which of them lie in which element."""

    root: HtmlElement
    runs: list[Run] = field(default_factory=list)
    spans: dict[HtmlElement, tuple[int, int]] = field(default_factory=dict)
    texts: dict[HtmlElement, int] = field(default_factory=dict)  # the run of an element's own first words
    tails: dict[HtmlElement, int] = field(default_factory=dict)  # the run of the words behind it

    def span(self, element: HtmlElement) -> range:
        return range(*self.spans.get(element, (0, 0)))


def read_runs(root: HtmlElement) -> TextRuns:
    """The runs below an element, in one walk."""
    made = TextRuns(root)
    runs, spans = made.runs, made.spans
    starts: dict[HtmlElement, int] = {}
    blocks = [root]
    pieces: list[str] = []
    links = depth = 0
    filled = False  # whether the run that is open has words

    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        tag = element.tag
        is_block = tag in _BLOCKS
        if is_block and pieces:
            if filled:
                runs.append(Run(blocks[-1], " ".join("".join(pieces).split()), links))
            pieces, links, filled = [], 0, False
        if event == "start":
            if tag in _UNREAD:
                walk.skip_subtree()
                continue
            if is_block:
                blocks.append(element)
            elif tag == "a":
                depth += 1
            starts[element] = len(runs)
            text, of = element.text, made.texts
        else:
            if tag not in _UNREAD:
                if is_block:
                    blocks.pop()
                elif tag == "a":
                    depth -= 1
                spans[element] = (starts[element], len(runs) + filled)
            text, of = (element.tail, made.tails) if element is not root else (None, made.tails)
        if text:
            pieces.append(text)
            of[element] = len(runs)
            if not text.isspace():
                filled = True
                links += len(text.strip()) if depth else 0
    if filled:  # the root is no block: a page of a few loose words
        runs.append(Run(blocks[-1], " ".join("".join(pieces).split()), links))
    return made


def prune_tree(
    read: TextRuns, kept: Sequence[bool], gone: Set[HtmlElement] = frozenset(), pictures_from: int = 0
) -> HtmlElement:
    """The tree with these runs only, in the page's own markup, and the pictures that stand among them or before them, but
    not before `pictures_from`. Nothing of what is `gone` is left, pictures neither."""
    chosen = [number for number, keep in enumerate(kept) if keep]
    if not chosen:
        return lxml.html.Element("div")
    first = min(chosen[0], pictures_from) if pictures_from else chosen[0]
    top = _smallest(read, first, chosen[-1])
    first = min(chosen[0], max(pictures_from, read.span(top).start))
    pruned = _Pruning(read, kept, gone, range(first, chosen[-1] + 1)).pruned(top)
    around = lxml.html.Element("div")
    if pruned is not None:
        around.append(pruned)
    return around


def _smallest(read: TextRuns, first: int, last: int) -> HtmlElement:
    """The smallest element that holds two runs."""
    for up in (read.runs[first].within, *read.runs[first].within.iterancestors()):
        if up is read.root or last in read.span(up):
            return up
    return read.root


class _Pruning:
    """Copies of elements without the runs that are not kept."""

    def __init__(self, read: TextRuns, kept: Sequence[bool], gone: Set[HtmlElement], shown: range) -> None:
        self._read, self._kept, self._gone, self._shown = read, kept, gone, shown
        self._before = [0, *accumulate(kept)]
        self._layout = _layout(read, kept)
        self._words = next((number for number, keep in enumerate(kept) if keep), 0)

    def pruned(self, element: HtmlElement) -> HtmlElement | None:
        span = self._read.spans.get(element)
        if span is None or element in self._gone:
            return None
        begin, end = span
        number = self._before[end] - self._before[begin]
        tag = "div" if self._is_layout(element) else str(element.tag) if _NAME.fullmatch(str(element.tag)) else "span"
        if number == end - begin and (number or tag in ("br", "hr")) and not self._opens(element):
            return _copied(element)
        if number == 0:
            return _copied(element) if self._is_picture(element, begin, end) else None
        made = lxml.html.Element(tag, {name: value for name, value in element.attrib.items() if _NAME.fullmatch(name)})
        made.text = element.text if self._keeps(self._read.texts.get(element)) else None
        for child in element:
            copied = self.pruned(child)
            tail = child.tail if self._keeps(self._read.tails.get(child)) else None
            if copied is not None:
                copied.tail = tail
                made.append(copied)
            else:
                append_text(made, tail)
        return made

    def _opens(self, element: HtmlElement) -> bool:
        """Whether there may be a layout's table in an element: it is not copied as it stands."""
        return bool(self._layout) and element.tag not in ("p", "br", "hr")

    def _is_layout(self, element: HtmlElement) -> bool:
        return element in self._layout or (element.tag in _TABLE_PARTS and element.getparent() in self._layout)

    def _keeps(self, run: int | None) -> bool:
        return run is not None and run < len(self._kept) and bool(self._kept[run])

    def _is_picture(self, element: HtmlElement, begin: int, end: int) -> bool:
        """Whether an element without kept words is a picture of the story: among its words, alone or with a caption."""
        if not self._shown.start <= begin <= end <= self._shown.stop or next(element.iter(*_SHOWN), None) is None:
            return False
        beside = self._read.runs[begin:end]
        letters, links = sum(len(run.text) for run in beside), sum(run.links for run in beside)
        if letters and begin < self._words and next(element.iter("figcaption"), None) is None:
            return False  # above the words stand portraits, with a name and a date
        return letters <= _LONGEST_CAPTION and links * 3 <= letters


def _layout(read: TextRuns, kept: Sequence[bool]) -> set[HtmlElement]:
    """Cells that hold most of what is kept, and the tables around them: a page's layout, no table of the story."""
    letters = [0, *accumulate(len(run.text) * keep for run, keep in zip(read.runs, kept, strict=True))]
    found: set[HtmlElement] = set()
    for cell, (first, last) in read.spans.items():
        if cell.tag in ("td", "th") and (letters[last] - letters[first]) * 2 > letters[-1]:
            found.add(cell)
            found.update(up for up in cell.iterancestors() if up.tag in _TABLE_PARTS)
    return found


def _copied(element: HtmlElement) -> HtmlElement:
    made = deepcopy(element)
    made.tail = None
    return made


def append_text(element: HtmlElement, text: str | None) -> None:
    """Put text behind all that is in an element."""
    if not text:
        return
    if len(element):
        element[-1].tail = (element[-1].tail or "") + text
    else:
        element.text = (element.text or "") + text
