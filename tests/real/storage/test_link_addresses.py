"""The address of links is written down when emails go out to people, and only then."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from distributor import pipeline
from distributor.model import Language
from distributor.pipeline.transactional import EmailRequest, enqueue_email
from distributor.storage import link_addresses
from distributor.storage.link_addresses import LinkAddress
from real.pipeline.test_outbox import connect
from support.clocked_newsroom import Line
from support.smtp_servers import Postbox


def noted(line: Line) -> list[LinkAddress]:
    with line.store.read() as connection:
        return list(link_addresses.list_others(connection, ""))


@pytest.mark.parametrize("test_mode", [False, True])
async def test_only_emails_that_go_to_people_count(
    line: Line, postbox: Callable[..., Awaitable[Postbox]], test_mode: bool
) -> None:
    box = await postbox()
    await asyncio.to_thread(line.subscribe, "lan")
    connect(line, box.port)
    if test_mode:
        line.configure(".test_mode: {to: staff@bacson.example}")
    person = EmailRequest(
        template="email/welcome", address="lan@example.com", subscriber="abc", newsletter="tin-sang",
        language=Language.VI, dedupe_key="1", expires_at=line.now + timedelta(days=1),
    )  # fmt: skip

    def ask() -> None:
        with line.store.write() as connection:
            assert enqueue_email(line.newsroom, connection, person, line.now)

    await asyncio.to_thread(ask)
    report = await pipeline.send_outbox(line.newsroom, line.store, line.clock, asyncio.Event())
    assert report.sent("mail") == 1
    found = [] if test_mode else [LinkAddress("https://bacson.example", line.now, line.now)]
    assert await asyncio.to_thread(noted, line) == found


async def test_an_edition_counts_for_as_long_as_it_is_sent_below_that_address(
    line: Line, postbox: Callable[..., Awaitable[Postbox]]
) -> None:
    box = await postbox()
    await asyncio.to_thread(line.subscribe, "lan")
    connect(line, box.port)
    days = []
    for name in ("a", "b"):
        await asyncio.to_thread(line.arrives, name)
        await asyncio.to_thread(line.day)
        days.append(line.now)
    assert len(box.recipients) == 2
    assert await asyncio.to_thread(noted, line) == [LinkAddress("https://bacson.example", days[0], days[1])]
    await asyncio.to_thread(line.arrives, "c")
    line.configure(".web: {url: 'https://news.bacson.example'}")
    await asyncio.to_thread(line.day)
    assert [one.address for one in await asyncio.to_thread(noted, line)] == [
        "https://bacson.example", "https://news.bacson.example",
    ]  # fmt: skip
