"""The engine's tables in the store: those of the version that is installed."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from procrastinate.schema import SchemaManager

from distributor.errors import StoreError
from distributor.storage.database import Database
from distributor.storage.task_tables import LAST_CHANGE, create_task_tables


def test_a_server_has_them_and_a_file_has_not(database: Database) -> None:
    with database.read() as connection:
        assert sa.inspect(connection).has_table("procrastinate_jobs") == database.is_server


def test_the_engine_has_changed_its_tables_no_further() -> None:
    """A later version brings statements that have to run in a migration of ours: then LAST_CHANGE is raised with it."""
    changes = sorted(path.name for path in Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    assert changes[-1] == LAST_CHANGE


def test_without_the_engine_staff_are_told_what_to_install(monkeypatch: pytest.MonkeyPatch, database: Database) -> None:
    monkeypatch.setitem(__import__("sys").modules, "procrastinate.schema", None)
    with database.write() as connection, pytest.raises(StoreError, match=r"pip install 'distributor\[postgresql\]'"):
        create_task_tables(connection)
