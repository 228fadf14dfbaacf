"""An edition whose letters are wrong is held before anything goes out, and staff are told; who forces it is written down."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from distributor import pipeline
from distributor.editions import repository as edition_repository
from distributor.errors import RenderError, UserError
from distributor.model import Notice, NoticeKind
from distributor.pipeline import release
from distributor.plugins import registry
from support.clocked_newsroom import Line, text_of
from support.newsroom import Room

SHIPPED = registry.template_folders(Path("/nonexistent"))[0]


def spoil(folder: Path) -> None:
    """The newsroom's own template puts a script into the letter, and leaves the unsubscribe link out of sight."""
    own = folder / "templates" / "email"
    own.mkdir(parents=True)
    page = (SHIPPED / "email" / "digest.html.j2").read_text(encoding="utf-8")
    (own / "digest.html.j2").write_text(
        page.replace("{% block content %}", "{% block content %}<script>alert(1)</script>"), encoding="utf-8"
    )


def test_a_blocked_edition_is_held_and_nothing_of_it_goes_out(line: Line) -> None:
    spoil(line.folder)
    line.configure("review: {reviewers: [lan.bt@bacson.example], if_unanswered: send}")
    line.subscribe("moi")
    line.arrives("a")
    (made,) = line.day("06:30").made
    assert "script" in made.held
    line.day("07:00")  # silence would send it; preflight does not
    assert (line.read("moi"), line.posts()) == ([], {})
    assert not any(asyncio.run(pipeline.notify_reviewers(line.newsroom, line.store, line.clock)).values())
    (told,) = line.mailbox("lan.bt")
    assert "Chưa đạt kiểm tra trước khi gửi: script: " in text_of(told)
    with pytest.raises(UserError, match=r"does not pass: script: .*--force script"):
        pipeline.approve(line.newsroom, line.store, "tin-sang-1", "Lan", line.now)
    with pytest.raises(UserError, match=r"there is no check 'nonsense'"):
        pipeline.approve(line.newsroom, line.store, "tin-sang-1", "Lan", line.now, ["nonsense"])
    pipeline.approve(line.newsroom, line.store, "tin-sang-1", "Lan", line.now, ["script"])
    line.answer()
    line.deliver()
    assert line.read("moi") == [["a"]]
    with line.store.read() as connection:
        story = [
            (event.event, event.actor, event.reason)
            for event in edition_repository.list_events(connection, "tin-sang-1")
        ]
    assert ("held", "preflight", made.held) in story
    assert any(what == "forced" and by == "Lan" and why.startswith("script: ") for what, by, why in story)


def test_every_check_that_blocks_is_named_to_those_who_want_to_force_it(line: Line) -> None:
    spoil(line.folder)
    page = line.folder / "templates" / "email" / "digest.html.j2"
    link = '<script>alert(1)</script><a href="https://example.com/x">x</a>'
    page.write_text(page.read_text(encoding="utf-8").replace("<script>alert(1)</script>", link), encoding="utf-8")
    line.configure("review: {reviewers: [lan.bt@bacson.example]}")
    line.subscribe("moi")
    line.arrives("a")
    line.day("06:30")
    with pytest.raises(UserError, match="does not pass") as refused:
        pipeline.approve(line.newsroom, line.store, "tin-sang-1", "Lan", line.now)
    named = re.findall(r"--force (\S+)", str(refused.value))
    assert len(set(named)) == len(named) >= 2
    pipeline.approve(line.newsroom, line.store, "tin-sang-1", "Lan", line.now, named)


def test_a_correction_whose_letter_is_blocked_changes_nothing_until_it_is_forced(line: Line) -> None:
    own = line.folder / "templates" / "email"
    own.mkdir(parents=True)
    page = (SHIPPED / "email" / "correction.html.j2").read_text(encoding="utf-8")
    (own / "correction.html.j2").write_text(
        page.replace("{% block content %}", "{% block content %}<script>alert(1)</script>"), encoding="utf-8"
    )
    line.subscribe("moi")
    article = line.arrives("a")
    line.day()
    line.at("09:00")
    notice = Notice(NoticeKind.CORRECTION, "Số liệu đúng là 38 km.", line.now)

    def plan(**how: Any) -> pipeline.CorrectionPlan:
        return pipeline.plan_correction(line.newsroom, line.store, article, notice, **how)

    feed = line.feed()
    blocked = plan(mail=True)
    assert blocked.parts[0].lines[-1].startswith("preflight blocks it: script: ")
    with pytest.raises(UserError, match="nothing was done: its emails do not pass script; --force script"):
        pipeline.apply_correction(line.newsroom, line.store, blocked, "Lan")
    assert (line.feed(), len(line.mailbox("moi"))) == (feed, 1)
    assert not plan(mail=False).parts[0].plan.held, "no email is sent"
    (made,) = pipeline.apply_correction(line.newsroom, line.store, plan(mail=True, forced=["script"]), "Lan")
    line.deliver()
    assert len(line.mailbox("moi")) == 2
    with line.store.read() as connection:
        assert any(
            one.event == "forced" and one.reason.startswith("script: ")
            for one in edition_repository.list_events(connection, made)
        )


def test_the_largest_letters_of_the_cohorts_are_examined_too(line: Line) -> None:
    own = line.folder / "templates" / "email"
    own.mkdir(parents=True)
    page = (SHIPPED / "email" / "digest.html.j2").read_text(encoding="utf-8")
    wrong = "{% if stories | length == 1 %}<script>alert(1)</script>{% endif %}"
    (own / "digest.html.j2").write_text(
        page.replace("{% block content %}", "{% block content %}" + wrong), encoding="utf-8"
    )
    line.subscribe("moi")
    line.arrives("a", "Y tế")
    line.arrives("b", "Kinh tế")
    (fine,) = line.day().made
    assert fine.held == ""
    line.subscribe("yte", "Y tế")
    line.arrives("c", "Y tế")
    line.arrives("d", "Kinh tế")
    (held,) = line.day().made
    assert "script" in held.held


def test_on_the_command_line(room: Room) -> None:
    assert "Ready to send" in room.good("gather") + room.good("preflight", "tin-sang", "--no-links")
    spoil(room.folder)
    done = room.run("preflight", "tin-sang", "--no-links")
    assert done.code == 1
    assert "BLOCK script: " in done.out
    assert room.run("preflight", "tin-sang", "--no-links", "--json").json["blocked"] == ["script"]
    done = room.run("send", "tin-sang", "--yes")
    assert done.code == 1
    assert "warning: tin-sang-1 is held by preflight:\n  script: " in done.err
    assert done.err.count("script: ") == 1
    assert "`distributor editions approve tin-sang-1 --force script` sends it anyway" in done.out
    assert (room.letters(), room.posts()) == ([], [])
    assert room.run("editions", "approve", "tin-sang-1").code == 2
    assert "approved and sent" in room.good("editions", "approve", "tin-sang-1", "--force", "script")
    assert len(room.letters()) == 1
    assert "forced by " in room.good("editions", "show", "tin-sang-1")
    room.write("ba", "Tin mới sau khi đã sửa mẫu thư", date="2026-11-21 09:00")
    assert "mail: 1 email saved in " in room.good("send", "tin-sang", "--yes", "--force", "script")


def test_a_site_without_https_is_told_but_can_send(line: Line) -> None:
    line.config = line.config.replace('url: "https://bacson.example"}', 'url: "http://bacson.example"}')
    line.subscribe("moi")
    line.arrives("a")
    (made,) = line.day().made
    assert made.held == ""
    assert {"missing-header", "list-unsubscribe"} & {one.check for one in made.findings}
    assert line.read("moi") == [["a"]]


def test_an_approved_draft_that_cannot_be_sent_is_not_called_sent(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil(room.folder)
    assert room.run("send", "tin-sang", "--yes").code == 1

    def broken(*_: object) -> None:
        raise RenderError("templates/email/digest.html.j2:1: 'nothing' is undefined")

    with monkeypatch.context() as patch:
        patch.setattr(release, "_decide", broken)
        done = room.run("editions", "approve", "tin-sang-1", "--force", "script")
    assert done.code == 1
    assert "tin-sang-1 is approved, but could not be sent (see above)" in done.err
    assert room.letters() == []
