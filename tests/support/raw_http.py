"""The web server of a newsroom on a socket, with short deadlines, and clients that speak to it octet by octet."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from distributor.web import server as web_server
from distributor.web.app import build_app
from distributor.web.connection import Limits
from distributor.web.context import WebContext
from distributor.web.server import WebServer, listen
from support.clocked_newsroom import Line

SHORT = Limits(head=0.3, body=0.4, request=3.0, idle=0.3, reading=0.3, sweep=0.05)


@dataclass
class Client:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, octets: bytes) -> None:
        self.writer.write(octets)

    async def receive(self, seconds: float = 5.0) -> bytes:
        """All that comes until the server ends the connection."""
        async with asyncio.timeout(seconds):
            try:
                return await self.reader.read()
            except ConnectionError:
                return b""

    async def answer(self, seconds: float = 5.0) -> tuple[int, bytes]:
        """The next answer: its status and all of it."""
        async with asyncio.timeout(seconds):
            head = await self.reader.readuntil(b"\r\n\r\n")
            lines = [line.partition(b":") for line in head.split(b"\r\n")]
            length = next((int(value) for name, _, value in lines if name.lower() == b"content-length"), 0)
            return int(head.split()[1]), head + await self.reader.readexactly(length)

    async def is_cut(self, seconds: float = 5.0) -> bool:
        """Whether the server ends the connection without a word."""
        return await self.receive(seconds) == b""


@dataclass
class Served:
    """A server that listens, in the event loop of the test."""

    line: Line
    server: WebServer
    port: int
    stop: asyncio.Event
    running: asyncio.Task[None]
    clients: list[Client] = field(default_factory=list)

    async def connect(self) -> Client:
        self.clients.append(Client(*await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 20)))
        return self.clients[-1]

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """The answer to one request on a connection of its own; status 0 where there is none."""
        client = await self.connect()
        client.send(request)
        client.writer.write_eof()
        answer = await client.receive()
        return (int(answer.split()[1]) if answer else 0), answer


class ExtraPages:
    """Pages that only these tests have: a large one, a slow one, one that reads a body and one that does not."""

    def __init__(self) -> None:
        self.slow_begun = asyncio.Event()
        self.bodies: list[bytes] = []

    def add_to(self, app: web.Application) -> None:
        app.add_routes(
            [
                web.get("/large", self._large),
                web.get("/slow", self._slow),
                web.post("/reads", self._reads),
                web.post("/ignores", self._ignores),
            ]
        )

    async def _large(self, _: web.Request) -> web.Response:
        return web.Response(body=b"x" * 20_000_000)

    async def _slow(self, _: web.Request) -> web.Response:
        self.slow_begun.set()
        await asyncio.sleep(0.5)
        return web.Response(text="done")

    async def _reads(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.read())
        return web.Response(text="read")

    async def _ignores(self, request: web.Request) -> web.Response:
        return web.Response(text="ignored")


@pytest.fixture
def extra() -> ExtraPages:
    return ExtraPages()


@pytest.fixture
async def served(tmp_path: Path, extra: ExtraPages, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    """The pages of a newsroom at https://news.bacson.example, earlier https://tin.bacson.example, with short deadlines."""

    def with_extra_pages(context: WebContext) -> web.Application:
        app = build_app(context)
        extra.add_to(app)
        return app

    monkeypatch.setattr(web_server, "build_app", with_extra_pages)
    line = Line(tmp_path)
    line.configure(
        '.web: {url: "https://news.bacson.example", other_urls: ["https://tin.bacson.example"], max_connections: 10}'
    )
    await asyncio.to_thread(lambda: line.store)
    listening = listen("127.0.0.1:0")
    context = WebContext(line.newsroom, line.store, line.clock)
    server, stop = WebServer(context, listening, SHORT), asyncio.Event()
    running = asyncio.create_task(server.run(stop))
    made = Served(line, server, listening.getsockname()[1], stop, running)
    await asyncio.wait({running}, timeout=0.05)
    assert not running.done(), running.exception()
    yield made
    stop.set()
    await asyncio.wait_for(running, 20)
    for client in made.clients:
        client.writer.close()
        with contextlib.suppress(ConnectionError):
            await client.writer.wait_closed()
    await asyncio.to_thread(line.close)
