"""The command line, as staff use it: what it says, what it leaves, how it ends."""

from __future__ import annotations

import email
import json
import shutil
from email.header import decode_header, make_header
from pathlib import Path

import feedparser
import pytest

from support.newsroom import Done, Room


def test_send_makes_one_edition_and_a_second_time_nothing(room: Room) -> None:
    first = room.good("send", "tin-sang", "--yes")
    assert "Edition tin-sang-1: Chè Tân Lập sang Nhật Bản và 1 tin khác" in first
    assert "mail: 1 email saved in " in first
    assert (len(room.letters()), len(room.posts())) == (1, 2)
    again = room.good("send", "tin-sang", "--yes")
    assert again == "No new edition of tin-sang: nothing new.\n"
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
        assert "@@field" not in body


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
    assert "Would send: Chè Tân Lập sang Nhật Bản và 1 tin khác" in said
    assert said.splitlines()[-4:-1] == ["  mail: 1 subscriber", "  feeds: 3 files", "  posts: 2 posts"]
    said = room.good("preview", "tin-sang")
    files = [Path(line.strip()) for line in said.splitlines() if line.startswith("  ")]
    assert {file.name for file in files} >= {"digest.html", "digest.txt", "digest.eml", "tin-sang.rss.xml"}
    assert all(file.is_file() for file in files)
    assert room.letters() == []
    assert room.posts() == []
    assert "tin-sang-1" in room.good("send", "tin-sang", "--yes")


def test_the_preview_of_an_edition_shows_what_went_out(room: Room) -> None:
    room.good("send", "tin-sang", "--yes")
    room.good("preview", "tin-sang-1")
    shown = room.folder / "var" / "preview" / "tin-sang-1"
    for file in (room.folder / "var" / "outbox").glob("*.txt"):
        sent, below, _ = file.read_text(encoding="utf-8").partition("\n\n-- \n")  # what stands below is for staff
        assert below
        assert (shown / "posts" / file.name.removeprefix("tin-sang-1-")).read_text(encoding="utf-8") == sent


def test_send_asks_and_no_is_no(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _: "n")
    done = room.run("send", "tin-sang")
    assert done.code == 130
    assert "subscribers  1" in done.out
    assert room.letters() == []


def test_a_test_copy_goes_to_one_address_and_marks_nothing(room: Room) -> None:
    said = room.good("send", "tin-sang", "--test", "Biên tập <bien.tap@bacson.example>")
    assert f"Test email to bien.tap@bacson.example saved in {room.folder}/var/mail by mail" in said
    (letter,) = room.letters()
    assert b"bien.tap@bacson.example" in letter.read_bytes()
    assert room.good("editions") == "No editions yet.\n"


def test_one_channel_alone_can_be_sent(room: Room) -> None:
    said = room.good("send", "tin-sang", "--channel", "posts", "--yes")
    assert "posts: 2 posts written to " in said
    assert room.letters() == []


def test_one_broken_channel_keeps_none_of_the_others_back(room: Room) -> None:
    room.configure(("  mail: {type: email,", "  mail: {type: email, host: 127.0.0.1, port: 9, tls: none,"))
    done = room.run("send", "tin-sang", "--yes")
    assert done.code == 1
    assert "posts: 2 posts written to " in done.out
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


def broken(room: Room, *arguments: str) -> Done:
    done = room.run(*arguments)
    assert "Traceback" not in done.err
    return done


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


def test_in_test_mode_nothing_reaches_readers_and_everything_is_marked(room: Room) -> None:
    room.good("subscribers", "add", "hoa@example.com")
    room.configure(("sources:\n", "test_mode: {to: bien.tap@bacson.example}\nsources:\n"))
    said = room.good("send", "tin-sang", "--yes")
    assert "Edition tin-sang-1: [Thử] " in said
    letters = [email.message_from_bytes(file.read_bytes()) for file in room.letters()]
    assert len(letters) == 2
    for letter in letters:
        assert letter["To"].endswith("bien.tap@bacson.example>") or letter["To"] == "bien.tap@bacson.example"
        assert str(make_header(decode_header(letter["Subject"]))).startswith("[Thử] ")
    assert room.posts() == []
    posts = list((room.folder / "var" / "test" / "posts").glob("*"))
    assert len(posts) == 2
    assert all(post.read_text(encoding="utf-8").startswith("[Thử] ") for post in posts)
    assert not (room.folder / "var" / "feeds").exists()
    assert len(list((room.folder / "var" / "test" / "feeds").glob("*"))) == 3
    room.configure(("to: bien.tap@bacson.example", "to: nobody"))
    assert "test_mode.to: 'nobody' is not an address" in broken(room, "check").err


def test_a_newsletter_without_subscribers_says_so(room: Room) -> None:
    room.good("subscribers", "forget", "lan@example.com", "--yes")
    said = room.good("send", "tin-sang", "--yes")
    assert f"posts: 2 posts written to {room.folder}/var/outbox" in said
    assert "mail: no subscribers" in said
