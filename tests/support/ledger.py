"""A ledger with something in it: subscribers, a frozen edition, its rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pytest
import sqlalchemy as sa

from distributor.delivery.control import supersede_earlier_editions
from distributor.delivery.enqueue import enqueue_deliveries
from distributor.delivery.ledger import FenceLost, Ledger, Shard, entry
from distributor.delivery.retry import Decision
from distributor.editions import article_status
from distributor.editions import repository as edition_repository
from distributor.editions.segments import Preference
from distributor.model import Delivery, DeliveryState, Edition, Rendition
from distributor.storage.database import Database
from distributor.storage.tables import deliveries, subscribers, subscriptions
from distributor.subscribers.recipients import EditionRecipients, RecipientQuery
from support.builders import NOW

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
        edition_repository.save(connection, made, renditions, "test")
        readers = EditionRecipients(RecipientQuery(newsletter=made.newsletter, at=NOW), {Preference().key: "digest"})
        enqueue_deliveries(connection, made, renditions, readers, frozenset({"mail"}))
        supersede_earlier_editions(connection, made, latest_only, made.frozen_at)


@pytest.fixture
def store(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A store whose editions need no article rows."""
    monkeypatch.setattr(article_status, "record_decisions", lambda *_: None)
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
