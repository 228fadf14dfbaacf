"""Drafts are told, approved, held or cancelled; just before they go out they are looked at once more."""

from __future__ import annotations

import asyncio

import pytest

from distributor import pipeline
from distributor.articles import flags
from distributor.articles.flags import ArticleFlag
from distributor.editions import repository as edition_repository
from distributor.editions.editing import DraftEdit
from distributor.errors import ConfigError, UserError
from distributor.model import Notice, NoticeKind
from support.clocked_newsroom import Line, local, text_of
from support.prepared_newsroom import Prepared


def state(line: Line, edition: str = "tin-sang-1") -> str:
    with line.store.read() as connection:
        row = edition_repository.find_row(connection, edition)
    assert row is not None
    return row.state


def story(line: Line, edition: str = "tin-sang-1") -> list[tuple[str, str]]:
    with line.store.read() as connection:
        return [(event.event, event.actor) for event in edition_repository.list_events(connection, edition)]


@pytest.fixture
def draft(line: Line, prepared: Prepared) -> Line:
    return prepared(line, freeze_draft)


def freeze_draft(line: Line) -> None:
    """A draft of two articles, frozen half an hour before its slot."""
    line.configure(
        "review: {before: 30m, reviewers: [Lan <lan.bt@bacson.example>], channels: [posts], if_unanswered: hold}"
    )
    line.subscribe("moi")
    line.ids = [line.arrives("a"), line.arrives("b")]  # type: ignore[attr-defined]
    line.day("06:30")


def test_a_draft_is_frozen_ahead_and_told_once_by_mail_and_post(draft: Line) -> None:
    for _ in range(2):
        assert not any(asyncio.run(pipeline.notify_reviewers(draft.newsroom, draft.store, draft.clock)).values())
    (letter,) = draft.mailbox("lan.bt")
    assert letter["Subject"].startswith("Chờ duyệt: Tin ")
    words = text_of(letter)
    assert "Hạn duyệt: 07:00, thứ Hai, ngày 23 tháng 11 năm 2026" in words
    assert "bản tin tiếp tục chờ" in words
    assert "Kính chào Lan! Bản tin số này có 2 tin." in words  # the very letter stands below
    assert "distributor editions approve tin-sang-1" in words
    assert "Tin a của tỉnh nhà" in words
    page = letter.get_body(("html",))
    assert page is not None
    assert "distributor editions hold tin-sang-1" in page.get_content()
    assert list(draft.posts()) == ["tin-sang-1-review.txt"]
    assert (draft.read("moi"), state(draft)) == ([], "review")
    assert (
        "<item>" not in (draft.folder / "feeds" / "rss.xml").read_text() if (draft.folder / "feeds").exists() else True
    )


def test_approved_it_goes_out_at_its_time_with_the_very_bytes(draft: Line) -> None:
    with draft.store.read() as connection:
        before = {one.key: one.sha256 for one in edition_repository.list_renditions(connection, "tin-sang-1")}
    pipeline.approve(draft.newsroom, draft.store, "tin-sang-1", "Lan", draft.now)
    draft.day("06:45")
    assert draft.read("moi") == []
    draft.day("07:00")
    assert draft.read("moi") == [["a", "b"]]
    assert story(draft) == [("drafted", "test"), ("approved", "Lan"), ("released", "test")]
    with draft.store.read() as connection:
        assert {one.key: one.sha256 for one in edition_repository.list_renditions(connection, "tin-sang-1")} == before
    assert state(draft) == "done"


def test_silence_holds_and_a_late_approval_sends_at_once(draft: Line) -> None:
    (held,) = draft.day("07:00").draft_outcomes
    assert (held.event, state(draft), draft.read("moi")) == ("held", "held", [])
    draft.at("2026-11-25 15:00")  # long after its usual life time
    pipeline.approve(draft.newsroom, draft.store, "tin-sang-1", "Lan", draft.now)
    draft.answer()
    draft.deliver()
    assert draft.read("moi") == [["a", "b"]]


def test_held_it_stays_whatever_silence_means(draft: Line) -> None:
    draft.configure("# held")
    draft.config = draft.config.replace("if_unanswered: hold", "if_unanswered: send")
    pipeline.hold(draft.store, "tin-sang-1", "Lan", draft.now, "tít sai")
    draft.day("07:00")
    assert (draft.read("moi"), state(draft)) == ([], "held")


@pytest.mark.parametrize("how", ["cancelled by hand", "skipped by silence"])
def test_cancelled_its_articles_wait_for_the_next_edition(draft: Line, how: str) -> None:
    if how == "cancelled by hand":
        assert pipeline.cancel(draft.store, "tin-sang-1", "Lan", draft.now, "") == (6, 2)
    else:
        draft.config = draft.config.replace("if_unanswered: hold", "if_unanswered: skip")
        draft._newsroom = None
    draft.day("07:00")
    assert (draft.read("moi"), state(draft)) == ([], "cancelled")
    draft.arrives("c")
    draft.day("06:30")
    pipeline.approve(draft.newsroom, draft.store, "tin-sang-2", "Lan", draft.now)
    draft.day("07:00")
    assert draft.read("moi") == [["a", "b", "c"]]
    with pytest.raises(UserError, match="tin-sang-1 is cancelled"):
        pipeline.approve(draft.newsroom, draft.store, "tin-sang-1", "Lan", draft.now)


def test_an_edition_that_is_under_way_can_be_stopped_but_its_articles_count_as_announced(line: Line) -> None:
    line.subscribe("moi")
    line.arrives("a")
    line.at("07:00")
    line.answer()
    assert pipeline.cancel(line.store, "tin-sang-1", "Lan", line.now, "sai tít") == (5, 1)
    line.deliver()
    assert (line.read("moi"), line.posts()) == ([], {})
    line.day("07:00")
    assert line.read("moi") == [["a"]]
    with pytest.raises(UserError, match="tin-sang-2 is done already"):
        pipeline.cancel(line.store, "tin-sang-2", "Lan", line.now, "")


# -- the recheck -------------------------------------------------------------------------------------------------------


def policy(line: Line, word: str) -> None:
    line.configure(f"recheck: {word}")


def spoil(line: Line) -> None:
    """After the draft: article a is withdrawn, b is edited."""
    first, _ = line.ids  # type: ignore[attr-defined]
    with line.store.write() as connection:
        flags.set_flag(connection, first, ArticleFlag.WITHDRAWN, reason="sai số liệu", by="Lan", now=line.now)
    line.arrives("b", title="Tin b-mới của tỉnh nhà")
    pipeline.approve(line.newsroom, line.store, "tin-sang-1", "Lan", line.now)


def test_refresh_takes_the_newer_version_and_leaves_out_what_is_withdrawn(draft: Line) -> None:
    policy(draft, "refresh")
    spoil(draft)
    draft.day("07:00")
    assert draft.read("moi") == [["b-mới"]]
    assert ("changed", "the recheck") in story(draft)
    assert all("Tin a của" not in text for text in draft.posts().values())


def test_drop_leaves_both_out_and_the_edited_one_comes_with_the_next(draft: Line) -> None:
    policy(draft, "drop")
    spoil(draft)
    (settled,) = draft.day("07:00").draft_outcomes
    assert (settled.event, draft.read("moi")) == ("cancelled", [])
    draft.arrives("c")
    draft.day("06:30")
    pipeline.approve(draft.newsroom, draft.store, "tin-sang-2", "Lan", draft.now)
    draft.day("07:00")
    assert draft.read("moi") == [["b-mới", "c"]]


def test_hold_keeps_the_edition_back_and_says_why(draft: Line) -> None:
    policy(draft, "hold")
    spoil(draft)
    (settled,) = draft.day("07:00").draft_outcomes
    assert settled.event == "held"
    assert "withdrawn: sai số liệu" in settled.reason
    assert "edited since (version 2)" in settled.reason
    assert draft.read("moi") == []


def test_who_approves_what_the_last_look_has_held_lets_it_go_as_things_are_now(draft: Line) -> None:
    policy(draft, "hold")
    spoil(draft)
    draft.day("07:00")
    pipeline.approve(draft.newsroom, draft.store, "tin-sang-1", "Lan", draft.now)
    (settled,) = draft.day("08:00").draft_outcomes
    assert settled.event == "released"
    assert draft.read("moi") == [["b-mới"]]


def test_nothing_changed_means_nothing_frozen_anew(draft: Line) -> None:
    pipeline.approve(draft.newsroom, draft.store, "tin-sang-1", "Lan", draft.now)
    draft.day("07:00")
    assert "changed" not in [what for what, _ in story(draft)]


def test_reviewers_who_cannot_be_written_to_are_told_by_check(line: Line) -> None:
    line.configure("review: {reviewers: [lan], channels: [fax]}")
    with pytest.raises(ConfigError) as error:
        _ = line.newsroom
    assert "newsletters.tin-sang.review.reviewers.0: 'lan' is not an address" in str(error.value)
    assert "newsletter tin-sang has no channel 'fax'" in str(error.value)


def test_what_is_gone_at_its_source_is_held_and_comes_back_by_itself(line: Line) -> None:
    """Articles of a folder: the recheck finds one file gone; the day after it is back."""
    line.subscribe("moi")
    articles = line.folder / "articles"
    for name in ("a", "b"):
        (articles / f"{name}.md").write_text(f"---\ntitle: Tin {name} của tỉnh nhà\n---\nx\n", encoding="utf-8")
        line.arrives(name, source_id=f"{name}.md")
    (articles / "a.md").rename(line.folder / "a.md")
    line.at("07:00")
    asyncio.run(pipeline.run_tick(line.newsroom, line.store, line.clock, "test"))
    line.deliver()
    assert line.read("moi") == [["b"]]
    (line.folder / "a.md").rename(articles / "a.md")
    line.at("07:00")
    asyncio.run(pipeline.run_tick(line.newsroom, line.store, line.clock, "test"))
    line.deliver()
    assert line.read("moi") == [["b"], ["a"]]


# -- the day that it bears ---------------------------------------------------------------------------------------------

DAYS = {  # what is written of Monday, the day on which it is due; the draft is made on Sunday evening
    "vi": ("Tin a của tỉnh nhà, 23/11", "Thứ Hai, ngày 23 tháng 11 năm 2026", "“Tin sáng” ngày 23/11/2026"),
    "en": ("Tin a của tỉnh nhà, 23 November", "Monday 23 November 2026", "Tin sáng of 23 Nov 2026"),
}  # fmt: skip


@pytest.fixture
def evening_draft(line: Line, language: str) -> Line:
    """A draft frozen at seven in the evening for seven in the morning."""
    line.configure(
        "review: {before: 12h, reviewers: [lan.bt@bacson.example], if_unanswered: send}",
        f"language: {language}",
        "subject: '{first}, {date}'",
        "greeting: 'Số ngày {date}.'",
        "preheader: 'Ra ngày {date}'",
    )
    line.config = line.config.replace("posts]", "posts, pages]").replace(
        "  posts: {", '  pages: {type: pages, folder: pages, url: "https://bacson.example/so"}\n  posts: {'
    )
    line.subscribe("moi")
    line.ids = [line.arrives("a", published=line.now)]  # type: ignore[attr-defined]
    line.day("19:00")
    return line


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_draft_of_the_evening_bears_the_day_on_which_it_is_due(evening_draft: Line, language: str) -> None:
    line, (subject, day, _) = evening_draft, DAYS[language]
    with line.store.read() as connection:
        (draft,) = (edition_repository.find(connection, "tin-sang-1"),)
        events = edition_repository.list_events(connection, "tin-sang-1")
    assert draft and (draft.subject, draft.issued_at) == (subject, local("2026-11-23 07:00"))
    assert draft.frozen_at == local("2026-11-22 19:00")
    assert [one.event for one in events] == ["drafted"]  # preflight has nothing against a date that is still to come
    line.day("07:00")
    (letter,) = line.mailbox("moi")
    page = letter.get_body(("html",))
    assert page is not None
    assert (letter["Subject"], letter["Date"].datetime) == (subject, local("2026-11-23 07:00"))
    short = subject.partition(", ")[2]
    assert day in text_of(letter) and f"Số ngày {short}." in text_of(letter)
    assert day in page.get_content() and f"Ra ngày {short}" in page.get_content()
    web = (line.folder / "pages" / "tin-sang-1.html").read_text(encoding="utf-8")
    assert day in web and '"datePublished": "2026-11-23T00:00:00+00:00"' in web
    assert "22/11" not in text_of(letter).replace("22/11/2026", "", 1)  # the day of the article, which is another one


@pytest.mark.parametrize("language", ["vi", "en"])
def test_edited_it_bears_that_day_still(evening_draft: Line, language: str) -> None:
    line, (subject, day, _) = evening_draft, DAYS[language]
    line.at("20:00")
    pipeline.edit_draft(line.newsroom, line.store, "tin-sang-1", DraftEdit(intro="Lời ngỏ."), "Lan", line.now)
    line.day("07:00")
    (letter,) = line.mailbox("moi")
    assert (letter["Subject"], letter["Date"].datetime) == (subject, local("2026-11-23 07:00"))
    assert day in text_of(letter)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_its_reviewers_read_that_day_in_an_email_of_today(evening_draft: Line, language: str) -> None:
    assert not any(
        asyncio.run(
            pipeline.notify_reviewers(evening_draft.newsroom, evening_draft.store, evening_draft.clock)
        ).values()
    )
    (letter,) = evening_draft.mailbox("lan.bt")
    assert letter["Date"].datetime == local("2026-11-22 19:00")
    assert DAYS[language][1] in text_of(letter)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_correction_names_the_day_that_the_edition_bears(evening_draft: Line, language: str) -> None:
    line = evening_draft
    pipeline.hold(line.store, "tin-sang-1", "Lan", line.now, "")
    line.day("07:00")
    line.at("2026-11-24 09:00")  # let go a day late
    pipeline.approve(line.newsroom, line.store, "tin-sang-1", "Lan", line.now)
    line.answer()
    line.deliver()
    line.at("10:00")
    (first,) = line.ids  # type: ignore[attr-defined]
    notice = Notice(NoticeKind.CORRECTION, "Sửa tên xã.", line.now)
    plan = pipeline.plan_correction(line.newsroom, line.store, first, notice, mail=True)
    pipeline.apply_correction(line.newsroom, line.store, plan, "Lan")
    line.deliver()
    edition, correction = line.mailbox("moi")
    assert DAYS[language][1] in text_of(edition)
    assert DAYS[language][2] in text_of(correction)
