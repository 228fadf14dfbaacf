"""A damaged row of the store is named and passed over, by every command; `doctor --repair` sets it aside."""

from __future__ import annotations

import json
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from builders import NOW, found
from fixtures_newsroom import Room

from distributor.gathering import archive, marks
from distributor.gathering.marks import Mark
from distributor.gathering.sources.folder import FolderSource
from distributor.pipeline import checkup
from distributor.pipeline.checkup import Remedy
from distributor.source import Harvest
from distributor.storage import reading
from distributor.storage.database import Database
from distributor.storage.tables import articles, bounces, subscribers, suppressions

# Each: what is done to the store, and the table and column that doctor names for it.
ARTICLE = "id = (SELECT min(id) FROM articles)"
DAMAGES = {
    "wrong type": (
        f"UPDATE articles SET content = json_set(content, '$.topics', 5) WHERE {ARTICLE}",
        "articles: content",
    ),
    "no json": (f"UPDATE articles SET content = '{{' WHERE {ARTICLE}", "articles: content"),
    "a number": (f"UPDATE articles SET content = 17 WHERE {ARTICLE}", "articles: content"),
    "nothing": (f"UPDATE articles SET content = '' WHERE {ARTICLE}", "articles: content"),
    "octets": (f"UPDATE articles SET content = x'fffe' WHERE {ARTICLE}", "articles: content"),
    "published": (f"UPDATE articles SET published = 'hôm qua' WHERE {ARTICLE}", "articles: published"),
    "first seen": ("UPDATE articles SET first_seen = '2026-13-45'", "articles: first_seen"),
    "version": ("UPDATE article_versions SET content = '[]'", "article_versions: content"),
    "mark": ("UPDATE article_flags SET flag = 'gone'", "article_flags: flag"),
    "correction": ("UPDATE corrections SET kind = 'joke'", "corrections: kind"),
    "edition": ("UPDATE editions SET content = '{}' WHERE id = 'tin-sang-1'", "editions: content"),
    "edition's state": ("UPDATE editions SET state = 'flying' WHERE id = 'tin-sang-1'", "editions: state"),
    "edition's time": ("UPDATE editions SET frozen_at = 'x' WHERE id = 'tin-sang-1'", "editions: frozen_at"),
    "rendition": ("UPDATE renditions SET body = x'00' WHERE channel = 'mail'", "renditions: body"),
    "action": ("UPDATE renditions SET action = 'burn' WHERE channel = 'mail'", "renditions: action"),
    "delivery": ("UPDATE deliveries SET state = 'lost' WHERE channel = 'mail'", "deliveries: state"),
    "delivery's time": ("UPDATE deliveries SET updated = '?' WHERE channel = 'mail'", "deliveries: updated"),
    "verdict": ("UPDATE newsletter_articles SET state = 'maybe'", "newsletter_articles: state"),
    "cohort": ("UPDATE segments SET articles = 'x'", "segments: articles"),
    "language": ("UPDATE subscribers SET language = 'klingon'", "subscribers: language"),
    "topics": ("UPDATE subscribers SET topics = '{'", "subscribers: topics"),
    "topics of numbers": ("UPDATE subscribers SET topics = '[1, 2]'", "subscribers: topics"),
    "frequency": ("UPDATE subscribers SET frequency = 'never'", "subscribers: frequency"),
    "suppression": ("UPDATE suppressions SET type = 'so-so'", "suppressions: type"),
    "suppression's end": ("UPDATE suppressions SET until = 'soon'", "suppressions: until"),
    "source": ("UPDATE sources SET last_read = 'never'", "sources: last_read"),
    "subscription": ("UPDATE subscriptions SET since = ''", "subscriptions: since"),
    "slot": ("UPDATE slots SET decided_at = 'x'", "slots: decided_at"),
}
COMMANDS = (
    "gather", "articles", "plan", "why lan@example.com", "why {id}", "editions", "editions show tin-sang-1", "deliveries",
    "subscribers list", "subscribers export", "suppressions list", "subscribers add lan@example.com", "deliver",
)  # fmt: skip
AFTERWARDS = ("articles show {id}", "plan", "why lan@example.com", "why {id}", "editions show tin-sang-1", "deliver")


@pytest.fixture
def lived_in(room: Room, tmp_path_factory: pytest.TempPathFactory) -> Room:
    """A newsroom in which everything has happened once: an edition is out, a mark, a correction, a suppression stand."""
    kept = tmp_path_factory.getbasetemp() / "a-newsroom-that-has-lived"  # it is made once, and copied
    if not kept.exists():
        room.good("gather")
        room.good("send", "tin-sang", "--yes")
        ids = sorted(one["id"] for one in room.run("articles", "--json").json)
        room.good("articles", "hold", ids[0], "-m", "một lúc")
        room.good("articles", "correct", ids[1], "--note", "Sửa số liệu", "--yes")
        room.good("suppressions", "add", "binh@example.com")
        room.write("ba", "Tin thứ ba trong ngày hôm nay", date="2026-11-20 10:00")
        shutil.copytree(room.folder, kept)
    else:
        shutil.rmtree(room.folder)
        shutil.copytree(kept, room.folder)
    room.good("adopt", "--yes")
    return room


def damage(room: Room, statement: str) -> None:
    reading._told.clear()
    with closing(sqlite3.connect(room.folder / "var" / "distributor.db")) as raw:
        raw.execute("PRAGMA foreign_keys=OFF")
        assert raw.execute(statement).rowcount, statement
        raw.commit()


@pytest.mark.real
@pytest.mark.parametrize("name", DAMAGES)
def test_no_command_stumbles_over_a_damaged_row(lived_in: Room, name: str) -> None:
    room = lived_in
    with closing(sqlite3.connect(room.folder / "var" / "distributor.db")) as raw:
        (id,) = raw.execute("SELECT min(id) FROM articles").fetchone()
    statement, named = DAMAGES[name]
    damage(room, statement)
    letters = len(room.letters())
    found = room.run("doctor")
    table, column = named.split(": ")
    assert found.code == 1
    assert any(line.startswith(f"{table} ") and f": {column}: " in line for line in found.out.splitlines()), found
    for command in COMMANDS:
        done = room.run(*command.format(id=id).split())  # what is no error of ours would come through as a traceback
        assert done.code in (0, 1, 2), done
        assert done.code == 0 or len(done.err.strip()) > 0, (command, done)
    mended = room.run("doctor", "--repair")
    assert mended.code == 0, mended
    assert room.good("doctor").startswith("ok")
    for command in AFTERWARDS:
        done = room.run(*command.format(id=id).split())
        in_doubt = "in doubt, may be out" in done.err  # what a repaired row says of a delivery whose state was lost
        assert done.code == int(in_doubt), (command, done)
        assert "cannot be read" not in done.err, (command, done)
    # Nothing that was out goes out again; the third article is all the news there was.
    assert len(room.letters()) <= letters + 1


@pytest.mark.parametrize("command", ["doctor", "doctor --repair", "check"])
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
    damage(
        room, f"INSERT INTO http_validators (source, url, etag, last_modified) VALUES ('bai-viet', '{link}', '', '')"
    )
    assert "holds a password" in room.run("doctor").out
    assert "cANARY" not in room.run("doctor").out
    room.good("doctor", "--repair")
    assert room.good("doctor").startswith("ok")
    with closing(sqlite3.connect(room.folder / "var" / "distributor.db")) as raw:
        assert "cANARY" not in "\n".join(raw.iterdump())
    assert "cANARY" not in next((room.folder / "var" / "set-aside").iterdir()).read_text(encoding="utf-8")


# -- on both databases -------------------------------------------------------------------------------------------------

SOURCE = FolderSource(name="cong", folder=Path())


def taken_in(database: Database, *names: str) -> archive.Intake:
    with database.write() as connection:
        harvest = Harvest(articles=[found(name) for name in names])
        return archive.take_in(connection, SOURCE, harvest, authority="bacson.example", now=NOW)


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
        assert {one.id for one in archive.newest(connection, 9)} == {one.id for one in first}
        assert checkup.find(connection, NOW) == []


def test_a_repair_takes_the_last_version_that_can_be_read_and_holds_the_article(
    database: Database, tmp_path: Path
) -> None:
    (one,) = taken_in(database, "a1").new
    spoil(database, one.id)
    with database.write() as connection:
        wrong = checkup.find(connection, NOW)
        assert [(each.table, each.key, each.remedy) for each in wrong] == [("articles", (one.id,), Remedy.ARTICLE)]
        checkup.repair(connection, wrong, tmp_path / "aside", NOW)
        assert checkup.find(connection, NOW) == []
        known = archive.by_id(connection, one.id)
        assert known is not None
        assert known.lead == one.lead
        assert Mark.HELD in marks.of(connection)[one.id]


def test_enumerations_get_the_cautious_value(database: Database, tmp_path: Path) -> None:
    with database.write() as connection:
        connection.execute(
            sa.insert(suppressions).values(address_key="a@b.example", reason="x", since=NOW, type="?", until=NOW)
        )
        connection.execute(sa.insert(bounces).values(address_key="a@b.example", type="?", at=NOW, via="smtp"))
        connection.execute(
            sa.insert(subscribers).values(
                id="lan",
                address="lan@b.example",
                address_key="lan@b.example",
                language="xx",
                topics=["Y tế"],
                created=NOW,
            )
        )
        checkup.repair(connection, checkup.find(connection, NOW), tmp_path / "aside", NOW)
        assert checkup.find(connection, NOW) == []
        assert connection.execute(sa.select(suppressions.c.type)).scalar_one() == "staff"
        assert connection.execute(sa.select(bounces)).all() == []
        assert connection.execute(sa.select(subscribers.c.language, subscribers.c.topics)).one() == ("vi", ["Y tế"])
