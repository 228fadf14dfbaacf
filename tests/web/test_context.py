"""Whoever leaves is answered when nothing more leaves for them, whichever way they go."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa

from distributor.model import DeliveryState
from distributor.storage.tables import deliveries, shards
from distributor.subscribers import repository
from distributor.subscribers.tokens import Claim, Purpose, sign
from support.clocked_newsroom import Line
from support.web_client_api import ApiClient

FORM = {"newsletter": "", "frequency": "each", "language": "vi", "name": "Lan"}


def deliver(line: Line) -> tuple[str, bytes]:
    """Lan has an edition. Returns her id, and the key of links."""
    line.subscribe("lan")
    line.arrives("a")
    line.day()
    line.at("12:00")
    with line.store.read() as connection:
        person = repository.find(connection, "lan@example.com")
    assert person
    return person.id, line.newsroom.secret()


def turn(line: Line, state: DeliveryState, owner: str) -> None:
    """As a worker leaves it: its message marked and in the hands of a server, or decided."""
    with line.store.write() as connection:
        connection.execute(sa.update(shards).values(owner=owner))
        connection.execute(sa.update(deliveries).values(state=state))


async def leave(api: ApiClient, way: str, id: str, unsubscribe: str, page: str) -> int:
    """Returns the status of the answer."""
    if way == "one-click":
        return (await api.visitor.post(unsubscribe)).status
    if way == "preferences":
        return (await api.visitor.post(page, data=FORM, allow_redirects=False)).status
    if way == "erasure":
        return (await api.visitor.post(f"{page}/erase")).status
    if way == "API":
        return (await api.post(f"/subscribers/{id}/unsubscribe", {"newsletter": "tin-sang"})).status
    return (await api.ask("DELETE", f"/subscribers/{id}")).status


@pytest.mark.parametrize("way", ["one-click", "preferences", "erasure", "API", "erasure by the API"])
async def test_the_answer_waits_for_the_message_that_is_leaving(api: ApiClient, way: str) -> None:
    visitor = api.visitor
    id, key = await visitor.run(deliver, visitor.line)
    unsubscribe, page = (f"/{kind}/{sign(key, Claim(purpose, id, scope))}" for kind, purpose, scope in (
        ("u", Purpose.UNSUBSCRIBE, "tin-sang"), ("p", Purpose.PREFERENCES, ""),
    ))  # fmt: skip
    await visitor.run(turn, visitor.line, DeliveryState.SENDING, "a worker")
    asked = asyncio.ensure_future(leave(api, way, id, unsubscribe, page))
    await asyncio.sleep(0.5)
    assert not asked.done()
    await visitor.run(turn, visitor.line, DeliveryState.SENT, "")
    assert await asked in (200, 204, 303)
