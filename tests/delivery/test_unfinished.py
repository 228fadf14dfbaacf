"""What a run leaves open: which deliveries, how many, why, and what goes on with them."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from delivery.open_work import left, told
from distributor.delivery import control
from distributor.delivery.ledger import Ledger
from distributor.delivery.unfinished import UnfinishedDeliveries, describe_unfinished, suggest_commands
from distributor.errors import Rejected, Unavailable, Uncertain
from distributor.model import DeliveryState
from distributor.storage.tables import deliveries, editions
from support.builders import NOW
from support.scripted_channels import Bench, Post, Wall, letters, posts

S = DeliveryState
LATER = timedelta(minutes=2)


async def test_a_run_that_has_done_all_leaves_nothing(bench: Bench) -> None:
    letters(bench, 3)
    report = await bench.run(Post(name="mail", fates={"s0001": Rejected("550 5.1.1 no such user")}))
    assert left(bench, *report.editions) == []


async def test_deferred_letters_are_counted_with_their_commonest_reply(bench: Bench) -> None:
    letters(bench, 4)
    grey = Unavailable("451 4.7.1 greylisted, come back in 300 seconds, queue A1B2C3D4")
    fates = {"s0000": grey, "s0001": grey, "s0002": Unavailable("452 4.2.2 mailbox full")}
    await bench.run(Post(name="mail", fates=fates))
    (open_work,) = left(bench)
    assert (open_work.state, open_work.count, open_work.replies) == (S.DEFERRED, 3, 2)
    assert told(bench) == [
        "tin-sang-1 is not finished: mail: 3 deferred until 00:01 to 00:05: "
        "451 4.7.1 greylisted, come back in 300 seconds, queue A1B2C3D4 (2 of them)"
    ]
    assert suggest_commands(left(bench)) == [
        "`distributor deliver` goes on with it, and so does `distributor serve` while it runs"
    ]


async def test_what_a_broken_channel_has_kept_waiting_says_so_with_the_time(bench: Bench) -> None:
    letters(bench, 3)
    await bench.run(Post(name="mail", break_after=1, broken_by=Unavailable("mx.example:25: 421 too busy")))
    assert told(bench) == [
        "tin-sang-1 is not finished: mail: 2 not tried yet; the channel failed 00:00: mx.example:25: 421 too busy"
    ]


async def test_letters_in_doubt_that_are_left_to_staff_are_open_and_the_command_is_named(bench: Bench) -> None:
    bench.resend = False
    letters(bench, 2)
    await bench.run(Post(name="mail", fates={"s0001": Uncertain("lost after the dot")}))
    assert told(bench) == [
        "tin-sang-1 is not finished: mail: 1 in doubt, may be out, looked into again 00:01: lost after the dot"
    ]
    await bench.run(Post(name="mail"), after=LATER)
    assert "1 in doubt, may be out, left to staff: lost after the dot; held for staff" in told(bench)[0]
    assert "editions resend tin-sang-1 --missed --uncertain" in suggest_commands(left(bench))[0]


async def test_doubts_about_an_edition_whose_time_is_over_are_history_unless_this_run_had_them(bench: Bench) -> None:
    bench.resend = False
    letters(bench, 1)
    await bench.run(Post(name="mail", fates={"s0000": Uncertain("lost after the dot")}))
    await bench.run(Post(name="mail"), after=LATER)
    bench.clock.now += timedelta(days=2)
    assert left(bench) == []
    assert len(left(bench, "tin-sang-1")) == 1


async def test_a_post_in_doubt_is_told_apart_from_letters(bench: Bench) -> None:
    posts(bench, "a1")
    await bench.run(Wall(name="wall", answers=[Uncertain("timeout")]))
    await bench.run(Wall(name="wall"), after=LATER)
    (open_work,) = left(bench)
    assert (open_work.personal, open_work.held) == (False, True)
    (command,) = suggest_commands([open_work])
    assert "`distributor editions settle tin-sang-1 --channel wall`" in command


async def test_what_staff_have_paused_is_open_only_for_those_who_touched_it(bench: Bench) -> None:
    letters(bench, 2)
    with bench.database.write() as connection:
        assert control.pause(connection, "tin-sang-1", NOW)
    assert left(bench) == []
    (open_work,) = left(bench, "tin-sang-1")
    assert open_work.paused
    assert suggest_commands([open_work]) == ["`distributor editions resume tin-sang-1` lets tin-sang-1 go on"]


async def test_a_draft_and_a_cancelled_edition_owe_nothing(bench: Bench) -> None:
    letters(bench, 1)
    for values in ({"released_at": None}, {"released_at": NOW, "state": "cancelled"}):
        with bench.database.write() as connection:
            connection.execute(sa.update(editions).values(values))
        assert left(bench, "tin-sang-1") == []


async def test_what_another_process_is_sending_leaves_no_run_unfinished(bench: Bench) -> None:
    letters(bench, 2)
    other = Ledger(bench.database)
    assert other.claim("mail", NOW)
    (open_work,) = left(bench)
    assert (open_work.count, open_work.elsewhere, open_work.is_failure) == (2, True, False)


# -- in words ----------------------------------------------------------------------------------------------------------


def test_the_time_of_a_run_of_one_minute_is_said_once() -> None:
    due = NOW.replace(hour=8, minute=30)
    one = UnfinishedDeliveries(edition="e-1", channel="mail", state=S.DEFERRED, count=2, first=due, last=due)
    assert describe_unfinished([one], {}, lambda moment: f"{moment:%H:%M}" if moment else "") == [
        "e-1 is not finished: mail: 2 deferred until 08:30"
    ]


def test_the_rows_of_a_long_list_come_one_after_the_other_and_all_of_them(bench: Bench) -> None:
    from distributor.delivery import queries

    letters(bench, 2500)
    with bench.database.read() as connection:
        assert queries.count_deliveries(connection) == 2500
        assert len({row.recipient for row in queries.iterate_deliveries(connection)}) == 2500
        assert len(list(queries.iterate_deliveries(connection, limit=7))) == 7
        stored = connection.execute(sa.select(sa.func.count()).select_from(deliveries)).scalar_one()
    assert stored == 2500
