"""docs/editing.md tells the truth: an editor's path without a template, from config.yaml to the bytes that are sent."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from distributor import pipeline
from distributor.config.editorial import NewsletterBlock
from distributor.editions import repository as edition_repository
from distributor.editions.editing import DraftEdit
from distributor.editorial import GREETING_PLACES, PREHEADER_PLACES, SUBJECT_PLACES
from distributor.pipeline import draft_review
from support.clocked_newsroom import Line, text_of

PAGE = (Path(__file__).parents[2] / "docs" / "editing.md").read_text(encoding="utf-8")
_PERSONAL = re.compile(r"https://bacson\.example/u/[\w.=-]+|[\w.-]+@example\.com|quý bạn đọc|moi|kinhte")


def test_the_page_names_every_place_and_every_key_of_a_block() -> None:
    rows = [line.split(" | ")[0] for line in PAGE.splitlines() if line.startswith("| `")]
    places = {name for row in rows for name in re.findall(r"`\{(\w+)\}`", row)}
    assert places == {*SUBJECT_PLACES, *PREHEADER_PLACES, *GREETING_PLACES}
    keys = {field.alias or name for name, field in NewsletterBlock.model_fields.items()}
    assert keys <= {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def content(line: Line, edition: str, name: str) -> tuple[str, str, str]:
    """Subject, HTML and text of the email that a reader got."""
    letter = line.mailbox(name)[-1]
    parts = [letter.get_body((kind,)) for kind in ("html", "plain")]
    html, text = (str(part.get_content()) if part else "" for part in parts)
    return letter["Subject"], _PERSONAL.sub("", html), _PERSONAL.sub("", text)


@pytest.fixture
def draft(line: Line) -> Line:
    (line.folder / "blocks").mkdir()
    (line.folder / "blocks" / "tai-tro.md").write_text(
        "Chè **Tân Lập**, [mua tại đây](https://che.example/mua).", encoding="utf-8"
    )
    line.configure(
        "review: {before: 30m, reviewers: [Lan <lan.bt@bacson.example>], if_unanswered: hold}",
        "blocks: [{file: blocks/tai-tro.md, sponsor: true, after: first, from: 2026-11-23, to: 2026-11-24}]",
        'subject: "{newsletter} {date}: {first} {others}"',
        'greeting: "Kính thưa {name},"',
    )
    line.subscribe("moi")
    line.subscribe("kinhte", "Kinh tế")
    line.ids = {  # type: ignore[attr-defined]
        name: line.arrives(name, *topics) for name, topics in {"a": ["Kinh tế"], "b": [], "c": ["Kinh tế"]}.items()
    }
    line.day("06:30")
    return line


def test_an_editor_says_all_in_a_draft_and_what_was_approved_is_what_is_sent(draft: Line) -> None:
    ids: dict[str, str] = draft.ids  # type: ignore[attr-defined]
    usual = draft_of(draft)
    assert usual.edition.subject == "Tin sáng 23/11: Tin c của tỉnh nhà và 2 tin khác"
    wanted = DraftEdit(
        subject="Bão số 5: {first} {others}",
        preheader="Cập nhật lúc 6 giờ",
        intro="Ba **lưu ý** trước bão.",
        order=[ids["a"]],
        drop=[ids["b"]],
    )
    pipeline.edit_draft(draft.newsroom, draft.store, "tin-sang-1", wanted, "Lan", draft.now)
    pipeline.approve(draft.newsroom, draft.store, "tin-sang-1", "Minh", draft.now)
    approved = draft_of(draft)
    shown = [draft_review.email_parts(draft.newsroom, approved, number) for number in range(len(approved.emails))]
    draft.day("07:00")

    with draft.store.read() as connection:
        sent = edition_repository.list_renditions(connection, "tin-sang-1")
    assert [(one.key, one.body) for one in sent] == [(one.key, one.body) for one in approved.renditions]
    masked = {tuple(_PERSONAL.sub("", part.replace("\r\n", "\n")) for part in parts) for parts in shown}
    for reader in ("moi", "kinhte"):
        subject, html, text = content(draft, "tin-sang-1", reader)
        assert subject == "Bão số 5: Tin a của tỉnh nhà và 1 tin khác"
        assert (html, text) in masked, "what a reader has is what was looked at"
        for words in (
            "Cập nhật lúc 6 giờ",
            "<strong>lưu ý</strong>",
            "Nội dung tài trợ",
            'href="https://che.example/mua"',
        ):
            assert words in html, words
        for words in (
            "Kính thưa",
            "Ba lưu ý trước bão.",
            "[Nội dung tài trợ]",
            "mua tại đây (https://che.example/mua)",
        ):
            assert words in text, words
        assert "Tin b của" not in html + text
        assert text.index("Tin a của") < text.index("Chè Tân Lập") < text.index("Tin c của")


def draft_of(line: Line) -> draft_review.DraftView:
    with line.store.read() as connection:
        found = draft_review.find_draft(connection, line.newsroom, "tin-sang-1")
    assert found is not None
    return found


def test_a_sponsor_is_shown_on_its_days_only(draft: Line) -> None:
    seen = []
    for number in (1, 2, 3):
        pipeline.approve(draft.newsroom, draft.store, f"tin-sang-{number}", "Lan", draft.now)
        draft.day("07:00")
        seen.append("Nội dung tài trợ" in text_of(draft.mailbox("moi")[-1]))
        draft.arrives(f"t{number}")
        draft.day("06:30")
    assert seen == [True, True, False]
