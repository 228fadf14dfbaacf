"""Image service: fetches and resizes the images of articles before an edition is frozen, and attaches them.

An image never stops an edition: one that is missing, damaged, too large or too slow is left out, and staff are told why.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from .. import isolation
from ..config.schema import ImageSettings, Site
from ..credentials import NO_CREDENTIALS, Credentials
from ..errors import LimitExceeded, SourceError, StartFailed
from ..gathering.fetcher import FetchLimits, FetchOptions, HostQueue, open_fetcher
from ..isolation import ChildFailed, call_isolated_async
from ..model import Article
from ..source import Source
from .cache import ImageCache
from .resize import ResizedImage, UnusableImage, parse_resized, resize_to_json

log = logging.getLogger("distributor.images")

MAX_CONCURRENT = 4  # images fetched at the same time; they are resized one after the other
# For resizing one image, in a child process of its own.
RESIZE_LIMITS = isolation.ChildLimits(seconds=20.0, processor_seconds=10, memory=156 * 1024 * 1024, answer=20_000_000)
FETCH_MEMORY = 64 * 1024 * 1024  # octets of memory of a child process that fetches, besides the image itself
_MARGIN = 5.0  # seconds more for such a child process, so that it can report a timeout itself
THUMBNAIL_WIDTH = 120  # CSS pixels


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """An image of an article, and the source with whose permissions it is fetched; None if it is not configured."""

    address: str
    source: Source | None

    @property
    def cache_scope(self) -> str:
        """The name of the source where its permissions or credentials are used: the result must not be used for others."""
        own = self.source is not None and (self.source.allow_private or self.source.credentials)
        return self.source.name if self.source and own else ""


@dataclass(frozen=True, slots=True)
class ImageService:
    """Fetches, resizes and attaches images, in the widths in which they are shown.

    An image is fetched with the permissions of the article's source and of no other; an article whose source is not among
    `sources` has none.
    """

    cache: ImageCache
    settings: ImageSettings
    site: Site
    sources: Mapping[str, Source] = field(default_factory=dict)

    @property
    def widths(self) -> tuple[int, ...]:
        return (self.site.theme.width - 64, THUMBNAIL_WIDTH)

    async def prepare(self, articles: Sequence[Article], now: datetime) -> dict[str, str]:
        """Fetch the images that are not in the cache, within the time limit. Refetching faults in words, by article id."""
        wanted: dict[ImageRequest, list[str]] = {}
        for article in articles:
            if one := self._image_request(article):
                wanted.setdefault(one, []).append(article.id)
        missing = [one for one in wanted if not await asyncio.to_thread(self._is_cached, one, now)]
        faults: dict[str, str] = {}
        if missing:
            seconds = self.settings.time_limit.total_seconds()
            fetching = asyncio.Semaphore(MAX_CONCURRENT)
            resizing = asyncio.Semaphore(1)
            tasks = {one: asyncio.create_task(self._cache_image(one, now, fetching, resizing)) for one in missing}
            try:
                await asyncio.wait(tasks.values(), timeout=seconds)
            finally:
                late = [one for one, task in tasks.items() if not task.done()]
                for one in late:
                    tasks[one].cancel()
            for one, task in tasks.items():
                if one in late:
                    faults |= dict.fromkeys(wanted[one], f"{one.address} was not ready in time")
                elif fault := task.result():
                    faults |= dict.fromkeys(wanted[one], f"{one.address} {fault}")
            await asyncio.gather(*tasks.values(), return_exceptions=True)
        for id, fault in faults.items():
            log.warning("image of %s: %s; the article is shown without it", id, fault)
        return faults

    def _image_request(self, article: Article) -> ImageRequest | None:
        if article.image is None or not article.image.url:
            return None
        return ImageRequest(article.image.url, self.sources.get(article.source))

    def _is_cached(self, wanted: ImageRequest, now: datetime) -> bool:
        cached = self.cache.find(wanted.address, wanted.cache_scope)
        return cached is not None and cached.is_current(self.widths, now)

    async def _cache_image(
        self, wanted: ImageRequest, now: datetime, fetching: asyncio.Semaphore, resizing: asyncio.Semaphore
    ) -> str:
        """Put one image into the cache. Returns the fault, or nothing."""
        fault, made = "", tuple[ResizedImage, ...]()
        async with fetching:
            try:
                body = await self._fetch_bytes(wanted)
                async with resizing:  # one at a time, because memory is limited
                    answer = await call_isolated_async(resize_to_json, body, self.widths, limits=RESIZE_LIMITS)
                made = parse_resized(answer)
            except (UnusableImage, LimitExceeded) as error:
                fault = str(error)
            except ChildFailed as bug:
                log.error("image %s: %s", wanted.address, bug.trace)
                fault = "could not be resized"
            except StartFailed as error:  # says nothing about the image, so it is not cached
                return f"could not be read: {error}"
            except SourceError as error:
                fault = str(error).removeprefix(wanted.address).strip()
            try:
                await asyncio.to_thread(self.cache.put, wanted.address, made, fault, now, wanted.cache_scope)
            except OSError as error:
                return f"cannot be saved in {self.cache.folder}: {error.strerror or error}"
        return fault

    async def _fetch_bytes(self, wanted: ImageRequest) -> bytes:
        """The bytes of an image, read in a child process: an endless response costs only that."""
        seconds, source = self.settings.time_limit.total_seconds(), wanted.source
        answer = await call_isolated_async(
            _fetch,
            wanted.address,
            self.site,
            FetchLimits(total=seconds, size=self.settings.max_bytes),
            source is not None and source.allow_private,
            source.credentials if source else NO_CREDENTIALS,
            limits=isolation.ChildLimits(
                seconds=seconds + _MARGIN,
                processor_seconds=int(seconds) + 1,
                memory=FETCH_MEMORY + 2 * self.settings.max_bytes,
                answer=self.settings.max_bytes + 1000,
            ),
        )
        if isinstance(answer, bytes):
            return answer
        raise SourceError(str(answer.get("fault", "")) if isinstance(answer, dict) else "")

    def attach_images(self, article: Article) -> Article:
        """The article with the files of its image; without the image where the cache has a fault for it."""
        wanted = self._image_request(article)
        cached = self.cache.find(wanted.address, wanted.cache_scope) if wanted else None
        if cached is None or article.image is None:
            return article
        if cached.fault:
            return replace(article, image=None)
        return replace(article, image=replace(article.image, variants=cached.files))


# -- in a child process ------------------------------------------------------------------------------------------------


def _fetch(
    address: str, site: Site, limits: FetchLimits, allow_private: bool, credentials: Credentials
) -> bytes | dict[str, str]:
    async def fetched() -> bytes:
        options = FetchOptions(allow_private=allow_private, limits=limits, credentials=credentials)
        async with open_fetcher(site, HostQueue(), options) as fetcher:
            return (await fetcher.get(address)).body

    try:
        return asyncio.run(fetched())
    except SourceError as error:
        return {"fault": str(error)}
