"""Listens, and serves the application in the running event loop until it is told to stop."""

from __future__ import annotations

import asyncio
import functools
import logging
import os
import socket
from typing import Any

from aiohttp import web

from ..errors import UserError
from .access_log import log_request
from .app import build_app
from .connection import Connection, ConnectionPhase, Limits
from .context import WebContext
from .repeats import Repeats

log = logging.getLogger("distributor.web")

SHUTDOWN_TIMEOUT = 10.0  # seconds that requests in hand have to end
_BACKLOG = 1024  # connections that wait to be accepted


def listen(address: str) -> socket.socket:
    """A socket that listens on `address:port`. Raises UserError, in one line, where that cannot be."""
    host, _, port = address.rpartition(":")
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            host.strip("[]"), int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        opened = socket.socket(family, kind, protocol)
        try:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            opened.bind(place)
            opened.listen(_BACKLOG)
        except BaseException:
            opened.close()
            raise
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        raise UserError(
            f"web.listen: {address}: {reason[:1].lower()}{reason[1:]}; another process may serve the pages already: name "
            "another port, or use `distributor serve --no-web`"
        ) from None
    opened.setblocking(False)
    return opened


class WebServer:
    """The pages of a newsroom on a socket that listens already."""

    def __init__(self, context: WebContext, listening: socket.socket, limits: Limits = Limits()) -> None:
        self.context = context
        self.listening = listening
        self.limits = limits
        self.connections: set[Connection] = set()
        self._settings = context.newsroom.settings.web_settings

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`; requests in hand are finished. The socket is closed in any case."""
        with self.listening:
            await self._run(stop)

    async def _run(self, stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        runner = web.AppRunner(build_app(self.context), shutdown_timeout=SHUTDOWN_TIMEOUT)
        await runner.setup()
        assert runner.server is not None
        _tell_connections(runner.server)
        runner.server.request_handler = Repeats(runner.server.request_handler, self.context.public_files)
        listener = await loop.create_server(
            functools.partial(
                Connection, runner.server, self, loop=loop, access_log=None, keepalive_timeout=self.limits.idle
            ),
            sock=self.listening,
        )
        sweep = asyncio.create_task(self._sweep())
        log.info("web pages at %s", self.context.url)
        try:
            await stop.wait()
        finally:
            listener.close()
            sweep.cancel()
            await asyncio.wait({sweep})
            await runner.cleanup()

    def opened(self, connection: Connection) -> None:
        """There is room for so many: one that waits for nothing makes room for the one that has just come."""
        self.connections.add(connection)
        if len(self.connections) <= self._settings.max_connections:
            return
        idle = [one for one in self.connections if one.phase is ConnectionPhase.IDLE and one is not connection]
        if idle:
            min(idle, key=lambda one: one.since).cut()
        else:
            connection.turn_away()

    def closed(self, connection: Connection) -> None:
        self.connections.discard(connection)

    def answered(self, request: web.BaseRequest | None, response: web.StreamResponse, seconds: float) -> None:
        log_request(self._settings, request, response, seconds)

    async def _sweep(self) -> None:
        """Cut off who takes too long."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self.limits.sweep)
            now = loop.time()
            for connection in [one for one in self.connections if one.is_overdue(now, self.limits)]:
                connection.cut()


def _tell_connections(server: web.Server) -> None:
    """Let each connection know when the head of a request is complete."""
    make = server.request_factory

    def begin(message: Any, payload: Any, protocol: Any, *rest: Any) -> web.BaseRequest:
        protocol.request_begun(payload)
        return make(message, payload, protocol, *rest)

    server.request_factory = begin
