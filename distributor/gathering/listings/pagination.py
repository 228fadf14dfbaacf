"""The next page of a listing: by its number, by `rel=next`, by words and arrows, by its address. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urldefrag, urlsplit

from lxml.html import HtmlElement

from ...text import clean_line
from ...url_cleaning import web_address
from ..extraction.document import base_url, select
from .tree import MOST_LINKS, first_alt, leading_text

_NEXT = frozenset({
    "tiếp", "tiếp theo", "trang sau", "trang tiếp", "trang tiếp theo", "trang kế", "trang kế tiếp", "kế tiếp", "sau",
    "cũ hơn", "tin cũ hơn", "bài cũ hơn", "bài viết cũ hơn", "các tin cũ hơn", "tin tiếp theo", "xem trang sau",
    "đến trang sau", "next", "next page", "go to next page", "older", "older posts", "older entries",
    "older articles", "older news", "trang tiếp sau", "tới", "trang tới",
})  # fmt: skip
_MORE = frozenset({
    "xem thêm", "xem thêm tin", "tải thêm", "tải thêm tin", "xem tiếp", "load more", "more", "show more",
    "xem thêm bài viết",
})  # fmt: skip
_ARROWS = ("›", ">", "→", "»", ">>", "≫", "▶", "►", "❯", "⟩")  # in pagers that have several, `»` leads to the last page
_NAMES = re.compile(r"(?<![a-z])next(?:page|-page|_page)?(?![a-z])|trang-?sau|trang-?tiep")
_PAGER = re.compile(r"pag(?:er|ing|ination|enav|es)|phan-?trang|wp-pagenavi|page-numbers|navigation")
_NOT_NEXT = re.compile(r"(?<![a-z])(?:disabled|prev|previous|last|carousel|slick|swiper|slider|owl|banner)(?![a-z])")
_PAGE_KEY = re.compile(r"(?:.*[_\-])?(?:cur|page|trang|paged|p|pg|pageindex|pagenumber|curpage)", re.IGNORECASE)
_PAGE_PATH = re.compile(r"(?:^|[/\-_])(?:page|trang|p)[-_/]?(\d{1,4})(?=$|[/.])", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,4}(?:\.html)?")
_COPIED_QUERY = re.compile(r"%3[Ff]|@(?=\w{1,40}=)")  # how a query begins in the file names of a copy
_LONGEST = 60  # characters of a link to a page
_POSTBACK = re.compile(r"\s*javascript\s*:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NextPage:
    """Where the listing goes on. `scripted` says that it does, but that only a script opens the page."""

    url: str = ""
    scripted: bool = False


@dataclass(frozen=True, slots=True)
class _PagerLink:
    url: str
    words: str
    names: str
    scripted: bool


def find_next_page(page: HtmlElement, url: str, number: int, selector: str = "") -> NextPage:
    """The address of the listing's page `number` (the first is 1), given the one before it, which came from `url`."""
    base = base_url(page, url)
    if selector:
        chosen = [_pager_link(element, base) for element in select(page, selector)]
        if len(chosen) > 1:  # all the numbers were selected: the one that is wanted
            chosen = [one for one in chosen if one.words == str(number)]
        return _first(chosen, url)
    ways = list(_find_pager_links(page, base))
    linked = [
        _pager_link(each, base) for each in page.iter("link") if "next" in (each.get("rel") or "").lower().split()
    ]
    related = [
        _pager_link(each, base)
        for each in page.iter("a")
        if "next" in (each.get("rel") or "").lower().split() and each.get("href")
    ]
    for chosen in (
        linked,
        [one for one in ways if one.words == str(number) and _is_numbered(one, ways, url, number)],
        [one for one in related if not _is_article_pager(one)],
        [one for one in ways if _folded(one.words) in _NEXT or _says_next(one)],
        *([one for one in ways if one.words == arrow] for arrow in _ARROWS),
        [one for one in ways if _folded(one.words) in _MORE and page_number(one.url, url) in (number - 1, number)],
        [one for one in ways if page_number(one.url, url) == number and not one.words.isdigit()],
    ):
        found = _first(chosen, url)
        if found.url or found.scripted:
            return found
    return NextPage()


def page_number(url: str, listing: str) -> int | None:
    """The number of the page in an address that differs from the listing's in nothing else; None where there is none."""
    url = _COPIED_QUERY.sub("?", url)
    try:
        parts, here = urlsplit(url), urlsplit(listing)
    except ValueError:
        return None
    if parts.hostname != here.hostname:
        return None
    known = set(parse_qsl(here.query, keep_blank_values=True))
    added = [(key, value) for key, value in parse_qsl(parts.query, keep_blank_values=True) if (key, value) not in known]
    numbers = [
        int(value.removesuffix(".html"))
        for key, value in added
        if _PAGE_KEY.fullmatch(key) and _NUMBER.fullmatch(value)
    ]
    if numbers and _same_path(parts.path, here.path):
        return numbers[-1]
    match = _PAGE_PATH.search(parts.path)
    return int(match[1]) if match else None


def _same_path(one: str, other: str) -> bool:
    bare, other = (re.sub(r"(?:index|default)\.\w{2,5}$", "", path).rstrip("/") for path in (one, other))
    return bare == other


def _find_pager_links(page: HtmlElement, base: str) -> Iterator[_PagerLink]:
    """The links that may lead to another page: short ones. A pager stands behind the articles, so the last are kept."""
    anchors: list[HtmlElement] = []
    for anchor in page.iter("a"):
        if anchor.get("href") is not None:
            anchors.append(anchor)
        if len(anchors) >= 3 * MOST_LINKS:
            del anchors[: 2 * MOST_LINKS]
    for anchor in anchors:
        way = _pager_link(anchor, base)
        if len(way.words) <= _LONGEST:
            yield way


def _pager_link(element: HtmlElement, base: str) -> _PagerLink:
    if element.tag not in ("a", "link"):
        element = next(element.iter("a"), element)
    href = element.get("href") or ""
    label = element.get("aria-label") or element.get("title") or first_alt(element)
    words = clean_line(leading_text(element, 4 * _LONGEST)) or clean_line(label[:_LONGEST])
    scripted = bool(_POSTBACK.match(href))
    names = f"{(element.get('class') or '')[:200]} {(element.get('id') or '')[:200]}"
    around = element.getparent()
    for _ in range(3):
        if around is None:
            break
        names += f" {(around.get('class') or '')[:200]} {(around.get('id') or '')[:200]}"
        around = around.getparent()
    return _PagerLink("" if scripted else urldefrag(web_address(href, base)).url, words, names.lower(), scripted)


def _folded(words: str) -> str:
    return words.casefold().strip(" ›»>→←«‹<|.…[]()≫▶►❯⟩")


def _says_next(one: _PagerLink) -> bool:
    """Whether a link without telling words is named `next` and stands in a pager, as an arrow drawn by a stylesheet does."""
    own = one.names.split("  ", 1)[0]
    return not any(map(str.isalnum, one.words)) and bool(_NAMES.search(own)) and _in_pager(one)


def _in_pager(one: _PagerLink) -> bool:
    return bool(_PAGER.search(one.names))


def _is_article_pager(one: _PagerLink) -> bool:
    """Whether "next" leads to the next article and not to a page: its words are a headline."""
    return len(one.words.split()) > 4


def _is_numbered(one: _PagerLink, ways: Sequence[_PagerLink], url: str, number: int) -> bool:
    """Whether a number is that of a page, and not of comments: by its address, its names, or the numbers beside it."""
    if one.scripted:
        return True
    if page_number(one.url, url) is not None or _in_pager(one):
        return True
    if _is_copied_page(one.url, url):
        return True
    if not _below(one.url, url):
        return False
    near = {str(number - 1), str(number + 1), "1", "3"}
    return any(other.words in near and other.names == one.names and other.words != one.words for other in ways)


def _below(one: str, url: str) -> bool:
    """Whether an address lies at or below the listing's, by path."""
    here = urlsplit(url).path
    stem = here.rstrip("/") if here.endswith("/") else re.sub(r"\.\w{2,5}$", "", here)
    return urlsplit(one).path.startswith(stem)


def _is_copied_page(one: str, url: str) -> bool:
    """Whether a file is named like the listing with some signs of HTTrack's behind (`index2b3c.html`, `index-2.html`)."""
    folder, _, name = urlsplit(one).path.rpartition("/")
    here, _, listing = urlsplit(url).path.rpartition("/")
    stem = listing.rpartition(".")[0] or "index"
    return folder == here and re.fullmatch(re.escape(stem[:100]) + r"(?:[0-9a-f]{4}|-\d)\.html?", name) is not None


def _page(url: str) -> tuple[str, str, str]:
    """What tells one page of a listing from another. Not the key of an article: that knows no numbers of pages."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url, "", ""
    return parts.netloc.lower(), parts.path.rstrip("/"), parts.query


def _first(ways: Sequence[_PagerLink], url: str) -> NextPage:
    """The first of these that leads on; a disabled arrow often leads to the page itself."""
    here = _page(url)
    open_ways = [one for one in ways if not _NOT_NEXT.search(one.names.split("  ", 1)[0])]
    for one in open_ways:
        if one.url and _page(one.url) != here:
            return NextPage(one.url)
    return NextPage(scripted=any(one.scripted for one in open_ways))
