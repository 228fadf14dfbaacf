"""A portal without a feed: a listing page, and the pages of its articles.

    sources:
      cong-thong-tin:
        type: page
        url: https://bacson.example/tin-tuc
        select:
          link: .danhsachtin a.tieude
          body: "#noidung"

Every selector under `select` is optional: `link` and `next` (the listing's next page) for the listing; `title`, `date`,
`lead`, `body`, `image`, `caption`, `author` and `topic` for an article. What is missing is found by what the page says
for machines, by the names that portals usually give, and by its shape. `max_pages` and `max_articles` say how much is read.

Which links of the listing are articles is judged by the whole of it: `distributor gather --explain SOURCE` shows what was
taken, with headline and date, and why the other links were not. An article's own page has the last word on title and date.

`topics: from page` gives each article the sections of its path of links (breadcrumbs: `Trang chủ › Kinh tế › Nông nghiệp`)
beside those that the page names as its sections; in a list it stands beside topics of your own: `topics: [from page, Tin
tỉnh]`. The front page, the site's name and the article's own title are no topics.

With `folder` the pages and the images below `url` are read from a copy on the disk, the address of each below
`url` being its path there; the names that wget and HTTrack give to pages with a query are known.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit, urlunsplit

from pydantic import AfterValidator, BeforeValidator, Field

from distributor.gathering.extraction.selectors import Selectors
from distributor.gathering.mirror import Mirror
from distributor.source import (
    FROM_PAGE,
    Article,
    Availability,
    Busy,
    FetchedDocument,
    Fetcher,
    FetchResult,
    Folder,
    ItemExplanation,
    LimitExceeded,
    LocalFile,
    NotModified,
    ParsedArticle,
    Source,
    SourceError,
    Validators,
    processor_time,
    web_url,
)
from distributor.text import deduplicate
from distributor.url_cleaning import canonical_url

from ._samples import PAGES

if (
    TYPE_CHECKING
):  # the parsers are loaded where pages are read, in a child process: other commands need the settings only
    from distributor.gathering.extraction.article import ExtractedArticle
    from distributor.gathering.listings.listing import ArticleLink, OmittedLink

_MOST_COMPUTING = 20.0  # seconds for reading one page
_TRACKING = re.compile(r"(?:returnUrl|utm_\w+|fbclid|gclid)=.*", re.IGNORECASE)
_MOST_NAMED = 3  # headlines that a note names


@dataclass(slots=True)
class _ListingPages:
    """What the pages of a listing gave together, and notes on them for staff."""

    links: dict[str, ArticleLink] = field(default_factory=dict)
    left_out: dict[tuple[str, str], OmittedLink] = field(default_factory=dict)
    scripted: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _ArticlePages:
    """What the pages of articles gave together."""

    articles: list[ParsedArticle] = field(default_factory=list)
    pages: list[tuple[str, ExtractedArticle]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    validators: dict[str, Validators] = field(default_factory=dict)
    unchanged: int = 0


@dataclass(frozen=True, kw_only=True)
class PageSource(Source):
    """A listing page and its article pages."""

    url: Annotated[str, "address of the listing page", AfterValidator(web_url)]
    select: Annotated[Selectors, "CSS selectors; what is left out is found automatically"] = Selectors()
    topics: Annotated[
        tuple[str, ...],
        "topics added to every article; `from page` adds those of its breadcrumbs",
        Field(examples=[["from page", "Tin trong tỉnh"]]),
        BeforeValidator(lambda given: (given,) if given == FROM_PAGE else given),
    ] = ()
    max_pages: Annotated[int, "most pages of the listing to read", Field(ge=1, le=50)] = 1
    max_articles: Annotated[int, "most articles read at one gather", Field(ge=1, le=500)] = 30
    folder: Annotated[
        Folder | None, "copy of the pages on the disk, read in place of the network", Field(examples=["samples/portal"])
    ] = None

    samples = PAGES

    @property
    def is_local(self) -> bool:
        return self.folder is not None

    async def gather(self, fetcher: Fetcher, now: datetime) -> FetchResult:
        from distributor.gathering.dates import summarize_doubts
        from distributor.gathering.extraction.article import collect_warnings

        pages: Fetcher = Mirror(self.folder, self.url) if self.folder else fetcher
        listed = await self._listed(pages, now)
        if not listed.links:
            raise SourceError(self._without_links(listed))
        links = list(listed.links.values())[: self.max_articles]
        read = _ArticlePages()
        for link in links:
            if not await self._gather_page(pages, link, read):
                break
        scripted = self._describe_scripted(listed)
        if read.faults and not read.articles and len(read.faults) == len(links):
            besides = "".join(f"; besides, {line}" for line in scripted)
            raise SourceError(
                f"none of the {len(links)} articles of {self.url} could be read; the first: {read.faults[0]}{besides}"
            )
        warnings = collect_warnings(read.pages, self.select)
        return FetchResult(
            articles=read.articles,
            faults=read.faults,
            notes=[*listed.notes, *scripted, *warnings, *summarize_doubts(read.doubts)],
            validators=read.validators,
            unchanged=read.unchanged,
        )

    async def _gather_page(self, pages: Fetcher, link: ArticleLink, read: _ArticlePages) -> bool:
        """Add the article of one link, or why there is none; False where its server asks for a pause."""
        try:
            got = await pages.get(link.url, conditional=True)
            with processor_time(_MOST_COMPUTING):
                article, doubt, found = self._read(got, link)
        except LimitExceeded as error:
            read.faults.append(f"{link.url} {error}")
        except NotModified:
            read.unchanged += 1
        except Busy as error:
            if not read.articles and not read.unchanged:
                raise
            read.faults.append(f"{error}; the articles behind it wait for that, too")
            return False
        except SourceError as error:
            read.faults.append(str(error))
        else:
            read.articles.append(article)
            read.pages.append((link.url, found))
            read.doubts += [f"{link.url}: {doubt}"] if doubt else []
            if got.validators != Validators():
                read.validators[link.url] = got.validators
        return True

    async def check_availability(self, fetcher: Fetcher, article: Article) -> Availability:
        """Checks its page, or its file in the copy on the disk."""
        if self.folder is None:
            return await super().check_availability(fetcher, article)
        return await asyncio.to_thread(Mirror(self.folder, self.url).holds, article.url)

    def image_file(self, article: Article) -> LocalFile | None:
        """The image in the copy on the disk."""
        if self.folder is None or article.image is None:
            return None
        try:
            return LocalFile.find(self.folder, Mirror(self.folder, self.url).file(article.image.url))
        except SourceError:  # it lies on another server, or above the listing
            return None

    async def explain(self, fetcher: Fetcher, now: datetime) -> list[ItemExplanation]:
        """Each link of the listing, whether it is taken, and why not. The articles' own pages are not read."""
        pages: Fetcher = Mirror(self.folder, self.url) if self.folder else fetcher
        listed = await self._listed(pages, now)
        beyond = f"more than max_articles, {self.max_articles}"
        taken = [
            ItemExplanation(
                url=link.url,
                words=link.words or "(the page's own title)",
                published=link.published,
                taken=at < self.max_articles,
                reason=link.doubt if at < self.max_articles else beyond,
            )
            for at, link in enumerate(listed.links.values())
        ]
        left_out = [
            ItemExplanation(url=one.url, words=one.words or "(no words)", reason=one.reason)
            for one in listed.left_out.values()
            if canonical_url(one.url) not in listed.links
        ]
        notes = [
            ItemExplanation(url=self.url, words="", reason=note)
            for note in (*listed.notes, *self._describe_scripted(listed))
        ]
        return [*taken, *left_out, *notes]

    # -- the listing -------------------------------------------------------------------------------------------------

    async def _listed(self, pages: Fetcher, now: datetime) -> _ListingPages:
        """The links of the listing and the pages behind it, each article once."""
        listed = _ListingPages()
        here, seen = self.url, set()
        for number in range(1, self.max_pages + 1):
            if not here or here in seen:
                break
            seen.add(here)
            try:
                got = await pages.get(here)
            except SourceError as error:
                if number == 1:
                    raise
                listed.notes.append(f"page {number} of the listing could not be read, so it ends before: {error}")
                break
            try:
                with processor_time(_MOST_COMPUTING):
                    here = self._read_listing(got, number, now, listed)
            except LimitExceeded as error:
                raise SourceError(f"{here} {error}") from None
        return listed

    def _read_listing(self, got: FetchedDocument, number: int, now: datetime, listed: _ListingPages) -> str:
        """Add what page `number` of the listing tells; returns the address of the next one."""
        from distributor.gathering.extraction.document import parse_page
        from distributor.gathering.listings.listing import read_listing
        from distributor.gathering.listings.pagination import find_next_page

        page = parse_page(got.body, got.charset)
        if page is None:
            return ""
        found = read_listing(page, got.url, now, self.date_format, self.select.link)
        if self.select.link and not found.selected and number == 1:
            listed.notes.append(f"select.link ({self.select.link}) finds no link on {got.url}")
        for link in found.links:
            listed.links.setdefault(canonical_url(link.url), link)
        for one in found.left_out:
            listed.left_out.setdefault((canonical_url(one.url) or one.words, one.reason), one)
        listed.scripted += [words for words in found.scripted if words not in listed.scripted]
        if not found.complete and number == 1:
            listed.notes.append(f"{got.url} has very many links; only the first are read")
        following = find_next_page(page, got.url, number + 1, self.select.next)
        if following.scripted and number < self.max_pages:
            listed.notes.append(
                f"page {number + 1} of {self.url} is opened by a script only (javascript:__doPostBack or the like), so the "
                f"listing ends with page {number}; try a feed or an archive with addresses of its own"
            )
        return following.url

    def _without_links(self, listed: _ListingPages) -> str:
        scripted = self._describe_scripted(listed)
        if scripted:
            return f"{self.url} has no links to articles that can be followed: {scripted[0]}"
        hint = "; check select.link" if self.select.link else ""
        return f"{self.url} has no links to articles{hint}; `distributor gather --explain {self.name}` shows why"

    def _describe_scripted(self, listed: _ListingPages) -> list[str]:
        """A note for staff on headlines that cannot be followed."""
        if not listed.scripted:
            return []
        count = len(listed.scripted)
        named = "; ".join(f"“{words[:80]}”" for words in listed.scripted[:_MOST_NAMED])
        more = f" and {count - _MOST_NAMED} more" if count > _MOST_NAMED else ""
        return [
            f"{count} {'headline has' if count == 1 else 'headlines have'} no address, only a script (javascript:, #): "
            f"{named}{more}; such articles cannot be read: try a listing of the same articles with real links, or "
            "a feed of the portal"
        ]

    # -- an article --------------------------------------------------------------------------------------------------

    def article(self, got: FetchedDocument, link: ArticleLink) -> ParsedArticle:
        """The article of a page, from its bytes. Raises SourceError where there is none in it."""
        return self._read(got, link)[0]

    def _read(self, got: FetchedDocument, link: ArticleLink) -> tuple[ParsedArticle, str, ExtractedArticle]:
        """The article, what is in doubt about its date (it stands there, but cannot be read), and what it is made of."""
        from distributor.gathering.extraction.article import extract_article
        from distributor.gathering.extraction.document import parse_page

        page = parse_page(got.body, got.charset)
        if page is None:
            raise SourceError(f"{link.url} is an empty page")
        found = extract_article(page, got.url, self.select, self.date_format, hint=link.words)
        if not found.title:
            raise SourceError(f"{link.url} has no title" + ("; check select.title" if self.select.title else ""))
        if not found.body_html and not found.lead:
            raise SourceError(f"{link.url} has no text" + ("; check select.body" if self.select.body else ""))
        article = self._found(found, _plain_address(got.url), link)
        return article, "" if article.published else found.doubt or link.doubt, found

    def _found(self, found: ExtractedArticle, url: str, link: ArticleLink) -> ParsedArticle:
        return ParsedArticle(
            source=self.name,
            title=found.title,
            url=url,
            lead=found.lead,
            body_html=found.body_html,
            author=found.author,
            published=found.published or link.published,
            published_estimated=found.published is None and link.published is not None,
            updated=found.updated,
            topics=self._topics(found),
            image=found.image,
            language=self.language,
        )

    def _topics(self, found: ExtractedArticle) -> tuple[str, ...]:
        """The article's own, those of its path where the source asks for them, those of the source; each once."""
        trail = found.breadcrumbs if FROM_PAGE in self.topics and not self.select.topic else ()
        topics = [*found.topics, *trail, *(topic for topic in self.topics if topic != FROM_PAGE)]
        return deduplicate(topics)


def _plain_address(url: str) -> str:
    """An address without tracking parameters; what else is in it may be needed to open the page."""
    parts = urlsplit(url)
    query = "&".join(pair for pair in parts.query.split("&") if not _TRACKING.fullmatch(pair))
    return urlunsplit(parts._replace(query=query))
