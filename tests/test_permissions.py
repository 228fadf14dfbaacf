"""Who on the machine may read what: addresses and personal links nobody but their owner, public folders everybody,
whatever the umask and whatever was there before."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from distributor import permissions
from distributor.permissions import OwnedPaths, list_exposed, make_folder, make_private, secure, write
from support.newsroom import Room

pytestmark = pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def busy(room: Room, tmp_path: Path) -> Path:
    """Everything that writes: a store, a secret, letters, posts, feeds, a preview, an export."""
    room.good("preview", "tin-sang")
    room.good("send", "tin-sang", "--yes")
    room.good("subscribers", "export", "-o", str(tmp_path / "out.csv"))
    return room.folder / "var"


def wrong(var: Path, public: Path) -> dict[str, str]:
    """Whatever in a folder has another mode than is meant."""
    found = {}
    for path in [var, *var.rglob("*")]:
        if path == public or public in path.parents:
            wanted = 0o755 if path.is_dir() else 0o644
        elif path == var:
            wanted = 0o711
        else:
            wanted = 0o700 if path.is_dir() else 0o600
        if mode(path) != wanted:
            found[str(path.relative_to(var))] = oct(mode(path))
    return found


def test_what_holds_addresses_is_shut_and_what_is_public_is_open_whatever_the_umask(
    room: Room, tmp_path: Path, umask: int
) -> None:
    for path in (room.folder / "var").glob("distributor.db*"):
        path.unlink()  # made by the fixture, before the umask was set
    (room.folder / "var").rmdir()
    room.good("subscribers", "add", "lan@example.com")
    var = busy(room, tmp_path)
    assert {"distributor.db", "secret.key", "mail", "outbox", "preview", "feeds"} <= {
        path.name for path in var.iterdir()
    }
    assert wrong(var, var / "feeds") == {}
    assert mode(tmp_path / "out.csv") == 0o600


def test_nothing_private_is_open_even_for_a_moment(room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made with its mode: no mode is ever changed afterwards."""
    changed = []

    def note(path: Any, wanted: int, **_: Any) -> None:
        changed.append(str(path))

    before = os.umask(0)
    try:
        (room.folder / "var" / "distributor.db").unlink()
        monkeypatch.setattr(os, "chmod", note)
        monkeypatch.setattr(os, "fchmod", note)
        room.good("subscribers", "add", "lan@example.com")
        var = busy(room, tmp_path)
    finally:
        os.umask(before)
    private = [path for path in var.rglob("*") if path.is_file() and var / "feeds" not in path.parents]
    assert len(private) > 5
    assert {mode(path) for path in private} == {0o600}


def test_what_an_earlier_version_left_open_is_shut_at_the_start_and_told_once_to_who_asks(
    room: Room, tmp_path: Path
) -> None:
    var = busy(room, tmp_path)
    for path in [var, *var.rglob("*")]:
        path.chmod(0o777 if path.is_dir() else 0o666)
    (var / "distributor.db-wal").touch()
    (var / "distributor.db-wal").chmod(0o644)
    (var / "feeds").chmod(0o700)
    told = room.run("-v", "plan").err
    assert "others on this machine could read var, var/distributor.db" in told and "var/mail" in told
    room.good("send", "tin-sang", "--yes")
    left = wrong(var, var / "feeds")
    assert {name for name in left if not name.startswith("feeds/")} == set()
    assert "others on this machine" not in room.run("-v", "plan").err
    (tmp_path / "out.csv").chmod(0o666)
    room.good("subscribers", "export", "-o", str(tmp_path / "out.csv"))
    assert mode(tmp_path / "out.csv") == 0o600


def test_a_public_file_that_is_shut_is_opened_where_its_bytes_stay_the_same(tmp_path: Path) -> None:
    file = tmp_path / "public" / "rss.xml"
    write(file, b"x", permissions.PUBLIC)
    file.chmod(0o600)
    file.parent.chmod(0o700)
    permissions.restore_mode(file, permissions.PUBLIC)
    assert (mode(file), mode(file.parent)) == (0o644, 0o755)


def test_an_export_that_fails_leaves_the_one_before(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "out.csv"
    room.good("subscribers", "export", "-o", str(file))
    before = file.read_bytes()

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("distributor.subscribers.csv.subscribers.write_csv", full)
    done = room.run("subscribers", "export", "-o", str(file))
    assert (done.code, done.err) == (2, f"error: {file}: cannot be written: No space left on device\n")
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if "out.csv" in path.name] == ["out.csv"]


def own(root: Path, **more: Any) -> OwnedPaths:
    return OwnedPaths(**{"root": root, "traversable": (), "files": (), "private": (), "public": (), **more})


def test_folders_outside_the_newsroom_and_those_that_hold_something_public_stay_as_they_are(tmp_path: Path) -> None:
    root, outside = tmp_path / "newsroom", tmp_path / "mail"
    for folder in (root / "var" / "public", outside):
        make_folder(folder, 0o755)
    (root / "var").chmod(0o755)
    assert (
        secure(own(root, traversable=[tmp_path], private=[outside, root / "var"], public=[root / "var" / "public"]))
        == []
    )
    assert (mode(outside), mode(root / "var")) == (0o755, 0o755)
    assert list_exposed(own(root, private=[outside])) == [outside]


def test_a_link_leads_nobody_to_other_files(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "mail", tmp_path / "elsewhere"
    folder.mkdir(mode=0o755)
    elsewhere.write_text("x", encoding="utf-8")
    elsewhere.chmod(0o644)
    (folder / "link").symlink_to(elsewhere)
    assert make_private(folder)
    assert (mode(folder), mode(elsewhere)) == (0o700, 0o644)


def test_check_tells_what_others_can_read_and_what_could_not_be_shut(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    var = busy(room, tmp_path)
    assert room.run("check").err == ""
    var.chmod(0o755)
    (var / "distributor.db").chmod(0o644)

    def not_ours(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "chmod", not_ours)
    done = room.run("check")
    assert done.code == 0
    assert [line.split(":")[1].strip() for line in done.err.splitlines()] == [str(var), str(var / "distributor.db")]
    assert f"chmod go-rw {var}" in done.err
    assert room.run("check", "--json").json["readable_by_others"] == [str(var), str(var / "distributor.db")]
