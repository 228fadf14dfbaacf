"""Posts go out in the order of their edition, a thread stays one, limits hold over all workers, steps are not lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
import sqlalchemy as sa

from distributor import pipeline
from distributor.articles.flags import ArticleFlag
from distributor.channel import Attempt, Channel, ComposeContext, Content, Corrections, Post, PostLimits, Rate
from distributor.delivery import channel_state, post_worker
from distributor.delivery.control import close_deliveries, close_post, hasten_posts
from distributor.delivery.queries import list_deliveries
from distributor.delivery.settle import Verdict
from distributor.errors import AuthBroken, Rejected, Unavailable, Uncertain, UserError
from distributor.model import Delivery, DeliveryState, Edition, Receipt, Rendition, RenditionAction
from distributor.storage.tables import renditions
from support.builders import NOW, edition
from support.ledger import freeze
from support.scripted_channels import Bench

S = DeliveryState
EIGHT = [f"a{number}" for number in range(8, 0, -1)]  # not in the order of the alphabet


@dataclass(frozen=True, kw_only=True)
class Network(Channel):
    """A network with a wall. `answers` are errors by the variant of a post, each raised once; `asked` are its requests."""

    wall: dict[str, str] = field(default_factory=dict)  # text by id, in the order of posting
    parents: dict[str, str] = field(default_factory=dict)
    answers: dict[str, list[Exception]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    uploads: list[str] = field(default_factory=list)
    allowed: PostLimits = PostLimits()

    @property
    def limits(self) -> PostLimits:
        return self.allowed

    def compose(self, edition: Edition, context: ComposeContext) -> Sequence[Content]:
        raise AssertionError("delivering composes nothing")

    async def publish(self, content: Content, attempt: Attempt) -> Receipt:
        assert isinstance(content, Post)

        async def upload() -> str:
            self.uploads.append(content.variant)
            return f"picture of {content.variant}"

        await attempt.once("upload", upload)
        self.asked.append(content.variant)
        waiting = self.answers.get(content.variant)
        if waiting:
            raise waiting.pop(0)
        id = f"n{len(self.asked)}"
        self.wall[id] = content.text
        self.parents[id] = attempt.parent.remote_id if attempt.parent else ""
        return Receipt(remote_id=id)


@dataclass(frozen=True, kw_only=True)
class Editing(Network):
    corrections = Corrections.EDIT

    async def edit(self, receipt: Receipt, content: Content, attempt: Attempt) -> Receipt:
        assert isinstance(content, Post)
        assert receipt.remote_id in self.wall
        self.wall[receipt.remote_id] = content.text
        return receipt

    async def delete(self, receipt: Receipt, attempt: Attempt) -> None:
        self.wall.pop(receipt.remote_id, None)


@dataclass(frozen=True, kw_only=True)
class Looking(Network):
    """`found` are posts that are there, by variant; `away`: how often looking fails first."""

    found: dict[str, Receipt] = field(default_factory=dict)
    away: int = 0
    looks: list[str] = field(default_factory=list)

    async def find(self, content: Content, attempt: Attempt) -> Receipt | None:
        self.looks.append(content.variant)
        if len(self.looks) <= self.away:
            raise Unavailable("503")
        return self.found.get(content.variant)


class Replacing(Editing):
    corrections = Corrections.REPLACE


class Replying(Editing):
    corrections = Corrections.REPLY


def post(variant: str, follows: str = "", text: str = "", made: str = "tin-sang-1") -> Rendition:
    return Network(name="wall").freeze(
        Post(variant=variant, text=text or f"text {variant}", follows=follows, article="a"), made
    )


def owe(bench: Bench, *made: Rendition, at: datetime = NOW, number: int = 1) -> None:
    freeze(bench.database, edition(number, frozen_at=at), made)


def correct(bench: Bench, number: int, action: RenditionAction, text: str, target: str = "a1") -> None:
    """A correction of a post of the first edition, decided a minute after the last one."""
    one = edition(number, frozen_at=NOW + timedelta(minutes=number))
    made = post("a1", text=text, made=one.id)
    freeze(bench.database, one, [replace(made, action=action, target="tin-sang-1", target_variant=target)])


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


# -- what nobody knows -------------------------------------------------------------------------------------------------


def row_of(bench: Bench, made: str) -> Delivery:
    with bench.database.read() as connection:
        (row,) = list_deliveries(connection, edition=made)
    return row


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
