"""Tokens: a refresh token is sent once, whoever dies on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from distributor.attempt import Attempt, MemoryState, MemorySteps
from distributor.errors import AuthBroken, Unavailable, Uncertain
from distributor.http_client import HttpClient
from distributor.kit.tokens import TokenRefused, Tokens, read_end, token_state
from support.builders import NOW

FRESH = {"access_token": "a-0", "refresh_token": "r-0", "expires_at": NOW.timestamp() + 90_000}
OLD = {**FRESH, "expires_at": NOW.timestamp() + 60}


@dataclass
class Network:
    """Takes the access tokens that it has given out, and each refresh token once."""

    good: set[str] = field(default_factory=lambda: {"a-0"})
    spent: list[str] = field(default_factory=list)
    used: list[str] = field(default_factory=list)
    fault: BaseException | None = None

    async def refresh(self, attempt: Attempt, token: str) -> Mapping[str, Any]:
        await asyncio.sleep(0)
        self.spent.append(token)
        if self.fault:
            raise self.fault
        number = len(self.spent)
        self.good = {f"a-{number}"}
        return token_state({"access_token": f"a-{number}", "refresh_token": f"r-{number}", "expires_in": "90000"}, NOW)

    async def use(self, token: str) -> str:
        self.used.append(token)
        if token not in self.good:
            raise TokenRefused("invalid")
        return token

    async def call(self, state: MemoryState) -> str:
        attempt = Attempt(
            now=NOW, number=1, key="", edition="", edition_at=NOW, http=HttpClient(), state=state, steps=MemorySteps()
        )
        return str(await Tokens(self.refresh, "log in").call(attempt, self.use))


async def test_a_good_token_is_used_as_it_is() -> None:
    network = Network()
    assert await network.call(MemoryState(FRESH)) == "a-0"
    assert not network.spent


async def test_a_token_that_ends_soon_is_renewed_before() -> None:
    network, state = Network(), MemoryState(OLD)
    assert await network.call(state) == "a-1"
    assert network.used == ["a-1"]
    assert state.values == {"access_token": "a-1", "refresh_token": "r-1", "expires_at": int(NOW.timestamp()) + 90_000}


async def test_a_refused_token_is_renewed_once_and_the_call_repeated_once() -> None:
    network = Network(good=set())
    assert await network.call(MemoryState(FRESH)) == "a-1"
    assert network.used == ["a-0", "a-1"]


async def test_a_new_token_that_is_refused_too_is_told() -> None:
    network = Network(good=set())

    async def refuse(token: str) -> str:
        raise TokenRefused("invalid")

    network.use = refuse  # type: ignore[method-assign]
    with pytest.raises(AuthBroken, match="invalid, though it is new: log in"):
        await network.call(MemoryState(FRESH))
    assert network.spent == ["r-0"]


async def test_two_at_once_renew_once() -> None:
    network, state = Network(), MemoryState(OLD)
    assert set(await asyncio.gather(network.call(state), network.call(state))) == {"a-1"}
    assert network.spent == ["r-0"]


async def test_without_a_login_staff_are_asked_for_one() -> None:
    with pytest.raises(AuthBroken, match="log in"):
        await Network().call(MemoryState())


async def test_a_renewal_without_an_answer_asks_for_a_login_and_is_not_repeated() -> None:
    """The post itself has not left: so it is not in doubt."""
    network, state = Network(fault=Uncertain("no answer")), MemoryState(OLD)
    for words in ("no answer; so the refresh token may be spent: log in", "cut off"):
        with pytest.raises(AuthBroken, match=words):
            await network.call(state)
    assert network.spent == ["r-0"]


async def test_a_renewal_that_died_is_not_repeated() -> None:
    network, state = Network(fault=KeyboardInterrupt()), MemoryState(OLD)
    with pytest.raises(KeyboardInterrupt):
        await network.call(state)
    with pytest.raises(AuthBroken, match="cut off"):
        await network.call(state)
    assert network.spent == ["r-0"]


async def test_a_renewal_that_never_left_is_repeated() -> None:
    network, state = Network(fault=Unavailable("cannot be reached")), MemoryState(OLD)
    with pytest.raises(Unavailable):
        await network.call(state)
    network.fault = None
    assert await network.call(state) == "a-2"


@pytest.mark.parametrize("end", ["", "soon", None, float("inf")])
async def test_a_state_without_a_time_is_renewed(end: object) -> None:
    assert await Network().call(MemoryState({**FRESH, "expires_at": end})) == "a-1"


@pytest.mark.parametrize("end", ["", "soon", None, 0, "0", -5, float("inf"), float("nan"), 10**30])
def test_what_is_no_end_is_none(end: object) -> None:
    assert read_end(end) is None


def test_an_end_is_a_number_or_its_text() -> None:
    assert read_end(NOW.timestamp()) == read_end(str(NOW.timestamp())) == NOW


@pytest.mark.parametrize("answer", [{}, {"access_token": "a"}, {"access_token": 1, "refresh_token": "r"}])
def test_an_answer_without_a_pair_is_none(answer: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no pair"):
        token_state(answer, NOW)
