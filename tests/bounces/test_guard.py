"""Far more hard bounces than a list has ever had: nobody is suppressed before staff have said that it is not us."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from distributor import pipeline
from distributor.bounces import guard, suppressions
from distributor.bounces.guard import is_out_of_proportion
from distributor.bounces.old_bounces import delete_old_bounces
from distributor.config.bounces import BounceGuard
from distributor.editions import repository as edition_repository
from distributor.errors import Rejected, UserError
from distributor.message_queue import MessageQueue
from distributor.model import Bounce, BounceType, DeliveryState, Suppression
from distributor.storage.database import Database
from distributor.storage.tables import bounce_guards, deliveries
from support.builders import NOW, edition, rendition
from support.ledger import freeze, states, subscribe
from support.newsroom import Room
from support.scripted_channels import Bench, Post, letters

S = DeliveryState
ID = "tin-sang-1"
GONE = Rejected("x", reply="550 5.1.1 User unknown", recipient=True)

# -- the proportion ----------------------------------------------------------------------------------------------------

counts = st.integers(0, 10**6)
limits = st.builds(
    BounceGuard, min_bounces=st.integers(1, 100), min_bounce_rate=st.floats(0.01, 1), min_increase=st.floats(1, 20)
)  # fmt: skip


@given(hard=counts, tried=counts, past_hard=counts, past_tried=counts, set_to=limits)
def test_few_are_never_too_many_and_more_are_never_fewer(
    hard: int, tried: int, past_hard: int, past_tried: int, set_to: BounceGuard
) -> None:
    too_many = is_out_of_proportion(hard, tried, past_hard, past_tried, set_to)
    if hard < min(set_to.min_bounces, 3) or hard < tried * min(set_to.min_bounce_rate, 0.5):
        assert not too_many
    if too_many:
        assert is_out_of_proportion(hard + 1, tried, past_hard, past_tried, set_to)
        assert is_out_of_proportion(hard, max(tried - 1, 1), past_hard, past_tried, set_to)
        assert is_out_of_proportion(hard, tried, max(past_hard - 1, 0), past_tried, set_to)
    if tried and hard >= set_to.min_bounces and 2 * hard >= tried:
        assert too_many, "half of a list is never usual"


@pytest.mark.parametrize(
    ("hard", "tried", "past", "too_many"),
    [
        (302, 302, (0, 0), True),
        (302, 302, (30, 3000), True),
        (9, 19, (0, 0), False),  # too few to tell
        (9, 18, (0, 0), True),  # but half of a small list
        (3, 3, (0, 0), True),
        (2, 2, (0, 0), False),
        (30, 302, (0, 0), False),  # an old list, sent to for the first time
        (31, 302, (0, 0), True),
        (31, 302, (150, 3000), False),  # a list that is always bad
        (200, 302, (2900, 3000), True),
        (31, 302, (0, 99), True),
    ],
)
def test_what_is_too_much(hard: int, tried: int, past: tuple[int, int], too_many: bool) -> None:
    assert is_out_of_proportion(hard, tried, *past, BounceGuard()) is too_many


# -- an edition --------------------------------------------------------------------------------------------------------


def suppressed(database: Database) -> int:
    with database.read() as connection:
        return sum(suppressions.count_by_type(connection).values())


def waiting(database: Database, name: str = ID) -> list[str]:
    with database.read() as connection:
        return [one.address for one in guard.list_pending(connection, name)]


@dataclass(frozen=True, kw_only=True)
class Slow(Post):
    """Lets the ledger have its turn after each letter."""

    def transport(self) -> SlowPostman:
        return SlowPostman(self)


@dataclass
class SlowPostman:
    post: Slow

    async def send_all(self, messages: MessageQueue) -> None:
        while message := await messages.take():
            messages.answer(message, self.post.fates[message.recipient.id])
            await asyncio.sleep(0.005)


async def test_a_list_refused_as_a_whole_is_suppressed_by_nobody_but_staff(bench: Bench) -> None:
    """What was suppressed before it was noticed waits too; the edition is paused, staff are asked."""
    letters(bench, 302)
    report = await bench.run(Slow(name="mail", fates={f"s{n:04}": GONE for n in range(302)}))
    assert suppressed(bench.database) == 0
    tried = states(bench.database)[S.REJECTED]
    assert 30 <= tried < 302 and states(bench.database)[S.PENDING] == 302 - tried
    assert len(waiting(bench.database)) == tried
    (question,) = [note for note in report.notes if "is paused" in note]
    assert f"suppressions confirm {ID}" in question and f"suppressions discard {ID}" in question
    with bench.database.read() as connection:
        row = edition_repository.find_row(connection, ID)
    assert row and row.paused_at


async def test_staff_say_that_it_was_us_and_everybody_gets_the_letter(bench: Bench) -> None:
    letters(bench, 40)
    await bench.run(Post(name="mail", fates={f"s{n:04}": GONE for n in range(40)}))
    refused = len(waiting(bench.database))
    now = bench.clock.now
    assert pipeline.discard_suppressions(bench.database, ID, "lan", now) == (refused, refused)
    await bench.run(Post(name="mail"))
    assert states(bench.database) == {S.SENT: 40}
    assert (suppressed(bench.database), waiting(bench.database)) == (0, [])
    with bench.database.read() as connection:
        assert not guard.list_held(connection)
    with pytest.raises(UserError, match="no suppressions"):
        pipeline.discard_suppressions(bench.database, ID, "lan", now)


async def test_an_edition_that_was_cancelled_meanwhile_is_not_sent_again(bench: Bench) -> None:
    letters(bench, 302)
    await bench.run(Slow(name="mail", fates={f"s{n:04}": GONE for n in range(302)}))
    pipeline.cancel(bench.database, ID, "lan", bench.clock.now, "wrong news")
    refused = len(waiting(bench.database))
    assert pipeline.discard_suppressions(bench.database, ID, "lan", bench.clock.now) == (refused, 0)
    post = Post(name="mail")
    await bench.run(post)
    assert (post.carried, waiting(bench.database), suppressed(bench.database)) == ([], [], 0)
    with bench.database.read() as connection:
        assert edition_repository.is_cancelled(connection, ID)


async def test_staff_say_that_the_addresses_are_dead_and_it_goes_on(bench: Bench) -> None:
    """Without asking again for this edition."""
    letters(bench, 60)
    dead = {f"s{n:04}": GONE for n in range(30)}
    await bench.run(Post(name="mail", fates=dead))
    number = len(waiting(bench.database))
    assert pipeline.confirm_suppressions(bench.database, ID, "lan", bench.clock.now) == number
    assert suppressed(bench.database) == number
    report = await bench.run(Post(name="mail", fates=dead))
    assert states(bench.database) == {S.SENT: 30, S.REJECTED: 30}
    assert (suppressed(bench.database), report.notes) == (30, [])


@pytest.mark.parametrize("readers", [3, 9, 10, 50])
async def test_a_small_list_refused_as_a_whole_is_asked_about_too(bench: Bench, readers: int) -> None:
    letters(bench, readers)
    await bench.run(Post(name="mail", fates={f"s{n:04}": GONE for n in range(readers)}))
    assert (suppressed(bench.database), len(waiting(bench.database))) == (0, readers)


@pytest.mark.parametrize(("readers", "dead"), [(10, 1), (50, 4), (302, 12), (600, 12)])
async def test_dead_addresses_at_the_head_of_an_imported_list_pause_nothing(
    bench: Bench, readers: int, dead: int
) -> None:
    letters(bench, readers)
    await bench.run(Post(name="mail", fates={f"s{n:04}": GONE for n in range(dead)}))
    assert states(bench.database) == {S.SENT: readers - dead, S.REJECTED: dead}
    assert (suppressed(bench.database), waiting(bench.database)) == (dead, [])


@pytest.mark.parametrize("decided", [False, True])
async def test_what_staff_were_asked_about_becomes_nothing_usual(bench: Bench, decided: bool) -> None:
    """Or what refused two in five yesterday could suppress two in five today."""
    letters(bench, 100)
    await bench.run(Post(name="mail"))
    for n in range(40):
        tell(bench.database, back(f"s{n}@example.com"))
    if decided:
        pipeline.confirm_suppressions(bench.database, ID, "lan", bench.clock.now)
    freeze(bench.database, edition(2), [rendition("mail", "digest", edition="tin-sang-2")])
    for n in range(75, 100):
        tell(bench.database, back(f"s{n}@example.com", "tin-sang-2"))
    assert len(waiting(bench.database, "tin-sang-2")) == 25


async def test_a_few_dead_addresses_are_suppressed_at_once(bench: Bench) -> None:
    letters(bench, 200)
    await bench.run(Post(name="mail", fates={f"s{n:04}": GONE for n in range(0, 200, 15)}))
    assert suppressed(bench.database) == 14
    assert states(bench.database) == {S.SENT: 186, S.REJECTED: 14}


async def test_staff_are_asked_once_by_a_service(bench: Bench) -> None:
    letters(bench, 30)
    dispatcher = bench.dispatcher(Post(name="mail", fates={f"s{n:04}": GONE for n in range(30)}))
    asked = [len((await dispatcher.run()).notes) for _ in range(3)]
    dispatcher.close()
    assert asked == [1, 0, 0]


# -- returned mails ----------------------------------------------------------------------------------------------------


def back(address: str, name: str = ID, number: int | None = None) -> Bounce:
    return Bounce(
        address=address, type=BounceType.HARD, at=NOW, status="5.1.1", via="dsn", edition_id=name, delivery_id=number
    )


def tell(database: Database, *told: Bounce, now: datetime = NOW) -> list[suppressions.BounceEffect]:
    with database.write() as connection:
        return suppressions.record_bounces(connection, told, now)


async def test_mails_that_come_back_later_pass_by_the_same_guard(bench: Bench) -> None:
    letters(bench, 100)
    await bench.run(Post(name="mail"))
    effects = [tell(bench.database, back(f"s{n}@example.com"))[0] for n in range(30)]
    assert [bool(effect.suppression) for effect in effects] == [True] * 9 + [False] * 21
    assert [effect.pending for effect in effects] == [False] * 9 + [True] * 21
    assert suppressed(bench.database) == 0 and len(waiting(bench.database)) == 30
    assert pipeline.discard_suppressions(bench.database, ID, "lan", NOW) == (30, 0), "their letters are out"
    assert states(bench.database) == {S.SENT: 100}


@pytest.mark.parametrize("deleted", [False, True], ids=["", "their bounces are deleted since"])
async def test_what_is_usual_is_learnt_from_earlier_editions(bench: Bench, deleted: bool) -> None:
    """A bad list: 8 in 100 each time. 15 are no news then, 45 are."""
    letters(bench, 100)
    await bench.run(Post(name="mail", fates={f"s{n:04}": GONE for n in range(8)}))
    if deleted:
        with bench.database.write() as connection:
            assert delete_old_bounces(connection, NOW + timedelta(days=999), 1000) == 8
    freeze(bench.database, edition(2), [rendition("mail", "digest", edition="tin-sang-2")])
    await bench.run(Post(name="mail", fates={f"s{n:04}": GONE for n in range(8, 23)}))
    assert (suppressed(bench.database), waiting(bench.database, "tin-sang-2")) == (23, [])


def test_mails_of_no_known_edition_are_a_group_of_a_day(database: Database) -> None:
    subscribe(database, 100)
    for n in range(9):
        tell(database, back(f"s{n}@example.com", ""))
    tell(database, back("s9@example.com", ""), now=NOW + timedelta(days=2))
    assert suppressed(database) == 10, "the day before is over"
    for n in range(10, 30):
        tell(database, back(f"s{n}@example.com", ""), now=NOW + timedelta(days=2, minutes=n))
    assert (len(waiting(database, "")), suppressed(database)) == (21, 9)
    assert pipeline.confirm_suppressions(database, "", "lan", NOW) == 21
    assert suppressed(database) == 30


def test_an_address_that_staff_have_suppressed_stays_so(database: Database) -> None:
    """Only what the bounces of this edition have suppressed is taken back."""
    subscribe(database, 30)
    mine = Suppression(address="s3@example.com", type=BounceType.STAFF, reason="by telephone", since=NOW)
    older = Suppression(address="old@example.com", type=BounceType.HARD, reason="x", since=NOW - timedelta(days=9))
    with database.write() as connection:
        suppressions.suppress_all(connection, [mine, older])
    for n in range(30):
        tell(database, back(f"s{n}@example.com", ""))
    with database.read() as connection:
        left = {one.address: one.type for one in suppressions.list_latest(connection)}
    assert left == {"s3@example.com": BounceType.STAFF, "old@example.com": BounceType.HARD}


def test_the_same_mail_twice_counts_once(database: Database) -> None:
    subscribe(database, 10)
    for _ in range(20):
        tell(database, back("s1@example.com", "", 1))
    assert suppressed(database) == 1
    with database.read() as connection:
        assert connection.execute(sa.select(bounce_guards.c.hard)).scalar() == 1


# -- staff -------------------------------------------------------------------------------------------------------------


def test_staff_see_and_decide_by_command(room: Room) -> None:
    room.good("send", "tin-sang", "--yes")
    assert room.good("suppressions", "pending") == "No suppressions wait for a decision.\n"
    with room.store().write() as connection:
        number = (
            connection.execute(sa.select(deliveries.c.edition_id).where(deliveries.c.address != "")).scalars().first()
        )
        told = [back(f"s{n}@example.com", str(number)) for n in range(12)]
        suppressions.record_bounces(connection, told, NOW)
    shown = room.good("suppressions", "pending")
    assert "s11@example.com" in shown and f"suppressions discard {number}" in shown
    assert len(room.run("suppressions", "pending", "--json").json[0]["addresses"]) == 12
    assert "12 addresses kept" in room.good("suppressions", "discard", str(number))
    assert room.good("suppressions", "list") == "No address is suppressed.\n"
    again = room.run("suppressions", "confirm", str(number))
    assert again.code == 2 and "no suppressions of" in again.err
