"""Certificates of Amazon: fetched with limits, from outside alone."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from distributor.http import open_session
from distributor.web import sns_certificates
from distributor.web.sns_certificates import CertificateUnavailable, SnsCertificates

GOOD = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


@pytest.fixture
async def server() -> AsyncIterator[TestServer]:
    async def answer(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        bodies = {"good": GOOD, "page": b"<html>", "large": GOOD + b"x" * 20_000, "missing": GOOD}
        if name == "moved":
            raise web.HTTPFound("/good")
        return web.Response(body=bodies[name], status=404 if name == "missing" else 200)

    app = web.Application()
    app.router.add_get("/{name}", answer)
    made = TestServer(app)
    await made.start_server()
    yield made
    await made.close()


async def test_an_address_inside_is_not_asked(server: TestServer) -> None:
    with pytest.raises(CertificateUnavailable):
        await SnsCertificates().get(str(server.make_url("/good")))


@pytest.mark.parametrize("name", ["page", "large", "missing", "moved"])
async def test_only_a_certificate_is_taken(server: TestServer, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sns_certificates, "open_session", functools.partial(open_session, allow_private=True))
    known = SnsCertificates()
    assert await known.get(str(server.make_url("/good"))) == GOOD
    with pytest.raises(CertificateUnavailable):
        await known.get(str(server.make_url(f"/{name}")))
    assert await known.get(str(server.make_url("/good"))) == GOOD


async def test_few_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def fetch(_: SnsCertificates, url: str) -> bytes:
        asked.append(url)
        return GOOD

    monkeypatch.setattr(SnsCertificates, "fetch", fetch)
    known = SnsCertificates()
    for number in range(20):
        await known.get(f"https://x/{number}")
    await known.get("https://x/19")
    assert len(asked) == 20
    await known.get("https://x/0")
    assert len(asked) == 21
