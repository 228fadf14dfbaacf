"""The command line, as staff use it: what it says, what it leaves, how it ends."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from support.newsroom import Done, Room


def broken(room: Room, *arguments: str) -> Done:
    done = room.run(*arguments)
    assert "Traceback" not in done.err
    return done


def test_a_copied_store_sends_nothing_until_it_is_claimed(room: Room, tmp_path: Path) -> None:
    room.good("send", "tin-sang", "--yes")
    copy = Room(tmp_path / "copy", room.run_here)
    shutil.copytree(room.folder, copy.folder)
    copy.write("ba", "Tin mới trong bản sao của tòa soạn", date="2026-11-21 09:00")
    done = broken(copy, "send", "tin-sang", "--yes")
    assert (done.code, len(copy.letters())) == (1, 1)
    assert "nothing is sent from a copy" in done.err
    assert "preview" in copy.good("preview", "tin-sang")
    copy.good("store", "claim", "--yes")
    assert "Edition tin-sang-2" in copy.good("send", "tin-sang", "--yes")
    copy.configure(("sources:\n", "instance: may-chu-2\nsources:\n"))
    assert "this store belongs to " in broken(copy, "send", "tin-sang", "--yes").err


def test_a_newsroom_goes_on_in_the_store_that_its_own_was_copied_to(
    room: Room, postgresql_url: Callable[[], str]
) -> None:
    room.good("send", "tin-sang", "--yes")
    server, file = postgresql_url(), "sqlite:///var/again.db"
    told = room.good("store", "copy", room.url, server, "--yes")
    assert "subscribers: 1 row" in told.splitlines()
    assert "copied and compared: postgresql+psycopg://" in told
    room.write("ba", "Tin mới sau khi chuyển kho", date="2026-11-21 09:00")
    assert "into which it was copied" in broken(room, "send", "tin-sang", "--yes").err
    room.configure(("sources:\n", f"store: {{url: '{server}'}}\nsources:\n"))
    assert "Edition tin-sang-2" in room.good("send", "tin-sang", "--yes")
    room.good("store", "copy", server, file, "--yes")
    room.configure((server, file))
    room.write("bon", "Tin mới sau khi chuyển kho về", date="2026-11-21 10:00")
    assert "Edition tin-sang-3" in room.good("send", "tin-sang", "--yes")
    assert len(room.letters()) == 3


def test_a_copy_needs_a_store_and_another_place(room: Room) -> None:
    assert "is not there" in broken(room, "store", "copy", "sqlite:///var/no.db", "sqlite:///var/b.db", "--yes").err
    assert "are the same store" in broken(room, "store", "copy", room.url, room.url).err
    done = broken(room, "store", "copy", "mysql://a/b", room.url, "--yes")
    assert (done.code, "in SQLite or PostgreSQL" in done.err) == (1, True)
    assert not (room.folder / "var" / "b.db").exists()
