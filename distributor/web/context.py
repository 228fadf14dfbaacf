"""What every request handler works with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from aiohttp import web

from ..model import Language
from ..newsroom import Newsroom
from ..pipeline import leaving
from ..pipeline.leaving import LeaveRequest, Standing
from ..rendering.web_pages import WebPages
from ..storage.database import Database
from .batch import WriteBatcher
from .public_files import PublicFiles
from .sns_certificates import SnsCertificates
from .ticks import Ticks
from .unknown_links import UnknownLinks


@dataclass(frozen=True)
class WebContext:
    """One newsroom on the web. `wake` tells the service that there is something new to do: an email in the outbox, an
    article that was pushed. `ticks` are those of the service, where they are known."""

    newsroom: Newsroom
    database: Database
    clock: Callable[[], datetime]
    wake: Callable[[], None] = lambda: None
    ticks: Ticks | None = None
    sns_certificates: SnsCertificates = field(default_factory=SnsCertificates)

    @cached_property
    def pages(self) -> WebPages:
        return WebPages(self.newsroom.settings, self.newsroom.templates)

    @cached_property
    def public_files(self) -> PublicFiles:
        return PublicFiles(self.database, self.clock)

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """The keys that sign links, the present one first. It may be exchanged while the pages are served."""
        return self.newsroom.secrets()

    async def leave(self, request: LeaveRequest) -> Standing | None:
        """Unsubscribe somebody, many at once; returns where they stand when nothing more leaves for them."""
        standing, last_messages = await self._leaving.submit(request)
        await leaving.wait_for_last_messages(self.database, last_messages)
        return standing

    async def until_nothing_leaves_for(self, subscriber: str) -> None:
        """Wait until nothing more leaves for somebody who has just left something, so that they can be told so."""
        last = await asyncio.to_thread(leaving.find_last_messages, self.database, [subscriber])
        await leaving.wait_for_last_messages(self.database, last.get(subscriber, []))

    @cached_property
    def _leaving(self) -> WriteBatcher[LeaveRequest, tuple[Standing | None, list[int]]]:
        def leave(requests: Sequence[LeaveRequest]) -> list[tuple[Standing | None, list[int]]]:
            with self.database.write() as connection:
                left = leaving.leave_all(self.newsroom, connection, requests, self.clock())
            last = leaving.find_last_messages(self.database, list({one.subscriber for one in requests}))
            return [(standing, last.get(one.subscriber, [])) for one, standing in zip(requests, left, strict=True)]

        return WriteBatcher(leave)

    @cached_property
    def unknown_links(self) -> UnknownLinks:
        return UnknownLinks()

    @property
    def url(self) -> str:
        """The public address of the pages, without a slash at its end."""
        return self.newsroom.settings.links_url


CONTEXT = web.AppKey("context", WebContext)


def page_language(request: web.Request, usual: Language | None = None) -> Language:
    """The language that a visitor has chosen by the address (`/en/…`), or the usual one of what is shown, or the site's."""
    chosen = request.match_info.get("language", "")
    if chosen in list(Language):
        return Language(chosen)
    return usual or request.app[CONTEXT].newsroom.settings.site.language
