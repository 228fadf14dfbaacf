"""Whoever leaves while an edition is being sent gets nothing more, not even from the run that is on its way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from distributor import pipeline
from distributor.storage.tables import deliveries
from distributor.subscribers import repository, subscribe
from distributor.subscribers.requests import parse_request
from distributor.subscribers.tokens import Claim, Purpose, sign
from support.clocked_newsroom import Line
from support.smtp_servers import Postbox
from support.web_client import Visitor

SUBSCRIBERS, LEAVING = 2_000, 50


def enqueue(visitor: Visitor) -> dict[str, str]:
    """An edition for all of them, enqueued; returns the links of some, by address."""
    line = visitor.line
    wanted = [
        parse_request(f"s{number}@example.com", ["tin-sang"], known=["tin-sang"]) for number in range(SUBSCRIBERS)
    ]
    keys = line.newsroom.secrets()
    with line.store.write() as connection:
        subscribe.add_all(connection, wanted, line.now, keys=keys)
        people = repository.find_by_keys(connection, [one.key for one in wanted[:: SUBSCRIBERS // LEAVING]])
    line.arrives("a")
    line.at("07:00")
    line.answer()
    return {
        one.address: f"/u/{sign(keys[0], Claim(Purpose.UNSUBSCRIBE, one.id, 'tin-sang'))}" for one in people.values()
    }


@pytest.fixture(params=["sqlite", "postgresql"])
async def pages(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Visitor]:
    """On each store that there is."""
    line = Line(tmp_path)
    line.configure('.web: {url: "https://news.bacson.example"}')
    if request.param == "postgresql":
        line.configure(f".store: {{url: '{request.getfixturevalue('postgresql_url')()}'}}")
    made = Visitor(line)
    await made.start()
    yield made
    await made.close()
    await made.run(line.close)


def finished(visitor: Visitor) -> dict[str, str]:
    with visitor.line.store.read() as connection:
        query = sa.select(deliveries.c.address, deliveries.c.state).where(deliveries.c.recipient != "")
        return dict(connection.execute(query).all())


@pytest.mark.timeout(180)
async def test_whoever_leaves_gets_nothing_more_once_they_are_answered(
    pages: Visitor, postbox: Callable[..., Awaitable[Postbox]]
) -> None:
    """Half of them leave at the very moment at which their email comes: it is taken before they are answered, or never."""
    server = await postbox()
    line = pages.line
    line.config = line.config.replace("maildir: mail", f"host: 127.0.0.1, port: {server.port}, tls: none")
    line.configure()
    await pages.restart()
    links = await pages.run(enqueue, pages)
    at_the_door, others = dict(list(links.items())[::2]), list(links.items())[1::2]
    got_at_answer: dict[str, bool] = {}
    leaving: list[asyncio.Task[None]] = []

    async def leave(address: str, path: str) -> None:
        answer = await pages.post(path, data="List-Unsubscribe=One-Click")
        assert answer.status == 200
        got_at_answer[address] = address in server.recipients

    def announced(address: str) -> None:
        if path := at_the_door.pop(address, ""):
            leaving.append(asyncio.create_task(leave(address, path)))

    server.announced = announced
    run = asyncio.create_task(pipeline.deliver_due(line.newsroom, line.store, line.clock))
    while not run.done() and not server.taken:
        await asyncio.sleep(0.01)
    for some in [others[start : start + 5] for start in range(0, len(others), 5)]:
        await asyncio.gather(*(leave(*one) for one in some))
    assert not run.done() and list(got_at_answer.values()).count(False) >= LEAVING // 4, (
        "they leave while it is on its way"
    )
    await run
    await asyncio.gather(*leaving)
    spared = {address for address, got in got_at_answer.items() if not got}
    states = await pages.run(finished, pages)
    assert len(got_at_answer) == LEAVING and {states[address] for address in spared} == {"suppressed"}
    assert sorted(server.recipients) == sorted(set(states) - spared)
