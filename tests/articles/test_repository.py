"""The articles of the store: what is shown when, versions, and what is damaged."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from articles.gathers import take
from distributor.articles import repository as article_repository
from distributor.gathering import source_state
from distributor.source import Validators
from distributor.storage.database import Database
from distributor.storage.tables import article_versions
from support.builders import NOW, found


def test_an_article_dated_ahead_waits_for_its_time_and_leads_nothing(database: Database) -> None:
    take(database, found("1"), found("2", published=NOW + timedelta(days=2)))

    def shown(now: datetime) -> list[str]:
        with database.read() as connection:
            return [article.title for article in article_repository.list_visible_articles(connection, 10, now)]

    assert shown(NOW) == [found("1").title]
    assert shown(NOW + timedelta(days=2)) == [found("2").title, found("1").title]


def test_an_edit_is_kept_as_a_version_and_the_story_stays_what_it_was(database: Database) -> None:
    (first,) = take(database, found("1")).new
    later = NOW + timedelta(hours=1)
    (edited,) = take(database, replace(found("1"), lead="Đã sửa."), now=later).changed
    assert (edited.id, edited.feed_id, edited.published) == (first.id, first.feed_id, first.published)
    assert (edited.version, edited.lead, edited.updated) == (2, "Đã sửa.", later)
    with database.read() as connection:
        assert article_repository.list_newest_articles(connection, 1) == [edited]
        versions = connection.execute(sa.select(article_versions.c.version)).scalars().all()
    assert versions == [1, 2]


def test_what_a_server_gave_to_ask_for_changes_is_stored_with_the_articles(database: Database) -> None:
    validators = {"https://bacson.example/rss": Validators(etag='W/"1"', last_modified="Mon, 23 Nov 2026 00:00:00 GMT")}
    take(database, found("1"), validators=validators)
    take(database, found("1"), validators={"https://bacson.example/rss": Validators(etag='"2"')})
    with database.read() as connection:
        assert source_state.load_validators(connection, ["cong", "khac"]) == {
            "cong": {"https://bacson.example/rss": Validators(etag='"2"')},
            "khac": {},
        }


def test_a_damaged_time_in_the_store_is_a_fault_of_its_article_alone(tmp_path: Path) -> None:
    opened = Database.open("sqlite:///store.db", tmp_path)
    opened.migrate()
    (first,) = take(opened, found("1")).new
    with opened.write() as connection:
        connection.execute(sa.text("UPDATE articles SET first_seen = 'yesterday'"))
    again = take(opened, found("1"), found("2"))
    opened.close()
    assert [one.title for one in again.new] == [found("2").title]
    assert len(again.faults) == 1
    assert first.id in again.faults[0]
