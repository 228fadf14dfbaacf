"""Rows of every table go to the other database and back, and are what they were."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Table

from distributor.errors import StoreError
from distributor.storage import copying
from distributor.storage.all_tables import metadata
from distributor.storage.database import Database
from distributor.storage.rows import UtcTime
from distributor.storage.tables import link_addresses, suppressions
from distributor.storage.web_tables import outbox

TEXTS = (
    "",
    "Ngừng nhận",
    "tab\tand \\N and \\.",
    "line\nbreak\r\n",
    "e\u0301 \U0001f9e7",
    '\'quote" {"a": 1}',
    "\ufeff",
)
TIMES = (
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    datetime(2026, 11, 30, tzinfo=UTC),
)


class Undo(Exception):
    """Ends a transaction that was only for a test."""


@pytest.fixture
def stores(tmp_path: Path, postgresql_url: Callable[[], str]) -> Iterator[list[Database]]:
    """Three empty ones: SQLite, PostgreSQL, SQLite."""
    opened = [Database.open(url, tmp_path) for url in ("sqlite:///a.db", postgresql_url(), "sqlite:///b.db")]
    for one in opened:
        one.migrate()
    yield opened
    for one in opened:
        one.close()


def fill(connection: Connection, chance: random.Random) -> None:
    """A few rows of every table, with hard values of each type."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for table in metadata.sorted_tables:
        rows[table.name] = []
        for number in range(chance.randint(0, 3)):
            row = {column.name: value(column, number, chance) for column in table.columns}
            if all(point(row, key, rows, chance) for key in table.foreign_key_constraints):
                rows[table.name].append(row)
        unique = {tuple(row[one.name] for one in table.primary_key.columns): row for row in rows[table.name]}
        rows[table.name] = list(unique.values())
        if unique:
            connection.execute(sa.insert(table), rows[table.name])


def value(column: sa.Column[Any], number: int, chance: random.Random) -> Any:
    if column.nullable and chance.random() < 0.4:
        return None
    if isinstance(column.type, sa.Boolean):
        return chance.random() < 0.5
    if isinstance(column.type, sa.Integer):
        return number + 1 if column.primary_key else chance.choice((0, -5, 2**31 - 1))
    if isinstance(column.type, sa.Float):
        return chance.choice((0.0, -0.1, 1764470556.1234567, 5e300))
    if isinstance(column.type, sa.LargeBinary):
        return chance.choice((b"", bytes(range(256)), b"\\x41\n"))
    if isinstance(column.type, sa.JSON):
        return chance.choice((None, [], {"tên": ["\x00", 1.5e300, True, None]}, "ừ", [10**30]))
    if isinstance(column.type, UtcTime):
        return chance.choice(TIMES) if not column.primary_key else TIMES[2] + timedelta(microseconds=number)
    return (str(number) + chance.choice(TEXTS))[: getattr(column.type, "length", None)]


def point(
    row: dict[str, Any], key: sa.ForeignKeyConstraint, rows: dict[str, list[dict[str, Any]]], chance: random.Random
) -> bool:
    """Let a row point to one that there is; False where there is none."""
    there = rows[key.referred_table.name]
    if there:
        chosen = chance.choice(there)
        row.update({mine.parent.name: chosen[mine.column.name] for mine in key.elements})
    return bool(there)


def contents(connection: Connection) -> dict[str, list[Any]]:
    return {table.name: sorted(map(repr, connection.execute(sa.select(table)))) for table in metadata.sorted_tables}


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_what_is_copied_there_and_back_is_equal(stores: list[Database], seed: int) -> None:
    told: list[tuple[str, int, int]] = []
    with pytest.raises(Undo), stores[0].write() as first, stores[1].write() as server, stores[2].write() as last:
        fill(first, random.Random(seed))
        there = copying.copy_rows(first, server, lambda *one: told.append(one))
        back = copying.copy_rows(server, last, lambda *one: None)
        assert there == back
        assert contents(first) == contents(server) == contents(last)
        assert {table: done for table, done, total in told if done == total} == {
            name: one.rows for name, one in there.items() if one.rows
        }
        raise Undo


def test_numbers_that_postgresql_gives_go_on_behind_the_highest(stores: list[Database]) -> None:
    now = datetime(2026, 11, 30, tzinfo=UTC)
    message = {
        "dedupe_key": "a", "channel": "mail", "kind": "welcome", "media_type": "x", "body": b"", "state": "sent",
        "created": now, "expires_at": now, "updated": now,
    }  # fmt: skip
    with stores[0].write() as first, stores[1].write() as server:
        first.execute(sa.insert(outbox).values(id=41, **message))
        copying.copy_rows(first, server, lambda *one: None)
        made = server.execute(sa.insert(outbox).values(message | {"dedupe_key": "b"}).returning(outbox.c.id))
        assert made.scalar() == 42


def test_a_snapshot_sees_nothing_that_comes_later(database: Database) -> None:
    now = datetime(2026, 11, 30, tzinfo=UTC)
    with database.snapshot() as reading:
        assert copying.list_filled_tables(reading) == []
        with database.write() as writing:
            writing.execute(
                sa.insert(link_addresses).values(address="https://a.example", first_sent=now, last_sent=now)
            )
        assert copying.list_filled_tables(reading) == []
    with database.read() as reading:
        assert copying.list_filled_tables(reading) == ["link_addresses"]
        assert copying.count_rows(reading)["link_addresses"] == 1


def test_a_row_that_the_other_database_does_not_take_stops_the_copy(stores: list[Database]) -> None:
    now = datetime(2026, 11, 30, tzinfo=UTC)
    with stores[0].write() as first:
        first.execute(sa.insert(suppressions).values(address_key="a@b.example", reason="a\x00b", since=now))
    with (
        pytest.raises(StoreError, match="table suppressions cannot be copied"),
        stores[0].read() as first,
        stores[1].write() as server,
    ):
        copying.copy_rows(first, server, lambda *one: None)
    with stores[1].read() as server:
        assert copying.list_filled_tables(server) == []


def test_a_copy_that_is_not_the_same_is_undone(stores: list[Database], monkeypatch: pytest.MonkeyPatch) -> None:
    digest = copying.digest_table

    def off_by_one(connection: Connection, table: Table) -> copying.TableDigest:
        found = digest(connection, table)
        return found.plus([("one more",)]) if table.name == "suppressions" else found

    monkeypatch.setattr(copying, "digest_table", off_by_one)
    with (
        pytest.raises(StoreError, match=r"suppressions is not the same \(1 of 0 rows"),
        stores[0].read() as first,
        stores[2].write() as last,
    ):
        copying.copy_rows(first, last, lambda *one: None)
