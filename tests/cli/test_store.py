"""The command line, as staff use it: what it says, what it leaves, how it ends."""

from __future__ import annotations

import shutil
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
