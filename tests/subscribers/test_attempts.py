"""Attempts are counted in the store, for an hour and for a day."""

from __future__ import annotations

from datetime import datetime, timedelta

from distributor.storage.database import Database
from distributor.subscribers import attempts
from distributor.subscribers.attempts import AttemptTotals
from support.builders import NOW


def totals(database: Database, key: str, now: datetime = NOW) -> AttemptTotals:
    with database.read() as connection:
        return attempts.count(connection, [key, "another"], now)[key]


def add(database: Database, *keys: str, now: datetime = NOW) -> None:
    with database.write() as connection:
        attempts.add(connection, keys, now)


def test_nothing_is_counted_that_was_not_tried(database: Database) -> None:
    assert totals(database, "network 192.0.2.1") == AttemptTotals(0, 0)


def test_each_key_is_counted_by_itself(database: Database) -> None:
    add(database, "one", "two")
    add(database, "one")
    assert totals(database, "one") == AttemptTotals(2, 2)
    assert totals(database, "two") == AttemptTotals(1, 1)


def test_an_hour_passes_and_a_day(database: Database) -> None:
    add(database, "one")
    assert totals(database, "one", NOW + timedelta(minutes=59)) == AttemptTotals(1, 1)
    assert totals(database, "one", NOW + timedelta(minutes=90)) == AttemptTotals(0, 1)
    assert totals(database, "one", NOW + timedelta(hours=25)) == AttemptTotals(0, 0)


def test_a_key_of_any_length_counts(database: Database) -> None:
    add(database, "x" * 500)
    assert totals(database, "x" * 500).hour == 1


def test_old_counts_are_deleted_and_new_ones_stay(database: Database) -> None:
    add(database, "old")
    add(database, "new", now=NOW + timedelta(hours=23))
    with database.write() as connection:
        assert attempts.delete_old(connection, NOW + timedelta(hours=25)) == 1
    assert totals(database, "new", NOW + timedelta(hours=25)) == AttemptTotals(0, 1)
