"""A store and the key of its links know each other: a loss stops sending, in words that say what to do."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from distributor.storage import identity
from support.newsroom import Room


def _sent(room: Room) -> Room:
    room.good("send", "tin-sang", "--yes")
    assert len(room.letters()) == 1
    return room


_FIRST = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from distributor import pipeline
from distributor.newsroom import open_newsroom

room = open_newsroom(Path(sys.argv[1]))
sys.stdin.readline()
store = room.open_store()
pipeline.check_may_send(room, store, datetime.now(UTC))
print(room.secret().decode())
"""


def test_processes_that_begin_together_have_one_key_and_one_store(room: Room, store_url: str) -> None:
    room.keep_in(store_url)
    shutil.rmtree(room.folder / "var", ignore_errors=True)
    command = [sys.executable, "-c", _FIRST, str(room.folder / "config.yaml")]
    racers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    said = [racer.communicate("go\n")[0] for racer in racers]
    assert [racer.returncode for racer in racers] == [0] * 6
    assert set(said) == {(room.folder / "var" / "secret.key").read_text()}
    store = room.store()
    with store.read() as connection:
        known = identity.load(connection)
    store.close()
    assert known
    assert (room.folder / "var" / "store.id").read_text().strip() == known.id


@pytest.mark.parametrize("what", ["all", "secret.key", "distributor.db", "another store"])
@pytest.mark.parametrize("command", [("serve", "--tick", "0.2"), ("deliver", "--follow")])
def test_what_is_deleted_under_a_running_service_stops_it(room: Room, what: str, command: tuple[str, ...]) -> None:
    _sent(room)
    process = room.serve(*command)
    room.wait_for(lambda: "Serving" in room.log() or "Delivering" in room.log())
    var = room.folder / "var"
    (room.folder / "gone").mkdir()
    gone = {"all": [var], "secret.key": [var / "secret.key"]}.get(what, list(var.glob("distributor.db*")))
    for path in gone:
        path.rename(room.folder / "gone" / path.name)
    if what == "another store":
        shutil.copy(room.folder / "gone" / "distributor.db", var / "distributor.db")
    assert process.wait(60) == 1, room.log()
    said = room.log()
    assert "Traceback" not in said
    assert "nothing" in said
    assert "sent" in said
    assert not (var / "secret.key").exists() or what not in ("all", "secret.key")
    assert not (var / "distributor.db").exists() or what in ("secret.key", "another store")
