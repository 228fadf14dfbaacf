"""The store opens, is brought up to date by itself, and says in one line what is wrong with it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from distributor.errors import StoreError, StoreLost
from distributor.storage import engines
from distributor.storage.database import Database
from distributor.storage.tables import (
    suppressions,
)
from support.builders import NOW


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Database]:
    """A store in a file, for what only SQLite has."""
    opened = Database.open("sqlite:///store.db", tmp_path)
    opened.migrate()
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("sqlite:///file/store.db", "the folder cannot be made|cannot be opened"),
        ("not a url", "Could not parse"),
        ("nosuchdb://x", "Can't load plugin"),
        ("postgresql+psycopg://u@host:abc/d", "its port is not a number"),
        ("postgresql+psycopg://u@host:70000/d", "from 1 to 65535"),
        ("sqlite:///store.db?mode=ro", "write only a path"),
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


def _filled(folder: Path) -> Path:
    """A store of some hundred pages."""
    opened = Database.open("sqlite:///store.db", folder)
    opened.migrate()
    with opened.write() as connection:
        rows = [{"address_key": f"{number}@x.example", "reason": "x" * 500, "since": NOW} for number in range(2000)]
        connection.execute(sa.insert(suppressions), rows)
    opened.close()
    return folder / "store.db"


def _cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def _scribble(file: Path) -> None:
    """Other bytes in the middle, as a bad disk or a careless copy leaves them."""
    with file.open("r+b") as out:
        for page in range(20, file.stat().st_size // 4096 - 5, 3):
            out.seek(page * 4096)
            out.write(os.urandom(4096))


def _behead(file: Path) -> None:
    with file.open("r+b") as out:
        out.write(b"\0" * 200)


def _scribble_names(file: Path) -> None:
    """Bytes that are no text in a name of the schema; the driver cannot even say what SQLite says of it."""
    body = file.read_bytes()
    assert b"CREATE TABLE suppressions" in body
    file.write_bytes(body.replace(b"CREATE TABLE suppressions", b"CREATE TABLEE\x88uppressions"))


def _drop(file: Path) -> None:
    raw = sqlite3.connect(file)
    raw.execute("DROP TABLE suppressions")
    raw.commit()
    raw.close()


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (_cut, "is damaged: nothing more is sent; .* restore it from a backup"),
        (_scribble, "is damaged: nothing more is sent; .* restore it from a backup"),
        (_behead, "the file is not a database; look at store.url, or restore it"),
        (_scribble_names, "is damaged: nothing more is sent; .* restore it from a backup"),
        (_drop, r"lacks what every store has \(no such table: suppressions\)"),
    ],
)
def test_a_store_that_is_damaged_is_told_in_one_line(tmp_path: Path, harm: Callable[[Path], None], reason: str) -> None:
    harm(_filled(tmp_path))
    with pytest.raises(StoreLost, match=reason) as caught:
        opened = Database.open("sqlite:///store.db", tmp_path)
        opened.migrate()
        with opened.read() as connection:
            connection.execute(sa.select(suppressions)).all()
    assert "\n" not in str(caught.value)


def test_a_damaged_store_is_not_copied_and_not_called_a_fault_of_the_copy(tmp_path: Path) -> None:
    file = _filled(tmp_path)
    with file.open("r+b") as out:
        out.seek(file.stat().st_size // 4096 // 2 * 4096)
        out.write(os.urandom(4096))
    opened = Database.open("sqlite:///store.db", tmp_path)
    with pytest.raises(StoreLost, match="its file is damaged"):
        opened.write_file(tmp_path / "copy.db")
    opened.close()


def test_what_is_found_wrong_in_a_file_is_asked_for_only_where_values_are_strange(tmp_path: Path) -> None:
    """While the file is whole an error is a bug and stays one; then it is not."""
    file = _filled(tmp_path)
    opened = Database.open("sqlite:///store.db", tmp_path)
    assert opened.find_damage() == ""
    with pytest.raises(ValueError, match="what comes of it"), opened.read():
        raise ValueError("what comes of it")
    opened.close()
    with file.open("r+b") as out:
        out.seek(file.stat().st_size // 4096 // 2 * 4096)
        out.write(os.urandom(4096))
    opened = Database.open("sqlite:///store.db", tmp_path)
    assert opened.find_damage()
    with pytest.raises(StoreLost, match="is damaged"), opened.read():
        raise ValueError("what comes of it")
    opened.close()


def test_tables_without_a_version_are_not_taken_for_a_new_store(tmp_path: Path) -> None:
    raw = sqlite3.connect(_filled(tmp_path))
    raw.execute("DELETE FROM alembic_version")
    raw.commit()
    raw.close()
    opened = Database.open("sqlite:///store.db", tmp_path)
    with pytest.raises(StoreLost, match=r"has tables of a store \(.*\) but no version"):
        opened.migrate()
    opened.close()


def test_a_folder_in_the_place_of_the_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "store.db").mkdir()
    with pytest.raises(StoreError, match="is a folder, not a database"):
        Database.open("sqlite:///store.db", tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    """In a process that is not root, to whom nothing is forbidden."""
    program = (
        "import os, sys; from pathlib import Path; from distributor.storage.database import Database\n"
        "from distributor.errors import StoreError\n"
        "if os.getuid() == 0: os.setgid(65534); os.setuid(65534)\n"
        "try: Database.open('sqlite:///store.db', Path('.')).migrate()\n"
        "except StoreError as error: print(error)\n"
    )
    for mode, reason in ((0o000, "Permission denied; look at the path and its permissions"), (0o444, "is read-only")):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            folder.chmod(0o555 if mode else 0o755)
            (folder / "store.db").touch()
            (folder / "store.db").chmod(mode)
            done = subprocess.run(
                [sys.executable, "-c", program], cwd=name, capture_output=True, text=True, check=False
            )
            folder.chmod(0o755)
        assert reason in done.stdout or "Permission denied" in done.stdout, done
        assert done.stderr == ""


def test_a_file_that_is_deleted_or_replaced_while_it_is_open_is_noticed_and_not_made_anew(tmp_path: Path) -> None:
    file = _filled(tmp_path)
    opened = Database.open("sqlite:///store.db", tmp_path)
    opened.check_file()
    file.rename(tmp_path / "elsewhere.db")
    with pytest.raises(StoreLost, match="was deleted or moved away while it was in use"):
        opened.check_file()
    opened.close()  # and its connections with it
    with pytest.raises(StoreError, match="cannot be opened"), opened.read():
        pass
    assert not file.exists()
    shutil.copy(tmp_path / "elsewhere.db", file)
    with pytest.raises(StoreLost, match="was replaced by another file"):
        opened.check_file()
    opened.close()


def test_the_file_of_a_store_is_for_its_owner_only(tmp_path: Path) -> None:
    _filled(tmp_path)
    assert (tmp_path / "store.db").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"port": 9}, "check that the server runs, and host, port"),
        ({"database": "nowhere"}, "nowhere"),
        ({"username": "nobody-here"}, "nobody-here"),
        ({"query": {"nonsense": "1"}}, "nonsense"),
    ],
)
def test_a_server_that_cannot_be_used_is_told_in_one_line(
    postgresql_url: Callable[[], str], tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    url = sa.make_url(postgresql_url()).set(**change)
    with pytest.raises(StoreError, match=reason) as caught:
        Database.open(url.render_as_string(hide_password=False), tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_does_not_hold_every_letter_is_refused_in_one_line(
    postgresql_url: Callable[[], str], tmp_path: Path, encoding: str
) -> None:
    url = sa.make_url(postgresql_url())
    name = f"{url.database}_{encoding.lower()}"
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        make = f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
        connection.exec_driver_sql(make)
    engine.dispose()
    with pytest.raises(StoreError, match=f"{name} has the encoding {encoding}, .* `createdb --encoding=UTF8"):
        Database.open(url.set(database=name).render_as_string(hide_password=False), tmp_path)


def test_values_are_read_whatever_form_a_database_gives_them(postgresql_url: Callable[[], str], tmp_path: Path) -> None:
    url = postgresql_url()
    opened = Database.open(url, tmp_path)
    with opened.write() as connection:
        connection.execute(sa.insert(suppressions).values(address_key="a", reason="x", since=NOW))
        name = sa.make_url(url).database
        for setting in ("datestyle = 'German'", "timezone = 'Asia/Kathmandu'", "intervalstyle = 'sql_standard'",
                        "standard_conforming_strings = off", "bytea_output = 'escape'"):  # fmt: skip
            connection.exec_driver_sql(f"ALTER DATABASE {name} SET {setting}")
    opened.close()
    opened = Database.open(url, tmp_path)
    with opened.read(long=True) as connection:
        assert connection.execute(sa.select(suppressions.c.since)).scalar_one() == NOW
    assert opened.server_time()
    opened.close()


def test_a_schema_that_was_emptied_is_told_in_one_line(postgresql_url: Callable[[], str], tmp_path: Path) -> None:
    opened = Database.open(postgresql_url(), tmp_path)
    with opened.write() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    with pytest.raises(StoreLost, match="lacks what every store has") as caught, opened.read() as connection:
        connection.execute(sa.select(suppressions)).all()
    assert "\n" not in str(caught.value)
    opened.close()


def test_a_locked_store_is_told_in_one_line(tmp_path: Path, file: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("distributor.storage.engines._LOCK_TIMEOUT", 50)
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
    monkeypatch.setattr("distributor.storage.engines._LOCK_TIMEOUT", 50)
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


def test_a_process_that_stands_still_keeps_nobody_from_writing(
    postgresql_url: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was frozen, or its host cut off, in the middle of a transaction that has the store to itself."""
    monkeypatch.setattr(engines, "_STANDS_STILL", {False: 50, True: 50})
    url = postgresql_url()
    frozen, other = (Database.open(url, tmp_path) for _ in range(2))
    with closing(frozen), closing(other):
        with pytest.raises(StoreError, match="this process stood still"), frozen.write() as connection:
            with other.write(long=True) as another:
                another.exec_driver_sql("SELECT 1")
            connection.exec_driver_sql("SELECT 1")
        with frozen.write() as connection:
            engines.allow_standing_still(connection)
            assert connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar() == "0"


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


def test_a_connection_that_a_thread_still_has_when_the_store_is_closed_is_closed_when_it_is_given_back(
    database: Database,
) -> None:
    with database.read() as connection:
        raw: Any = connection.connection.driver_connection
        database.close()
        assert connection.execute(sa.text("SELECT 1")).scalar() == 1, "it is in use"
    with pytest.raises(Exception, match="closed"):
        raw.execute("SELECT 1")
