"""The dispatcher hands renditions to channels and writes down what came of each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from builders import NOW, edition, rendition
from fixtures_ledger import freeze, states, subscribe

from distributor.channel import Carrier, Channel, Desk, Errands, Outcome, PersonalChannel
from distributor.delivery import rows as rows_of
from distributor.delivery.dispatch import Dispatcher
from distributor.delivery.ledger import Ledger
from distributor.delivery.report import Report
from distributor.errors import AuthBroken, DeliveryError, Rejected, Unavailable, Uncertain
from distributor.model import Delivery, DeliveryState, Edition, Receipt, Recipient, Rendition
from distributor.storage.database import Database

S = DeliveryState


@dataclass(frozen=True, kw_only=True)
class Wall(Channel):
    """Remembers what was pinned to it; answers what it is told to answer."""

    pinned: list[str] = field(default_factory=list)
    answers: list[Receipt | Exception] = field(default_factory=list)

    def compose(self, edition: Edition, desk: Desk) -> Sequence[Rendition]:
        raise AssertionError("dispatching composes nothing")

    async def deliver(self, rendition: Rendition) -> Receipt:
        self.pinned.append(rendition.part)
        answer = self.answers.pop(0) if self.answers else Receipt(remote_id=f"r-{rendition.part}")
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass(frozen=True, kw_only=True)
class LookingWall(Wall):
    there: dict[str, Receipt] = field(default_factory=dict)

    async def find(self, rendition: Rendition) -> Receipt | None:
        return self.there.get(rendition.part)


@dataclass(frozen=True, kw_only=True)
class RepeatableWall(Wall):
    repeatable = True


@dataclass(frozen=True, kw_only=True)
class Post(PersonalChannel):
    """Writes to people. `fates` are outcomes by recipient id; `before` runs before each one."""

    carried: list[str] = field(default_factory=list)
    fates: Mapping[str, Outcome] = field(default_factory=dict)
    break_after: int = 10**9
    broken_by: DeliveryError = field(default_factory=lambda: Unavailable("connection refused"))
    before: Callable[[str], None] = lambda _: None
    die_marked: bool = False

    def compose(self, edition: Edition, desk: Desk) -> Sequence[Rendition]:
        raise AssertionError("dispatching composes nothing")

    def personalise(self, rendition: Rendition, recipient: Recipient) -> bytes:
        return rendition.body

    async def deliver_to(self, rendition: Rendition, recipient: Recipient) -> Receipt:
        raise AssertionError("it has a carrier of its own")

    def carrier(self, among: int = 1) -> Carrier:
        return Postman(self)


@dataclass
class Postman:
    """Walks from door to door. `break_after` so many it breaks off, before or after the mark."""

    post: Post

    async def carry(self, errands: Errands) -> None:
        post, number = self.post, 0
        while errand := await errands.take():
            person = errand.recipient.id
            post.before(person)
            if number == post.break_after and not post.die_marked:
                errands.put_back(errand)
                raise post.broken_by
            fate = post.fates.get(person, Receipt(reply="250 ok"))
            if isinstance(fate, (Receipt, Uncertain)):
                if not await errands.mark(errand):
                    continue
                post.carried.append(person)
            if number == post.break_after:
                raise post.broken_by
            errands.answer(errand, fate)
            number += 1


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Bench:
    database: Database
    clock: Clock = field(default_factory=Clock)
    resend: bool = True
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, *channels: Channel, after: timedelta = timedelta()) -> Report:
        self.clock.now += after
        dispatcher = Dispatcher(
            ledger=Ledger(self.database),
            channels={channel.name: channel for channel in channels},
            address_book=_people,
            resend=lambda _: self.resend,
            clock=self.clock,
            stop=self.stop,
            chance=lambda: 0.5,
        )
        try:
            return await dispatcher.run()
        finally:
            dispatcher.close()

    def rows(self) -> dict[str, Delivery]:
        with self.database.read() as connection:
            return {row.recipient or row.part: row for row in rows_of.listing(connection)}


def _people(_edition: Edition, rows: Sequence[Delivery]) -> Mapping[str, Recipient]:
    return {row.recipient: Recipient(id=row.recipient, address=row.address) for row in rows}


@pytest.fixture
def desk(store: Database) -> Bench:
    return Bench(store)


def posts(desk: Bench, *parts: str) -> None:
    freeze(desk.database, edition(), [rendition("wall", part) for part in parts])


def letters(desk: Bench, count: int) -> None:
    subscribe(desk.database, count)
    freeze(desk.database, edition(), [rendition("mail", "digest")])


async def test_what_is_sent_is_written_down_and_never_sent_again(desk: Bench) -> None:
    posts(desk, "a1", "a2")
    wall = Wall(name="wall")
    report = await desk.run(wall)
    assert report.counts == {("wall", S.SENT): 2}
    assert (await desk.run(wall)).counts == {}
    assert sorted(wall.pinned) == ["a1", "a2"]
    assert desk.rows()["a1"].remote_id == "r-a1"


async def test_an_unavailable_network_is_tried_again_later_and_not_before(desk: Bench) -> None:
    posts(desk, "a1")
    wall = Wall(name="wall", answers=[Unavailable("503")])
    await desk.run(wall)
    assert desk.rows()["a1"].state is S.DEFERRED
    await desk.run(wall, after=timedelta(seconds=30))
    assert wall.pinned == ["a1"]
    await desk.run(wall, after=timedelta(seconds=31))
    assert desk.rows()["a1"].state is S.SENT
    assert desk.rows()["a1"].attempts == 2


async def test_a_named_time_is_waited_for(desk: Bench) -> None:
    posts(desk, "a1")
    wall = Wall(name="wall", answers=[Unavailable("429", retry_at=NOW + timedelta(hours=3))])
    await desk.run(wall)
    assert desk.rows()["a1"].due == NOW + timedelta(hours=3)


async def test_a_wait_beyond_the_editions_time_gives_up(desk: Bench) -> None:
    posts(desk, "a1")
    await desk.run(Wall(name="wall", answers=[Unavailable("429", retry_at=NOW + timedelta(days=2))]))
    row = desk.rows()["a1"]
    assert row.state is S.EXPIRED
    assert row.reply.endswith("last: 429")


async def test_a_rejected_post_is_not_repeated_and_its_siblings_go_on(desk: Bench) -> None:
    posts(desk, "a1", "a2")
    wall = Wall(name="wall", answers=[Rejected("422 too long")])
    await desk.run(wall)
    await desk.run(wall, after=timedelta(hours=2))
    assert states(desk.database) == {S.REJECTED: 1, S.SENT: 1}
    assert len(wall.pinned) == 2


async def test_broken_credentials_stop_the_channel_after_one_try_and_are_told_once(desk: Bench) -> None:
    posts(desk, "a1", "a2", "a3")
    wall = Wall(name="wall", answers=[AuthBroken("401")])
    report = await desk.run(wall)
    assert len(wall.pinned) == 1
    assert report.notes == ["channel wall is stopped: 401"]
    await desk.run(wall, after=timedelta(minutes=16))
    assert states(desk.database) == {S.SENT: 3}


async def test_a_dead_channel_does_not_keep_another_one_waiting(desk: Bench) -> None:
    freeze(desk.database, edition(), [rendition("dead", "a1"), rendition("wall", "a1")])
    wall = Wall(name="wall")
    await desk.run(Wall(name="dead", answers=[Unavailable("refused")]), wall)
    assert wall.pinned == ["a1"]


async def test_an_adapter_that_breaks_its_contract_leaves_its_row_in_doubt(desk: Bench) -> None:
    posts(desk, "a1", "a2")
    await desk.run(Wall(name="wall", answers=[ZeroDivisionError("bug")]))
    assert states(desk.database) == {S.UNCERTAIN: 1, S.SENT: 1}


class TestADoubtfulPost:
    async def test_waits_for_staff_where_nobody_can_look(self, desk: Bench) -> None:
        posts(desk, "a1")
        wall = Wall(name="wall", answers=[Uncertain("timeout")])
        await desk.run(wall)
        await desk.run(wall, after=timedelta(hours=1))
        assert wall.pinned == ["a1"]
        assert desk.rows()["a1"].state is S.UNCERTAIN

    async def test_is_looked_up_and_found(self, desk: Bench) -> None:
        await self.doubt(desk)
        wall = LookingWall(name="wall", there={"a1": Receipt(remote_id="77", url="https://m.example/77")})
        await desk.run(wall)
        assert wall.pinned == []
        assert (desk.rows()["a1"].state, desk.rows()["a1"].remote_id) == (S.SENT, "77")

    async def test_is_looked_up_not_found_and_sent(self, desk: Bench) -> None:
        await self.doubt(desk)
        wall = LookingWall(name="wall")
        await desk.run(wall)
        assert wall.pinned == ["a1"]
        assert desk.rows()["a1"].state is S.SENT

    async def test_is_sent_again_where_that_has_no_second_effect(self, desk: Bench) -> None:
        await self.doubt(desk)
        wall = RepeatableWall(name="wall")
        await desk.run(wall)
        assert wall.pinned == ["a1"]

    async def doubt(self, desk: Bench) -> None:
        """A worker dies after the mark."""
        posts(desk, "a1")
        dead = Ledger(desk.database, owner=f"{Ledger(desk.database).owner.split('/')[0]}/4194303/x")
        shard = dead.claim("wall", NOW)
        assert shard
        for row in dead.due(shard, NOW):
            dead.mark(shard, row, NOW)


class TestLetters:
    async def test_each_outcome_is_written_for_its_own_recipient(self, desk: Bench) -> None:
        letters(desk, 4)
        fates = {"s0001": Rejected("550 5.1.1 no such user"), "s0002": Unavailable("450 greylisted")}
        post = Post(name="mail", fates=fates)
        await desk.run(post)
        rows = desk.rows()
        assert [rows[f"s000{i}"].state for i in range(4)] == [S.SENT, S.REJECTED, S.DEFERRED, S.SENT]
        assert rows["s0001"].reply == "550 5.1.1 no such user"

    async def test_when_the_connection_fails_the_rest_stays_promised_and_goes_on_later(self, desk: Bench) -> None:
        letters(desk, 4)
        report = await desk.run(Post(name="mail", break_after=2))
        assert states(desk.database) == {S.SENT: 2, S.PENDING: 2}
        assert report.notes == ["channel mail: connection refused; tried again later"]
        post = Post(name="mail")
        await desk.run(post, after=timedelta(minutes=2))
        assert post.carried == ["s0002", "s0003"]

    async def test_whom_it_broke_off_after_the_mark_is_in_doubt_by_name(self, desk: Bench) -> None:
        letters(desk, 3)
        await desk.run(Post(name="mail", break_after=1, die_marked=True))
        assert {key: row.state for key, row in desk.rows().items()} == {
            "s0000": S.SENT, "s0001": S.UNCERTAIN, "s0002": S.PENDING,
        }  # fmt: skip

    @pytest.mark.parametrize(("resend", "carried"), [(True, ["s0001", "s0002"]), (False, ["s0002"])])
    async def test_a_doubtful_letter_is_sent_again_or_held_as_the_newsletter_says(
        self, desk: Bench, resend: bool, carried: list[str]
    ) -> None:
        letters(desk, 3)
        await desk.run(Post(name="mail", break_after=1, die_marked=True))
        desk.resend = resend
        post = Post(name="mail")
        await desk.run(post, after=timedelta(minutes=2))
        await desk.run(post, after=timedelta(minutes=2))
        assert sorted(post.carried) == carried

    async def test_a_stop_ends_after_the_letter_in_hand_and_loses_nobody(self, desk: Bench) -> None:
        letters(desk, 5)
        first = Post(name="mail", before=lambda id: desk.stop.set() if id == "s0001" else None)
        await desk.run(first)
        assert states(desk.database) == {S.SENT: 1, S.PENDING: 4}
        desk.stop = asyncio.Event()
        second = Post(name="mail")
        await desk.run(second)
        assert [*first.carried, *second.carried] == [f"s000{i}" for i in range(5)]

    async def test_refused_credentials_leave_every_letter_promised(self, desk: Bench) -> None:
        letters(desk, 2)
        report = await desk.run(Post(name="mail", break_after=0, broken_by=AuthBroken("535 bad password")))
        assert states(desk.database) == {S.PENDING: 2}
        assert report.notes == ["channel mail is stopped: 535 bad password"]


async def test_an_edition_is_closed_when_nothing_is_owed_any_more(desk: Bench) -> None:
    from distributor.editions import book

    posts(desk, "a1", "a2")
    await desk.run(Wall(name="wall", answers=[Unavailable("503")]))
    with desk.database.read() as connection:
        assert book.listing(connection)[0].done_at is None
    await desk.run(Wall(name="wall"), after=timedelta(hours=1))
    with desk.database.read() as connection:
        assert book.listing(connection)[0].done_at == NOW + timedelta(hours=1)
