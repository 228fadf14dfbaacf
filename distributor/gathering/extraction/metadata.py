"""Title, lead, author and breadcrumbs of an article on its page. Pure.

A page says its headline several times: in a heading, for machines, in its `<title>`, in the words of the link that leads to
it. The heading that the page shows is taken, if it is the page's own; the others say which heading that is, and stand in
where there is none. The name of the site, which stands before or behind, is no part of it.

For the author, people are searched before organisations: in JSON-LD, meta tags and microdata, then in what calls itself
author or byline, at last in lines such as `By Jane Doe` and `Tác giả: Lê Phương` near the headline.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from lxml import etree
from lxml.html import HtmlElement

from ...text import clean_line, deduplicate
from ..bylines import choose_author, parse_byline
from .document import Surroundings, element_text, has_name, joined, joined_names, names_of, words_in
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
    titles = [made for text in data.headlines if (made := remove_site_name(text, sites))]
    window = decoded(next((str(one.text_content())[:_LONGEST_TITLE] for one in page.iter("title")), ""))
    variants = [*titles, *_parts(window)]
    around = Surroundings(page)
    known_titles = {_folded(text) for text in variants}
    shown = [one for one in page.iter("h1") if not around.elsewhere(one)]
    shown = [
        one for one in shown if not _names_site(one) or any(_alike(_words(one), text) >= _ALIKE for text in titles)
    ]
    headings = [text for one in shown if (text := remove_site_name(_headline_in(one, known_titles), sites))]
    named = [text for one in _named(page, around) if (text := remove_site_name(_headline_in(one, known_titles), sites))]
    weak = [
        text
        for one in _titled_only(page, around)
        if len((text := _headline_in(one, known_titles)).split()) > _FEWEST_WORDS
    ]
    own = [text for text in dict.fromkeys([*headings, *named]) if _folded(text) not in sites]
    confirmed = _confirmed([*own, *weak], variants) or _confirmed(_lower(page, around), variants)
    if confirmed:
        return max(confirmed, key=lambda text: (max(_alike(text, one) for one in titles) if titles else 0, len(text)))
    hinted = clean_line(hint)
    if hinted and any(_folded(hinted) in _folded(text) for text in (window, *titles, *own, *weak)):
        return hinted
    # A heading that nothing confirms is a portlet's or a section's where the page shows what it tells machines elsewhere.
    lines = {_folded(text) for text in _lines(page)} if titles else set()
    if shown_too := [text for text in titles if _folded(text) in lines]:
        return shown_too[0]
    if hinted and any(_folded(hinted) == _folded(_words(one)) for one in page.iter("h2", "h3", "h4", "h5", "h6")):
        return hinted
    alone = [text for text in own if len(text.split()) >= _FEWEST_WORDS]
    if len(headings) == 1 and headings[0] in alone:
        return headings[0]
    if titles:
        return titles[0]
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


def _headline_in(heading: HtmlElement, titles: set[str]) -> str:
    """The words of a heading; of one that also holds a label (`Chính trị`, `Trực tiếp`) the piece that the page tells
    elsewhere as its title. `titles` are such ones, folded."""
    words = _words(heading)
    if not words or _folded(words) in titles:
        return words
    children = [one for one in heading if isinstance(one.tag, str)][:_MOST_PARTS]
    beside = clean_line(" ".join([heading.text or "", *(one.tail or "" for one in children)])[:_LONGEST_TITLE])
    pieces = [beside, *(_words(one) for one in children)]
    return next((piece for piece in pieces if piece and _folded(piece) in titles), words)


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


# -- the author --------------------------------------------------------------------------------------------------------

_AUTHOR_NAME = re.compile(
    r"(?:\w*author(?:s|name)?|by(?:line)?s?|bylines?|tacgia|writer|butdanh|reporter|journalist|nguoiviet|contributor)"
)
_AUTHOR_JOINED = re.compile(
    r"tacgia|nguoiviet|butdanh|postedby|writtenby|authorname|articleauthor|postauthor|entryauthor"
)
# The address of an author's own page: `/tac-gia/lan-chi`, `/author/jane-doe`.
_AUTHOR_PAGE = re.compile(
    r"/(?:tac-?gia|authors?|by|byline|contributors?|reporters?|journalists?|columnists?|staff|profiles?|phong-vien|nha-bao)(?:/|\.\w{3,5}$|$)",
    re.IGNORECASE,
)
_AUTHOR_LINE = re.compile(
    r"\W*(?:by|written by|words by|tác giả|bởi|người viết|phóng viên|nhà báo|bài viết của)\s*:?\s+\S", re.IGNORECASE
)
_NAMELESS = frozenset({"body", "html", "script", "style", "img", "link", "meta"})  # they name no author
_MOST_AUTHORS = 40  # elements that are read
_LONGEST_AUTHOR = 200  # characters
_LONGEST_LINE = 100


def find_author(page: HtmlElement, data: StructuredData) -> str:
    """The names, joined by commas; an organisation where no people are named; empty where nobody is."""
    site = {name.casefold() for name in data.site_names}
    given = choose_author([*data.authors, *_shown_authors(page)])
    # The name of the site is nobody's name, but better than none.
    return given if given.casefold() not in site else choose_author([*_author_lines(page), given])


def _shown_authors(page: HtmlElement) -> Iterator[str]:
    """What the page shows as its author, by the names of elements."""
    around = Surroundings(page)
    left = _MOST_AUTHORS
    for element in page.iter():
        if not isinstance(element.tag, str) or element.tag in _NAMELESS:
            continue
        if _calls_itself_author(element):
            words = _author_words(element) if left > 0 else ""
            left -= 1
            if words and len(words) <= _LONGEST_AUTHOR and not around.elsewhere(element):
                yield parse_byline(words)
    yield from _author_lines(page)


def _author_words(element: HtmlElement) -> str:
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
        if len(made) > 2 * _LONGEST_AUTHOR:
            break
    return clean_line(made)


def _calls_itself_author(element: HtmlElement) -> bool:
    if "author" in (element.get("rel") or "").lower().split():
        return True
    if element.tag == "a" and _AUTHOR_PAGE.search((element.get("href") or "")[:500]):
        return True
    names = names_of(element)
    return names != "" and _named_for_author(names)


@lru_cache(maxsize=8192)
def _named_for_author(names: str) -> bool:
    return (
        any(_AUTHOR_NAME.fullmatch(word) for word in words_in(names))
        or _AUTHOR_JOINED.search(joined(names)) is not None
    )


def _author_lines(page: HtmlElement) -> Iterator[str]:
    """Lines that say who wrote, whatever their element is called."""
    around = Surroundings(page)
    for element in page.iter("p", "div", "span", "address", "em", "strong", "li", "a"):
        begin = (element.text or "").strip()
        if not begin and len(element):
            begin = str(element[0].text or "").strip() if isinstance(element[0].tag, str) else ""
        if not _AUTHOR_LINE.match(f"{begin[:60]} x"):
            continue
        words = element_text(element)
        if len(words) <= _LONGEST_LINE and _AUTHOR_LINE.match(words) and not around.elsewhere(element):
            yield parse_byline(words)


# -- breadcrumbs -------------------------------------------------------------------------------------------------------

_TRAIL = re.compile(r"bread-?crumbs?|duongdan|navpath|pathway|sitemappath|(?:^|\s)crumbs?(?:\s|$)")
_VOCABULARY = re.compile(r"BreadcrumbList|data-vocabulary\.org/Breadcrumb")
_SECTION_SIGNS = " \t/\\|>»›→•·:-–—<«‹"
_FRONT_PAGE = frozenset({
    "trang chủ", "trang nhất", "trang đầu", "home", "homepage", "home page", "start", "startseite", "accueil", "inicio",
    "início",
    "trang chu", "bạn đang ở", "bạn ở đây", "bạn đang ở đây", "you are here", "you are here:", "tin", "back", "quay lại",
})  # fmt: skip
_LONGEST_SECTION = 60  # characters of a section's name
_MOST_SECTIONS = 8
_MOST_STEPS = 200


def find_breadcrumbs(page: HtmlElement, data: StructuredData) -> list[str]:
    """The names of a page's path: as it declares them to machines, or in an element that calls itself one."""
    if data.breadcrumbs:
        return data.breadcrumbs
    for element in page.iter("nav", "div", "ul", "ol", "p", "span", "section", "td", "table"):
        named = (element.get("class") or element.get("id")) and _TRAIL.search(joined_names(element))
        declared = _VOCABULARY.search((element.get("itemtype") or "")[:200]) or _TRAIL.search(
            (element.get("aria-label") or "")[:50].lower()
        )
        if named or declared:
            steps = list(_steps(element))
            if steps:
                return steps
    return []


def sections_of(trail: Iterable[str], title: str, sites: Iterable[str]) -> list[str]:
    """The sections in a path: without the front page, the site, and the article itself."""
    others = {title.casefold(), *(site.casefold() for site in sites)}
    bare = (step.strip(_SECTION_SIGNS) for step in trail)
    kept = [
        step
        for step in bare
        if step
        and len(step) <= _LONGEST_SECTION
        and step.casefold() not in _FRONT_PAGE | others
        and not _cuts(step, title)
        and re.search(r"[^\W\d_]{2}", step)
    ]
    return list(deduplicate(kept))[:_MOST_SECTIONS]


def _cuts(step: str, title: str) -> bool:
    """Whether a step is the article's title cut short."""
    begin = step.casefold().rstrip(".… ")
    return len(begin) > 15 and title.casefold().startswith(begin)


def _steps(element: HtmlElement) -> Iterator[str]:
    """The words of each step: of the list's items, else of the links and what stands between them."""
    inner = list(element.iter())[:_MOST_STEPS]
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
        if words.strip(_SECTION_SIGNS):
            yield words
