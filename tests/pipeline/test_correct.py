"""What is out is put right or taken back: a plan first, then feeds, posts, and those who have got it."""

from __future__ import annotations

from typing import Any

import pytest

from distributor import pipeline
from distributor.articles import flags
from distributor.articles.flags import ArticleFlag
from distributor.delivery.queries import list_deliveries
from distributor.errors import UserError
from distributor.model import DeliveryState, Notice, NoticeKind
from support.clocked_newsroom import Line, text_of
from support.newsroom import Room
from support.prepared_newsroom import Prepared

S = DeliveryState


def plan(
    line: Line, id: str, kind: str = "correction", note: str = "Số liệu đúng là 38 km.", **more: Any
) -> pipeline.CorrectionPlan:
    notice = Notice(NoticeKind(kind), note, line.now)
    return pipeline.plan_correction(line.newsroom, line.store, id, notice, **{"mail": True, **more})


def done(line: Line, id: str, kind: str = "correction", **more: Any) -> list[str]:
    made = pipeline.apply_correction(line.newsroom, line.store, plan(line, id, kind, **more), "Lan")
    line.deliver()
    return made


@pytest.fixture
def out(line: Line, prepared: Prepared) -> Line:
    return prepared(line, send_out)


def send_out(line: Line) -> None:
    """Two articles are out; one reader has got both, one only the second, one joined later."""
    line.subscribe("moi")
    line.subscribe("yte", "Y tế")
    line.ids = [line.arrives("a", "Kinh tế"), line.arrives("b", "Y tế")]  # type: ignore[attr-defined]
    line.day()
    line.subscribe("sau")
    line.at("09:00")


def ids(line: Line) -> list[str]:
    return line.ids  # type: ignore[attr-defined,no-any-return]


def test_a_plan_says_everything_in_words_and_changes_nothing(out: Line) -> None:
    first, _ = ids(out)
    feed, posts = out.feed(), out.posts()
    (part,) = plan(out, first).parts
    assert part.edition.subject == "Đính chính: Tin a của tỉnh nhà"
    assert part.lines == (
        "mail: an email to the 1 subscriber whose email carried it",
        "feeds: shows it with the note",
        "posts: the post of tin-sang-1 is changed",
    )
    (quiet,) = plan(out, first, mail=False).parts
    assert quiet.lines[0] == "mail: 1 subscriber got it; no email is sent (--mail sends one)"
    assert (out.feed(), out.posts()) == (feed, posts)


def test_a_correction_reaches_feed_and_post_and_only_those_who_have_got_it(out: Line) -> None:
    first, _ = ids(out)
    out.arrives("a", "Kinh tế", title="Tin a của tỉnh nhà", lead="Đường dài 38 km.")
    assert done(out, first) == ["tin-sang-c1"]
    assert out.read("moi") == [["a", "b"], ["a"]]
    letter = out.mailbox("moi")[1]
    assert letter["Subject"] == "Đính chính: Tin a của tỉnh nhà"
    assert "trong bản tin “Tin sáng” ngày 23/11/2026 có nội dung chưa chính xác và đã được đính chính" in text_of(
        letter
    )
    assert "Số liệu đúng là 38 km." in text_of(letter)
    assert "Đường dài 38 km." in text_of(letter)
    assert (out.read("yte"), out.read("sau")) == ([["b"]], [])
    assert "Đính chính (23/11/2026): Số liệu đúng là 38 km." in out.feed()
    assert out.feed().count("<item>") == 2
    post = out.posts()[f"tin-sang-1-{first}.txt"]
    assert "Đính chính (23/11/2026): Số liệu đúng là 38 km." in post
    assert len(out.posts()) == 2
    out.arrives("c")
    out.day()
    assert out.read("moi")[2] == ["c"]
    assert "Số liệu đúng là 38 km." in out.feed()  # the note stays


def test_a_withdrawal_takes_the_post_back_and_leaves_only_the_note_in_the_feed(out: Line) -> None:
    first, second = ids(out)
    done(out, first, "withdrawal", note="Cơ quan cung cấp tin đề nghị gỡ.")
    assert list(out.posts()) == [f"tin-sang-1-{second}.txt"]
    assert "[Đã gỡ] Tin a của tỉnh nhà" in out.feed()
    assert "Tóm tắt của tin a" not in out.feed()
    assert "Cơ quan cung cấp tin đề nghị gỡ." in out.feed()
    assert out.mailbox("moi")[1]["Subject"] == "Gỡ bài: Tin a của tỉnh nhà"
    assert "Tóm tắt của tin a" not in text_of(out.mailbox("moi")[1])
    with pytest.raises(UserError, match="has been withdrawn"):
        plan(out, first)


def test_a_withdrawn_article_is_in_no_later_letter(line: Line) -> None:
    line.configure("weekly: sunday at 08:00")
    line.subscribe("tuan", frequency="weekly")
    first, _ = line.arrives("a"), line.arrives("b")
    line.day()
    done(line, first, "withdrawal")
    line.day("2026-11-29 08:00")
    assert line.read("tuan") == [["b"]]


def test_a_second_correction_stands_before_the_first(out: Line) -> None:
    first, _ = ids(out)
    done(out, first, note="Sửa tên xã.")
    out.at("10:00")
    done(out, first, note="Sửa chiều dài.")
    assert out.feed().index("Sửa chiều dài.") < out.feed().index("Sửa tên xã.")
    assert len(out.mailbox("moi")) == 3


def test_two_people_who_correct_at_once_do_not_overwrite_each_other(out: Line) -> None:
    first, second = ids(out)
    late = plan(out, second)
    done(out, first)
    before = out.feed()
    with pytest.raises(
        UserError, match="something has gone out or was changed since this plan was made: nothing was done"
    ):
        pipeline.apply_correction(out.newsroom, out.store, late, "Hoa")
    assert out.feed() == before
    assert done(out, second), "a fresh plan can be carried out"


def test_the_same_correction_asked_for_again_is_found_and_nobody_is_written_to_twice(out: Line) -> None:
    first, _ = ids(out)
    done(out, first)
    out.at("10:00")
    again = plan(out, first)
    assert (again.parts, again.editions) == ((), ("tin-sang-c1",))
    assert pipeline.apply_correction(out.newsroom, out.store, again, "Hoa") == []
    out.deliver()
    assert len(out.mailbox("moi")) == 2
    assert out.feed().count("Số liệu đúng là 38 km.") == 2, "once in the summary, once in the text"


def test_a_command_that_died_after_its_decision_is_taken_up_by_the_next(out: Line) -> None:
    first, _ = ids(out)
    pipeline.apply_correction(out.newsroom, out.store, plan(out, first), "Lan")
    out.at("10:00")
    assert done(out, first) == [], "it was decided; only its letters were still to go"
    assert len(out.mailbox("moi")) == 2


def test_the_same_withdrawal_asked_for_again_is_found_too(out: Line) -> None:
    first, _ = ids(out)
    assert done(out, first, "withdrawal") == ["tin-sang-c1"]
    out.at("10:00")
    assert done(out, first, "withdrawal") == []
    assert len(out.mailbox("moi")) == 2


def test_a_withdrawal_after_a_release_is_another_one(out: Line) -> None:
    first, _ = ids(out)
    done(out, first, "withdrawal")
    with out.store.write() as connection:
        flags.remove_flag(connection, first, ArticleFlag.WITHDRAWN)
    out.at("10:00")
    assert done(out, first, "withdrawal") == ["tin-sang-c2"]


@pytest.mark.parametrize("other", ["another note", "another version"])
def test_a_second_correction_is_made_when_the_note_or_the_article_has_changed(out: Line, other: str) -> None:
    first, _ = ids(out)
    done(out, first)
    out.at("10:00")
    if other == "another note":
        made = done(out, first, note="Sửa tên xã.")
    else:
        out.arrives("a", "Kinh tế", title="Tin a của tỉnh nhà", lead="Đường dài 38 km.")
        made = done(out, first)
    assert made == ["tin-sang-c2"]
    assert len(out.mailbox("moi")) == 3


def test_what_was_corrected_before_an_earlier_note_came_back_is_another_correction(out: Line) -> None:
    first, _ = ids(out)
    for hour, note in (("10:00", "Một."), ("11:00", "Hai."), ("12:00", "Một.")):
        out.at(hour)
        done(out, first, note=note)
    assert len(out.mailbox("moi")) == 4


def test_letters_that_were_not_wanted_at_first_can_be_asked_for_and_go_once(out: Line) -> None:
    first, _ = ids(out)
    done(out, first, mail=False)
    posts, feed = out.posts(), out.feed()
    out.at("10:00")
    assert done(out, first) == ["tin-sang-c2"]
    assert done(out, first) == []
    assert len(out.mailbox("moi")) == 2
    assert "ngày 23/11/2026" in text_of(out.mailbox("moi")[1])
    assert (out.posts(), out.feed()) == (posts, feed), "posts and feeds were corrected before"


def test_a_correction_that_was_cancelled_can_be_asked_for_again(out: Line) -> None:
    first, _ = ids(out)
    pipeline.apply_correction(out.newsroom, out.store, plan(out, first), "Lan")
    pipeline.cancel(out.store, "tin-sang-c1", "Lan", out.now, "")
    out.at("10:00")
    assert done(out, first) == ["tin-sang-c2"]
    assert len(out.mailbox("moi")) == 2
    assert out.feed().count("Số liệu đúng là 38 km.") == 2, "once in the summary, once in the text"


def test_a_newsletter_that_announced_it_after_the_correction_is_told_of_nothing(out: Line) -> None:
    """Its letter carried the note already."""
    first, _ = ids(out)
    done(out, first)
    out.config = out.config.replace(
        "channels:\n  mail:",
        "  tin-chieu: {title: Tin chiều, schedule: every day at 17:00, channels: [mail]}\nchannels:\n  mail:",
    )
    out._newsroom = None
    out.answer()
    out.day("17:00")
    assert plan(out, first).parts == ()


def test_a_post_that_is_not_out_yet_goes_out_corrected_instead(line: Line) -> None:
    first = line.arrives("a")
    (line.folder / "outbox").write_text("a file where a folder should be")
    line.day()
    (line.folder / "outbox").unlink()
    (part,) = plan(line, first).parts
    assert "posts: the post of tin-sang-1 is not out yet; the corrected one goes out instead" in part.lines
    done(line, first)
    assert list(line.posts()) == [f"tin-sang-c1-{first}.txt"]
    done(line, first, note="Lần hai.")  # what the first correction has posted is what the second changes
    assert "Lần hai." in line.posts()[f"tin-sang-c1-{first}.txt"]


def test_what_a_network_cannot_change_is_left_to_staff(line: Line) -> None:
    line.config = line.config.replace("posts: {type: outbox, folder: outbox}", "posts: {type: console}")
    first = line.arrives("a")
    line.day()
    (part,) = plan(line, first).parts
    assert any(said.startswith("posts: ") for said in part.lines)


def test_letters_that_are_still_to_go_are_counted_in_the_plan(line: Line) -> None:
    line.subscribe("moi")
    first = line.arrives("a")
    line.at("07:00")
    line.answer()
    (part,) = plan(line, first).parts
    assert "still to be sent with it: 1 email of tin-sang-1" in part.lines[-1]
    assert "mail: nobody got it, so no email is sent" in part.lines


def test_an_article_that_is_nowhere_out_is_only_kept_back(line: Line) -> None:
    line.subscribe("moi")
    first = line.arrives("a")
    assert plan(line, first, "withdrawal").parts == ()
    assert done(line, first, "withdrawal") == []
    line.arrives("b")
    line.day()
    assert line.read("moi") == [["b"]]


def test_a_correction_goes_through_the_ledger_like_any_edition(out: Line) -> None:
    first, _ = ids(out)
    pipeline.apply_correction(out.newsroom, out.store, plan(out, first), "Lan")
    with out.store.read() as connection:
        promised = {row.channel: row.state for row in list_deliveries(connection, edition="tin-sang-c1")}
    assert promised == {"mail": S.PENDING, "feeds": S.PENDING, "posts": S.PENDING}
    out.deliver()
    out.deliver()
    assert len(out.mailbox("moi")) == 2


def test_staff_correct_and_withdraw_on_the_command_line(room: Room) -> None:
    room.good("send", "tin-sang", "--yes")
    first, second = (one["id"] for one in room.run("articles", "--json").json)
    said = room.good("articles", "correct", first, "--note", "Sửa tên xã.", "--mail", "--dry-run")
    assert "posts: the post of tin-sang-1 is changed" in said
    assert "Nothing was changed: this was a dry run." in said
    said = room.good("articles", "correct", first, "--note", "Sửa tên xã.", "--mail", "--yes")
    assert f"corrected: {first}" in said
    assert "mail: 1 email saved in " in said
    assert "posts: 1 edited" in said
    assert len(room.letters()) == 2
    assert "Its recipients were told of a correction on " in room.good("why", first)
    said = room.good("articles", "withdraw", second, "-m", "luật sư", "--note", "Tin đã được gỡ.", "--yes")
    assert f"withdrawn: {second}" in said
    assert "posts: 1 deleted" in said
    assert len(room.posts()) == 1
    everything = (room.folder / "var" / "feeds" / "rss.xml").read_text(encoding="utf-8")
    assert "Tin đã được gỡ." in everything
    assert "luật sư" not in everything
    assert room.run("articles", "correct", second, "--yes").code == 2


# -- its wording -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mail", [True, False])
@pytest.mark.parametrize("kind", ["correction", "withdrawal"])
def test_a_note_that_is_still_to_be_filled_in_goes_nowhere(out: Line, kind: str, mail: bool) -> None:
    first, _ = ids(out)
    feed, posts, letters = out.feed(), out.posts(), out.read("moi")
    unfilled = plan(out, first, kind, note="Số đúng là {number} km.", mail=mail)
    assert unfilled.parts[0].lines[-1].startswith("preflight blocks it: wording: '{number}' is filled by nobody")
    with pytest.raises(UserError, match="nothing was done: the note does not pass wording"):
        pipeline.apply_correction(out.newsroom, out.store, unfilled, "Lan")
    out.deliver()
    assert (out.feed(), out.posts(), out.read("moi")) == (feed, posts, letters)
    forced = plan(out, first, kind, note="Số đúng là {number} km.", mail=mail, forced=["wording"])
    pipeline.apply_correction(out.newsroom, out.store, forced, "Lan")
    out.deliver()
    assert "Số đúng là {number} km." in out.feed()


def test_nor_where_no_edition_has_carried_the_article(out: Line) -> None:
    alone = out.arrives("c")
    with pytest.raises(UserError, match="does not pass wording: 'TODO' is a placeholder"):
        done(out, alone, note="TODO")
    assert done(out, alone, note="Sửa tên xã.") == []
