"""A store and the key of its links know each other: a loss stops sending, in words that say what to do."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from distributor.newsroom import open_newsroom
from distributor.pipeline.deliver import check_identity
from distributor.storage import identity
from distributor.storage.tables import deliveries, store_identity
from support.newsroom import Room


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
        known = identity.load(connection)
    store.close()
    assert known
    key = (room.folder / "var" / "secret.key").read_text().strip().encode()
    assert (room.folder / "var" / "store.id").read_text().strip() == known.id
    assert identity.fingerprint(key, known.id) == known.key_fingerprint
    assert key.decode() not in known.key_fingerprint
    for name in ("secret.key", "store.id", "distributor.db"):
        assert (room.folder / "var" / name).stat().st_mode & 0o077 == 0


def test_two_processes_that_use_a_new_store_at_the_same_time_agree_on_its_identity(
    room: Room, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one writes all of it down just after this one has found nothing."""
    room.keep_in(store_url)
    newsroom, store, look = open_newsroom(room.folder / "config.yaml"), room.store(), identity.check_key

    def looked_before_the_other_wrote(*arguments: Any) -> identity.StoreIdentity | None:
        found = look(*arguments)
        monkeypatch.setattr(identity, "check_key", look)
        check_identity(newsroom, store, datetime.now(UTC))
        return found

    monkeypatch.setattr(identity, "check_key", looked_before_the_other_wrote)
    check_identity(newsroom, store, datetime.now(UTC))
    with store.read() as connection:
        known = identity.load(connection)
    store.close()
    assert known
    assert identity.read_folder_id(newsroom.state) == known.id


def test_a_lost_key_stops_sending_and_no_other_is_made(room: Room, store_url: str) -> None:
    room.keep_in(store_url)
    _sent(room)
    room.write("ba", "Tin thứ ba của ngày hôm nay")
    key = room.folder / "var" / "secret.key"
    key.rename(room.folder / "kept.key")
    said = _refused(room, "send", "tin-sang", "--yes")
    assert "secret.key is missing" in said
    assert "Restore it from a backup" in said
    assert "store claim --new-key" in said
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
    assert "store claim --new-store" in said
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
        assert identity.load(connection)
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
    assert "secret.key is missing, but it has signed the links" in _refused(room, "deliver")


def test_the_loss_of_a_key_can_be_accepted(room: Room) -> None:
    _sent(room)
    (room.folder / "var" / "secret.key").unlink()
    assert "will not work any more" in room.run("store", "claim", "--help").out
    assert "secret.key is missing" in _refused(room, "store", "claim", "--yes")
    room.good("store", "claim", "--new-key", "--yes")
    room.write("ba", "Tin thứ ba của ngày hôm nay")
    room.good("send", "tin-sang", "--yes")
    assert len(room.letters()) == 2


def test_the_loss_of_a_store_can_be_accepted(room: Room) -> None:
    _sent(room)
    for part in (room.folder / "var").glob("distributor.db*"):
        part.unlink()
    room.good("store", "claim", "--new-store", "--yes")
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
