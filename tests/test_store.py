"""The store opens, is brought up to date by itself, and says in one line what is wrong with it."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from builders import NOW

from distributor.errors import StoreError
from distributor.storage import migrations
from distributor.storage.database import Database
from distributor.storage.tables import (
    editions,
    metadata,
    opt_outs,
    renditions,
    subscribers,
    subscriptions,
    suppressions,
)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Database]:
    """A store in a file, for what only SQLite has."""
    opened = Database.open("sqlite:///store.db", tmp_path)
    opened.migrate()
    yield opened
    opened.close()


def test_migrations_make_exactly_the_tables_that_the_code_knows(database: Database) -> None:
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_list_of_revisions_is_the_chain_of_migration_files() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__ or "").parent))
    chain = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(chain)) == migrations.REVISIONS


def test_migrating_twice_does_nothing_the_second_time(tmp_path: Path) -> None:
    opened = Database.open("sqlite:///deep/folder/store.db", tmp_path)
    assert opened.pending() == migrations.REVISIONS
    assert opened.migrate() == migrations.REVISIONS
    assert opened.migrate() == ()
    assert opened.revision() == migrations.REVISIONS[-1]
    opened.close()


def test_an_upgrade_loses_no_row_of_a_store_that_has_some(tmp_path: Path) -> None:
    """Version 5, with rows that point to the tables that version 6 makes anew."""
    _at_version(tmp_path, "0005")
    raw = sqlite3.connect(tmp_path / "store.db")
    raw.executescript(
        """
        INSERT INTO editions (id, newsletter, slot, number, kind, state, subject, language, frozen_at, expires_at, content,
            sha256) VALUES ('t-1', 't', 's', 1, 'digest', 'done', 'x', 'vi', '2026-11-23T00:00:00.000000+00:00',
            '2026-11-24T00:00:00.000000+00:00', '{}', 'x');
        INSERT INTO renditions (edition_id, channel, part, title, media_type, body, sha256)
            VALUES ('t-1', 'mail', 'digest', '', 'x', x'00', 'x');
        INSERT INTO subscribers (id, address, address_key, name, language, topics, consent, created)
            VALUES ('lan', 'lan@example.com', 'lan@example.com', '', 'vi', '["Y tế", "Kinh tế"]', '',
            '2026-11-23T00:00:00.000000+00:00');
        INSERT INTO subscriptions VALUES ('lan', 't', '2026-11-23T00:00:00.000000+00:00');
        """
    )
    raw.commit()
    raw.close()
    opened = Database.open("sqlite:///store.db", tmp_path)
    assert opened.migrate() == migrations.REVISIONS[5:]
    with opened.read() as connection:
        assert connection.execute(sa.select(renditions.c.edition_id, renditions.c.action)).one() == ("t-1", "post")
        assert connection.execute(sa.select(editions.c.due_at, editions.c.released_at)).one() == (NOW, NOW)
        assert connection.execute(sa.select(subscriptions.c.newsletter)).scalars().all() == ["t"]
        chosen = sa.select(subscribers.c.topics_key, subscribers.c.frequency)
        assert connection.execute(chosen).one() == ("kinh tế\ny tế", "each")
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    opened.close()


def test_who_was_on_no_list_before_leaving_was_written_down_has_left_them_all(tmp_path: Path) -> None:
    _at_version(tmp_path, "0007")
    with contextlib.closing(sqlite3.connect(tmp_path / "store.db")) as raw:
        for name in ("lan", "hoa"):
            raw.execute(
                "INSERT INTO subscribers (id, address, address_key, name, language, topics, consent, created)"
                f" VALUES ('{name}', '{name}@x.vn', '{name}@x.vn', '', 'vi', '[]', '', '2026-11-23T00:00:00.000000+00:00')"
            )
        raw.execute("INSERT INTO subscriptions (subscriber_id, newsletter, since) VALUES ('hoa', 't', '2026-11-23')")
        raw.commit()
    opened = Database.open("sqlite:///store.db", tmp_path)
    opened.migrate()
    with opened.read() as connection:
        assert connection.execute(sa.select(opt_outs.c.address_key, opt_outs.c.newsletter)).all() == [("lan@x.vn", "")]
    opened.close()


def _at_version(folder: Path, revision: str) -> None:
    """A store as an earlier version of the program has left it."""
    engine = sa.create_engine(f"sqlite:///{folder / 'store.db'}")
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__ or "").parent))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


_MIGRATE = """
import sys
from pathlib import Path
from distributor.storage.database import Database
Database.open("sqlite:///store.db", Path(sys.argv[1])).migrate()
"""


def test_several_processes_may_start_on_an_empty_store_at_once(tmp_path: Path) -> None:
    program = [sys.executable, "-c", _MIGRATE, str(tmp_path)]
    starts = [subprocess.Popen(program, cwd=tmp_path) for _ in range(4)]
    assert [start.wait() for start in starts] == [0, 0, 0, 0]


def test_a_store_that_is_newer_than_the_program_is_refused(tmp_path: Path) -> None:
    opened = Database.open("sqlite:///store.db", tmp_path)
    opened.migrate()
    with opened.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match=r"version 9999, which is newer than this program"):
        opened.migrate()
    opened.close()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("sqlite:///file/store.db", "the folder cannot be made|cannot be opened"),
        ("not a url", "Could not parse"),
        ("nosuchdb://x", "Can't load plugin"),
    ],
)
def test_an_address_that_cannot_work_is_told_in_one_line(tmp_path: Path, url: str, reason: str) -> None:
    (tmp_path / "file").write_text("I am not a folder")
    with pytest.raises(StoreError, match=reason) as caught:
        Database.open(url, tmp_path)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_database_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_text("hello " * 1000)
    with pytest.raises(StoreError, match="not a database"):
        Database.open("sqlite:///store.db", tmp_path)


def test_a_locked_store_is_told_in_one_line(tmp_path: Path, file: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("distributor.storage.database._LOCK_PATIENCE", 50)
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    impatient = Database.open("sqlite:///store.db", tmp_path)
    with pytest.raises(StoreError, match="locked by another process"), impatient.write():
        pass
    impatient.close()
    other.close()


def test_who_writes_has_the_store_to_himself_and_who_waits_too_long_is_told(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("distributor.storage.database._LOCK_PATIENCE", 50)
    one, other = Database.open(store_url, tmp_path), Database.open(store_url, tmp_path)
    with one.write():
        with pytest.raises(StoreError, match="locked by another process; try again"), other.write():
            pass
        with other.read():
            pass
        if not store_url.startswith("sqlite"):
            with other.write(alone=False):
                pass
    with other.write():
        pass
    one.close()
    other.close()


def test_a_full_disk_is_told_and_loses_nothing(file: Database) -> None:
    def row(number: int) -> dict[str, object]:
        return {"address_key": f"{number}@x.example", "reason": "x" * 3000, "since": NOW}

    with file.write() as connection:
        connection.execute(sa.insert(suppressions), [row(0)])
    with file.read() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 5}")
    with pytest.raises(StoreError, match="disk is full"), file.write() as connection:
        connection.execute(sa.insert(suppressions), [row(number) for number in range(1, 100)])
    with file.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(suppressions)).scalar() == 1


def test_a_store_that_may_only_be_read_is_told_in_one_line(file: Database) -> None:
    with file.read() as connection:
        connection.exec_driver_sql("PRAGMA query_only=ON")
    with pytest.raises(StoreError, match="is read-only; look at the permissions"), file.write() as connection:
        connection.execute(sa.insert(suppressions), [{"address_key": "a@x.example", "reason": "x", "since": NOW}])


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_durability_is_the_strict_kind(file: Database) -> None:
    with file.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL


def test_a_naive_time_never_enters_the_store(database: Database) -> None:
    with pytest.raises(Exception, match="a time without a zone"), database.write() as connection:
        naive = datetime(2026, 11, 23)  # noqa: DTZ001  # the point of the test
        connection.execute(sa.insert(suppressions).values(address_key="a", reason="", since=naive))
