"""How many deliveries of an edition stand where, counted so seldom that it costs next to nothing.

No index of the ledger holds a state, so to count the rows of an edition is to read them. A count is kept for fifty times as
long as it took, so counting takes two per cent of one processor core at most, whatever the size of the edition.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock

from ..delivery import queries
from ..delivery.monitoring import EditionStanding
from ..model import DeliveryState
from ..storage.database import Database

SHARE = 50  # a count is kept for so many times the seconds that it took
_LEAST = 10.0  # seconds for which a count is kept
_LEAST_DONE = 600.0  # the same where nothing is to be done any more
Counts = Mapping[str, Mapping[DeliveryState, int]]  # by channel and state


@dataclass(frozen=True, slots=True)
class _Kept:
    counts: Counts
    done: bool
    until: float


@dataclass
class DeliveryCounts:
    """The counts of editions, as they were when last counted. May be used from several threads."""

    stopwatch: Callable[[], float] = time.monotonic
    _kept: dict[str, _Kept] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def refresh(self, database: Database, editions: Sequence[EditionStanding]) -> None:
        """Count those again whose count is old. Where another thread does so already, nothing is done."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            self._kept = {one.id: self._kept[one.id] for one in editions if one.id in self._kept}
            for edition in editions:
                self._count(database, edition)
        finally:
            self._lock.release()

    def _count(self, database: Database, edition: EditionStanding) -> None:
        began, known = self.stopwatch(), self._kept.get(edition.id)
        if known and known.done == edition.done and began < known.until:
            return
        with database.read() as connection:
            counts = queries.count_by_state(connection, edition.id)
        ended = self.stopwatch()
        least = _LEAST_DONE if edition.done else _LEAST
        self._kept[edition.id] = _Kept(counts, edition.done, ended + max(least, SHARE * (ended - began)))

    def of(self, edition: str) -> Counts | None:
        """The counts of an edition; None where it was not counted yet."""
        kept = self._kept.get(edition)
        return kept.counts if kept else None
