"""What a channel has at hand: steps that are done once."""

from __future__ import annotations

from typing import Any

import pytest

from distributor.attempt import Attempt, MemorySteps, outside_attempt
from distributor.errors import Unavailable, Uncertain
from distributor.http_client import HttpClient


@pytest.fixture
def attempt() -> Attempt:
    return outside_attempt(HttpClient())


def steps_of(attempt: Attempt) -> dict[str, Any]:
    assert isinstance(attempt.steps, MemorySteps)
    return attempt.steps.results


async def fail(error: Exception) -> None:
    raise error


async def test_a_step_that_surely_was_not_done_is_forgotten(attempt: Attempt) -> None:
    with pytest.raises(Unavailable):
        await attempt.once("upload", lambda: fail(Unavailable("not now")))
    assert steps_of(attempt) == {}


async def test_a_look_that_fails_does_not_say_that_nothing_was_done(attempt: Attempt) -> None:
    with pytest.raises(Uncertain):
        await attempt.once("upload", lambda: fail(Uncertain("no answer")))
    with pytest.raises(Unavailable):
        await attempt.once("upload", lambda: fail(AssertionError()), again=lambda: fail(Unavailable("not now")))
    assert steps_of(attempt) == {"upload": None}
    with pytest.raises(Uncertain, match="nobody knows"):
        await attempt.once("upload", lambda: fail(AssertionError()))
