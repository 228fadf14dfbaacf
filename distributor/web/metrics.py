"""`/metrics` for Prometheus: for this machine, or with an API token that may read the statistics of all newsletters.

What is read at each request is small or has an index (`delivery/monitoring`); deliveries are counted beside it, seldom
(`delivery_counts`). Where the store fails, its figures are left out and `distributor_up` is 0.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime

from aiohttp import web

from ..api_access import tokens
from ..api_access.tokens import ApiScope
from ..delivery import monitoring
from ..delivery.monitoring import EditionStanding
from ..errors import DistributorError
from .context import CONTEXT, WebContext
from .delivery_counts import DeliveryCounts
from .exposition import CONTENT_TYPE, MetricSample, format_metrics
from .figures import METRICS, RECENT, UP, edition_figures, host_figures, store_figures
from .one_look import OneLook
from .this_machine import is_from_this_machine

log = logging.getLogger("distributor.web")

PATH = "/metrics"
_PATIENCE = 1.0  # seconds that an answer waits for deliveries to be counted; then it has what was counted last


def routes() -> list[web.RouteDef]:
    return [web.get(PATH, MetricsPage().answer)]


class MetricsPage:
    """Answers with the figures of the newsroom. It keeps what was counted."""

    def __init__(self) -> None:
        self.counts = DeliveryCounts()
        self._counting: asyncio.Task[None] | None = None
        self._figures: OneLook[list[MetricSample]] | None = None

    async def answer(self, request: web.Request) -> web.Response:
        context = request.app[CONTEXT]
        try:
            if not (is_from_this_machine(request) or await _is_allowed(request, context)):
                return web.Response(
                    status=401,
                    text="send an API token with the scope statistics:read as Authorization: Bearer …\n",
                    headers={"WWW-Authenticate": 'Bearer realm="distributor"', "Cache-Control": "no-store"},
                )
            if self._figures is None:
                self._figures = OneLook(lambda: self._collect(context))
            samples = [MetricSample(UP, 1), *await self._figures.take()]
        except DistributorError as error:
            log.warning("metrics: %s", error)
            samples = [MetricSample(UP, 0)]
        last = context.ticks.last() if context.ticks else None
        samples += await asyncio.to_thread(lambda: list(host_figures(context.newsroom, last)))
        body = format_metrics(METRICS, samples).encode()
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"})

    async def _collect(self, context: WebContext) -> list[MetricSample]:
        now = context.clock()
        editions = await context.database.read_in_thread(monitoring.list_editions_since, now - RECENT)
        await self._count(context, [one for one in editions if one.frozen_at >= now - RECENT])
        return await asyncio.to_thread(self._read, context, editions, now)

    def _read(self, context: WebContext, editions: Sequence[EditionStanding], now: datetime) -> list[MetricSample]:
        newsroom, database = context.newsroom, context.database
        with database.read() as connection:
            return [
                *store_figures(newsroom, database, connection, now),
                *edition_figures(newsroom, connection, editions, self.counts, now),
            ]

    async def _count(self, context: WebContext, editions: Sequence[EditionStanding]) -> None:
        """Count the deliveries whose count is old. A large edition takes longer than an answer may."""
        if self._counting is None or self._counting.done():
            counting = asyncio.to_thread(self.counts.refresh, context.database, editions)
            self._counting = asyncio.create_task(counting)
        done, _ = await asyncio.wait({self._counting}, timeout=_PATIENCE)
        for task in done:
            task.result()


async def _is_allowed(request: web.Request, context: WebContext) -> bool:
    """Whether a request has a token that is in force, for statistics and for all newsletters. Raises StoreError."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not given.strip():
        return False
    token = await context.database.read_in_thread(tokens.find_by_token, given.strip())
    if token is None or token.state(context.clock()) != "active":
        return False
    return ApiScope.STATISTICS_READ in token.scopes and not token.newsletters
