"""A ledger with something in it: subscribers, a frozen edition, its rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pytest
import sqlalchemy as sa
from builders import NOW

from distributor.delivery.audience import Order, Readers
from distributor.delivery.ledger import FenceLost, Ledger, Shard, entry
from distributor.delivery.promise import overtake, promise
from distributor.delivery.retry import Decision
from distributor.editions import book, items
from distributor.editions.cohorts import Taste
from distributor.model import Delivery, DeliveryState, Edition, Rendition
from distributor.storage.database import Database
from distributor.storage.tables import deliveries, subscribers, subscriptions

S = DeliveryState


def subscribe(database: Database, count: int) -> None:
    with database.write() as connection:
        people = [
            {
                "id": f"s{number:04}", "address": f"s{number}@example.com", "address_key": f"s{number}@example.com",
                "name": "", "language": "vi", "topics": [], "consent": "", "created": NOW,
            }
            for number in range(count)
        ]  # fmt: skip
        connection.execute(sa.insert(subscribers), people)
        lists = [{"subscriber_id": person["id"], "newsletter": "tin-sang", "since": NOW} for person in people]
        connection.execute(sa.insert(subscriptions), lists)


def freeze(
    database: Database, made: Edition, renditions: Sequence[Rendition], latest_only: frozenset[str] = frozenset()
) -> None:
    with database.write() as connection:
        book.keep(connection, made, renditions, "test")
        readers = Readers(Order(newsletter=made.newsletter), {Taste().key: "digest"})
        promise(connection, made, renditions, readers, frozenset({"mail"}))
        overtake(connection, made, latest_only, made.frozen_at)


@pytest.fixture
def store(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A store whose editions need no article rows."""
    monkeypatch.setattr(items, "note", lambda *_: None)
    return database


def mark(worker: Ledger, shard: Shard, row: Delivery, now: datetime) -> bool:
    """Commit that one row may leave; whether it may. Raises FenceLost."""
    posted = worker.post([(shard, row)], [], now)
    if posted.lost:
        raise FenceLost
    return row.id in posted.allowed


def settle(worker: Ledger, shard: Shard, row: Delivery, decision: Decision, now: datetime) -> None:
    """Write one outcome down. Raises FenceLost."""
    if worker.post([], [entry(shard, row, decision)], now).lost:
        raise FenceLost


def states(database: Database) -> dict[S, int]:
    with database.read() as connection:
        query = sa.select(deliveries.c.state, sa.func.count()).group_by(deliveries.c.state)
        return {S(state): number for state, number in connection.execute(query)}
