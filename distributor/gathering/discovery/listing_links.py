"""Whether a page is a listing or an article, and which of its links lead to articles: by the same rules as a source of type
page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

from lxml.html import HtmlElement

from ...errors import LimitExceeded, SourceError
from ...model import ParsedArticle
from ...source import FetchedDocument, processor_time
from ...url_cleaning import canonical_url, web_address
from ..extraction.document import base_url, element_text, parse_page, select
from ..extraction.selectors import Selectors
from ..listings import listing
from ..listings.listing import ArticleLink, read_listing
from ..listings.pagination import NextPage, find_next_page
from ..sources.page import PageSource
from .css_selectors import group_links
from .detection import is_front_page
from .report import AddressKind, OmittedLinks
from .text_matching import fold_text, split_blocks

_MOST_COMPUTING = 20.0  # seconds for one page
_NAMED = 2  # links that are left out for one reason and named
_MOST_LINKS = 500  # of a page whose surroundings are read
_LEAST_TEXT = 250  # characters outside links that an article has beyond what its page lists
_LEAST_OWN = 60  # the same of a page that a listing leads to, which is an article before it is anything else
_SURELY_OWN = 5000  # characters that no page has beside its links alone: it need not be read as a listing
_LONGEST_BLOCK = 800  # characters of one article in a listing
_FEWEST_LISTED = 3  # links to articles; a page with fewer is hardly a listing


@dataclass(frozen=True, slots=True)
class ReadSettings:
    """By what a page is read: the address of its listing, selectors, the time now, language and zone of the newsroom."""

    url: str
    select: Selectors
    now: datetime
    language: str
    zone: ZoneInfo
    topics: tuple[str, ...] = ()

    @property
    def source(self) -> PageSource:
        return PageSource(
            name="",
            url=self.url,
            select=self.select,
            language=self.language,
            timezone=self.zone,
            topics=self.topics,
        )


@dataclass(frozen=True, slots=True)
class ProbedListing:
    """A page as a listing: its links to articles in order, the groups of those that are alike, and what it says of the rest.
    `base` is what relative addresses on it are relative to. `scripted` are headlines that only a script opens."""

    kind: AddressKind
    tree: HtmlElement
    base: str
    links: Mapping[str, ArticleLink]  # by canonical address
    groups: Sequence[Sequence[str]]
    left_out: tuple[OmittedLinks, ...] = ()
    scripted: tuple[str, ...] = ()
    next_page: NextPage = NextPage("", scripted=False)

    def names(self, url: str) -> bool:
        return canonical_url(url) in self.links

    def link(self, url: str) -> ArticleLink:
        return self.links.get(canonical_url(url)) or ArticleLink(url, "")


def probe_listing(got: FetchedDocument, reading: ReadSettings) -> ProbedListing:
    """The page as a listing. Raises SourceError where it is empty."""
    tree = parse_page(got.body, got.charset)
    if tree is None:
        raise SourceError(f"{got.url} is an empty page")
    found = read_listing(tree, got.url, reading.now, reading.zone, reading.select.link)
    base = base_url(tree, got.url)
    alike = group_links(tree, base, [link.url for link in found.links])
    return ProbedListing(
        kind=_kind(got, tree, reading, alike),
        tree=tree,
        base=base,
        links={canonical_url(link.url): link for link in found.links},
        groups=alike,
        left_out=_by_reason(found.left_out),
        scripted=found.scripted,
        next_page=find_next_page(tree, got.url, 2, reading.select.next),
    )


def _by_reason(left_out: Sequence[listing.OmittedLink]) -> tuple[OmittedLinks, ...]:
    """What was left out, counted by the first reason, the commonest first."""
    words: dict[str, list[str]] = {}
    for one in left_out:
        words.setdefault(one.reason.partition(";")[0], []).append(one.words)
    return tuple(
        OmittedLinks(reason=reason, number=len(all_of), examples=tuple(filter(None, all_of[:_NAMED])))
        for reason, all_of in sorted(words.items(), key=lambda item: -len(item[1]))
    )


def _kind(
    got: FetchedDocument, tree: HtmlElement, reading: ReadSettings, alike: Sequence[Sequence[str]]
) -> AddressKind:
    many = sum(map(len, alike))
    if many >= _FEWEST_LISTED and (is_front_page(got.url) or reading.select.link):
        return AddressKind.LISTING
    try:
        found = parse_article(got, reading)
    except (SourceError, LimitExceeded):
        return AddressKind.LISTING
    own, listed = _texts(found, tree, base_url(tree, got.url), alike)
    return AddressKind.ARTICLE if not many or own >= _LEAST_TEXT or own > 2 * listed else AddressKind.LISTING


def is_only_listing(got: FetchedDocument, found: ParsedArticle, reading: ReadSettings) -> bool:
    """Whether a page that a listing leads to is a listing itself: what was read of it are the words beside its links.
    Raises LimitExceeded."""
    if sum(block.plain for block in split_blocks(found.body_html)) > _SURELY_OWN:
        return False
    with processor_time(_MOST_COMPUTING):
        return _lists_only(got, found, reading)


def _lists_only(got: FetchedDocument, found: ParsedArticle, reading: ReadSettings) -> bool:
    tree = parse_page(got.body, got.charset)
    if tree is None:
        return False
    links = read_listing(tree, got.url, reading.now, reading.zone).links
    base = base_url(tree, got.url)
    alike = group_links(tree, base, [link.url for link in links])
    return bool(alike) and len(alike[0]) >= _FEWEST_LISTED and _texts(found, tree, base, alike)[0] < _LEAST_OWN


def _texts(found: ParsedArticle, tree: HtmlElement, base: str, alike: Sequence[Sequence[str]]) -> tuple[int, int]:
    """Characters outside links of an article's text: its own, and those that stand beside what its page links to."""
    beside = _listed_texts(tree, base, alike)
    blocks = split_blocks(found.body_html)
    listed = sum(block.plain for block in blocks if fold_text(block.text) in beside)
    return sum(block.plain for block in blocks) - listed, listed


def _listed_texts(tree: HtmlElement, base: str, alike: Sequence[Sequence[str]]) -> set[str]:
    """The texts that stand beside the links of the repeated block: summaries, dates."""
    keys = {canonical_url(url) for url in alike[0]} if alike else set()
    texts: set[str] = set()
    for anchor in select(tree, "a[href]")[:_MOST_LINKS] if keys else ():
        if not element_text(anchor) or canonical_url(web_address(anchor.get("href") or "", base)) not in keys:
            continue
        block = _block_around(anchor)
        if block is not None:
            texts |= {fold_text(str(text)) for text in block.itertext()}
            texts |= {
                fold_text(element_text(inner)) for inner in block.iter("p", "div", "span", "h2", "h3", "h4", "li")
            }
    return texts


def _block_around(anchor: HtmlElement) -> HtmlElement | None:
    """The element around a link that holds one article of a listing: the outermost that holds no other article's link."""
    href, block = anchor.get("href"), None
    for up in anchor.iterancestors():
        if up.tag in ("body", "html") or len(element_text(up)) > _LONGEST_BLOCK:
            break
        if any(_is_other(one, href) for one in islice(up.iter("a"), _MOST_LINKS)):
            break
        block = up
    return block


def _is_other(anchor: HtmlElement, href: str | None) -> bool:
    return anchor.get("href") not in (None, href) and len(element_text(anchor).split()) > 3


def parse_article(got: FetchedDocument, reading: ReadSettings, *, link: ArticleLink | None = None) -> ParsedArticle:
    """The article of a page, as a source of type page parses it. Raises SourceError and LimitExceeded."""
    with processor_time(_MOST_COMPUTING):
        return reading.source.article(got, link or ArticleLink(got.url, ""))
