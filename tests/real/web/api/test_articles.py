"""An urgent article, from the POST of the CMS to the mail server, while the service runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
from aiohttp.test_utils import unused_port

from distributor.api_access import tokens
from distributor.api_access.tokens import ApiScope
from distributor.service import Service
from support.clocked_newsroom import Line
from support.smtp_servers import Postbox


def clock() -> datetime:
    return datetime.now(UTC)


def make_token(line: Line) -> str:
    with line.store.write() as connection:
        _, token = tokens.create(connection, "cms", scopes=[ApiScope.ARTICLES_WRITE], by="lan", now=clock())
    return token


async def test_an_urgent_article_is_with_the_mail_server_at_once_and_not_at_the_next_tick(
    tmp_path: Path, postbox: Callable[..., Awaitable[Postbox]]
) -> None:
    """Urgent by its topic: the token may push, and the newsroom has decided what is sent at once."""
    box, port = await postbox(), unused_port()
    line = Line(tmp_path, now=clock())
    line.config = line.config.replace("sources:\n", "sources:\n  cms: {type: push}\n")
    line.config = line.config.replace("maildir: mail", f"host: 127.0.0.1, port: {box.port}, tls: none")
    line.configure(f'.web: {{listen: "127.0.0.1:{port}"}}', "alerts: {topics: [Khẩn cấp]}")
    await asyncio.to_thread(line.subscribe, "lan")
    token = await asyncio.to_thread(make_token, line)
    stop = asyncio.Event()
    serving = asyncio.create_task(Service(line.newsroom, line.store, clock, stop, tick=600).run())
    try:
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
            # The first article comes while the service is starting; the second finds it at work.
            await push(session, port, {"id": "1", "title": "Tin thường của tỉnh nhà"})
            await asyncio.sleep(1)
            urgent = {
                "id": "2",
                "title": "Tin bão của tỉnh nhà",
                "topics": ["Khẩn cấp"],
                "published": clock().isoformat(),
            }
            answer = await push(session, port, urgent)
            assert [one["newsletter"] for one in answer["alerts"]] == ["tin-sang"]
            async with asyncio.timeout(60):  # about a second on a quiet machine
                while not box.taken:
                    await asyncio.sleep(0.01)
            assert box.recipients == ["lan@example.com"]
    finally:
        stop.set()
        await serving
        await asyncio.to_thread(line.close)


async def push(
    session: aiohttp.ClientSession, port: int, article: Mapping[str, object]
) -> dict[str, list[dict[str, str]]]:
    url = f"http://127.0.0.1:{port}/api/v1/articles"
    async with asyncio.timeout(60):
        while True:
            try:
                async with session.post(url, json={"source": "cms", **article}) as answer:
                    assert answer.status in (200, 201), await answer.text()  # 200: it came, and its answer was lost
                    made: dict[str, list[dict[str, str]]] = await answer.json()
                    return made
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.1)  # it is starting
