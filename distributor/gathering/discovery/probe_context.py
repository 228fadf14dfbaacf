"""What every probe of an address needs: pages asked for once, readings with limits, settings of the proposed source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from ...errors import LimitExceeded, SourceError
from ...files import FileTooLarge, UnsafeFile, read_within
from ...model import ParsedArticle
from ...source import FetchedDocument, Fetcher, processor_time
from ..extraction.document import base_url, parse_page
from ..extraction.selectors import Selectors
from ..sources.feed import FeedSource
from .listing_links import ProbedListing, ReadSettings, probe_listing
from .report import ArticlePreview, DiscoveryRequest, describe_article
from .text_matching import find_positions

_LARGEST = 5_000_000  # bytes of a file
MOST_COMPUTING = 20.0  # seconds for one page or file


@dataclass(frozen=True, slots=True)
class ProbeContext:
    """The request, the fetcher, the clock and the pages fetched so far."""

    request: DiscoveryRequest
    fetcher: Fetcher
    now: datetime
    fetched: dict[str, FetchedDocument] = field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.request.timezone)

    @property
    def read_settings(self) -> ReadSettings:
        """How articles are read: with the selectors that staff have given, else automatically."""
        select = Selectors(**self.request.select)
        return ReadSettings(self.request.address, select, self.now, self.request.language, self.zone)

    def listing_of(self, got: FetchedDocument) -> ProbedListing:
        """A page as a listing. Raises SourceError and LimitExceeded."""
        with processor_time(MOST_COMPUTING):
            return probe_listing(got, self.read_settings)

    def places(self, found: ParsedArticle, got: FetchedDocument, *, hint: str = "") -> dict[str, list[str]]:
        """Where on its page an article stands. Raises LimitExceeded."""
        with processor_time(MOST_COMPUTING):
            tree = parse_page(got.body, got.charset)
            return find_positions(found, tree, base_url(tree, got.url), self.zone, hint) if tree is not None else {}

    async def get(self, url: str) -> FetchedDocument:
        """One page, asked for once however often it is needed."""
        if url not in self.fetched:
            self.fetched[url] = await self.fetcher.get(url)
        return self.fetched[url]

    def read_feed(self, got: FetchedDocument, source: FeedSource) -> tuple[list[ParsedArticle], list[str]]:
        try:
            with processor_time(MOST_COMPUTING):
                result = source.read(got)
        except LimitExceeded as error:
            raise SourceError(f"{got.url or source.file} {error}") from None
        faults = [f"left out: {fault}" for fault in result.faults[:3]]
        more = len(result.faults) - len(faults)
        return list(result.articles), [*faults, *result.notes, *([f"and {more} more left out"] if more > 0 else [])]

    def preview_of_feed(self, found: Sequence[ParsedArticle]) -> tuple[ArticlePreview, ...]:
        places = {"title": ("the feed's title",), "date": ("the feed's date",), "author": ("the feed's author",)}
        places |= {"lead": ("the feed's summary",), "topics": ("the feed's categories",), "body": ("the feed's text",)}
        places |= {"image": ("the feed, or the first in its text",)}
        return tuple(describe_article(one, places, self.zone, self.now) for one in found[: self.request.articles])

    def common(self) -> dict[str, Any]:
        return {"language": self.request.language, "timezone": self.zone}

    def settings(self, type: str, **own: Any) -> dict[str, Any]:
        """The settings of a source of this type; those that are the same without being written are left out."""
        made = {"type": type, **own}
        if self.request.allow_private and urlsplit(str(own.get("url", ""))).scheme:
            made["allow_private"] = True
        return made

    def file(self, folder: Path, path: Path) -> FetchedDocument:
        """A file on the disk, as if it came from the network. Raises SourceError."""
        try:
            body = read_within(folder, path, _LARGEST)
        except OSError as error:
            raise SourceError(f"{path} cannot be read: {error.strerror or error}") from None
        except (UnsafeFile, FileTooLarge) as error:
            raise SourceError(f"{path} {error}") from None
        return FetchedDocument(url="", body=body)
