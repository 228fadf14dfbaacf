"""Migrations: they make the tables that the code knows; an older store is brought up to date, a newer one is refused.

The program has one migration only, so what a second one must keep to is shown by made-up ones.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from distributor.errors import StoreError
from distributor.storage import database as program
from distributor.storage import full_text, migrations
from distributor.storage.all_tables import metadata
from distributor.storage.database import Database
from distributor.storage.tables import editions, shards
from support.builders import NOW

# Tables that SQLite makes, and the engine that hands out tasks; partitions of the ledger, and keys that point to them.
OF_OTHERS = (full_text.TABLE, "procrastinate_", "deliveries_")
pytestmark = pytest.mark.usefixtures("real_migrations")

MADE_UP = '''"""A made-up migration."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    {}
'''
# SQLite makes the table anew for this, and drops the old one, to which others point.
CHANGE = """with op.batch_alter_table("editions") as batch:
        batch.alter_column("subject", new_column_name="headline", existing_type=sa.Text(), existing_nullable=False)"""
_MIGRATE = """
import sys
from pathlib import Path
from distributor.storage import database

folder, versions = map(Path, sys.argv[1:])
if versions != Path("."):
    database.MIGRATIONS, database.REVISIONS = versions, ("0001", "0002")
print(*database.Database.open("sqlite:///store.db", folder).migrate())
"""


def a_second_migration(folder: Path, change: str) -> Path:
    """The migrations of the program and a made-up one."""
    made = folder / "migrations"
    shutil.copytree(program.MIGRATIONS, made, ignore=shutil.ignore_patterns("__pycache__"))
    (made / "versions" / "0002_made_up.py").write_text(MADE_UP.format(change), encoding="utf-8")
    return made


@pytest.fixture
def next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Turns this program into its next version, which has one more migration."""

    def install(change: str) -> None:
        monkeypatch.setattr(program, "MIGRATIONS", a_second_migration(tmp_path, change))
        monkeypatch.setattr(program, "REVISIONS", ("0001", "0002"))

    return install


def fill(database: Database) -> None:
    """An edition, and a shard that points to it."""
    times = dict.fromkeys(("frozen_at", "expires_at", "due_at"), NOW)
    texts = {"slot": "s", "kind": "digest", "state": "frozen", "subject": "Tin sáng", "language": "vi", "sha256": ""}
    with database.write() as connection:
        values = {"id": "t-1", "newsletter": "t", "number": 1, "content": "{}", **times, **texts}
        connection.execute(sa.insert(editions).values(values))
        connection.execute(sa.insert(shards).values(edition_id="t-1", shard=0, channel="mail"))


# -- the tables --------------------------------------------------------------------------------------------------------


def test_migrations_make_exactly_the_tables_that_the_code_knows(database: Database) -> None:
    with database.read() as connection:
        ours = {
            "include_name": lambda name, kind, _: kind != "table" or not name.startswith(OF_OTHERS),
            "include_object": lambda one, *_: not is_of_partitions(connection, one),
        }
        assert compare_metadata(MigrationContext.configure(connection, opts=ours), metadata) == []


def test_migrated_tables_are_those_of_the_metadata_to_the_last_default(database: Database) -> None:
    """Both are read back from the database: types, nullability, defaults, keys, constraints, indexes."""
    with database.write() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("CREATE SCHEMA beside")
            metadata.create_all(connection.execution_options(schema_translate_map={None: "beside"}))
            made = {name: described(connection, name, "beside") for name in metadata.tables}
        else:
            with sa.create_engine("sqlite://").connect() as beside:
                metadata.create_all(beside)
                made = {name: described(beside, name) for name in metadata.tables}
        assert {name: described(connection, name) for name in metadata.tables} == made
        names = {name for name in sa.inspect(connection).get_table_names() if not name.startswith(OF_OTHERS)}
        assert names == {*metadata.tables, "alembic_version"}


def is_of_partitions(connection: sa.Connection, one: Any) -> bool:
    """What the ledger has in SQLite only, or in each of its partitions; a foreign key that points to a partition."""
    if connection.dialect.name != "postgresql":
        return False
    if isinstance(one, sa.ForeignKeyConstraint):
        return one.table.name == "deliveries" or one.elements[0].target_fullname.startswith("deliveries_")
    return isinstance(one, sa.UniqueConstraint) and one.table.name == "deliveries"


def described(connection: sa.Connection, table: str, schema: str | None = None) -> dict[str, list[str]]:
    """A table as the database has it, in words that do not depend on the schema that holds it."""
    look = sa.inspect(connection)
    columns = [
        f"{one['name']} {one['type']!r} {one['nullable']} {one['default']}" for one in look.get_columns(table, schema)
    ]
    constraints = [
        look.get_pk_constraint(table, schema),
        *look.get_unique_constraints(table, schema),
        *({**one, "referred_schema": None} for one in look.get_foreign_keys(table, schema) if _is_ours(one)),
        *look.get_indexes(table, schema),
        *look.get_check_constraints(table, schema),
    ]
    found = {"columns": columns, "constraints": sorted(map(str, constraints))}
    return {kind: [line.replace("beside.", "") for line in lines] for kind, lines in found.items()}


def _is_ours(key: Any) -> bool:
    return not key["referred_table"].startswith(OF_OTHERS)


# -- bringing a store up to date ---------------------------------------------------------------------------------------


def test_the_list_of_revisions_is_the_chain_of_migration_files() -> None:
    config = Config()
    config.set_main_option("script_location", str(program.MIGRATIONS))
    chain = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(chain)) == migrations.REVISIONS


def test_migrating_twice_does_nothing_the_second_time(tmp_path: Path) -> None:
    opened = Database.open("sqlite:///deep/folder/store.db", tmp_path)
    assert opened.pending() == migrations.REVISIONS
    assert opened.migrate() == migrations.REVISIONS
    assert opened.migrate() == ()
    assert opened.revision() == migrations.REVISIONS[-1]
    opened.close()


def test_an_upgrade_runs_what_is_missing_and_loses_no_row(database: Database, next_version: Any) -> None:
    fill(database)
    assert database.pending() == ()
    next_version(CHANGE)
    assert database.pending() == ("0002",)
    assert database.migrate() == ("0002",)
    assert (database.revision(), database.migrate()) == ("0002", ())
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT headline FROM editions").scalars().all() == ["Tin sáng"]
        assert connection.execute(sa.select(shards.c.edition_id)).scalars().all() == ["t-1"]
        if connection.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_an_upgrade_that_fails_leaves_the_store_as_it_was(database: Database, next_version: Any) -> None:
    fill(database)
    next_version(f'{CHANGE}\n    op.execute("DELETE FROM shards")\n    raise OSError("the disk is full")')
    with pytest.raises(OSError, match="the disk is full"):
        database.migrate()
    assert (database.revision(), database.pending()) == ("0001", ("0002",))
    with database.write() as connection:
        assert connection.execute(sa.select(editions.c.subject)).scalars().all() == ["Tin sáng"]
        assert connection.execute(sa.select(shards.c.edition_id)).scalars().all() == ["t-1"]
        if connection.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_an_upgrade_after_which_a_row_would_point_nowhere_is_undone(tmp_path: Path, next_version: Any) -> None:
    """SQLite only: foreign keys rest there while tables are made anew."""
    opened = Database.open("sqlite:///store.db", tmp_path)
    opened.migrate()
    fill(opened)
    next_version('op.execute("DELETE FROM editions")')
    with pytest.raises(StoreError, match="would leave rows that point nowhere; nothing was changed"):
        opened.migrate()
    with opened.read() as connection:
        assert connection.execute(sa.select(editions.c.id)).scalars().all() == ["t-1"]
    assert opened.revision() == "0001"
    opened.close()


@pytest.mark.slow
def test_several_processes_may_start_on_an_empty_store_at_once(tmp_path: Path) -> None:
    assert migrate_four_times(tmp_path, Path()) == ["", "", "", "0001"]


@pytest.mark.slow
def test_several_processes_upgrade_an_older_store_once(tmp_path: Path) -> None:
    opened = Database.open("sqlite:///store.db", tmp_path)
    opened.migrate()
    fill(opened)
    opened.close()
    assert migrate_four_times(tmp_path, a_second_migration(tmp_path, CHANGE)) == ["", "", "", "0002"]


def migrate_four_times(folder: Path, versions: Path) -> list[str]:
    """What each of four processes has run that start at once, sorted."""
    command = [sys.executable, "-c", _MIGRATE, str(folder), str(versions)]
    starts = [subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    said = [start.communicate()[0].strip() for start in starts]
    assert [start.returncode for start in starts] == [0, 0, 0, 0]
    return sorted(said)


def test_a_store_that_is_newer_than_the_program_is_refused(tmp_path: Path) -> None:
    opened = Database.open("sqlite:///store.db", tmp_path)
    opened.migrate()
    with opened.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match=r"version 9999, which is newer than this program"):
        opened.migrate()
    opened.close()
