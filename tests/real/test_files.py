"""Folders that others write into: a link leads nowhere else, a pipe stops nobody, a large file fills no memory."""

from __future__ import annotations

from pathlib import Path

from support.newsroom import Room


def link(at: Path, to: str | Path) -> Path:
    at.parent.mkdir(parents=True, exist_ok=True)
    at.symlink_to(to)
    return at


def test_the_signing_secret_becomes_no_article(room: Room) -> None:
    room.good("gather")
    room.good("send", "tin-sang", "--yes")
    secret = (room.folder / "var" / "secret.key").read_text(encoding="utf-8").strip()
    (room.folder / "articles" / "leak.txt").symlink_to("../var/secret.key")
    done = room.run("gather")
    assert done.code == 0
    assert f"source bai-viet: leak.txt: is a link that leads out of {room.folder}/articles" in done.err
    assert secret not in room.good("articles", "--json")
