"""Several processes and people on one store at the same time: nobody undoes, repeats or waits for what he need not."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from distributor import pipeline
from distributor.bounces import suppressions as bounce_suppressions
from distributor.channel import Attempt, Channel, Content
from distributor.delivery.enqueue import enqueue_deliveries
from distributor.delivery.ledger import Ledger
from distributor.editions import repository as edition_repository
from distributor.errors import Rejected, StoreBusy, StoreError, Unavailable
from distributor.gather_loop import GatherLoop
from distributor.model import BounceType, DeliveryState, Receipt, Suppression
from distributor.pipeline import deliver as pipeline_deliver
from distributor.pipeline import reviewers
from distributor.rendering.context import RenderContext
from distributor.storage.database import Database
from distributor.storage.tables import shards, suppressions
from distributor.workers import FaultLog
from support.builders import NOW, edition, rendition
from support.clocked_newsroom import Line
from support.ledger import freeze, mark, states
from support.scripted_channels import Bench, Post, RepeatableWall, Wall, letters, posts
from support.withdrawal import withdraw

S = DeliveryState


def standing_feed(line: Line) -> str:
    file = line.folder / "feeds" / "rss.xml"
    return file.read_text(encoding="utf-8") if file.exists() else ""


# -- cancelled, overtaken ----------------------------------------------------------------------------------------------


def cancelled_while_its_sender_died(bench: Bench, channel: str) -> None:
    """The row may be out, and nobody is there to say so."""
    dead = Ledger(bench.database, owner="elsewhere/1/x")
    shard = dead.claim(channel, NOW)
    assert shard
    (row,) = dead.due(shard, NOW)
    assert mark(dead, shard, row, NOW)
    pipeline.cancel(bench.database, "tin-sang-1", "Lan", NOW, "")


@pytest.mark.parametrize("wall", [Wall(name="wall"), RepeatableWall(name="wall")], ids=["a post", "a feed"])
async def test_what_may_be_out_of_a_cancelled_edition_stays_in_doubt_and_is_not_sent(bench: Bench, wall: Wall) -> None:
    posts(bench, "a1")
    cancelled_while_its_sender_died(bench, "wall")
    await bench.run(wall, after=timedelta(minutes=2))
    await bench.run(wall, after=timedelta(minutes=2))
    assert wall.pinned == []
    assert states(bench.database) == {S.UNCERTAIN: 1}


async def test_a_letter_that_may_be_out_of_a_cancelled_edition_is_not_sent_again(bench: Bench) -> None:
    letters(bench, 1)
    cancelled_while_its_sender_died(bench, "mail")
    post = Post(name="mail")
    await bench.run(post, after=timedelta(minutes=2))
    await bench.run(post, after=timedelta(minutes=2))
    assert post.carried == []
    assert states(bench.database) == {S.UNCERTAIN: 1}


async def test_a_post_that_is_cancelled_on_the_wire_is_closed_and_asked_for_no_more(bench: Bench) -> None:
    posts(bench, "a1")

    class Cancelling(Wall):
        async def publish(self, content: Content, attempt: Attempt) -> Receipt:
            self.pinned.append(content.variant)
            pipeline.cancel(bench.database, "tin-sang-1", "Lan", NOW, "")
            raise Unavailable("503", retry_at=NOW)

    wall = Cancelling(name="wall")
    await asyncio.wait_for(bench.run(wall), 20)
    await asyncio.wait_for(bench.run(wall, after=timedelta(hours=2)), 20)  # the answer has put the channel to rest
    assert wall.pinned == ["a1"]
    assert states(bench.database) == {S.EXPIRED: 1}


def test_what_was_cancelled_rests_whatever_it_was_doing(bench: Bench) -> None:
    """A draft, and an edition that was paused: no run finds anything of them to do."""
    freeze(bench.database, edition(), [rendition("wall", "a1")])
    pipeline.pause(bench.database, "tin-sang-1", "Lan", NOW, "")
    pipeline.cancel(bench.database, "tin-sang-1", "Lan", NOW, "")
    with bench.database.write() as connection:
        made = edition(2, frozen_at=NOW)
        edition_repository.save(
            connection, made, [rendition("wall", "a1", edition=made.id)], "test", due=NOW + timedelta(hours=1)
        )
        enqueue_deliveries(connection, made, [rendition("wall", "a1", edition=made.id)], None, frozenset())
    pipeline.cancel(bench.database, "tin-sang-2", "Lan", NOW, "")
    with bench.database.read() as connection:
        assert connection.execute(sa.select(shards.c.shard).where(shards.c.due.is_not(None))).all() == []


class Feed(Wall):
    latest_only = True


async def test_an_older_feed_that_failed_on_the_wire_does_not_come_after_the_newer_one(bench: Bench) -> None:
    freeze(bench.database, edition(), [rendition("wall", "rss")])

    class Slow(Feed):
        async def publish(self, content: Content, attempt: Attempt) -> Receipt:
            if not self.pinned:
                newer = edition(2, frozen_at=NOW + timedelta(seconds=30))
                freeze(bench.database, newer, [rendition("wall", "rss", edition=newer.id)], frozenset({"wall"}))
            self.pinned.append(attempt.edition)
            if attempt.edition == "tin-sang-1":
                raise Unavailable("503")
            return Receipt()

    feed = Slow(name="wall")
    for _ in range(3):
        await bench.run(feed, after=timedelta(minutes=2))
    assert feed.pinned == ["tin-sang-1", "tin-sang-2"]
    assert states(bench.database) == {S.EXPIRED: 1, S.SENT: 1}


# -- a store that others hold ------------------------------------------------------------------------------------------


class Held:
    """A store that another process holds from a moment on, for longer than anybody waits."""

    def __init__(self, database: Database) -> None:
        self.other = Database.open(database.name, Path("/"))
        self.writing = self.other.write()
        self.begun = False

    def take(self, *_: object) -> None:
        if not self.begun:
            self.begun = True
            connection = self.writing.__enter__()
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("LOCK TABLE deliveries IN EXCLUSIVE MODE")

    def free(self) -> None:
        self.writing.__exit__(None, None, None)
        self.other.close()


@pytest.fixture
def impatient(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """Who waits for the store gives up soon."""
    monkeypatch.setattr("distributor.storage.engines._LOCK_TIMEOUT", 100)
    for module in ("message_worker", "post_worker"):
        monkeypatch.setattr(f"distributor.delivery.{module}.FLUSH_TIMEOUT", 0.2)
    bench.database = Database.open(bench.database.name, Path("/"))
    yield bench
    bench.database.close()


async def test_a_post_that_went_out_while_the_store_was_held_is_known_to_be_out(impatient: Bench) -> None:
    posts(impatient, "a1")
    held = Held(impatient.database)

    class Taking(Wall):
        async def publish(self, content: Content, attempt: Attempt) -> Receipt:
            held.take()
            return await super().publish(content, attempt)

    wall = Taking(name="wall")
    dispatcher = impatient.dispatcher(wall)
    with pytest.raises(StoreError, match="locked by another process"):
        await dispatcher.run()
    held.free()
    await dispatcher.run()
    dispatcher.close()
    assert wall.pinned == ["a1"]
    assert states(impatient.database) == {S.SENT: 1}


async def test_a_pause_that_found_the_store_held_is_tried_again_and_the_round_ends_well(impatient: Bench) -> None:
    letters(impatient, 60)
    refused = Rejected("no", reply="550 5.7.26 unauthenticated", recipient=True)
    held, seen = Held(impatient.database), Counter[str]()

    def before(person: str) -> None:
        seen[person] += 1
        if seen.total() == 15:
            held.take()

    post = Post(name="mail", fates={f"s{number:04}": refused for number in range(60)}, before=before)
    dispatcher = impatient.dispatcher(post)
    with pytest.raises(StoreError, match="locked by another process"):
        await dispatcher.run()
    held.free()
    await dispatcher.run()
    dispatcher.close()
    assert states(impatient.database)[S.REJECTED] == len(seen)
    assert set(seen.values()) == {1}


def test_a_transaction_that_was_ended_because_two_waited_for_each_other_is_tried_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    posts(bench, "a1")
    worker = Ledger(bench.database)
    shard = worker.claim("wall", NOW)
    assert shard
    (row,) = worker.due(shard, NOW)
    post, ended = Ledger._post, [1]

    def deadlock_at_first(*given: Any) -> Any:
        if ended:
            ended.pop()
            raise StoreBusy("waited for each other")
        return post(*given)

    monkeypatch.setattr(Ledger, "_post", deadlock_at_first)
    assert mark(worker, shard, row, NOW)


def test_two_that_wait_for_each_other_are_told_from_a_store_that_fails(postgresql_url: Callable[[], str]) -> None:
    url = postgresql_url()
    one, other = Database.open(url, Path("/")), Database.open(url, Path("/"))
    one.migrate()
    with one.write() as connection:
        for address in ("a@x.example", "b@x.example"):
            bounce_suppressions.suppress(
                connection, Suppression(address=address, type=BounceType.STAFF, reason="x", since=NOW)
            )
    told, both = [], threading.Barrier(2)

    def change(database: Database, *keys: str) -> None:
        try:
            with database.write(alone=False) as connection:
                for key in keys:
                    here = suppressions.c.address_key == key
                    connection.execute(sa.update(suppressions).where(here).values(reason="y"))
                    if key == keys[0]:
                        both.wait()
        except StoreError as error:
            told.append(error)

    second = threading.Thread(target=change, args=(other, "b@x.example", "a@x.example"))
    second.start()
    change(one, "a@x.example", "b@x.example")
    second.join()
    assert [type(error) for error in told] == [StoreBusy]
    one.close()
    other.close()


def test_a_list_of_suppressions_is_taken_in_as_if_row_by_row(database: Database) -> None:
    def row(address: str, tier: BounceType, reason: str) -> Suppression:
        return Suppression(address=address, type=tier, reason=reason, since=NOW)

    soft = Suppression(
        address="a@x.example", type=BounceType.SOFT, reason="full", since=NOW, until=NOW + timedelta(days=1)
    )
    rows = [
        row("b@x.example", BounceType.HARD, "gone"), row("B@x.example", BounceType.HARD, "gone too"),
        row("a@x.example", BounceType.COMPLAINT, "spam"), row("a@x.example", BounceType.HARD, "weaker"),
        row("c@x.example", BounceType.SOFT, "full"), row("c@x.example", BounceType.HARD, "stronger"),
    ]  # fmt: skip
    with database.write() as connection:
        bounce_suppressions.suppress(connection, soft)
        assert bounce_suppressions.suppress_all(connection, rows) == [True, False, True, False, True, True]
        standing = {one.address: one.reason for one in bounce_suppressions.list_latest(connection)}
        assert standing == {"a@x.example": "spam", "b@x.example": "gone", "c@x.example": "stronger"}
        assert bounce_suppressions.suppress_all(connection, rows) == [False] * 6


# -- services beside each other ----------------------------------------------------------------------------------------


def test_the_wire_does_not_wait_while_gathering_waits_for_the_store(line: Line) -> None:
    """The loop goes on: leases are kept, and letters in hand come to their end."""
    other = Database.open(line.store.name, Path("/"))
    turns = 0

    async def beside() -> None:
        nonlocal turns

        async def wire() -> None:
            nonlocal turns
            while True:
                await asyncio.sleep(0.01)
                turns += 1

        ticking = asyncio.create_task(wire())
        with other.write():
            gathering = asyncio.create_task(pipeline.gather_sources(line.newsroom, line.store, line.clock))
            await asyncio.sleep(0.5)
            assert not gathering.done()
        await gathering
        ticking.cancel()

    asyncio.run(beside())
    other.close()
    assert turns > 20


def test_two_services_tell_a_reviewer_once(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    line.configure("review: {before: 30m, reviewers: [lan@bacson.example]}")
    line.arrives("a")
    line.at("06:30")
    line.answer()
    write, written = reviewers._send_email, []

    async def slowly(*given: Any) -> None:
        written.append(given)
        await asyncio.sleep(0.2)
        await write(*given)

    monkeypatch.setattr(reviewers, "_send_email", slowly)

    async def both() -> None:
        await asyncio.gather(*(pipeline.notify_reviewers(line.newsroom, line.store, line.clock) for _ in range(2)))

    asyncio.run(both())
    assert len(written) == 1
    line.now += timedelta(hours=1)
    asyncio.run(both())
    assert len(written) == 1


def test_a_reviewer_whom_a_dead_process_was_about_to_tell_is_told_by_the_next(line: Line) -> None:
    line.configure("review: {before: 30m, reviewers: [lan@bacson.example]}")
    line.arrives("a")
    line.at("06:30")
    line.answer()
    with line.store.write() as connection:
        assert reviewers._claim(connection, "tin-sang-1", "lan@bacson.example", line.now)
    asyncio.run(pipeline.notify_reviewers(line.newsroom, line.store, line.clock))
    assert line.mailbox("lan") == []
    line.now += timedelta(minutes=3)
    asyncio.run(pipeline.notify_reviewers(line.newsroom, line.store, line.clock))
    assert len(line.mailbox("lan")) == 1


def test_a_refresh_that_began_before_a_withdrawal_does_not_show_the_article_again(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = line.arrives("a")
    line.day()
    show = pipeline_deliver._refresh_channel
    withdrawn: list[str] = []

    async def withdrawn_meanwhile(channel: Channel, context: RenderContext, store: Database) -> list[str]:
        if not withdrawn and channel.name == "feeds":
            withdrawn.append(first)
            withdraw(line, first)
            await pipeline.refresh_feeds(line.newsroom, line.store, lambda: datetime.now(UTC))
            assert "Tóm tắt của tin a" not in standing_feed(line)
        return await show(channel, context, store)

    monkeypatch.setattr(pipeline_deliver, "_refresh_channel", withdrawn_meanwhile)
    asyncio.run(pipeline.refresh_feeds(line.newsroom, line.store, lambda: datetime.now(UTC)))
    assert withdrawn and "Tóm tắt của tin a" not in standing_feed(line)


def test_what_a_killed_service_took_in_is_in_the_feeds_after_the_next_start(line: Line) -> None:
    line.arrives("a")  # and then the process was killed

    async def start() -> None:
        gathering = GatherLoop(line.newsroom, line.store, line.clock, FaultLog())
        gathering.start_due(line.clock())
        await gathering.wait(asyncio.Event(), 60)

    asyncio.run(start())
    assert "Tin a" in standing_feed(line)
