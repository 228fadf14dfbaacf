"""The articles of a listing that is probed: some read to the end, and selectors that were tried on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...errors import LimitExceeded, SourceError
from ...model import ParsedArticle
from ...source import FROM_PAGE, FetchedDocument, processor_time
from ...url_cleaning import canonical_url
from ..extraction.document import parse_page, select
from ..extraction.selectors import Selectors
from .css_selectors import find_link_selector
from .listing_links import ProbedListing, ReadSettings, is_only_listing, parse_article
from .probe_context import ProbeContext
from .report import (
    AddressKind,
    ArticlePreview,
    DiscoveryReport,
    ProposedSelector,
    SourceProposal,
    describe_article,
    find_doubts,
)
from .selector_search import SamplePage, find_selectors

_MOST_COMPUTING = 60.0  # seconds for searching selectors on all pages together
_OTHERS = 2  # links that stand in other blocks than the largest, of those that are tried


@dataclass(slots=True)
class _FollowedLink:
    """A link that was followed: its page, and the article or why there is none."""

    url: str
    got: FetchedDocument | None = None
    found: ParsedArticle | None = None
    fault: str = ""


async def read_listed_articles(
    probe: ProbeContext, got: FetchedDocument, listing: ProbedListing, *, first: str = ""
) -> DiscoveryReport:
    """What is read of a listing's articles, and the block to propose. `first` is the article to begin with."""
    request, reading = probe.request, probe.read_settings
    if not listing.links:
        return DiscoveryReport(
            address=request.address,
            kind=AddressKind.LISTING,
            what="is a page without links to articles" + _selected_none(reading.select.link),
            left_out=listing.left_out,
            doubts=_scripted(listing) or (_without_links(listing),),
        )
    tried = [await _follow(probe, listing, url) for url in _choose_links(listing, request.articles, first)]
    good = [one for one in tried if one.found is not None]
    bad = [one for one in tried if one.found is None]
    link = _link(listing, reading, good, bad)
    fields, late = _fields(probe, listing, good, link)
    chosen = replace(reading, select=replace(reading.select, **{one.key: one.css for one in (*link, *fields)}))
    again = [_reread(one, listing, chosen) for one in good] if fields else good
    articles = [one.found for one in again if one.found is not None]
    return DiscoveryReport(
        address=request.address,
        kind=AddressKind.LISTING,
        what=f"is a listing of {len(listing.links)} article{'' if len(listing.links) == 1 else 's'}",
        found=len(listing.links),
        articles=tuple(_shown(one, listing, probe) for one in (*again, *bad)),
        left_out=listing.left_out,
        proposals=(_proposal(probe, got, (*link, *fields), good),) if good else (),
        doubts=(
            *_of_selectors(good, reading.select),
            *_of_links(good, bad, link),
            *late,
            *find_doubts(articles, probe.zone),
        ),
        hints=(*_further(listing), *_topics(again, listing, chosen)),
    )


def _without_links(listing: ProbedListing) -> str:
    if listing.left_out:
        return "all its links were left out; --select 'link=CSS' takes those that a selector of yours finds"
    return "its links may be made by a script: try a feed, or another page that lists the news"


def _further(listing: ProbedListing) -> tuple[str, ...]:
    """What staff may want to know of the listing's further pages."""
    if listing.next_page.url:
        return (f"the listing has further pages, such as {listing.next_page.url}: `max_pages: 2` reads the second too",)
    return (
        ("the listing's further pages are opened by a script only: they cannot be read",)
        if listing.next_page.scripted
        else ()
    )


def _topics(good: Sequence[_FollowedLink], listing: ProbedListing, reading: ReadSettings) -> tuple[str, ...]:
    """The topics that the pages show their articles under, where they name none by themselves."""
    if reading.select.topic or any(one.found and one.found.topics for one in good):
        return ()
    trails = [_reread(one, listing, replace(reading, topics=(FROM_PAGE,))).found for one in good]
    named = list(dict.fromkeys(topic for found in trails if found for topic in found.topics))
    if not named:
        return ()
    return (f"the pages' paths of links name topics ({', '.join(named[:5])}): `topics: from page` takes them",)


def _scripted(listing: ProbedListing) -> tuple[str, ...]:
    number = len(listing.scripted)
    if not number:
        return ()
    named = "; ".join(f"«{words[:60]}»" for words in listing.scripted[:2])
    return (
        f"{number} headline{' has' if number == 1 else 's have'} no address, only a script, and cannot be read: {named}",
    )


def _selected_none(css: str) -> str:
    return f": {css!r} finds none" if css else ""


def _choose_links(listing: ProbedListing, number: int, begin: str = "") -> list[str]:
    """Which links are followed: most of the largest block, and one or two of others, which may lead to no articles."""
    first, *rest = listing.groups or [[link.url for link in listing.links.values()]]
    others = [group[0] for group in rest][: _OTHERS if number >= 5 else int(number >= 3)]
    chosen = [*first[: number - len(others)], *others]
    more = [url for group in (first, *rest) for url in group if url not in chosen]
    known = {canonical_url(begin)} if begin else set()
    rest_of_all = [url for url in (*chosen, *more) if canonical_url(url) not in known]
    return [*([begin] if begin else []), *rest_of_all][:number]


async def _follow(probe: ProbeContext, listing: ProbedListing, url: str) -> _FollowedLink:
    try:
        got = await probe.get(url)
    except SourceError as error:
        return _FollowedLink(url, fault=str(error))
    made = _reread(_FollowedLink(url, got), listing, probe.read_settings)
    if made.found is None:
        return made
    if canonical_url(got.url) == canonical_url(probe.request.address):
        return _FollowedLink(url, got, fault=f"{url} is the listing itself")
    try:
        lists = is_only_listing(got, made.found, probe.read_settings)
    except LimitExceeded as error:
        return _FollowedLink(url, got, fault=f"{url} {error}")
    return _FollowedLink(url, got, fault=f"{url} lists articles and is none") if lists else made


def _reread(one: _FollowedLink, listing: ProbedListing, reading: ReadSettings) -> _FollowedLink:
    assert one.got is not None
    try:
        return _FollowedLink(one.url, one.got, parse_article(one.got, reading, link=listing.link(one.url)))
    except (SourceError, LimitExceeded) as error:
        return _FollowedLink(one.url, one.got, fault=str(error))


def _shown(one: _FollowedLink, listing: ProbedListing, probe: ProbeContext) -> ArticlePreview:
    if one.found is None or one.got is None:
        return ArticlePreview(address=one.url, fault=one.fault)
    link = listing.link(one.url)
    try:
        places = probe.places(one.found, one.got, hint=link.words)
    except LimitExceeded:
        places = {}
    if one.found.published and one.found.published == link.published:
        places["date"] = [*places.get("date", ()), "beside the link in the listing"]
    return describe_article(one.found, places, probe.zone, probe.now, address=one.url)


# -- selectors ---------------------------------------------------------------------------------------------------------


def _link(
    listing: ProbedListing, reading: ReadSettings, good: Sequence[_FollowedLink], bad: Sequence[_FollowedLink]
) -> tuple[ProposedSelector, ...]:
    """A selector for the links, where automatically also other pages are taken for articles, or some are missed."""
    if reading.select.link or len(good) < 2:
        return ()
    css, urls = find_link_selector(listing.tree, listing.base, [one.url for one in good], [one.url for one in bad])
    missed = [url for url in urls if not listing.names(url)]
    if not css or not (bad or missed):
        return ()
    are_none = "is no article" if len(bad) == 1 else "are no articles"
    why = (
        f"without it {len(bad)} of {len(good) + len(bad)} pages tried {are_none}"
        if bad
        else f"without it {len(missed)} links of the same block are left out"
    )
    return (ProposedSelector(key="link", css=css, pages=len(urls), of=len(urls), why=why),)


def _fields(
    probe: ProbeContext, listing: ProbedListing, good: Sequence[_FollowedLink], link: Sequence[ProposedSelector]
) -> tuple[tuple[ProposedSelector, ...], list[str]]:
    """Selectors for the fields of articles, and what could not be searched for."""
    if len(good) < 2:
        return (), ["only one article could be tried: selectors are proposed from two on"] if good else []
    samples = []
    for one in good:
        assert one.got is not None
        tree = parse_page(one.got.body, one.got.charset)
        assert tree is not None  # an article was found in it
        words = listing.link(one.url)
        samples.append(SamplePage(tree, one.found, words.words, words.published))

    def read(at: int, selectors: Selectors) -> ParsedArticle | None:
        return _reread(good[at], listing, replace(probe.read_settings, select=selectors)).found

    try:
        with processor_time(_MOST_COMPUTING):
            found, perhaps = find_selectors(samples, read, probe.zone, probe.read_settings.select)
            return found, list(perhaps)
    except LimitExceeded:
        return (), ["the search for selectors was not finished: the pages are very large"]


def _proposal(
    probe: ProbeContext, got: FetchedDocument, selected: Sequence[ProposedSelector], good: Sequence[_FollowedLink]
) -> SourceProposal:
    request = probe.request
    given = {key: css for key, css in request.select.items() if css}
    settings: dict[str, Any] = probe.settings("page", url=request.address)
    chosen = given | {one.key: one.css for one in selected}
    if chosen:
        settings["select"] = chosen
    number = len(good)
    why = f"with{'' if chosen else 'out'} selectors, tried on {number} page{'' if number == 1 else 's'}"
    return SourceProposal(name="", settings=settings, selectors=tuple(selected), why=why)


# -- doubts ------------------------------------------------------------------------------------------------------------


def _of_selectors(good: Sequence[_FollowedLink], given: Selectors) -> list[str]:
    """Selectors of the newsroom's own that find nothing on pages that were tried."""
    trees = [parse_page(one.got.body, one.got.charset) for one in good if one.got is not None]
    made = []
    for key in ("title", "date", "lead", "body", "image", "caption", "author", "topic"):
        css = getattr(given, key)
        if css:
            found = sum(bool(select(tree, css)) for tree in trees if tree is not None)
            if found < len(trees):
                made.append(f"select.{key}: {css} finds nothing on {len(trees) - found} of {len(trees)} pages")
    return made


def _of_links(
    good: Sequence[_FollowedLink], bad: Sequence[_FollowedLink], link: Sequence[ProposedSelector]
) -> list[str]:
    if not bad:
        return []
    if not good:
        return [f"none of the pages tried could be read; the first: {bad[0].fault}"]
    if link:
        return []
    return [f"{len(bad)} of {len(good) + len(bad)} pages tried could not be read: {bad[0].fault}"]
