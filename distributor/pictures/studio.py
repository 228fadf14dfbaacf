"""Gets the pictures of articles ready before an edition is frozen, and puts what is ready into the articles.

A picture never stops an edition: what is dead, broken, too large or too slow is left out, and staff are told why.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ..config import Pictures, Site
from ..errors import SourceError
from ..gathering.fetch import Hosts, Limits, open_fetcher
from ..model import Article
from .making import Made, NoPicture, make
from .shelf import Shelf

log = logging.getLogger("distributor.pictures")

AT_ONCE = 4
THUMB = 120  # CSS pixels


@dataclass(frozen=True, slots=True)
class Studio:
    """Where pictures are made: the shelf for them, and the widths in which they are shown, in CSS pixels."""

    shelf: Shelf
    settings: Pictures
    site: Site
    allow_private: bool = False

    @property
    def widths(self) -> tuple[int, ...]:
        return (self.site.theme.width - 64, THUMB)

    async def prepare(self, articles: Sequence[Article], now: datetime) -> dict[str, str]:
        """Fetch what is not on the shelf yet, within the whole time for it. Returns faults in words, by article id."""
        wanted = {one.image.url: one for one in articles if one.image and one.image.url}
        missing = []
        for address in wanted:
            kept = await asyncio.to_thread(self.shelf.find, address)
            if kept is None or not kept.stands(self.widths, now):
                missing.append(address)
        faults: dict[str, str] = {}
        if missing:
            seconds = self.settings.seconds.total_seconds()
            turns = asyncio.Semaphore(AT_ONCE)
            tasks = {address: asyncio.create_task(self._one(address, now, turns)) for address in missing}
            await asyncio.wait(tasks.values(), timeout=seconds)
            for address, task in tasks.items():
                if not task.done():
                    task.cancel()
                    faults[wanted[address].id] = f"{address} was not ready in time"
                elif fault := task.result():
                    faults[wanted[address].id] = f"{address} {fault}"
            await asyncio.gather(*tasks.values(), return_exceptions=True)
        for id, fault in faults.items():
            log.warning("picture of %s: %s; it is shown without", id, fault)
        return faults

    async def _one(self, address: str, now: datetime, turns: asyncio.Semaphore) -> str:
        """One picture onto the shelf; why not, otherwise."""
        limits = Limits(total=self.settings.seconds.total_seconds(), size=self.settings.largest)
        fault, made = "", tuple[Made, ...]()
        async with turns:
            try:
                async with open_fetcher(
                    self.site, {}, Hosts(), allow_private=self.allow_private, limits=limits
                ) as fetcher:
                    fetched = await fetcher.get(address)
                made = await asyncio.to_thread(make, fetched.body, self.widths)
            except NoPicture as error:
                fault = str(error)
            except SourceError as error:
                fault = str(error).removeprefix(address).strip()
            try:
                await asyncio.to_thread(self.shelf.put, address, made, fault, now)
            except OSError as error:
                return f"cannot be laid into {self.shelf.folder}: {error.strerror or error}"
        return fault

    def dress(self, article: Article) -> Article:
        """The article with the files of its picture; without a picture where it is known that there is none to show."""
        kept = self.shelf.find(article.image.url) if article.image and article.image.url else None
        if kept is None or article.image is None:
            return article
        if kept.fault:
            return replace(article, image=None)
        return replace(article, image=replace(article.image, variants=kept.files))
