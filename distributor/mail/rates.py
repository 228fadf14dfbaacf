"""How much may go in how much time: exact sliding windows, asked with the time as an argument. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from ..rate_leases import RateLimit as RateLimit


class SlidingWindow:
    """One rate kept: remembers when the last `count` went."""

    def __init__(self, rate: RateLimit) -> None:
        self.rate = rate
        self._went: deque[float] = deque(maxlen=rate.count)

    def free_at(self, now: float) -> float:
        """The earliest time at which the next may go: `now`, or later."""
        if len(self._went) < self.rate.count:
            return now
        return max(now, self._went[0] + self.rate.seconds)

    def record_send(self, now: float) -> None:
        self._went.append(now)


class RateLimiter:
    """Several rates at once. Times are of a clock that never goes back."""

    def __init__(self, rates: Sequence[RateLimit] = ()) -> None:
        self._windows = [SlidingWindow(rate) for rate in rates]

    def free_at(self, now: float) -> float:
        """When the next message may go."""
        return max(window.free_at(now) for window in self._windows) if self._windows else now

    def record_send(self, now: float) -> None:
        for window in self._windows:
            window.record_send(now)


_FIRST_BACKOFF, _LONGEST_BACKOFF = 30.0, 1800.0  # seconds


class DomainBackoff:
    """Recipient domains that have asked for a pause: each refusal for now doubles it, an acceptance ends it."""

    def __init__(self) -> None:
        self._until: dict[str, tuple[float, float]] = {}

    def free_at(self, domain: str, now: float) -> float:
        return max(now, self._until[domain][0]) if domain in self._until else now

    def refused(self, domain: str, now: float) -> bool:
        """A refusal; whether it begins a pause. Several refusals of messages that were on the way at once are one."""
        until, length = self._until.get(domain, (now, 0.0))
        if until > now and length:
            return False
        length = next_pause(length)
        self._until[domain] = (now + length, length)
        return True

    def accepted(self, domain: str) -> bool:
        """An acceptance; whether it ends a pause."""
        return self._until.pop(domain, None) is not None

    def set_until(self, domain: str, until: float) -> None:
        """The pause of a domain ends then, as all processes know it."""
        self._until[domain] = (until, self._until.get(domain, (until, _FIRST_BACKOFF))[1])

    def replace(self, paused: Mapping[str, float], now: float) -> None:
        """These domains pause, until then, as all processes know it; none else does."""
        for domain in [domain for domain, (until, _) in self._until.items() if until > now and domain not in paused]:
            del self._until[domain]
        for domain, until in paused.items():
            self.set_until(domain, until)


def next_pause(length: float) -> float:
    """The seconds of the pause after one that was so long; 0 where there was none."""
    return min(max(2 * length, _FIRST_BACKOFF), _LONGEST_BACKOFF)
