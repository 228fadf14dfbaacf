"""The command line, as staff use it: what it says, what it leaves, how it ends."""

from __future__ import annotations

import email
import itertools
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from email.header import decode_header, make_header
from pathlib import Path

import feedparser
import pytest
from fixtures_newsroom import Done, Room
from sqlalchemy import Connection

from distributor.errors import StoreError
from distributor.subscribers.application import Application
from distributor.subscribers.enrolment import add_all

CHECKOUT = Path(__file__).parent.parent


def test_send_makes_one_edition_and_a_second_time_nothing(room: Room) -> None:
    first = room.good("send", "tin-sang", "--yes")
    assert "Edition tin-sang-1: Tin sáng" in first
    assert "mail: 1 sent in " in first
    assert (len(room.letters()), len(room.posts())) == (1, 2)
    again = room.good("send", "tin-sang", "--yes")
    assert again == "No new edition of tin-sang: nothing new. Nothing is sent twice.\n"
    assert (len(room.letters()), len(room.posts())) == (1, 2)


def test_the_letter_is_what_mail_programs_and_providers_ask_for(room: Room) -> None:
    room.good("send", "tin-sang", "--yes")
    (letter,) = room.letters()
    message = email.message_from_bytes(letter.read_bytes())
    assert message["To"].endswith("<lan@example.com>")
    assert message["List-Id"].endswith("<tin-sang.bacson.example>")
    assert message["List-Unsubscribe"].startswith("<https://bacson.example/u/v1.u.")
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message.get_content_type() == "multipart/alternative"
    text, html = [part.get_payload(decode=True).decode() for part in message.get_payload()]  # type: ignore[union-attr]
    for body in (text, html):
        assert "Khởi công đường tỉnh 254" in body
        assert message["List-Unsubscribe"].split(">")[0][1:] in body
        assert "@@slot" not in body


def test_a_new_article_makes_the_next_edition_and_an_edit_makes_none(room: Room) -> None:
    room.good("send", "tin-sang", "--yes")
    room.write("hai", "Chè Tân Lập sang Nhật Bản", date="2026-11-20 09:00", lead="Đã sửa.")
    assert "nothing new" in room.good("send", "tin-sang", "--yes")
    room.write("ba", "Bệnh án điện tử ở mọi bệnh viện", date="2026-11-21 09:00")
    assert "Edition tin-sang-2" in room.good("send", "tin-sang", "--yes")
    feed = feedparser.parse((room.folder / "var" / "feeds" / "tin-sang" / "rss.xml").read_bytes())
    assert [entry.title for entry in feed.entries] == [
        "Bệnh án điện tử ở mọi bệnh viện", "Chè Tân Lập sang Nhật Bản", "Khởi công đường tỉnh 254",
    ]  # fmt: skip
    everything = json.loads((room.folder / "var" / "feeds" / "feed.json").read_text(encoding="utf-8"))
    assert len(everything["items"]) == 3


def test_a_dry_run_and_a_preview_change_nothing(room: Room) -> None:
    said = room.good("send", "tin-sang", "--dry-run")
    assert "Would send: Tin sáng" in said
    assert "mail: 1 subscriber" in said
    said = room.good("preview", "tin-sang")
    files = [Path(line.strip()) for line in said.splitlines() if line.startswith("  ")]
    assert {file.name for file in files} >= {"digest.html", "digest.txt", "digest.eml", "tin-sang.rss.xml"}
    assert all(file.is_file() for file in files)
    assert room.letters() == []
    assert room.posts() == []
    assert "tin-sang-1" in room.good("send", "tin-sang", "--yes")


def test_the_preview_of_an_edition_shows_the_bytes_that_went_out(room: Room) -> None:
    room.good("send", "tin-sang", "--yes")
    room.good("preview", "tin-sang-1")
    shown = room.folder / "var" / "preview" / "tin-sang-1"
    for file in (room.folder / "var" / "outbox").glob("*.txt"):
        assert (shown / "posts" / file.name.removeprefix("tin-sang-1-")).read_bytes() == file.read_bytes()


def test_send_asks_and_no_is_no(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _: "n")
    done = room.run("send", "tin-sang")
    assert done.code == 130
    assert "subscribers  1" in done.out
    assert room.letters() == []


def test_a_test_copy_goes_to_one_address_and_marks_nothing(room: Room) -> None:
    said = room.good("send", "tin-sang", "--test", "Biên tập <bien.tap@bacson.example>")
    assert "Test copy to bien.tap@bacson.example by mail" in said
    (letter,) = room.letters()
    assert b"bien.tap@bacson.example" in letter.read_bytes()
    assert room.good("editions") == "No editions yet.\n"


def test_one_channel_alone_can_be_sent(room: Room) -> None:
    said = room.good("send", "tin-sang", "--only", "posts", "--yes")
    assert "posts: 2 sent" in said
    assert room.letters() == []


def test_one_broken_channel_keeps_none_of_the_others_back(room: Room) -> None:
    room.configure(("  mail: {type: email,", "  mail: {type: email, host: 127.0.0.1, port: 9, tls: none,"))
    done = room.run("send", "tin-sang", "--yes")
    assert done.code == 1
    assert "posts: 2 sent" in done.out
    assert "warning: channel mail: 127.0.0.1:9 cannot be reached" in done.err
    assert "warning: tin-sang-1 is not finished: mail: 1 not tried yet; the channel failed" in done.err
    assert "pending" in room.good("deliveries", "tin-sang-1", "--state", "pending")


def test_one_broken_source_is_told_and_the_others_are_read(room: Room) -> None:
    room.configure(("sources:\n", "sources:\n  kia: {type: folder, folder: nowhere}\n"))
    done = room.run("gather")
    assert done.code == 0
    assert "bai-viet: 2 new articles" in done.out
    assert done.err.count("\n") == 1
    assert done.err.startswith("warning: source kia: ")


def test_a_listing_is_explained_link_by_link_and_nothing_is_stored(room: Room, tmp_path: Path) -> None:
    copy = tmp_path / "cong"
    copy.mkdir()
    (copy / "index.html").write_text(
        "<a href='#noi-dung'>Truy cập nội dung luôn</a><h3><a href='a-1.html'>Khởi công đường tỉnh 254</a></h3>"
        "<p>24/11/2026</p><h3><a href='javascript:f()'>Xã vùng cao mở phiên chợ</a></h3>",
        encoding="utf-8",
    )
    room.configure(
        ("sources:\n", f"sources:\n  cong: {{type: page, url: 'https://bacson.example/tin/', folder: '{copy}'}}\n")
    )
    said = room.good("gather", "--explain", "cong")
    assert said.splitlines()[0] == "cong: 1 article taken, 2 links left out; nothing is stored"
    rows = {row.split("  ")[0].strip(): row for row in said.splitlines()[2:]}
    assert "2026-11-24 00:00  Khởi công đường tỉnh 254" in rows["yes"]
    assert "https://bacson.example/tin/a-1.html" in rows["yes"]
    assert any("Truy cập nội dung luôn" in row and "leads to a place on this page" in row for row in said.splitlines())
    assert "note: 1 headline has no address, only a script" in said
    (told,) = room.run("gather", "--explain", "cong", "--json").json
    assert [link["taken"] for link in told["links"]] == [True, False, False]
    assert told["links"][0]["headline"] == "Khởi công đường tỉnh 254"
    assert room.run("articles", "--json").json == []
    assert room.run("gather", "--explain", "cogn").code == 2
    (copy / "index.html").unlink()
    failed = room.run("gather", "--explain", "cong")
    assert failed.code == 1
    assert failed.err.startswith("warning: source cong: https://bacson.example/tin/: ")


def test_any_source_can_be_explained(room: Room) -> None:
    assert "bai-viet: 2 articles taken, 0 links left out; nothing is stored" in room.good("gather", "--explain")


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


def test_plan_says_what_goes_in_what_waits_and_why(room: Room) -> None:
    room.good("gather")
    room.configure(("    title: Tin sáng\n", "    title: Tin sáng\n    maximum: 1\n"))
    said = room.good("plan")
    assert "edition 1 would go to 1 subscriber with 1 article" in said
    assert "carried" in said
    assert "the edition was full (maximum 1); goes into the next one" in said


class TestSubscribers:
    def test_a_file_is_taken_in_and_every_bad_row_told_with_its_line(self, room: Room) -> None:
        file = room.folder / "people.csv"
        file.write_text("address,name\na@example.com,A\nnonsense,B\nc@example.com,C\n", encoding="utf-8")
        done = room.run("subscribers", "import", str(file))
        assert done.code == 1
        assert f"warning: {file}:3: 'nonsense' is not an address" in done.err
        assert "2 good rows, 1 bad row; 2 added" in done.out
        assert "nothing changed" not in room.run("subscribers", "import", str(file)).out
        assert "3" in str(len(room.run("subscribers", "list", "--json").json))

    def test_bytes_that_are_no_text_cost_their_row_and_no_other(self, room: Room) -> None:
        file = room.folder / "people.csv"
        file.write_bytes(
            b"address\n" + b"".join(b"s%d@example.com\n" % number for number in range(3000)) + b"\xff@x.vn\n"
        )
        done = room.run("subscribers", "import", str(file))
        assert (done.code, done.err) == (
            1, f"warning: {file}:3002: holds bytes that are no letters in the encoding of the file; save it as CSV UTF-8\n",
        )  # fmt: skip
        assert "3000 good rows, 1 bad row" in done.out

    def test_a_file_in_an_encoding_that_cannot_be_told_changes_nothing(self, room: Room) -> None:
        file = room.folder / "people.csv"
        file.write_bytes(b"address,name\n" + b"".join(b"s%d@x.vn,Nguy\xd4n\n" % number for number in range(9)))
        done = room.run("subscribers", "import", str(file))
        assert (done.code, "is not UTF-8 text; save it as CSV UTF-8" in done.err) == (2, True)
        assert len(room.run("subscribers", "list", "--json").json) == 1

    def test_an_import_that_the_store_ends_keeps_whole_turns_and_goes_on_the_next_time(
        self, room: Room, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("distributor.cli.importing._CHUNK", 10)
        monkeypatch.setattr("distributor.cli.importing._TURN", 20)
        calls = itertools.count(1)

        def failing(connection: Connection, wanted: Sequence[Application], now: datetime) -> list[object]:
            if next(calls) == 4:
                raise StoreError("the disk is full; free some space, nothing is lost")
            return list(add_all(connection, wanted, now))

        file = room.folder / "people.csv"
        file.write_text("address\n" + "".join(f"s{number}@example.com\n" for number in range(50)), encoding="utf-8")
        with monkeypatch.context() as faulty:
            faulty.setattr("distributor.subscribers.enrolment.add_all", failing)
            done = room.run("subscribers", "import", str(file))
        assert (done.code, done.err.splitlines()) == (
            1,
            [
                f"warning: {file}: 20 rows are in already; import the file again for the rest",
                "error: the disk is full; free some space, nothing is lost",
            ],
        )
        assert "50 good rows, 0 bad rows; 20 unchanged, 30 added" in room.good("subscribers", "import", str(file))

    def test_what_is_exported_can_be_imported(self, room: Room, tmp_path: Path) -> None:
        file = tmp_path / "out.csv"
        room.good("subscribers", "export", "-o", str(file))
        assert file.read_text(encoding="utf-8-sig").splitlines()[1] == "lan@example.com,Lan,vi,tin-sang,,each,,"
        assert "1 unchanged" in room.good("subscribers", "import", str(file))

    def test_who_is_removed_gets_nothing_more(self, room: Room) -> None:
        assert "off 1 newsletter" in room.good("subscribers", "remove", "LAN@example.com")
        room.good("send", "tin-sang", "--yes")
        assert room.letters() == []

    def test_no_import_brings_back_who_was_removed_and_each_is_named(self, room: Room) -> None:
        file = room.folder / "people.csv"
        file.write_text("address,name,frequency\nLAN@Example.com,Lan,weekly\nhoa@example.com,Hoa,\n", encoding="utf-8")
        room.good("subscribers", "remove", "lan@example.com")
        for added in ("1 kept off, 1 added", "1 kept off, 1 unchanged"):
            done = room.run("subscribers", "import", str(file))
            assert (done.code, done.out.splitlines()) == (
                0,
                [
                    f"{file}: 2 good rows, 0 bad rows; {added}",
                    f"{file}: 1 kept off lists they had left; who asks to come back: `subscribers add ADDRESS --again`",
                ],
            )
            assert f"warning: {file}: LAN@example.com stays off tin-sang: has left all newsletters on " in done.err
        room.good("send", "tin-sang", "--yes")
        assert ["hoa@example.com" in letter.read_text(encoding="utf-8") for letter in room.letters()] == [True]
        assert "They have left all newsletters on " in room.good("why", "lan@example.com")

    def test_staff_bring_back_one_who_asks_by_name_and_on_purpose_only(self, room: Room) -> None:
        room.good("subscribers", "remove", "lan@example.com")
        room.good("suppressions", "add", "lan@example.com", "--type", "complaint", "--reason", "spam")
        refused = room.run("subscribers", "add", "lan@example.com")
        assert (refused.code, len(refused.err.splitlines())) == (2, 1)
        assert "stays off tin-sang: has left" in refused.err and "--again" in refused.err
        done = room.good("subscribers", "add", "lan@example.com", "--again")
        assert done == "updated: lan@example.com (tin-sang)\nno longer suppressed (was: complaint, spam)\n"
        assert "unchanged" in room.good("subscribers", "add", "lan@example.com")

    def test_who_is_suppressed_is_put_on_no_list_by_a_file(self, room: Room) -> None:
        room.good("suppressions", "add", "hoa@example.com", "--reason", "gọi điện")
        file = room.folder / "people.csv"
        file.write_text("address\nhoa@example.com\n", encoding="utf-8")
        done = room.run("subscribers", "import", str(file))
        assert "1 kept off" in done.out
        assert "hoa@example.com stays off tin-sang: suppressed since" in done.err and "(staff: gọi điện)" in done.err
        assert "hoa@example.com" not in room.good("subscribers", "list")


def broken(room: Room, *arguments: str) -> Done:
    done = room.run(*arguments)
    assert "Traceback" not in done.err
    return done


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["sned"], 2, "error: there is no command 'sned'; did you mean 'send'?"),
        (["send", "tin-sag"], 2, "error: there is no newsletter 'tin-sag'; did you mean 'tin-sang'?"),
        (["send", "tin-sang", "--only", "mial"], 2, "error: newsletter tin-sang has no channel 'mial'"),
        (["send", "tin-sang", "--test", "nobody"], 2, "error: --test: 'nobody' is not an address"),
        (["gather", "bai-vit"], 2, "error: there is no source 'bai-vit'; did you mean 'bai-viet'?"),
        (["preview", "tin-sang", "-C", "x"], 2, "error: newsletter tin-sang has no channel 'x'"),
        (["deliveries", "nope"], 2, "error: there is no edition 'nope'"),
        (["deliveries", "--state", "lost"], 2, "error: Invalid value for '--state'"),
        (["subscribers", "add", "lan"], 2, "error: lan: 'lan' is not an address"),
        (["subscribers", "add", "a@b.vn", "-n", "x"], 2, "error: a@b.vn: newsletter 'x' is not known"),
        (["subscribers", "remove", "who@example.com"], 2, "error: who@example.com is not a subscriber"),
        (["subscribers", "import", "/nowhere.csv"], 2, "error: /nowhere.csv: cannot be read"),
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


def test_a_folder_that_cannot_be_written_is_told_and_the_rest_goes_on(room: Room) -> None:
    (room.folder / "var" / "outbox").write_text("a file where a folder should be")
    done = broken(room, "send", "tin-sang", "--yes")
    assert done.code == 1
    assert "posts: 2 deferred" in done.out
    assert len(room.letters()) == 1
    (room.folder / "var" / "outbox").unlink()


def test_a_template_that_fails_is_told_with_its_line_and_nothing_is_sent(room: Room) -> None:
    own = room.folder / "templates" / "email"
    own.mkdir(parents=True)
    (own / "digest.txt.j2").write_text("first\n{{ nobody.knows }}\n", encoding="utf-8")
    done = broken(room, "send", "tin-sang", "--yes")
    assert done.code == 1
    assert "templates/email/digest.txt.j2:2" in done.err
    assert room.letters() == []
    (own / "digest.txt.j2").write_text("{% if %}", encoding="utf-8")
    done = broken(room, "check")
    assert done.code == 2
    assert "templates/email/digest.txt.j2:1" in done.err
    shutil.rmtree(own)
    assert "Edition tin-sang-1" in room.good("send", "tin-sang", "--yes")


def test_a_channel_of_ones_own_is_one_short_file_with_checked_settings(slow_room: Room) -> None:
    file = slow_room.folder / "channels" / "slow.py"
    assert len(file.read_text(encoding="utf-8").splitlines()) < 40
    slow_room.configure(("file: var/wall.txt", "file: var/wall.txt, seconds: 0"))
    assert "slow" in slow_room.good("channels")
    assert "how slowly (number; default: 0.3)" in slow_room.good("channels", "slow")
    assert "wall: 5 sent" in slow_room.good("send", "tin-sang", "--yes")
    slow_room.configure(("seconds: 0", "secnds: 0"))
    done = broken(slow_room, "check")
    assert "channels.wall.secnds: is not a known key; did you mean 'seconds'?" in done.err


def test_a_channel_file_that_does_not_load_is_told_with_its_line(slow_room: Room) -> None:
    (slow_room.folder / "channels" / "torn.py").write_text("from distributor.channel import Channel\n1 / 0\n")
    slow_room.configure(("type: slow, file: var/wall.txt", "type: torn"))
    done = broken(slow_room, "check")
    assert done.code == 2
    assert "channel type 'torn' cannot be loaded: torn.py:2: division by zero" in done.err


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


def test_a_copied_store_sends_nothing_until_it_is_adopted(room: Room, tmp_path: Path) -> None:
    room.good("send", "tin-sang", "--yes")
    copy = Room(tmp_path / "copy", room.run_here)
    shutil.copytree(room.folder, copy.folder)
    copy.write("ba", "Tin mới trong bản sao của tòa soạn", date="2026-11-21 09:00")
    done = broken(copy, "send", "tin-sang", "--yes")
    assert (done.code, len(copy.letters())) == (1, 1)
    assert "nothing is sent from a copy" in done.err
    assert "preview" in copy.good("preview", "tin-sang")
    copy.good("adopt", "--yes")
    assert "Edition tin-sang-2" in copy.good("send", "tin-sang", "--yes")
    copy.configure(("sources:\n", "instance: may-chu-2\nsources:\n"))
    assert "at home at " in broken(copy, "send", "tin-sang", "--yes").err


def test_in_test_mode_nothing_reaches_readers_and_everything_is_marked(room: Room) -> None:
    room.good("subscribers", "add", "hoa@example.com")
    room.configure(("sources:\n", "test_mode: {to: bien.tap@bacson.example}\nsources:\n"))
    said = room.good("send", "tin-sang", "--yes")
    assert "Edition tin-sang-1: [TEST] Tin sáng" in said
    letters = [email.message_from_bytes(file.read_bytes()) for file in room.letters()]
    assert len(letters) == 2
    for letter in letters:
        assert letter["To"].endswith("bien.tap@bacson.example>") or letter["To"] == "bien.tap@bacson.example"
        assert str(make_header(decode_header(letter["Subject"]))).startswith("[TEST] ")
    assert room.posts() == []
    posts = list((room.folder / "var" / "test" / "posts").glob("*"))
    assert len(posts) == 2
    assert all(post.read_text(encoding="utf-8").startswith("[TEST] ") for post in posts)
    assert not (room.folder / "var" / "feeds").exists()
    assert len(list((room.folder / "var" / "test" / "feeds").glob("*"))) == 3
    room.configure(("to: bien.tap@bacson.example", "to: nobody"))
    assert "test_mode.to: 'nobody' is not an address" in broken(room, "check").err


def test_staff_hold_pin_and_withdraw_articles_and_why_tells_it(room: Room) -> None:
    room.good("gather")
    first, second = (one["id"] for one in room.run("articles", "--json").json)
    assert f"held: {first}" in room.good("articles", "hold", first, "-m", "luật sư xem lại")
    assert "1 article" in room.good("send", "tin-sang", "--yes")
    said = room.good("why", first)
    assert "luật sư xem lại" in said
    assert "tin-sang: held on " in said
    assert "tin-sang: announced in edition tin-sang-1" in room.good("why", second)
    assert f"released: {first}" in room.good("articles", "release", "--source", "bai-viet")
    assert "Edition tin-sang-2" in room.good("send", "tin-sang", "--yes")
    room.write("ba", "Tin sẽ bị gỡ trước khi gửi đi", date="2026-11-21 09:00")
    room.good("gather")
    third = room.run("articles", "--json", "-n", "1").json[0]["id"]
    room.good("articles", "withdraw", third, "-m", "sai số liệu")
    assert "no new edition" in room.good("send", "tin-sang", "--yes").lower()
    assert "withdrawn" in room.good("why", third)
    assert "Tin sẽ bị gỡ" in room.good("articles", "show", third)
    room.good("articles", "pin", third)
    room.good("articles", "unpin", third)


def test_why_tells_what_somebody_got_and_did_not_get(room: Room) -> None:
    room.good("send", "tin-sang", "--yes")
    assert "tin-sang-1: sent " in room.good("why", "lan@example.com")
    room.good("subscribers", "add", "muon@example.com")
    assert "before they joined" in room.good("why", "muon@example.com", "tin-sang-1")
    assert broken(room, "why", "ai@example.com").err == "error: ai@example.com is not a subscriber\n"
    assert broken(room, "why", "nothing").code == 2


def test_init_makes_a_newsroom_that_runs_as_it_is(tmp_path: Path, room: Room) -> None:
    folder = tmp_path / "mine"
    assert room.run_here("init", str(folder)).code == 0
    mine = Room(folder, room.run_here)
    assert mine.good("check").startswith("ok: ")
    mine.good("subscribers", "add", "you@example.com")
    assert "Edition tin-sang-1" in mine.good("send", "tin-sang", "--yes")
    assert len(mine.letters()) == 1
    again = room.run_here("init", str(folder))
    assert (again.code, "nothing was changed" in again.err) == (2, True)


def test_the_sample_newsroom_runs_twice_and_sends_once(tmp_path: Path, room: Room) -> None:
    """What `make run` does, on a copy of the sample newsroom."""
    folder = tmp_path / "sample"
    shutil.copytree(CHECKOUT / "samples", folder / "samples")
    shutil.copy(CHECKOUT / "config.yaml", folder)
    sample = Room(folder, room.run_here)
    sample.good("subscribers", "import", str(folder / "samples" / "subscribers.csv"))
    done = sample.run("send", "tin-sang", "--yes")
    assert (done.code, done.err) == (0, "")
    said = done.out
    assert "13 articles" in said
    assert "feeds: 3 sent" in said
    assert len(sample.letters()) == 3
    assert len(sample.posts()) == 10
    for name in ("rss.xml", "atom.xml", "feed.json"):
        assert (folder / "var" / "public" / "feeds" / "tin-sang" / name).stat().st_size > 1000
    before = {
        file: file.read_bytes() for file in (folder / "var").rglob("*") if file.is_file() and ".db" not in file.name
    }
    assert "Nothing is sent twice" in sample.good("send", "tin-sang", "--yes")
    after = {
        file: file.read_bytes() for file in (folder / "var").rglob("*") if file.is_file() and ".db" not in file.name
    }
    assert after == before


def test_completion_and_help_answer_without_a_newsroom(tmp_path: Path) -> None:
    def ask(*arguments: str) -> str:
        command = [sys.executable, "-m", "distributor", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path).stdout

    assert "Begin with `distributor init" in ask("--help")
    assert ask("--version").startswith("distributor 0.")
    assert "How far to look ahead" in ask("plan", "--help")
