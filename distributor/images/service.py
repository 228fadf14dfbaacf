"""Gets the pictures of articles ready before an edition is frozen, and puts what is ready into the articles.

A picture never stops an edition: what is dead, broken, too large or too slow is left out, and staff are told why.
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

MAX_CONCURRENT = 4  # pictures that are fetched side by side; they are made smaller one after the other
# What one picture may take to be made smaller, in a child process of its own.
RESIZE_LIMITS = isolation.ChildLimits(seconds=20.0, processor_seconds=10, memory=156 * 1024 * 1024, answer=20_000_000)
FETCH_MEMORY = 64 * 1024 * 1024  # octets of memory of a child that fetches, beside the picture itself
_MARGIN = 5.0  # seconds more for such a child: it can say better itself what took so long
THUMBNAIL_WIDTH = 120  # CSS pixels


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """A picture that an article shows, and the source on whose behalf it is fetched; None for one not configured."""

    address: str
    source: Source | None

    @property
    def cache_scope(self) -> str:
        """Who may use what became of it. What takes a permission or a login of its source is its source's own: another
        one must neither be given it, nor be refused it because the first was."""
        own = self.source is not None and (self.source.allow_private or self.source.credentials)
        return self.source.name if self.source and own else ""


@dataclass(frozen=True, slots=True)
class ImageService:
    """Where images are kept (the cache), and the widths in which they are shown, in CSS pixels.

    A picture is fetched on behalf of an article, with the permissions of the article's source and of no other; an
    article whose source is not among `sources` has none.
    """

    cache: ImageCache
    settings: ImageSettings
    site: Site
    sources: Mapping[str, Source] = field(default_factory=dict)

    @property
    def widths(self) -> tuple[int, ...]:
        return (self.site.theme.width - 64, THUMBNAIL_WIDTH)

    async def prepare(self, articles: Sequence[Article], now: datetime) -> dict[str, str]:
        """Fetch what is not in the cache yet, within the whole time for it. Returns faults in words, by article id."""
        wanted: dict[ImageRequest, list[str]] = {}
        for article in articles:
            if one := self._image_request(article):
                wanted.setdefault(one, []).append(article.id)
        missing = [one for one in wanted if not await asyncio.to_thread(self._stands, one, now)]
        faults: dict[str, str] = {}
        if missing:
            seconds = self.settings.time_limit.total_seconds()
            turns = asyncio.Semaphore(MAX_CONCURRENT)
            making = asyncio.Semaphore(1)
            tasks = {one: asyncio.create_task(self._one(one, now, turns, making)) for one in missing}
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
            log.warning("picture of %s: %s; it is shown without", id, fault)
        return faults

    def _image_request(self, article: Article) -> ImageRequest | None:
        if article.image is None or not article.image.url:
            return None
        return ImageRequest(article.image.url, self.sources.get(article.source))

    def _stands(self, wanted: ImageRequest, now: datetime) -> bool:
        kept = self.cache.find(wanted.address, wanted.cache_scope)
        return kept is not None and kept.stands(self.widths, now)

    async def _one(
        self, wanted: ImageRequest, now: datetime, turns: asyncio.Semaphore, making: asyncio.Semaphore
    ) -> str:
        """Put one image into the cache; why not, otherwise."""
        fault, made = "", tuple[ResizedImage, ...]()
        async with turns:
            try:
                body = await self._fetch_bytes(wanted)
                async with making:  # one at a time: it is their memory that is limited
                    answer = await call_isolated_async(resize_to_json, body, self.widths, limits=RESIZE_LIMITS)
                made = parse_resized(answer)
            except (UnusableImage, LimitExceeded) as error:
                fault = str(error)
            except ChildFailed as bug:
                log.error("picture %s: %s", wanted.address, bug.trace)
                fault = "could not be made smaller"
            except StartFailed as error:  # says nothing of the picture, so it is not kept
                return f"could not be read: {error}"
            except SourceError as error:
                fault = str(error).removeprefix(wanted.address).strip()
            try:
                await asyncio.to_thread(self.cache.put, wanted.address, made, fault, now, wanted.cache_scope)
            except OSError as error:
                return f"cannot be saved in {self.cache.folder}: {error.strerror or error}"
        return fault

    async def _fetch_bytes(self, wanted: ImageRequest) -> bytes:
        """The bytes of a picture. They are read in a child, too: what drips for ever costs it, not us."""
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
        """The article with the files of its picture; without a picture where it is known that there is none to show."""
        wanted = self._image_request(article)
        kept = self.cache.find(wanted.address, wanted.cache_scope) if wanted else None
        if kept is None or article.image is None:
            return article
        if kept.fault:
            return replace(article, image=None)
        return replace(article, image=replace(article.image, variants=kept.files))


# -- in a child --------------------------------------------------------------------------------------------------------


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
