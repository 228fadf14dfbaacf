"""The command line, as staff use it: what it says, what it leaves, how it ends."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.newsroom import Done, Room


def test_listings_are_json_for_scripts(room: Room) -> None:
    assert [look["source"] for look in room.run("gather", "--json").json] == ["bai-viet"]
    plan = room.run("plan", "--json").json
    assert len(plan[0]["in"]) == 2
    room.good("send", "tin-sang", "--yes", "--json")
    assert {article["editions"][0] for article in room.run("articles", "--json").json} == {"tin-sang-1"}
    assert room.run("editions", "--json").json[0]["deliveries"]["mail"] == {"sent": 1}
    assert {row["state"] for row in room.run("deliveries", "--json").json} == {"sent"}
    assert room.run("check", "--json").json["ok"] is True
    assert {one["type"] for one in room.run("channels", "--json").json} >= {"email", "feed", "mastodon", "telegram"}


def broken(room: Room, *arguments: str) -> Done:
    done = room.run(*arguments)
    assert "Traceback" not in done.err
    return done


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["sned"], 2, "error: there is no command 'sned'; did you mean 'send'?"),
        (["send", "tin-sag"], 2, "error: there is no newsletter 'tin-sag'; did you mean 'tin-sang'?"),
        (["send", "tin-sang", "--channel", "mial"], 2, "error: newsletter tin-sang has no channel 'mial'"),
        (["send", "tin-sang", "--test", "nobody"], 2, "error: --test: 'nobody' is not an address"),
        (["gather", "bai-vit"], 2, "error: there is no source 'bai-vit'; did you mean 'bai-viet'?"),
        (["preview", "tin-sang", "-C", "x"], 2, "error: newsletter tin-sang has no channel 'x'"),
        (["preview", "tin-sag"], 2, "error: there is no newsletter or edition 'tin-sag'; did you mean 'tin-sang'?"),
        (["preflight", "x"], 2, "error: there is no newsletter or edition 'x'"),
        (["deliveries", "nope"], 2, "error: there is no edition 'nope'"),
        (["deliveries", "--state", "lost"], 2, "error: Invalid value for '--state'"),
        (["subscribers", "add", "lan"], 2, "error: lan: 'lan' is not an address"),
        (["subscribers", "add", "a@b.vn", "-n", "x"], 2, "error: a@b.vn: newsletter 'x' is not known"),
        (
            ["subscribers", "update", "a@b.vn"],
            2,
            "error: name what to update: --name, --topic, --all-topics, --frequency or --attribute",
        ),
        (["subscribers", "unsubscribe", "who@example.com"], 2, "error: who@example.com is not a subscriber"),
        (["subscribers", "import", "--consent", "form", "/nowhere.csv"], 2, "error: /nowhere.csv: cannot be read"),
        (["channels", "fax"], 2, "error: there is no channel of type 'fax'"),
        (["plan", "--days", "0"], 2, "error: Invalid value for '--days'"),
    ],
)
def test_a_mistake_gets_one_clear_line(room: Room, arguments: list[str], code: int, line: str) -> None:
    done = broken(room, *arguments)
    assert done.code == code
    assert done.err.splitlines()[-1].startswith(line)


def test_a_store_that_cannot_be_used_fails_the_run_in_one_line(room: Room) -> None:
    store = room.folder / "var" / "distributor.db"
    for leftover in store.parent.glob("distributor.db*"):
        leftover.unlink()
    store.write_text("no database " * 200)
    done = broken(room, "send", "tin-sang", "--yes")
    assert (done.code, len(done.err.splitlines())) == (1, 1)
    assert "the file is not a database; look at store.url" in done.err


def test_a_list_for_which_a_disk_has_no_room_fails_in_one_line(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("click.echo", fail)
    with monkeypatch.context() as changed:
        changed.setattr("distributor.cli.main._tell", lambda lines: sys.stderr.writelines(lines))
        done = broken(room, "config")
    assert (done.code, done.err) == (1, "[Errno 28] No space left on device")


def test_a_channel_of_ones_own_is_one_short_file_with_checked_settings(slow_room: Room) -> None:
    file = slow_room.folder / "channels" / "slow.py"
    assert len(file.read_text(encoding="utf-8").splitlines()) < 40
    slow_room.configure(("file: var/wall.txt", "file: var/wall.txt, seconds: 0"))
    assert "slow" in slow_room.good("channels")
    assert "how slowly (number; default: 0.3)" in slow_room.good("channels", "slow")
    assert "wall: 5 posts sent" in slow_room.good("send", "tin-sang", "--yes")
    slow_room.configure(("seconds: 0", "secnds: 0"))
    done = broken(slow_room, "check")
    assert "channels.wall.secnds: is not a known key; did you mean 'seconds'?" in done.err


def test_a_channel_file_that_does_not_load_is_told_with_its_line(slow_room: Room) -> None:
    (slow_room.folder / "channels" / "torn.py").write_text("from distributor.channel import Channel\n1 / 0\n")
    slow_room.configure(("type: slow, file: var/wall.txt", "type: torn"))
    done = broken(slow_room, "check")
    assert done.code == 2
    assert "channel type 'torn' cannot be loaded: torn.py:2: ZeroDivisionError: division by zero" in done.err


def test_secrets_appear_nowhere(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "canary-password")
    (room.folder / "link.key").write_text("canary-secret-of-links")
    room.configure(
        ("sources:\n", "secret: file:link.key\nsources:\n"),
        (
            "  mail: {type: email,",
            '  mail: {type: email, host: 127.0.0.1, port: 9, tls: none, username: u, password: "${MAIL_PASSWORD}",',
        ),
    )
    for command in (["check"], ["-vv", "send", "tin-sang", "--yes"], ["deliveries", "--json"], ["channels", "email"]):
        done = room.run(*command)
        assert "canary" not in done.out + done.err
    database = b"".join(file.read_bytes() for file in (room.folder / "var").glob("distributor.db*"))
    assert b"canary" not in database


def test_completion_and_help_answer_without_a_newsroom(tmp_path: Path) -> None:
    def ask(*arguments: str) -> str:
        command = [sys.executable, "-m", "distributor", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path).stdout

    assert "Begin with `distributor init" in ask("--help")
    assert ask("--version").startswith("distributor 0.")
    assert "How far to look ahead" in ask("plan", "--help")


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["restore", "{pipe}", "{folder}"], 2, "error: {pipe}: is no ordinary file"),
        (["subscribers", "import", "{pipe}"], 2, "error: {pipe}: is no ordinary file"),
        (["suppressions", "import", "{pipe}"], 2, "error: {pipe}: is no ordinary file"),
        (["bounces", "--file", "{pipe}"], 2, "error: {pipe}: is no ordinary file"),
        (["-c", "{pipe}", "check"], 2, "error: {pipe}: is no ordinary file"),
        (["store", "copy", "sqlite:///{pipe}", "sqlite:///{folder}.db"], 1, "error: store {pipe}: is no ordinary file"),
        (["check"], 2, "the secret file {pipe} is no ordinary file"),
    ],
)
def test_a_pipe_that_is_named_for_a_file_keeps_nobody_waiting(
    room: Room, tmp_path: Path, arguments: list[str], code: int, line: str
) -> None:
    places = {"pipe": str(tmp_path / "pipe"), "folder": str(tmp_path / "new")}
    os.mkfifo(places["pipe"])
    if arguments == ["check"]:
        room.configure(("site:\n", f"secret: 'file:{places['pipe']}'\nsite:\n"))
    done = broken(room, *(one.format(**places) for one in arguments))
    assert (done.code, done.err.count("\n")) == (code, 1), done
    assert line.format(**places) in done.err
