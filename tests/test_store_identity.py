"""A store and the key of its links know each other: a loss stops sending, in words that say what to do."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from fixtures_newsroom import Room

from distributor.storage import identity
from distributor.storage.tables import deliveries, store_identity


def _sent(room: Room) -> Room:
    room.good("send", "tin-sang", "--yes")
    assert len(room.letters()) == 1
    return room


def _refused(room: Room, *arguments: str) -> str:
    """What a command says that must end with 1, in one line, with nothing sent by it."""
    before = len(room.letters())
    done = room.run(*arguments)
    lines = [line for line in done.err.splitlines() if line.startswith("error: ")]
    assert (done.code, len(lines)) == (1, 1), done
    assert len(room.letters()) == before
    return lines[0]


def test_the_first_sending_makes_the_key_and_writes_down_which_store_it_was(room: Room) -> None:
    room.good("gather")
    assert not (room.folder / "var" / "secret.key").exists()
    _sent(room)
    store = room.store()
    with store.read() as connection:
        known = identity.kept(connection)
    store.close()
    assert known
    key = (room.folder / "var" / "secret.key").read_text().strip().encode()
    assert (room.folder / "var" / "store.id").read_text().strip() == known.id
    assert identity.fingerprint(key, known.id) == known.key_fingerprint
    assert key.decode() not in known.key_fingerprint
    for name in ("secret.key", "store.id", "distributor.db"):
        assert (room.folder / "var" / name).stat().st_mode & 0o077 == 0


def test_a_lost_key_stops_sending_and_no_other_is_made(room: Room, store_url: str) -> None:
    room.keep_in(store_url)
    _sent(room)
    room.write("ba", "Tin thứ ba của ngày hôm nay")
    key = room.folder / "var" / "secret.key"
    key.rename(room.folder / "kept.key")
    said = _refused(room, "send", "tin-sang", "--yes")
    assert "secret.key is missing" in said
    assert "Restore it from a backup" in said
    assert "adopt --new-key" in said
    assert not key.exists()
    (room.folder / "kept.key").rename(key)
    room.good("send", "tin-sang", "--yes")


@pytest.mark.parametrize("command", ["deliver", "serve"])
def test_every_command_that_sends_asks_for_the_key(room: Room, command: str) -> None:
    _sent(room)
    (room.folder / "var" / "secret.key").unlink()
    assert "secret.key is missing" in room.run(command).err


def test_a_folder_that_is_gone_while_the_store_is_on_a_server_stops_sending(
    room: Room, postgresql_url: Callable[[], str]
) -> None:
    room.keep_in(postgresql_url())
    _sent(room)
    shutil.rmtree(room.folder / "var")
    room.write("ba", "Tin thứ ba của ngày hôm nay")
    done = room.run("send", "tin-sang", "--yes")
    assert done.code == 1
    assert "secret.key is missing" in done.err
    assert not (room.folder / "var" / "secret.key").exists()


def test_another_key_stops_sending(room: Room) -> None:
    _sent(room)
    (room.folder / "var" / "secret.key").write_text("x" * 40)
    assert "another one than the one that has signed" in _refused(room, "send", "tin-sang", "--yes")
    assert "another one than the one that has signed" in _refused(room, "check")


def test_another_secret_in_the_configuration_is_told_by_its_key(room: Room) -> None:
    room.configure(("sources:\n", "secret: the-first-secret-of-all\nsources:\n"))
    _sent(room)
    assert not (room.folder / "var" / "secret.key").exists()
    room.configure(("the-first-secret-of-all", "quite-another-secret"))
    said = _refused(room, "send", "tin-sang", "--yes")
    assert "config.yaml: secret is another one" in said
    assert "quite-another" not in said


def test_the_same_key_may_move_into_the_configuration(room: Room) -> None:
    _sent(room)
    (room.folder / "var" / "secret.key").rename(room.folder / "outside.key")
    room.configure(("sources:\n", "secret: file:outside.key\nsources:\n"))
    room.good("send", "tin-sang", "--yes")


@pytest.mark.parametrize("how", ["deleted", "emptied", "replaced"])
@pytest.mark.parametrize("command", [("send", "tin-sang", "--yes"), ("check",), ("subscribers", "list"), ("serve",)])
def test_a_store_that_is_gone_is_no_new_newsroom(room: Room, how: str, command: tuple[str, ...]) -> None:
    _sent(room)
    file = room.folder / "var" / "distributor.db"
    for part in file.parent.glob("distributor.db*"):
        part.unlink()
    if how == "emptied":
        file.touch()
    elif how == "replaced":
        room.store().close()
    said = _refused(room, *command)
    assert "store.id" in said
    assert "adopt --new-store" in said
    assert "backup" in said or "restore" in said
    assert how != "deleted" or not file.exists()


def test_a_damaged_store_is_told_in_whole_sentences(room: Room) -> None:
    _sent(room)
    (room.folder / "var" / "distributor.db").write_bytes(b"no database at all" * 100)
    said = _refused(room, "plan")
    assert re.search(r"restore it from a backup\. \S+store\.id says that this newsroom has sent before: ", said)


def test_a_key_beside_an_empty_store_says_that_something_is_lost(room: Room) -> None:
    """As an earlier version has left it, which knew no store.id."""
    _sent(room)
    for name in ("store.id", *(part.name for part in (room.folder / "var").glob("distributor.db*"))):
        (room.folder / "var" / name).unlink()
    assert "secret.key says that this newsroom has sent before: restore" in _refused(room, "send", "tin-sang", "--yes")


def test_a_store_of_an_earlier_version_gets_its_identity_by_itself(room: Room) -> None:
    _sent(room)
    store = room.store()
    with store.write() as connection:
        connection.execute(sa.delete(store_identity))
    (room.folder / "var" / "store.id").unlink()
    room.good("deliver")
    with store.read() as connection:
        assert identity.kept(connection)
        connection.execute(sa.select(deliveries)).all()
    store.close()
    assert (room.folder / "var" / "store.id").exists()


def test_a_key_that_was_lost_before_the_store_knew_it_is_missed_all_the_same(room: Room) -> None:
    _sent(room)
    store = room.store()
    with store.write() as connection:
        connection.execute(sa.delete(store_identity))
    store.close()
    for name in ("store.id", "secret.key"):
        (room.folder / "var" / name).unlink()
    assert "secret.key is missing, but mails are out" in _refused(room, "deliver")


def test_the_loss_of_a_key_can_be_accepted(room: Room) -> None:
    _sent(room)
    (room.folder / "var" / "secret.key").unlink()
    assert "will not work any more" in room.run("adopt", "--help").out
    assert "secret.key is missing" in _refused(room, "adopt", "--yes")
    room.good("adopt", "--new-key", "--yes")
    room.write("ba", "Tin thứ ba của ngày hôm nay")
    room.good("send", "tin-sang", "--yes")
    assert len(room.letters()) == 2


def test_the_loss_of_a_store_can_be_accepted(room: Room) -> None:
    _sent(room)
    for part in (room.folder / "var").glob("distributor.db*"):
        part.unlink()
    room.good("adopt", "--new-store", "--yes")
    room.good("subscribers", "add", "lan@example.com")
    room.good("send", "tin-sang", "--yes")
    assert len(room.letters()) == 2


def test_a_container_without_a_folder_of_its_own_sends_on_with_a_key_from_outside(
    room: Room, postgresql_url: Callable[[], str]
) -> None:
    """Its key comes from the environment, its store is on a server, and var/ is empty at each start."""
    room.configure(("sources:\n", "secret: a-secret-from-the-environment\ninstance: blue\nsources:\n"))
    room.keep_in(postgresql_url())
    _sent(room)
    shutil.rmtree(room.folder / "var")
    room.write("ba", "Tin thứ ba của ngày hôm nay")
    room.good("send", "tin-sang", "--yes")
    assert len(room.letters()) == 1


_FIRST = """
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from collections.abc import Callable
from collections.abc import Callable
from pathlib import Path
from distributor import pipeline
from distributor.newsroom import open_newsroom

room = open_newsroom(Path(sys.argv[1]))
sys.stdin.readline()
store = room.open_store()
pipeline.at_home(room, store, datetime.now(UTC))
print(room.secret().decode())
"""


@pytest.mark.real
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
        known = identity.kept(connection)
    store.close()
    assert known
    assert (room.folder / "var" / "store.id").read_text().strip() == known.id


@pytest.mark.real
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
