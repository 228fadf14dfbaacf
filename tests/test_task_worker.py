"""Processes that work on tasks: whatever becomes of the tasks, everything is sent, and once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from distributor import pipeline
from distributor.clock import Clock
from distributor.delivery.message_worker import LedgerMessageQueue
from distributor.errors import StoreBusy
from distributor.gather_loop import GatherLoop
from distributor.model import DeliveryState
from distributor.service import Service
from distributor.storage.running_config import load
from distributor.task_worker import TaskWorker
from distributor.tasks import queue
from support.clocked_newsroom import Line
from support.ledger import states

S = DeliveryState


@pytest.fixture
def fleet(tmp_path: Path, postgresql_url: Callable[[], str]) -> Iterator[Line]:
    """A newsroom on PostgreSQL with an edition that waits for its workers: two emails, a post, and three files of feeds."""
    made = Line(tmp_path, now=datetime.now(UTC))
    made.configure(f".store: {{url: '{postgresql_url()}'}}", ".instance: fleet")
    for name in ("an", "binh"):
        made.subscribe(name)
    made.arrives("a")
    made.at("07:00")
    yield made
    made.close()


def answer(line: Line) -> None:
    assert line.answer().made


@asynccontextmanager
async def working(line: Line, *queues: str, tick: float = 30) -> AsyncIterator[TaskWorker]:
    stop = asyncio.Event()
    worker = TaskWorker(
        line.newsroom, line.store, line.clock, stop, tick=tick, queues=queues or (queue.MAIL, queue.POSTS)
    )
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)


async def all_sent(line: Line, number: int, seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while (await asyncio.to_thread(states, line.store)).get(S.SENT, 0) < number:
            await asyncio.sleep(0.05)


def empty_queue(line: Line) -> None:
    with line.store.write() as connection:
        connection.execute(sa.text("TRUNCATE procrastinate_jobs CASCADE"))


async def test_what_an_edition_owes_is_sent_as_soon_as_it_is_out(fleet: Line) -> None:
    async with working(fleet):
        await asyncio.sleep(0.5)  # it waits for tasks, and looks into the ledger by itself only in half a minute
        await asyncio.to_thread(answer, fleet)
        await all_sent(fleet, 6)
    assert fleet.read("an") == [["a"]]
    assert len(fleet.posts()) == 1


async def test_the_last_round_ends_before_the_process_does(
    fleet: Line, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All its tasks have ended, so that the engine waits for none; but it has still to write down what it has done."""
    finish, finished = LedgerMessageQueue.finish, asyncio.Event()

    async def finish_slowly(messages: LedgerMessageQueue) -> None:
        await finish(messages)
        finished.set()
        await messages.rules.stop.wait()
        await asyncio.sleep(0.5)

    monkeypatch.setattr(LedgerMessageQueue, "finish", finish_slowly)
    await asyncio.to_thread(answer, fleet)
    async with working(fleet, queue.MAIL) as worker:
        await asyncio.wait_for(finished.wait(), 15)
    last = worker._rounds["mail"]._round
    assert last
    assert last.done()
    assert not [one for one in caplog.records if one.levelname == "ERROR"]


async def test_a_queue_that_is_emptied_by_hand_loses_nothing(fleet: Line) -> None:
    await asyncio.to_thread(answer, fleet)
    await asyncio.to_thread(empty_queue, fleet)
    async with working(fleet, tick=0.2):
        await all_sent(fleet, 6)
    assert fleet.read("an") == fleet.read("binh") == [["a"]]


async def test_a_worker_leaves_alone_what_it_is_not_for(fleet: Line) -> None:
    await asyncio.to_thread(answer, fleet)
    async with working(fleet, queue.MAIL):
        await all_sent(fleet, 2)
    assert fleet.posts() == {}
    with fleet.store.read() as connection:
        assert {one["channel"] for one in queue.list_open(connection, queue.POSTS)} == {"feeds", "posts"}


async def test_a_task_for_a_channel_that_is_gone_ends(fleet: Line) -> None:
    def ask() -> None:
        with fleet.store.write() as connection:
            queue.ask(connection, queue.MAIL, [{"edition": "e", "shard": 0, "channel": "gone", "urgent": 0}])
            queue.ask(connection, queue.POSTS, [{"channel": "gone"}])

    await asyncio.to_thread(ask)
    async with working(fleet):
        async with asyncio.timeout(15):
            while await asyncio.to_thread(waiting, fleet):
                await asyncio.sleep(0.05)


def waiting(line: Line) -> int:
    with line.store.read() as connection:
        return sum(one.waiting + one.running for one in queue.queue_lengths(connection))


async def test_no_task_is_worked_on_while_the_clock_cannot_be_believed(fleet: Line) -> None:
    """It ends, and is asked for again when the clock is right."""
    async with working(fleet) as worker:
        fleet.now += timedelta(hours=2)
        await worker._deliver_shard("tin-sang-1", 0, "mail")
        assert not worker._rounds
        fleet.now -= timedelta(hours=2)
        await asyncio.to_thread(answer, fleet)
        await all_sent(fleet, 6)


async def test_a_host_with_another_configuration_leaves_all_tasks_to_the_others(
    fleet: Line, caplog: pytest.LogCaptureFixture
) -> None:
    await asyncio.to_thread(pipeline.announce, fleet.store, "0" * 64, fleet.now)
    await asyncio.to_thread(answer, fleet)
    async with working(fleet, tick=0.1):
        async with asyncio.timeout(10):
            while "nothing is sent from here until they are the same on all hosts" not in caplog.text:
                await asyncio.sleep(0.05)
        assert await asyncio.to_thread(waiting, fleet) == 3
        fingerprint = await asyncio.to_thread(pipeline.compute_fingerprint, fleet.newsroom)
        await asyncio.to_thread(pipeline.announce, fleet.store, fingerprint, fleet.now)
        await all_sent(fleet, 6)
    assert caplog.text.count("nothing is sent from here") == 1


async def nothing(*_: object, **__: object) -> list[str]:
    return []


async def test_a_service_hands_out_its_work_by_tasks(fleet: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own process takes them, and any other one may."""
    done: set[str] = set()
    monkeypatch.setattr(GatherLoop, "start_due", lambda *_, **__: done.add("gathered"))

    async def refreshed(_: GatherLoop) -> None:
        done.add("refreshed")

    monkeypatch.setattr(GatherLoop, "refresh_here", refreshed)

    monkeypatch.setattr(pipeline, "prepare_due", nothing)  # which rechecks in child processes
    stop = asyncio.Event()
    service = Service(fleet.newsroom, fleet.store, fleet.clock, stop, tick=0.2)
    running = asyncio.create_task(service.run())
    try:
        await all_sent(fleet, 6)
        async with asyncio.timeout(15):
            while done != {"gathered", "refreshed"}:
                await asyncio.sleep(0.05)
    finally:
        stop.set()
        await asyncio.wait_for(running, 40)
    assert fleet.read("an") == [["a"]]
    with fleet.store.read() as connection:
        known = load(connection)
    assert known
    assert known.fingerprint == pipeline.compute_fingerprint(fleet.newsroom)


async def test_a_configuration_that_could_not_be_announced_at_the_start_is_announced_later(
    fleet: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store was busy just then; the newsroom would stand still until somebody starts the service again."""
    await asyncio.to_thread(pipeline.announce, fleet.store, "0" * 64, fleet.now)
    announce, tried = pipeline.announce, []

    def busy_at_first(*args: Any) -> None:
        tried.append(args)
        if len(tried) == 1:
            raise StoreBusy("store: is locked by another process")
        announce(*args)

    monkeypatch.setattr(pipeline, "announce", busy_at_first)
    service = Service(fleet.newsroom, fleet.store, fleet.clock, asyncio.Event())
    assert isinstance(service.worker, TaskWorker)
    service.worker.fingerprint = "of a newsroom that had no key yet"
    monkeypatch.setattr(service, "_start_preparations", nothing)
    for _ in range(3):
        await service.run_once()
    service.stop.set()
    await service.steps.close()
    service.worker.close()
    fingerprint = await asyncio.to_thread(pipeline.compute_fingerprint, fleet.newsroom)
    assert await asyncio.to_thread(pipeline.find_difference, fleet.store, fingerprint) == ""
    assert service.worker.fingerprint == fingerprint
    assert len(tried) == 2


async def test_a_worker_goes_on_looking_after_a_look_that_failed(
    fleet: Line, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    find, failed = pipeline.find_difference, []

    def fail_at_first(*given: Any) -> str:
        failed.append(given)
        if len(failed) < 3:
            raise RuntimeError("can't start new thread")
        return find(*given)

    monkeypatch.setattr(pipeline, "find_difference", fail_at_first)
    await asyncio.to_thread(answer, fleet)
    async with working(fleet, tick=0.05):
        await all_sent(fleet, 6)
    assert caplog.text.count("looking for work failed: RuntimeError: can't start new thread") == 1


async def test_a_task_that_fails_is_told_once(
    fleet: Line, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The engine tells nobody: feeds of all articles, for instance, would stand still in silence."""
    tried = []

    async def fail() -> None:
        tried.append("pages")
        raise RuntimeError("disk full")

    def ask_again() -> None:
        with fleet.store.write() as connection:
            queue.ask(connection, queue.PAGES, [{}, {}])

    await asyncio.to_thread(ask_again)
    async with working(fleet, queue.PAGES) as worker:
        worker.add_handlers({queue.PAGES: fail})
        async with asyncio.timeout(15):
            while len(tried) < 2:
                await asyncio.sleep(0.02)
        assert "a task of pages" in worker.faults.lasting()
    assert caplog.text.count("a task of pages failed: RuntimeError: disk full") == 1


def test_the_clock_of_the_store_counts_on_every_host(fleet: Line) -> None:
    ahead = Clock(lambda: datetime(2030, 1, 1, tzinfo=UTC))
    ahead.follow(fleet.store.server_time)
    assert ahead().year < 2030
