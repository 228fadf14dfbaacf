"""The worker of posts: what follows a post in a thread waits for it; what nobody knows is left to staff."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from distributor import pipeline
from distributor.channel import Attempt, Content
from distributor.delivery.queries import list_deliveries
from distributor.delivery.settle import Verdict
from distributor.errors import Rejected, Unavailable, Uncertain, UserError
from distributor.model import DeliveryState, Receipt, RenditionAction
from support.builders import NOW
from support.scripted_channels import Bench
from support.scripted_networks import Editing, Network, correct, owe, post, row_of

S = DeliveryState


# -- threads -----------------------------------------------------------------------------------------------------------


def thread(bench: Bench) -> None:
    owe(bench, post("a1"), post("a1-2", "a1"), post("a1-3", "a1-2"), post("b"))


async def test_a_thread_answers_post_by_post(bench: Bench) -> None:
    thread(bench)
    network = Network(name="wall")
    await bench.run(network)
    assert network.parents == {"n1": "", "n2": "n1", "n3": "n2", "n4": ""}


async def test_a_thread_stays_a_thread_through_a_deferral_a_restart_and_two_workers(bench: Bench) -> None:
    thread(bench)
    network = Network(name="wall", answers={"a1": [Unavailable("503")], "a1-2": [Unavailable("503")]})
    for _ in range(8):
        first, second = bench.dispatcher(network), bench.dispatcher(network)
        await asyncio.gather(first.run(), second.run())
        first.close()
        second.close()
        bench.clock.now += timedelta(minutes=5)
    assert list(network.wall.values()) == ["text a1", "text a1-2", "text a1-3", "text b"]
    assert list(network.parents.values()) == ["", "n2", "n4", ""]


async def test_what_follows_a_post_that_was_refused_does_not_go_out_alone(bench: Bench) -> None:
    thread(bench)
    network = Network(name="wall", answers={"a1": [Rejected("400")]})
    await bench.run(network)
    rows = bench.rows()
    assert [rows[variant].state for variant in ("a1", "a1-2", "a1-3", "b")] == [
        S.REJECTED,
        S.EXPIRED,
        S.EXPIRED,
        S.SENT,
    ]


async def test_what_follows_a_post_in_doubt_waits_until_staff_have_looked(bench: Bench) -> None:
    thread(bench)
    network = Network(name="wall", answers={"a1": [Uncertain("504")]})
    for _ in range(3):
        await bench.run(network, after=timedelta(minutes=10))
    assert list(network.wall.values()) == ["text b"]
    for variant in ("a1-2", "a1-3"):
        assert bench.rows()[variant].reply == "not posted, because nobody knows of the post that it follows: a1"


@pytest.mark.parametrize(
    ("verdict", "receipt", "wall", "parents"),
    [
        (Verdict.OUT, Receipt(remote_id="x7"), ["text b", "text a1-2", "text a1-3"], ["", "x7", "n3"]),
        (Verdict.AGAIN, Receipt(), ["text b", "text a1", "text a1-2", "text a1-3"], ["", "", "n3", "n4"]),
        (Verdict.GIVE_UP, Receipt(), ["text b"], [""]),
    ],
)
async def test_when_staff_have_looked_the_thread_goes_on(
    bench: Bench, verdict: Verdict, receipt: Receipt, wall: list[str], parents: list[str]
) -> None:
    thread(bench)
    network = Network(name="wall", answers={"a1": [Uncertain("504")]})
    for _ in range(3):
        await bench.run(network, after=timedelta(minutes=10))
    bench.clock.now += timedelta(days=3)
    found, _ = pipeline.settle_posts(bench.database, "tin-sang-1", "wall", "", verdict, receipt, "Lan", bench.clock.now)
    assert [row.variant for row in found] == ["a1"]
    for _ in range(2):
        await bench.run(network, after=timedelta(minutes=10))
    assert list(network.wall.values()) == wall
    assert list(network.parents.values()) == parents
    with pytest.raises(UserError, match="left to you"):
        pipeline.settle_posts(bench.database, "tin-sang-1", "wall", "", verdict, receipt, "Lan", bench.clock.now)


async def test_staff_who_say_that_a_post_is_not_there_have_all_its_steps_done_again(bench: Bench) -> None:
    owe(bench, post("a1"))
    network = Network(name="wall", answers={"a1": [Uncertain("504")]})
    for _ in range(3):
        await bench.run(network, after=timedelta(minutes=10))
    pipeline.settle_posts(bench.database, "tin-sang-1", "wall", "a1", Verdict.AGAIN, Receipt(), "Lan", bench.clock.now)
    await bench.run(network, after=timedelta(minutes=10))
    assert network.uploads == ["a1", "a1"]


# -- what nobody knows -------------------------------------------------------------------------------------------------


async def test_a_doubt_that_nobody_can_settle_from_here_is_left_to_staff_at_once(bench: Bench) -> None:
    owe(bench, post("a1"))
    await bench.run(Network(name="wall", answers={"a1": [Uncertain("504")]}))
    assert row_of(bench, "tin-sang-1").due is None
    assert row_of(bench, "tin-sang-1").reply == "504; held for staff"
    found, _ = pipeline.settle_posts(
        bench.database, "tin-sang-1", "wall", "", Verdict.OUT, Receipt(remote_id="7"), "Lan", NOW
    )
    assert [row.variant for row in found] == ["a1"]


async def test_a_post_without_an_id_is_never_changed_until_staff_have_given_it(bench: Bench) -> None:
    """To delete the post with the empty id may delete anything."""
    owe(bench, post("a1"))
    network = Editing(name="wall", wall={"": "all of the wall", "7": "text a1"}, answers={"a1": [Uncertain("504")]})
    await bench.run(network)
    settle(bench, Receipt())
    for number, action in enumerate((RenditionAction.EDIT, RenditionAction.DELETE), 2):
        correct(bench, number, action, "two")
        await bench.run(network, after=timedelta(minutes=5))
    assert network.wall == {"": "all of the wall", "7": "text a1"}
    assert "nobody knows the id" in row_of(bench, "tin-sang-2").reply
    settle(bench, Receipt(remote_id="7"))
    correct(bench, 4, RenditionAction.DELETE, "two")
    await bench.run(network, after=timedelta(minutes=5))
    assert network.wall == {"": "all of the wall"}


def settle(bench: Bench, receipt: Receipt) -> None:
    pipeline.settle_posts(bench.database, "tin-sang-1", "wall", "", Verdict.OUT, receipt, "Lan", bench.clock.now)


async def test_what_follows_a_post_without_an_id_waits_until_it_is_given(bench: Bench) -> None:
    thread(bench)
    network = Network(name="wall", answers={"a1": [Uncertain("504")]})
    await bench.run(network)
    settle(bench, Receipt())
    await bench.run(network, after=timedelta(minutes=10))
    assert list(network.wall.values()) == ["text b"]
    settle(bench, Receipt(remote_id="x7"))
    await bench.run(network, after=timedelta(minutes=10))
    assert list(network.wall.values()) == ["text b", "text a1-2", "text a1-3"]
    assert list(network.parents.values())[1] == "x7"


@pytest.mark.parametrize("wrong", [None, {"id": 7}, Receipt(remote_id=7)])  # type: ignore[arg-type]
async def test_an_adapter_that_returns_no_receipt_stops_nobody(bench: Bench, wrong: Any) -> None:
    owe(bench, post("a1"), post("a2"))

    class Careless(Network):
        async def publish(self, content: Content, attempt: Attempt) -> Receipt:
            return wrong if content.variant == "a1" else await super().publish(content, attempt)

    network = Careless(name="wall")
    await bench.run(network)
    assert list(network.wall.values()) == ["text a2"]
    with bench.database.read() as connection:
        states = {row.variant: (row.state, row.reply) for row in list_deliveries(connection, edition="tin-sang-1")}
    assert states["a1"][0] is S.UNCERTAIN
    assert "publish returned" in states["a1"][1]


async def test_an_adapter_that_names_no_time_as_a_time_stops_nobody(bench: Bench) -> None:
    owe(bench, post("a1"))
    wrong = Unavailable("429", retry_at=2.5)  # type: ignore[arg-type]
    await bench.run(Network(name="wall", answers={"a1": [wrong]}))
    assert row_of(bench, "tin-sang-1").state is S.DEFERRED
