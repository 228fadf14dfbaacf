"""Slots, drafts and letters do not wait for sources: what others do with our requests costs only their own news."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from distributor import gather_loop, pipeline, service
from distributor.gathering import source_reader
from distributor.isolated_child import ChildLimits
from distributor.newsroom import Newsroom, open_newsroom
from distributor.service import Service
from distributor.storage.database import Database
from distributor.storage.tables import articles, editions
from distributor.workers import FaultLog
from support.newsroom import Room

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>Tin</title><item><title>Tin từ nguồn tốt</title>
<link>https://bacson.example/tot</link><guid>tot</guid><description>Tóm tắt.</description></item></channel></rss>"""


@pytest.fixture
def read_room(room: Room) -> Room:
    """A newsroom whose articles are in the store already: a busy machine could not read them before the slot."""
    room.good("gather")
    return room


async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.1)


async def never_ends(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)
        await writer.drain()


async def is_good(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    body = FEED.encode()
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)
    await writer.drain()


@contextlib.asynccontextmanager
async def serving(*handlers: Handler) -> AsyncIterator[list[str]]:
    """Servers on this machine that do what they like with whoever asks; their addresses."""
    tasks: set[asyncio.Task[None]] = set()

    async def answer(handler: Handler, incoming: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await handler(incoming, writer)
        writer.transport.abort()

    def started(handler: Handler) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
        return lambda incoming, writer: tasks.add(asyncio.create_task(answer(handler, incoming, writer)))

    servers = [await asyncio.start_server(started(handler), "127.0.0.1", 0) for handler in handlers]
    yield [f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/rss" for server in servers]
    for server in servers:
        server.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks)
    await asyncio.sleep(0)  # for what was aborted to be closed


class SetClock:
    """A clock that stands some seconds before a full minute when it is made, and goes on from there."""

    def __init__(self, before: float) -> None:
        now = datetime.now(UTC)
        self.slot = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
        self.off = self.slot - timedelta(seconds=before) - now

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.off


def with_sources(room: Room, urls: list[str]) -> Newsroom:
    lines = [f"  nguon-{n}: {{type: feed, url: '{url}', allow_private: true}}" for n, url in enumerate(urls)]
    room.configure(("sources:\n", "sources:\n" + "\n".join(lines) + "\n"))
    return open_newsroom(room.folder / "config.yaml")


@contextlib.asynccontextmanager
async def running(newsroom: Newsroom, store: Database, clock: Callable[[], datetime]) -> AsyncIterator[Service]:
    stop = asyncio.Event()
    made = Service(newsroom, store, clock, stop)
    task = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        stop.set()
        async with asyncio.timeout(60):
            await task


async def until(what: Callable[[], bool], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not what():
            await asyncio.sleep(0.05)


def frozen(store: Database) -> list[datetime]:
    with store.read() as connection:
        return list(connection.execute(sa.select(editions.c.frozen_at).order_by(editions.c.frozen_at)).scalars())


def sources_with_articles(store: Database) -> set[str]:
    with store.read() as connection:
        return set(connection.execute(sa.select(articles.c.source)).scalars())


async def test_a_slot_is_answered_in_time_while_sources_drip_and_never_end(read_room: Room) -> None:
    room = read_room
    async with serving(*[drips] * 6, never_ends, is_good) as urls:
        newsroom = with_sources(room, urls)
        clock = SetClock(before=8)
        store = room.store()
        async with running(newsroom, store, clock):
            await until(lambda: bool(frozen(store)))
            late = (frozen(store)[0] - clock.slot).total_seconds()
            assert 0 <= late < 20, (
                "it is well under a second but on a busy machine; who waited for sources was 158 seconds late"
            )
            await until(lambda: sources_with_articles(store) == {"bai-viet", "nguon-7"})
        store.close()


async def test_sigterm_is_not_kept_waiting_by_a_look(room: Room) -> None:
    async with serving(drips, never_ends) as urls:
        newsroom = with_sources(room, urls)
        store = room.store()
        async with running(newsroom, store, SetClock(before=30)):
            await until(lambda: sources_with_articles(store) == {"bai-viet"})
            stopped = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - stopped < 5
        store.close()


STUCK = '''\
"""Computes for ever."""

import re
from dataclasses import dataclass

from distributor.source import Source


@dataclass(frozen=True, kw_only=True)
class Stuck(Source):
    async def gather(self, fetcher, now):
        re.fullmatch(r"(a+)+b", "a" * 60)
'''


async def test_a_source_that_computes_for_ever_has_a_fault_and_all_else_goes_on(
    read_room: Room, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    room = read_room
    monkeypatch.setattr(source_reader, "_GATHER_LIMITS", ChildLimits(seconds=2.0))
    (room.folder / "sources").mkdir()
    (room.folder / "sources" / "stuck.py").write_text(STUCK, encoding="utf-8")
    room.configure(("sources:\n", "sources:\n  mac-ket: {type: stuck, every: 1s}\n"))
    newsroom = open_newsroom(room.folder / "config.yaml")
    store = room.store()
    with caplog.at_level(logging.INFO):
        async with running(newsroom, store, SetClock(before=8)):
            await until(lambda: bool(frozen(store)))
            await until(lambda: "mac-ket" in caplog.text)
            await asyncio.sleep(4)  # looked at again meanwhile
    told = [record.getMessage() for record in caplog.records if "mac-ket" in record.getMessage()]
    assert told == ["source mac-ket: took longer than 2 s to read"]
    store.close()


async def test_before_an_edition_its_sources_are_looked_at_once_more(room: Room) -> None:
    """An article that came a minute ago is in it, though the source is due only in a quarter of an hour."""
    newsroom = open_newsroom(room.folder / "config.yaml")
    store = room.store()
    gathering = gather_loop.GatherLoop(newsroom, store, lambda: now, FaultLog())
    now = datetime(2026, 11, 23, 6, 50, tzinfo=UTC)

    def is_stored(title: str) -> bool:
        with store.read() as connection:
            return title in set(connection.execute(sa.select(articles.c.title)).scalars())

    gathering.start_due(now)
    await gathering.wait(asyncio.Event(), 60)
    room.write("ba", "Tin mới của một phút trước", date="2026-11-23 13:58")
    now += timedelta(minutes=9)
    gathering.start_due(now)
    await gathering.wait(asyncio.Event(), 60)
    assert not is_stored("Tin mới của một phút trước")
    gathering.start_due(now, [pipeline.UpcomingEvent(now + timedelta(minutes=1), "tin-sang")])
    await gathering.wait(asyncio.Event(), 60)
    assert is_stored("Tin mới của một phút trước")
    store.close()


async def test_what_passed_while_nobody_served_waits_for_a_first_look(room: Room) -> None:
    room.watched_since(timedelta(minutes=5))
    newsroom = open_newsroom(room.folder / "config.yaml")
    store = room.store()
    async with running(newsroom, store, lambda: datetime.now(UTC)):
        await until(lambda: bool(frozen(store)))
    with store.read() as connection:
        (carried,) = connection.execute(sa.select(editions.c.content)).scalars().all()[:1]
    assert "Khởi công" in str(carried)
    store.close()


async def test_what_is_late_makes_the_next_slot_no_later(room: Room) -> None:
    clock = SetClock(before=8)
    room.watched_since(timedelta(minutes=5))
    async with serving(drips) as urls:
        newsroom = with_sources(room, urls)
        store = room.store()
        async with running(newsroom, store, clock):
            await until(lambda: bool(frozen(store)))
        late = (frozen(store)[0] - clock.slot).total_seconds()
        store.close()
    assert -8 <= late < service.CATCH_UP_LIMIT.total_seconds() - 8, (
        "it waited for the first look as long as ever it could"
    )


async def test_the_next_look_at_the_clock_comes_when_something_is_due(
    room: Room, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A tick is five seconds; nobody waits that long for a slot that is known to come."""
    newsroom = open_newsroom(room.folder / "config.yaml")
    store = room.store()
    now = datetime(2026, 11, 23, 6, 59, 58, tzinfo=UTC)
    made = Service(newsroom, store, lambda: now, asyncio.Event(), tick=5.0)
    await made._start_preparations()
    made._answered = now
    assert made._seconds_to_next_tick() == pytest.approx(2.0 + service._JUST_AFTER)
    now += timedelta(seconds=2)
    made._answered = now
    assert made._seconds_to_next_tick() == 5.0
    made.worker.close()
    await made.steps.close()
    store.close()


async def test_a_clock_that_jumps_beyond_what_was_coming_does_not_make_the_service_run_in_circles(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    newsroom = open_newsroom(room.folder / "config.yaml")
    store = room.store()
    stop = asyncio.Event()
    looks = 0

    async def wrong() -> bool:
        nonlocal looks
        looks += 1
        return looks > 2  # right before the loop, and once in it

    made = Service(newsroom, store, lambda: datetime.now(UTC) + timedelta(days=looks), stop, tick=0.2)
    monkeypatch.setattr(made.worker, "clock_is_wrong", wrong)
    monkeypatch.setattr(made.worker, "run", stop.wait)
    running = asyncio.create_task(made.run())
    await until(lambda: looks > 2)
    await asyncio.sleep(1)
    stop.set()
    await running
    assert looks < 20
    made.worker.close()
    store.close()
