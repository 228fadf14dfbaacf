"""Outbox and console, and the way in which files are written."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import Any

import pytest

from distributor.errors import Unavailable

console: Any = importlib.import_module("distributor.channels.console")
files: Any = importlib.import_module("distributor.channels._files")


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
