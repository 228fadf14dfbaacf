"""The headline and the lead of an article on its page. Pure.

A page says its headline several times: in a heading, for machines, in its `<title>`, in the words of the link that leads to
it. The heading that readers see is taken, if it is the page's own; the others say which heading that is, and stand in where
there is none. The name of the site, which stands before or behind, is no part of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from lxml.html import HtmlElement

from ...text import clean_line
from .document import first_words, select
from .named import Surroundings, joined_names
from .structured_data import StructuredData, decoded

_LEAD = ".tomtat, .tom-tat, .sapo, .chapeau, .trichdan, .article-summary, .detail-sapo, .lead"
_TITLED = re.compile(
    r"(?:tieude|headline)|title(?:detail|news|article|post|content|baiviet|tin)|(?:detail|article|news|post|entry|content|page|main|lbl|baiviet)"
    r"(?:s?)title"
)
_SEPARATOR = re.compile(r"\s+[-–—|»«:·•]+\s+|\s*[|»«]\s*")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_LONGEST_TITLE = 500  # characters
_MOST_PARTS = 6  # of a `<title>` between its signs
_ALIKE = 0.6  # of the words of two titles in common
_FEWEST_WORDS = 3  # of a heading that nothing else on the page confirms


def find_title(page: HtmlElement, data: StructuredData, hint: str) -> str:
    """The headline. `hint` are the words of the link that led here."""
    sites = _sites(data)
    told = [made for text in data.headlines if (made := without_site(text, sites))]
    window = decoded(next((str(one.text_content())[:_LONGEST_TITLE] for one in page.iter("title")), ""))
    variants = [*told, *_parts(window)]
    around = Surroundings(page)
    headings = [text for one in page.iter("h1") if (text := _words(one)) and not around.elsewhere(one)]
    named = [text for one in _named(page, around) if (text := _words(one))]
    own = [text for text in dict.fromkeys([*headings, *named]) if _folded(text) not in sites]
    confirmed = [text for text in own if any(_alike(text, other) >= _ALIKE for other in variants)]
    if confirmed:
        return max(confirmed, key=lambda text: (max(_alike(text, one) for one in told) if told else 0, len(text)))
    hinted = clean_line(hint)
    if hinted and any(_folded(hinted) in _folded(text) for text in (window, *told, *own)):
        return hinted
    alone = [text for text in own if len(text.split()) >= _FEWEST_WORDS]
    if len(headings) == 1 and headings[0] in alone:
        return headings[0]
    if told:
        return told[0]
    if alone or own:
        return (alone or own)[0]
    if hinted and any(_folded(hinted) == _folded(text) for text in _lines(page)):
        return hinted
    return max(_SEPARATOR.split(window), key=len, default="")


def find_lead(page: HtmlElement, data: StructuredData) -> str:
    return first_words(select(page, _LEAD)) or data.description


def without_site(title: str, sites: Sequence[str] | set[str]) -> str:
    """A title without the name of the site before or behind it; `sites` are such names, folded."""
    parts = [(match.start(), match.end()) for match in _SEPARATOR.finditer(title)]
    if parts and _folded(title[parts[-1][1] :]) in sites:
        return title[: parts[-1][0]].strip()
    if parts and _folded(title[: parts[0][0]]) in sites:
        return title[parts[0][1] :].strip()
    return title


def _sites(data: StructuredData) -> set[str]:
    return {folded for name in data.site_names if (folded := _folded(name))}


def _parts(window: str) -> list[str]:
    """The pieces of a `<title>`, and those that follow one another joined: a headline may hold such a sign itself."""
    cuts = [(0, 0), *((match.start(), match.end()) for match in _SEPARATOR.finditer(window))][:_MOST_PARTS]
    ends = [*(start for start, _ in cuts[1:]), len(window)]
    begins = [end for _, end in cuts]
    return [window[begin:end] for at, begin in enumerate(begins) for end in ends[at:] if window[begin:end].strip()]


def _named(page: HtmlElement, around: Surroundings) -> Iterator[HtmlElement]:
    """Elements that call themselves a headline and are no link: in lists of stories they are."""
    for element in page.iter("h2", "h3", "div", "p", "span", "td", "strong", "header"):
        if not (element.get("class") or element.get("id")) or not _TITLED.search(joined_names(element)):
            continue
        linked = element.find(".//a") is not None or any(up.tag == "a" for up in element.iterancestors())
        if not linked and not around.elsewhere(element):
            yield element


def _words(element: HtmlElement) -> str:
    """The words of a heading that is shown; empty for one that is hidden or too long."""
    hidden = any(_HIDDEN.search(one.get("style") or "") for one in (element, *element.iterancestors()))
    text = str(element.text_content())
    return "" if hidden or len(text) > 4 * _LONGEST_TITLE else clean_line(text)[:_LONGEST_TITLE]


def _lines(page: HtmlElement) -> Iterator[str]:
    texts = (
        str(element.text_content()) for element in page.iter("h2", "h3", "h4", "div", "p", "span", "td", "b", "strong")
    )
    return (clean_line(text) for text in texts if len(text) < _LONGEST_TITLE)


def _folded(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def _alike(one: str, other: str) -> float:
    """How much of the words of two texts they have in common, between 0 and 1 (Jaccard's measure)."""
    mine, theirs = set(_folded(one).split()), set(_folded(other).split())
    return len(mine & theirs) / len(mine | theirs) if mine and theirs else 0.0
