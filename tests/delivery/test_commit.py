"""An edition on its way: paused, resumed, cancelled, refused, missed; workers beside each other."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from distributor.delivery.commit import GroupCommit
from distributor.delivery.ledger import CommitResult, Ledger, Shard
from distributor.errors import StoreError
from distributor.message_queue import MessageQueue
from distributor.model import Delivery, DeliveryState, Receipt
from distributor.storage.tables import subscriptions
from support.builders import NOW
from support.ledger import states
from support.scripted_channels import Bench, Clock, Post, letters, worker

S = DeliveryState


@dataclass
class SlowPostman:
    post: Post

    async def send_all(self, messages: MessageQueue) -> None:
        while message := await messages.take():
            if await messages.mark(message):
                self.post.carried.append(message.recipient.id)
                await asyncio.sleep(0.001)
                messages.answer(message, Receipt(reply="250 ok"))


# -- the store fails ---------------------------------------------------------------------------------------------------


async def test_outcomes_that_the_store_did_not_take_are_written_when_it_does_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk, a lock, a server that restarts: what is out is known in memory, and no second copy goes out."""
    monkeypatch.setattr("distributor.delivery.message_worker.FLUSH_TIMEOUT", 0.1)
    letters(bench, 4)
    post, clock = Post(name="mail"), Clock()
    one = worker(bench.database, post, clock)
    post_it, broken = one.ledger.post, False

    def failing(*args: object) -> object:
        if broken or len(post.carried) == 2:
            raise StoreError("store x: the disk is full")
        return post_it(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(one.ledger, "post", failing)
    with pytest.raises(StoreError, match="disk is full"):
        await one.run()
    assert len(post.carried) == 2
    monkeypatch.setattr(one.ledger, "post", post_it)
    clock.now += timedelta(seconds=61)
    await one.run()
    one.close()
    assert sorted(post.carried) == [f"s000{number}" for number in range(4)]
    assert states(bench.database) == {S.SENT: 4}


async def test_a_mark_asked_for_while_a_transaction_fails_is_answered_too(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its connection would wait for ever, and with it the whole run."""
    letters(bench, 2)
    ledger = Ledger(bench.database)
    shard = ledger.claim("mail", NOW)
    assert shard
    first, second = ledger.due(shard, NOW)
    commit, under_way, fails = GroupCommit(ledger, lambda: NOW), threading.Event(), threading.Event()

    def failing(*_: object) -> object:
        under_way.set()
        fails.wait(10)
        raise StoreError("store x: the server is gone")

    monkeypatch.setattr(ledger, "post", failing)
    early = asyncio.create_task(commit.mark(shard, first))
    await asyncio.to_thread(under_way.wait, 10)
    late = asyncio.create_task(commit.mark(shard, second))
    await asyncio.sleep(0.01)
    fails.set()
    async with asyncio.timeout(10):
        outcomes = await asyncio.gather(early, late, return_exceptions=True)
    commit.close()
    assert [type(outcome) for outcome in outcomes] == [StoreError, StoreError]


# -- marks that cross each other ---------------------------------------------------------------------------------------


async def test_a_refused_mark_takes_no_granted_one_along(bench: Bench) -> None:
    """One reader has left: while the round looks what else may not leave, the marks of others are on their way."""
    letters(bench, 40)
    with bench.database.write() as connection:
        gone = [f"s{number:04}" for number in range(0, 40, 4)]
        connection.execute(sa.delete(subscriptions).where(subscriptions.c.subscriber_id.in_(gone)))
    post = Crowd(name="mail")
    await bench.run(post)
    assert sorted(post.carried) == [f"s{number:04}" for number in range(40) if number % 4]
    assert states(bench.database) == {S.SENT: 30, S.SUPPRESSED: 10}


@dataclass(frozen=True, kw_only=True)
class Crowd(Post):
    """Ten hands at once."""

    def transport(self) -> CrowdOfPostmen:
        return CrowdOfPostmen(self)


@dataclass
class CrowdOfPostmen:
    post: Crowd

    async def send_all(self, messages: MessageQueue) -> None:
        await asyncio.gather(*(SlowPostman(self.post).send_all(messages) for _ in range(10)))


# -- groups ------------------------------------------------------------------------------------------------------------


async def test_marks_that_are_asked_for_at_the_same_time_go_together(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for the last of them, and nobody for others who do not come."""
    monkeypatch.setattr("distributor.delivery.commit._BATCH_WINDOW", 60.0)
    letters(bench, 5)
    ledger = Ledger(bench.database)
    shard = ledger.claim("mail", NOW)
    assert shard
    rows, sizes, post = ledger.due(shard, NOW), list[int](), ledger.post

    def counting(marks: Sequence[tuple[Shard, Delivery]], *others: Any) -> CommitResult:
        sizes.append(len(marks))
        return post(marks, *others)

    monkeypatch.setattr(ledger, "post", counting)
    commit = GroupCommit(ledger, lambda: NOW)
    commit._pace, commit._together = 5000.0, 4.0
    asked = [asyncio.create_task(commit.mark(shard, row)) for row in rows[:2]]
    await asyncio.sleep(0.01)
    assert sizes == []  # two of four: others are to come
    asked.append(asyncio.create_task(commit.mark(shard, rows[2])))
    assert await asyncio.gather(*asked) == [True] * 3
    assert sizes == [3]
    monkeypatch.setattr("distributor.delivery.commit._BATCH_WINDOW", 0.001)
    assert await commit.mark(shard, rows[3])
    commit.close()
    assert sizes == [3, 1]
