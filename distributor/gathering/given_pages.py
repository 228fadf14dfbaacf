"""Fetchers that have pages at hand already."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..source import FetchedDocument, Fetcher


@dataclass
class GivenPage:
    """A fetcher of which the first page has come already."""

    fetcher: Fetcher
    url: str
    page: FetchedDocument | None

    async def get(self, url: str, *, conditional: bool = False, accept: str = "") -> FetchedDocument:
        page, self.page = self.page, None
        return page if page and url == self.url else await self.fetcher.get(url, conditional=conditional, accept=accept)


@dataclass(frozen=True)
class CachingFetcher:
    """A fetcher that requests each page once."""

    fetcher: Fetcher
    pages: dict[str, FetchedDocument] = field(default_factory=dict)

    async def get(self, url: str, *, conditional: bool = False, accept: str = "") -> FetchedDocument:
        if url not in self.pages:
            self.pages[url] = await self.fetcher.get(url, conditional=conditional, accept=accept)
        return self.pages[url]
