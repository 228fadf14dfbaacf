"""The dispatcher hands renditions to channels and writes down what came of each."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import pytest

from distributor.delivery.ledger import Ledger
from distributor.errors import AuthBroken, Rejected, Unavailable, Uncertain
from distributor.message_queue import MessageQueue
from distributor.model import DeliveryState, Receipt
from support.builders import NOW, edition, rendition
from support.ledger import freeze, mark, states
from support.scripted_channels import Bench, LookingWall, Post, RepeatableWall, Wall, letters, posts

S = DeliveryState


async def test_what_is_sent_is_written_down_and_never_sent_again(bench: Bench) -> None:
    posts(bench, "a1", "a2")
    wall = Wall(name="wall")
    report = await bench.run(wall)
    assert report.counts == {("wall", S.SENT): 2}
    assert (await bench.run(wall)).counts == {}
    assert sorted(wall.pinned) == ["a1", "a2"]
    assert bench.rows()["a1"].remote_id == "r-a1"


async def test_an_unavailable_network_is_tried_again_later_and_not_before(bench: Bench) -> None:
    posts(bench, "a1")
    wall = Wall(name="wall", answers=[Unavailable("503")])
    await bench.run(wall)
    assert bench.rows()["a1"].state is S.DEFERRED
    await bench.run(wall, after=timedelta(seconds=30))
    assert wall.pinned == ["a1"]
    await bench.run(wall, after=timedelta(seconds=31))
    assert bench.rows()["a1"].state is S.SENT
    assert bench.rows()["a1"].attempts == 2


async def test_a_named_time_is_waited_for(bench: Bench) -> None:
    posts(bench, "a1")
    wall = Wall(name="wall", answers=[Unavailable("429", retry_at=NOW + timedelta(hours=3))])
    await bench.run(wall)
    assert bench.rows()["a1"].due == NOW + timedelta(hours=3)


async def test_a_wait_beyond_the_editions_time_gives_up(bench: Bench) -> None:
    posts(bench, "a1")
    await bench.run(Wall(name="wall", answers=[Unavailable("429", retry_at=NOW + timedelta(days=2))]))
    row = bench.rows()["a1"]
    assert row.state is S.EXPIRED
    assert row.reply.endswith("last: 429")


async def test_a_rejected_post_is_not_repeated_and_its_siblings_go_on(bench: Bench) -> None:
    posts(bench, "a1", "a2")
    wall = Wall(name="wall", answers=[Rejected("422 too long")])
    await bench.run(wall)
    await bench.run(wall, after=timedelta(hours=2))
    assert states(bench.database) == {S.REJECTED: 1, S.SENT: 1}
    assert len(wall.pinned) == 2


async def test_broken_credentials_stop_the_channel_after_one_try_and_are_told_once(bench: Bench) -> None:
    posts(bench, "a1", "a2", "a3")
    wall = Wall(name="wall", answers=[AuthBroken("401")])
    report = await bench.run(wall)
    assert len(wall.pinned) == 1
    assert report.notes == ["channel wall is stopped: 401"]
    await bench.run(wall, after=timedelta(minutes=16))
    assert states(bench.database) == {S.SENT: 3}


async def test_what_staff_must_mend_names_the_keys_and_is_told_once_until_it_is_mended(bench: Bench) -> None:
    """A service asks again every quarter of an hour; staff hear of it once, and again when it comes back."""
    letters(bench, 3)
    refusal = AuthBroken("mx:25 answered 550 Sender verify failed to RCPT", keys=("return_path", "sender"))
    mending: list[AuthBroken | None] = [refusal, refusal, None, refusal]

    @dataclass
    class Postal:
        async def send_all(self, messages: MessageQueue) -> None:
            fault = mending.pop(0)
            message = await messages.take()
            assert message
            if fault:
                messages.requeue(message)
                raise fault
            assert await messages.mark(message)
            messages.answer(message, Receipt(reply="250 ok"))

    dispatcher = bench.dispatcher(Post(name="mail"))
    dispatcher.transports["mail"] = Postal()
    told = []
    for _ in range(4):
        told.append((await dispatcher.run()).notes)
        bench.clock.now += timedelta(minutes=16)
    dispatcher.close()
    (note,) = told[0]
    assert "Sender verify failed" in note
    assert "config.yaml see channels.mail.return_path or channels.mail.sender" in note
    assert told[1:] == [[], [], [note]]


async def test_a_channel_waits_as_long_as_a_quota_takes(bench: Bench) -> None:
    letters(bench, 2)
    spent = Unavailable("550 5.4.5 Daily quota exceeded", keys=("rates",), wait=timedelta(hours=1), ours=True)
    post = Post(name="mail", break_after=0, broken_by=spent)
    dispatcher = bench.dispatcher(post)
    (note,) = (await dispatcher.run()).notes
    assert "Daily quota exceeded" in note and "channels.mail.rates" in note
    bench.clock.now += timedelta(minutes=59)
    assert dispatcher.health.backing_off["mail"] == NOW + timedelta(hours=1)
    await dispatcher.run()
    assert states(bench.database) == {S.PENDING: 2}
    dispatcher.close()


async def test_a_dead_channel_does_not_keep_another_one_waiting(bench: Bench) -> None:
    freeze(bench.database, edition(), [rendition("dead", "a1"), rendition("wall", "a1")])
    wall = Wall(name="wall")
    await bench.run(Wall(name="dead", answers=[Unavailable("refused")]), wall)
    assert wall.pinned == ["a1"]


async def test_an_adapter_that_breaks_its_contract_leaves_its_row_in_doubt(bench: Bench) -> None:
    posts(bench, "a1", "a2")
    wall = Wall(name="wall", answers=[ZeroDivisionError("bug")])
    for _ in range(3):
        await bench.run(wall, after=timedelta(minutes=2))
    assert wall.pinned == ["a1", "a2"]
    assert states(bench.database) == {S.UNCERTAIN: 1, S.SENT: 1}


class TestADoubtfulPost:
    async def test_waits_for_staff_where_nobody_can_look(self, bench: Bench) -> None:
        posts(bench, "a1")
        wall = Wall(name="wall", answers=[Uncertain("timeout")])
        await bench.run(wall)
        await bench.run(wall, after=timedelta(hours=1))
        assert wall.pinned == ["a1"]
        assert bench.rows()["a1"].state is S.UNCERTAIN

    async def test_is_looked_up_and_found(self, bench: Bench) -> None:
        await self.doubt(bench)
        wall = LookingWall(name="wall", available={"a1": Receipt(remote_id="77", url="https://m.example/77")})
        await bench.run(wall)
        assert wall.pinned == []
        assert (bench.rows()["a1"].state, bench.rows()["a1"].remote_id) == (S.SENT, "77")

    async def test_is_looked_up_not_found_and_sent(self, bench: Bench) -> None:
        await self.doubt(bench)
        wall = LookingWall(name="wall")
        await bench.run(wall)
        assert wall.pinned == ["a1"]
        assert bench.rows()["a1"].state is S.SENT

    async def test_is_sent_again_where_that_has_no_second_effect(self, bench: Bench) -> None:
        await self.doubt(bench)
        wall = RepeatableWall(name="wall")
        await bench.run(wall)
        assert wall.pinned == ["a1"]

    async def doubt(self, bench: Bench) -> None:
        """A worker dies after the mark."""
        posts(bench, "a1")
        dead = Ledger(bench.database, owner=f"{Ledger(bench.database).owner.split('/')[0]}/4194303/x")
        shard = dead.claim("wall", NOW)
        assert shard
        for row in dead.due(shard, NOW):
            mark(dead, shard, row, NOW)


class TestLetters:
    async def test_each_outcome_is_written_for_its_own_recipient(self, bench: Bench) -> None:
        letters(bench, 4)
        fates = {"s0001": Rejected("550 5.1.1 no such user"), "s0002": Unavailable("450 greylisted")}
        post = Post(name="mail", fates=fates)
        await bench.run(post)
        rows = bench.rows()
        assert [rows[f"s000{i}"].state for i in range(4)] == [S.SENT, S.REJECTED, S.DEFERRED, S.SENT]
        assert rows["s0001"].reply == "550 5.1.1 no such user"

    async def test_when_the_connection_fails_the_rest_stays_promised_and_goes_on_later(self, bench: Bench) -> None:
        letters(bench, 4)
        report = await bench.run(Post(name="mail", break_after=2))
        assert states(bench.database) == {S.SENT: 2, S.PENDING: 2}
        assert report.notes == ["channel mail: connection refused; tried again later"]
        post = Post(name="mail")
        await bench.run(post, after=timedelta(minutes=2))
        assert post.carried == ["s0002", "s0003"]

    async def test_whom_it_broke_off_after_the_mark_is_in_doubt_by_name(self, bench: Bench) -> None:
        letters(bench, 3)
        await bench.run(Post(name="mail", break_after=1, die_marked=True))
        assert {key: row.state for key, row in bench.rows().items()} == {
            "s0000": S.SENT, "s0001": S.UNCERTAIN, "s0002": S.PENDING,
        }  # fmt: skip

    @pytest.mark.parametrize(("resend", "carried"), [(True, ["s0001", "s0002"]), (False, ["s0002"])])
    async def test_a_doubtful_letter_is_sent_again_or_held_as_the_newsletter_says(
        self, bench: Bench, resend: bool, carried: list[str]
    ) -> None:
        letters(bench, 3)
        await bench.run(Post(name="mail", break_after=1, die_marked=True))
        bench.resend = resend
        post = Post(name="mail")
        await bench.run(post, after=timedelta(minutes=2))
        await bench.run(post, after=timedelta(minutes=2))
        assert sorted(post.carried) == carried

    async def test_a_stop_ends_after_the_letter_in_hand_and_loses_nobody(self, bench: Bench) -> None:
        letters(bench, 5)
        first = Post(name="mail", before=lambda id: bench.stop.set() if id == "s0001" else None)
        await bench.run(first)
        assert states(bench.database) == {S.SENT: 1, S.PENDING: 4}
        bench.stop = asyncio.Event()
        second = Post(name="mail")
        await bench.run(second)
        assert [*first.carried, *second.carried] == [f"s000{i}" for i in range(5)]

    async def test_refused_credentials_leave_every_letter_promised(self, bench: Bench) -> None:
        letters(bench, 2)
        report = await bench.run(Post(name="mail", break_after=0, broken_by=AuthBroken("535 bad password")))
        assert states(bench.database) == {S.PENDING: 2}
        assert report.notes == ["channel mail is stopped: 535 bad password"]


async def test_an_edition_is_closed_when_nothing_is_owed_any_more(bench: Bench) -> None:
    from distributor.editions import repository as edition_repository

    posts(bench, "a1", "a2")
    await bench.run(Wall(name="wall", answers=[Unavailable("503")]))
    with bench.database.read() as connection:
        assert edition_repository.list_editions(connection)[0].done_at is None
    await bench.run(Wall(name="wall"), after=timedelta(hours=1))
    with bench.database.read() as connection:
        assert edition_repository.list_editions(connection)[0].done_at == NOW + timedelta(hours=1)
