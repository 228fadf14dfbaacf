"""The queue: tasks asked for, listed, and forgotten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

# What tasks are about; each has a queue of its own name.
MAIL = "mail"  # a shard of emails: edition, shard, channel
POSTS = "posts"  # the posts of a channel: channel
EDITIONS = "editions"  # slots, drafts and alerts that are due
GATHER = "gather"  # a source: source
BOUNCES = "bounces"  # a mailbox: mailbox
PAGES = "pages"  # what channels show of the store as a whole
QUEUES = (MAIL, POSTS, EDITIONS, GATHER, BOUNCES, PAGES)

URGENT, USUAL, AGAIN = 20, 10, 0  # what is taken first: alerts, what was never tried, what only has to try again
STALLED = timedelta(seconds=30)  # after which a worker without a sign of life counts as dead
# The advisory locks of those who ask again, and of those who tick.
ASKING, TICKING = 0x6469737472696A, 0x6469737472696B
_BATCH = 1000  # tasks that are asked for by one statement

Arguments = Mapping[str, str | int]


_jobs = sa.table("procrastinate_jobs", sa.column("queue_name"), sa.column("status"), sa.column("args", sa.JSON))
_IS_OPEN = _jobs.c.status.in_([sa.literal_column("'todo'"), sa.literal_column("'doing'")])


def exists(connection: Connection) -> bool:
    """Whether work in this store is handed out by tasks."""
    return connection.dialect.name == "postgresql"


def ask(connection: Connection, queue: str, tasks: Sequence[Arguments], priority: int = USUAL) -> None:
    """Ask for work in the transaction that makes it. Does nothing for a store that has no queue."""
    if not exists(connection) or not tasks:
        return
    from .engine import sync_app

    raw = connection.connection.driver_connection
    deferrer = sync_app().configure_task(queue, queue=queue, priority=priority, connection=raw)
    for start in range(0, len(tasks), _BATCH):
        batch: list[dict[str, Any]] = [dict(one) for one in tasks[start : start + _BATCH]]
        deferrer.batch_defer(*batch)


def list_open(connection: Connection, queue: str) -> list[dict[str, Any]]:
    """The arguments of all tasks of a queue that wait, or are being worked on. None where there is no queue."""
    if not exists(connection):
        return []
    return list(connection.execute(sa.select(_jobs.c.args).where(_jobs.c.queue_name == queue, _IS_OPEN)).scalars())


def is_open(queue: str, **arguments: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether a task waits, or is being worked on, that has these columns of a question around it as arguments."""
    same = [_jobs.c.args[name].as_string() == sa.cast(column, sa.Text) for name, column in arguments.items()]
    return sa.select(sa.literal(1)).select_from(_jobs).where(_jobs.c.queue_name == queue, _IS_OPEN, *same).exists()


def is_waiting(connection: Connection, queue: str, **arguments: str | int) -> bool:
    """Whether somebody is asked for this and has not begun. Who has begun may have looked before there was anything new."""
    same = [_jobs.c.args[name].as_string() == str(value) for name, value in arguments.items()]
    waiting = _jobs.c.status == sa.literal_column("'todo'")
    query = sa.select(sa.literal(1)).select_from(_jobs).where(_jobs.c.queue_name == queue, waiting, *same)
    return connection.execute(query.limit(1)).first() is not None


def take_turn(connection: Connection, what: int = ASKING) -> bool:
    """Whether nobody else asks just now, until this transaction ends: two who did would ask for the same twice."""
    return bool(connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(what))).scalar())


def forget_stalled(connection: Connection, after: timedelta = STALLED) -> int:
    """Delete the tasks of workers that have shown no sign of life, and what the engine has kept although it has ended;
    returns how many of the first there were. What they were about is in the store, and is asked for again."""
    if not exists(connection):
        return 0
    stalled = connection.execute(
        sa.text(
            "DELETE FROM procrastinate_jobs WHERE status = 'doing' AND NOT EXISTS (SELECT FROM procrastinate_workers AS w"
            " WHERE w.id = worker_id AND w.last_heartbeat > clock_timestamp() - :after)"
        ),
        {"after": after},
    ).rowcount
    connection.execute(sa.text("DELETE FROM procrastinate_jobs WHERE status NOT IN ('todo', 'doing')"))
    connection.execute(
        sa.text("DELETE FROM procrastinate_workers WHERE last_heartbeat < clock_timestamp() - :long"),
        {"long": timedelta(hours=1)},
    )
    return stalled


@dataclass(frozen=True, slots=True)
class QueueLength:
    """How many tasks of a queue wait, how many are being worked on."""

    queue: str
    waiting: int
    running: int


def queue_lengths(connection: Connection) -> list[QueueLength]:
    """All queues, in order; empty where there is none."""
    if not exists(connection):
        return []
    query = sa.text(
        "SELECT queue_name, count(*) FILTER (WHERE status = 'todo'), count(*) FILTER (WHERE status = 'doing')"
        " FROM procrastinate_jobs GROUP BY queue_name"
    )
    found = {name: (waiting, running) for name, waiting, running in connection.execute(query)}
    return [QueueLength(queue, *found.get(queue, (0, 0))) for queue in QUEUES]
