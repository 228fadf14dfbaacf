"""The time by which everything is decided, read at the edges only: this machine's; or that of the server which holds the
store, where many hosts share one, so that none of them works by a clock of its own."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

log = logging.getLogger("distributor.clock")

# What another clock said, and the steady seconds then, which are the same in all processes of a machine.
Reading = tuple[datetime, float]

_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_NOTABLE = timedelta(seconds=10)  # by which this machine's clock may differ from the server's without a word


def steady() -> float:
    """Seconds that go on evenly, while the process is stopped, and while the machine sleeps where the system can tell."""
    return time.clock_gettime(_STEADY)


def _local() -> datetime:
    return datetime.now(UTC)


class Clock:
    """Tells the time, in UTC.

    A clock that follows another one asks it now and then (`follow`) and counts evenly in between, so that setting this
    machine's clock changes nothing. It is off by less than the time that the question takes.
    """

    def __init__(self, local: Callable[[], datetime] = _local, steady: Callable[[], float] = steady) -> None:
        self._local = local
        self._steady = steady
        self._followed: Reading | None = None
        self._told = False

    def __call__(self) -> datetime:
        if self._followed is None:
            return self._local()
        at, since = self._followed
        return at + timedelta(seconds=self._steady() - since)

    def follow(self, ask: Callable[[], datetime | None]) -> None:
        """Go by another clock from now on, by asking it once; by this machine's where it says None, as a file has none.
        Raises what `ask` raises; the last answer counts then."""
        before = self._steady()
        at = ask()
        if at is None:
            self._followed = None
            return
        self._followed = (at, (before + self._steady()) / 2)
        ahead = self._local() - self()
        if abs(ahead) > _NOTABLE and not self._told:
            log.warning("the clock of this machine is %+.0f s from the store's, which counts", ahead.total_seconds())
        self._told = abs(ahead) > _NOTABLE

    @property
    def reading(self) -> Reading | None:
        """What the followed clock last said; None for a clock that follows none. Another process of this machine goes by
        it with `adopt`."""
        return self._followed

    def adopt(self, reading: Reading | None) -> None:
        """Go by what the clock of another process of this machine goes by."""
        self._followed = reading


clock = Clock()  # of this process: a process has one store
