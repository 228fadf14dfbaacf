"""A backup is made while a newsroom works, and becomes a newsroom again that sends nothing before it is claimed."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.newsroom import Room


def modes(folder: Path) -> dict[str, int]:
    return {str(one.relative_to(folder)): one.stat().st_mode & 0o777 for one in folder.rglob("*") if one.is_file()}


def test_a_newsroom_goes_on_from_its_backup_elsewhere_once_it_is_claimed(
    room: Room, store_url: str, tmp_path: Path
) -> None:
    room.keep_in(store_url)
    room.good("send", "tin-sang", "--yes")
    (room.folder / "templates").mkdir()
    (room.folder / "templates" / "email-footer.txt").write_text("Tòa soạn", encoding="utf-8")
    (room.folder / ".env").write_text("SECRET=1", encoding="utf-8")
    room.configure(("contact: toasoan@bacson.example", "contact: toasoan@bacson.example\ninstance: bac-son"))
    room.good("store", "claim", "--yes")
    said = room.good("backup", str(tmp_path / "backups"))
    (file,) = (tmp_path / "backups").iterdir()
    assert said.rstrip().endswith(str(file))
    assert file.stat().st_mode & 0o777 == 0o600
    room.write("bon", "Tin sau bản sao lưu", date="2026-11-21 10:00")
    assert "Edition tin-sang-2" in room.good("send", "tin-sang", "--yes")

    new = Room(tmp_path / "other" / "host", room.run_here)
    told = room.good("restore", str(file), str(new.folder))
    assert ("config.yaml names another one" in told) == ("postgresql" in store_url)
    if "postgresql" in store_url:
        new.configure((store_url, "sqlite:///var/distributor.db"))
    assert (new.folder / "templates" / "email-footer.txt").read_text(encoding="utf-8") == "Tòa soạn"
    found = modes(new.folder)
    assert found["config.yaml"] == found["var/secret.key"] == found["var/distributor.db"] == 0o600
    assert {mode for name, mode in found.items() if name.startswith("var/feeds/")} == {0o644}
    assert {name.split("/")[1] for name in found if name.startswith("var/")} >= {
        "distributor.db",
        "feeds",
        "secret.key",
    }
    assert not {name for name in found if name.startswith((".env", "articles/", "var/mail", "var/outbox"))}
    new.write("ba", "Tin mới ở máy chủ khác", date="2026-11-21 09:00")
    done = new.run("send", "tin-sang", "--yes")
    assert (done.code, new.letters()) == (1, [])
    assert "this store belongs to a backup of " in done.err
    new.good("store", "claim", "--yes")
    assert "Edition tin-sang-2" in new.good("send", "tin-sang", "--yes")
    assert len(new.letters()) == 1


def test_nothing_is_overwritten(room: Room, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar"
    room.good("backup", str(file))
    before = file.read_bytes()
    done = room.run("backup", str(file))
    assert (done.code, "exists already" in done.err, file.read_bytes() == before) == (2, True, True)
    done = room.run("restore", str(file), str(room.folder))
    assert (done.code, "is there already and not empty" in done.err) == (2, True)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["backup.tar", "newsroom"]


def test_what_lies_outside_of_the_newsroom_is_named(room: Room, tmp_path: Path) -> None:
    key = tmp_path / "link.key"
    key.write_text("a key that is long enough to be one\n", encoding="utf-8")
    room.configure(("sources:\n", f"secret: file:{key}\nsources:\n"))
    done = room.run("backup", str(tmp_path / "backup.tar"))
    assert (done.code, f"warning: {key} is not in the backup" in done.err) == (0, True)
    assert "warning: articles is not in the backup" in done.err
    told = room.good("restore", str(tmp_path / "backup.tar"), str(tmp_path / "new"))
    assert f"put {key} back" in told
    assert "put articles back" in told


def test_a_backup_goes_into_a_folder_named_from_here(
    room: Room, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.keep_in(store_url)
    monkeypatch.chdir(room.folder)
    room.good("backup", "copies")
    room.good("backup", "copies/one.tar")
    assert len(list((room.folder / "copies").iterdir())) == 2
