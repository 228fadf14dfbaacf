"""Which articles an edition takes."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from builders import NOW, article, articles, newsletter, settings
from hypothesis import given
from hypothesis import strategies as st

from distributor.config import Newsletter
from distributor.editions.freezing import freeze, manual_slot, subject
from distributor.editions.selection import select
from distributor.model import Language


def test_nothing_new_makes_no_edition_and_says_so() -> None:
    assert select(newsletter(), []).reason == "nothing new"
    assert not select(newsletter(), []).chosen


def test_fewer_than_the_minimum_wait_together() -> None:
    selection = select(newsletter(minimum=3), articles(2))
    assert not selection.chosen
    assert len(selection.carried) == 2
    assert selection.reason == "2 new articles, fewer than the minimum of 3; waits for the next slot"


def test_of_too_many_the_oldest_go_first_and_the_rest_is_carried() -> None:
    selection = select(newsletter(maximum=3), articles(5))
    assert [chosen.id for chosen in selection.chosen] == ["a2", "a1", "a0"]
    assert [(carried.id, reason) for carried, reason in selection.carried] == [
        ("a3", "the edition was full (3 articles); goes into the next one"),
        ("a4", "the edition was full (3 articles); goes into the next one"),
    ]


def test_topics_and_sources_decide_who_belongs() -> None:
    news = [article("x", topics=("Kinh tế",)), article("y", topics=("Y tế",)), article("z", source="khac")]
    assert {a.id for a in select(newsletter(topics=("kinh tế",)), news).chosen} == {"x", "z"}
    assert {a.id for a in select(newsletter(sources=("cong",)), news).chosen} == {"x", "y"}


@given(count=st.integers(0, 60), minimum=st.integers(1, 10), maximum=st.integers(1, 40))
def test_every_wanted_article_is_either_chosen_or_carried(count: int, minimum: int, maximum: int) -> None:
    order: Newsletter = newsletter(minimum=minimum, maximum=maximum)
    news = articles(count)
    selection = select(order, reversed(news))
    assert {a.id for a in selection.chosen} | {a.id for a, _ in selection.carried} == {a.id for a in news}
    assert len(selection.chosen) + len(selection.carried) == count
    assert len(selection.chosen) <= maximum
    assert all(reason for _, reason in selection.carried)
    assert bool(selection.chosen) == (count >= minimum)


def test_the_subject_tells_the_day_the_first_story_and_how_many_more() -> None:
    day = datetime(2026, 11, 3, 7, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
    three = tuple(articles(3))
    assert subject(newsletter(), three, Language.VI, day) == "Tin sáng 03/11: Tin a0 và 2 tin khác"
    assert subject(newsletter(), three[:2], Language.VI, day) == "Tin sáng 03/11: Tin a0 và 1 tin khác"
    assert subject(newsletter(), three[:1], Language.EN, day) == "Tin sáng 3 November: Tin a0"


def test_an_edition_is_dated_in_the_newsletters_zone() -> None:
    late = NOW.replace(hour=20)  # 03:00 of the next day in Hanoi
    made = freeze(settings(), newsletter(), select(newsletter(), articles(1)), slot="s", number=7, now=late)
    assert made.id == "tin-sang-7"
    assert "24/11" in made.subject
    assert manual_slot(late, ZoneInfo("Asia/Ho_Chi_Minh")).startswith("manual-2026-11-24T03:00:00")
