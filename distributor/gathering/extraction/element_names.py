"""Elements by the words in their classes and ids, in whatever case and with whatever signs between them. Pure.

`assetPublishDate`, `edn_metaDetails1` and `news-time` are names that a hundred systems have given to one thing; the words
in them are few.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from lxml import etree
from lxml.html import HtmlElement

_LONGEST = 200  # characters of a class or an id that are looked at
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
# What stands around other stories, and not around the one that the page is about.
_ELSEWHERE = re.compile(
    r"(?:comments?|binhluan|related|lienquan|sidebar|aside|footer|menu|nav|navbar|breadcrumbs?|tinkhac|khac|tinmoi|docnhieu|popular"
    r"|trending|recommend\w*|most|widget|banner|ads?|advert\w*|quangcao|weather|popup|modal|calendar|lich)"
)
# `entry-footer`: who wrote a story and when may stand below it.
_OWN_FOOTER = re.compile(r"(?:post|entry|article|news|story|detail)[-_]*footer$", re.IGNORECASE)
_OTHERS = frozenset({"aside", "footer", "nav"})


_NAMING = ("class", "id", "data-role", "data-component", "data-testid", "data-qa")


def has_name(element: HtmlElement) -> bool:
    """Whether an element is called something."""
    return names_of(element) != ""


def names_of(element: HtmlElement) -> str:
    """All that an element is called, as it stands; what is made of it is kept by this, since names repeat on a page."""
    if not element.keys():  # most elements of a long page
        return ""
    get = element.get
    given = [name[:_LONGEST] for each in _NAMING if (name := get(each))]
    return " ".join(given) if given else ""


def name_words(element: HtmlElement) -> tuple[str, ...]:
    """The words in the names of an element, in small letters: `dateArt` is `date`, `art`."""
    return words_in(names_of(element))


@lru_cache(maxsize=8192)
def words_in(names: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in _WORD.findall(names))


def joined_names(element: HtmlElement) -> str:
    """The names with the signs between words taken out: `ngay-dang` is `ngaydang`."""
    return joined(names_of(element))


@lru_cache(maxsize=8192)
def joined(names: str) -> str:
    return re.sub(r"[-_]", "", names.lower())


class Surroundings:
    """Whether elements stand beside the story: in a menu, a footer, the comments, a box of other stories.

    What holds the headline is the story, whatever it is called. Each element is asked once, however many lie inside.
    """

    def __init__(self, page: HtmlElement) -> None:
        self._known = {up: False for headline in page.iter("h1") for up in headline.iterancestors()}

    def elsewhere(self, element: HtmlElement) -> bool:
        path = []
        found = False
        for up in (element, *element.iterancestors()):
            if up in self._known:
                found = self._known[up]
                break
            path.append(up)
        for up in reversed(path):
            found = found or _is_other(up)
            self._known[up] = found
        return found


def _is_other(element: HtmlElement) -> bool:
    if element.tag in ("html", "body", "form", "main", "article", "h1"):
        return False
    if element.tag == "footer" and any(up.tag == "article" for up in element.iterancestors()):
        return False  # the article's own: who wrote it and when often stands there
    return element.tag in _OTHERS or _named_for_others(names_of(element))


@lru_cache(maxsize=8192)
def _named_for_others(names: str) -> bool:
    return any(
        _ELSEWHERE.fullmatch(word) for each in names.split() for word in words_in(each) if not _OWN_FOOTER.match(each)
    )


def elements_by_offset(page: HtmlElement) -> Iterator[tuple[int, HtmlElement]]:
    """The elements of a page with the number of characters of text before each: how far apart two of them are."""
    at = 0
    for event, element in _walk(page):
        if event:
            yield at, element
            at += len(element.text or "") if element.tag not in ("script", "style") else 0
        else:
            at += len(element.tail or "")


def _walk(page: HtmlElement) -> Iterator[tuple[bool, HtmlElement]]:
    for event, element in etree.iterwalk(page, events=("start", "end")):
        if isinstance(element.tag, str):
            yield event == "start", element
