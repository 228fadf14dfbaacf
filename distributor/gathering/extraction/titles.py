"""The headline and the lead of an article on its page. Pure.

A page says its headline several times: in a heading, for machines, in its `<title>`, in the words of the link that leads to
it. The heading that readers see is taken, if it is the page's own; the others say which heading that is, and stand in where
there is none. The name of the site, which stands before or behind, is no part of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from lxml import etree
from lxml.html import HtmlElement

from ...text import clean_line
from .document import first_words
from .named import Surroundings, has_name, joined_names
from .structured_data import StructuredData, decoded

# Classes of a lead, in any case; the last two also name what stands in lists, so they count beside the headline only.
_LEAD = frozenset({
    "tomtat", "tom-tat", "sapo", "chapeau", "trichdan", "article-summary", "articlesummary", "article__summary",
    "detail-sapo", "lead", "edn_articlesummary", "field--name-field-summary", "field-name-field-summary",
})  # fmt: skip
_LEAD_BESIDE = frozenset({"description", "summary"})
_CLASSED = etree.XPath("descendant::*[@class]")
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
    told_words = {_folded(text) for text in variants}
    shown = [one for one in page.iter("h1") if not around.elsewhere(one)]
    headings = [text for one in shown if (text := without_site(_headline_in(one, told_words), sites))]
    named = [text for one in _named(page, around) if (text := without_site(_headline_in(one, told_words), sites))]
    weak = [
        text
        for one in _titled_only(page, around)
        if len((text := _headline_in(one, told_words)).split()) > _FEWEST_WORDS
    ]
    own = [text for text in dict.fromkeys([*headings, *named]) if _folded(text) not in sites]
    confirmed = [text for text in [*own, *weak] if any(_alike(text, other) >= _ALIKE for other in variants)]
    if confirmed:
        return max(confirmed, key=lambda text: (max(_alike(text, one) for one in told) if told else 0, len(text)))
    hinted = clean_line(hint)
    if hinted and any(_folded(hinted) in _folded(text) for text in (window, *told, *own, *weak)):
        return hinted
    # A heading that nothing confirms is a portlet's or a section's where the page shows what it tells machines elsewhere.
    lines = {_folded(text) for text in _lines(page)} if told else set()
    if shown_too := [text for text in told if _folded(text) in lines]:
        return shown_too[0]
    if hinted and any(_folded(hinted) == _folded(_words(one)) for one in page.iter("h2", "h3", "h4", "h5", "h6")):
        return hinted
    alone = [text for text in own if len(text.split()) >= _FEWEST_WORDS]
    if len(headings) == 1 and headings[0] in alone:
        return headings[0]
    if told:
        return told[0]
    if alone or own:
        return (alone or own)[0]
    if weak:
        return weak[0]
    if hinted and any(_folded(hinted) == _folded(text) for text in _lines(page)):
        return hinted
    return max(_SEPARATOR.split(window), key=len, default="")


def find_lead(page: HtmlElement, data: StructuredData) -> str:
    return first_words(_leads(page)) or data.description


def _leads(page: HtmlElement) -> Iterator[HtmlElement]:
    headlined = {up for headline in page.iter("h1") if (up := headline.getparent()) is not None}
    found = _CLASSED(page)
    for element in found if isinstance(found, list) else ():
        if not isinstance(element, HtmlElement):
            continue
        kind = _lead_kind((element.get("class") or "")[:400])
        if kind == "lead" or (kind == "beside" and element.getparent() in headlined):
            yield element


@lru_cache(maxsize=8192)
def _lead_kind(classes: str) -> str:
    """Whether classes are those of a lead; `beside`: only behind a headline; empty for neither."""
    given = set(classes.lower().split())
    return "lead" if given & _LEAD else "beside" if given & _LEAD_BESIDE else ""


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


def _titled_only(page: HtmlElement, around: Surroundings) -> Iterator[HtmlElement]:
    """Elements that are called a title and nothing more, which boxes are, too; no links."""
    for element in page.iter("h2", "h3", "h4", "div", "p", "span", "td", "strong"):
        if "title" in joined_names(element).replace("ctl00", "").split() or element.get("itemprop") == "headline":
            linked = element.find(".//a") is not None or any(up.tag == "a" for up in element.iterancestors())
            if not linked and not around.elsewhere(element):
                yield element


def _named(page: HtmlElement, around: Surroundings) -> Iterator[HtmlElement]:
    """Elements that call themselves a headline and are no link: in lists of stories they are."""
    for element in page.iter("h2", "h3", "div", "p", "span", "td", "strong", "header"):
        if not has_name(element) or not _TITLED.search(joined_names(element)):
            continue
        linked = element.find(".//a") is not None or any(up.tag == "a" for up in element.iterancestors())
        if not linked and not around.elsewhere(element):
            yield element


def _words(element: HtmlElement) -> str:
    """The words of a heading that is shown; empty for one that is hidden or too long."""
    hidden = any(_HIDDEN.search(one.get("style") or "") for one in (element, *element.iterancestors()))
    text = str(element.text_content())
    return "" if hidden or len(text) > 4 * _LONGEST_TITLE else clean_line(text)[:_LONGEST_TITLE]


def _headline_in(heading: HtmlElement, told: set[str]) -> str:
    """The words of a heading; of one that also holds a label (`Chính trị`, `Trực tiếp`) the piece that the page tells
    elsewhere as its title. `told` are such titles, folded."""
    words = _words(heading)
    if not words or _folded(words) in told:
        return words
    children = [one for one in heading if isinstance(one.tag, str)][:_MOST_PARTS]
    beside = clean_line(" ".join([heading.text or "", *(one.tail or "" for one in children)])[:_LONGEST_TITLE])
    pieces = [beside, *(_words(one) for one in children)]
    return next((piece for piece in pieces if piece and _folded(piece) in told), words)


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
