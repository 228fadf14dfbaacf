"""Days of a newsroom around Tết and a change of the clock, with outages and a process that is killed: all holds."""

from __future__ import annotations

import importlib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module `simulated_newsroom`: the folder `benchmarks` beside this file hides its package."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("simulated_newsroom")


def test_everybody_gets_every_edition_once_whatever_happens(simulated: Any, tmp_path: Path) -> None:
    """Morocco puts its clocks back on 23 January 2028, at three; the holidays of Tết begin on the 25th."""
    room = simulated.SimulatedNewsroom(
        tmp_path, date(2028, 1, 22), subscribers=40, zone="Africa/Casablanca", step=6, seed=11
    )
    for _ in range(4):
        room.day()
    room.compare_all()
    room.stop()
    found = room.findings
    assert found.wrong == []
    assert found.counts["slots"] >= 4
    assert found.counts["emails"] > 20 and found.counts["left"] > 0 and found.counts["joined"] > 0
    assert found.counts["killed"] >= 1, "a process has died in the middle"
