"""Time that nobody can set."""

from __future__ import annotations

import time

_KIND = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def steady() -> float:
    """Seconds that go on evenly, while the process is stopped, and while the machine sleeps where the system can tell."""
    return time.clock_gettime(_KIND)
