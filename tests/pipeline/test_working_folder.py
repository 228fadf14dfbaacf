"""What a killed process has left is removed, and nothing else."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from distributor.pipeline.working_folder import list_abandoned, working_folder


def left_behind(parent: Path, name: str = "work") -> Path:
    """A folder of a process that was killed an hour ago."""
    folder = parent / f".{name}.0123abcd.part"
    folder.mkdir()
    (folder / "store.db").write_text("addresses", encoding="utf-8")
    os.utime(folder, times=(time.time() - 3600,) * 2)
    return folder


def test_it_is_private_and_gone_at_the_end_whatever_happens(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), working_folder(tmp_path / "new", "work") as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "half").write_text("x", encoding="utf-8")
        raise KeyboardInterrupt
    assert list((tmp_path / "new").iterdir()) == []


def test_what_a_killed_process_has_left_is_removed_by_the_next_one(tmp_path: Path) -> None:
    left = left_behind(tmp_path)
    assert list_abandoned(tmp_path, "work") == [left]
    with working_folder(tmp_path, "work"):
        assert not left.exists()


def test_where_somebody_works_everything_stays(tmp_path: Path) -> None:
    with working_folder(tmp_path, "work") as mine:
        (mine / "half").write_text("x", encoding="utf-8")
        os.utime(mine, times=(time.time() - 3600,) * 2)
        with working_folder(tmp_path, "work") as other:
            assert (mine / "half").exists() and other != mine


def test_what_is_new_or_of_others_stays(tmp_path: Path) -> None:
    left_behind(tmp_path, "other")
    elsewhere = tmp_path / "precious"
    elsewhere.mkdir()
    os.utime(elsewhere, times=(time.time() - 3600,) * 2)
    (tmp_path / ".work.abcdabcd.part").symlink_to(elsewhere)
    (tmp_path / ".work.abcdabce.part").mkdir()
    (tmp_path / ".work.note.part").mkdir()
    assert list_abandoned(tmp_path, "work") == []
    assert list_abandoned(tmp_path / "gone", "work") == []
