"""What is done every so often is done by one process, whichever comes first, and not at once again after a restart."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

from distributor.storage.database import Database
from distributor.tasks import recurring
from support.builders import NOW

HOUR = timedelta(hours=1)


def test_it_is_time_at_first_and_then_every_so_often(database: Database) -> None:
    at = [timedelta(), timedelta(minutes=59), HOUR, HOUR, 2 * HOUR]
    assert [recurring.begin(database, "x", HOUR, NOW + one) for one in at] == [True, False, True, False, True]


def test_each_has_times_of_its_own(database: Database) -> None:
    assert recurring.begin(database, "x", HOUR, NOW)
    assert recurring.begin(database, "y", HOUR, NOW)


def test_a_time_of_a_clock_that_was_ahead_does_not_count(database: Database) -> None:
    assert recurring.begin(database, "x", HOUR, NOW + timedelta(days=400))
    assert recurring.begin(database, "x", HOUR, NOW)


def test_one_of_many_that_come_at_once_begins(database: Database) -> None:
    together = Barrier(4)

    def begin() -> bool:
        together.wait()
        return recurring.begin(database, "x", HOUR, NOW)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(one.result() for one in [pool.submit(begin) for _ in range(4)]) == [False, False, False, True]
