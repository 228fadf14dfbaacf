"""Permits of rates that processes share, as one process uses them: leased ahead, so that nobody waits for the store.

    free_at ──▶ none at hand ──▶ leased (a task of its own) ──▶ taken, each at its time ──▶ the next ones

How many permits are leased at a time goes by how fast they were used: a process that wants little must not hold what others
could use. Times are by `clock.steady`.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from ..clock import steady
from ..rate_leases import RateKey, RateLease, RateRefusal, SharedRates

log = logging.getLogger("distributor.mail")

_POLL = 0.005  # seconds until it is asked again while a lease is on its way
_RETRY = 1.0  # seconds after which a store that failed is asked again
_LONGEST_REFUSAL = 15.0  # seconds after which a store that refused is asked again: others may have given permits back
_LEAD = 0.05  # seconds before the last permit is due in which the next piece is asked for, at least
_HOLD, _LONGEST_HOLD = 5.0, 30.0  # seconds in which pieces do not grow after permits have gone to waste; doubled up to
_LARGEST = 10_000  # permits asked for at once, at most; the store gives fewer


@dataclass(slots=True)
class _Piece:
    lease: RateLease
    arrived: float
    used: int = 0

    @property
    def next_at(self) -> float:
        return self.lease.start + self.used * self.lease.spacing

    @property
    def last_at(self) -> float:
        return self.lease.start + (self.lease.count - 1) * self.lease.spacing

    @property
    def left(self) -> int:
        return self.lease.count - self.used


class LeasedRate:
    """The permits of one key at hand in this process. `free_at` and `take` cost nothing; what is leased comes by itself."""

    def __init__(self, key: RateKey) -> None:
        self.key = key
        self.shared: SharedRates | None = None  # where permits come from; None: there is nobody to share with
        self._pieces: list[_Piece] = []  # the one in use, and the one after it
        self._unused: list[tuple[float, int]] = []
        self._asking: asyncio.Task[None] | None = None
        self._again_at = 0.0  # before which there is none, as the store has said
        self._ask_from = 0.0
        self._size = 1
        self._hold, self._grows_from = _HOLD, 0.0
        self._took = 0.0  # seconds that the last lease took
        self._failing = False
        self._grows_until = 0.0  # a piece was used up: the next ones are larger if somebody wants more before
        self._awaited = False  # whether somebody waits for a permit that was leased already
        self._short_of = False  # whether somebody has done so of late

    def free_at(self, now: float) -> float:
        """When a permit may be used: `now`, or later. Asks for one where none is at hand."""
        if self.shared is None:
            return now
        self._drop_void(now)
        if self._pieces and self._pieces[0].next_at <= now:
            return now
        if now <= self._grows_until and now >= self._grows_from:
            self._size, self._grows_until = min(2 * self._size, _LARGEST), 0.0
        if self._pieces:
            self._short_of = self._awaited = True
            return self._pieces[0].next_at
        self._ask(now)
        return max(now + _POLL, self._again_at if self._asking is None else 0.0)

    def take(self, now: float) -> None:
        """Use a permit that is free."""
        if not self._pieces:
            return
        piece = self._pieces[0]
        piece.used += 1
        self._awaited = False
        if not piece.left:
            self._pieces.pop(0)
            begun, length = max(piece.lease.start, piece.arrived), piece.lease.count * piece.lease.spacing
            self._grows_until = begun + length + max(_POLL, self._took)
        last_at = self._pieces[-1].last_at if self._pieces else now
        if self._short_of and len(self._pieces) < 2 and last_at - now < max(_LEAD, 2 * self._took):
            self._ask(now)

    async def finish(self) -> None:
        """Give back what long windows can use. Nothing is at hand afterwards."""
        if self._asking:
            await asyncio.wait({self._asking})
        self._unused += [(piece.lease.at, piece.left) for piece in self._pieces]
        self._pieces, self._size, self._short_of, self._awaited = [], 1, False, False
        self._hold, self._grows_from = _HOLD, 0.0
        unused, self._unused = self._unused, []
        if unused and self.shared and any(limit.is_long for limit in self.key.limits):
            try:
                await self.shared.give_back(self.key, unused)
            except Exception as fault:  # they count as used
                log.info("permits for %s could not be given back: %s", self.key.name, fault)

    def _drop_void(self, now: float) -> None:
        for piece in [piece for piece in self._pieces if piece.lease.until <= now]:
            self._pieces.remove(piece)
            self._unused.append((piece.lease.at, piece.left))
            if self._awaited:  # who waits for them was late: this machine is busy, and wants them all the same
                continue
            self._size, self._short_of = max(1, piece.used), False
            if now >= self._grows_from:  # it had grown
                self._grows_from, self._hold = now + self._hold, min(2 * self._hold, _LONGEST_HOLD)

    def _ask(self, now: float) -> None:
        if self._asking is None and now >= self._ask_from and self.shared is not None:
            self._asking = asyncio.create_task(self._lease(self.shared))

    async def _lease(self, shared: SharedRates) -> None:
        unused, self._unused = self._unused, []
        asked = steady()
        try:
            answer = await shared.lease(self.key, self._size, unused)
        except Exception as fault:  # no permits, no messages; what was to be given back may have been
            self._again_at = self._ask_from = steady() + _RETRY
            if not self._failing:  # once while it lasts
                log.warning("no permits for %s: %s", self.key.name, str(fault) or type(fault).__name__)
            self._failing = True
            return
        finally:
            self._asking = None
        self._took, self._failing = steady() - asked, False
        if isinstance(answer, RateRefusal):
            self._again_at, self._ask_from = answer.again_at, min(answer.again_at, steady() + _LONGEST_REFUSAL)
            return
        self._pieces.append(_Piece(answer, steady()))
