"""The web pages of a newsroom whose clock only the test moves, asked over a real connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from distributor.web import pace
from distributor.web.app import build_app
from distributor.web.context import WebContext
from distributor.web.ticks import Ticks
from support.clocked_newsroom import Line

_P = ParamSpec("_P")
_T = TypeVar("_T")


@dataclass
class Visitor:
    """The pages. `woken` counts how often they have told the service of something to do."""

    line: Line
    woken: int = 0
    ticks: Ticks | None = None
    _client: TestClient[Any, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)

    async def start(self) -> None:
        context = await self.run(self._context)
        self._client = TestClient(TestServer(build_app(context)))
        await self._client.start_server()

    def _context(self) -> WebContext:
        store = self.line.store
        self.line.newsroom.secret()
        context = WebContext(self.line.newsroom, store, self.line.clock, self._wake, self.ticks)
        context.public_files.checked_every = 0  # what a test has done is seen at once
        return context

    def _wake(self) -> None:
        self.woken += 1

    async def close(self) -> None:
        if self._client:
            await self._client.close()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, for clients that speak for themselves."""
        assert self._client is not None
        return self._client.host, self._client.port or 0

    async def restart(self) -> None:
        """After `line.configure`."""
        await self.close()
        await self.start()

    async def run(self, work: Callable[_P, _T], *arguments: _P.args, **options: _P.kwargs) -> _T:
        """Do something with the store: never on the event loop."""
        return await asyncio.to_thread(work, *arguments, **options)

    async def get(self, path: str, **options: Any) -> ClientResponse:
        return await self.ask("GET", path, **options)

    async def post(self, path: str, **options: Any) -> ClientResponse:
        return await self.ask("POST", path, **options)

    async def ask(self, method: str, path: str, **options: Any) -> ClientResponse:
        """An answer, with its body read. Redirects are not followed."""
        assert self._client is not None
        path = path.removeprefix("https://news.bacson.example")
        options.setdefault("allow_redirects", False)
        response = await self._client.request(method, path, **options)
        await response.read()
        return response


@pytest.fixture
async def visitor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Visitor]:
    """The pages of `Line`'s newsroom, at https://news.bacson.example; their answers wait for no beat."""
    monkeypatch.setattr(pace, "BEAT", 0.001)
    line = Line(tmp_path)
    line.configure('.web: {url: "https://news.bacson.example"}')
    made = Visitor(line)
    await made.start()
    yield made
    await made.close()
    await made.run(line.close)
