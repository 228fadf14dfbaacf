"""An edition on its way: paused, resumed, cancelled, refused, missed; workers beside each other."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from distributor.delivery.ledger import Ledger
from distributor.delivery.retry import MOST_CRASHES, decide_uncertain
from distributor.editions import repository as edition_repository
from distributor.errors import Rejected, Unavailable
from distributor.message_queue import MessageQueue
from distributor.model import BounceType, DeliveryState, Receipt
from distributor.storage.database import Database
from distributor.storage.tables import bounces, suppressions
from support.builders import NOW, edition, rendition
from support.ledger import freeze, mark, settle, states, subscribe
from support.scripted_channels import Bench, Clock, Post, letters, worker

S = DeliveryState
ID = "tin-sang-1"


# -- refusals ----------------------------------------------------------------------------------------------------------


async def test_a_mailbox_that_does_not_exist_is_suppressed_at_once(bench: Bench) -> None:
    letters(bench, 2)
    refusal = Rejected("x", reply="550 5.1.1 no such user", recipient=True)
    await bench.run(Post(name="mail", fates={"s0001": refusal}))
    with bench.database.read() as connection:
        (row,) = connection.execute(sa.select(suppressions)).all()
        (bounce,) = connection.execute(sa.select(bounces)).all()
    assert (row.address_key, row.type) == ("s1@example.com", BounceType.HARD)
    assert (bounce.edition_id, bounce.status, bounce.via) == (ID, "5.1.1", "smtp")
    freeze(bench.database, edition(2), [rendition("mail", "digest", edition="tin-sang-2")])
    post = Post(name="mail")
    await bench.run(post)
    assert post.carried == ["s0000"]


async def test_a_refusal_of_the_content_is_never_the_readers_fault(bench: Bench) -> None:
    letters(bench, 1)
    await bench.run(Post(name="mail", fates={"s0000": Rejected("x", reply="550 spam")}))
    with bench.database.read() as connection:
        assert not connection.execute(sa.select(suppressions)).all()
        assert connection.execute(sa.select(bounces.c.type)).scalar() == BounceType.POLICY


async def test_an_edition_that_is_refused_by_policy_again_and_again_is_paused(bench: Bench) -> None:
    letters(bench, 60)
    no = Rejected("x", reply="550 5.7.26 unauthenticated", recipient=True)
    fates = {f"s00{number:02}": no for number in range(0, 60, 2)}
    post = Post(name="mail", fates=fates)
    report = await bench.run(post)
    assert states(bench.database)[S.PENDING] > 10, "the others wait for staff"
    assert "20 of 39 emails refused" in report.notes[0] and "editions resume" in report.notes[0]
    with bench.database.read() as connection:
        row = edition_repository.find_row(connection, ID)
        assert row and row.paused_at
        assert not connection.execute(sa.select(suppressions)).all()


async def test_letters_that_wait_for_us_pause_the_edition_too_and_nobody_is_given_up(bench: Bench) -> None:
    letters(bench, 60)
    no = Unavailable("x", reply="550 Sender verify failed", wait=timedelta(minutes=15), ours=True)
    report = await bench.run(Post(name="mail", fates={f"s00{number:02}": no for number in range(0, 60, 2)}))
    assert "20 of 39 emails refused" in report.notes[0] and "Sender verify failed" in report.notes[0]
    rows = bench.rows().values()
    waiting = [row for row in rows if row.state is S.DEFERRED]
    assert 20 <= len(waiting) < 30 and {row.attempts for row in waiting} == {0}
    assert all(row.due and NOW + timedelta(minutes=15) <= row.due <= NOW + timedelta(minutes=19) for row in waiting)
    with bench.database.read() as connection:
        assert not connection.execute(sa.select(bounces)).all()


async def test_a_letter_that_waits_for_us_is_tried_once_more_before_its_time_is_over(bench: Bench) -> None:
    """A quota comes back in an hour, the edition ends in half of one."""
    letters(bench, 1)
    spent = Unavailable("x", reply="550 5.4.5 Daily quota exceeded", wait=timedelta(hours=1), ours=True)
    await bench.run(Post(name="mail", fates={"s0000": spent}), after=timedelta(hours=23, minutes=30))
    post = Post(name="mail")
    await bench.run(post, after=timedelta(minutes=29, seconds=30))
    assert post.carried == ["s0000"]


@pytest.mark.slow
async def test_those_who_were_refused_come_after_those_who_were_never_tried(bench: Bench) -> None:
    """Else a few at the head of the list, refused again and again, would keep everybody waiting for ever."""
    letters(bench, 1100)  # three shards
    head = ["s0000", "s0001", "s0002"]
    wait = Unavailable("x", reply="550 no", wait=timedelta(minutes=15), ours=True)
    await bench.run(Post(name="mail", fates=dict.fromkeys(head, wait), break_after=10))
    again = Post(name="mail", break_after=490)
    await bench.run(again, after=timedelta(minutes=20))
    assert not {*head} & {*again.carried}, "the rest of their shard goes first"
    await bench.run(Post(name="mail", fates=dict.fromkeys(head, wait), break_after=3), after=timedelta(minutes=20))
    last = Post(name="mail")
    await bench.run(last, after=timedelta(minutes=20))
    assert last.carried[-3:] == head, "and so do the other shards"
    assert states(bench.database) == {S.SENT: 1100}


async def test_a_broken_connection_is_never_counted_against_the_reader(bench: Bench) -> None:
    letters(bench, 1)
    lost = Unavailable("421 closing", counted=False)
    for _ in range(5):
        await bench.run(Post(name="mail", fates={"s0000": lost}), after=timedelta(minutes=2))
    row = bench.rows()["s0000"]
    assert (row.state, row.attempts) == (S.DEFERRED, 0)
    assert row.due and row.due - bench.clock.now <= timedelta(minutes=2), "nor does the wait grow"


async def test_a_greylisted_letter_waits_as_long_as_such_servers_want(bench: Bench) -> None:
    letters(bench, 1)
    await bench.run(Post(name="mail", fates={"s0000": Unavailable("x", reply="451 4.7.1 Greylisting in action")}))
    assert bench.rows()["s0000"].due == NOW + timedelta(minutes=5)


async def test_a_letter_at_which_senders_die_again_and_again_is_set_aside(bench: Bench) -> None:
    letters(bench, 2)
    host = Ledger(bench.database).owner.split("/")[0]
    for number in range(MOST_CRASHES):
        dead = Ledger(bench.database, owner=f"{host}/4194303/{number}")
        shard = dead.claim("mail", bench.clock.now)
        assert shard
        row = next(row for row in dead.due(shard, bench.clock.now) if row.recipient == "s0000")
        if row.state is S.UNCERTAIN:
            decision = decide_uncertain(row, resend=True, now=bench.clock.now)
            settle(dead, shard, row, decision, bench.clock.now)
            row = replace(row, state=decision.state)
        assert mark(dead, shard, row, bench.clock.now)
    post = Post(name="mail")
    await bench.run(post)
    assert post.carried == ["s0001"]
    assert bench.rows()["s0000"].reply.endswith("3 times: set aside for staff")


# -- workers -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Slow(Post):
    """Lets the others have their turn while it carries."""

    def transport(self) -> SlowPostman:
        return SlowPostman(self)


@dataclass
class SlowPostman:
    post: Post

    async def send_all(self, messages: MessageQueue) -> None:
        while message := await messages.take():
            if await messages.mark(message):
                self.post.carried.append(message.recipient.id)
                await asyncio.sleep(0.001)
                messages.answer(message, Receipt(reply="250 ok"))


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 10])
async def test_many_workers_share_an_edition_and_nobody_gets_it_twice(store: Database, count: int) -> None:
    subscribe(store, 1100)
    freeze(store, edition(), [rendition("mail", "digest")])
    channels = [Slow(name="mail") for _ in range(count)]
    workers = [worker(store, channel, Clock()) for channel in channels]
    await asyncio.gather(*(one.run() for one in workers))
    for one in workers:
        one.close()
    carried = Counter(person for channel in channels for person in channel.carried)
    assert len(carried) == 1100 and set(carried.values()) == {1}
    assert sum(bool(channel.carried) for channel in channels) >= 2, "the work was shared"
    assert states(store) == {S.SENT: 1100}
