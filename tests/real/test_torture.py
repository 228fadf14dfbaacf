"""A part of the torture for every run of the tests; `make torture` does hundreds of rounds."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from torture.rounds import CONNECTIONS, Arena, instants

pytestmark = pytest.mark.timeout(900)

READERS = 300


@pytest.fixture(params=["sqlite", "postgresql"])
def arena(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Arena]:
    made = Arena(tmp_path / "arena", READERS)
    if request.param == "sqlite":
        yield made
        return
    cluster = request.getfixturevalue("cluster")
    made.new_store, made.copy_store = cluster.new_store, cluster.copy_of
    yield made
    cluster.drop_stores()


def test_a_sender_that_is_killed_loses_nobody_and_repeats_only_what_was_in_doubt(arena: Arena) -> None:
    arena.prepare()
    chance = random.Random(5)
    for _ in range(1 if arena.new_store else 2):
        with arena.round() as round:
            for count, later in instants(READERS, chance):
                round.kill_at(count, later=later)
            round.finish()
            verdict = round.judge()
        assert verdict.good, verdict
        assert len(verdict.twice) <= verdict.kills * CONNECTIONS


def test_with_hold_nobody_gets_it_twice_and_those_in_doubt_are_named(arena: Arena) -> None:
    arena.on_uncertain = "hold"
    arena.prepare()
    with arena.round() as round:
        round.kill_at(READERS // 2)
        round.finish()
        verdict = round.judge()
    assert verdict.good, verdict
    assert not verdict.twice
    assert verdict.held == round.doubted


def test_a_sender_that_is_asked_to_stop_leaves_nothing_in_doubt(arena: Arena) -> None:
    arena.prepare()
    with arena.round() as round:
        assert round.kill_at(READERS // 3, signal.SIGTERM) == 130
        assert not round._rows("sending", "uncertain")
        assert round._rows("pending"), "it was stopped in the middle"
        round.finish()
        verdict = round.judge()
    assert verdict.good, verdict
    assert not verdict.twice
