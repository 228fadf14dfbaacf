"""A listing page: which of its links are articles, with headline and date, and what was left out and why. Pure.

Several links to one address (picture, title, summary, "Xem tiếp") are one article.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from urllib.parse import urldefrag

from lxml.html import HtmlElement

from ...text import clean_line
from ...url_cleaning import canonical_url, web_address
from ..extraction.document import base_url, select
from . import headlines, link_classifier, nearby_dates
from .link_classifier import LinkCandidate
from .tree import HEADINGS, MOST_LINKS, AnchorIndex, ListingTree, first_alt, read_tree, signature

_LONGEST_SHOWN = 200  # characters of a link's words that staff are shown
_SHORTEST_SUMMARY = 60  # characters in a block beside the headline
_MOST_ANCHORS = 12  # links to one address whose words are compared
_OF_A_MENU = (
    "the front page", "an account", "a search", "a page about", "a feed", "a service", "another language", "another site",
)  # fmt: skip
_SCRIPT = re.compile(r"\s*(?:javascript|vbscript)\s*:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ArticleLink:
    """A link to an article: where to, the headline (empty where only the page itself can tell), and the listing's date.
    `doubt` says what is wrong with a date that cannot be read."""

    url: str
    words: str
    published: datetime | None = None
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class OmittedLink:
    """A link that is no article, and why in words."""

    url: str
    words: str
    reason: str


@dataclass(frozen=True, slots=True)
class ListingResult:
    """What a listing page tells. `scripted` are headlines that only a script opens: nobody can follow them.
    `selected` says how many links the newsroom's own selector has found, None where there is none."""

    links: tuple[ArticleLink, ...] = ()
    left_out: tuple[OmittedLink, ...] = ()
    scripted: tuple[str, ...] = ()
    selected: int | None = None
    complete: bool = True


@dataclass(slots=True)
class _Anchor:
    at: int
    url: str
    key: str
    words: str
    reason: str = ""
    scripted: str = ""
    label: bool = False


@dataclass(slots=True)
class _Page:
    """The page while it is read."""

    tree: ListingTree
    url: str
    base: str
    now: datetime
    zone: tzinfo
    anchors: list[_Anchor] = field(default_factory=list)
    spread: AnchorIndex = field(default_factory=lambda: AnchorIndex((), ()))  # of the links that may be articles
    every: AnchorIndex = field(default_factory=lambda: AnchorIndex((), ()))
    key_at: dict[int, str] = field(default_factory=dict)
    apart: AnchorIndex = field(
        default_factory=lambda: AnchorIndex((), ())
    )  # of those that share no block with an article


def read_listing(page: HtmlElement, url: str, now: datetime, zone: tzinfo, selector: str = "") -> ListingResult:
    """The articles of a listing page, in its order. `url` is the address it came from; relative dates are counted from
    `now`; dates without a zone are in `zone`. With `selector` (CSS) the links it finds are the articles, all of them."""
    tree = read_tree(page)
    here = _Page(tree, url, base_url(page, url), now, zone)
    chosen = _selected(tree, page, selector) if selector else None
    here.anchors = [anchor for at in range(len(tree.elements)) if tree.tag(at) == "a" and (anchor := _anchor(here, at))]
    if chosen is not None:
        for anchor in here.anchors:
            anchor.reason = "" if anchor.at in chosen else "select.link does not find it"
            anchor.label = False
    _lend_addresses(here)
    _find_labels(here)
    may_be = [anchor for anchor in here.anchors if not anchor.reason]
    primary = [anchor for anchor in may_be if not anchor.label] or may_be
    here.every = AnchorIndex([anchor.at for anchor in here.anchors], [anchor.key for anchor in here.anchors])
    here.key_at = {anchor.at: anchor.key for anchor in here.anchors}
    apart = sorted((*primary, *(each for each in here.anchors if _of_a_menu(each))), key=lambda each: each.at)
    here.apart = AnchorIndex([anchor.at for anchor in apart], [anchor.key for anchor in apart])
    here.spread = AnchorIndex([anchor.at for anchor in primary], [anchor.key for anchor in primary])
    candidates = _candidates(here, may_be)
    reasons = {} if chosen is not None else link_classifier.classify_links(candidates, url, _menu_links(here))
    return _listing(here, candidates, reasons, None if chosen is None else len(chosen))


def _selected(tree: ListingTree, page: HtmlElement, selector: str) -> set[int]:
    """The numbers of the links that the newsroom's selector finds: an element stands for the first link within it."""
    found = set()
    for element in select(page, selector)[:MOST_LINKS]:
        anchor = element if element.tag == "a" else next(element.iter("a"), None)
        if anchor is None:
            anchor = next((up for up in element.iterancestors("a")), None)
        if anchor is not None and anchor in tree.number:
            found.add(tree.number[anchor])
    return found


# -- the links by themselves -------------------------------------------------------------------------------------------


def _anchor(here: _Page, at: int) -> _Anchor | None:
    """A link of the page; None for what only marks a place."""
    element = here.tree.elements[at]
    href = element.get("href")
    if href is None:
        return None
    words = clean_line(str(element.text_content())[:2000]) if here.tree.characters[at] < 20_000 else ""
    words = words or clean_line((element.get("title") or first_alt(element))[:2000])
    target = href.strip()
    scripted = _scripted(target, element)
    url = "" if scripted else urldefrag(web_address(href, here.base)).url
    anchor = _Anchor(at, url, canonical_url(url) if url else f"script:{at}", words, scripted=scripted)
    anchor.reason = _plainly(here, anchor, target)
    anchor.label = link_classifier.is_label([*here.tree.tokens[at], *_names_around(here.tree, at)])
    return anchor


def _scripted(target: str, element: HtmlElement) -> str:
    """How a link is opened by a script alone; empty for one with an address."""
    if _SCRIPT.match(target):
        return "javascript:__doPostBack" if "__doPostBack" in target[:200] else "javascript:"
    if target in ("", "#") or target.startswith(("#!", "#/")):
        return "onclick" if element.get("onclick") else "#"
    return ""


def _names_around(tree: ListingTree, at: int) -> list[str]:
    """The names of the elements that hold this link and hardly anything else."""
    names: list[str] = []
    for up in tree.ancestors(at, 2):
        if tree.characters[up] <= tree.characters[at] + 20:
            names += tree.tokens[up]
    return names


def _plainly(here: _Page, anchor: _Anchor, target: str) -> str:
    element = here.tree.elements[anchor.at]
    if not anchor.url and not anchor.scripted:
        return "leads to a place on this page" if target.startswith("#") else "no address of a page"
    if target.startswith("#") and not anchor.scripted:
        return "leads to a place on this page"
    if here.tree.chrome[anchor.at]:
        return f"stands in a menu or frame of the page ({here.tree.chrome[anchor.at]})"
    if anchor.words and nearby_dates.is_bare_date_line(anchor.words, here.now, here.zone):
        return "a date, not a headline"
    if element.get("hreflang") and len(anchor.words.split()) <= 2:
        return "another language"
    if anchor.key == canonical_url(here.url):
        return "the listing itself"
    reason = link_classifier.obvious_reason(
        anchor.words, anchor.url, here.url, element.get("rel") or "", here.tree.tokens[anchor.at]
    )
    return "" if anchor.scripted and reason == "another site" else reason


def _find_labels(here: _Page) -> None:
    """Mark the links that stand at several articles: a section's name beside each headline."""
    runs: Counter[str] = Counter()
    longest: dict[str, int] = {}
    before = ""
    for anchor in here.anchors:
        if anchor.reason or headlines.is_read_more(anchor.words):
            continue
        runs[anchor.key] += anchor.key != before
        longest[anchor.key] = max(longest.get(anchor.key, 0), len(anchor.words.split()))
        before = anchor.key
    titled = {anchor.key for anchor in here.anchors if headlines.title_rank(here.tree, anchor.at) <= headlines.TITLED}
    for anchor in here.anchors:
        if runs[anchor.key] >= 3 and longest.get(anchor.key, 9) <= 5:
            anchor.label = True
        elif anchor.label and longest.get(anchor.key, 0) > 6 and anchor.key in titled:
            anchor.label = False


def _lend_addresses(here: _Page) -> None:
    """Give a headline that a script opens the address of the picture beside it, where there is one link to one page."""
    at = [anchor.at for anchor in here.anchors]
    for anchor in here.anchors:
        if not anchor.scripted or anchor.reason or not anchor.words:
            continue
        for up in here.tree.ancestors(anchor.at, 3):
            near = here.anchors[bisect_left(at, up) : bisect_right(at, here.tree.last[up])][:7]
            others = {each.key: each for each in near if each is not anchor}
            if others:
                (other, *more) = others.values()
                if (
                    not more
                    and other.url
                    and not other.reason
                    and (not other.words or headlines.is_read_more(other.words))
                ):
                    anchor.url, anchor.key, anchor.scripted = other.url, other.key, ""
                break


def _menu_links(here: _Page) -> Mapping[int, int]:
    """How many links in each row plainly belong to a menu."""
    return Counter(_row(here, anchor.at, anchor.key) for anchor in here.anchors if anchor.reason.startswith(_OF_A_MENU))


def _of_a_menu(anchor: _Anchor) -> bool:
    return anchor.reason.startswith(_OF_A_MENU) and not anchor.reason.startswith("another site")


def _row(here: _Page, at: int, key: str) -> int:
    """The smallest block around a link that holds another link, of whatever kind; -1 where there is none."""
    around = here.tree.ancestors(at, 40)
    return next((up for up in around if here.every.sole(*here.every.within(here.tree, up)) != key), -1)


# -- what belongs together ---------------------------------------------------------------------------------------------


def _candidates(here: _Page, anchors: Sequence[_Anchor]) -> list[LinkCandidate]:
    """One candidate for each address, with all that the listing tells of it."""
    by_key: dict[str, list[_Anchor]] = {}
    for anchor in anchors:
        by_key.setdefault(anchor.key, []).append(anchor)
    headed = frozenset(
        each.key for each in anchors if headlines.title_rank(here.tree, each.at) == headlines.HEADING and not each.label
    )
    dates = nearby_dates.find_dates(here.tree, here.spread, here.now, here.zone, headed)
    headings = _loose_headings(here)
    pictures = [at for at in range(len(here.tree.elements)) if here.tree.tag(at) in ("img", "picture")]
    candidates = []
    for key, group in by_key.items():
        one = _candidate(here, key, group[:_MOST_ANCHORS], headings.get(key, ""))
        if line := dates.get(key):
            one.date, one.doubt = line.moment or one.date, line.doubt
        _read_context(here, one, pictures)
        candidates.append(one)
    _find_headings_of_blocks(here, candidates)
    return candidates


def _candidate(here: _Page, key: str, group: Sequence[_Anchor], heading: str) -> LinkCandidate:
    """The headline of some links to one address, and the date among their words. `heading` stands in their block without a
    link: it is theirs where they say only "Xem tiếp", or a summary."""
    found = [
        wording
        for each in group
        for wording in headlines.find_headline_candidates(here.tree, each.at, here.now, here.zone)
    ]
    words, sure = headlines.choose_headline(found)
    rank = min((each.rank for each in found if each.words == words), default=headlines.PLAIN)
    if not sure and heading:
        words, sure, rank = heading, True, headlines.HEADING
    main = next((each for each in found if words.startswith(each.words.rstrip(".… ")[:200])), None)
    place = max((each.at for each in group if main and each.at <= main.order), default=group[0].at)
    dates = (headlines.find_bracketed_date(here.tree, each.at, here.now, here.zone) for each in group)
    return LinkCandidate(
        key=key,
        url=group[0].url,
        words=words,
        place=place,
        is_headline=sure,
        rank=rank,
        date=next(filter(None, dates), None),
        inline=all(_in_line(here, each) for each in group),
        label=all(each.label for each in group),
        scripted=group[0].scripted,
        signature=signature(here.tree, place),
    )


def _in_line(here: _Page, anchor: _Anchor) -> bool:
    """Whether a link stands right beside a link to elsewhere, with nothing but spaces and strokes between them."""
    element = here.tree.elements[anchor.at]
    before, behind = element.getprevious(), element.getnext()
    beside = []
    if before is not None and before.tag == "a" and not any(map(str.isalnum, (before.tail or "")[:100])):
        beside.append(before)
    if behind is not None and behind.tag == "a" and not any(map(str.isalnum, (element.tail or "")[:100])):
        beside.append(behind)
    numbers = [here.tree.number.get(each, -1) for each in beside]
    return any(here.key_at.get(number, anchor.key) != anchor.key for number in numbers)


def _read_context(here: _Page, one: LinkCandidate, pictures: Sequence[int]) -> None:
    """What else stands in the block of a link: a picture, a summary. And in which row the block stands."""
    tree = here.tree
    one.row = _row(here, one.place, one.key)
    block = one.place
    for up in tree.ancestors(one.place, 40):
        if here.apart.sole(*here.apart.within(tree, up)) != one.key:
            one.container = up
            break
        block = up
    if tree.tag(block) in ("body", "html"):
        return
    inside = bisect_right(pictures, tree.last[block]) - bisect_left(pictures, block)
    one.picture = 1 <= inside <= 5
    spare = tree.characters[block] - len(one.words)
    one.summary = (
        one.is_headline and spare >= _SHORTEST_SUMMARY and (block != one.place or spare >= 2 * _SHORTEST_SUMMARY)
    )


def _loose_headings(here: _Page) -> dict[str, str]:
    """Headings without a link, or else what is named a title or stands in bold, by the one article with which they share a
    block: of a story whose only link says "Xem tiếp"."""
    found: dict[str, tuple[int, str]] = {}
    for at in range(len(here.tree.elements)):
        rank = _loose_rank(here, at)
        key = _beside(here, at) if rank < headlines.PLAIN else ""
        if not key or rank >= found.get(key, (headlines.PLAIN, ""))[0]:
            continue
        words = headlines.headline_text(here.tree, at, here.now, here.zone)
        if len(words.split()) >= 2 + (rank == headlines.STRONG):
            found[key] = (rank, words)
    return {key: words for key, (_, words) in found.items()}


def _loose_rank(here: _Page, at: int) -> int:
    """How sure an element's words are a headline, where no link holds them and they hold none."""
    tree = here.tree
    tag = tree.tag(at)
    if tag in HEADINGS:
        rank = headlines.HEADING
    elif tag in ("div", "p", "span", "td", "dt") and headlines.is_titled(tree, at):
        rank = headlines.TITLED
    elif tag in ("strong", "b"):
        rank = headlines.STRONG
    else:
        return headlines.PLAIN
    first, end = here.every.within(tree, at)
    free = first == end and not tree.chrome[at] and 0 < tree.characters[at] <= 1000
    return rank if free and not any(tree.tag(up) == "a" for up in tree.ancestors(at, 6)) else headlines.PLAIN


def _beside(here: _Page, at: int) -> str:
    """The key of the one article with which an element shares a block; empty where there is none."""
    for up in here.tree.ancestors(at, 4):
        if here.tree.tag(up) in ("body", "html"):
            return ""
        first, end = here.spread.within(here.tree, up)
        if first < end:
            return here.spread.sole(first, end)
    return ""


def _find_headings_of_blocks(here: _Page, candidates: Sequence[LinkCandidate]) -> None:
    """Mark the links that open a block of others built unlike them: a section's name above its articles."""
    rows: dict[int, list[LinkCandidate]] = {}
    for one in candidates:
        if not one.label:
            rows.setdefault(one.container, []).append(one)
    by_key = {one.key: one for one in candidates}
    for container, members in rows.items():
        first_of_row = min(members, key=lambda one: one.place)
        first, end = here.spread.within(here.tree, container) if container >= 0 else (0, 0)
        others = [by_key[key] for key in dict.fromkeys(here.spread.keys[first:end][:30]) if key != first_of_row.key]
        built_alike = any(other.signature == first_of_row.signature for other in others)
        first_of_row.heads_others = len(others) >= 2 and here.spread.keys[first] == first_of_row.key and not built_alike


# -- the answer --------------------------------------------------------------------------------------------------------


def _listing(
    here: _Page, candidates: Sequence[LinkCandidate], reasons: Mapping[str, str], selected: int | None
) -> ListingResult:
    links, scripted = [], []
    left_out: list[tuple[int, OmittedLink]] = []
    for one in candidates:
        if one.key in reasons:
            reason = reasons[one.key]
            reason = f"only a script opens it; {reason}" if one.scripted else reason
            left_out.append((one.place, OmittedLink(one.url, one.words[:_LONGEST_SHOWN], reason)))
        elif one.scripted:
            scripted.append(one.words[:_LONGEST_SHOWN])
            left_out.append(
                (one.place, OmittedLink("", one.words[:_LONGEST_SHOWN], f"only a script opens it ({one.scripted})"))
            )
        else:
            words = one.words if one.is_headline else ""
            links.append(ArticleLink(one.url, words, one.date, "" if one.date else one.doubt))
    taken = {one.key for one in candidates}
    said = set()
    for anchor in here.anchors:
        if anchor.reason and anchor.key not in taken and (anchor.key, anchor.reason) not in said:
            said.add((anchor.key, anchor.reason))
            left_out.append((anchor.at, OmittedLink(anchor.url, anchor.words[:_LONGEST_SHOWN], anchor.reason)))
    left_out.sort(key=lambda each: each[0])
    return ListingResult(
        tuple(links), tuple(each for _, each in left_out), tuple(scripted), selected, here.tree.complete
    )
