"""Readers choose topics and how often: one merged letter, nothing twice, nothing lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from builders import NOW, article, edition
from fixtures_line import Line
from hypothesis import given
from hypothesis import strategies as st

from distributor.editions.cohorts import Announced, Taste, divide, topics_key
from distributor.model import Article

TOPICS = ("Kinh tế", "Y tế", "Giáo dục", "Thể thao")


# -- dividing, by itself -----------------------------------------------------------------------------------------------


def pool_of(*articles: Article) -> list[Announced]:
    return [Announced(one, NOW) for one in articles]


def division(pool: list[Announced], *tastes: Taste, **more: Any) -> Any:
    whole = edition(articles=tuple(one.article for one in pool))
    values = {"start": NOW - timedelta(seconds=1), "maximum": 40, "mark_known": False, **more}
    return divide(whole, pool, tastes, subject=lambda chosen: f"Tin sáng: {chosen[0].title}", **values)


def test_readers_without_topics_get_the_edition_as_it_is() -> None:
    made = division(pool_of(article("a"), article("b")), Taste(size=7))
    assert [(one.edition.variant, one.size) for one in made.cohorts] == [("digest", 7)]
    assert made.cohorts[0].edition.subject == "Tin sáng 23/11"


def test_choices_that_mean_the_same_are_one_cohort() -> None:
    pool = pool_of(article("a", topics=("Y tế",)), article("b", topics=("Thể thao", "Y tế")))
    made = division(pool, Taste(topics_key(["y TẾ"]), size=2), Taste(topics_key(["Y tế", "Giáo dục"]), size=3))
    assert [(one.edition.variant, one.size) for one in made.cohorts] == [("digest", 5)]


def test_a_share_has_its_own_subject_and_promotes_briefs() -> None:
    articles = [article(f"a{i}", topics=("Y tế",) if i % 2 else ("Thể thao",)) for i in range(6)]
    (cohort,) = division(pool_of(*articles), Taste("y tế", size=1), maximum=2).cohorts
    assert [one.id for one in cohort.edition.articles] == ["a1", "a3"]
    assert [one.id for one in cohort.edition.briefs] == ["a5"]
    assert cohort.edition.subject == "Tin sáng: Tin a1"
    assert cohort.edition.variant.startswith("digest-")


def test_an_alert_that_a_reader_has_had_is_left_out_or_marked() -> None:
    pool = pool_of(article("a"), article("b"))
    had = Taste(known=frozenset({"a"}), size=1)
    (without,) = division(pool, had).cohorts
    assert ([one.id for one in without.edition.articles], without.edition.known) == (["b"], ())
    (marked,) = division(pool, had, mark_known=True).cohorts
    assert ([one.id for one in marked.edition.articles], marked.edition.known) == (["a", "b"], ("a",))


def test_an_alert_alone_is_no_letter() -> None:
    had = Taste(known=frozenset({"a"}), size=4)
    for mark in (True, False):
        made = division(pool_of(article("a")), had, mark_known=mark)
        assert (made.cohorts, made.empty_handed) == ((), 4)


@st.composite
def tastes(draw: st.DrawFn) -> Taste:
    return Taste(
        topics_key(draw(st.sets(st.sampled_from(TOPICS)))),
        draw(st.none() | st.integers(0, 9).map(lambda hours: NOW - timedelta(hours=hours))),
        frozenset(draw(st.sets(st.sampled_from([f"a{i}" for i in range(6)])))),
        draw(st.integers(1, 9)),
    )


@given(
    st.lists(st.tuples(st.sets(st.sampled_from(TOPICS), max_size=2), st.integers(0, 9)), min_size=1, max_size=8),
    st.lists(tastes(), max_size=12, unique_by=lambda taste: taste.key),
    st.booleans(),
)
def test_every_reader_gets_exactly_the_share_that_is_owed(
    made_of: list[tuple[set[str], int]], everybody: list[Taste], mark: bool
) -> None:
    pool = [
        Announced(article(f"a{i}", topics=tuple(sorted(topics))), NOW - timedelta(hours=hours))
        for i, (topics, hours) in enumerate(made_of)
    ]
    start = NOW - timedelta(hours=1)
    made = division(pool, *everybody, start=start, mark_known=mark)
    assert made.size + made.empty_handed == sum(taste.size for taste in everybody)
    letters = {taste.key: one.edition for one in made.cohorts for taste in one.tastes}
    for taste in everybody:
        wanted = set(taste.topics.split("\n")) if taste.topics else set()
        owed = {
            one.article.id
            for one in pool
            if one.at > (taste.catch_up_from or start)
            and (not wanted or wanted & {topic.casefold() for topic in one.article.topics})
        }
        news = owed - taste.known
        if not news:
            assert taste.key not in letters
            continue
        ids = [one.id for one in letters[taste.key].carried]
        assert len(ids) == len(set(ids))
        assert set(ids) == (owed if mark else news)
    variants = [one.edition.variant for one in made.cohorts]
    assert len(variants) == len(set(variants))


# -- on the line -------------------------------------------------------------------------------------------------------


def test_readers_of_topics_get_their_share_and_nobody_gets_an_empty_letter(line: Line) -> None:
    line.subscribe("tatca")
    line.subscribe("yte", "Y tế")
    line.subscribe("thethao", "THỂ THAO", "Giáo dục")
    line.arrives("a", "Y tế")
    line.arrives("b", "Kinh tế", "Y tế")
    (made,) = line.day().made
    assert (made.audience, made.division.empty_handed) == (2, 1)
    assert (line.read("tatca"), line.read("yte"), line.read("thethao")) == ([["a", "b"]], [["a", "b"]], [])
    line.arrives("c", "Kinh tế")
    line.arrives("d", "Thể thao")
    line.day()
    assert (line.read("tatca")[1], line.read("yte"), line.read("thethao")) == (["c", "d"], [["a", "b"]], [["d"]])
    assert "Tin d của tỉnh nhà" in line.mailbox("thethao")[0]["Subject"]


def test_a_letter_a_day_and_a_letter_a_week_merge_what_came_since_the_last(line: Line) -> None:
    line.configure("daily: every day at 18:00", "weekly: sunday at 08:00")
    line.config = line.config.replace(
        "schedule: every day at 07:00", "schedule: [every day at 07:00, every day at 12:00]"
    )
    line.subscribe("moi")
    line.subscribe("ngay", frequency="daily")
    line.subscribe("tuan", "Y tế", frequency="weekly")
    line.arrives("a", "Y tế")
    line.day("07:00")
    line.arrives("b", "Kinh tế")
    line.day("12:00")
    line.day("18:00")
    assert (line.read("moi"), line.read("ngay"), line.read("tuan")) == ([["a"], ["b"]], [["a", "b"]], [])
    line.arrives("c", "Y tế")
    line.day("07:00")
    line.day("18:00")
    line.day("18:00")  # nothing new that day: no letter
    assert line.read("ngay") == [["a", "b"], ["c"]]
    line.day("2026-11-29 08:00")
    assert line.read("tuan") == [["a", "c"]]
    assert "tuần 23/11–29/11" in line.mailbox("tuan")[0]["Subject"]
    line.day("2026-12-06 08:00")
    assert line.read("tuan") == [["a", "c"]]


def test_the_first_weekly_letter_has_the_whole_week_even_for_who_joined_late(line: Line) -> None:
    line.configure("weekly: sunday at 08:00")
    line.subscribe("moi")
    line.arrives("a")
    line.day()
    line.subscribe("tuan", frequency="weekly")
    line.day("2026-11-29 08:00")
    assert line.read("tuan") == [["a"]]


def test_a_change_of_frequency_loses_nothing_and_repeats_nothing(line: Line) -> None:
    line.configure("daily: every day at 18:00", "weekly: sunday at 08:00")
    for name, frequency in (("moi", "each"), ("tuan", "weekly"), ("ngay", "daily")):
        line.subscribe(name, frequency=frequency)
    line.arrives("a")
    line.day("07:00")  # Monday: a
    line.day("18:00")
    line.at("20:00")
    line.subscribe("moi", frequency="weekly")
    line.subscribe("tuan", frequency="each")
    line.subscribe("ngay", frequency="each")
    line.arrives("b")
    line.day("07:00")  # Tuesday: b
    line.arrives("c")
    line.day("07:00")  # Wednesday: c
    line.day("2026-11-29 08:00")
    assert line.read("tuan") == [["a", "b"], ["c"]]
    assert line.read("ngay") == [["a"], ["b"], ["c"]]
    assert line.read("moi") == [["a"], ["b", "c"]]


def test_who_changes_twice_before_the_next_letter_is_still_owed_everything(line: Line) -> None:
    line.configure("weekly: sunday at 08:00")
    line.subscribe("tuan", frequency="weekly")
    line.arrives("a")
    line.day()
    line.subscribe("tuan", frequency="each")
    line.at("08:00")
    line.subscribe("tuan", frequency="daily")
    line.at("09:00")
    line.subscribe("tuan", frequency="each")
    line.arrives("b")
    line.day()
    assert line.read("tuan") == [["a", "b"]]


def test_a_cap_of_mails_a_day_puts_off_and_loses_nothing(line: Line) -> None:
    line.configure(".mails_per_day: 2")
    line.config = line.config.replace("schedule: every day at 07:00", "schedule: every 2 hours between 08:00 and 14:00")
    line.subscribe("moi")
    for name, hour in (("a", "08:00"), ("b", "10:00"), ("c", "12:00"), ("d", "14:00")):
        line.arrives(name)
        answers = line.day(hour)
    assert answers.made[0].over_cap == 1
    assert line.read("moi") == [["a"], ["b"]]
    line.arrives("e")
    line.day("08:00")
    line.arrives("f")
    line.day("10:00")
    assert line.read("moi") == [["a"], ["b"], ["c", "d", "e"], ["f"]]


def test_a_choice_made_while_an_edition_is_rendered_is_seen(line: Line, monkeypatch: Any) -> None:
    """The readers are counted again in the transaction that promises; a new choice makes the proposal anew."""
    from distributor.pipeline import proposing

    line.subscribe("moi")
    line.arrives("a", "Y tế")
    line.arrives("b", "Kinh tế")
    real, joined = proposing.render, list[bool]()

    def slow(*arguments: Any) -> Any:
        if not joined:
            joined.append(True)
            line.subscribe("yte", "Y tế")
        return real(*arguments)

    monkeypatch.setattr(proposing, "render", slow)
    line.day()
    assert (line.read("moi"), line.read("yte")) == ([["a", "b"]], [["a"]])
