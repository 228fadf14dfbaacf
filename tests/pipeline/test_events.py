"""Events for other programs: each told once to each channel that wants it, signed, whichever process has caused it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp import web

from distributor import pipeline
from distributor.bounces import suppressions
from distributor.channel import EventType
from distributor.delivery import channel_state, outbox
from distributor.model import Bounce, BounceType, Frequency, Subscriber
from distributor.pipeline import leaving, preferences
from distributor.pipeline.leaving import LeaveRequest
from distributor.pipeline.outbox import OutboxReport
from distributor.storage.tables import bounces
from distributor.storage.web_tables import outbox as outbox_table
from distributor.subscribers import repository
from distributor.subscribers.preferences import Preferences
from support.clocked_newsroom import Line
from support.misbehaving_server import TOKEN
from support.social_networks import FakeReceiver
from support.told_events import happened, listen

LAN = "lan@example.com"


@pytest.fixture
def hook(line: Line, receiver: FakeReceiver) -> Line:
    want(line, receiver, "confirmed, left, bounced, edition.frozen, edition.held, edition.sent, channel.broken")
    return line


def want(line: Line, receiver: FakeReceiver, events: str) -> None:
    channel = (
        f"{{type: webhook, url: '{receiver.url}/hook', secret: '{TOKEN}', allow_private: true, events: [{events}]}}"
    )
    line.config = line.config.replace("channels:\n  mail:", f"channels:\n  app: {channel}\n  mail:")
    line._newsroom = None


def happen(line: Line, type: EventType, key: str = "1", **data: Any) -> int:
    with line.store.write() as connection:
        return pipeline.enqueue_event(line.newsroom, connection, type, line.now, data, key)


async def send(line: Line) -> OutboxReport:
    return await pipeline.send_outbox(line.newsroom, line.store, line.clock, asyncio.Event())


def told(receiver: FakeReceiver) -> list[tuple[str, dict[str, Any]]]:
    return [(message["type"], message["data"]) for message in receiver.acted.values()]


async def test_an_event_is_told_once_with_a_signature_to_whoever_wants_it(hook: Line, receiver: FakeReceiver) -> None:
    def both() -> list[int]:
        happening = {"address": "lan@example.com", "newsletter": "tin-sang"}
        return [happen(hook, EventType.CONFIRMED, **happening) for _ in range(2)]

    assert await asyncio.to_thread(both) == [1, 0]
    assert await asyncio.to_thread(happen, hook, EventType.SUBSCRIBED) == 0, "nobody wants to know"
    assert (await send(hook)).sent("app") == 1
    assert told(receiver) == [("confirmed", {"address": "lan@example.com", "newsletter": "tin-sang"})]
    assert (await send(hook)).counts == {}


async def test_every_attempt_has_the_same_id(hook: Line, receiver: FakeReceiver) -> None:
    receiver.answers = [web.Response(status=503), web.Response(status=502)]
    await asyncio.to_thread(happen, hook, EventType.LEFT, address="lan@example.com")
    for _ in range(3):
        await send(hook)
        hook.now += timedelta(hours=1)
    assert len(receiver.acted) == 1
    with hook.store.read() as connection:
        (row,) = outbox.iterate_latest(connection)
    assert (row.state, row.attempts) == ("sent", 3)


async def test_what_the_store_shows_is_told_once_whoever_has_done_it(hook: Line, receiver: FakeReceiver) -> None:
    def live() -> None:
        hook.subscribe("lan")
        hook.arrives("a")
        hook.day()
        with hook.store.write() as connection:
            bounce = Bounce(address="lan@example.com", type=BounceType.HARD, at=hook.now, text="550 no", via="smtp")
            suppressions.record_bounces(connection, [bounce], hook.now)
            channel_state.record_fault(connection, "mail", "cannot be reached", hook.now)

    await asyncio.to_thread(live)
    await send(hook)
    await send(hook)
    found = dict(told(receiver))
    assert sorted(found) == ["bounced", "channel.broken", "edition.frozen", "edition.sent"]
    assert len(told(receiver)) == 4
    assert found["edition.frozen"]["newsletter"] == "tin-sang"
    assert found["edition.sent"]["deliveries"]["mail"] == {"sent": 1}
    assert (found["bounced"]["address"], found["bounced"]["type"]) == ("lan@example.com", "hard")
    assert found["channel.broken"] == {"channel": "mail", "reason": "cannot be reached"}


async def test_a_bounce_is_told_though_the_one_before_was_forgiven(hook: Line, receiver: FakeReceiver) -> None:
    """Events are told once by the number of the bounce, so no other bounce may have it."""

    def bounced(name: str) -> None:
        with hook.store.write() as connection:
            bounce = Bounce(address=f"{name}@example.com", type=BounceType.HARD, at=hook.now, text="550 no", via="smtp")
            suppressions.record_bounces(connection, [bounce], hook.now)

    def forgive() -> None:
        with hook.store.write() as connection:
            connection.execute(sa.delete(bounces))

    for name in ("lan", "mai"):
        await asyncio.to_thread(bounced, name)
        await send(hook)
        await asyncio.to_thread(forgive)
    assert [data["address"] for _, data in told(receiver)] == ["lan@example.com", "mai@example.com"]


async def test_a_held_draft_is_told_with_its_reason(hook: Line, receiver: FakeReceiver) -> None:
    hook.configure("review: {reviewers: [bt@bacson.example], before: 30m}")

    def live() -> str:
        hook.subscribe("lan")
        hook.arrives("a")
        hook.at("06:45")
        (made,) = hook.answer().made
        assert made.edition is not None
        pipeline.hold(hook.store, made.edition.id, "Lan", hook.now, "chờ ảnh")
        return made.edition.id

    edition = await asyncio.to_thread(live)
    await send(hook)
    found = dict(told(receiver))
    assert (found["edition.held"]["edition"], found["edition.held"]["reason"]) == (edition, "chờ ảnh")
    assert "edition.sent" not in found


async def test_in_test_mode_events_stay_in_a_folder(hook: Line, receiver: FakeReceiver) -> None:
    hook.configure(".test_mode: {to: thu@bacson.example}")
    await asyncio.to_thread(happen, hook, EventType.LEFT, address="lan@example.com")
    await send(hook)
    assert not receiver.acted
    (file,) = (hook.folder / "var" / "test" / "app").iterdir()
    assert b'"type":"left"' in file.read_bytes()


# -- what subscribers do -------------------------------------------------------------------------------------------------


def subscribed(line: Line) -> Subscriber:
    listen(line)
    line.subscribe("lan")
    with line.store.read() as connection:
        person = repository.find(connection, LAN)
    assert person
    return person


def choose(line: Line, person: Subscriber, *newsletters: str, frequency: Frequency = Frequency.EACH) -> None:
    wish = Preferences(newsletters=newsletters, language=person.language, name=person.name, frequency=frequency)
    with line.store.write() as connection:
        preferences.save_preferences(line.newsroom, connection, person.id, wish, "Tôi đồng ý", line.now)


def test_leaving_is_told_once_and_undoing_it_is_joining_again(line: Line) -> None:
    person = subscribed(line)
    with line.store.write() as connection:
        for newsletter in ("tin-sang", "tin-sang", ""):
            wish = LeaveRequest(subscriber=person.id, newsletter=newsletter, received_at=line.now)
            leaving.leave_all(line.newsroom, connection, [wish], line.now)
        for _ in range(2):
            standing = leaving.find_standing(connection, person.id, "tin-sang", line.now)
            assert standing
            leaving.undo_leaving(line.newsroom, connection, standing, line.now)
    assert happened(line) == [("left", LAN, "tin-sang", "link"), ("subscribed", LAN, "tin-sang", "link")]


def test_preferences_tell_what_has_changed_and_nothing_else(line: Line) -> None:
    person = subscribed(line)
    choose(line, person, "tin-sang")
    assert happened(line) == []
    choose(line, person)
    choose(line, person, "tin-sang")
    choose(line, person, "tin-sang", frequency=Frequency.DAILY)
    assert happened(line) == [
        ("left", LAN, "tin-sang", "link"), ("subscribed", LAN, "tin-sang", "link"), ("changed", LAN, "", "")
    ]  # fmt: skip


def test_an_erasure_is_told_by_the_id_and_what_waits_with_the_address_is_deleted(line: Line) -> None:
    person = subscribed(line)
    choose(line, person, "tin-sang", frequency=Frequency.DAILY)
    with line.store.write() as connection:
        preferences.erase_subscriber(line.newsroom, connection, person, line.now, via="link")
        bodies = connection.execute(sa.select(outbox_table.c.body)).scalars().all()
    assert happened(line) == [("left", "", "", "erased")]
    assert [person.id.encode() in body for body in bodies] == [True]
    assert not any(LAN.encode() in body for body in bodies)
