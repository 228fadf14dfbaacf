"""An edition on its way: paused, resumed, cancelled, refused, missed; workers beside each other."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from distributor import pipeline, workers
from distributor.pipeline import Fault
from distributor.workers import ClockMonitor, FaultLog, StoreWatch, follow_clock_of, keep_process_alive
from support.builders import NOW
from support.clocked_newsroom import Line
from support.scripted_channels import Clock

# -- the clock ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jump", [timedelta(days=1), timedelta(days=-1)])
def test_a_clock_that_was_set_by_a_day_is_not_believed_at_once(jump: timedelta) -> None:
    clock, passed = Clock(), 0.0
    watch = ClockMonitor(clock, lambda: passed)
    assert watch.current_offset() == timedelta()
    clock.now += jump
    assert watch.current_offset() == jump
    clock.now, passed = clock.now + timedelta(minutes=1), passed + 60
    assert watch.current_offset() == jump
    clock.now, passed = NOW + timedelta(minutes=2), passed + 60
    assert watch.current_offset() == timedelta(), "set right again"
    clock.now += jump
    assert watch.current_offset() == jump
    clock.now, passed = clock.now + timedelta(minutes=15), passed + 900
    assert watch.current_offset() == timedelta(), "it stands to its new time"


def test_a_clock_that_is_set_right_by_seconds_is_believed() -> None:
    clock, passed = Clock(), 0.0
    watch = ClockMonitor(clock, lambda: passed)
    for _ in range(100):
        clock.now, passed = clock.now + timedelta(seconds=70), passed + 60
        assert watch.current_offset() == timedelta()


# -- what runs in the background ---------------------------------------------------------------------------------------


class Failing:
    """Fails with what nobody expects, and sets `stop` the third time."""

    def __init__(self, stop: asyncio.Event) -> None:
        self.stop, self.loop, self.calls = stop, asyncio.get_running_loop(), 0

    def __call__(self, *_: Any, **__: Any) -> Any:
        self.calls += 1
        if self.calls == 3:
            self.loop.call_soon_threadsafe(self.stop.set)
        raise OSError("Too many open files")

    async def later(self, *given: Any, **named: Any) -> Any:
        return self(*given, **named)


async def test_the_store_is_checked_again_after_a_check_that_failed(
    line: Line, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stop = asyncio.Event()
    monkeypatch.setattr(pipeline, "check_may_send", failing := Failing(stop))
    watch = StoreWatch(line.newsroom, SimpleNamespace(), line.clock, stop, 0.001)  # type: ignore[arg-type]
    await asyncio.wait_for(watch._check_store_regularly(), 5)
    assert failing.calls == 3
    assert caplog.text.count("checking the store failed: OSError: Too many open files") == 1


async def test_the_store_is_asked_for_its_time_again_after_a_question_that_failed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stop = asyncio.Event()
    store = SimpleNamespace(server_time=(failing := Failing(stop)))
    await asyncio.wait_for(follow_clock_of(store, stop, FaultLog(), 0.001), 5)  # type: ignore[arg-type]
    assert failing.calls == 3
    assert caplog.text.count("asking for the time of the store failed: OSError") == 1


def test_a_task_that_failed_once_is_no_fault_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another host may have taken it: staff would be told of it until this process ends."""
    faults, passed = FaultLog(), 0.0
    monkeypatch.setattr(workers, "steady", lambda: passed)
    faults.report("a task of mail 7", Fault("away"))
    faults.report("delivery", Fault("away"))
    passed = 500.0
    faults.report("a task of mail 8", Fault("away"))
    faults.end_old("a task of", 600)
    assert len(faults.lasting()) == 3
    passed = 700.0
    faults.end_old("a task of", 600)
    assert set(faults.lasting()) == {"delivery", "a task of mail 8"}


async def test_a_process_that_cannot_be_started_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stop = asyncio.Event()
    failing = Failing(stop)
    monkeypatch.setattr(workers, "_RESTART_DELAY", 0.001)
    monkeypatch.setattr(asyncio, "create_subprocess_exec", failing.later)
    await asyncio.wait_for(keep_process_alive(Path("config.yaml"), "a worker", ("worker",), stop), 5)
    assert failing.calls == 3
    assert "a worker cannot be started: Too many open files; tried again" in caplog.text
