"""A damaged row of the store is named and passed over, by every command; `doctor --repair` sets it aside."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from distributor.pipeline import store_check
from distributor.storage.database import Database
from distributor.storage.tables import bounces, subscribers, suppressions
from support.builders import NOW


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
        store_check.repair_damage(connection, store_check.find_damage(connection, NOW), tmp_path / "aside", NOW)
        assert store_check.find_damage(connection, NOW) == []
        assert connection.execute(sa.select(suppressions.c.type)).scalar_one() == "staff"
        assert connection.execute(sa.select(bounces)).all() == []
        assert connection.execute(sa.select(subscribers.c.language, subscribers.c.topics)).one() == ("vi", ["Y tế"])
