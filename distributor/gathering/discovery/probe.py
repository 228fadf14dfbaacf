"""Probing an address that is no source yet, in a child process: what it is, what is read of it, what to propose.

It reads through the same guarded fetcher as a source, parses articles with the same sources, and proposes what it has tried
on what it has read. One page that cannot be read costs that page. What the child answers is validated before it is believed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

from pydantic import TypeAdapter, ValidationError

from ...config.schema import Site
from ...credentials import NO_CREDENTIALS, extract_credentials
from ...errors import LimitExceeded, SourceError
from ...isolated_child import ChildLimits
from ...isolation import call_isolated_async
from ...model import ParsedArticle
from ...source import FetchedDocument
from ...text import clean_line
from ..extraction.document import parse_page
from ..fetcher import FetchOptions, HostQueue, open_fetcher
from ..source_reader import ReportingFetcher, call_with_retries
from ..sources.feed import FeedSource
from .detection import (
    DocumentFormat,
    detect_format,
    find_feeds,
    find_listing_urls,
    find_sections,
    find_sitemap,
    is_front_page,
    is_wordpress,
    sitemaps_in_robots,
)
from .listing_links import ProbedListing, parse_article
from .listing_pages import read_listed_articles
from .local_files import probe_path
from .probe_context import ProbeContext
from .report import (
    AddressKind,
    DiscoveryReport,
    DiscoveryRequest,
    SourceProposal,
    describe_article,
    find_doubts,
)

_MOST_FEEDS = 3  # of a page that are tried
_MOST_PARENTS = 4  # addresses at which an article's listing is searched
_SUMMARY = 400  # characters; feeds whose texts are shorter give no more than summaries


@dataclass(frozen=True, slots=True)
class Probe(ProbeContext):
    """One address being probed, with what was fetched for it."""

    async def run(self) -> DiscoveryReport:
        """What the address is and what is read of it. Raises SourceError where nothing can be read."""
        if self.request.is_path:
            return await probe_path(self)
        got = await self.get(self.request.address)
        form = detect_format(got.body, got.media_type, got.charset)
        if self.request.kind is AddressKind.FEED or form is DocumentFormat.FEED:
            return await self.feed(got)
        if form is DocumentFormat.WORDPRESS:
            return await self.wordpress(got)
        if form is not DocumentFormat.PAGE:
            return self._unreadable(form)
        return await self.page(got)

    def _unreadable(self, form: DocumentFormat) -> DiscoveryReport:
        formats = {
            DocumentFormat.SITEMAP: "a sitemap for search engines, which names pages and holds no articles",
            DocumentFormat.JSON: "JSON, but neither a JSON Feed nor an answer of WordPress",
            DocumentFormat.TEXT: "plain text, not a page",
            DocumentFormat.OTHER: "neither a page nor a feed",
        }
        hint = "give the site's front page, or a page that lists its news"
        return DiscoveryReport(
            address=self.request.address, kind=AddressKind.NOTHING, what=f"is {formats[form]}", hints=(hint,)
        )

    # -- feeds -------------------------------------------------------------------------------------------------------

    async def feed(self, got: FetchedDocument) -> DiscoveryReport:
        """A feed: its articles, and whether it gives their text. Raises SourceError where it cannot be read."""
        address = self.request.address
        found, faults = self.read_feed(got, FeedSource(name="", url=address, **self.common()))
        what = f"is a feed of {_articles(len(found))}"
        proposal = SourceProposal(name="", settings=self.settings("feed", url=got.moved_to or address))
        doubtful = [*faults, *await self._against_page(found), *find_doubts(found, self.zone, key="")]
        return DiscoveryReport(
            address=address,
            kind=AddressKind.FEED,
            what=what,
            found=len(found),
            articles=self.preview_of_feed(found),
            proposals=(proposal,) if found else (),
            doubts=tuple(dict.fromkeys(doubtful)),
        )

    async def _against_page(self, found: Sequence[ParsedArticle]) -> list[str]:
        """Whether the page of the newest article gives much more text than the feed does."""
        first = next((one for one in found if one.url), None)
        sizes = sorted(len(one.body_html) for one in found)
        if first is None or not sizes or sizes[len(sizes) // 2] >= _SUMMARY:
            return []
        summary = "the feed gives summaries only"
        try:
            read = parse_article(await self.get(first.url), self.read_settings)
        except (SourceError, LimitExceeded) as error:
            return [f"{summary}, and the page of its first article could not be read: {error}"]
        if len(read.body_html) <= 2 * len(first.body_html) + _SUMMARY:
            return []
        return [
            f"{summary}; the page of its first article has {len(read.body_html):,} characters of text: a source of type "
            "page, of the listing on the site, brings whole articles"
        ]

    async def wordpress(self, got: FetchedDocument) -> DiscoveryReport:
        """WordPress's REST API: no source reads it, but every WordPress has a feed."""
        url = urljoin(got.url, "/feed/")
        what = "is the REST API of WordPress; its site has a feed"
        try:
            made = await self.at(url).feed(await self.get(url))
        except SourceError as error:
            return DiscoveryReport(address=self.request.address, kind=AddressKind.NOTHING, what=f"{what}, but {error}")
        return replace(made, address=self.request.address, what=f"{what}, {url}, of {_articles(made.found)}")

    # -- pages -------------------------------------------------------------------------------------------------------

    async def page(self, got: FetchedDocument) -> DiscoveryReport:
        """A page: an article, or a listing with the articles that it leads to."""
        listing = self.listing_of(got)
        kind = self.request.kind or listing.kind
        if kind is AddressKind.ARTICLE:
            return await self.article(got)
        return await self.listing(got, listing)

    async def listing(self, got: FetchedDocument, listing: ProbedListing) -> DiscoveryReport:
        """A listing: what is read of its articles, and the block to propose."""
        made = await read_listed_articles(self, got, listing)
        hints, feeds = await self._of_site(got, listing)
        proposals = (*made.proposals, *feeds)
        if feeds and _is_whole(feeds[0]) and proposals:
            proposals = (*feeds, *made.proposals)
        front = ["this is the front page: the listing of one section is steadier"] if is_front_page(got.url) else []
        return replace(made, proposals=proposals, hints=(*made.hints, *hints), doubts=(*made.doubts, *front))

    async def article(self, got: FetchedDocument) -> DiscoveryReport:
        """An article: itself, and the listing that leads to it."""
        try:
            found = parse_article(got, self.read_settings)
            places = self.places(found, got)
            itself = describe_article(found, places, self.zone, self.now, address=self.request.address)
        except (SourceError, LimitExceeded) as error:
            return DiscoveryReport(
                address=self.request.address,
                kind=AddressKind.NOTHING,
                what=f"is a page in which no article was found: {error}",
            )
        made = await self._listed(got)
        if made is None or not made.proposals:
            hint = "give the page that lists such articles, and a block for config.yaml is proposed"
            return DiscoveryReport(
                address=self.request.address,
                kind=AddressKind.ARTICLE,
                what="is an article",
                found=1,
                articles=(itself,),
                doubts=tuple(find_doubts([found], self.zone)),
                hints=(hint,),
            )
        return replace(
            made,
            address=self.request.address,
            kind=AddressKind.ARTICLE,
            what=f"is an article; {made.address} {made.what}",
        )

    async def _listed(self, got: FetchedDocument) -> DiscoveryReport | None:
        """What is read of the listing of an article, beginning with it: the listing is what its breadcrumbs or its address
        lead to, best one that names it. The article may stand on a later page of it."""
        tree = parse_page(got.body, got.charset)
        others = []
        for url in find_listing_urls(tree, got.url)[:_MOST_PARENTS] if tree is not None else ():
            try:
                page = await self.get(url)
                listing = self.listing_of(page)
            except (SourceError, LimitExceeded):
                continue
            found = (url, page, listing)
            if listing.names(got.url):
                others = [found]
                break
            if listing.kind is AddressKind.LISTING and listing.links:
                others.append(found)
        if not others:
            return None
        url, page, listing = others[0]
        made = await read_listed_articles(self.at(url), page, listing, first=got.url)
        if listing.names(got.url):
            return made
        guess = f"{url} does not name this article: is it the listing that is meant?"
        return replace(made, doubts=(guess, *made.doubts))

    def at(self, url: str) -> Probe:
        """The same probe of another address; what was fetched is shared."""
        return replace(self, request=replace(self.request, address=url))

    # -- the site ----------------------------------------------------------------------------------------------------

    async def _of_site(self, got: FetchedDocument, listing: ProbedListing) -> tuple[list[str], list[SourceProposal]]:
        """What else a page says of its site: feeds (tried), sections, a sitemap."""
        tree = listing.tree
        hints, proposals = [], []
        named = [one.url for one in find_feeds(tree, listing.base)]
        if not named and is_wordpress(tree):
            named = [urljoin(got.url, "/feed/")]
        for url in named[:_MOST_FEEDS]:
            try:
                answer = await self.get(url)
                found, _ = self.read_feed(answer, FeedSource(name="", url=url, **self.common()))
            except SourceError as error:
                hints.append(f"the page names a feed that cannot be read: {error}")
                continue
            if found:
                whole = sum(len(one.body_html) >= _SUMMARY for one in found) * 2 > len(found)
                text = "with their text" if whole else "with summaries only"
                proposals.append(
                    SourceProposal(
                        name="",
                        settings=self.settings("feed", url=answer.moved_to or url),
                        why=f"a feed of {_articles(len(found))} {text}",
                    )
                )
        sections = find_sections(tree, listing.base)
        if sections:
            hints.append("sections of this site: " + ", ".join(f"{one.words} ({one.url})" for one in sections[:8]))
        sitemap = find_sitemap(tree, listing.base) or (await self._sitemap(got.url) if is_front_page(got.url) else "")
        if sitemap:
            hints.append(f"the site has a sitemap, {sitemap}, which no source reads")
        return hints, proposals

    async def _sitemap(self, url: str) -> str:
        try:
            robots = await self.get(urljoin(url, "/robots.txt"))
        except SourceError:
            return ""
        return next(iter(sitemaps_in_robots(robots.body[:100_000].decode("utf-8", "replace"), robots.url)), "")


def _is_whole(proposal: SourceProposal) -> bool:
    return proposal.why.endswith("with their text")


def _articles(number: int) -> str:
    return f"{number} article{'' if number == 1 else 's'}"


# -- in a child process ------------------------------------------------------------------------------------------------

DISCOVERY_SECONDS = 240.0  # that trying one address may take
_MARGIN = 10.0
_LIMITS = ChildLimits(seconds=DISCOVERY_SECONDS + _MARGIN, processor_seconds=200)

_report = TypeAdapter(DiscoveryReport)


async def discover_source(
    request: DiscoveryRequest, site: Site, now: datetime, tell: Callable[[str], None] | None = None
) -> DiscoveryReport:
    """What an address is, what is read of it, and what to write into config.yaml. `tell` is called with what is being
    read, from another thread. Raises SourceError with the reason in words where nothing can be read."""

    def attempt(avoid: dict[str, str]) -> Awaitable[dict[str, Any]]:
        return call_isolated_async(_discovery_job, request, site, avoid, now, limits=_LIMITS, tell=tell)

    return _parse_report(await call_with_retries(attempt, f"trying {request.address}", "it could not be tried"))


def _parse_report(answer: Mapping[str, Any]) -> DiscoveryReport:
    if "failure" in answer:
        raise SourceError(clean_line(str(answer["failure"])))
    try:
        return _report.validate_python(answer)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise SourceError(f"it could not be tried: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def _discovery_job(request: DiscoveryRequest, site: Site, avoid: Mapping[str, str], now: datetime) -> dict[str, Any]:
    return asyncio.run(_run_discovery(request, site, avoid, now))


async def _run_discovery(
    request: DiscoveryRequest, site: Site, avoid: Mapping[str, str], now: datetime
) -> dict[str, Any]:
    address, credentials = (
        (request.address, NO_CREDENTIALS) if request.is_path else extract_credentials(request.address)
    )
    options = FetchOptions(allow_private=request.allow_private, credentials=credentials)
    try:
        async with (
            open_fetcher(site, HostQueue(shared=True), options) as fetcher,
            asyncio.timeout(DISCOVERY_SECONDS),
        ):
            probe = Probe(replace(request, address=address), ReportingFetcher(fetcher, avoid), now)
            made = await probe.run()
    except (SourceError, LimitExceeded) as error:
        return {"failure": str(error)}
    except TimeoutError:
        return {"failure": f"took longer than {DISCOVERY_SECONDS:.0f} seconds"}
    if credentials:
        login = f"write the user name and the password into its address again: {_with_login(address)}"
        made = replace(made, doubts=(login, *made.doubts))
    return dict(_report.dump_python(made, mode="json"))


def _with_login(address: str) -> str:
    """An address as config.yaml has it with a password from the environment."""
    scheme, _, rest = address.partition("://")
    return f"{scheme}://NAME:${{PASSWORD}}@{rest}"
