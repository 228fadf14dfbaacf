"""Outbox and console, and the way in which files are written."""

from __future__ import annotations

import errno
import importlib
import mailbox
import os
from pathlib import Path
from typing import Any

import pytest

from distributor.errors import Unavailable

console: Any = importlib.import_module("distributor.channels.console")
files: Any = importlib.import_module("distributor.kit.files")

MESSAGE = b"Subject: tin\r\nMessage-ID: <1@b.vn>\r\n\r\nXin chao\r\n.\r\nFrom hai\r\n"


async def test_a_full_disk_leaves_the_old_file_whole_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "rss.xml"
    await files.write_file(file, b"old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable, match="No space left on device"):
        await files.write_file(file, b"new")
    assert [(found.name, found.read_bytes()) for found in tmp_path.iterdir()] == [("rss.xml", b"old")]


async def test_a_reader_never_sees_half_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the new bytes are on the disk the old ones stand under the name."""
    file = tmp_path / "rss.xml"
    await files.write_file(file, b"old")
    seen: list[bytes] = []
    real = os.fsync

    def look(handle: int) -> None:
        seen.append(file.read_bytes())
        real(handle)

    monkeypatch.setattr(os, "fsync", look)
    assert await files.write_file(file, b"new") is True
    assert await files.write_file(file, b"new") is False
    assert seen == [b"old", b"new"]  # the file before its rename, the folder after it


async def test_a_new_file_is_readable_by_the_web_server(tmp_path: Path) -> None:
    """It has the mode that the process's umask gives, not the closed one of a temporary file."""
    old = os.umask(0o022)
    try:
        await files.write_file(tmp_path / "rss.xml", b"x")
    finally:
        os.umask(old)
    assert (tmp_path / "rss.xml").stat().st_mode & 0o777 == 0o644


# -- Maildir -------------------------------------------------------------------------------------------------------------


def test_a_letter_can_be_read_by_others(tmp_path: Path) -> None:
    """Python's own reader finds it, with the line ends that files have here."""
    name = files.write_to_maildir(tmp_path / "var" / "mail", "<1@b.vn>", MESSAGE)
    box = mailbox.Maildir(tmp_path / "var" / "mail", create=False)
    (letter,) = box
    assert letter["Subject"] == "tin"
    assert letter.get_payload() == "Xin chao\n.\nFrom hai\n"
    assert letter.get_subdir() == "new"
    assert (tmp_path / "var" / "mail" / "new" / name).read_bytes() == MESSAGE.replace(b"\r\n", b"\n")
    assert not list((tmp_path / "var" / "mail" / "tmp").iterdir())


@pytest.mark.parametrize("read", ["", "cur/{}", "cur/{}:2,S", "cur/{}:2,FRS"])
def test_the_same_letter_is_there_once(read: str, tmp_path: Path) -> None:
    """Delivered again it is found, unread or read."""
    name = files.write_to_maildir(tmp_path, "<1@b.vn>", MESSAGE)
    if read:
        (tmp_path / "new" / name).rename(tmp_path / read.format(name))
    assert files.write_to_maildir(tmp_path, "<1@b.vn>", MESSAGE) == name
    assert files.write_to_maildir(tmp_path, "<2@b.vn>", MESSAGE) != name
    assert len(list(mailbox.Maildir(tmp_path))) == 2


def test_what_a_crash_left_half_written_is_written_anew(tmp_path: Path) -> None:
    name = files.write_to_maildir(tmp_path, "<1@b.vn>", MESSAGE)
    (tmp_path / "new" / name).unlink()
    (tmp_path / "tmp" / f"{name}.{os.getpid()}").write_bytes(MESSAGE[:9])
    files.write_to_maildir(tmp_path, "<1@b.vn>", MESSAGE)
    assert [len(letter.as_bytes()) for letter in mailbox.Maildir(tmp_path)] == [len(MESSAGE.replace(b"\r\n", b"\n"))]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """Later, not never: somebody can make room or mend the rights."""
    (tmp_path / "mail").write_text("a file where the folder should be")
    with pytest.raises(Unavailable, match="mail cannot be written"):
        files.write_to_maildir(tmp_path / "mail", "<1@b.vn>", MESSAGE)


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither half a letter nor a whole one that is not safe yet."""

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable, match="No space left"):
        files.write_to_maildir(tmp_path, "<1@b.vn>", MESSAGE)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
