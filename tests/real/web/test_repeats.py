"""What is answered again without going through routes and checks: the same octets, for the same request alone, and only
while they are true."""

from __future__ import annotations

import asyncio
import logging
import re

import pytest

from distributor.web.public_files import PublicFiles
from support.raw_http import Client, Served

HOST = b"Host: news.bacson.example\r\n"
FEED = b"GET /feeds/rss.xml HTTP/1.1\r\n" + HOST


class Long:
    """How many requests went the long way."""

    count = 0


@pytest.fixture
def long_way(monkeypatch: pytest.MonkeyPatch) -> Long:
    counted, answer = Long(), PublicFiles.answer

    async def count(self: PublicFiles, *rest: object) -> object:
        counted.count += 1
        return await answer(self, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(PublicFiles, "answer", count)
    return counted


async def ask(client: Client, request: bytes) -> tuple[int, bytes]:
    """The answer but for its date."""
    client.send(request + b"\r\n")
    status, octets = await client.answer()
    return status, re.sub(rb"Date: [^\r]+\r\n", b"", octets)


@pytest.mark.parametrize(
    "more", [b"", b"Accept-Encoding: br\r\n", b"Accept: text/html\r\n", b'If-None-Match: *\r\n'],
    ids=["plain", "compressed", "as a page", "unchanged"],
)  # fmt: skip
async def test_the_second_answer_is_the_first_one_in_all_but_the_order_of_its_headers(
    served: Served, long_way: Long, more: bytes
) -> None:
    client = await served.connect()
    first = await ask(client, FEED + more)
    assert long_way.count == 1
    again = await ask(client, FEED + more)
    assert await ask(client, FEED + b"User-Agent: another\r\n" + more) == again
    assert long_way.count == 1
    assert again[0] == first[0] == (304 if b"None" in more else 200)
    (head, _, body), (head_again, _, body_again) = (one.partition(b"\r\n\r\n") for _, one in (first, again))
    assert sorted(head_again.split(b"\r\n")) == sorted(head.split(b"\r\n"))
    assert body_again == body


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /feeds/rss.xml HTTP/1.1\r\nHost: evil.example\r\n", 421),
        (FEED + HOST, 400),
        (b"GET /feeds/rss.xml HTTP/1.1\r\n", 400),
        (b"POST /feeds/rss.xml HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n", 405),
        (b"GET /feeds/rss.xml?x=%00 HTTP/1.1\r\n" + HOST, 400),
    ],
)
async def test_who_asks_otherwise_is_checked_as_ever(served: Served, request_: bytes, status: int) -> None:
    await ask(await served.connect(), FEED)
    assert (await served.ask(request_ + b"\r\n"))[0] == status


async def test_head_and_older_versions_get_what_they_understand(served: Served) -> None:
    await ask(await served.connect(), FEED)
    _, answer = await served.ask(FEED.replace(b"GET", b"HEAD") + b"\r\n")
    assert answer.endswith(b"\r\n\r\n") and b"Content-Length: 0" not in answer
    _, answer = await served.ask(FEED.replace(b"HTTP/1.1", b"HTTP/1.0") + b"\r\n")
    assert answer.startswith(b"HTTP/1.0 200")
    client = await served.connect()
    client.send(FEED + b"Connection: close\r\n\r\n")
    assert (await client.receive()).startswith(b"HTTP/1.1 200"), "the connection is closed"


async def test_it_is_said_again_only_while_it_is_true(served: Served, long_way: Long) -> None:
    served.server.context.public_files.checked_every = 0.2
    client = await served.connect()
    await ask(client, FEED)
    _, before = await ask(client, FEED)
    assert long_way.count == 1
    await asyncio.to_thread(served.line.arrives, "a")
    await asyncio.to_thread(served.line.at, "07:00")
    await asyncio.to_thread(served.line.answer)
    await asyncio.sleep(0.3)
    _, after = await ask(await served.connect(), FEED)
    assert "Tin a của tỉnh nhà".encode() in after and after != before


async def test_the_access_log_names_the_pattern_of_the_path(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="distributor.web.access")
    client = await served.connect()
    for _ in range(2):
        await ask(client, b"GET /feeds/tin-sang/rss.xml HTTP/1.1\r\n" + HOST)
    said = [one.getMessage() for one in caplog.records if one.name == "distributor.web.access"]
    assert len(said) == 2
    assert said[0].split(" 200, ")[0] == said[1].split(" 200, ")[0]
    assert "tin-sang" not in said[1]
