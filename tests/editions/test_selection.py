"""Which articles an edition takes, and what becomes of every other one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from distributor.config.schema import Newsletter
from distributor.editions.selection import ArticleStatus, Candidate, Selection, select_articles
from distributor.model import Article
from support.builders import NOW, article, articles, newsletter


def decide(order: Newsletter, *found: Article, now: datetime = NOW, **marks: Any) -> Selection:
    return select_articles(order, [Candidate(article=one, **marks) for one in found], now)


def reasons(selection: Selection) -> dict[str, tuple[ArticleStatus, str]]:
    return {choice.article.id: (choice.status, choice.reason) for choice in selection.waiting}


def test_nothing_new_makes_no_edition_and_says_so() -> None:
    assert decide(newsletter()) == Selection((), "nothing new")


class TestTheMinimum:
    def test_fewer_wait_together(self) -> None:
        selection = decide(newsletter(min_articles=3), *articles(2))
        assert not selection.chosen
        assert selection.reason == "2 new articles, fewer than the minimum of 3; waits for the next slot"
        assert set(reasons(selection).values()) == {(ArticleStatus.CARRIED, selection.reason)}

    def test_but_not_past_the_longest_wait(self) -> None:
        order = newsletter(min_articles=3, max_wait=timedelta(days=3))
        (young,) = articles(1, first_seen=NOW - timedelta(days=2))
        assert decide(order, young).reason.endswith("waits for the next slot, but not past 3d")
        (old,) = articles(1, first_seen=NOW - timedelta(days=3))
        assert decide(order, old).chosen == (old,)

    def test_the_wait_of_an_embargoed_article_begins_when_its_embargo_ends(self) -> None:
        order = newsletter(min_articles=3, max_wait=timedelta(days=3))
        (one,) = articles(1, first_seen=NOW - timedelta(days=9), publish_at=NOW - timedelta(days=1))
        assert decide(order, one).chosen == ()


class TestTheMaximum:
    def test_the_oldest_go_first_and_the_rest_is_carried(self) -> None:
        selection = decide(newsletter(max_articles=3), *articles(5))
        assert [one.id for one in selection.chosen] == ["a2", "a1", "a0"]
        full = "the edition was full (maximum 3); goes into the next one"
        assert reasons(selection) == {"a3": (ArticleStatus.CARRIED, full), "a4": (ArticleStatus.CARRIED, full)}

    def test_or_the_rest_is_told_in_brief(self) -> None:
        selection = decide(newsletter(max_articles=3, overflow="brief"), *articles(5))
        assert [one.id for one in selection.briefs] == ["a4", "a3"]
        assert selection.waiting == ()

    def test_of_one_source_only_so_many_go(self) -> None:
        found = [*articles(3), article("b", source="khac")]
        selection = decide(newsletter(max_per_source=2), *found)
        assert {one.id for one in selection.chosen} == {"a0", "a1", "b"}
        assert reasons(selection)["a2"][1] == "source cong has its 2 articles in this edition; goes into the next one"

    def test_a_pinned_article_takes_no_place_of_its_source(self) -> None:
        """Staff put it there beside what the source has by itself, whichever of them is older."""
        older = Candidate(article=article("p", published=NOW - timedelta(days=1)), pinned=True)
        newer = Candidate(article=article("q", published=NOW), pinned=True)
        news = [Candidate(article=one) for one in articles(3)]
        selection = select_articles(newsletter(max_per_source=2), [*news, older, newer], NOW)
        assert {one.id for one in selection.chosen} == {"p", "q", "a0", "a1"}
        assert set(reasons(selection)) == {"a2"}


class TestTheOrder:
    def test_sections_come_in_the_newsletters_order_and_newest_first_within(self) -> None:
        found = [
            article(f"{topic}{i}", topics=(topic,), published=NOW - timedelta(hours=1) + timedelta(minutes=i))
            for topic in ("y", "k")
            for i in (0, 1)
        ]
        other = article("o", topics=("x",), published=NOW)
        selection = decide(newsletter(sections=("K", "Y")), *found, other)
        assert [one.id for one in selection.chosen] == ["k1", "k0", "y1", "y0", "o"]

    def test_a_pinned_article_leads_and_takes_its_place_whatever_the_maximum(self) -> None:
        news = [Candidate(article=one) for one in articles(3)]
        pinned = Candidate(article=article("p", published=NOW + timedelta(minutes=10)), pinned=True)
        selection = select_articles(newsletter(max_articles=2), [*news, pinned], NOW)
        assert [one.id for one in selection.chosen] == ["p", "a0"]


class TestWhatIsSetApart:
    def test_a_held_article_waits_with_the_reason(self) -> None:
        assert reasons(decide(newsletter(), article(), held="held by lan: luật sư xem")) == {
            "a1": (ArticleStatus.HELD, "held by lan: luật sư xem")
        }

    def test_an_embargo_waits(self) -> None:
        later = article(publish_at=NOW + timedelta(hours=2))
        assert reasons(decide(newsletter(), later)) == {"a1": (ArticleStatus.HELD, "embargo until 2026-11-23 02:00")}
        assert decide(newsletter(), later, now=NOW + timedelta(hours=2)).chosen == (later,)

    def test_what_is_dated_ahead_waits_for_its_time(self) -> None:
        later = article(published=NOW + timedelta(hours=2))
        assert reasons(decide(newsletter(), later)) == {
            "a1": (ArticleStatus.HELD, "dated ahead; waits until 2026-11-23 02:00")
        }
        assert decide(newsletter(), later, now=NOW + timedelta(hours=2)).chosen == (later,)

    def test_a_clock_of_the_portal_that_is_a_little_ahead_keeps_nothing_back(self) -> None:
        assert decide(newsletter(), article(published=NOW + timedelta(minutes=14))).chosen

    def test_a_day_without_a_time_takes_its_place_by_when_it_was_seen(self) -> None:
        morning, noon = NOW + timedelta(hours=1), NOW + timedelta(hours=5)
        day = article("day", published=NOW - timedelta(hours=7), has_time=False, first_seen=noon)
        time = article("time", published=morning)
        assert [one.id for one in decide(newsletter(), time, day, now=noon).chosen] == ["day", "time"]

    def test_a_withdrawn_article_is_rejected(self) -> None:
        assert reasons(decide(newsletter(), article(), withdrawn="gỡ bài")) == {
            "a1": (ArticleStatus.REJECTED, "withdrawn: gỡ bài")
        }

    def test_the_same_story_is_told_once(self) -> None:
        title = "Khởi công đường tỉnh 254 tại Nà Mạ"
        twins = [article("x", title=title, published=NOW - timedelta(hours=1)), article("y", title=f"{title.upper()}!")]
        selection = decide(newsletter(), *twins)
        assert [one.id for one in selection.chosen] == ["x"]
        assert reasons(selection) == {"y": (ArticleStatus.REJECTED, "the same story as x")}

    def test_two_short_notices_with_one_title_are_two(self) -> None:
        assert len(decide(newsletter(), article("x", title="Thông báo"), article("y", title="Thông báo")).chosen) == 2

    def test_topics_and_sources_decide_who_belongs(self) -> None:
        news = [article("x", topics=("Kinh tế",)), article("y", topics=("Y tế",)), article("z", source="khac")]
        assert {a.id for a in decide(newsletter(topics=("kinh tế",)), *news).chosen} == {"x", "z"}
        assert {a.id for a in decide(newsletter(sources=("cong",)), *news).chosen} == {"x", "y"}

    def test_a_story_of_two_sources_belongs_to_the_newsletters_of_both(self) -> None:
        both = article("x", source="cong", origins=("cong", "khac"))
        assert decide(newsletter(sources=("khac",)), both).chosen == (both,)


@given(
    count=st.integers(0, 60),
    minimum=st.integers(1, 10),
    maximum=st.integers(1, 40),
    max_per_source=st.none() | st.integers(1, 5),
    overflow=st.sampled_from(["carry", "brief"]),
    marks=st.lists(st.sampled_from(["", "held", "withdrawn", "pinned"]), min_size=60, max_size=60),
)
def test_every_wanted_article_has_one_verdict_and_every_refusal_a_reason(
    count: int, minimum: int, maximum: int, max_per_source: int | None, overflow: str, marks: list[str]
) -> None:
    order = newsletter(min_articles=minimum, max_articles=maximum, max_per_source=max_per_source, overflow=overflow)
    news = [
        Candidate(
            article=one,
            held="x" if mark == "held" else "",
            withdrawn="x" if mark == "withdrawn" else "",
            pinned=mark == "pinned",
        )
        for one, mark in zip(articles(count), marks, strict=False)
    ]
    selection = select_articles(order, reversed(news), NOW)
    assert sorted(choice.article.id for choice in selection.choices) == sorted(one.article.id for one in news)
    assert all(choice.reason for choice in selection.choices if choice.status is not ArticleStatus.IN)
    assert len(selection.chosen) <= maximum
    if selection.chosen:
        assert len(selection.chosen) + len(selection.briefs) + len(selection.of(ArticleStatus.CARRIED)) >= minimum
    for one in news:
        if one.held or one.withdrawn:
            assert one.article not in selection.chosen + selection.briefs
