"""Outbox and console, and the way in which files are written."""

from __future__ import annotations

import importlib
import io
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from builders import article, edition
from fixtures_social import FakeDesk

from distributor.errors import Unavailable

outbox: Any = importlib.import_module("distributor.channels.outbox")
console: Any = importlib.import_module("distributor.channels.console")
files: Any = importlib.import_module("distributor.channels._files")


async def test_the_outbox_shows_each_post_as_the_network_would_get_it(tmp_path: Path, desk: FakeDesk) -> None:
    """With what it counts there: the address 23 on Mastodon, as written on Telegram."""
    posts = outbox.Outbox(name="posts", folder=tmp_path / "out", network="mastodon")
    news = (article("a1", title="Tin", lead="ẫ" * 9, url="https://bacson.example/" + "x" * 400),)
    (rendition,) = posts.compose(edition(articles=news), desk)
    receipt = await posts.deliver(rendition)
    file = tmp_path / "out" / "tin-sang-1-a1.txt"
    assert receipt.url == file.as_uri()
    assert file.read_text().startswith("Tin\n\nẫẫẫẫẫẫẫẫẫ\n\nhttps://bacson.example/xxx")
    assert file.read_text().endswith(f"\n-- \nmastodon: {3 + 2 + 9 + 2 + 23} of 500 characters\n")
    telegram = outbox.Outbox(name="posts", folder=tmp_path / "out", network="telegram")
    assert telegram.compose(edition(articles=news), desk)[0].text.endswith("telegram: 439 of 4096 characters\n")


async def test_a_post_in_the_outbox_can_be_corrected_and_taken_back(tmp_path: Path, desk: FakeDesk) -> None:
    posts = outbox.Outbox(name="posts", folder=tmp_path)
    receipt = await posts.deliver(posts.compose(edition(), desk)[0])
    await posts.amend(receipt, posts.compose(edition(articles=(article("a0", title="Đính chính"),)), desk)[0])
    assert [file.read_text()[:10] for file in tmp_path.iterdir()] == ["Đính chính"]
    await posts.retract(receipt)
    await posts.retract(receipt)
    assert not list(tmp_path.iterdir())


async def test_a_folder_that_cannot_be_written_is_told_with_its_path_and_reason(tmp_path: Path, desk: FakeDesk) -> None:
    (tmp_path / "out").write_text("a file is in the way")
    posts = outbox.Outbox(name="posts", folder=tmp_path / "out")
    with pytest.raises(Unavailable, match=r"out/tin-sang-1-a0\.txt cannot be written: Not a directory"):
        await posts.deliver(posts.compose(edition(), desk)[0])


async def test_a_full_disk_leaves_the_old_file_whole_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "rss.xml"
    await files.put(file, b"old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable, match="No space left on device"):
        await files.put(file, b"new")
    assert [(found.name, found.read_bytes()) for found in tmp_path.iterdir()] == [("rss.xml", b"old")]


async def test_a_reader_never_sees_half_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the new bytes are on the disk the old ones stand under the name."""
    file = tmp_path / "rss.xml"
    await files.put(file, b"old")
    seen: list[bytes] = []
    real = os.fsync

    def look(handle: int) -> None:
        seen.append(file.read_bytes())
        real(handle)

    monkeypatch.setattr(os, "fsync", look)
    assert await files.put(file, b"new") is True
    assert await files.put(file, b"new") is False
    assert seen == [b"old", b"new"]  # the file before its rename, the folder after it


async def test_a_new_file_is_readable_by_the_web_server(tmp_path: Path) -> None:
    """It has the mode that the process's umask gives, not the closed one of a temporary file."""
    old = os.umask(0o022)
    try:
        await files.put(tmp_path / "rss.xml", b"x")
    finally:
        os.umask(old)
    assert (tmp_path / "rss.xml").stat().st_mode & 0o777 == 0o644


async def test_the_console_prints_titles_and_addresses(capsys: pytest.CaptureFixture[str], desk: FakeDesk) -> None:
    screen = console.Console(name="screen")
    await screen.deliver(screen.compose(edition(), desk)[0])
    printed = capsys.readouterr().out
    assert printed.startswith(
        "Tin sáng #1: Tin sáng 23/11\n\n1. Tin a0\n   Tóm tắt của tin a0.\n   https://bacson.example/"
    )
    assert "2. Tin a1" in printed


async def test_a_terminal_of_few_letters_shows_question_marks_and_a_closed_one_is_told(
    monkeypatch: pytest.MonkeyPatch, desk: FakeDesk
) -> None:
    buffer = io.BytesIO()
    stream = io.TextIOWrapper(buffer, encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    screen = console.Console(name="screen", leads=False)
    (rendition, *_) = screen.compose(edition(), desk)
    await screen.deliver(rendition)
    assert buffer.getvalue().startswith(b"Tin s?ng #1")
    stream.close()
    with pytest.raises(Unavailable, match="standard output"):
        await screen.deliver(rendition)
