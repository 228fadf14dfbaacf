"""Zalo: one article per article, whatever goes wrong on the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from distributor.attempt import MemoryState
from distributor.delivery.attempts import replace_state
from distributor.errors import Unavailable, Uncertain
from distributor.http_client import HttpClient
from distributor.model import DeliveryState, Image, Receipt
from support.builders import NOW, edition
from support.fake_zalo import FakeZalo
from support.ledger import freeze, states
from support.posting_on_zalo import TROUBLES, DyingSteps, Row, attempt_at, channel, compose
from support.scripted_channels import Bench
from support.social_networks import FakeContext

# -- cut at every point ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("name", ["token", "create", "verify", "find"])
async def test_a_cut_at_any_request_leads_to_one_article_and_no_token_spent_twice(
    zalo: FakeZalo, context: FakeContext, name: str, trouble: str, nth: int
) -> None:
    zalo.polls = 2
    post = compose(zalo, context)
    row = Row(zalo, channel(zalo), post, MemoryState(zalo.state()))
    zalo.now += timedelta(hours=24, minutes=30)  # the token is renewed on the way
    zalo.trouble[name] = [*("" for _ in range(nth - 1)), trouble]
    receipt = await row.deliver()
    assert [one["id"] for one in zalo.wall] == [receipt.remote_id]
    assert zalo.created == 1
    assert len(set(zalo.spent)) == len(zalo.spent)


@pytest.mark.parametrize("polls", [0, 2])
@pytest.mark.parametrize("lives", range(1, 12))
async def test_a_death_between_any_two_steps_leads_to_one_article(
    zalo: FakeZalo, context: FakeContext, lives: int, polls: int
) -> None:
    zalo.polls, zalo.pictures["https://bacson.example/anh/a.jpg"] = polls, 0
    post = compose(zalo, context, image=Image(url="https://bacson.example/anh/a.jpg"))
    row = Row(zalo, channel(zalo), post, MemoryState(zalo.state()), DyingSteps(lives=lives))
    await row.deliver()
    assert len(zalo.wall) == 1 and zalo.created == 2  # the first had a picture that cannot be used


async def test_an_article_that_appears_late_is_waited_for(zalo: FakeZalo, context: FakeContext) -> None:
    """Zalo still works on it when it is looked for: to create another one would make two."""
    zalo.polls, zalo.works_for, zalo.trouble["create"] = 1000, timedelta(minutes=29), ["cut after"]
    row = Row(zalo, channel(zalo), compose(zalo, context), MemoryState(zalo.state()))
    with pytest.raises(Uncertain):
        await row._alone(row._act)
    for _ in range(3):
        zalo.now += timedelta(minutes=9)
        with pytest.raises(Unavailable, match="may still appear"):
            await row._alone(row.posts.find)
        with pytest.raises(Unavailable, match="may still appear"):
            await row._alone(row._act)
    zalo.now += timedelta(minutes=2)
    found = await row._alone(row.posts.find)
    assert found and found.remote_id == zalo.wall[0]["id"]
    assert (await row.deliver()).remote_id == found.remote_id
    assert len(zalo.wall) == zalo.created == 1


async def test_silence_is_no_answer(zalo: FakeZalo, context: FakeContext) -> None:
    zalo.trouble["create"] = ["silent"]
    http = HttpClient(allow_private=True, timeout=0.2)
    with pytest.raises(Uncertain, match="took too long"):
        await channel(zalo).publish(
            compose(zalo, context), attempt_at(zalo, channel(zalo), MemoryState(zalo.state()), http=http)
        )


async def test_a_job_that_zalo_has_forgotten_leaves_doubt_and_is_looked_for(
    zalo: FakeZalo, context: FakeContext
) -> None:
    zalo.polls = 3
    row = Row(zalo, channel(zalo), compose(zalo, context), MemoryState(zalo.state()))
    with pytest.raises(Unavailable):
        await row._alone(row._act)
    zalo.now += zalo.works_for
    zalo.finish_jobs()
    zalo.jobs.clear()
    with pytest.raises(Uncertain, match="does not know"):
        await row._alone(row._act)
    assert (await row._alone(row.posts.find)) == Receipt(
        remote_id=zalo.wall[0]["id"], url=zalo.wall[0]["link_view"], reply="posted"
    )


@pytest.mark.parametrize("trouble", ["", "cut after", "502 after"])
async def test_with_the_store_all_articles_of_an_edition_come_out_once(
    zalo: FakeZalo, context: FakeContext, bench: Bench, trouble: str
) -> None:
    """Deferred while Zalo works on them, each by its own steps; the tokens are renewed once, and the pair is kept."""
    zalo.polls, zalo.trouble["create"] = 2, [trouble]
    posts, made = channel(zalo), edition(count=3)
    with bench.database.write() as connection:
        replace_state(connection, posts.name, zalo.state())
    zalo.now = bench.clock.now = NOW + timedelta(hours=24, minutes=5)
    made = replace(made, frozen_at=zalo.now, expires_at=zalo.now + timedelta(hours=24))
    freeze(bench.database, made, posts.renditions(made, context))
    for _ in range(60):
        zalo.now = bench.clock.now
        await bench.run(posts)
        if states(bench.database) == {DeliveryState.SENT: 3}:
            break
        bench.clock.now += timedelta(minutes=1)
    assert states(bench.database) == {DeliveryState.SENT: 3}, bench.rows()
    assert sorted(one["title"] for one in zalo.wall) == ["Tin a0", "Tin a1", "Tin a2"]
    assert zalo.created == 3 and len(zalo.spent) == 1


# -- looking -----------------------------------------------------------------------------------------------------------


async def test_looking_finds_our_own_article_and_no_other(zalo: FakeZalo, context: FakeContext) -> None:
    posts, state, post = channel(zalo), MemoryState(zalo.state()), compose(zalo, context)
    assert await posts.find(post, attempt_at(zalo, posts, state)) is None
    zalo.now -= timedelta(days=1)
    await posts.publish(post, attempt_at(zalo, posts, state))  # by yesterday's edition
    zalo.now += timedelta(days=1)
    zalo.post_by_hand(post.title)
    assert await posts.find(post, attempt_at(zalo, posts, state)) is None
    receipt = await posts.publish(post, attempt_at(zalo, posts, state))
    for number in range(30):
        zalo.post_by_hand(f"Bài {number}")
    assert await posts.find(post, attempt_at(zalo, posts, state)) == receipt
    assert await posts.find(replace(post, title="Tin a1"), attempt_at(zalo, posts, state)) is None
