"""Readers choose topics and how often: one merged letter, nothing twice, nothing lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from distributor.editions.segments import AnnouncedArticle, Preference, build_segments, topics_key
from distributor.model import Article
from support.builders import NOW, article, edition

TOPICS = ("Kinh tế", "Y tế", "Giáo dục", "Thể thao")


# -- dividing, by itself -----------------------------------------------------------------------------------------------


def pool_of(*articles: Article) -> list[AnnouncedArticle]:
    return [AnnouncedArticle(one, NOW) for one in articles]


def division(pool: list[AnnouncedArticle], *preferences: Preference, **more: Any) -> Any:
    whole = edition(articles=tuple(one.article for one in pool))
    values = {"start": NOW - timedelta(seconds=1), "maximum": 40, "mark_known": False, **more}
    return build_segments(whole, pool, preferences, subject=lambda chosen: f"Tin sáng: {chosen[0].title}", **values)


def test_readers_without_topics_get_the_edition_as_it_is() -> None:
    made = division(pool_of(article("a"), article("b")), Preference(size=7))
    assert [(one.edition.variant, one.size) for one in made.segments] == [("digest", 7)]
    assert made.segments[0].edition.subject == "Tin sáng 23/11"


def test_choices_that_mean_the_same_are_one_cohort() -> None:
    pool = pool_of(article("a", topics=("Y tế",)), article("b", topics=("Thể thao", "Y tế")))
    made = division(
        pool, Preference(topics_key(["y TẾ"]), size=2), Preference(topics_key(["Y tế", "Giáo dục"]), size=3)
    )
    assert [(one.edition.variant, one.size) for one in made.segments] == [("digest", 5)]


def test_a_share_has_its_own_subject_and_promotes_briefs() -> None:
    articles = [article(f"a{i}", topics=("Y tế",) if i % 2 else ("Thể thao",)) for i in range(6)]
    (cohort,) = division(pool_of(*articles), Preference("y tế", size=1), maximum=2).segments
    assert [one.id for one in cohort.edition.articles] == ["a1", "a3"]
    assert [one.id for one in cohort.edition.briefs] == ["a5"]
    assert cohort.edition.subject == "Tin sáng: Tin a1"
    assert cohort.edition.variant.startswith("digest-")


def test_an_alert_that_a_reader_has_had_is_left_out_or_marked() -> None:
    pool = pool_of(article("a"), article("b"))
    had = Preference(known=frozenset({"a"}), size=1)
    (without,) = division(pool, had).segments
    assert ([one.id for one in without.edition.articles], without.edition.known) == (["b"], ())
    (marked,) = division(pool, had, mark_known=True).segments
    assert ([one.id for one in marked.edition.articles], marked.edition.known) == (["a", "b"], ("a",))


def test_an_alert_alone_is_no_letter() -> None:
    had = Preference(known=frozenset({"a"}), size=4)
    for mark in (True, False):
        made = division(pool_of(article("a")), had, mark_known=mark)
        assert (made.segments, made.excluded_count) == ((), 4)


@st.composite
def preferences(draw: st.DrawFn) -> Preference:
    return Preference(
        topics_key(draw(st.sets(st.sampled_from(TOPICS)))),
        draw(st.none() | st.integers(0, 9).map(lambda hours: NOW - timedelta(hours=hours))),
        frozenset(draw(st.sets(st.sampled_from([f"a{i}" for i in range(6)])))),
        draw(st.integers(1, 9)),
    )


@given(
    st.lists(st.tuples(st.sets(st.sampled_from(TOPICS), max_size=2), st.integers(0, 9)), min_size=1, max_size=8),
    st.lists(preferences(), max_size=12, unique_by=lambda preference: preference.key),
    st.booleans(),
)
def test_every_reader_gets_exactly_the_share_that_is_owed(
    made_of: list[tuple[set[str], int]], everybody: list[Preference], mark: bool
) -> None:
    pool = [
        AnnouncedArticle(article(f"a{i}", topics=tuple(sorted(topics))), NOW - timedelta(hours=hours))
        for i, (topics, hours) in enumerate(made_of)
    ]
    start = NOW - timedelta(hours=1)
    made = division(pool, *everybody, start=start, mark_known=mark)
    assert made.size + made.excluded_count == sum(preference.size for preference in everybody)
    letters = {preference.key: one.edition for one in made.segments for preference in one.preferences}
    for preference in everybody:
        wanted = set(preference.topics.split("\n")) if preference.topics else set()
        owed = {
            one.article.id
            for one in pool
            if one.at > (preference.catch_up_from or start)
            and (not wanted or wanted & {topic.casefold() for topic in one.article.topics})
        }
        news = owed - preference.known
        if not news:
            assert preference.key not in letters
            continue
        ids = [one.id for one in letters[preference.key].carried]
        assert len(ids) == len(set(ids))
        assert set(ids) == (owed if mark else news)
    variants = [one.edition.variant for one in made.segments]
    assert len(variants) == len(set(variants))
