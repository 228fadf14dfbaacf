"""What is no whole backup makes no newsroom."""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
import tarfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from distributor.errors import UserError
from distributor.pipeline import store_copy
from distributor.pipeline.backup import restore_backup
from support.newsroom import Room

Members = list[tuple[tarfile.TarInfo, bytes]]


def changed(file: Path, change: Callable[[Members], object]) -> Path:
    """The same backup with something done to what is in it."""
    with tarfile.open(file) as archive:
        members = [(one, reading.read()) for one in archive if (reading := archive.extractfile(one))]
    change(members)
    other = file.with_name("changed.tar")
    with tarfile.open(other, "w") as archive:
        for entry, body in members:
            entry.size = len(body)
            archive.addfile(entry, io.BytesIO(body))
    return other


def rename(members: Members, name: str) -> None:
    members[1][0].name = name


def say(members: Members, **changes: Any) -> None:
    entry, body = members.pop()
    members.append((entry, json.dumps(json.loads(body) | changes).encode()))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda members: members.pop(), "it has no manifest"),
        (lambda members: members.pop(1), "newsroom/config.yaml is not what it was"),
        (
            lambda members: members.insert(1, (tarfile.TarInfo("newsroom/more"), b"")),
            "newsroom/more is not what it was",
        ),
        (lambda members: members.insert(0, members[1]), "does not belong there"),
        (lambda members: members.append(members[1]), "does not belong there"),
        (lambda members: members.__setitem__(1, (members[1][0], b"site:")), "config.yaml is not what it was"),
        (lambda members: members.__setitem__(0, (members[0][0], b"no store")), "store.db is not what it was"),
        (lambda members: rename(members, "newsroom/../../evil"), "does not belong there"),
        (lambda members: rename(members, "/etc/evil"), "does not belong there"),
        (lambda members: say(members, revision="9999"), "which is newer than this one"),
        (lambda members: say(members, store={"path": "../out.db"}), "does not fit its files"),
        (lambda members: say(members, store=None), "is no backup"),
        (lambda members: say(members, config="../../../etc/hostname"), "does not fit its files"),
        (lambda members: say(members, sha256=[]), "is no backup"),
        (lambda members: members.append((members.pop()[0], b"[" * 200_000)), "is no backup"),
    ],
)
def test_a_backup_that_was_changed_is_refused_and_leaves_nothing(
    backup_file: Path, tmp_path: Path, change: Callable[[Members], object], words: str
) -> None:
    file = changed(backup_file, change)
    with pytest.raises(UserError, match=words):
        restore_backup(file, tmp_path / "new" / "room")
    assert list((tmp_path / "new").iterdir()) == []
    file.unlink()


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b\x08\x00"])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.tar.gz").write_bytes(content)
    with pytest.raises(UserError):
        restore_backup(tmp_path / "a.tar.gz", tmp_path / "new")
    assert [one.name for one in tmp_path.iterdir()] == ["a.tar.gz"]


def test_a_backup_that_was_cut_off_is_refused(room: Room, tmp_path: Path) -> None:
    file = tmp_path / "a.tar.gz"
    room.good("backup", str(file))
    file.write_bytes(file.read_bytes()[:-2000])
    with pytest.raises(UserError, match="is no backup of a newsroom, or is damaged"):
        restore_backup(file, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_an_empty_folder_stays_the_same_when_a_newsroom_is_put_into_it(backup_file: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    new.mkdir()
    before = new.stat().st_ino
    restored = restore_backup(backup_file, new)
    assert (new.stat().st_ino, restored.config.is_file()) == (before, True)
    assert not list(new.glob(".*.part"))


def test_a_restore_that_was_killed_can_be_done_again_and_leaves_nothing(backup_file: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    for parent in (tmp_path, new):
        left = parent / ".new-restoring.0123abcd.part"
        left.mkdir(parents=True)
        (left / "secret.key").write_text("x", encoding="utf-8")
        os.utime(left, times=(time.time() - 3600,) * 2)
    new.rename(tmp_path / "begun")
    restore_backup(backup_file, new)
    (tmp_path / "begun").rename(new.with_name("again"))
    again = tmp_path / "again"
    (again / ".new-restoring.0123abcd.part").rename(again / ".again-restoring.0123abcd.part")
    os.utime(again / ".again-restoring.0123abcd.part", times=(time.time() - 3600,) * 2)
    restore_backup(backup_file, again)
    assert not [*tmp_path.rglob(".*.part")]
    assert (again / "config.yaml").is_file()


def test_half_a_newsroom_is_none_because_config_yaml_comes_last(
    backup_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new, order = tmp_path / "new", list[str]()
    new.mkdir()
    rename = Path.rename

    def note(one: Path, target: Path) -> Path:
        order.append(one.name)
        return rename(one, target)

    monkeypatch.setattr(Path, "rename", note)
    restore_backup(backup_file, new)
    assert order[-1] == "config.yaml" and len(order) > 2


def test_what_has_no_space_is_not_begun(backup_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=1000))
    with pytest.raises(UserError, match="cannot be restored: No space left"):
        restore_backup(backup_file, tmp_path / "new")
    assert not [*tmp_path.glob(".*")]


def test_a_folder_that_may_not_be_read_is_not_left_out_silently(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = room.folder / "templates" / "closed"
    closed.mkdir(parents=True)
    scandir = os.scandir

    def refuse(path: Any) -> Any:  # root may read everything
        if str(path) == str(closed):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    done = room.run("backup", str(tmp_path / "a.tar"))
    assert (done.code, f"{closed}: cannot be backed up: Permission denied" in done.err) == (2, True), done
    assert sorted(one.name for one in tmp_path.iterdir()) == ["newsroom"]


def test_a_store_without_a_table_is_called_by_its_own_name(room: Room, tmp_path: Path) -> None:
    with closing(sqlite3.connect(room.folder / "var" / "distributor.db")) as raw:
        raw.execute("DROP TABLE newsletter_articles")
    done = room.run("backup", str(tmp_path / "a.tar"))
    assert (done.code, "newsroom/var/distributor.db: lacks" in done.err) == (1, True), done


def test_of_two_backups_at_once_none_overwrites_the_other(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, save = tmp_path / "a.tar", store_copy.save_store

    def slowly(*arguments: Any) -> Any:
        file.write_bytes(b"of another one")
        return save(*arguments)

    monkeypatch.setattr("distributor.pipeline.backup.save_store", slowly)
    done = room.run("backup", str(file))
    assert (done.code, f"{file}: exists already" in done.err, file.read_bytes()) == (2, True, b"of another one")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.tar", "newsroom"]


def test_a_newsroom_that_cannot_be_put_in_whole_leaves_nothing(
    backup_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new, rename = tmp_path / "new", Path.rename
    new.mkdir()

    def fail_late(one: Path, target: Path) -> Path:
        if target == new / "var":
            raise OSError(28, "No space left on device")
        return rename(one, target)

    monkeypatch.setattr(Path, "rename", fail_late)
    with pytest.raises(UserError, match="cannot be restored: No space left"):
        restore_backup(backup_file, new)
    assert list(new.iterdir()) == []


def test_files_behind_a_link_are_in_the_backup(room: Room, tmp_path: Path) -> None:
    (room.folder / "shared").mkdir()
    (room.folder / "shared" / "a.txt").write_text("a", encoding="utf-8")
    (room.folder / "templates").mkdir()
    (room.folder / "templates" / "more").symlink_to(room.folder / "shared")
    (room.folder / "templates" / "round").symlink_to(room.folder / "templates")
    room.good("backup", str(tmp_path / "a.tar"))
    restore_backup(tmp_path / "a.tar", tmp_path / "new")
    assert (tmp_path / "new" / "templates" / "more" / "a.txt").read_text(encoding="utf-8") == "a"


@pytest.fixture
def backup_file(room: Room, tmp_path: Path) -> Path:
    room.good("backup", str(tmp_path / "backup.tar"))
    return tmp_path / "backup.tar"
