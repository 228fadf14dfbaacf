"""An edition on its way: paused, resumed, cancelled, refused, missed; workers beside each other."""

from __future__ import annotations

from datetime import timedelta

import pytest

from distributor.workers import ClockMonitor
from support.builders import NOW
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
