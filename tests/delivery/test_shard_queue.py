"""Where a worker gets its next shard: what tasks ask for is taken in their order, and each task ends with its shard."""

from __future__ import annotations

import asyncio

import pytest

from distributor.delivery import shard_queue
from distributor.delivery.ledger import SHARD_SIZE, Ledger
from distributor.delivery.shard_queue import AskedShards
from distributor.storage.database import Database
from support.builders import NOW, edition, rendition
from support.ledger import freeze, subscribe

EDITION = "tin-sang-1"


@pytest.fixture
def asked(store: Database) -> AskedShards:
    """Nothing is asked for yet; there are three shards."""
    subscribe(store, 2 * SHARD_SIZE + 1)
    freeze(store, edition(), [rendition("mail", "digest", edition=EDITION)])
    return AskedShards(Ledger(store), "mail")


async def let_go_of_nothing() -> None:
    return


async def test_shards_are_taken_in_the_order_in_which_they_were_asked_for(asked: AskedShards) -> None:
    asked.ask(EDITION, 2)
    asked.ask(EDITION, 0)
    asked.ask(EDITION, 1, urgent=True)
    taken = [await asyncio.to_thread(asked.claim, NOW) for _ in range(4)]
    assert [one.number if one else None for one in taken] == [1, 2, 0, None]


async def test_a_task_ends_when_its_shard_was_let_go_of(asked: AskedShards) -> None:
    end = asked.ask(EDITION, 0)
    shard = await asyncio.to_thread(asked.claim, NOW)
    assert shard
    await asyncio.sleep(0)
    assert not end.done()
    asked.released([shard])
    await asyncio.wait_for(end, 1)


async def test_a_task_for_what_others_work_on_ends_at_once(asked: AskedShards) -> None:
    """Two tasks for one shard, on two hosts: the second changes nothing."""
    assert await asyncio.to_thread(Ledger(asked.ledger.database).claim, "mail", NOW)
    end = asked.ask(EDITION, 0)
    assert await asyncio.to_thread(asked.claim, NOW) is None
    await asyncio.wait_for(end, 1)


async def test_two_tasks_for_one_shard_in_one_process_end_together(asked: AskedShards) -> None:
    first, second = asked.ask(EDITION, 0), asked.ask(EDITION, 0)
    shard = await asyncio.to_thread(asked.claim, NOW)
    assert shard
    assert await asyncio.to_thread(asked.claim, NOW) is None
    asked.released([shard])
    await asyncio.wait_for(asyncio.gather(first, second), 1)


@pytest.mark.parametrize("number", [0, 99], ids=["of another edition", "that is none"])
async def test_a_task_for_nothing_ends_at_once(asked: AskedShards, number: int) -> None:
    end = asked.ask("gone", number)
    assert await asyncio.to_thread(asked.claim, NOW) is None
    await asyncio.wait_for(end, 1)


async def test_a_round_waits_a_moment_for_the_next_task(asked: AskedShards) -> None:
    """Its connections stay open from shard to shard."""
    waiting = asyncio.create_task(asked.wait(let_go_of_nothing))
    await asyncio.sleep(0)
    asked.ask(EDITION, 0)
    await asyncio.wait_for(waiting, 0.3)
    assert asked.has_more()


async def test_a_round_lets_go_before_it_waits_as_the_next_task_may_come_only_then(asked: AskedShards) -> None:
    async def let_go() -> None:
        asked.ask(EDITION, 1)

    await asyncio.wait_for(asked.wait(let_go), 0.3)
    assert asked.has_more()


async def test_a_round_does_not_wait_for_long(asked: AskedShards, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shard_queue, "_PATIENCE", 0.01)
    await asyncio.wait_for(asked.wait(let_go_of_nothing), 1)
    assert not asked.has_more()


async def test_all_tasks_end_when_nothing_can_be_carried(asked: AskedShards) -> None:
    ends = [asked.ask(EDITION, number) for number in range(3)]
    assert await asyncio.to_thread(asked.claim, NOW)
    asked.drop()
    await asyncio.wait_for(asyncio.gather(*ends), 1)
    assert not asked.has_more()
