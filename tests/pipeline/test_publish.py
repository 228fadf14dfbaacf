"""The world moves while an edition is made: what was withdrawn meanwhile does not go out, what went out is not lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from distributor import pipeline
from distributor.articles import repository as article_repository
from distributor.errors import RenderError, UserError
from distributor.model import Article, Notice, NoticeKind
from distributor.pipeline import publish as pipeline_publish
from distributor.pipeline import release, tick
from support.clocked_newsroom import Line
from support.withdrawal import withdraw

REVIEW = "review: {before: 30m, reviewers: [lan@bacson.example], if_unanswered: send}"
Meanwhile = Callable[[Callable[[], object]], None]


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """Lets something happen once, after an edition was rendered and before it is written down."""

    def let(happen: Callable[[], object]) -> None:
        waiting = [happen]
        examined = pipeline_publish.add_findings

        def examine(*given: object, **named: object) -> object:
            made = examined(*given, **named)  # type: ignore[arg-type]
            if waiting:
                waiting.pop()()
            return made

        monkeypatch.setattr(pipeline_publish, "add_findings", examine)

    return let


def article(line: Line, id: str) -> Article:
    with line.store.read() as connection:
        found = article_repository.find_article(connection, id)
    assert found
    return found


def plan(line: Line, id: str, kind: NoticeKind = NoticeKind.WITHDRAWAL) -> pipeline.CorrectionPlan:
    return pipeline.plan_correction(line.newsroom, line.store, id, Notice(kind, "", line.now), mail=False)


def alert(line: Line, id: str) -> pipeline.EditionPlan | None:
    newsletter = line.newsroom.newsletter("tin-sang")
    return pipeline.publish_edition(
        pipeline.StepContext(line.newsroom, line.store, line.now, "Lan"),
        pipeline.EditionRequest.for_alert(newsletter, article(line, id)),
    )


def answered(line: Line) -> None:
    line.answer()
    line.deliver()


def drafted_and_alerted(line: Line) -> str:
    """A draft of two articles, of which the first, returned here, goes out as an alert before it is due."""
    line.subscribe("moi")
    first, _ = line.arrives("a"), line.arrives("b")
    line.at("06:30")
    line.answer()
    line.at("06:45")
    alert(line, first)
    return first


def posts_of(line: Line, id: str) -> list[str]:
    return [name for name in line.posts() if id in name]


# -- while an edition is rendered --------------------------------------------------------------------------------------


def test_an_article_that_is_withdrawn_meanwhile_does_not_go_out(line: Line, meanwhile: Meanwhile) -> None:
    line.subscribe("moi")
    first, _ = line.arrives("a"), line.arrives("b")
    line.at("07:00")
    meanwhile(lambda: withdraw(line, first))
    answered(line)
    assert line.read("moi") == [["b"]]
    assert posts_of(line, first) == []


def test_an_earlier_article_that_is_withdrawn_meanwhile_is_not_put_back_into_the_feed(
    line: Line, meanwhile: Meanwhile
) -> None:
    first = line.arrives("a")
    line.day()
    line.arrives("b")
    line.at("07:00")

    def gone() -> None:
        withdraw(line, first)
        line.deliver()

    meanwhile(gone)
    answered(line)
    assert "Tin b" in line.feed()
    assert "Tóm tắt của tin a" not in line.feed()


def test_an_alert_meanwhile_is_not_posted_again_by_the_digest(line: Line, meanwhile: Meanwhile) -> None:
    line.subscribe("moi")
    first, _ = line.arrives("a"), line.arrives("b")
    line.at("07:00")
    meanwhile(lambda: alert(line, first))
    answered(line)
    assert len(posts_of(line, first)) == 1


def test_a_digest_meanwhile_is_no_fault_of_the_alert(line: Line, meanwhile: Meanwhile) -> None:
    line.subscribe("moi")
    first = line.arrives("a")
    line.at("07:00")
    meanwhile(lambda: line.answer())
    assert alert(line, first)


def test_an_alert_of_what_was_withdrawn_at_the_last_question_is_not_sent(line: Line) -> None:
    line.subscribe("moi")
    first = line.arrives("a")
    asked = article(line, first)
    withdraw(line, first)
    newsletter = line.newsroom.newsletter("tin-sang")
    made = pipeline.publish_edition(
        pipeline.StepContext(line.newsroom, line.store, line.now, "Lan"),
        pipeline.EditionRequest.for_alert(newsletter, asked),
    )
    line.deliver()
    assert made and made.edition is None and "is withdrawn" in made.selection.reason
    assert (line.read("moi"), line.posts()) == ([], {})


def test_two_that_answer_the_same_empty_slot_do_not_disturb_each_other(line: Line, meanwhile: Meanwhile) -> None:
    withdraw(line, line.arrives("a"))
    line.at("07:00")
    meanwhile(lambda: line.answer())
    line.answer()


def test_a_draft_that_is_released_shows_in_the_feed_what_has_gone_out_since_it_was_made(line: Line) -> None:
    line.configure(REVIEW)
    line.arrives("a")
    line.at("06:30")
    answered(line)
    urgent = line.arrives("b")
    line.at("06:45")
    alert(line, urgent)
    line.deliver()
    assert "Tin b" in line.feed()
    line.at("07:00")
    answered(line)
    assert "Tin a" in line.feed()
    assert "Tin b" in line.feed()


def test_a_draft_one_of_whose_articles_went_out_as_an_alert_does_not_post_it_again(line: Line) -> None:
    line.configure(REVIEW)
    first = drafted_and_alerted(line)
    line.deliver()
    line.at("07:00")
    answered(line)
    assert len(posts_of(line, first)) == 1
    assert sorted(line.read("moi")) == [["a"], ["b"]]


@pytest.mark.parametrize("policy", ["hold", "drop"])
def test_an_alert_neither_holds_the_draft_nor_drops_the_article(line: Line, policy: str) -> None:
    line.configure(REVIEW, f"recheck: {policy}", "alerts: {topics: [x], in_digest: mark}")
    drafted_and_alerted(line)
    line.deliver()
    line.at("07:00")
    answered(line)
    assert sorted(line.read("moi")) == [["a"], ["a", "b"]]


def test_a_draft_that_carries_an_alert_as_news_stands_for_its_letter(line: Line) -> None:
    line.configure(REVIEW)
    drafted_and_alerted(line)
    line.at("07:00")
    answered(line)
    assert line.read("moi") == [["a", "b"]]


# -- daily letters -----------------------------------------------------------------------------------------------------


def test_a_draft_that_is_due_with_the_daily_letter_is_in_it(line: Line) -> None:
    line.configure(REVIEW, "daily: every day at 07:00")
    line.subscribe("ngay", frequency="daily")
    for name in "abc":
        line.arrives(name)
        line.at("06:30")
        line.answer()
        line.day("07:00")
    assert line.read("ngay") == [["a"], ["b"], ["c"]]


def test_an_alert_at_the_same_minute_repeats_nothing_in_the_next_daily_letter(line: Line) -> None:
    line.configure("daily: every day at 07:00", "alerts: {topics: [khẩn]}")
    line.subscribe("ngay", frequency="daily")
    line.arrives("a")
    line.at("06:59")
    line.answer()
    line.arrives("gấp", "khẩn")
    line.day("07:00")
    line.arrives("b")
    line.day("07:00")
    assert sorted(name for letter in line.read("ngay") for name in letter).count("a") == 1
    assert line.read("ngay").count(["b"]) == 1


def test_a_digest_that_was_begun_before_the_daily_letter_and_written_after_it_is_in_the_next_one(
    line: Line, meanwhile: Meanwhile
) -> None:
    line.configure("daily: every day at 08:00")
    line.subscribe("ngay", frequency="daily")
    line.arrives("a")
    line.day("07:00")
    line.arrives("b")
    line.at("08:00")
    begun = line.now - timedelta(seconds=1)

    def daily() -> None:
        line.now = begun + timedelta(seconds=2)
        line.answer()

    meanwhile(daily)
    pipeline.publish_edition(
        pipeline.StepContext(line.newsroom, line.store, begun, "by hand"),
        pipeline.EditionRequest(newsletter=line.newsroom.newsletter("tin-sang")),
    )
    line.deliver()
    line.arrives("c")
    line.day("07:00")
    line.day("08:00")
    line.day("08:00")
    assert sorted(name for letter in line.read("ngay") for name in letter) == ["a", "b", "c"]


# -- while staff look at a plan ----------------------------------------------------------------------------------------


def test_a_withdrawal_is_planned_anew_where_its_post_has_gone_out_meanwhile(line: Line) -> None:
    first = line.arrives("a")
    line.at("07:00")
    line.answer()
    late = plan(line, first)
    line.deliver()
    with pytest.raises(UserError, match="since this plan was made: nothing was done"):
        pipeline.apply_correction(line.newsroom, line.store, late, "Lan")
    withdraw(line, first)
    line.deliver()
    assert posts_of(line, first) == []


def test_a_withdrawal_is_planned_anew_where_an_edition_has_carried_the_article_meanwhile(line: Line) -> None:
    first = line.arrives("a")
    line.at("07:00")
    late = plan(line, first)
    answered(line)
    with pytest.raises(UserError, match="since this plan was made"):
        pipeline.apply_correction(line.newsroom, line.store, late, "Lan")


def test_a_correction_does_not_take_what_went_out_meanwhile_from_the_feed(line: Line) -> None:
    first = line.arrives("a")
    line.day()
    line.arrives("b")
    line.at("2026-11-24 06:59")
    late = plan(line, first, NoticeKind.CORRECTION)
    line.at("07:00")
    answered(line)
    with pytest.raises(UserError, match="since this plan was made"):
        pipeline.apply_correction(line.newsroom, line.store, late, "Lan")
    assert "Tin b" in line.feed()


# -- what fails --------------------------------------------------------------------------------------------------------


def test_a_newsletter_that_cannot_be_rendered_keeps_no_other_one_waiting(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    line.config = line.config.replace(
        "newsletters:\n",
        "newsletters:\n  hong:\n    title: Hỏng\n    schedule: every day at 07:00\n    channels: [feeds]\n",
    )
    line.subscribe("moi")
    line.arrives("a")
    line.at("07:00")
    publish = pipeline_publish.publish_edition

    def broken(context: pipeline.StepContext, request: pipeline.EditionRequest) -> pipeline.EditionPlan | None:
        if request.newsletter.id == "hong":
            raise RenderError("templates/email/digest.html.j2:7: 'x' is undefined")
        return publish(context, request)

    monkeypatch.setattr(tick, "publish_edition", broken)
    answered(line)
    assert line.read("moi") == [["a"]]


def test_a_draft_that_cannot_be_released_keeps_no_slot_waiting(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    line.configure(REVIEW, "daily: every day at 08:00")
    line.subscribe("ngay", frequency="daily")
    line.arrives("a")
    line.at("06:30")
    line.answer()
    line.day("07:00")
    line.arrives("b")
    line.at("2026-11-24 06:30")
    line.answer()

    def broken(*_: object) -> None:
        raise RenderError("templates/email/digest.html.j2:7: 'x' is undefined")

    monkeypatch.setattr(release, "_release", broken)
    line.at("08:00")
    answered(line)
    assert line.read("ngay") == [["a"]]
