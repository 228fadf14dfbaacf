"""The queue of tasks: asked for in the transaction that makes the work, and there only with it."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from distributor.storage.database import Database
from distributor.tasks import queue


class Undone(Exception):
    pass


def open_tasks(database: Database, name: str = queue.GATHER) -> list[dict[str, object]]:
    with database.read() as connection:
        return queue.list_open(connection, name)


def run_sql(database: Database, statement: str) -> None:
    with database.write() as connection:
        connection.execute(sa.text(statement))


def test_a_task_is_there_with_the_work_and_only_with_it(database: Database) -> None:
    with database.write() as connection:
        queue.ask(connection, queue.GATHER, [{"source": "cong"}, {"source": "bao"}])
        there = queue.exists(connection)
    try:
        with database.write() as connection:
            queue.ask(connection, queue.GATHER, [{"source": "undone"}])
            raise Undone
    except Undone:
        pass
    with database.write() as connection:
        inner = connection.begin_nested()
        queue.ask(connection, queue.GATHER, [{"source": "undone"}])
        inner.rollback()
    assert open_tasks(database) == ([{"source": "cong"}, {"source": "bao"}] if there else [])


def test_many_are_asked_for_at_once(database: Database) -> None:
    with database.write() as connection:
        queue.ask(connection, queue.MAIL, [{"edition": "e", "shard": number} for number in range(2500)])
        there = queue.exists(connection)
    assert len(open_tasks(database, queue.MAIL)) == (2500 if there else 0)


def test_the_lengths_of_all_queues_are_told(database: Database) -> None:
    with database.write() as connection:
        queue.ask(connection, queue.POSTS, [{"channel": "posts"}])
    with database.read() as connection:
        lengths = {one.queue: (one.waiting, one.running) for one in queue.queue_lengths(connection)}
    if lengths:
        assert list(lengths) == list(queue.QUEUES)
        assert lengths[queue.POSTS] == (1, 0)
        assert lengths[queue.MAIL] == (0, 0)


def test_tasks_of_dead_workers_are_forgotten_and_those_of_living_ones_kept(database: Database) -> None:
    if not database.is_server:
        return
    run_sql(
        database,
        "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now()), (now() - interval '31 seconds')",
    )
    with database.write() as connection:
        queue.ask(connection, queue.GATHER, [{"source": name} for name in ("living", "dead", "nobody", "waiting")])
    for source, worker in (("living", 1), ("dead", 2), ("nobody", None)):
        run_sql(
            database,
            f"UPDATE procrastinate_jobs SET status = 'doing', worker_id = {worker or 'NULL'}"
            f" WHERE args->>'source' = '{source}'",
        )
    with database.write() as connection:
        assert queue.forget_stalled(connection) == 2
    assert sorted(str(one["source"]) for one in open_tasks(database)) == ["living", "waiting"]


def test_what_has_ended_is_not_kept(database: Database) -> None:
    if not database.is_server:
        return
    with database.write() as connection:
        queue.ask(connection, queue.GATHER, [{"source": "failed"}])
    run_sql(database, "UPDATE procrastinate_jobs SET status = 'failed'")
    with database.write() as connection:
        assert queue.forget_stalled(connection, timedelta(seconds=30)) == 0
        assert connection.execute(sa.text("SELECT count(*) FROM procrastinate_jobs")).scalar() == 0


def test_one_at_a_time_asks_again(database: Database) -> None:
    if not database.is_server:
        return
    with database.write(alone=False) as first, database.write(alone=False) as second:
        assert queue.take_turn(first)
        assert not queue.take_turn(second)
    with database.write(alone=False) as later:
        assert queue.take_turn(later)
