"""The author of an article on its page. Pure.

People are looked for before organisations: in JSON-LD, meta tags and microdata, then in what calls itself author or byline,
at last in lines such as `By Jane Doe` and `Tác giả: Lê Phương` near the headline.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from lxml.html import HtmlElement

from ...text import clean_line
from ..bylines import choose_author, parse_byline
from .document import element_text
from .element_names import Surroundings, joined, names_of, words_in
from .structured_data import StructuredData

_NAMED = re.compile(
    r"(?:\w*author(?:s|name)?|by(?:line)?s?|bylines?|tacgia|writer|butdanh|reporter|journalist|nguoiviet|contributor)"
)
_JOINED = re.compile(r"tacgia|nguoiviet|butdanh|postedby|writtenby|authorname|articleauthor|postauthor|entryauthor")
# The address of an author's own page: `/tac-gia/lan-chi`, `/author/jane-doe`.
_PAGE_OF = re.compile(
    r"/(?:tac-?gia|authors?|by|byline|contributors?|reporters?|journalists?|columnists?|staff|profiles?|phong-vien|nha-bao)(?:/|\.\w{3,5}$|$)",
    re.IGNORECASE,
)
_LINE = re.compile(
    r"\W*(?:by|written by|words by|tác giả|bởi|người viết|phóng viên|nhà báo|bài viết của)\s*:?\s+\S", re.IGNORECASE
)
_MOST = 40  # elements that are read
_LONGEST = 200  # characters
_LONGEST_LINE = 100


def find_author(page: HtmlElement, data: StructuredData) -> str:
    """The names, joined by commas; an organisation where no people are named; empty where nobody is."""
    site = {name.casefold() for name in data.site_names}
    given = choose_author([*data.authors, *_shown(page)])
    # The name of the site is nobody's name, but better than none.
    return given if given.casefold() not in site else choose_author([*_lines(page), given])


def _shown(page: HtmlElement) -> Iterator[str]:
    """What the page shows as its author, by the names of elements."""
    around = Surroundings(page)
    left = _MOST
    for element in page.iter():
        if not isinstance(element.tag, str) or element.tag in (
            "body",
            "html",
            "script",
            "style",
            "img",
            "link",
            "meta",
        ):
            continue
        if _calls_itself_author(element):
            words = _words(element) if left > 0 else ""
            left -= 1
            if words and len(words) <= _LONGEST and not around.elsewhere(element):
                yield parse_byline(words)
    yield from _lines(page)


def _words(element: HtmlElement) -> str:
    """The words of an element; for a link around a portrait, whose it is."""
    words = _spaced(element)
    if element.tag == "a" and len(words.split()) == 1:
        return ""  # `Authors`: the way to all of them
    if not words and element.tag == "a":
        words = next((clean_line(one.get("alt") or "") for one in element.iter("img")), "")
    return words


def _spaced(element: HtmlElement) -> str:
    """The words of an element, with a stroke where one element ends and the next begins without a space."""
    made = ""
    for part in element.itertext():
        text = str(part)
        joint = made[-1:].isalnum() and text[:1].isalnum()
        made += f" | {text}" if joint else text
        if len(made) > 2 * _LONGEST:
            break
    return clean_line(made)


def _calls_itself_author(element: HtmlElement) -> bool:
    if "author" in (element.get("rel") or "").lower().split():
        return True
    if element.tag == "a" and _PAGE_OF.search((element.get("href") or "")[:500]):
        return True
    names = names_of(element)
    return names != "" and _named_for_author(names)


@lru_cache(maxsize=8192)
def _named_for_author(names: str) -> bool:
    return any(_NAMED.fullmatch(word) for word in words_in(names)) or _JOINED.search(joined(names)) is not None


def _lines(page: HtmlElement) -> Iterator[str]:
    """Lines that say who wrote, whatever their element is called."""
    around = Surroundings(page)
    for element in page.iter("p", "div", "span", "address", "em", "strong", "li", "a"):
        begin = (element.text or "").strip()
        if not begin and len(element):
            begin = str(element[0].text or "").strip() if isinstance(element[0].tag, str) else ""
        if not _LINE.match(f"{begin[:60]} x"):
            continue
        words = element_text(element)
        if len(words) <= _LONGEST_LINE and _LINE.match(words) and not around.elsewhere(element):
            yield parse_byline(words)
