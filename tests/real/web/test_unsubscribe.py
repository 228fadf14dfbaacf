"""Whoever leaves while an edition is being sent gets nothing more, not even from the run that is on its way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
import sqlalchemy as sa

from distributor import pipeline
from distributor.storage.tables import deliveries
from distributor.subscribers import subscribe
from distributor.subscribers.requests import parse_request
from distributor.subscribers.tokens import Claim, Purpose, sign
from support.smtp_servers import Postbox
from support.web_client import Visitor

SUBSCRIBERS, LEAVING = 2_000, 50


def enqueue(visitor: Visitor) -> dict[str, str]:
    """An edition for all of them, enqueued; returns the links of some, by subscriber id."""
    line = visitor.line
    wanted = [
        parse_request(f"s{number}@example.com", ["tin-sang"], known=["tin-sang"]) for number in range(SUBSCRIBERS)
    ]
    keys = line.newsroom.secrets()
    with line.store.write() as connection:
        made = subscribe.add_all(connection, wanted, line.now, keys=keys)
    line.arrives("a")
    line.at("07:00")
    line.answer()
    chosen = [one.subscriber.id for one in made[:: SUBSCRIBERS // LEAVING] if one.subscriber]
    return {id: f"/u/{sign(keys[0], Claim(Purpose.UNSUBSCRIBE, id, 'tin-sang'))}" for id in chosen}


def states(visitor: Visitor, only: str = "") -> dict[str, str]:
    with visitor.line.store.read() as connection:
        query = sa.select(deliveries.c.recipient, deliveries.c.state)
        query = query.where(deliveries.c.recipient == only if only else deliveries.c.recipient != "")
        return dict(connection.execute(query).all())


def has_begun(visitor: Visitor) -> bool:
    with visitor.line.store.read() as connection:
        return (
            connection.execute(sa.select(deliveries.c.id).where(deliveries.c.state == "sent").limit(1)).first()
            is not None
        )


@pytest.mark.timeout(180)
async def test_nothing_is_marked_for_whoever_has_been_answered(
    visitor: Visitor, postbox: Callable[..., Awaitable[Postbox]]
) -> None:
    server = await postbox()
    line = visitor.line
    line.config = line.config.replace("maildir: mail", f"host: 127.0.0.1, port: {server.port}, tls: none")
    line.configure()
    await visitor.restart()
    links = await visitor.run(enqueue, visitor)
    run = asyncio.create_task(pipeline.deliver_due(visitor.line.newsroom, visitor.line.store, visitor.line.clock))
    while not run.done() and not await visitor.run(has_begun, visitor):
        await asyncio.sleep(0.05)
    at_answer: dict[str, str] = {}

    async def leave(id: str, path: str) -> None:
        nonlocal at_answer
        answer = await visitor.post(path, data="List-Unsubscribe=One-Click")
        assert answer.status == 200
        at_answer |= await visitor.run(states, visitor, id)

    for some in [list(links.items())[start : start + 10] for start in range(0, LEAVING, 10)]:
        await asyncio.gather(*(leave(*one) for one in some))
    still_going = not run.done()
    await run
    finally_ = await visitor.run(states, visitor)
    waiting = [id for id, state in at_answer.items() if state in ("pending", "suppressed")]
    assert still_going and len(waiting) >= LEAVING // 3, "they have to leave while it is on its way"
    assert {finally_[id] for id in waiting} == {"suppressed"}
    assert sum(state == "sent" for state in finally_.values()) == SUBSCRIBERS - len(waiting)
    assert len(server.recipients) == SUBSCRIBERS - len(waiting)
