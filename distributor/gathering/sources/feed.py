"""A feed: RSS, Atom or JSON Feed, from an address or a file.

    sources:
      tin-nhanh:
        type: feed
        url: https://bacson.example/rss

Give `url`, or `file` for one that lies on the disk. Feeds are requested with the validators of the last gather, and the same
bytes are not read twice, so an unchanged one costs next to nothing. `ttl`, `skipHours` and `skipDays` of a feed and the
`max-age` of its server are followed between `every` and `at_least_every`. A feed behind a password has it in its address,
from the environment: `https://name:${FEED_PASSWORD}@bacson.example/rss`; it is sent to that server and shown nowhere. Dates
without a zone are in the source's `timezone`, and `GMT+7` means seven hours ahead, whatever other programs make of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from distributor.credentials import remove_credentials
from distributor.files import FileTooLarge, UnsafeFile, read_within
from distributor.source import (
    Article,
    Availability,
    FetchedDocument,
    Fetcher,
    FetchResult,
    Folder,
    LimitExceeded,
    ParsedArticle,
    Source,
    SourceError,
    Url,
    Validators,
    processor_time,
)
from distributor.text import clean_line, html_to_text

from ._samples import FEED

if (
    TYPE_CHECKING
):  # the parsers are loaded where a feed is read, in a child process: other commands need the settings only
    from distributor.gathering.feeds import FeedEntry

_MOST_COMPUTING = 20.0  # seconds for reading a feed that has come; a hostile one can keep a parser busy for hours
_LARGEST = 5_000_000
_LONGEST_LEAD = 600  # characters


@dataclass(frozen=True, kw_only=True)
class FeedSource(Source):
    """One feed."""

    url: Annotated[Url | None, "address of the feed", Field(examples=["https://bacson.example/rss"])] = None
    file: Annotated[Folder | None, "file of the feed, instead of `url`", Field(examples=["feed.xml"])] = None
    max_articles: Annotated[int, "most articles read at one gather, newest first", Field(ge=1)] = 100

    samples = FEED

    def __post_init__(self) -> None:
        if (self.url is None) == (self.file is None):
            raise ValueError("give either url or file")

    @property
    def is_local(self) -> bool:
        return self.file is not None

    @property
    def watched_url(self) -> str:
        return self.url or ""

    async def gather(self, fetcher: Fetcher, now: datetime) -> FetchResult:
        got = await fetcher.get(self.url, conditional=True) if self.url else await asyncio.to_thread(self._from_disk)
        try:
            with processor_time(_MOST_COMPUTING):
                return self.read(got)
        except LimitExceeded as error:
            raise SourceError(f"{self._place} {error}") from None

    async def check_availability(self, fetcher: Fetcher, article: Article) -> Availability:
        """Checks its page; that a feed no longer names it means nothing, since feeds drop what is old."""
        if self.file:
            return Availability(None, "a feed on the disk does not say what is gone")
        return await super().check_availability(fetcher, article)

    @property
    def _place(self) -> str:
        return self.url or str(self.file)

    def _from_disk(self) -> FetchedDocument:
        assert self.file is not None
        try:
            body = read_within(self.file.parent, self.file, _LARGEST)
        except OSError as error:
            raise SourceError(f"{self.file} cannot be read: {error.strerror or error}") from None
        except (UnsafeFile, FileTooLarge) as error:
            raise SourceError(f"{self.file} {error}") from None
        return FetchedDocument(url="", body=body)

    def read(self, got: FetchedDocument) -> FetchResult:
        """The articles of a feed from its bytes. Raises SourceError where it is no feed."""
        from distributor.gathering.dates import summarize_doubts
        from distributor.gathering.feeds import newest_entries, read_feed
        from distributor.gathering.polling import read_feed_hints

        try:
            entries = read_feed(got)
        except ValueError as error:
            raise SourceError(f"{self._place} {error}") from None
        articles, faults = [], []
        doubts: list[str] = []
        chosen = newest_entries(entries, self.max_articles, self.date_format)
        for number, entry in chosen:
            article, fault = self._read(entry)
            name = clean_line(remove_credentials(entry.guid))[:200] or entry.url or "without an id"
            if article:
                articles.append(article)
                doubts += [f"item {number} ({name}): {doubt}" for doubt in self._doubts(entry)]
            else:
                faults.append(f"item {number} ({name}) {fault}")
        known = {self.url: got.validators} if self.url and got.validators != Validators() else {}
        notes = [f"{self.url} has moved for good to {got.moved_to}: change it in config.yaml"] if got.moved_to else []
        if len(entries) > len(chosen):
            notes.append(
                f"of {len(entries):,} articles in {self._place} the newest {len(chosen):,} are read, the others are left "
                "out: set max_articles to read more"
            )
        return FetchResult(
            articles=articles,
            faults=faults,
            notes=[*notes, *summarize_doubts(doubts)],
            validators=known,
            hints=read_feed_hints(got.body, got.headers),
        )

    def _doubts(self, entry: FeedEntry) -> Sequence[str]:
        """What cannot be read of an entry's dates; its article is kept."""
        from distributor.gathering.dates import read_date

        read = (read_date(entry.published, self.date_format), read_date(entry.updated, self.date_format))
        return list(dict.fromkeys(one.doubt for one in read if one.doubt))

    def _read(self, entry: FeedEntry) -> tuple[ParsedArticle | None, str]:
        """The article of an entry, or why there is none in it."""
        if entry.fault:
            return None, entry.fault
        try:
            article = self._article(entry)
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            return None, f"cannot be read: {clean_line(str(error))[:120]}"
        return (article, "") if article.title else (None, "has no title")

    def _article(self, entry: FeedEntry) -> ParsedArticle:
        from distributor.gathering.bylines import choose_author, clean_declared_name
        from distributor.gathering.cleaning import clean_body
        from distributor.gathering.dates import parse_date

        lead = html_to_text(entry.summary)
        if not entry.content and len(lead) > _LONGEST_LEAD:
            lead = ""  # the whole story stands where its summary should
        cleaned = clean_body(entry.content or entry.summary, entry.base or entry.url, lead=lead, title=entry.title)
        return ParsedArticle(
            source=self.name,
            title=entry.title,
            guid=remove_credentials(clean_line(entry.guid)),
            url=entry.url,
            lead=lead,
            body_html=cleaned.html,
            author=choose_author([cleaned.author, clean_declared_name(entry.author)]) or cleaned.photographer,
            published=parse_date(entry.published, self.date_format),
            updated=parse_date(entry.updated, self.date_format),
            topics=tuple(dict.fromkeys([*filter(None, map(clean_line, entry.topics)), *self.topics])),
            image=entry.image or cleaned.image,
            language=entry.language or self.language,
        )
