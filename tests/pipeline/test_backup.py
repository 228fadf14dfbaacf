"""What is no whole backup makes no newsroom."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from distributor.errors import UserError
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


@pytest.fixture
def backup_file(room: Room, tmp_path: Path) -> Path:
    room.good("backup", str(tmp_path / "backup.tar"))
    return tmp_path / "backup.tar"
