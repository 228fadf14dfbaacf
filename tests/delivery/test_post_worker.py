"""Posts go out in the order of their edition, a thread stays one, limits hold over all workers, steps are not lost."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from distributor.channel import PostLimits, Rate
from distributor.delivery import channel_state
from distributor.delivery.post_worker import PostWorker
from distributor.errors import Rejected, StoreBusy, Unavailable, Uncertain
from distributor.model import DeliveryState, Receipt
from distributor.storage.tables import renditions
from support.builders import NOW
from support.scripted_channels import Bench
from support.scripted_networks import Looking, Network, owe, post

S = DeliveryState
EIGHT = [f"a{number}" for number in range(8, 0, -1)]  # not in the order of the alphabet


# -- order -------------------------------------------------------------------------------------------------------------


async def test_posts_go_out_in_the_order_of_their_edition(bench: Bench) -> None:
    owe(bench, *map(post, EIGHT))
    network = Network(name="wall")
    await bench.run(network)
    assert network.asked == EIGHT


async def test_after_a_deferral_the_others_wait_for_their_turn(bench: Bench) -> None:
    owe(bench, *map(post, EIGHT))
    network = Network(name="wall", answers={EIGHT[2]: [Unavailable("503"), Unavailable("503")]})
    for _ in range(6):
        await bench.run(network, after=timedelta(minutes=5))
    assert [variant for variant in network.asked if variant in EIGHT] == [*EIGHT[:2], *[EIGHT[2]] * 3, *EIGHT[3:]]
    assert list(network.wall.values()) == [f"text {variant}" for variant in EIGHT]


async def test_a_post_that_is_refused_or_left_to_staff_holds_nothing_up(bench: Bench) -> None:
    owe(bench, *map(post, EIGHT))
    network = Network(name="wall", answers={EIGHT[0]: [Rejected("400")], EIGHT[1]: [Uncertain("504")]})
    for _ in range(3):
        await bench.run(network, after=timedelta(minutes=5))
    assert list(network.wall.values()) == [f"text {variant}" for variant in EIGHT[2:]]


def damage(bench: Bench, body: bytes, digest: str = "") -> None:
    """Let the first post hold other bytes; with their digest they are none that anybody can have frozen."""
    with bench.database.write() as connection:
        values = {"body": body, **({"sha256": digest} if digest else {})}
        connection.execute(sa.update(renditions).where(renditions.c.variant == "a1").values(values))


@pytest.mark.parametrize("digest", ["", sha256(b"x").hexdigest()])
async def test_a_post_that_cannot_be_read_keeps_no_other_waiting(bench: Bench, digest: str) -> None:
    owe(bench, post("a1"), post("a2"), post("a3"))
    damage(bench, b"x", digest)
    network = Network(name="wall", answers={"a2": [Unavailable("503")]})
    for _ in range(3):
        await bench.run(network, after=timedelta(minutes=5))
    assert network.asked == ["a2", "a2", "a3"]


async def test_what_follows_a_post_that_cannot_be_read_any_more_holds_nothing_up(bench: Bench) -> None:
    owe(bench, post("a1"), post("a2", follows="a1"), post("a3"))
    network = Network(name="wall", answers={"a2": [Unavailable("503")]})
    await bench.run(network)
    damage(bench, b"x")
    await bench.run(network, after=timedelta(minutes=5))
    assert network.asked == ["a1", "a2", "a3"]


async def test_two_workers_at_the_same_time_keep_the_order(bench: Bench) -> None:
    owe(bench, *map(post, EIGHT))
    network = Network(name="wall")
    workers = [bench.dispatcher(network) for _ in range(3)]
    for _ in range(5):
        await asyncio.gather(*(worker.run() for worker in workers))
    for worker in workers:
        worker.close()
    assert network.asked == EIGHT


# -- limits ------------------------------------------------------------------------------------------------------------


async def test_429_on_the_first_of_eight_is_one_request_until_the_time_named(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel_state, "SPACING", timedelta(seconds=0.01))
    owe(bench, *map(post, EIGHT))
    named = NOW + timedelta(minutes=10)
    network = Network(name="wall", answers={EIGHT[0]: [Unavailable("429", retry_at=named, all_posts=True)]})
    for _ in range(9):
        await asyncio.gather(bench.run(network), bench.run(network, after=timedelta(minutes=1)))
    assert network.asked == EIGHT[:1]
    await bench.run(network, after=timedelta(minutes=1))
    assert network.asked == [EIGHT[0], *EIGHT]


async def test_a_wait_for_this_post_only_leaves_the_channel_alone(bench: Bench) -> None:
    owe(bench, post("a1"))
    owe(bench, post("b1", made="tin-sang-2"), number=2)
    later = NOW + timedelta(minutes=10)
    network = Network(name="wall", answers={"a1": [Unavailable("is processed", retry_at=later, all_posts=False)]})
    await bench.run(network)
    assert network.asked == ["a1", "b1"]
    assert bench.rows()["a1"].due == later


async def test_spacing_is_kept_over_all_workers(bench: Bench) -> None:
    owe(bench, *map(post, EIGHT[:4]))
    owe(bench, *(post(variant, made="tin-sang-2") for variant in EIGHT[4:]), number=2)
    limits = PostLimits(spacing=timedelta(seconds=5))
    turns = [channel_state.reserve_turn(bench.database, "wall", NOW, 0.5, limits).at for _ in range(4)]
    assert turns == [NOW + n * timedelta(seconds=5) for n in range(4)]


async def test_a_rate_is_kept_and_staff_hear_of_it_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_state, "SPACING", timedelta(seconds=0.01))
    owe(bench, *map(post, EIGHT))
    network = Network(name="wall", allowed=PostLimits(rates=(Rate(3, timedelta(hours=1)),)))
    first = await bench.run(network)
    assert network.asked == EIGHT[:3]
    assert [note for note in first.notes if "limit of posts" in note]
    assert (await bench.run(network, after=timedelta(minutes=30))).notes == []
    assert len(network.asked) == 3
    await bench.run(network, after=timedelta(minutes=31))
    assert network.asked == EIGHT[:6]
    await bench.run(network, after=timedelta(minutes=61))
    assert network.asked == EIGHT


def test_a_clock_that_was_ahead_does_not_stop_a_channel(bench: Bench) -> None:
    limits = PostLimits(spacing=timedelta(seconds=5))
    channel_state.reserve_turn(bench.database, "wall", NOW + timedelta(days=400), 0.5, limits)
    assert channel_state.reserve_turn(bench.database, "wall", NOW, 0.5, limits).at == NOW


# -- steps -------------------------------------------------------------------------------------------------------------


async def test_an_upload_is_not_done_again(bench: Bench) -> None:
    owe(bench, post("a1"))
    network = Network(name="wall", answers={"a1": [Unavailable("503"), Unavailable("503")]})
    for _ in range(4):
        await bench.run(network, after=timedelta(minutes=5))
    assert network.uploads == ["a1"]
    assert list(network.wall.values()) == ["text a1"]


@pytest.mark.parametrize("late", [timedelta(0), timedelta(days=3)])
async def test_what_was_begun_at_the_far_end_is_left_to_staff_when_its_time_is_over(
    bench: Bench, late: timedelta
) -> None:
    """It may be public by now: nobody may say that it was given up."""
    owe(bench, post("a1"))
    wait = Unavailable("is processed", retry_at=NOW + timedelta(days=1 if not late else 0, hours=1), all_posts=False)
    network = Network(name="wall", answers={"a1": [wait, Unavailable("503")]})
    await bench.run(network)
    await bench.run(network, after=late)
    row = bench.rows()["a1"]
    assert (row.state, row.due) != (S.EXPIRED, None)
    await bench.run(network, after=timedelta(minutes=2))
    assert (bench.rows()["a1"].state, bench.rows()["a1"].due) == (S.UNCERTAIN, None)


async def test_what_was_begun_is_looked_for_when_its_time_is_over(bench: Bench) -> None:
    """A network may take long over a post: what has become public is known to be out."""
    owe(bench, post("a1"), post("a2"))
    wait = Unavailable("is processed", retry_at=NOW + timedelta(hours=20), all_posts=False)
    network = Looking(name="wall", answers={"a1": [wait]})
    await bench.run(network)
    network.found["a1"] = Receipt(remote_id="n7")
    for _ in range(3):
        await bench.run(network, after=timedelta(days=2))
    rows = bench.rows()
    assert (rows["a1"].state, rows["a1"].remote_id) == (S.SENT, "n7")
    assert rows["a2"].state is S.EXPIRED
    assert network.asked == ["a1"]


async def test_what_was_begun_and_is_not_there_when_its_time_is_over_is_given_up(bench: Bench) -> None:
    owe(bench, post("a1"))
    wait = Unavailable("is processed", retry_at=NOW + timedelta(hours=20), all_posts=False)
    network = Looking(name="wall", answers={"a1": [wait]})
    await bench.run(network)
    for _ in range(2):
        await bench.run(network, after=timedelta(days=2))
    assert bench.rows()["a1"].state is S.EXPIRED
    assert "not there" in bench.rows()["a1"].reply


async def test_looking_again_and_again_makes_no_longer_reply(bench: Bench) -> None:
    owe(bench, post("a1"))
    network = Looking(name="wall", answers={"a1": [Uncertain("504")]}, away=5)
    for _ in range(4):
        await bench.run(network, after=timedelta(minutes=10))
    assert bench.rows()["a1"].reply == "504; looking failed: 503"


async def test_who_asks_how_far_the_network_has_got_asks_as_often_as_it_says(bench: Bench) -> None:
    owe(bench, post("a1"))
    waits = [Unavailable("is processed", retry_at=NOW + timedelta(minutes=n), all_posts=False) for n in range(1, 9)]
    network = Network(name="wall", answers={"a1": list(waits)})
    for _ in range(9):
        await bench.run(network)
        bench.clock.now += timedelta(minutes=1)
    assert len(network.asked) == 9
    assert list(network.wall.values()) == ["text a1"]


async def test_a_lease_is_renewed_again_after_the_store_was_away() -> None:
    """A post that takes long would else be taken over, and sent twice perhaps, by another worker."""
    renewed = asyncio.Event()
    tries = []

    async def call(*_: object) -> None:
        tries.append("renew")
        if len(tries) == 1:
            raise StoreBusy("the server is starting")
        renewed.set()

    commit: Any = SimpleNamespace(ledger=SimpleNamespace(lease=timedelta(milliseconds=3), renew=None), call=call)
    rules: Any = SimpleNamespace(clock=lambda: NOW)
    health: Any = None
    shard: Any = None
    async with PostWorker(commit, health, rules)._lease(shard):
        await asyncio.wait_for(renewed.wait(), 5)
