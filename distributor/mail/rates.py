"""How much may go in how much time: exact sliding windows, asked with the time as an argument. Pure."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

_RATE = re.compile(r"(\d+)\s*/\s*(\d*)\s*(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LONG = 60.0  # seconds from which a window outlives the process that keeps it


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `count` in any stretch of `seconds`."""

    count: int
    seconds: float

    @classmethod
    def parse(cls, text: str) -> RateLimit:
        """`20/s`, `600/h`, `100/10m`. Raises ValueError."""
        match = _RATE.fullmatch(text.strip())
        if not match or int(match[1]) == 0 or match[2] == "0":
            raise ValueError("write a rate as a number, a slash and a time: 20/s, 600/h, 100/10m, 5000/d")
        return cls(int(match[1]), int(match[2] or 1) * _SECONDS[match[3]])

    def shared(self, among: int) -> RateLimit:
        """The share of one of several processes. Together they never exceed the whole."""
        if self.count >= among:
            return RateLimit(self.count // among, self.seconds)
        return RateLimit(1, self.seconds * -(-among // self.count))


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

    def remember(self, times: Sequence[float]) -> None:
        """Forget what it knows: these are the times at which something went, oldest first."""
        self._went = deque(times, maxlen=self.rate.count)


class RateLimiter:
    """Several rates at once, for everything and for each recipient domain. Times are of a clock that never goes back."""

    def __init__(
        self, rates: Sequence[RateLimit] = (), domains: Mapping[str, Sequence[RateLimit]] | None = None
    ) -> None:
        self._all = [SlidingWindow(rate) for rate in rates]
        self._of = {domain.lower(): [SlidingWindow(rate) for rate in kept] for domain, kept in (domains or {}).items()}

    @property
    def domains(self) -> tuple[str, ...]:
        return tuple(self._of)

    def memory(self, domain: str = "") -> tuple[float, int]:
        """How many seconds back must be known what went, to this domain or all in all, and how many of the latest; zeros
        where nothing must."""
        long = [window.rate for window in self._windows(domain) if window.rate.seconds >= _LONG]
        return max((rate.seconds for rate in long), default=0.0), max((rate.count for rate in long), default=0)

    def remember(self, times: Sequence[float], share: float = 1.0, domain: str = "") -> None:
        """When something went before, in another process, oldest first. `share` of it, from 0 to 1, counts here."""
        for window in self._windows(domain):
            if window.rate.seconds >= _LONG:
                window.remember(_sample(times, share))

    def _windows(self, domain: str) -> Sequence[SlidingWindow]:
        return self._of.get(domain, []) if domain else self._all

    def free_at(self, now: float) -> float:
        """When the next message may go, whoever it is for."""
        return max(window.free_at(now) for window in self._all) if self._all else now

    def domain_free_at(self, domain: str, now: float) -> float:
        """When the next message may go to this domain."""
        windows = self._of.get(domain, ())
        return max(window.free_at(now) for window in windows) if windows else now

    def record_send(self, domain: str, now: float) -> None:
        for window in self._all:
            window.record_send(now)
        for window in self._of.get(domain, ()):
            window.record_send(now)


def _sample(times: Sequence[float], share: float) -> list[float]:
    """An even selection, rather one too many than too few, the latest of them among it."""
    count = len(times)
    return [t for n, t in enumerate(times) if ceil((count - n) * share) > ceil((count - n - 1) * share)]


_FIRST_BACKOFF, _LONGEST_BACKOFF = 30.0, 1800.0  # seconds


class DomainBackoff:
    """Recipient domains that have asked for a pause: each refusal for now doubles it, an acceptance ends it."""

    def __init__(self) -> None:
        self._until: dict[str, tuple[float, float]] = {}

    def free_at(self, domain: str, now: float) -> float:
        return max(now, self._until[domain][0]) if domain in self._until else now

    def refused(self, domain: str, now: float) -> None:
        until, length = self._until.get(domain, (now, 0.0))
        if until <= now or not length:  # several refusals of messages that were on the way at once are one
            length = min(max(2 * length, _FIRST_BACKOFF), _LONGEST_BACKOFF)
            self._until[domain] = (now + length, length)

    def accepted(self, domain: str) -> None:
        self._until.pop(domain, None)
