"""The worker of posts: corrections and withdrawals of what is out, and of what may be."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from distributor import pipeline
from distributor.articles.flags import ArticleFlag
from distributor.channel import Attempt, Content, Post
from distributor.delivery import post_worker
from distributor.delivery.control import close_deliveries, close_post, hasten_posts
from distributor.delivery.queries import list_deliveries
from distributor.delivery.settle import Verdict
from distributor.errors import AuthBroken, Rejected, Unavailable, Uncertain
from distributor.model import DeliveryState, Receipt, Rendition, RenditionAction
from support.builders import NOW, edition
from support.ledger import freeze
from support.scripted_channels import Bench
from support.scripted_networks import Editing, Network, Replacing, Replying, correct, owe, post

S = DeliveryState


# -- corrections -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("network", "action", "shown"),
    [
        (Editing(name="wall"), RenditionAction.EDIT, [["two"], ["three"]]),
        (Replacing(name="wall"), RenditionAction.REPLACE, [["two"], ["three"]]),
        (Replying(name="wall"), RenditionAction.REPLY, [["text a1", "two"], ["text a1", "two", "three"]]),
    ],
)
async def test_corrected_twice_and_withdrawn_the_wall_shows_what_it_should(
    bench: Bench, network: Network, action: RenditionAction, shown: list[list[str]]
) -> None:
    owe(bench, post("a1"))
    await bench.run(network)
    for number, (text, wall) in enumerate(zip(("two", "three"), shown, strict=True), 2):
        correct(bench, number, action, text)
        await bench.run(network, after=timedelta(minutes=5))
        assert list(network.wall.values()) == wall
        await bench.run(network, after=timedelta(minutes=5))
        assert list(network.wall.values()) == wall, "doing the same again does nothing"
    correct(bench, 4, RenditionAction.DELETE, "gone")
    await bench.run(network, after=timedelta(minutes=5))
    assert network.wall == {}


async def test_a_reply_answers_the_post_and_the_correction_before_it(bench: Bench) -> None:
    owe(bench, post("a1"), post("a1-2", "a1"))
    network = Replying(name="wall")
    await bench.run(network)
    correct(bench, 2, RenditionAction.REPLY, "two")
    correct(bench, 3, RenditionAction.REPLY, "three")
    await bench.run(network, after=timedelta(minutes=5))
    assert list(network.wall.values()) == ["text a1", "text a1-2", "three"]  # the second has overtaken the first
    correct(bench, 4, RenditionAction.REPLY, "four")
    await bench.run(network, after=timedelta(minutes=5))
    assert list(network.parents.values()) == ["", "n1", "n1", "n3"]


async def test_a_replacement_that_was_interrupted_deletes_once_and_posts_once(bench: Bench) -> None:
    owe(bench, post("a1"))
    network = Replacing(name="wall")
    await bench.run(network)
    correct(bench, 2, RenditionAction.REPLACE, "two")
    network.answers["a1"] = [Unavailable("503")]
    await bench.run(network, after=timedelta(minutes=5))
    assert network.wall == {}
    await bench.run(network, after=timedelta(minutes=5))
    assert list(network.wall.values()) == ["two"]


async def test_a_correction_of_a_post_that_is_gone_is_refused(bench: Bench) -> None:
    owe(bench, post("a1"))
    with bench.database.write() as connection:
        close_post(connection, "tin-sang-1", "wall", "a1", "given up", NOW)
    correct(bench, 2, RenditionAction.EDIT, "two")
    await bench.run(Editing(name="wall"), after=timedelta(minutes=5))
    with bench.database.read() as connection:
        (row,) = list_deliveries(connection, edition="tin-sang-2")
    assert row.state is S.REJECTED


async def test_staff_hear_of_a_post_that_its_network_refuses(bench: Bench) -> None:
    owe(bench, post("a1"), post("a2"))
    report = await bench.run(Network(name="wall", answers={"a1": [Rejected("400: no links here")]}))
    assert report.refused == 1
    assert report.notes == ["tin-sang-1: wall refuses a1: 400: no links here"]


async def test_who_has_mended_a_channel_need_not_wait_for_the_next_try(bench: Bench) -> None:
    owe(bench, post("a1"), post("a2"))
    network = Network(name="wall", answers={"a1": [AuthBroken("401")]})
    await bench.run(network)
    await bench.run(network, after=timedelta(minutes=1))
    assert network.asked == ["a1"]
    with bench.database.write() as connection:
        assert hasten_posts(connection, "wall", bench.clock.now) == 1
        assert hasten_posts(connection, "wall", bench.clock.now) == 0
    await bench.run(network, after=timedelta())
    assert network.asked == ["a1", "a1", "a2"]


# -- withdrawals -------------------------------------------------------------------------------------------------------


def withdraw(bench: Bench, *made: Rendition) -> None:
    """Delete posts of the first edition, decided a minute after it."""
    one = edition(2, frozen_at=NOW + timedelta(minutes=1))
    back = [replace(post, edition=one.id, action=RenditionAction.DELETE, target="tin-sang-1") for post in made]
    freeze(bench.database, one, [replace(post, target_variant=post.variant) for post in back])


def states_of(bench: Bench) -> list[tuple[str, str, S]]:
    with bench.database.read() as connection:
        rows = list_deliveries(connection)
    return sorted((row.edition, row.variant, row.state) for row in rows)


@dataclass(frozen=True, kw_only=True)
class Searching(Editing):
    """Looks for its posts; `hidden` are not found."""

    hidden: set[str] = field(default_factory=set)

    async def find(self, content: Content, attempt: Attempt) -> Receipt | None:
        assert isinstance(content, Post)
        there = [id for id, text in self.wall.items() if text == content.text and content.variant not in self.hidden]
        return Receipt(remote_id=there[0]) if there else None


async def test_a_withdrawal_deletes_a_whole_thread(bench: Bench) -> None:
    thread = [post("a1"), post("a2", follows="a1"), post("a3", follows="a2")]
    owe(bench, *thread)
    network = Editing(name="wall")
    await bench.run(network)
    withdraw(bench, *thread)
    await bench.run(network, after=timedelta(minutes=2))
    assert network.wall == {}


async def test_an_edit_of_an_answer_does_not_depend_on_that_of_the_post_before_it(bench: Bench) -> None:
    thread = [post("a1"), post("a2", follows="a1")]
    owe(bench, *thread)
    network = Editing(name="wall")
    await bench.run(network)
    one = edition(2, frozen_at=NOW + timedelta(minutes=1))
    made = replace(
        post("a2", follows="a1", text="new"), edition=one.id, action=RenditionAction.EDIT, target="tin-sang-1"
    )
    freeze(bench.database, one, [replace(made, target_variant="a2")])
    await bench.run(network, after=timedelta(minutes=2))
    assert list(network.wall.values()) == ["text a1", "new"]


@pytest.mark.parametrize("out", [True, False])
async def test_a_post_in_doubt_that_is_withdrawn_meanwhile_does_not_stay(bench: Bench, out: bool) -> None:
    """It used to be posted once more after it had been withdrawn, or to stay."""
    owe(bench, post("a1"))
    network = Searching(name="wall", answers={"a1": [Uncertain("504")]})
    await bench.run(network)
    if out:
        network.wall["late"] = "text a1"
    withdraw(bench, post("a1"))
    await bench.run(network)
    assert network.wall == ({"late": "text a1"} if out else {})
    for _ in range(2):
        await bench.run(network, after=timedelta(minutes=6))
    assert network.wall == {}
    assert network.asked == ["a1"]
    state = (S.SENT, S.SENT) if out else (S.EXPIRED, S.REJECTED)
    assert states_of(bench) == [("tin-sang-1", "a1", state[0]), ("tin-sang-2", "a1", state[1])]


async def test_a_post_that_was_begun_and_is_withdrawn_is_looked_for_before_it_is_given_up(bench: Bench) -> None:
    owe(bench, post("a1"))
    network = Searching(name="wall", answers={"a1": [Unavailable("still at it")]})
    await bench.run(network)
    withdraw(bench, post("a1"))
    network.wall["late"] = "text a1"
    for _ in range(4):
        await bench.run(network, after=timedelta(minutes=6))
    assert network.wall == {}
    assert states_of(bench) == [("tin-sang-1", "a1", S.SENT), ("tin-sang-2", "a1", S.SENT)]


async def test_a_withdrawal_waits_until_staff_have_said_what_became_of_the_post(bench: Bench) -> None:
    owe(bench, post("a1"))
    network = Editing(name="wall", answers={"a1": [Uncertain("504")]})
    await bench.run(network)
    network.wall["late"] = "text a1"
    withdraw(bench, post("a1"))
    for _ in range(2):
        await bench.run(network, after=timedelta(minutes=6))
    assert states_of(bench)[1] == ("tin-sang-2", "a1", S.DEFERRED)
    now = bench.clock.now
    pipeline.settle_posts(
        bench.database, "tin-sang-1", "wall", "a1", Verdict.OUT, Receipt(remote_id="late"), "Lan", now
    )
    await bench.run(network, after=timedelta(minutes=6))
    assert network.wall == {}


async def test_no_post_of_an_article_that_is_withdrawn_goes_out(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever its channel can: there is nothing here that would delete it."""
    owe(bench, post("a1"))
    flagged = {"a": {ArticleFlag.WITHDRAWN: None}}
    monkeypatch.setattr(post_worker, "flags_of_articles", lambda *_: flagged)
    await bench.run(network := Network(name="wall"))
    assert network.asked == []
    assert bench.rows()["a1"].reply == "withdrawn by staff"


@pytest.mark.parametrize(("begun", "state"), [(True, S.UNCERTAIN), (False, S.EXPIRED)])
async def test_what_was_begun_when_its_edition_is_cancelled_may_be_out(bench: Bench, begun: bool, state: S) -> None:
    owe(bench, post("a1"))
    if begun:
        await bench.run(Network(name="wall", answers={"a1": [Unavailable("still at it")]}))
    with bench.database.write() as connection:
        close_deliveries(connection, "tin-sang-1", "cancelled", NOW)
    assert bench.rows()["a1"].state is state
