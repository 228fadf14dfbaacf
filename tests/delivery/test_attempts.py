"""What an attempt has at hand lies in the store: steps of one delivery, and the state of a channel."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Self

import pytest
import sqlalchemy as sa

from distributor.attempt import ChannelState, MemoryState, MemorySteps, StepStore, outside_attempt
from distributor.delivery import attempts
from distributor.delivery.attempts import StoredState, StoredSteps, forget_state, read_state, replace_state
from distributor.delivery.lease import new_owner
from distributor.errors import Unavailable, Uncertain
from distributor.http_client import HttpClient
from distributor.storage.database import Database
from distributor.storage.tables import channel_memory, deliveries, delivery_steps
from support.builders import edition, rendition
from support.ledger import freeze

Kept = Mapping[str, Any]


@pytest.fixture(params=["in the store", "in memory"])
def steps(request: pytest.FixtureRequest, store: Database) -> StepStore:
    if request.param == "in memory":
        return MemorySteps()
    freeze(store, edition(), [rendition("wall", "a1")])
    with store.read() as connection:
        (row,) = connection.execute(sa.select(deliveries.c.id)).scalars()
    return StoredSteps(store, row)


@pytest.fixture(params=["in the store", "in memory"])
def state(request: pytest.FixtureRequest, store: Database) -> ChannelState:
    return MemoryState() if request.param == "in memory" else StoredState(store, "wall", HttpClient())


class Far:
    """Counts what was asked of it, and answers what it is told to."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.asked = list(answers), 0

    async def __call__(self) -> Any:
        self.asked += 1
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer


# -- steps -------------------------------------------------------------------------------------------------------------


async def test_a_step_that_is_done_is_not_done_again(steps: StepStore) -> None:
    far = Far({"id": "Ế", "parts": [1, 2]}, "never")
    for _ in range(3):
        assert await outside_attempt(HttpClient(), steps=steps).once("upload", far) == {"id": "Ế", "parts": [1, 2]}
    assert far.asked == 1


async def test_a_step_without_a_result_is_done_too(steps: StepStore) -> None:
    far = Far(None, "never")
    for _ in range(2):
        assert await outside_attempt(HttpClient(), steps=steps).once("upload", far) is True
    assert far.asked == 1


async def test_a_step_that_was_surely_not_done_is_tried_again(steps: StepStore) -> None:
    far = Far(Unavailable("503"), "id")
    attempt = outside_attempt(HttpClient(), steps=steps)
    with pytest.raises(Unavailable):
        await attempt.once("upload", far)
    assert await attempt.once("upload", far) == "id"


@pytest.mark.parametrize("end", [Uncertain("504"), asyncio.CancelledError(), KeyError("a fault of the adapter")])
async def test_a_step_of_which_nobody_knows_is_looked_at_first(steps: StepStore, end: BaseException) -> None:
    far, look = Far(end, "never"), Far("found")
    attempt = outside_attempt(HttpClient(), steps=steps)
    with pytest.raises(type(end)):
        await attempt.once("upload", far)
    with pytest.raises(Uncertain, match="nobody knows"):
        await attempt.once("upload", far)
    assert await attempt.once("upload", far, again=look) == "found"
    assert await attempt.once("upload", far) == "found"
    assert (far.asked, look.asked) == (1, 1)


async def test_a_look_that_fails_says_nothing_of_the_step(steps: StepStore) -> None:
    """Otherwise it would be done twice after a network that was away when it was looked for."""
    far, look = Far(Uncertain("504"), "never"), Far(Unavailable("503"), "found")
    attempt = outside_attempt(HttpClient(), steps=steps)
    for expected in (Uncertain, Unavailable):
        with pytest.raises(expected):
            await attempt.once("upload", far, again=look)
    assert await attempt.once("upload", far, again=look) == "found"
    assert far.asked == 1


async def test_what_was_only_begun_is_forgotten_once_the_channel_has_looked(store: Database) -> None:
    freeze(store, edition(), [rendition("wall", "a1")])
    with store.read() as connection:
        steps = StoredSteps(store, connection.execute(sa.select(deliveries.c.id)).scalar_one())
    assert not await steps.any()
    await steps.begin("upload")
    await steps.finish("upload", "id")
    await steps.begin("publish")
    assert await steps.any()
    await steps.forget_unfinished()
    assert await steps.read("upload") == (True, "id")
    assert await steps.read("publish") == (False, None)


def test_steps_go_with_their_delivery(store: Database) -> None:
    """Its number may be given again."""
    freeze(store, edition(), [rendition("wall", "a1")])
    with store.write() as connection:
        id = connection.execute(sa.select(deliveries.c.id)).scalar_one()
        connection.execute(sa.insert(delivery_steps).values(delivery_id=id, name="x", begun_at=datetime.now(UTC)))
        connection.execute(sa.delete(deliveries))
        assert connection.execute(sa.select(delivery_steps)).all() == []


# -- state -------------------------------------------------------------------------------------------------------------


def counting(renewals: list[bool], pause: float = 0.05) -> Any:
    """A login that takes a while, and counts itself."""

    async def renew(known: Kept, interrupted: bool) -> Kept:
        renewals.append(interrupted)
        await asyncio.sleep(pause)
        return {"token": f"t{len(renewals)}"}

    return renew


async def test_whoever_comes_at_the_same_time_gets_what_the_first_has_made(state: ChannelState) -> None:
    renewals: list[bool] = []
    made = await asyncio.gather(*(state.renew({}, counting(renewals)) for _ in range(5)))
    assert renewals == [False]
    assert made == [{"token": "t1"}] * 5
    assert await state.read() == {"token": "t1"}


async def test_who_has_seen_an_older_state_gets_the_present_one(state: ChannelState) -> None:
    renewals: list[bool] = []
    first = await state.renew({}, counting(renewals))
    second = await state.renew(first, counting(renewals))
    assert await state.renew(first, counting(renewals)) == second == {"token": "t2"}
    assert len(renewals) == 2


@pytest.mark.parametrize("end", [Uncertain("504"), asyncio.CancelledError(), KeyError("a fault of the adapter")])
async def test_the_next_renewal_hears_of_one_that_did_not_end(state: ChannelState, end: BaseException) -> None:
    """A token that is used once may be spent. It stays so until one has ended well."""

    async def dies(known: Kept, interrupted: bool) -> Kept:
        raise end

    async def refused(known: Kept, interrupted: bool) -> Kept:
        assert interrupted
        raise Unavailable("503")

    with pytest.raises(type(end)):
        await state.renew({}, dies)
    with pytest.raises(Unavailable):
        await state.renew({}, refused)
    renewals: list[bool] = []
    made = await state.renew({}, counting(renewals))
    await state.renew(made, counting(renewals))
    assert renewals == [True, False]


async def test_a_renewal_that_was_refused_leaves_everything_as_it_was(state: ChannelState) -> None:
    async def refused(known: Kept, interrupted: bool) -> Kept:
        raise Unavailable("503")

    renewals: list[bool] = []
    with pytest.raises(Unavailable):
        await state.renew({}, refused)
    await state.renew({}, counting(renewals))
    assert renewals == [False]


async def test_a_process_that_died_in_a_renewal_is_waited_for_only_so_long(
    store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed, it could let go of nothing: its lock runs out."""
    monkeypatch.setattr(attempts, "RENEWAL", timedelta(seconds=0.5))
    with store.write() as connection:
        assert attempts._take(connection, "wall", {}, "the dead") == (True, {}, False)
    renewals: list[bool] = []
    state = StoredState(store, "wall", HttpClient())
    assert await asyncio.wait_for(state.renew({}, counting(renewals)), 10) == {"token": "t1"}
    assert renewals == [True]


async def test_a_process_of_this_machine_that_died_in_a_renewal_is_not_waited_for(store: Database) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    owner = new_owner().replace(f"/{os.getpid()}/", f"/{gone.pid}/")
    with store.write() as connection:
        attempts._take(connection, "wall", {}, owner)
    renewals: list[bool] = []
    state = StoredState(store, "wall", HttpClient())
    assert await asyncio.wait_for(state.renew({}, counting(renewals)), 5) == {"token": "t1"}
    assert renewals == [True]


async def test_a_renewal_whose_lock_ran_out_does_not_overwrite_the_later_one(
    store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "RENEWAL", timedelta(seconds=0.1))
    state, renewals = StoredState(store, "wall", HttpClient()), list[bool]()
    slow = asyncio.create_task(state.renew({}, counting([], pause=1.5)))
    await asyncio.sleep(0.3)
    monkeypatch.setattr(attempts, "RENEWAL", timedelta(minutes=3))
    made = await state.renew({}, counting(renewals))
    with pytest.raises(Uncertain, match="somebody else"):
        await slow
    assert await state.read() == made
    with store.read() as connection:
        row = connection.execute(sa.select(channel_memory)).one()
    assert (row.owner, row.begun) == ("", False)


async def test_two_hosts_whose_clocks_differ_do_not_renew_at_the_same_time(
    store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock of the host that is ahead holds longer than any that the other would take."""
    ahead = timedelta(seconds=2)

    class Clock(datetime):
        @classmethod
        def now(cls, zone: tzinfo | None = None) -> Self:
            return super().now(zone) + ahead

    monkeypatch.setattr(attempts, "datetime", Clock)
    state, renewals = StoredState(store, "wall", HttpClient()), list[bool]()
    first = asyncio.create_task(state.renew({}, counting(renewals, pause=1)))
    await asyncio.sleep(0.3)
    ahead = timedelta()
    second = await StoredState(store, "wall", HttpClient()).renew({}, counting(renewals))
    assert renewals == [False]
    assert second == await first


async def test_what_a_channel_remembers_shows_in_no_message(store: Database) -> None:
    with store.write() as connection:
        replace_state(connection, "wall", {"access": "s3cret-token", "list": [{"refresh": "0ther-token"}], "n": 7})
    http = HttpClient()
    await StoredState(store, "wall", http).read()
    assert http.redact("400: s3cret-token and 0ther-token") == "400: *** and ***"


def test_staff_can_log_in_anew_and_forget(store: Database) -> None:
    with store.write() as connection:
        replace_state(connection, "wall", {"token": "one"})
        replace_state(connection, "wall", {"token": "two"})
        assert read_state(connection, "wall") == {"token": "two"}
        assert read_state(connection, "other") == {}
        assert forget_state(connection, "wall")
        assert not forget_state(connection, "wall")
        assert read_state(connection, "wall") == {}
