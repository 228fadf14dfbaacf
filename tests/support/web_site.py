"""A web site on this machine, and a fetcher that may read it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from distributor.gathering.fetcher import FetchLimits, FetchOptions, HostQueue, HttpFetcher, open_fetcher
from distributor.source import Validators
from support.builders import settings

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
OpenFetcher = Callable[..., Awaitable[HttpFetcher]]


@dataclass
class WebSite:
    """Answers by path as it was told to, 404 otherwise. `asked` are the requests that came, in order."""

    url: str = ""
    asked: list[web.BaseRequest] = field(default_factory=list)
    _answers: dict[str, Answer] = field(default_factory=dict)

    def page(self, path: str, body: bytes | str, *, status: int = 200, **headers: str) -> str:
        """Give a page its content; header names are written with underscores. Returns its address."""
        data = body if isinstance(body, bytes) else body.encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}

        async def answer(request: web.Request) -> web.StreamResponse:
            return web.Response(status=status, body=data, headers={"Content-Type": "text/html", **named})

        return self.at(path, answer)

    def redirect(self, path: str, target: str, status: int = 302) -> str:
        return self.page(path, "", status=status, Location=target)

    def at(self, path: str, answer: Answer) -> str:
        self._answers[path] = answer
        return self.url + path

    @property
    def paths(self) -> list[str]:
        return [request.path_qs for request in self.asked]

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked.append(request)
        assert isinstance(request, web.Request)
        answer = self._answers.get(request.path_qs) or self._answers.get(request.path)
        return await answer(request) if answer else web.Response(status=404, text="nothing here")


@pytest.fixture
async def site() -> AsyncIterator[WebSite]:
    """A web site on a free port of the loopback address."""
    made = WebSite()
    app = web.Application()
    app.router.add_route("*", "/{any:.*}", made.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    made.url = f"http://{host}:{port}"
    yield made
    await runner.cleanup()


@pytest.fixture
async def open_web() -> AsyncIterator[OpenFetcher]:
    """Opens fetchers without a pause between requests. They may read this machine unless told otherwise."""
    async with contextlib.AsyncExitStack() as stack:

        async def opened(
            known: Mapping[str, Validators] | None = None, *, allow_private: bool = True, **limits: float
        ) -> HttpFetcher:
            bounds = FetchLimits(**{"pause": 0.0, **limits})  # type: ignore[arg-type]  # floats and whole numbers alike
            options = FetchOptions(known=known or {}, allow_private=allow_private, limits=bounds)
            return await stack.enter_async_context(open_fetcher(settings().site, HostQueue(), options))

        yield opened
