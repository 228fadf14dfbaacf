"""What is found is recognised: nothing new twice, nothing lost, edits kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from builders import NOW, found
from hypothesis import given
from hypothesis import strategies as st

from distributor.config import FirstLook
from distributor.gathering import archive, source_state
from distributor.gathering.archive import Intake
from distributor.gathering.intake import backlog, content_hash
from distributor.model import FoundArticle, Image, ImageFile, found_to_data
from distributor.source import Fetcher, Harvest, Source, Validators
from distributor.storage.database import Database
from distributor.storage.tables import article_versions


@dataclass(frozen=True, kw_only=True)
class Shelf(Source):
    """A source whose looks are given."""

    async def gather(self, fetcher: Fetcher, now: datetime) -> Harvest:
        raise AssertionError


def take(
    database: Database, *articles: FoundArticle, source: Source | None = None, now: datetime = NOW, **harvest: object
) -> Intake:
    look = Harvest(articles=articles, **harvest)  # type: ignore[arg-type]  # validators, by name
    with database.write() as connection:
        return archive.take_in(connection, source or Shelf(name="cong"), look, authority="bacson.example", now=now)


def test_the_same_look_twice_brings_nothing_new(database: Database) -> None:
    first = take(database, found("1"), found("2"))
    again = take(database, found("1"), found("2"))
    assert (len(first.new), first.first_look) == (2, True)
    assert (again.new, again.changed, again.known, again.first_look) == ((), (), 2, False)


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
    def told(session: str) -> FoundArticle:
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
    def week(n: int) -> FoundArticle:
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


def test_one_story_of_two_sources_is_one_and_the_first_source_keeps_its_text(database: Database) -> None:
    take(database, found("1"))
    other = replace(found("1"), source="khac", source_id="x", guid="y", lead="Bản của nguồn khác.")
    again = take(database, other, source=Shelf(name="khac"))
    assert (again.new, again.changed, again.known) == ((), (), 1)
    with database.read() as connection:
        (article,) = archive.newest(connection, 10)
        (told,) = archive.with_origins(connection, [article])
    assert (article.source, article.lead) == ("cong", found("1").lead)
    assert told.origins == ("cong", "khac")


def test_an_edit_is_kept_as_a_version_and_the_story_stays_what_it_was(database: Database) -> None:
    (first,) = take(database, found("1")).new
    later = NOW + timedelta(hours=1)
    (edited,) = take(database, replace(found("1"), lead="Đã sửa."), now=later).changed
    assert (edited.id, edited.feed_id, edited.published) == (first.id, first.feed_id, first.published)
    assert (edited.version, edited.lead, edited.updated) == (2, "Đã sửa.", later)
    with database.read() as connection:
        assert archive.newest(connection, 1) == [edited]
        versions = connection.execute(sa.select(article_versions.c.version)).scalars().all()
    assert versions == [1, 2]


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
    old = backlog(look, FirstLook(newest, timedelta(days=days)), NOW)
    assert len(look) - len(old) >= min(newest, len(look))
    assert not any(age is not None and age < days for i, age in enumerate(ages) if i in old)
    if newest == 0:
        assert old >= {i for i, age in enumerate(ages) if age is None or age >= max(days, 1)}


def test_what_a_server_gave_to_ask_for_changes_is_stored_with_the_articles(database: Database) -> None:
    validators = {"https://bacson.example/rss": Validators(etag='W/"1"', last_modified="Mon, 23 Nov 2026 00:00:00 GMT")}
    take(database, found("1"), validators=validators)
    take(database, found("1"), validators={"https://bacson.example/rss": Validators(etag='"2"')})
    with database.read() as connection:
        assert source_state.stored_validators(connection, "cong") == {
            "https://bacson.example/rss": Validators(etag='"2"')
        }


def test_a_fault_of_a_source_is_told_once_until_it_changes(database: Database) -> None:
    told = []
    for fault in ("refused", "refused", "404", "", "", "404"):
        with database.write() as connection:
            told.append(source_state.note_fault(connection, "cong", fault, NOW))
    assert told == [True, False, True, True, False, True]


def test_files_that_we_make_of_a_picture_are_no_change_of_its_article() -> None:
    """And a store from before there were any recognises its articles as they are."""
    plain = found(image=Image(url="https://bacson.example/a.jpg", alt="Lễ khởi công"))
    assert plain.image is not None
    file = ImageFile(url="https://bacson.example/p/1.jpg", width=536, height=335)
    dressed = replace(plain, image=replace(plain.image, variants=(file,)))
    assert content_hash(dressed) == content_hash(plain)
    assert "variants" not in str(found_to_data(dressed))
