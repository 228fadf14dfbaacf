"""The clock: this machine's, or that of the server which holds the store."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest

from distributor.clock import Clock
from distributor.storage.database import Database

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Machine:
    """A machine whose clock somebody sets, and whose seconds go on evenly all the same."""

    def __init__(self) -> None:
        self.shows = NOON
        self.passed = 0.0
        self.clock = Clock(lambda: self.shows, lambda: self.passed)

    def pass_(self, seconds: float) -> None:
        self.passed += seconds
        self.shows += timedelta(seconds=seconds)


def test_goes_by_this_machine_where_the_store_has_no_clock() -> None:
    machine = Machine()
    machine.clock.follow(lambda: None)
    machine.shows += HOUR
    assert machine.clock() == NOON + HOUR


def test_goes_by_the_server_however_this_machine_is_set() -> None:
    machine = Machine()
    machine.clock.follow(lambda: NOON - HOUR)
    machine.shows += 5 * HOUR
    machine.pass_(30)
    assert machine.clock() == NOON - HOUR + timedelta(seconds=30)


def test_takes_the_answer_for_the_middle_of_the_question() -> None:
    machine = Machine()

    def ask() -> datetime:
        machine.pass_(2)
        return NOON

    machine.clock.follow(ask)
    assert machine.clock() == NOON + timedelta(seconds=1)


def test_keeps_the_last_answer_where_the_server_cannot_be_asked() -> None:
    machine = Machine()
    machine.clock.follow(lambda: NOON + HOUR)

    def ask() -> datetime:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        machine.clock.follow(ask)
    machine.pass_(60)
    assert machine.clock() == NOON + HOUR + timedelta(minutes=1)


def test_goes_by_this_machine_again_with_another_store() -> None:
    machine = Machine()
    machine.clock.follow(lambda: NOON + HOUR)
    machine.clock.follow(lambda: None)
    assert machine.clock() == NOON


def test_another_process_of_this_machine_goes_by_what_was_said() -> None:
    machine, child = Machine(), Machine()
    child.shows += 5 * HOUR
    machine.clock.follow(lambda: NOON - HOUR)
    child.pass_(30)
    child.clock.adopt(machine.clock.reading)
    assert child.clock() == NOON - HOUR + timedelta(seconds=30)
    child.clock.adopt(Machine().clock.reading)
    assert child.clock() == child.shows


def test_says_once_that_this_machine_is_off(caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine()
    with caplog.at_level(logging.WARNING):
        machine.clock.follow(lambda: NOON - HOUR)
        machine.clock.follow(lambda: NOON - HOUR)
    assert [record.getMessage() for record in caplog.records] == [
        "the clock of this machine is +3600 s from the store's, which counts"
    ]


def test_follows_a_real_server_within_its_answer(database: Database) -> None:
    clock = Clock(lambda: NOON)
    clock.follow(database.server_time)
    server = database.server_time()
    assert clock() == NOON if server is None else abs(clock() - server) < timedelta(seconds=5)
