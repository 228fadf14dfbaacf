"""Tasks are handed to their handlers, whatever becomes of the database meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from distributor.storage.database import Database
from distributor.tasks import queue, runner
from distributor.tasks.runner import Group, TaskRunner
from support.postgresql import Cluster

Seen = list[dict[str, Any]]


@pytest.fixture
def server(postgresql_url: Callable[[], str], tmp_path: Path) -> Any:
    opened = Database.open(postgresql_url(), tmp_path)
    yield opened
    opened.close()


def ask(database: Database, *sources: str) -> None:
    with database.write() as connection:
        queue.ask(connection, queue.GATHER, [{"source": source} for source in sources])


def count(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(sa.text("SELECT count(*) FROM procrastinate_jobs")).scalar_one())


@asynccontextmanager
async def working(
    database: Database, handler: Callable[..., Any], concurrency: int = 2
) -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()
    task = asyncio.create_task(
        TaskRunner(database, {queue.GATHER: handler}, [Group([queue.GATHER], concurrency)], stop).run()
    )
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.wait_for(task, 20)


async def until(condition: Callable[[], bool], seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(condition):
            await asyncio.sleep(0.02)


async def test_a_task_is_handed_out_at_once_and_then_gone(server: Database) -> None:
    seen: Seen = []

    async def handler(**arguments: Any) -> None:
        seen.append(arguments)

    async with working(server, handler):
        await asyncio.to_thread(ask, server, "cong", "bao")
        await until(lambda: len(seen) == 2 and count(server) == 0)
    assert seen == [{"source": "cong"}, {"source": "bao"}]


async def test_a_task_whose_handler_fails_is_gone_too(server: Database) -> None:
    seen: Seen = []

    async def handler(**arguments: Any) -> None:
        seen.append(arguments)
        raise ValueError("a bug")

    async with working(server, handler):
        await asyncio.to_thread(ask, server, "cong")
        await until(lambda: bool(seen) and count(server) == 0)
    assert len(seen) == 1


async def test_what_is_in_hand_comes_to_its_end_when_the_process_stops(server: Database) -> None:
    ended: list[str] = []
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def handler(source: str) -> None:
        begun.set()
        await go_on.wait()
        ended.append(source)

    async with working(server, handler, concurrency=1) as stop:
        await asyncio.to_thread(ask, server, "cong", "bao")
        await begun.wait()
        stop.set()
        await asyncio.sleep(0)
        go_on.set()
    assert ended == ["cong"]
    assert count(server) == 1, "the other one waits for another process"


async def test_a_task_that_was_taken_away_meanwhile_ends_in_silence(
    server: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """Its worker was stopped for so long that it counted as dead, or somebody has emptied the queue."""
    ended: list[str] = []

    def empty() -> None:
        with server.write() as connection:
            connection.execute(sa.text("TRUNCATE procrastinate_jobs CASCADE"))

    async def handler(source: str) -> None:
        await asyncio.to_thread(empty)
        ended.append(source)

    async with working(server, handler):
        await asyncio.to_thread(ask, server, "cong")
        await until(lambda: bool(ended))
        await asyncio.to_thread(ask, server, "bao")
        await until(lambda: len(ended) == 2)
    assert not caplog.records


async def test_a_late_end_leaves_the_task_of_somebody_else_alone(server: Database) -> None:
    """After it was handed out again under the same number."""
    ended: list[str] = []

    def give_away() -> None:
        with server.write() as connection:
            other = "INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id"
            worker = connection.execute(sa.text(other)).scalar()
            connection.execute(sa.text("UPDATE procrastinate_jobs SET worker_id = :worker"), {"worker": worker})

    async def handler(source: str) -> None:
        await asyncio.to_thread(give_away)
        ended.append(source)

    async with working(server, handler):
        await asyncio.to_thread(ask, server, "cong")
        await until(lambda: bool(ended))
    assert count(server) == 1


async def test_work_goes_on_when_the_server_is_back(
    own_cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The engine's own loop ends, with exit code 0, when it cannot reach the server for four seconds."""
    monkeypatch.setattr(runner, "_RESTART_AFTER", 0.2)
    server = Database.open(own_cluster.new_store(), tmp_path)
    seen: Seen = []

    async def handler(**arguments: Any) -> None:
        seen.append(arguments)

    async with working(server, handler):
        await asyncio.to_thread(ask, server, "before")
        await until(lambda: len(seen) == 1)
        await asyncio.to_thread(own_cluster.stop, "immediate")
        await until(lambda: "tasks cannot be fetched" in caplog.text, 30)
        await asyncio.to_thread(own_cluster.start)
        await asyncio.to_thread(ask, server, "after")
        await until(lambda: len(seen) == 2, 30)
    server.close()
    assert caplog.text.count("tasks cannot be fetched") == 1, "it is told once, however often it is tried"
    assert {record.name for record in caplog.records} == {"distributor.tasks"}, "nor does a library tell it"


def test_an_outage_is_told_in_the_words_of_the_driver() -> None:
    """The engine's own error, raised from it, has none."""
    try:
        try:
            raise OSError("connection refused\nIs the server running?")
        except OSError as error:
            raise RuntimeError("Database error.") from error
    except RuntimeError as empty:
        assert runner._in_words(empty) == "OSError: connection refused"
