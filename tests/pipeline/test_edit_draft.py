"""Drafts edited: frozen anew as the editor wants them, told to the others, and approved as they are then or not at all."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from distributor import pipeline
from distributor.articles import flags
from distributor.articles.flags import ArticleFlag
from distributor.editions import article_status
from distributor.editions import repository as edition_repository
from distributor.editions.editing import DraftEdit
from distributor.errors import UserError
from distributor.model import Edition
from distributor.pipeline import EditOutcome
from distributor.pipeline.release import DecidedMeanwhile
from distributor.plugins import registry
from support.clocked_newsroom import Line, text_of
from support.prepared_newsroom import Prepared

EDITION = "tin-sang-1"


@pytest.fixture
def draft(line: Line, prepared: Prepared) -> Line:
    return prepared(line, freeze_draft)


def freeze_draft(line: Line) -> None:
    """A draft of three articles for a reader of everything and one of a topic, half an hour before it is due."""
    line.configure(
        "review: {before: 30m, reviewers: [Lan <lan.bt@bacson.example>, minh.bt@bacson.example], if_unanswered: hold}"
    )
    line.subscribe("moi")
    line.subscribe("kinhte", "Kinh tế")
    line.ids = {  # type: ignore[attr-defined]
        "a": line.arrives("a", "Kinh tế"), "b": line.arrives("b"), "c": line.arrives("c", "Kinh tế")
    }  # fmt: skip
    line.day("06:30")


def edit(line: Line, by: str = "Lan", seen: int | None = None, **wanted: Any) -> EditOutcome:
    ids: dict[str, str] = line.ids  # type: ignore[attr-defined]
    named: dict[str, Any] = {key: [ids.get(id, id) for id in wanted.pop(key, ())] for key in ("order", "drop")}
    return pipeline.edit_draft(
        line.newsroom, line.store, EDITION, DraftEdit(**wanted, **named), by, line.now, seen=seen
    )


def state(line: Line) -> str:
    with line.store.read() as connection:
        row = edition_repository.find_row(connection, EDITION)
    assert row is not None
    return row.state


def content(line: Line) -> Edition:
    with line.store.read() as connection:
        found = edition_repository.find(connection, EDITION)
    assert found is not None
    return found


def renditions(line: Line) -> dict[str, str]:
    with line.store.read() as connection:
        return {one.key: one.sha256 for one in edition_repository.list_renditions(connection, EDITION)}


def approve(line: Line) -> None:
    pipeline.approve(line.newsroom, line.store, EDITION, "Lan", line.now)


def tell(line: Line) -> None:
    assert not any(asyncio.run(pipeline.notify_reviewers(line.newsroom, line.store, line.clock)).values())


def shown(line: Line, reader: str = "moi") -> tuple[str, str]:
    (letter,) = line.mailbox(reader)
    return letter["Subject"], text_of(letter)


def test_subject_introduction_order_and_what_is_left_out_reach_every_segment(draft: Line) -> None:
    made = edit(
        draft, subject="Bão số 5: {count} tin", preheader="Cập nhật", intro="Ba **lưu ý**.", order="a", drop="b"
    )
    assert made.changes == (
        "Tiêu đề thư: “Bão số 5: {count} tin”",
        "Dòng xem trước: “Cập nhật”",
        "Lời dẫn: “Ba **lưu ý**.”",
        f"Bỏ tin “Tin b của tỉnh nhà” ({draft.ids['b']})",  # type: ignore[attr-defined]
        "Thứ tự tin: 1. Tin a của tỉnh nhà; 2. Tin c của tỉnh nhà",
    )
    approve(draft)
    before = renditions(draft)
    draft.day("07:00")
    for reader in ("moi", "kinhte"):
        subject, words = shown(draft, reader)
        assert subject == "Bão số 5: 2 tin"
        assert "Ba lưu ý." in words
        assert "Tin b của" not in words
        assert words.index("1. Tin a của tỉnh nhà") < words.index("2. Tin c của tỉnh nhà")
    assert renditions(draft) == before, "what is sent is what was approved"
    assert len(draft.posts()) == 2, "no post about what was left out"


def test_what_is_left_out_waits_for_the_next_edition(draft: Line) -> None:
    edit(draft, drop="ac")
    approve(draft)
    draft.day("07:00")
    assert draft.read("moi") == [["b"]]
    assert draft.mailbox("kinhte") == []
    with draft.store.read() as connection:
        (waiting,) = article_status.list_by_article(connection, draft.ids["a"])  # type: ignore[attr-defined]
    assert (waiting.state, waiting.reason) == ("carried", f"left out of {EDITION} by Lan")
    draft.day("06:30")
    pipeline.approve(draft.newsroom, draft.store, "tin-sang-2", "Lan", draft.now)
    draft.day("07:00")
    assert draft.read("moi")[1] == ["a", "c"]


def test_an_edit_makes_an_approval_void(draft: Line) -> None:
    approve(draft)
    assert edit(draft, "Minh", subject="Khác").void
    (held,) = draft.day("07:00").draft_outcomes
    assert (held.event, draft.mailbox("moi")) == ("held", [])
    approve(draft)
    draft.answer()
    draft.deliver()
    assert shown(draft)[0] == "Khác"


def test_who_had_held_it_holds_it_again_when_an_approved_draft_is_edited(draft: Line) -> None:
    draft.config = draft.config.replace("if_unanswered: hold", "if_unanswered: send")
    draft._newsroom = None
    pipeline.hold(draft.store, EDITION, "Minh", draft.now, "chờ số liệu")
    approve(draft)
    edit(draft, subject="Khác")
    assert state(draft) == "held"
    draft.day("07:00")
    assert draft.mailbox("moi") == []


def test_nothing_to_change_changes_nothing(draft: Line) -> None:
    edit(draft, subject="Khác")
    approve(draft)
    before = renditions(draft)
    made = edit(draft, subject="Khác", order=())
    assert (made.changes, made.version) == ((), 2)
    assert renditions(draft) == before
    draft.day("07:00")
    assert shown(draft)[0] == "Khác", "the approval still counts"


def test_an_empty_text_brings_the_usual_one_back(draft: Line) -> None:
    usual = content(draft).subject
    edit(draft, subject="Khác", intro="Lời dẫn")
    made = edit(draft, subject="", intro="")
    assert made.changes == ("Tiêu đề thư theo mẫu thường dùng", "Bỏ lời dẫn")
    assert (content(draft).subject, content(draft).words.intro) == (usual, "")


def test_of_two_editors_the_second_must_look_again(draft: Line) -> None:
    first = edit(draft, "Lan", seen=0, subject="Của Lan")
    with pytest.raises(DecidedMeanwhile, match="edited by Lan"):
        edit(draft, "Minh", seen=0, subject="Của Minh")
    assert content(draft).subject == "Của Lan"
    edit(draft, "Minh", seen=first.version, subject="Của Minh")
    assert content(draft).subject == "Của Minh"


def test_what_is_approved_is_what_was_looked_at(draft: Line) -> None:
    edit(draft, "Minh", subject="Khác")
    with pytest.raises(DecidedMeanwhile):
        pipeline.approve(draft.newsroom, draft.store, EDITION, "Lan", draft.now, seen=0)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"drop": "abc"}, "would have no article left; `distributor editions cancel tin-sang-1` stops it"),
        ({"drop": ["zz"]}, "has no article 'zz'; it has:"),
        ({"order": ["zz"]}, "has no article 'zz'; it has:"),
        ({"order": ["", "a"]}, "has no article ''"),
        ({"order": "aba"}, "the order names .* twice"),
        ({"order": "ab", "drop": "b"}, "is both in the order and left out"),
        ({"subject": "ạ" * 10_000}, "subject has 10,000 characters; 250 are the most"),
        ({"subject": "{ten}"}, r"subject has a place \{ten\} that there is not"),
        ({"intro": "x" * 10_001}, "intro has 10,001 characters"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_changed(draft: Line, wanted: dict[str, Any], message: str) -> None:
    before = renditions(draft)
    with pytest.raises(UserError, match=message):
        edit(draft, **wanted)
    assert renditions(draft) == before


def test_an_article_may_be_named_in_several_ways(draft: Line) -> None:
    """By its id, in part or whole, and by the address of its page; to leave it out twice is to leave it out."""
    carried = content(draft).articles
    one = next(article for article in carried if article.id == draft.ids["b"])  # type: ignore[attr-defined]
    length = next(n for n in range(4, 64) if sum(other.id.startswith(one.id[:n]) for other in carried) == 1)
    made = edit(draft, drop=[one.id[:length].upper(), one.id, one.id, f"{one.url}?utm_source=x"])
    assert [article.id for article in made.edition.carried] == [other.id for other in carried if other != one]
    assert len(made.changes) == 1
    with pytest.raises(UserError, match=f"the order names {carried[0].id} twice"):
        edit(draft, order=[carried[0].id, f" {carried[0].url}"])


def test_an_article_that_was_left_out_cannot_be_left_out_again(draft: Line) -> None:
    edit(draft, drop="aa")
    with pytest.raises(UserError, match="has no article"):
        edit(draft, drop="a")


@pytest.mark.parametrize("how", ["sent", "cancelled"])
def test_what_is_out_or_cancelled_cannot_be_edited(draft: Line, how: str) -> None:
    if how == "sent":
        approve(draft)
        draft.day("07:00")
    else:
        pipeline.cancel(draft.store, EDITION, "Lan", draft.now, "")
    with pytest.raises(UserError, match=f"{EDITION} is (sent already|cancelled): only a draft can be edited"):
        edit(draft, subject="Muộn")


def test_nothing_an_editor_writes_can_act(draft: Line) -> None:
    edit(
        draft,
        subject="Tin\r\nBcc: ke.xau@example.com \u202eđảo",
        intro="<script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror=alert(1)>",
    )
    approve(draft)
    draft.day("07:00")
    (letter,) = draft.mailbox("moi")
    assert letter["Bcc"] is None
    assert letter["Subject"] == "Tin Bcc: ke.xau@example.com đảo"
    part = letter.get_body(("html",))
    assert part is not None
    page = part.get_content()
    assert "<script" not in page and "onerror" not in page and 'href="javascript' not in page
    assert page.count("/u/") <= 3


# -- the others are told -------------------------------------------------------------------------------------------------


def test_the_other_reviewers_are_told_once_of_what_has_changed(draft: Line) -> None:
    tell(draft)
    edit(draft, "Lan <lan.bt@bacson.example>", subject="Bão số 5", drop="b")
    for _ in range(2):
        tell(draft)
    assert len(draft.mailbox("lan.bt")) == 1, "who has edited it knows"
    first, second = sorted(draft.mailbox("minh.bt"), key=lambda one: "Bão số 5" in one["Subject"])
    words = text_of(second)
    assert second["Subject"] == "Chờ duyệt: Bão số 5"
    assert "Nội dung đã sửa" in words
    assert "Lan <lan.bt@bacson.example>: Tiêu đề thư: “Bão số 5”; Bỏ tin “Tin b của tỉnh nhà”" in words
    assert "Nội dung đã sửa" not in text_of(first)


# -- the recheck ---------------------------------------------------------------------------------------------------------


def test_the_recheck_keeps_what_the_editor_wants(draft: Line) -> None:
    edit(draft, subject="Bão số 5: {count} tin", intro="Lời dẫn.", order="a", drop="b")
    approve(draft)
    draft.arrives("c", "Kinh tế", title="Tin c-mới của tỉnh nhà")
    draft.day("07:00")
    subject, words = shown(draft)
    assert subject == "Bão số 5: 2 tin"
    assert "Lời dẫn." in words and "Tin b của" not in words
    assert words.index("1. Tin a của tỉnh nhà") < words.index("2. Tin c-mới của tỉnh nhà")


def test_a_draft_frozen_anew_counts_no_email_of_its_own_against_the_cap(draft: Line) -> None:
    draft.configure(".max_emails_per_day: 1")
    edit(draft, subject="Khác")
    approve(draft)
    draft.day("07:00")
    assert (len(draft.mailbox("moi")), len(draft.mailbox("kinhte"))) == (1, 1)


def test_an_alert_that_is_held_keeps_its_recipients(line: Line) -> None:
    line.configure("alerts: {topics: [Khẩn], label: HỎA TỐC}")
    own = line.folder / "templates" / "email" / "alert.html.j2"
    own.parent.mkdir(parents=True)
    page = (registry.template_folders(Path("/nonexistent"))[0] / "email" / own.name).read_text(encoding="utf-8")
    own.write_text(page.replace("{% block content %}", "{% block content %}<script>1</script>"), encoding="utf-8")
    line.subscribe("moi")
    line.arrives("bao", "Khẩn")
    line.at("12:30")
    (made,) = line.answer().made
    assert made.edition is not None and "script" in made.held
    wanted = DraftEdit(subject="Bão vào bờ", intro="Xin ở trong nhà.")
    done = pipeline.edit_draft(line.newsroom, line.store, made.edition.id, wanted, "Lan", line.now)
    assert done.held, "the fault is still there"
    pipeline.approve(line.newsroom, line.store, made.edition.id, "Lan", line.now, ["script"])
    line.answer()
    line.deliver()
    subject, words = shown(line)
    assert subject == "Bão vào bờ"
    assert "Xin ở trong nhà." in words and "HỎA TỐC" in words


def test_an_article_that_is_withdrawn_after_the_edit_goes_all_the_same(draft: Line) -> None:
    edit(draft, subject="Khác", order="c")
    with draft.store.write() as connection:
        flags.set_flag(connection, draft.ids["c"], ArticleFlag.WITHDRAWN, reason="sai", by="Lan", now=draft.now)  # type: ignore[attr-defined]
    approve(draft)
    draft.day("07:00")
    assert shown(draft)[0] == "Khác"
    assert draft.read("moi") == [["a", "b"]]
