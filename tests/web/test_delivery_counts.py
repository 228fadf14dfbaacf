"""How often the deliveries of an edition are counted."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import cast

import pytest

from distributor.delivery import queries
from distributor.delivery.monitoring import EditionStanding
from distributor.model import DeliveryState
from distributor.storage.database import Database
from distributor.web.delivery_counts import DeliveryCounts


class Ledger:
    """A ledger in which each count takes as long as it was told to. Its clock is `now`."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.now = 0.0
        self.counted: list[str] = []

    @contextlib.contextmanager
    def read(self) -> Iterator[Ledger]:
        yield self

    def count(self, _connection: object, edition: str) -> dict[str, dict[DeliveryState, int]]:
        self.now += self.seconds
        self.counted.append(edition)
        return {"mail": {DeliveryState.SENT: len(self.counted)}}


def standing(id: str, *, done: bool = False) -> EditionStanding:
    return EditionStanding(id, "tin-sang", "done" if done else "frozen", datetime(2026, 11, 23, tzinfo=UTC), done)


def counts_of(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Callable[..., DeliveryCounts]:
    monkeypatch.setattr(queries, "count_by_state", ledger.count)
    counts = DeliveryCounts(stopwatch=lambda: ledger.now)

    def refresh(*editions: EditionStanding) -> DeliveryCounts:
        counts.refresh(cast("Database", ledger), editions)
        return counts

    return refresh


def test_a_count_is_kept_for_ten_seconds_at_least(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger(0.01)
    refresh = counts_of(ledger, monkeypatch)
    assert refresh(standing("e")).of("e") == {"mail": {DeliveryState.SENT: 1}}
    ledger.now += 9
    assert refresh(standing("e")).of("e") == {"mail": {DeliveryState.SENT: 1}}
    ledger.now += 2
    assert refresh(standing("e")).of("e") == {"mail": {DeliveryState.SENT: 2}}


def test_a_slow_count_is_kept_for_fifty_times_as_long_as_it_took(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger(2)
    refresh = counts_of(ledger, monkeypatch)
    for _ in range(500):
        refresh(standing("e"))
        ledger.now += 1
    assert len(ledger.counted) == 5


def test_an_edition_that_is_done_is_counted_at_once_and_then_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger(0.01)
    refresh = counts_of(ledger, monkeypatch)
    refresh(standing("e"))
    refresh(standing("e", done=True))
    ledger.now += 500
    refresh(standing("e", done=True))
    assert len(ledger.counted) == 2


def test_what_is_no_longer_asked_for_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    refresh = counts_of(Ledger(0.01), monkeypatch)
    refresh(standing("e"))
    assert refresh(standing("f")).of("e") is None
