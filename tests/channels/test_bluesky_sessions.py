"""Bluesky: as few logins as possible, and no token spent twice."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from distributor.attempt import MemoryState
from distributor.errors import AuthBroken, Unavailable
from support.fake_bluesky import DID, FakeBluesky, Trouble, error
from support.posting_on_bluesky import POST, Delivery, channel


async def test_a_session_serves_all_posts(bluesky: FakeBluesky) -> None:
    state = MemoryState()
    for number in range(40):  # servers allow thirty logins in five minutes
        await Delivery(channel(bluesky), key=f"k{number}", state=state, image=None).publish()
    assert bluesky.requests.count("createSession") == 1
    assert len(bluesky.wall) == 40


async def test_an_expired_session_is_renewed_by_its_refresh_token_each_time(bluesky: FakeBluesky) -> None:
    state = MemoryState()
    for number in range(3):
        await Delivery(channel(bluesky), key=f"k{number}", state=state).publish()
        bluesky.now += timedelta(hours=3)
    assert bluesky.requests.count("createSession") == 1
    assert bluesky.requests.count("refreshSession") == 2
    assert set(bluesky.spent.values()) == {1}


async def test_a_session_that_cannot_be_renewed_is_made_anew(bluesky: FakeBluesky) -> None:
    delivery = Delivery(channel(bluesky))
    await delivery.channel.check(delivery.attempt())
    bluesky.now += timedelta(days=61)
    await delivery.publish()
    assert bluesky.requests.count("createSession") == 2


@pytest.mark.parametrize("trouble", [Trouble(done=True), Trouble(error(503, "NotEnoughResources"), done=True)])
async def test_a_refresh_token_that_may_be_spent_is_not_given_again(bluesky: FakeBluesky, trouble: Trouble) -> None:
    """Not even where the login that follows fails too."""
    delivery = Delivery(channel(bluesky))
    await delivery.channel.check(delivery.attempt())
    bluesky.now += timedelta(hours=3)
    bluesky.trouble["refreshSession"].append(trouble)
    bluesky.trouble["createSession"].append(Trouble(error(503, "NotEnoughResources")))
    assert type(await delivery.failure()) is Unavailable
    await delivery.publish()
    assert max(bluesky.spent.values()) == 1
    assert bluesky.requests.count("refreshSession") == 1


@pytest.mark.parametrize("begins", ["no session", "an expired session"])
async def test_attempts_at_the_same_time_log_in_once(bluesky: FakeBluesky, begins: str) -> None:
    state = MemoryState()
    if begins == "an expired session":
        first = Delivery(channel(bluesky), state=state)
        await first.channel.check(first.attempt())
        bluesky.now += timedelta(hours=3)
        bluesky.requests.clear()
    deliveries = [Delivery(channel(bluesky), key=f"k{number}", state=state) for number in range(4)]
    await asyncio.gather(
        *(delivery.publish(replace(POST, text=f"{number}")) for number, delivery in enumerate(deliveries))
    )
    assert sorted(bluesky.wall) == ["0", "1", "2", "3"]
    assert bluesky.requests.count("createSession") + bluesky.requests.count("refreshSession") == 1


async def test_other_settings_are_logged_in_with_anew(bluesky: FakeBluesky) -> None:
    state = MemoryState()
    await Delivery(channel(bluesky), state=state).publish()
    by_did = Delivery(channel(bluesky, account=DID), key="k2", state=state)
    await by_did.publish()
    assert bluesky.requests.count("createSession") == 2
    wrong = Delivery(channel(bluesky, app_password=SecretStr("wrong")), key="k3", state=state)
    assert type(await wrong.failure()) is AuthBroken


async def test_thirty_logins_are_enough_and_the_wait_is_named(bluesky: FakeBluesky) -> None:
    bluesky.used["logins"] = [(bluesky.now - timedelta(minutes=1), 30)]
    failure = await Delivery(channel(bluesky)).failure()
    assert isinstance(failure, Unavailable)
    assert failure.all_posts
    assert failure.retry_at
    left = failure.retry_at - datetime.now(UTC)
    assert timedelta(minutes=3, seconds=50) < left <= timedelta(minutes=4)
