"""Listens, and serves the application in the running event loop until it is told to stop."""

from __future__ import annotations

import asyncio
import logging

from aiohttp import web

from .app import build_app
from .context import WebContext

log = logging.getLogger("distributor.web")

KEEP_ALIVE = 15.0  # seconds between two requests on a connection
SHUTDOWN_TIMEOUT = 10.0  # seconds that requests in hand have to end


async def serve_web(context: WebContext, stop: asyncio.Event) -> None:
    """Serve until `stop`. Raises OSError where the address cannot be listened on."""
    settings = context.newsroom.settings.web_settings
    host, _, port = settings.listen.rpartition(":")
    runner = web.AppRunner(
        build_app(context), access_log=None, keepalive_timeout=KEEP_ALIVE, shutdown_timeout=SHUTDOWN_TIMEOUT
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host.strip("[]"), int(port)).start()
        log.info("web pages at %s", context.url)
        await stop.wait()
    finally:
        await runner.cleanup()
