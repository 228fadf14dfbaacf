"""A damaged row of the store is named and passed over, by every command; `doctor --repair` sets it aside."""

from __future__ import annotations

import json
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from distributor.articles import flags
from distributor.articles import repository as article_repository
from distributor.articles.flags import ArticleFlag
from distributor.articles.matching import ArticleChanges
from distributor.gathering.sources.folder import FolderSource
from distributor.pipeline import store_check
from distributor.pipeline.store_check import Remedy
from distributor.source import FetchResult
from distributor.storage import raw_rows, rows
from distributor.storage.database import Database
from distributor.storage.tables import articles
from support.builders import NOW, found
from support.newsroom import Room

pytestmark = pytest.mark.usefixtures("unread_templates")

# Each: what is done to the store, and the table and column that doctor names for it.
ARTICLE = "id = (SELECT min(id) FROM articles)"


def damage(room: Room, statement: str) -> None:
    rows._logged.clear()
    with closing(sqlite3.connect(room.folder / "var" / "distributor.db")) as raw:
        raw.execute("PRAGMA foreign_keys=OFF")
        assert raw.execute(statement).rowcount, statement
        raw.commit()


@pytest.mark.parametrize("command", ["doctor --repair", "check"])
def test_a_store_that_lacks_a_table_is_not_called_sound(room: Room, command: str) -> None:
    room.good("gather")
    with closing(sqlite3.connect(room.folder / "var" / "distributor.db")) as raw:
        raw.execute("DROP TABLE newsletter_articles")
        raw.commit()
    done = room.run(*command.split())
    assert (done.code, len(done.err.splitlines())) == (1, 1)
    assert "lacks what every store has (no table newsletter_articles)" in done.err
    assert "ok" not in done.out


def test_a_damaged_article_is_named_and_the_others_go_out(lived_in: Room) -> None:
    room = lived_in
    room.write("bon", "Tin thứ tư trong ngày hôm nay", date="2026-11-20 11:00")
    room.good("gather")
    (room.folder / "articles" / "ba.md").unlink()  # its source would put it right
    damage(room, "UPDATE articles SET content = json_set(content, '$.published', 'x') WHERE title LIKE 'Tin thứ ba%'")
    done = room.run("send", "tin-sang", "--yes")
    assert done.code == 0, done
    assert "Tin thứ tư" in room.letters()[-1].read_text(encoding="utf-8") or len(room.letters()) == 2
    shown = room.run("articles")
    assert "Tin thứ tư" in shown.out
    assert "Tin thứ ba" not in shown.out


def test_what_a_repair_takes_out_is_kept_for_its_owner_only(lived_in: Room) -> None:
    room = lived_in
    damage(room, f"UPDATE articles SET content = '[\"quý giá\"]' WHERE {ARTICLE}")
    room.good("doctor", "--repair")
    (file,) = (room.folder / "var" / "set-aside").iterdir()
    (line,) = file.read_text(encoding="utf-8").splitlines()
    kept = json.loads(line)
    assert (kept["table"], kept["column"], kept["row"]["content"]) == ("articles", "content", '["quý giá"]')
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_password_that_an_older_version_has_stored_is_taken_out(room: Room) -> None:
    room.good("gather")
    link = "https://lan:cANARY@bacson.example/tin/1"
    damage(room, f"UPDATE articles SET url = '{link}', content = json_set(content, '$.url', '{link}', '$.body_html', "
        f"'<p><a href=\"{link}\">x</a></p>')")  # fmt: skip
    damage(room, f"UPDATE article_versions SET content = json_set(content, '$.url', '{link}')")
    stored = "2026-11-23T00:00:00.000000+00:00"
    damage(room, "INSERT INTO http_validators (source, url, etag, last_modified, stored) VALUES "
        f"('bai-viet', '{link}', '', '', '{stored}')")  # fmt: skip
    assert "holds a password" in room.run("doctor").out
    assert "cANARY" not in room.run("doctor").out
    room.good("doctor", "--repair")
    assert room.good("doctor").startswith("ok")
    with closing(sqlite3.connect(room.folder / "var" / "distributor.db")) as raw:
        assert "cANARY" not in "\n".join(raw.iterdump())
    assert "cANARY" not in next((room.folder / "var" / "set-aside").iterdir()).read_text(encoding="utf-8")


# -- on both databases -------------------------------------------------------------------------------------------------

SOURCE = FolderSource(name="cong", folder=Path())


def taken_in(database: Database, *names: str) -> ArticleChanges:
    with database.write() as connection:
        harvest = FetchResult(articles=[found(name) for name in names])
        return article_repository.store_articles(connection, SOURCE, harvest, authority="bacson.example", now=NOW)


def spoil(database: Database, id: str) -> None:
    with database.write() as connection:
        wrong = sa.update(articles).where(articles.c.id == id).values(content={"title": 5, "source": "cong"})
        connection.execute(wrong)


def test_a_damaged_article_is_put_right_by_its_source(database: Database) -> None:
    """It is known by its keys, so it is no news again."""
    first = taken_in(database, "a1", "b2").new
    spoil(database, first[0].id)
    again = taken_in(database, "a1", "b2")
    assert ([one.id for one in again.changed], again.new, again.known) == ([first[0].id], (), 1)
    with database.read() as connection:
        assert {one.id for one in article_repository.list_newest_articles(connection, 9)} == {one.id for one in first}
        assert store_check.find_damage(connection, NOW) == []


def test_a_repair_takes_the_last_version_that_can_be_read_and_holds_the_article(
    database: Database, tmp_path: Path
) -> None:
    (one,) = taken_in(database, "a1").new
    spoil(database, one.id)
    with database.write() as connection:
        wrong = store_check.find_damage(connection, NOW)
        assert [(each.table, each.key, each.remedy) for each in wrong] == [("articles", (one.id,), Remedy.ARTICLE)]
        store_check.repair_damage(connection, wrong, tmp_path / "aside", NOW)
        assert store_check.find_damage(connection, NOW) == []
        known = article_repository.find_article(connection, one.id)
        assert known is not None
        assert known.lead == one.lead
        assert ArticleFlag.HELD in flags.flags_of_articles(connection)[one.id]


def test_a_large_store_is_read_piece_by_piece(database: Database) -> None:
    """As a whole it would not fit into the memory, and PostgreSQL ends whoever is busy with it for a minute meanwhile."""
    taken_in(database, "a1", "b2")
    with database.read() as connection:
        reading = raw_rows.read_raw(connection, articles, [articles.c.content])
        next(reading)
        if database.is_server:
            assert connection.exec_driver_sql("SELECT count(*) FROM pg_cursors").scalar() == 1
        assert len(list(reading)) == 1
