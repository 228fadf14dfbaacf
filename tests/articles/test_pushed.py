"""Articles that were pushed wait until they are taken in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from distributor.articles import pushed
from distributor.source import PushedItem
from distributor.storage.database import Database

NOW = datetime(2026, 11, 29, 8, tzinfo=UTC)


def item(id: str, minute: int = 0, title: str = "Tin") -> PushedItem:
    return PushedItem(id=id, fields={"title": title}, pushed_at=NOW + timedelta(minutes=minute))


def test_items_wait_in_the_order_in_which_they_came(database: Database) -> None:
    with database.write() as connection:
        for one in (item("b", 2), item("a", 1), item("c", 3)):
            pushed.save(connection, "cms", one)
        pushed.save(connection, "other", item("d"))
        assert [one.id for one in pushed.list_pending(connection, "cms", 2)] == ["a", "b"]


def test_what_is_pushed_again_meanwhile_is_not_forgotten(database: Database) -> None:
    with database.write() as connection:
        pushed.save(connection, "cms", item("a", 1))
        pushed.save(connection, "cms", item("a", 2, "Tin, đã sửa"))
        pushed.delete(connection, "cms", [item("a", 1)])
        assert pushed.list_pending(connection, "cms", 9) == [item("a", 2, "Tin, đã sửa")]
        pushed.delete(connection, "cms", [item("a", 2)])
        assert pushed.list_pending(connection, "cms", 9) == []
