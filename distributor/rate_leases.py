"""Rates that several processes share: permits to send, leased in pieces from what the store holds of each rate. Pure.

Windows shorter than a minute are kept by spacing: a lease is a stretch of time in which permits follow each other evenly,
and each stretch begins where the one before ends (GCRA, as ATM Forum TM 4.0 has it). Windows of a minute and more may be
used up at once: there the store remembers how many permits were leased when. A permit that is not used in time is void.

What holds, over all processes: in any window of a minute and more never more than `count`; in a shorter one at most what two
pieces allow beyond that (a piece is a tenth of the window, half a second at most): a permit may be used so much later than
it was meant.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil, floor, inf
from typing import Any, Protocol

_RATE = re.compile(r"(\d+)\s*/\s*(\d*)\s*(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
LONG = 60.0  # seconds from which a window may be used up at once
_AHEAD = 2.0  # seconds from now in which a stretch must begin: so many pieces of others may come before it
_PIECE, _LONGEST_PIECE = 0.1, 0.5  # the stretch of a lease: a part of the shortest window, and seconds at most
_SLOTS = 120  # parts of a long window that are told apart
_SHARE = 200  # of a long window one lease gets this part at most
_LONGEST_LIFE = 1.0  # seconds in which a permit must be used where only long windows count
_BACKWARD = 5.0  # seconds that a clock may go backward before what it has left counts as wrong


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

    @property
    def is_long(self) -> bool:
        """Whether its window may be used up at once, and outlives the process that keeps it."""
        return self.seconds >= LONG


@dataclass(frozen=True, slots=True)
class RateKey:
    """What permits are for: a server, or a domain of recipients. All `limits` hold together. `share`, from 0 to 1, is the
    part of all messages of the channel that goes this way."""

    name: str
    limits: tuple[RateLimit, ...]
    domain: str = ""
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class RateLease:
    """Permits: the first may be used from `start` on, each further one `spacing` seconds later, all of them until `until`.
    `at` is when they were leased. Seconds of the clock that they were leased by."""

    at: float
    start: float
    spacing: float
    count: int
    until: float

    def shifted(self, seconds: float) -> RateLease:
        """The same by a clock that shows so much more."""
        return replace(self, start=self.start + seconds, until=self.until + seconds)


@dataclass(frozen=True, slots=True)
class RateRefusal:
    """No permit now: it is worth while to ask again at a time."""

    again_at: float


@dataclass(frozen=True, slots=True)
class LeasedPermits:
    """Permits of a long window, leased from `begun` on, by whichever process, to be used until `until`. Both are whole
    milliseconds."""

    begun: float
    until: float
    count: int

    @classmethod
    def between(cls, begun: float, until: float, count: int) -> LeasedPermits:
        """The same, however fine the times are."""
        return cls(floor(begun * 1000) / 1000, ceil(until * 1000) / 1000, count)


@dataclass(frozen=True, slots=True)
class RateState:
    """What the store holds of one key: where the last stretch ends, and for each long window (its seconds) what was leased
    within it, oldest first."""

    free_at: float = 0.0
    leased: Mapping[float, Sequence[LeasedPermits]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """As the store keeps it, with the times of each lease in milliseconds from the one before, which is short."""
        windows: dict[str, list[list[int]]] = {}
        for seconds, permits in self.leased.items():
            begun = 0
            rows = windows.setdefault(f"{seconds:g}", [])
            for one in permits:
                rows.append([_milliseconds(one.begun) - begun, _milliseconds(one.until - one.begun), one.count])
                begun = _milliseconds(one.begun)
        return {"free_at": self.free_at, "leased": windows}

    @classmethod
    def from_json(cls, stored: Any) -> RateState:
        """As it was kept. Raises ValueError, TypeError, LookupError or AttributeError for what is none."""
        windows: dict[float, list[LeasedPermits]] = {}
        for seconds, rows in stored["leased"].items():
            begun = 0
            permits = windows.setdefault(float(seconds), [])
            for after, life, count in rows:
                begun += int(after)
                permits.append(LeasedPermits(begun / 1000, (begun + int(life)) / 1000, int(count)))
        return cls(float(stored["free_at"]), windows)

    def lacks(self, limits: Sequence[RateLimit]) -> bool:
        """Whether it knows nothing of one of the long windows."""
        return any(limit.is_long and limit.seconds not in self.leased for limit in limits)

    def with_history(self, limits: Sequence[RateLimit], times: Sequence[float], share: float) -> RateState:
        """Begin the long windows that are new with what has left before: when messages did, oldest first, of which `share`
        is to be counted."""
        new = sorted({limit.seconds for limit in limits if limit.is_long} - self.leased.keys())
        counted = _sample(times, share)
        return replace(self, leased={**self.leased, **{seconds: _in_slots(counted, seconds) for seconds in new}})

    def returned(self, at: float, count: int) -> RateState:
        """Permits of a lease (by its `at`) that were not used: long windows get them back. Stretches of time are over."""
        return replace(self, leased={seconds: _less(permits, at, count) for seconds, permits in self.leased.items()})


def lease_permits(
    state: RateState, limits: Sequence[RateLimit], now: float, wanted: int, *, urgent: bool = False
) -> tuple[RateState, RateLease | RateRefusal]:
    """Lease up to `wanted` permits; with what the store is to hold then. `urgent`: counted in long windows, and let through
    although they are used up."""
    state = _forget(state, limits, now)
    short, long = [one for one in limits if not one.is_long], [one for one in limits if one.is_long]
    free, again_at = _left(state, long, now)
    if free <= 0 and not urgent:
        return state, RateRefusal(again_at)
    count = max(1, min(wanted, ceil(free))) if free < inf and not urgent else max(1, wanted)
    count = min([count, *(max(1, limit.count // _SHARE) for limit in long)])
    start, spacing, life = now, 0.0, min([_LONGEST_LIFE, *(limit.seconds / 2 / _SLOTS for limit in long)])
    if short:
        piece = _piece(short)
        spacing = max(limit.seconds / limit.count for limit in short)
        count = max(1, min(count, int(piece / spacing)))
        start, life = max(state.free_at, now - piece), piece
        if start > now + _AHEAD:
            return state, RateRefusal(start - _AHEAD)
    until = max(start + (count - 1) * spacing, now) + life
    taken = LeasedPermits.between(now, until, count)
    leased = {limit.seconds: _more(state.leased.get(limit.seconds, ()), taken, limit.seconds) for limit in long}
    return RateState(start + count * spacing, leased), RateLease(now, start, spacing, count, until)


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _piece(short: Sequence[RateLimit]) -> float:
    return min(_PIECE * min(limit.seconds for limit in short), _LONGEST_PIECE)


def _left(state: RateState, long: Sequence[RateLimit], now: float) -> tuple[float, float]:
    """How many permits the long windows have left, and, where that is none, when they have one again."""
    free, again_at = inf, now
    for limit in long:
        permits = state.leased.get(limit.seconds, ())
        left = limit.count - sum(one.count for one in permits)
        free = min(free, left)
        for one in permits:  # those that end first
            if left > 0:
                break
            left += one.count
            again_at = max(again_at, one.until + limit.seconds)
    return free, again_at


def _forget(state: RateState, limits: Sequence[RateLimit], now: float) -> RateState:
    """Without what is over. What lies too far ahead was left by a clock that went wrong, and counts as of now."""
    spacing = max((limit.seconds / limit.count for limit in limits if not limit.is_long), default=0.0)
    free_at = state.free_at if state.free_at <= now + _AHEAD + spacing + _LONGEST_PIECE + _BACKWARD else now
    leased = {
        seconds: [
            one if one.begun <= now + _BACKWARD else LeasedPermits.between(now, now, one.count)
            for one in permits
            if one.until + seconds > now and one.count
        ]
        for seconds, permits in state.leased.items()
    }
    return RateState(free_at, leased)


def _more(permits: Sequence[LeasedPermits], taken: LeasedPermits, seconds: float) -> list[LeasedPermits]:
    """With one lease more. Those of one part of the window are added up, and end together with the last of them."""
    last = permits[-1] if permits else None
    if last is None or taken.begun - last.begun >= seconds / _SLOTS:
        return [*permits, taken]
    together = LeasedPermits(min(last.begun, taken.begun), max(last.until, taken.until), last.count + taken.count)
    return [*permits[:-1], together]


def _in_slots(times: Sequence[float], seconds: float) -> list[LeasedPermits]:
    """What left at these times, oldest first, added up as leases are."""
    slots: dict[float, tuple[float, int]] = {}
    begun = -inf
    for at in times:
        begun = at if at - begun >= seconds / _SLOTS else begun
        slots[begun] = (at, slots.get(begun, (at, 0))[1] + 1)
    return [LeasedPermits.between(begun, until, count) for begun, (until, count) in slots.items()]


def _less(permits: Sequence[LeasedPermits], at: float, count: int) -> list[LeasedPermits]:
    """With so many less of those that were leased at a time, if they are known still."""
    places = [place for place, one in enumerate(permits) if one.begun <= at <= one.until]
    if not places:
        return list(permits)
    place = places[-1]
    one = permits[place]
    return [*permits[:place], replace(one, count=max(one.count - count, 0)), *permits[place + 1 :]]


def _sample(times: Sequence[float], share: float) -> list[float]:
    """An even selection, rather one too many than too few, the latest of them among it."""
    count = len(times)
    return [t for n, t in enumerate(times) if ceil((count - n) * share) > ceil((count - n - 1) * share)]


class SharedRates(Protocol):
    """The rates of one channel, as all processes on all hosts share them."""

    async def lease(
        self, key: RateKey, wanted: int, unused: Sequence[tuple[float, int]] = ()
    ) -> RateLease | RateRefusal:
        """Lease permits, and give unused ones back: each the `at` of a lease and how many. Times are by `clock.steady` of
        this process; `at` is not. Raises StoreError."""
        ...

    async def give_back(self, key: RateKey, unused: Sequence[tuple[float, int]]) -> None:
        """Give back permits of long windows. Raises StoreError."""
        ...

    async def paused_domains(self) -> Mapping[str, float]:
        """The domains that have asked for a pause: until when, by `clock.steady`. Raises StoreError."""
        ...

    async def pause_domain(self, domain: str) -> float:
        """Let all processes leave a domain alone, longer each time; until when, by `clock.steady`. Raises StoreError."""
        ...

    async def resume_domain(self, domain: str) -> None:
        """A domain takes messages again. Raises StoreError."""
        ...
