"""A listing page as numbered elements, so that "what lies within" and "what is near" cost no search. Pure.

Elements are numbered in the order of the page; those within an element are the numbers from its own to its last one.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from lxml.html import HtmlElement

MOST_ELEMENTS = 60_000  # of a page; a listing has some thousands
MOST_LINKS = 2000  # of a page that are read
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_SKIPPED = frozenset({"script", "style", "noscript", "template", "select", "textarea", "iframe", "object", "svg"})
_MANY_WORDS = 6  # of a link: more than pagers and most menus have
_LONGEST_NAME = 300  # characters of an id or a class

_MENU = re.compile(r"menu|breadcrumb|sitemap|duong-?dan|lien-?ket-?web")
_PAGER = re.compile(r"phan-?trang|paginat|pagenav|(?<![a-z])pag(?:er|ing)(?![a-z])")
_STATE = re.compile(
    r"(?:has|with|no|is|hide|show|without)[-_].*|.*[-_](?:open|opened|closed|active|visible|enabled|hidden)"
)
_MENU_WORDS = frozenset({"nav", "navbar", "navigation", "subnav", "topnav", "mainnav"})
_FRAME = re.compile(
    r"(?:site|main|top|global|tpl|portal|layout|web)?[-_]?(?:header|footer|banner|masthead|topbar|top-bar)"
    r"(?:[-_]?(?:wrapper|wrap|top|main|bottom|container|inner|area|links?|content|\d{1,3}))?"
)
_LISTS_OF_LINKS = frozenset(
    {"nav-stacked"}
)  # Bootstrap's name for a list one below the other; Joomla's further articles
_WORD = re.compile(r"[^\W\d_]+")
_WITHIN_AN_ITEM = frozenset({"main", "article", "li", "tr", "td", "dl"})  # a header in these is not the page's


@dataclass(slots=True)
class ListingTree:
    """The elements of a page with, for each number: its parent's number, its last number, the characters within it,
    and the name of the menu or frame of the page in which it stands (empty: in none)."""

    elements: list[HtmlElement] = field(default_factory=list)
    parent: list[int] = field(default_factory=list)
    last: list[int] = field(default_factory=list)
    characters: list[int] = field(default_factory=list)
    tokens: list[tuple[str, ...]] = field(default_factory=list)
    chrome: list[str] = field(default_factory=list)
    number: dict[HtmlElement, int] = field(default_factory=dict)
    complete: bool = True

    def ancestors(self, at: int, most: int = 1000) -> Iterator[int]:
        """The numbers of the elements around one, from the inside, at most so many."""
        here = self.parent[at]
        while here >= 0 and most:
            yield here
            here = self.parent[here]
            most -= 1

    def tag(self, at: int) -> str:
        return str(self.elements[at].tag)


def read_tree(page: HtmlElement) -> ListingTree:
    """The tree of a page, up to so many elements and links; what lies behind them is no part of it."""
    tree = ListingTree()
    links = 0
    for element in page.iter():
        if not isinstance(element.tag, str):
            continue
        above = element.getparent()
        parent = tree.number.get(above, -1) if above is not None else -1
        if tree.elements and parent < 0:
            continue  # within what is skipped
        if element.tag in _SKIPPED:
            continue
        if len(tree.elements) >= MOST_ELEMENTS or links >= MOST_LINKS:
            tree.complete = False
            break
        links += element.tag == "a"
        tree.number[element] = len(tree.elements)
        tree.elements.append(element)
        tree.parent.append(parent)
    _measure(tree)
    _name_chrome(tree)
    return tree


def _measure(tree: ListingTree) -> None:
    tree.last = list(range(len(tree.elements)))
    tree.characters = [len(element.text or "") for element in tree.elements]
    for at in reversed(range(len(tree.elements))):
        up = tree.parent[at]
        if up >= 0:
            tree.last[up] = max(tree.last[up], tree.last[at])
            tree.characters[up] += tree.characters[at] + len(tree.elements[at].tail or "")


def _name_chrome(tree: ListingTree) -> None:
    """Find the menus and frames of the page. One that holds most of the linked headlines is the page itself."""
    tree.tokens = [_names(element) for element in tree.elements]
    headed = [
        at
        for at, element in enumerate(tree.elements)
        if element.tag == "a"
        and (
            any(tree.tag(up) in HEADINGS for up in tree.ancestors(at, 4))
            or any(child.tag in HEADINGS for child in element)
        )
    ]
    long = [at for at, element in enumerate(tree.elements) if element.tag == "a" and _has_many_words(tree, at)]
    tree.chrome = [""] * len(tree.elements)
    depth = [0] * len(tree.elements)
    in_item = [False] * len(tree.elements)
    for at in range(len(tree.elements)):
        up = tree.parent[at]
        if up >= 0:
            depth[at] = depth[up] + 1
            in_item[at] = in_item[up] or tree.tag(up) in _WITHIN_AN_ITEM
            if tree.chrome[up]:
                tree.chrome[at] = tree.chrome[up]
                continue
        name = _chrome_name(tree, at, frame=depth[at] <= 8 and not in_item[at])
        if name and tree.tag(at) != "nav":
            inside = bisect_right(headed, tree.last[at]) - bisect_left(headed, at)
            if inside >= 2 and 2 * inside > len(headed):
                name = ""
            elif _PAGER.search(name) and bisect_right(long, tree.last[at]) - bisect_left(long, at) >= 2:
                name = ""  # the list that a pager belongs to is named after it
        tree.chrome[at] = name


def _has_many_words(tree: ListingTree, at: int) -> bool:
    if not 20 <= tree.characters[at] <= 2000:
        return False
    return len(str(tree.elements[at].text_content()).split()) >= _MANY_WORDS


def _names(element: HtmlElement) -> tuple[str, ...]:
    """The id and the classes of an element, in lower case."""
    text = f"{(element.get('id') or '')[:_LONGEST_NAME]} {(element.get('class') or '')[:_LONGEST_NAME]}"
    return tuple(text.lower().split())


def _chrome_name(tree: ListingTree, at: int, *, frame: bool) -> str:
    tag = tree.tag(at)
    if tag in ("html", "body", "a"):
        return ""
    if tag == "nav" or (frame and tag in ("header", "footer")):
        return tag
    if (tree.elements[at].get("role") or "").lower() in ("navigation", "menu", "menubar", "search"):
        return "menu"
    if not _LISTS_OF_LINKS.isdisjoint(tree.tokens[at]):
        return ""
    for name in tree.tokens[at]:
        if _STATE.fullmatch(name):
            continue
        if _MENU.search(name) or _PAGER.search(name) or not _MENU_WORDS.isdisjoint(_WORD.findall(name)):
            return name[:40]
        if frame and _FRAME.fullmatch(name):
            return name[:40]
    return ""


def signature(tree: ListingTree, at: int) -> str:
    """How an element and the five around it are built: tags and classes, without what tells the first from the third."""
    made = []
    for up in (at, *tree.ancestors(at, 5)):
        names = sorted({_DIGITS.sub("#", name) for name in tree.tokens[up] if not _ORDINAL.search(name)})
        made.append(".".join([tree.tag(up), *names[:6]]))
    return "<".join(made)


_DIGITS = re.compile(r"(?<!^col-)(?<!^span)(?<!^col-[a-z]{2}-)(?<!^grid_)\d+")  # a column's width is how it is built
_ORDINAL = re.compile(r"(?<![a-z])(?:first|last|odd|even|active|item-lead|leading)(?![a-z])")


def leading_text(element: HtmlElement, most: int) -> str:
    """The text of an element, at most so many characters; no more of it is collected."""
    parts, left = [], most
    for text in element.itertext():
        parts.append(str(text)[:left])
        left -= len(text)
        if left <= 0:
            break
    return "".join(parts)


def first_alt(element: HtmlElement) -> str:
    """The first alt text of the pictures in an element."""
    return next((alt for picture in element.iter("img") if (alt := picture.get("alt"))), "")


@dataclass(slots=True)
class AnchorIndex:
    """Where the anchors of several keys stand, to ask which of them lie within an element."""

    places: Sequence[int]
    keys: Sequence[str]
    _run: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._run = list(range(len(self.keys)))
        for at in reversed(range(len(self.keys) - 1)):
            if self.keys[at] == self.keys[at + 1]:
                self._run[at] = self._run[at + 1]

    def within(self, tree: ListingTree, at: int) -> tuple[int, int]:
        """The first of the anchors within an element, and the one behind the last."""
        return bisect_left(self.places, at), bisect_right(self.places, tree.last[at])

    def sole(self, first: int, end: int) -> str:
        """The one key of these anchors; empty where there is none, or another one."""
        return self.keys[first] if first < end and self._run[first] >= end - 1 else ""
