"""The failure of a channel as a whole: how long it is kept, and which deliveries it explains."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from delivery.open_work import told
from distributor.channel import PostLimits
from distributor.delivery import channel_state
from distributor.delivery.channel_state import ChannelFault
from distributor.errors import AuthBroken, Unavailable
from distributor.model import DeliveryState
from distributor.storage.database import Database
from support.builders import NOW, edition, rendition
from support.ledger import freeze
from support.scripted_channels import Bench, LookingWall, Post, letters, posts

S = DeliveryState
LATER = timedelta(minutes=2)


def fault_of(bench: Bench, channel: str) -> ChannelFault | None:
    with bench.database.read() as connection:
        return channel_state.faults_by_channel(connection).get(channel)


@pytest.mark.parametrize("failure", [Unavailable("connection refused"), AuthBroken("535 bad password")])
async def test_a_failure_that_counts_against_nobody_is_kept_until_the_channel_carries_again(
    bench: Bench, failure: Unavailable | AuthBroken
) -> None:
    letters(bench, 2)
    await bench.run(Post(name="mail", break_after=0, broken_by=failure))
    fault = fault_of(bench, "mail")
    assert fault == ChannelFault("mail", str(failure), NOW, NOW)
    assert all(fault.concerns(row) for row in bench.rows().values())
    await bench.run(Post(name="mail", break_after=0, broken_by=failure), after=timedelta(minutes=20))
    assert fault_of(bench, "mail") == ChannelFault("mail", str(failure), NOW, NOW + timedelta(minutes=20))
    await bench.run(Post(name="mail"), after=timedelta(minutes=20))
    assert fault_of(bench, "mail") is None
    assert not any(fault.concerns(row) for row in bench.rows().values())


async def test_a_post_channel_that_is_stopped_tells_its_other_posts_why(bench: Bench) -> None:
    posts(bench, "a1", "a2")
    await bench.run(LookingWall(name="wall", answers=[AuthBroken("401 token revoked")]))
    assert told(bench)[-1] == (
        "tin-sang-1 is not finished: wall: 1 not tried yet; the channel failed 00:00: 401 token revoked"
    )


async def test_a_letter_tried_by_itself_after_the_failure_is_not_explained_by_it(bench: Bench) -> None:
    letters(bench, 1)
    await bench.run(Post(name="mail", break_after=0))
    await bench.run(Post(name="mail", fates={"s0000": Unavailable("452 full")}), after=LATER)
    fault = fault_of(bench, "mail")
    assert fault
    assert not fault.concerns(bench.rows()["s0000"])
    assert "452 full" in told(bench)[0]


async def test_what_is_given_up_while_its_channel_was_down_keeps_the_reason(bench: Bench) -> None:
    letters(bench, 1)
    freeze(bench.database, edition(newsletter="other", id="other-1"), [rendition("wall", "a9", edition="other-1")])
    failure = Unavailable("connection refused")
    await bench.run(Post(name="mail", break_after=0, broken_by=failure))
    await bench.run(Post(name="mail"), after=timedelta(days=2))
    replies = {row.channel: (row.state, row.reply) for row in bench.rows().values()}
    given_up = "not out in the edition's time: "
    assert replies["mail"] == (S.EXPIRED, f"{given_up}the channel failed: connection refused")
    assert replies["wall"] == (S.EXPIRED, given_up)


def test_a_turn_that_is_too_far_away_is_not_used_up(bench: Bench) -> None:
    """After a backoff the next turn is some seconds away; with the space of the limits it is more than a minute."""
    limits = PostLimits(spacing=timedelta(seconds=50))
    channel_state.begin_backoff(bench.database, "wall", NOW, "429", NOW - timedelta(minutes=1))
    for _ in range(10):  # each reserves a turn after the one before it
        channel_state.reserve_turn(bench.database, "wall", NOW, 0.5)
    channel_state.reserve_turn(bench.database, "wall", NOW, 0.5, limits)
    refused = [channel_state.reserve_turn(bench.database, "wall", NOW, 0.5, limits) for _ in range(2)]
    assert [turn.at for turn in refused] == [NOW + timedelta(seconds=80)] * 2
    assert all(turn.backing_off for turn in refused)


# -- what only staff can mend ------------------------------------------------------------------------------------------


def stopped(database: Database, started: datetime, now: datetime = NOW + timedelta(minutes=1)) -> set[str]:
    with database.read() as connection:
        return channel_state.list_stopped(connection, now, started)


def test_a_refused_login_stops_the_channel_in_every_process_that_runs(database: Database) -> None:
    with database.write() as connection:
        channel_state.stop(connection, "wall", NOW + timedelta(minutes=15), NOW)
        channel_state.stop(connection, "wall", NOW + timedelta(minutes=15), NOW)
    assert stopped(database, started=NOW - timedelta(days=1)) == {"wall"}
    assert stopped(database, started=NOW - timedelta(days=1), now=NOW + timedelta(minutes=15)) == set()


def test_a_process_that_is_started_later_tries_at_once_as_staff_may_have_mended_it(database: Database) -> None:
    with database.write() as connection:
        channel_state.stop(connection, "wall", NOW + timedelta(minutes=15), NOW)
    assert stopped(database, started=NOW + timedelta(seconds=1)) == set()


@pytest.mark.parametrize("end", [channel_state.end_stop, channel_state.end_backoff, channel_state.clear_fault])
def test_a_login_a_resumption_or_a_post_that_is_out_ends_it_for_all(database: Database, end: Any) -> None:
    with database.write() as connection:
        channel_state.stop(connection, "wall", NOW + timedelta(minutes=15), NOW)
        end(connection, "wall")
    assert stopped(database, started=NOW - timedelta(days=1)) == set()
