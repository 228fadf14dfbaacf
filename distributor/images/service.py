"""Image service: fetches, measures and resizes the images of articles before an edition is frozen.

An image never stops an edition. One that is gone, broken or too large is left out; one that could not be had for another
reason is shown from its source's address, in the size that the source gives. Staff are told either.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ..config.images import ImageSettings
from ..config.schema import Site
from ..credentials import NO_CREDENTIALS, Credentials
from ..errors import Gone, LimitExceeded, SourceError, StartFailed, UnreadableContent
from ..files import FileTooLarge, UnsafeFile, read_within
from ..isolated_child import ChildLimits
from ..isolation import ChildFailed, call_isolated_async
from ..model import Article
from ..source import credentials_of
from .attach import ImageAttacher, ImageRequest
from .prepared import ImageShape, ResizedImage, UnusableImage, parse_prepared

log = logging.getLogger("distributor.images")

MAX_CONCURRENT = 4  # images fetched at the same time; they are resized one after the other
# For resizing one image, in a child process of its own.
RESIZE_LIMITS = ChildLimits(seconds=20.0, processor_seconds=10, memory=156 * 1024 * 1024, answer=20_000_000)
FETCH_MEMORY = 64 * 1024 * 1024  # octets of memory of a child process that fetches, besides the image itself
_MARGIN = 5.0  # seconds more for such a child process, so that it can report a timeout itself
POST_SHAPE = ImageShape(600, 1 / 2, 3.0)  # of networks: 1,200 pixels wide
THUMBNAIL = ImageShape(160, 3 / 2, 3 / 2)
LEAD_RATIOS = (4 / 3, 2.0)  # the narrowest and the widest of the first image, which is as wide as the text


@dataclass(frozen=True, slots=True)
class ImageFault:
    """Why an image could not be prepared, in words. `unusable`: its article is shown without it."""

    text: str
    unusable: bool = False

    def __str__(self) -> str:
        what = "the article is shown without it" if self.unusable else "it is shown as its source gives it"
        return f"{self.text}; {what}"


@dataclass(frozen=True, slots=True)
class ImageService:
    """Fetches images into the cache: measured, and resized to the shapes in which they are shown where the cache has a
    public address."""

    attacher: ImageAttacher
    settings: ImageSettings
    site: Site

    @property
    def shapes(self) -> tuple[ImageShape, ...]:
        return (ImageShape(self.site.theme.width - 64, *LEAD_RATIOS), THUMBNAIL) if self.attacher.cache.url else ()

    async def prepare(self, articles: Sequence[Article], now: datetime) -> dict[str, ImageFault]:
        """Fetch the images that are not in the cache, within the time limit. Returns what could not be had now, by article
        id."""
        wanted: dict[ImageRequest, list[str]] = {}
        for article in articles:
            if one := await asyncio.to_thread(self.attacher.request, article):
                wanted.setdefault(one, []).append(article.id)
        missing = [one for one in wanted if not await asyncio.to_thread(self._is_cached, one, now)]
        found = await self._cache_images(missing, now) if missing else {}
        faults = {id: fault for one, fault in found.items() for id in wanted[one]}
        for id, fault in faults.items():
            log.warning("image of %s: %s", id, fault)
        return faults

    async def _cache_images(self, missing: Sequence[ImageRequest], now: datetime) -> dict[ImageRequest, ImageFault]:
        """Put images into the cache, several at the same time. Returns the faults."""
        fetching, resizing = asyncio.Semaphore(MAX_CONCURRENT), asyncio.Semaphore(1)
        tasks = {one: asyncio.create_task(self._cache_image(one, now, fetching, resizing)) for one in missing}
        try:
            await asyncio.wait(tasks.values(), timeout=self.settings.time_limit.total_seconds())
        finally:
            late = [one for one, task in tasks.items() if not task.done()]
            for one in late:
                tasks[one].cancel()
        faults = {one: ImageFault(f"{one.address} was not ready in time") for one in late}
        faults |= {one: fault for one, task in tasks.items() if one not in faults and (fault := task.result())}
        await asyncio.gather(*tasks.values(), return_exceptions=True)
        return faults

    async def resize_for_post(self, article: Article) -> ResizedImage | None:
        """The image of an article as networks take it, at most 1,200 pixels wide; None where it has none or it is unusable.
        Raises SourceError and what `call_isolated_async` raises."""
        wanted = await asyncio.to_thread(self.attacher.request, article)
        if wanted is None:
            return None
        try:
            answer = await self._fetch_and_prepare(wanted, asyncio.Semaphore(1), (POST_SHAPE,))
            return parse_prepared(answer, 1).files[0]
        except UnusableImage as fault:
            log.warning("image of %s: %s; its post goes without it", article.id, fault)
            return None

    def _is_cached(self, wanted: ImageRequest, now: datetime) -> bool:
        cache = self.attacher.cache
        cached = cache.find(wanted.address, wanted.cache_scope)
        if cached is None or not cached.is_current([shape.width for shape in self.shapes], now):
            return False
        cache.touch(wanted.address, wanted.cache_scope, now)
        return True

    async def _cache_image(
        self, wanted: ImageRequest, now: datetime, fetching: asyncio.Semaphore, resizing: asyncio.Semaphore
    ) -> ImageFault | None:
        """Put one image into the cache. Returns the fault, if any."""
        cache, scope = self.attacher.cache, wanted.cache_scope
        unusable, made = False, None
        async with fetching:
            try:
                answer = await self._fetch_and_prepare(wanted, resizing, self.shapes)
                made = parse_prepared(answer, len(self.shapes))
            except UnusableImage as error:
                fault, unusable = str(error), True
            except LimitExceeded as error:  # where the machine has too much to do, it is not the image's fault
                fault = str(error)
            except ChildFailed as bug:
                log.error("image %s: %s", wanted.address, bug.trace)
                fault = "could not be resized"
            except StartFailed as error:  # says nothing about the image, so it is not cached
                return ImageFault(f"{wanted.address} could not be read: {error}")
            except SourceError as error:
                fault = str(error).removeprefix(wanted.address).strip()
            try:
                if made:
                    await asyncio.to_thread(cache.put, wanted.address, made, now, scope)
                    return None
                await asyncio.to_thread(cache.put_fault, wanted.address, fault, now, scope, unusable=unusable)
            except OSError as error:
                fault = f"cannot be saved in {cache.folder}: {error.strerror or error}"
        return ImageFault(f"{wanted.address} {fault}", unusable)

    async def _fetch_and_prepare(
        self, wanted: ImageRequest, resizing: asyncio.Semaphore, places: Sequence[ImageShape]
    ) -> Any:
        """What a child process has made of an image for these places. Raises UnusableImage, SourceError and what
        `call_isolated_async` raises."""
        shapes = [astuple(shape) for shape in places]
        if wanted.file:
            place = (wanted.file.folder, wanted.file.path, self.settings.max_bytes)
            async with resizing:
                return await call_isolated_async(_read_and_prepare, *place, shapes, limits=RESIZE_LIMITS)
        body = await self._fetch_bytes(wanted)
        async with resizing:  # one at a time, because memory is limited
            return await call_isolated_async(_prepare, body, shapes, limits=RESIZE_LIMITS)

    async def _fetch_bytes(self, wanted: ImageRequest) -> bytes:
        """The bytes of an image, read in a child process: an endless response costs only that. Raises UnusableImage,
        SourceError and what `call_isolated_async` raises."""
        seconds, source = self.settings.time_limit.total_seconds(), wanted.source
        answer = await call_isolated_async(
            _fetch,
            wanted.address,
            self.site,
            seconds,
            self.settings.max_bytes,
            source is not None and source.allow_private,
            credentials_of(source) if source else NO_CREDENTIALS,
            limits=ChildLimits(
                seconds=seconds + _MARGIN,
                processor_seconds=int(seconds) + 1,
                memory=FETCH_MEMORY + 2 * self.settings.max_bytes,
                answer=self.settings.max_bytes + 1000,
            ),
        )
        if isinstance(answer, bytes):
            return answer
        fault = str(answer.get("fault", "")) if isinstance(answer, dict) else ""
        if isinstance(answer, dict) and answer.get("unusable"):
            raise UnusableImage(fault.removeprefix(wanted.address).strip())
        raise SourceError(fault)


# -- in a child process ------------------------------------------------------------------------------------------------


def _fetch(
    address: str, site: Site, seconds: float, size: int, allow_private: bool, credentials: Credentials
) -> bytes | dict[str, str | bool]:
    from ..gathering.fetcher import FetchLimits, FetchOptions, HostQueue, open_fetcher

    limits = FetchLimits(total=seconds, size=size)

    async def fetched() -> bytes:
        options = FetchOptions(allow_private=allow_private, limits=limits, credentials=credentials)
        async with open_fetcher(site, HostQueue(), options) as fetcher:
            return (await fetcher.get(address)).body

    try:
        return asyncio.run(fetched())
    except SourceError as error:
        return {"fault": str(error), "unusable": isinstance(error, Gone | UnreadableContent)}


def _read_and_prepare(
    folder: Path, file: Path, most: int, shapes: Sequence[tuple[int, float, float]]
) -> dict[str, Any]:
    try:
        body = read_within(folder, file, most)
    except (UnsafeFile, FileTooLarge) as error:
        return {"fault": f"({file}) {error}"}
    except OSError as error:
        return {"fault": f"({file}) cannot be read: {error.strerror or error}"}
    return _prepare(body, shapes)


def _prepare(body: bytes, shapes: Sequence[tuple[int, float, float]]) -> dict[str, Any]:
    from .resize import prepare_to_json  # brings Pillow along, which the parent has no need of

    return prepare_to_json(body, shapes)
