"""How many requests a token, or a network without one, may make in a minute. Pure.

Counted in the memory of the process that serves: the limit protects that process from a program that runs wild, and a
restart that forgives a minute harms nobody. Counting in the store would cost a commit for each request.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=1)
_MAX_KEYS = 10_000  # remembered at a time; beyond that, windows that are over are forgotten


@dataclass(frozen=True, slots=True)
class RateStatus:
    """What is left of a limit: `remaining` requests, until `resets_in` seconds have passed. `allowed`: this one was."""

    limit: int
    remaining: int
    resets_in: int
    allowed: bool


@dataclass(slots=True)
class RequestLimiter:
    """Counts requests by key in windows of a minute. `limit` is how many each key has."""

    limit: int
    _windows: dict[str, tuple[datetime, int]] = field(default_factory=dict)

    def count(self, key: str, now: datetime) -> RateStatus:
        """Count one request, and say what is left."""
        status = self.look(key, now)
        if status.allowed:
            began, used = self._window(key, now)
            if len(self._windows) >= _MAX_KEYS:
                self._windows = {key: one for key, one in self._windows.items() if one[0] <= now < one[0] + WINDOW}
            self._windows[key] = (began, used + 1)
            status = RateStatus(self.limit, status.remaining - 1, status.resets_in, True)
        return status

    def look(self, key: str, now: datetime) -> RateStatus:
        """What is left, without counting."""
        began, used = self._window(key, now)
        resets_in = max(1, int((began + WINDOW - now).total_seconds() + 0.999))
        return RateStatus(self.limit, max(0, self.limit - used), resets_in, used < self.limit)

    def _window(self, key: str, now: datetime) -> tuple[datetime, int]:
        began, used = self._windows.get(key, (now, 0))
        if began <= now < began + WINDOW:  # a clock that was set back begins a new one, too
            return began, used
        return now, 0
