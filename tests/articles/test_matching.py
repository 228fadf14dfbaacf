"""What is found is recognised: nothing new twice, nothing lost, edits kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from articles.gathers import take
from distributor.articles import flags
from distributor.articles import repository as article_repository
from distributor.articles.flags import ArticleFlag
from distributor.articles.keys import group_articles
from distributor.articles.matching import (
    ArticleDecisions,
    KnownArticles,
    SourceHistory,
    StoredArticle,
    content_hash,
    decide_articles,
    find_backlog,
)
from distributor.config.types import FirstGatherRule
from distributor.editions import article_status
from distributor.editions.selection import select_articles
from distributor.model import Image, ImageFile, ParsedArticle, parsed_article_to_data
from distributor.storage.database import Database
from support.builders import NOW, GivenSource, found, newsletter
from support.effort import examples


def test_the_same_look_twice_brings_nothing_new(database: Database) -> None:
    first = take(database, found("1"), found("2"))
    again = take(database, found("1"), found("2"))
    assert (len(first.new), first.is_first_gather) == (2, True)
    assert (again.new, again.changed, again.known, again.is_first_gather) == ((), (), 2, False)


@pytest.mark.parametrize(
    "moved",
    [
        {"guid": "another"},
        {"source_id": "another"},
        {"url": "http://www.bacson.example/tin/1?utm_source=x#top"},
        {"guid": "another", "source_id": "another"},
        {"guid": "another", "source_id": "another", "url": "https://bacson.example/moi/1.html"},
    ],
    ids=["guid", "source id", "address", "guid and source id", "everything but title and day"],
)
def test_a_story_that_changed_its_keys_is_the_same_story(database: Database, moved: dict[str, Any]) -> None:
    take(database, found("1"))
    again = take(database, replace(found("1"), **moved))
    assert again.new == ()
    # and it is known under its new keys from now on
    third = take(database, replace(found("1"), **moved, title="Một tiêu đề khác hẳn", lead="Khác"))
    assert third.new == ()


def test_two_notices_with_one_title_on_one_day_are_two_stories(database: Database) -> None:
    notices = [found(name, title="Thông báo", lead=f"Về việc {name}") for name in ("1", "2")]
    assert len(take(database, *notices).new) == 2


def test_a_feed_that_gives_every_item_the_sections_address_has_several_stories(database: Database) -> None:
    section = "https://bacson.example/tin-tuc"
    assert len(take(database, found("1", url=section), found("2", url=section)).new) == 2


def test_stories_with_one_guid_stay_several_also_when_a_later_look_has_only_one_of_them(database: Database) -> None:
    three = [found(name, source_id="", guid="N/A") for name in "123"]
    first = take(database, *three)
    assert len(first.new) == 3
    assert len(first.faults) == 1
    again = take(database, *three)
    assert (again.new, again.changed, again.known) == ((), (), 3)
    alone = take(database, replace(three[2], url="https://bacson.example/khac", title="Khoa nhi: thêm ba bác sĩ mới"))
    assert len(alone.new) == 1
    assert take(database, *three).new == ()


def test_a_guid_that_was_given_to_another_story_does_not_hide_it(database: Database) -> None:
    """One item at a look, all with one GUID: no look has two of them."""
    feed = [
        found(str(n), source_id="", guid="0", published=NOW + timedelta(hours=n), lead="", body_html=f"<p>{text}</p>")
        for n, text in enumerate(("Cầu dài một trăm mét", "Trường có mười hai lớp", "Khoa nhi có sáu bác sĩ"))
    ]
    assert [len(take(database, one).new) for one in feed] == [1, 1, 1]
    assert [take(database, one).new for one in feed] == [(), (), ()]


def test_an_edited_and_renamed_story_keeps_its_guid(database: Database) -> None:
    take(database, found("1"))
    edited = replace(found("1"), source_id="", title="Khởi công: hai đường mới", url="https://bacson.example/moi")
    assert len(take(database, replace(edited, published=NOW + timedelta(hours=1))).changed) == 1


def test_a_new_session_in_the_address_and_the_guid_makes_no_new_story(database: Database) -> None:
    def told(session: str) -> ParsedArticle:
        address = f"https://bacson.example/tin/-/bai/12225;jsessionid={session}?redirect=%2Ftin%3Fcur%3D{session}"
        return found("1", source_id="", guid=address, url=address, published=None)

    (first,) = take(database, told("1F0A")).new
    assert first.url == "https://bacson.example/tin/-/bai/12225"
    again = take(database, told("77C2"))
    assert (again.new, again.changed, again.known) == ((), (), 1)


@pytest.mark.parametrize("days", [0, 1, 40])
def test_a_story_without_a_date_is_known_by_title_and_source(database: Database, days: int) -> None:
    bare = found("1", source_id="", guid="", published=None)
    take(database, bare)
    moved = replace(bare, url="https://bacson.example/muc-khac/1")
    assert take(database, moved, now=NOW + timedelta(days=days)).new == ()


def test_notices_without_a_date_and_with_a_title_that_says_too_little_stay_apart(database: Database) -> None:
    notices = [
        found(name, source_id="", guid="", title="Thông báo", lead=f"Về việc {name}", published=None) for name in "12"
    ]
    assert [len(take(database, one).new) for one in notices] == [1, 1]


def test_a_schedule_without_a_date_is_another_one_next_week(database: Database) -> None:
    def week(n: int) -> ParsedArticle:
        text = (
            "<p>" + " ".join(f"Ngày {n}{day} lãnh đạo làm việc tại xã số {n * 7 + day}." for day in range(7)) + "</p>"
        )
        title = "Lịch công tác tuần của lãnh đạo"
        return found(f"tuan-{n}", source_id="", guid="", title=title, lead="", body_html=text, published=None)

    assert [len(take(database, week(n)).new) for n in (1, 2, 3)] == [1, 1, 1]
    assert [take(database, week(n)).new for n in (1, 2, 3)] == [(), (), ()]


def test_a_story_that_stands_twice_in_a_look_changes_nothing_at_the_next(database: Database) -> None:
    twice = [found("1", topics=("Kinh tế",)), found("1", topics=("Giao thông",), lead="Tóm tắt khác của tin 1.")]
    (one,) = take(database, *twice).new
    assert set(one.topics) == {"Kinh tế", "Giao thông"}
    again = take(database, *twice)
    assert (again.new, again.changed) == ((), ())


def test_one_story_of_two_sources_is_one_article_out_of_what_both_tell(database: Database) -> None:
    """The listing's page has the text, the feed the author, the time and the topics by which subscribers have chosen."""
    page = found(
        "1", guid="", source_id="", published=datetime(2026, 11, 22, 17, tzinfo=UTC), body_html=f"<p>{'Câu. ' * 40}</p>"
    )
    feed = found("1", source="khac", source_id="", topics=("Y tế",), author="Thu Cúc", body_html="<p>Câu.</p>")
    take(database, page)
    again = take(database, feed, source=GivenSource(name="khac"))
    assert (again.new, len(again.changed)) == ((), 1)
    with database.read() as connection:
        (article,) = article_repository.list_newest_articles(connection, 10)
        (told,) = article_repository.load_origins(connection, [article])
    assert (article.source, article.body_html) == ("cong", page.body_html)
    assert (article.topics, article.author, article.published, article.has_time) == (("Y tế",), "Thu Cúc", NOW, True)
    assert told.origins == ("cong", "khac")
    assert take(database, page).changed == ()
    assert take(database, feed, source=GivenSource(name="khac")).changed == ()


TOLD_BY_ALL = (
    "Chi cục Kiểm lâm tổ chức hội thảo với sự tham gia của mười hai huyện, thành phố đang theo dõi diễn biến rừng."
)


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_a_feed_without_dates_and_a_dump_without_addresses_tell_one_story(
    database: Database, order: tuple[int, ...]
) -> None:
    """The page has both; before it is read nothing but the words says that the other two are one."""
    title = "Hội thảo ứng dụng bản đồ số trong quản lý rừng"
    feed = found("1", source="feed", title=title, lead=TOLD_BY_ALL, published=None)
    page = found("1", source="page", source_id="", title=title, lead=TOLD_BY_ALL, topics=("Rừng",))
    dump = found("1", source="dump", source_id="", guid="", url="", title=title, lead=TOLD_BY_ALL)
    new = 0
    for at in order * 2:
        told = (feed, page, dump)[at]
        new += len(take(database, told, source=GivenSource(name=told.source)).new)
    assert new == 1


@pytest.mark.parametrize(
    "other",
    [
        {"lead": "Xã Tân Tri tuyển hai viên chức y tế, hạn nộp hồ sơ đến hết tháng mười hai tại trụ sở ủy ban."},
        {"published": NOW - timedelta(days=300)},
        {"lead": "", "body_html": ""},  # only the title, on another page
        {"title": "Thông báo"},
    ],
    ids=["other text", "last year", "no text", "short title"],
)
def test_a_title_alone_makes_no_story_of_two_sources_one(database: Database, other: dict[str, Any]) -> None:
    title = other.get("title", "Thông báo tuyển dụng viên chức năm 2026")
    first = found("1", source="a", title=title, lead=TOLD_BY_ALL, published=None)
    second = found("2", source="b", **{"title": title, "lead": TOLD_BY_ALL, **other})
    take(database, first, source=GivenSource(name="a"))
    assert len(take(database, second, source=GivenSource(name="b")).new) == 1


def test_topics_that_a_second_source_brings_reach_the_newsletter_of_that_topic(database: Database) -> None:
    order = newsletter(topics=("Y tế",))
    chosen = []
    for told in (found("1"), found("1", source="khac", guid="y", topics=("Y tế",))):
        take(database, told, source=GivenSource(name=told.source))
        with database.read() as connection:
            chosen.append(len(select_articles(order, article_status.list_candidates(connection, order.id), NOW).chosen))
    assert chosen == [0, 1]


def test_an_edit_in_one_source_makes_one_version_whoever_is_read_next(database: Database) -> None:
    take(database, found("1"))
    take(database, found("1", source="khac", guid="y", lead="Bản của nguồn khác."), source=GivenSource(name="khac"))
    edited = found("1", body_html="<p>Nội dung dài hơn nhiều của tin 1, sau khi sửa.</p>")
    versions = []
    for _ in range(3):
        take(database, edited)
        take(database, found("1", source="khac", guid="y", lead="Bản của nguồn khác."), source=GivenSource(name="khac"))
        with database.read() as connection:
            versions.append(article_repository.list_newest_articles(connection, 1)[0].version)
    assert versions == [2, 2, 2]


def test_a_source_with_lead_has_its_words_taken_where_both_tell_as_much(database: Database) -> None:
    take(database, found("1"))
    take(database, found("1", source="z", guid="y", lead="Lời của z."), source=GivenSource(name="z", preferred=True))
    with database.read() as connection:
        (article,) = article_repository.list_newest_articles(connection, 10)
    assert (article.source, article.lead) == ("z", "Lời của z.")


STORY = st.builds(
    lambda source, lead, body, author, topics, day, time: found(
        "1", source=source, source_id="", guid=f"{source}-1", lead=lead, body_html=body and f"<p>{body}</p>",
        author=author, topics=topics, published=day and datetime(2026, 11, day, 17, tzinfo=UTC) + timedelta(minutes=time),
    ),
    st.sampled_from("abc"), st.sampled_from(["", "Tóm tắt.", "Tóm tắt khác."]),
    st.sampled_from(["", "Một câu.", "Một câu. Hai câu.", "Một câu. Hai câu. Ba câu và thêm nữa."]),
    st.sampled_from(["", "admin", "Thu Cúc", "Báo Bắc Sơn"]), st.sampled_from([(), ("Y tế",), ("Kinh tế", "y tế")]),
    st.sampled_from([None, 20, 21]), st.sampled_from([0, 455]),
)  # fmt: skip


@settings(deadline=None, max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STORY, min_size=2, max_size=6), st.data())
def test_looks_in_any_order_give_the_same_article(
    tmp_path_factory: pytest.TempPathFactory, told: list[ParsedArticle], data: st.DataObject
) -> None:
    """Each source's own looks stay in their order; the sources are read in any."""
    queues = {name: [one for one in told if one.source == name] for name in "abc"}
    mixed = [
        queues[name].pop(0)
        for name in data.draw(st.permutations([one.source for one in told]))
    ]  # fmt: skip
    seen = []
    for order in (told, mixed):
        opened = Database.open("sqlite:///store.db", tmp_path_factory.mktemp("store"))
        opened.migrate()
        for one in order:
            take(opened, one, source=GivenSource(name=one.source, preferred=one.source == "b"))
        for one in order:  # once more what each told last: nothing is news or changes back and forth
            last = [each for each in told if each.source == one.source][-1]
            assert not take(opened, last, source=GivenSource(name=one.source, preferred=one.source == "b")).changed
        with opened.read() as connection:
            (article,) = article_repository.list_newest_articles(connection, 10)
        seen.append(replace(article, id="", feed_id="", version=1, updated=None))
        opened.close()
    assert seen[0] == seen[1]


@pytest.mark.parametrize("day", [NOW + timedelta(days=400), NOW + timedelta(days=20)])
def test_a_date_far_ahead_is_not_believed_and_held_until_it_is_put_right(database: Database, day: datetime) -> None:
    first = take(database, found("1"), found("2", published=day))
    late = next(article for article in first.new if article.title == found("2").title)
    assert (late.published, late.has_date) == (NOW, False)
    assert len(first.notes) == 1
    with database.read() as connection:
        assert ArticleFlag.HELD in flags.flags_of_articles(connection)[late.id]
        assert [article.title for article in article_repository.list_visible_articles(connection, 10, NOW)] == [
            found("1").title
        ]
    take(database, found("2", published=NOW - timedelta(hours=2)), now=NOW + timedelta(hours=1))
    with database.read() as connection:
        mended = article_repository.find_article(connection, late.id)
        assert mended is not None
        assert (mended.published, mended.has_date) == (NOW - timedelta(hours=2), True)
        assert flags.flags_of_articles(connection) == {}


def test_a_date_far_ahead_that_an_older_version_had_believed_is_held_at_the_next_look(database: Database) -> None:
    (late,) = take(database, found("1", published=NOW + timedelta(days=400)), now=NOW + timedelta(days=390)).new
    assert late.has_date
    take(database, found("1", published=NOW + timedelta(days=400)), now=NOW)
    with database.read() as connection:
        assert ArticleFlag.HELD in flags.flags_of_articles(connection)[late.id]


def test_midnight_to_the_second_is_a_day_without_a_time(database: Database) -> None:
    midnight = datetime(2026, 11, 22, 17, tzinfo=UTC)  # in Hà Nội
    day, time = take(
        database, found("1", published=midnight), found("2", published=midnight + timedelta(minutes=1))
    ).new
    assert (day.has_time, time.has_time) == (False, True)
    assert day.moment == NOW  # when it was first seen, on that day
    assert replace(day, first_seen=NOW + timedelta(days=3)).moment == midnight + timedelta(hours=12)


def test_the_permanent_id_does_not_depend_on_the_store(tmp_path_factory: pytest.TempPathFactory) -> None:
    ids = []
    for now in (NOW, NOW + timedelta(days=400)):
        opened = Database.open("sqlite:///store.db", tmp_path_factory.mktemp("store"))
        opened.migrate()
        ids += [(article.id, article.feed_id) for article in take(opened, found("1"), now=now).new]
        opened.close()
    assert ids[0] == ids[1]
    assert ids[0][1] == f"tag:bacson.example,2026-11-23:{ids[0][0]}"


def test_the_first_look_announces_no_backlog(database: Database) -> None:
    old = [found(str(n), published=NOW - timedelta(days=30 + n)) for n in range(12)]
    intake = take(database, *old)
    assert {article.id for article in intake.new if not article.backlog} == {
        article.id for article in sorted(intake.new, key=lambda a: a.published)[2:]
    }
    assert intake.backlog == 2
    assert not take(database, found("late", published=NOW - timedelta(days=90))).new[0].backlog


@given(
    ages=st.lists(st.one_of(st.none(), st.integers(0, 60)), max_size=30),
    newest=st.integers(0, 12),
    days=st.integers(0, 10),
)
def test_news_at_the_first_look_are_the_newest_and_the_young(
    ages: Sequence[int | None], newest: int, days: int
) -> None:
    look = [found(str(i), published=None if age is None else NOW - timedelta(days=age)) for i, age in enumerate(ages)]
    old = find_backlog(look, FirstGatherRule(newest, timedelta(days=days)), NOW)
    assert len(look) - len(old) >= min(newest, len(look))
    assert not any(age is not None and age < days for i, age in enumerate(ages) if i in old)
    if newest == 0:
        assert old >= {i for i, age in enumerate(ages) if age is None or age >= max(days, 1)}


def test_files_that_we_make_of_a_picture_are_no_change_of_its_article() -> None:
    """And a store from before there were any recognises its articles as they are."""
    plain = found(image=Image(url="https://bacson.example/a.jpg", alt="Lễ khởi công"))
    assert plain.image is not None
    file = ImageFile(url="https://bacson.example/p/1.jpg", width=536, height=335)
    dressed = replace(plain, image=replace(plain.image, variants=(file,)))
    assert content_hash(dressed) == content_hash(plain)
    assert "variants" not in str(parsed_article_to_data(dressed))


# -- decided without a store -------------------------------------------------------------------------------------------


def decide(known: KnownArticles, *articles: ParsedArticle) -> ArticleDecisions:
    source = GivenSource(name="cong")
    history = SourceHistory(is_first=False, stored=0, last_count=0, last_new=None)
    groups = group_articles(articles, source.timezone)
    return decide_articles(groups, known, source, history, unchanged=0, authority="bacson.example", now=NOW)


def known_of(made: ArticleDecisions) -> KnownArticles:
    """What a store knows in which nothing but these decisions has been written."""
    by_id = {
        one.article.id: StoredArticle(
            one.article,
            frozenset(key for key, id in made.keys.items() if id == one.article.id),
            content_hash(one.content),
            {one.content.source: made.source_versions[one.article.id]},
        )
        for one in made.inserted
    }
    return KnownArticles(dict(made.keys), by_id)


def test_new_changed_and_known_articles_are_decided_in_one_pass() -> None:
    first = decide(KnownArticles(), found("1"), found("2"))
    assert [one.is_version for one in first.inserted] == [True, True]
    again = decide(known_of(first), found("1"), found("2", lead="Đã sửa."), found("3"))
    assert [one.title for one in again.changes.new] == [found("3").title]
    assert [(one.title, one.version) for one in again.changes.changed] == [(found("2").title, 2)]
    assert (again.changes.known, len(again.inserted), len(again.updated)) == (1, 1, 1)
    assert set(again.keys.values()) == {again.changes.new[0].id}


def test_a_new_article_gets_another_id_where_its_own_is_taken() -> None:
    (free,) = decide(KnownArticles(), found("1")).changes.new
    (other,) = decide(KnownArticles(taken_ids={free.id}), found("1")).changes.new
    assert other.id != free.id
    assert other == replace(free, id=other.id, feed_id=free.feed_id.replace(free.id, other.id))


def test_an_article_that_cannot_be_read_is_a_fault_and_not_announced_anew() -> None:
    known = known_of(decide(KnownArticles(), found("1")))
    (id,) = known.by_id
    made = decide(KnownArticles(known.owners, {}, {id: "it cannot be read"}), found("1"), found("2"))
    assert made.changes.faults == ("it cannot be read",)
    assert [one.title for one in made.changes.new] == [found("2").title]
