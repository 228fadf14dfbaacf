"""Days of a newsroom around Tết and a change of the clock, with outages and a process that is killed: all holds."""

from __future__ import annotations

import importlib.util
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

SIMULATED = Path(__file__).parents[2] / "benchmarks" / "simulated_newsroom.py"


@pytest.fixture(scope="module")
def simulated() -> Any:
    """The module: the folder `benchmarks` beside this file hides its package."""
    spec = importlib.util.spec_from_file_location("simulated_newsroom", SIMULATED)
    assert spec and spec.loader
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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
