"""An edition on its way: paused, resumed, cancelled, refused, missed; workers beside each other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from distributor import pipeline
from distributor.bounces import suppressions as bounce_suppressions
from distributor.delivery import control
from distributor.delivery.queries import edition_progress
from distributor.editions import repository as edition_repository
from distributor.errors import Rejected, Unavailable, UserError
from distributor.model import BounceType, DeliveryState, Suppression
from distributor.storage.tables import deliveries, subscriptions
from support.builders import NOW
from support.ledger import states
from support.scripted_channels import Bench, Post, letters

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
        assert [event.event for event in edition_repository.list_events(connection, ID)][-2:] == ["paused", "resumed"]


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
        bounce_suppressions.suppress(
            connection, Suppression(address=key, type=BounceType.HARD, reason="550", since=NOW)
        )
    now = bench.clock.now
    assert pipeline.resend_missed(bench.database, ID, "lan", now, dry_run=True) == 1
    assert pipeline.resend_missed(bench.database, ID, "lan", now) == 1
    assert states(bench.database) == {S.SENT: 1, S.REJECTED: 2, S.PENDING: 1}
    with bench.database.read() as connection:
        assert control.count_unreachable(connection, ID, control.MISSED_STATES, now) == 2


async def test_what_a_newer_edition_carries_is_not_sent_again(bench: Bench) -> None:
    letters(bench, 1)
    with bench.database.write() as connection:
        connection.execute(
            sa.update(deliveries).values(state=S.EXPIRED, reply="overtaken by tin-sang-2, which carries it")
        )
        assert control.count_missed(connection, ID, control.MISSED_STATES, bench.clock.now) == 0


async def test_how_far_an_edition_has_come(bench: Bench) -> None:
    letters(bench, 4)
    fates = {
        "s0001": Rejected("x", reply="550 5.1.1 nobody"),
        "s0002": Unavailable("x", reply="450 4.2.1 greylisted, come back in five minutes please and thank you"),
    }
    await bench.run(Post(name="mail", fates=fates))
    with bench.database.read() as connection:
        now = edition_progress(connection, ID)
    assert (now.total, now.closed, now.open) == (4, 3, 1)
    assert now.states == {S.SENT: 2, S.DEFERRED: 1, S.REJECTED: 1}
    assert dict(now.replies) == {
        "250 ok": 2, "550 5.1.1 nobody": 1, "450 4.2.1 greylisted, come back in five": 1,
    }  # fmt: skip
