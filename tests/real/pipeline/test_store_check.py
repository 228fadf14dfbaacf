"""A damaged row of the store is named and passed over, by every command; `doctor --repair` sets it aside."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from distributor.storage import rows
from support.newsroom import Room

pytestmark = pytest.mark.usefixtures("unread_templates")

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


def damage(room: Room, statement: str) -> None:
    rows._logged.clear()
    with closing(sqlite3.connect(room.folder / "var" / "distributor.db")) as raw:
        raw.execute("PRAGMA foreign_keys=OFF")
        assert raw.execute(statement).rowcount, statement
        raw.commit()


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
    assert any(f": {table} " in line and f": {column}: " in line for line in found.out.splitlines()), found
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
