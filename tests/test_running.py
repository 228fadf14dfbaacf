"""An edition on its way: paused, resumed, cancelled, refused, missed; workers beside each other."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from builders import NOW, edition, rendition
from fixtures_ledger import freeze, mark, settle, states, subscribe
from fixtures_letters import Bench, Clock, Post, letters, worker

from distributor import pipeline
from distributor.delivery import control, suppression
from distributor.delivery.commit import GroupCommit
from distributor.delivery.ledger import Ledger
from distributor.delivery.retry import MOST_CRASHES, doubt
from distributor.delivery.rows import standing
from distributor.editions import book
from distributor.errand import Errands
from distributor.errors import Rejected, StoreError, Unavailable, UserError
from distributor.model import DeliveryState, Receipt, Suppression, Tier
from distributor.storage.database import Database
from distributor.storage.tables import bounces, deliveries, subscriptions, suppressions
from distributor.workers import ClockWatch

S = DeliveryState
ID = "tin-sang-1"


# -- staff -------------------------------------------------------------------------------------------------------------


async def test_a_paused_edition_sends_nothing_more_until_it_is_resumed(bench: Bench) -> None:
    """While a run has its letters in hand, and after it."""
    letters(bench, 5)

    def pause_at_the_third(person: str) -> None:
        if person == "s0002":
            pipeline.pause(bench.database, ID, "lan", NOW, "sai tít")

    first = Post(name="mail", before=pause_at_the_third)
    await bench.run(first)
    assert first.carried == ["s0000", "s0001"]
    assert states(bench.database) == {S.SENT: 2, S.PENDING: 3}
    await bench.run(first, after=timedelta(hours=1))
    assert len(first.carried) == 2
    pipeline.resume(bench.database, ID, "lan", bench.clock.now)
    second = Post(name="mail")
    await bench.run(second)
    assert second.carried == ["s0002", "s0003", "s0004"]
    with bench.database.read() as connection:
        assert [event.event for event in book.events(connection, ID)][-2:] == ["paused", "resumed"]


async def test_a_pause_takes_nothing_of_an_editions_time(bench: Bench) -> None:
    letters(bench, 1)
    pipeline.pause(bench.database, ID, "lan", NOW, "")
    pipeline.resume(bench.database, ID, "lan", NOW + timedelta(days=3))
    post = Post(name="mail")
    await bench.run(post, after=timedelta(days=3, hours=23))
    assert post.carried == ["s0000"]


async def test_an_edition_cancelled_in_the_middle_sends_nothing_more(bench: Bench) -> None:
    letters(bench, 5)

    def cancel_at_the_third(person: str) -> None:
        if person == "s0002":
            pipeline.cancel(bench.database, ID, "lan", NOW, "")

    post = Post(name="mail", before=cancel_at_the_third)
    await bench.run(post)
    assert post.carried == ["s0000", "s0001"]
    assert states(bench.database) == {S.SENT: 2, S.EXPIRED: 3}


@pytest.mark.parametrize("verb", ["pause", "resume", "resend"])
def test_what_is_not_on_its_way_cannot_be_paused_resumed_or_sent_again(bench: Bench, verb: str) -> None:
    acts: dict[str, Callable[[str], object]] = {
        "pause": lambda id: pipeline.pause(bench.database, id, "lan", NOW, ""),
        "resume": lambda id: pipeline.resume(bench.database, id, "lan", NOW),
        "resend": lambda id: pipeline.resend_missed(bench.database, id, "lan", NOW),
    }
    with pytest.raises(UserError, match="there is no edition 'x'"):
        acts[verb]("x")
    letters(bench, 1)
    if verb == "pause":
        acts[verb](ID)
        with pytest.raises(UserError, match="paused already"):
            acts[verb](ID)
    elif verb == "resume":
        with pytest.raises(UserError, match="is not paused"):
            acts[verb](ID)
    else:
        pipeline.cancel(bench.database, ID, "lan", NOW, "")
        with pytest.raises(UserError, match="cancelled"):
            acts[verb](ID)


async def test_the_missed_get_it_again_and_nobody_else(bench: Bench) -> None:
    letters(bench, 4)
    fates = {
        "s0001": Rejected("554 5.7.1 no", reply="554 5.7.1 no"),
        "s0002": Unavailable("450", reply="450 4.2.0 later"),
    }
    await bench.run(Post(name="mail", fates=fates))
    await bench.run(Post(name="mail"), after=timedelta(days=2))
    assert states(bench.database) == {S.SENT: 2, S.REJECTED: 1, S.EXPIRED: 1}
    now = bench.clock.now
    assert pipeline.resend_missed(bench.database, ID, "lan", now, dry_run=True) == 2
    assert states(bench.database)[S.SENT] == 2
    assert pipeline.resend_missed(bench.database, ID, "lan", now) == 2
    again = Post(name="mail")
    await bench.run(again)
    assert sorted(again.carried) == ["s0001", "s0002"]
    assert states(bench.database) == {S.SENT: 4}
    assert pipeline.resend_missed(bench.database, ID, "lan", now) == 0


async def test_who_has_left_or_is_suppressed_is_not_counted_among_the_missed(bench: Bench) -> None:
    """A letter that is never sent must not be promised, nor told as such."""
    letters(bench, 4)
    no = Rejected("554 5.7.1 no", reply="554 5.7.1 no")
    await bench.run(Post(name="mail", fates={"s0001": no, "s0002": no, "s0003": no}))
    with bench.database.write() as connection:
        connection.execute(sa.delete(subscriptions).where(subscriptions.c.subscriber_id == "s0001"))
        key = connection.execute(sa.select(deliveries.c.address).where(deliveries.c.recipient == "s0002")).scalar_one()
        suppression.suppress(connection, Suppression(address=key, type=Tier.HARD, reason="550", since=NOW))
    now = bench.clock.now
    assert pipeline.resend_missed(bench.database, ID, "lan", now, dry_run=True) == 1
    assert pipeline.resend_missed(bench.database, ID, "lan", now) == 1
    assert states(bench.database) == {S.SENT: 1, S.REJECTED: 2, S.PENDING: 1}
    with bench.database.read() as connection:
        assert control.unwanted(connection, ID, control.MISSED) == 2


async def test_what_a_newer_edition_carries_is_not_sent_again(bench: Bench) -> None:
    letters(bench, 1)
    with bench.database.write() as connection:
        connection.execute(
            sa.update(deliveries).values(state=S.EXPIRED, reply="overtaken by tin-sang-2, which carries it")
        )
        assert control.missed(connection, ID, control.MISSED) == 0


async def test_how_far_an_edition_has_come(bench: Bench) -> None:
    letters(bench, 4)
    fates = {
        "s0001": Rejected("x", reply="550 5.1.1 nobody"),
        "s0002": Unavailable("x", reply="450 4.2.1 greylisted, come back in five minutes please and thank you"),
    }
    await bench.run(Post(name="mail", fates=fates))
    with bench.database.read() as connection:
        now = standing(connection, ID)
    assert (now.total, now.closed, now.open) == (4, 3, 1)
    assert now.states == {S.SENT: 2, S.DEFERRED: 1, S.REJECTED: 1}
    assert dict(now.replies) == {
        "250 ok": 2, "550 5.1.1 nobody": 1, "450 4.2.1 greylisted, come back in five": 1,
    }  # fmt: skip


# -- refusals ----------------------------------------------------------------------------------------------------------


async def test_a_mailbox_that_does_not_exist_is_suppressed_at_once(bench: Bench) -> None:
    letters(bench, 2)
    refusal = Rejected("x", reply="550 5.1.1 no such user", recipient=True)
    await bench.run(Post(name="mail", fates={"s0001": refusal}))
    with bench.database.read() as connection:
        (row,) = connection.execute(sa.select(suppressions)).all()
        (bounce,) = connection.execute(sa.select(bounces)).all()
    assert (row.address_key, row.type) == ("s1@example.com", Tier.HARD)
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
        assert connection.execute(sa.select(bounces.c.type)).scalar() == Tier.POLICY


async def test_an_edition_that_is_refused_by_policy_again_and_again_is_paused(bench: Bench) -> None:
    letters(bench, 60)
    no = Rejected("x", reply="550 5.7.26 unauthenticated", recipient=True)
    fates = {f"s00{number:02}": no for number in range(0, 60, 2)}
    post = Post(name="mail", fates=fates)
    report = await bench.run(post)
    assert states(bench.database)[S.PENDING] > 10, "the others wait for staff"
    assert "20 of 39 letters refused" in report.notes[0] and "editions resume" in report.notes[0]
    with bench.database.read() as connection:
        row = book.row(connection, ID)
        assert row and row.paused_at
        assert not connection.execute(sa.select(suppressions)).all()


async def test_letters_that_wait_for_us_pause_the_edition_too_and_nobody_is_given_up(bench: Bench) -> None:
    letters(bench, 60)
    no = Unavailable("x", reply="550 Sender verify failed", wait=timedelta(minutes=15), ours=True)
    report = await bench.run(Post(name="mail", fates={f"s00{number:02}": no for number in range(0, 60, 2)}))
    assert "20 of 39 letters refused" in report.notes[0] and "Sender verify failed" in report.notes[0]
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
            decision = doubt(row, resend=True, now=bench.clock.now)
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

    def carrier(self, among: int = 1) -> SlowPostman:
        return SlowPostman(self)


@dataclass
class SlowPostman:
    post: Post

    async def carry(self, errands: Errands) -> None:
        while errand := await errands.take():
            if await errands.mark(errand):
                self.post.carried.append(errand.recipient.id)
                await asyncio.sleep(0.001)
                errands.answer(errand, Receipt(reply="250 ok"))


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


@dataclass(frozen=True, kw_only=True)
class Sleeper(Post):
    """Falls asleep with the second letter in hand, after its mark."""

    asleep: asyncio.Event = field(default_factory=asyncio.Event)
    awake: asyncio.Event = field(default_factory=asyncio.Event)

    def carrier(self, among: int = 1) -> SleepingPostman:
        return SleepingPostman(self)


@dataclass
class SleepingPostman:
    post: Sleeper

    async def carry(self, errands: Errands) -> None:
        number = 0
        while errand := await errands.take():
            if await errands.mark(errand):
                self.post.carried.append(errand.recipient.id)
                if number == 1:
                    self.post.asleep.set()
                    await self.post.awake.wait()
                errands.answer(errand, Receipt(reply="250 ok"))
                number += 1


async def test_a_worker_that_slept_past_its_lease_can_write_and_send_nothing_more(store: Database) -> None:
    """Stopped with a letter in hand, it comes back when another one has taken over."""
    subscribe(store, 4)
    freeze(store, edition(), [rendition("mail", "digest")])
    clock, sleeper, other = Clock(), Sleeper(name="mail"), Post(name="mail")
    first = worker(store, sleeper, clock)
    running = asyncio.create_task(first.run())
    await sleeper.asleep.wait()
    clock.now += timedelta(seconds=61)
    second = worker(store, other, clock)
    await second.run()
    sleeper.awake.set()
    await running
    for one in (first, second):
        one.close()
    assert sleeper.carried == ["s0000", "s0001"], "no mark was given to the one who came late"
    assert sorted(other.carried) == ["s0001", "s0002", "s0003"], "the letter in doubt, and the rest"
    assert states(store) == {S.SENT: 4}


# -- the store fails ---------------------------------------------------------------------------------------------------


async def test_outcomes_that_the_store_did_not_take_are_written_when_it_does_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk, a lock, a server that restarts: what is out is known in memory, and no second copy goes out."""
    monkeypatch.setattr("distributor.delivery.round.PATIENCE", 0.1)
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


# -- the clock ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jump", [timedelta(days=1), timedelta(days=-1)])
def test_a_clock_that_was_set_by_a_day_is_not_believed_at_once(jump: timedelta) -> None:
    clock, passed = Clock(), 0.0
    watch = ClockWatch(clock, lambda: passed)
    assert watch.jumped() == timedelta()
    clock.now += jump
    assert watch.jumped() == jump
    clock.now, passed = clock.now + timedelta(minutes=1), passed + 60
    assert watch.jumped() == jump
    clock.now, passed = NOW + timedelta(minutes=2), passed + 60
    assert watch.jumped() == timedelta(), "set right again"
    clock.now += jump
    assert watch.jumped() == jump
    clock.now, passed = clock.now + timedelta(minutes=15), passed + 900
    assert watch.jumped() == timedelta(), "it stands to its new time"


def test_a_clock_that_is_set_right_by_seconds_is_believed() -> None:
    clock, passed = Clock(), 0.0
    watch = ClockWatch(clock, lambda: passed)
    for _ in range(100):
        clock.now, passed = clock.now + timedelta(seconds=70), passed + 60
        assert watch.jumped() == timedelta()


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

    def carrier(self, among: int = 1) -> CrowdOfPostmen:
        return CrowdOfPostmen(self)


@dataclass
class CrowdOfPostmen:
    post: Crowd

    async def carry(self, errands: Errands) -> None:
        await asyncio.gather(*(SlowPostman(self.post).carry(errands) for _ in range(10)))
