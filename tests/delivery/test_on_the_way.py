"""Emails that leave at the same moment as their recipient: those whose mark was quicker are found, however close it was."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from distributor.delivery import ledger, on_the_way
from distributor.delivery.ledger import Ledger, Shard
from distributor.delivery.retry import Decision
from distributor.model import Delivery, DeliveryState
from distributor.storage.database import Database
from distributor.storage.tables import subscriptions
from support.builders import NOW, edition, rendition
from support.ledger import freeze, mark, settle, states, subscribe

S = DeliveryState


def enqueued(store: Database) -> tuple[Ledger, Shard, list[Delivery]]:
    """An edition for three subscribers, in the hands of a worker."""
    subscribe(store, 3)
    freeze(store, edition(), [rendition("mail", "digest")])
    worker = Ledger(store)
    shard = worker.claim("mail", NOW)
    assert shard
    return worker, shard, list(worker.due(shard, NOW))


def leave(store: Database, who: str) -> dict[str, list[int]]:
    with store.write() as connection:
        connection.execute(sa.delete(subscriptions).where(subscriptions.c.subscriber_id == who))
    return on_the_way.find_marked(store, [who])


def test_what_is_marked_and_not_decided_is_found_and_nothing_else(store: Database) -> None:
    worker, shard, (first, second, third) = enqueued(store)
    assert on_the_way.find_marked(store, ["s0000", "s0001"]) == {}
    assert mark(worker, shard, first, NOW) and mark(worker, shard, second, NOW)
    settle(worker, shard, replace(second, state=S.SENDING), Decision(S.SENT), NOW)
    assert on_the_way.find_marked(store, ["s0001", "s0002"]) == {}
    assert leave(store, "s0000") == {"s0000": [first.id]}
    with store.read() as connection:
        assert on_the_way.is_any_marked(connection, [first.id, second.id])
        assert not on_the_way.is_any_marked(connection, [second.id, third.id])


def test_a_mark_that_has_seen_the_subscription_is_waited_for(store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """On PostgreSQL it may be written, and not committed, while the end of the subscription is committed."""
    worker, shard, (first, *_) = enqueued(store)
    written, go_on = threading.Event(), threading.Event()
    plain = ledger._mark

    def slow(connection: Connection, rows: Sequence[Delivery], now: datetime) -> frozenset[int]:
        allowed = plain(connection, rows, now)
        written.set()
        assert go_on.wait(20)
        return allowed

    monkeypatch.setattr(ledger, "_mark", slow)
    with ThreadPoolExecutor(2) as pool:
        marking: Future[bool] = pool.submit(mark, worker, shard, first, NOW)
        assert written.wait(20)
        leaving = pool.submit(leave, store, "s0000")
        with pytest.raises(TimeoutError):
            leaving.result(0.5)
        go_on.set()
        assert marking.result(20)
        assert leaving.result(20) == {"s0000": [first.id]}


def test_no_mark_follows_once_it_was_looked(store: Database) -> None:
    worker, shard, (first, *_) = enqueued(store)
    assert leave(store, "s0000") == {}
    assert not mark(worker, shard, first, NOW)
    assert states(store) == {S.SUPPRESSED: 1, S.PENDING: 2}
