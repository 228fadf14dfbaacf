"""`distributor worker`: which queues, and on which stores."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from distributor.cli import worker
from distributor.tasks import queue
from support.newsroom import Room


def test_works_on_all_queues_that_there_are() -> None:
    assert worker._QUEUES == queue.QUEUES


@pytest.mark.parametrize("names", ["letters", "", "mail,letters", "all,mail"])
def test_a_queue_that_is_none_is_named(room: Room, names: str) -> None:
    done = room.run("worker", "--queues", names)
    assert done.code == 2
    assert "is no queue; there are mail, posts, editions, gather, bounces, pages" in done.err


def test_a_store_in_a_file_has_no_tasks(room: Room) -> None:
    done = room.run("worker")
    assert done.code == 2
    assert "a store on SQLite has no tasks: `distributor serve` does all its work" in done.err
    assert "distributor store copy" in done.err


def test_a_worker_makes_no_key(room: Room, postgresql_url: Callable[[], str]) -> None:
    """`serve` on another host would be left without one, and refuse to send."""
    config = room.folder / "config.yaml"
    config.write_text(
        f"instance: fleet\nstore: {{url: '{postgresql_url()}'}}\n{config.read_text(encoding='utf-8')}", "utf-8"
    )
    done = room.run("worker")
    assert done.code == 2
    assert "var/secret.key is missing: start `serve` once, which makes it, and copy it" in done.err
    assert not (room.folder / "var" / "secret.key").exists()
