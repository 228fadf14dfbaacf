"""How events of providers are worked: in pieces, once, and what cannot be worked keeps no other waiting."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from distributor import pipeline
from distributor.bounces import provider_events, suppressions
from distributor.bounces.providers import severity
from distributor.bounces.providers.event import ProviderEvent
from distributor.delivery import queries
from distributor.errors import DamagedRow, StoreError
from distributor.model import BounceType
from distributor.newsroom import Newsroom
from distributor.pipeline import housekeeping
from distributor.pipeline import provider_events as working
from support import provider_requests as sent
from support.provider_requests import ProviderRequest
from support.worked_reports import LAN, PROVIDERS, Reports


def test_what_was_worked_or_set_aside_stays_when_others_come(reports: Reports) -> None:
    """A request that comes again is known by its key; what was set aside waits for staff."""
    for body in (b"{", reports.hard("mailgun").body):
        reports.store(ProviderRequest("mailgun", body))
        reports.work()
        reports.line.now += timedelta(minutes=5)
    assert [row.state for row in reports.rows()] == ["aside", "done"]
    reports.told(reports.hard("postmark"))
    assert [row.state for row in reports.rows()] == ["aside", "done", "done"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_nobody_can_read_is_set_aside_and_named(reports: Reports, provider: str) -> None:
    bodies = [b"", b"{", b"[1]", b"null", b"[" * 50_000]
    for body in bodies:
        reports.store(ProviderRequest(provider, body))
    done = reports.work()
    assert [(row.state, row.body) for row in reports.rows()] == [("aside", body) for body in bodies]
    assert [alarm.partition(":")[0] for alarm in done.alarms] == [provider] * 5
    assert reports.work() == pipeline.WorkedEvents(0, (), {}), "it is not tried again by itself"


def many(reports: Reports, count: int) -> ProviderRequest:
    """Bounces of three people, again and again."""
    now, people = reports.line.now, ("lan", "hoa", "minh")
    tokens = {name: reports.token(name) for name in people}
    names = [people[number % 3] for number in range(count)]
    return sent.sendgrid(*(sent.sendgrid_event(tokens[name], f"{name}@example.com", now) for name in names), now=now)


def test_a_large_request_lets_others_write_in_between(reports: Reports, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of events take seconds: nobody else could write meanwhile, and a one-click POST gives up."""
    monkeypatch.setattr(working, "_PIECE", 3)
    real, sizes = working._work_piece, []

    def piece(connection: sa.Connection, newsroom: Newsroom, event: Any, some: Any, now: datetime) -> tuple[str, ...]:
        sizes.append(len(some))
        return real(connection, newsroom, event, some, now)

    monkeypatch.setattr(working, "_work_piece", piece)
    assert reports.told(many(reports, 8)) == {"hard": 3, "known": 5}
    assert sizes == [3, 3, 2]
    assert [(row.state, row.note) for row in reports.rows()] == [("done", "3 hard, 5 known")]


def test_a_request_whose_work_ends_in_the_middle_is_worked_again_and_counts_once(
    reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "_PIECE", 2)
    real, calls = suppressions.record_bounces, 0

    def dies(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise StoreError("the machine is switched off")
        return real(*arguments)

    monkeypatch.setattr(suppressions, "record_bounces", dies)
    reports.store(many(reports, 6))
    with pytest.raises(StoreError):
        reports.work()
    assert len(reports.bounces()) == 2 and [row.state for row in reports.rows()] == ["waiting"]
    monkeypatch.undo()
    assert dict(reports.work().results or {}) == {"known": 5, "hard": 1}
    assert len(reports.bounces()) == 3


def test_no_event_is_left_out_without_a_word(reports: Reports, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("distributor.bounces.providers.event.MAX_EVENTS", 3)
    assert reports.told(many(reports, 3)) == {"hard": 3}
    reports.store(many(reports, 4))
    assert "more than 3 events" in reports.work().alarms[0]


def test_a_row_that_cannot_be_read_keeps_no_other_event_waiting(
    reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, damaged = queries.find_delivery, iter([DamagedRow("delivery 1 cannot be read")])

    def find(connection: sa.Connection, number: int) -> Any:
        for error in damaged:
            raise error
        return real(connection, number)

    monkeypatch.setattr(queries, "find_delivery", find)
    reports.store(reports.hard("mailgun"))
    reports.store(sent.mailgun(reports.token("hoa"), "hoa@example.com", reports.line.now))
    assert "delivery 1 cannot be read" in reports.work().alarms[0]
    assert [row.state for row in reports.rows()] == ["aside", "done"]


def test_one_event_that_upsets_us_keeps_no_other_waiting(reports: Reports, monkeypatch: pytest.MonkeyPatch) -> None:
    real = severity.bounce_type

    def upset(event: ProviderEvent, address: str) -> BounceType:
        if address == LAN:
            raise RuntimeError("nobody has foreseen this")
        return real(event, address)

    monkeypatch.setattr(working, "bounce_type", upset)
    reports.store(reports.hard("mailgun"))
    reports.store(sent.mailgun(reports.token("hoa"), "hoa@example.com", reports.line.now))
    done = reports.work()
    assert done.alarms and "nobody has foreseen this" in done.alarms[0]
    assert [row.state for row in reports.rows()] == ["aside", "done"]
    monkeypatch.undo()
    with reports.line.store.write() as connection:
        assert provider_events.retry_aside(connection) == 1
    reports.work()
    assert (reports.suppressed(), reports.suppressed("hoa")) == ("hard", "hard")


def test_test_mode_works_nothing(reports: Reports) -> None:
    reports.store(reports.hard("mailgun"))
    reports.line.configure(".test_mode: {to: thu@bacson.example}")
    assert reports.work() == pipeline.WorkedEvents()
    assert [row.state for row in reports.rows()] == ["waiting"]


def test_what_is_old_is_forgotten_and_what_waits_never(reports: Reports) -> None:
    reports.told(reports.hard("mailgun"))
    reports.told(ProviderRequest("mailgun", b"{}"))
    reports.store(reports.hard("postmark"))
    assert [row.state for row in reports.rows()] == ["done", "aside", "waiting"]
    reports.line.now += timedelta(days=31)
    housekeeping.keep_house(reports.line.newsroom, reports.line.store, reports.line.now)
    assert [row.state for row in reports.rows()] == ["waiting"]


def test_a_copy_of_the_store_works_nothing(reports: Reports, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise StoreError("a copy")

    monkeypatch.setattr(working, "check_may_send", refuse)
    reports.store(reports.hard("mailgun"))
    with pytest.raises(StoreError):
        reports.work()
    assert reports.suppressed() == ""
