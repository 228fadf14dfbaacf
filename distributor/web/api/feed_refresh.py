"""What channels show of all articles, brought up to date after a push: soon, beside the requests, one refresh at a time."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field

from aiohttp import web

from ... import pipeline
from ..context import WebContext

log = logging.getLogger("distributor.web")


@dataclass
class FeedRefresh:
    """Whoever asks while a refresh waits for its turn is served by that one: it begins later than what they have changed."""

    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _waiting: bool = False

    def refresh_soon(self, context: WebContext) -> None:
        if self._waiting:
            return
        self._waiting = True
        task = asyncio.get_running_loop().create_task(self._refresh(context))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _refresh(self, context: WebContext) -> None:
        async with self._turn:
            self._waiting = False
            try:
                for fault in await pipeline.refresh_feeds(context.newsroom, context.database, context.clock):
                    log.error("%s", fault)
            except Exception as error:
                log.error("feeds of all articles: %s", error)

    async def finish(self, _: web.Application) -> None:
        """Wait for what has begun, before the store is closed."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))


FEEDS = web.AppKey("feeds", FeedRefresh)
