"""Health and readiness, for whatever watches the process: `/healthz` says that it answers, `/readyz` that it can work.

Everybody is told yes or no; on this machine there are details as well, as JSON.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

from aiohttp import web

from .. import __version__
from ..errors import DistributorError, StoreError
from ..storage import future_times
from .context import CONTEXT, WebContext
from .one_look import OneLook
from .this_machine import is_from_this_machine
from .ticks import LATE

_FINE = ""


def routes() -> list[web.RouteDef]:
    return [web.get("/healthz", _health), web.get("/readyz", ReadinessPage().answer)]


async def _health(request: web.Request) -> web.Response:
    return _answer(request, {})


class ReadinessPage:
    """Answers whether the process can work."""

    def __init__(self) -> None:
        self._store: OneLook[tuple[str, str]] | None = None

    async def answer(self, request: web.Request) -> web.Response:
        context = request.app[CONTEXT]
        if self._store is None:
            self._store = OneLook(lambda: asyncio.to_thread(_check_store, context, context.clock()))
        try:
            store, clock = await self._store.take()
        except StoreError as error:
            store, clock = str(error), _FINE
        return _answer(request, {"store": store, "clock": clock, "ticks": _check_ticks(context, context.clock())})


def _answer(request: web.Request, checks: Mapping[str, str]) -> web.Response:
    """`checks` say what is wrong, nothing where all is well."""
    well = not any(checks.values())
    if is_from_this_machine(request):
        details = {
            "ok": well,
            "version": __version__,
            "checks": {name: fault or "ok" for name, fault in checks.items()},
        }
        response = web.json_response(details, status=200 if well else 503)
    else:
        response = web.Response(text="ok\n" if well else "not ready\n", status=200 if well else 503)
    response.headers["Cache-Control"] = "no-store"
    return response


def _check_store(context: WebContext, now: datetime) -> tuple[str, str]:
    """What is wrong with the store, and with the clock as the store shows it."""
    early = "the clock of this machine was never set" if now < future_times.EARLIEST else _FINE
    try:
        context.database.check_file()
        if pending := context.database.pending():
            return f"not migrated: {', '.join(pending)} to be run", early
        with context.database.read() as connection:
            later = future_times.find_future_time(connection, now)
    except DistributorError as error:
        return str(error), early
    ahead = f"the store holds times up to {later.isoformat(timespec='seconds')}, later than now" if later else _FINE
    return _FINE, early or ahead


def _check_ticks(context: WebContext, now: datetime) -> str:
    """What is wrong with the service; nothing where it runs elsewhere, and nobody here can know."""
    if context.ticks is None:
        return _FINE
    last = context.ticks.last()
    if last is None:
        return "the service has not begun yet" if context.ticks.here else _FINE
    # A clock that was set back says nothing of the service.
    waited = now - last
    return (
        f"the service last checked what is due {waited / timedelta(minutes=1):.0f} min ago" if waited > LATE else _FINE
    )
