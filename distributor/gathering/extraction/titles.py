"""The headline and the lead of an article on its page. Pure.

A page says its headline several times: in a heading, for machines, in its `<title>`, in the words of the link that leads to
it. The heading that readers see is taken, if it is the page's own; the others say which heading that is, and stand in where
there is none. The name of the site, which stands before or behind, is no part of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from lxml import etree
from lxml.html import HtmlElement

from ...text import clean_line
from .document import element_text
from .element_names import Surroundings, has_name, joined_names
from .structured_data import StructuredData, decoded

# Classes and ids of a lead, in any case; the second also name what stands in lists, so they count beside the headline only.
_LEAD = re.compile(
    r"(?:[a-z0-9]+-)*(?:sapo|chapeau|tom-?tat|trich-?dan|standfirst)(?:-[a-z0-9]+)*|lead"
    r"|(?:[a-z0-9]+-)*(?:article|news|detail|post|tin|field)-?summary|cms-desc"
)
_LEAD_BESIDE = frozenset({"description", "summary"})
_LEAD_LISTED = re.compile(r"list|item|card|box|relat|lien-?quan|khac|story|stories|thumb|teaser")
_JOINTS = re.compile(r"[\W_]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_CLASSED = etree.XPath("descendant::*[@class or @id]")
_TITLED = re.compile(
    r"(?:tieude|headline)|title(?:detail|news|article|post|content|baiviet|tin)|(?:detail|article|news|post|entry|content|page|main|lbl|baiviet)"
    r"(?:s?)title"
)
_SEPARATOR = re.compile(r"\s+[-–—|»«:·•]+\s+|\s*[|»«]\s*")
_SITE_NAMED = re.compile(r"(?:site|portlet|blog|brand)(?:title|name|heading)|logo\b")
_HOME = re.compile(
    r"(?:https?://[^/?#]+)?/?(?:(?:web/guest|home|trang-chu)/?)?(?:(?:index|default|home)\.\w{3,5})?", re.IGNORECASE
)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_LONGEST_TITLE = 500  # characters
_LONGEST_LEAD = 2000  # characters
_LONGEST_PLACE = 40
_MOST_PARTS = 6  # of a `<title>` between its signs
_ALIKE = 0.6  # of the words of two titles in common
_FEWEST_WORDS = 3  # of a heading that nothing else on the page confirms


def find_title(page: HtmlElement, data: StructuredData, hint: str) -> str:
    """The headline. `hint` are the words of the link that led here."""
    sites = _sites(data)
    told = [made for text in data.headlines if (made := remove_site_name(text, sites))]
    window = decoded(next((str(one.text_content())[:_LONGEST_TITLE] for one in page.iter("title")), ""))
    variants = [*told, *_parts(window)]
    around = Surroundings(page)
    told_words = {_folded(text) for text in variants}
    shown = [one for one in page.iter("h1") if not around.elsewhere(one)]
    shown = [one for one in shown if not _names_site(one) or any(_alike(_words(one), text) >= _ALIKE for text in told)]
    headings = [text for one in shown if (text := remove_site_name(_headline_in(one, told_words), sites))]
    named = [text for one in _named(page, around) if (text := remove_site_name(_headline_in(one, told_words), sites))]
    weak = [
        text
        for one in _titled_only(page, around)
        if len((text := _headline_in(one, told_words)).split()) > _FEWEST_WORDS
    ]
    own = [text for text in dict.fromkeys([*headings, *named]) if _folded(text) not in sites]
    confirmed = _confirmed([*own, *weak], variants) or _confirmed(_lower(page, around), variants)
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
    return next(filter(None, map(_lead_words, _leads(page))), "") or data.description


def _lead_words(element: HtmlElement) -> str:
    """The words of a lead; a place that only the style sets apart (`<span>Hà Nội</span>Mưa lớn`) gets a dash."""
    first = element[0] if len(element) and isinstance(element[0].tag, str) else None
    if first is not None and not (element.text or "").strip() and first.tag in ("span", "b", "strong", "em"):
        place, rest = element_text(first), first.tail or ""
        if place[-1:].isalnum() and rest[:1].isupper() and len(place) <= _LONGEST_PLACE:
            return f"{place} - {element_text(element)[len(place) :]}"
    return element_text(element)


def _leads(page: HtmlElement) -> Iterator[HtmlElement]:
    headlined = {up for headline in page.iter("h1") if (up := headline.getparent()) is not None}
    around = Surroundings(page)
    found = _CLASSED(page)
    for element in found if isinstance(found, list) else ():
        if not isinstance(element, HtmlElement):
            continue
        kinds = {_lead_kind((element.get(name) or "")[:400]) for name in ("class", "id")}
        if "lead" in kinds or ("beside" in kinds and element.getparent() in headlined):
            linked = any(up.tag == "a" for up in element.iterancestors())
            if not linked and not around.elsewhere(element) and len(element.text_content()) <= _LONGEST_LEAD:
                yield element


@lru_cache(maxsize=8192)
def _lead_kind(names: str) -> str:
    """Whether classes or an id are those of a lead; `beside`: only behind a headline; empty for neither."""
    given = [_JOINTS.sub("-", _CAMEL.sub("-", name)).lower().strip("-") for name in names.split()]
    if any(_LEAD.fullmatch(name) and not _LEAD_LISTED.search(name) for name in given):
        return "lead"
    return "beside" if _LEAD_BESIDE.intersection(given) else ""


def remove_site_name(title: str, sites: Sequence[str] | set[str]) -> str:
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


def _confirmed(texts: Iterable[str], variants: Sequence[str]) -> list[str]:
    return [text for text in texts if any(_alike(text, other) >= _ALIKE for other in variants)]


def _names_site(heading: HtmlElement) -> bool:
    """Whether a heading is the name of the site or of a portlet: it leads to the front page, or is called so."""
    if _SITE_NAMED.search(joined_names(heading)):
        return True
    return any(_HOME.fullmatch((link.get("href") or "")[:200]) for link in heading.iter("a"))


def _lower(page: HtmlElement, around: Surroundings) -> Iterator[str]:
    """The words of smaller headings that lead nowhere, where no other is the headline."""
    for element in page.iter("h2", "h3", "h4"):
        if element.find(".//a") is None and not any(up.tag == "a" for up in element.iterancestors()):
            words = _words(element)
            if len(words.split()) >= _FEWEST_WORDS and not around.elsewhere(element):
                yield words


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
