"""The sections in which a site shows an article, as its path of links tells them (breadcrumbs). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lxml.html import HtmlElement

from ...text import deduplicate
from .document import element_text
from .element_names import joined_names
from .structured_data import StructuredData

_TRAIL = re.compile(r"bread-?crumbs?|duongdan|navpath|pathway|sitemappath|(?:^|\s)crumbs?(?:\s|$)")
_VOCABULARY = re.compile(r"BreadcrumbList|data-vocabulary\.org/Breadcrumb")
_SIGNS = " \t/\\|>»›→•·:-–—<«‹"
_FRONT = frozenset({
    "trang chủ", "trang nhất", "trang đầu", "home", "homepage", "home page", "start", "startseite", "accueil", "inicio",
    "início",
    "trang chu", "bạn đang ở", "bạn ở đây", "bạn đang ở đây", "you are here", "you are here:", "tin", "back", "quay lại",
})  # fmt: skip
_LONGEST = 60  # characters of a section's name
_MOST = 8
_MOST_ELEMENTS = 200


def find_breadcrumbs(page: HtmlElement, data: StructuredData) -> list[str]:
    """The names of a page's path as it tells them: to machines, or in an element that calls itself one."""
    if data.breadcrumbs:
        return data.breadcrumbs
    for element in page.iter("nav", "div", "ul", "ol", "p", "span", "section", "td", "table"):
        named = (element.get("class") or element.get("id")) and _TRAIL.search(joined_names(element))
        told = _VOCABULARY.search((element.get("itemtype") or "")[:200]) or _TRAIL.search(
            (element.get("aria-label") or "")[:50].lower()
        )
        if named or told:
            steps = list(_steps(element))
            if steps:
                return steps
    return []


def sections_of(trail: Iterable[str], title: str, sites: Iterable[str]) -> list[str]:
    """The sections in a path: without the front page, the site, and the article itself."""
    others = {title.casefold(), *(site.casefold() for site in sites)}
    bare = (step.strip(_SIGNS) for step in trail)
    kept = [
        step
        for step in bare
        if step
        and len(step) <= _LONGEST
        and step.casefold() not in _FRONT | others
        and not _cuts(step, title)
        and re.search(r"[^\W\d_]{2}", step)
    ]
    return list(deduplicate(kept))[:_MOST]


def _cuts(step: str, title: str) -> bool:
    """Whether a step is the article's title cut short."""
    begin = step.casefold().rstrip(".… ")
    return len(begin) > 15 and title.casefold().startswith(begin)


def _steps(element: HtmlElement) -> Iterator[str]:
    """The words of each step: of the list's items, else of the links and what stands between them."""
    inner = list(element.iter())[:_MOST_ELEMENTS]
    items = [
        one
        for one in inner
        if one.tag == "li" and next((deeper for deeper in one.iter("li") if deeper is not one), None) is None
    ]
    named = [one for one in inner if "name" in (one.get("itemprop") or "").split() and isinstance(one.tag, str)]
    leaves = [
        one
        for one in inner
        if one.tag in ("a", "span", "strong", "b", "h2", "h3", "em")
        and not any(isinstance(deeper.tag, str) for deeper in one)
    ]
    for step in named or items or leaves:
        words = element_text(step) or (step.get("content") or "")
        if words.strip(_SIGNS):
            yield words
