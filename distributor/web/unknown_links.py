"""Requests with links that are nobody's, counted: many of them mean that links are broken, or that somebody tries some."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

log = logging.getLogger("distributor.web")

_ONCE = timedelta(minutes=1)


@dataclass(slots=True)
class UnknownLinks:
    """Counts requests with unknown links, and tells staff of them once a minute at most: anybody can send any number."""

    count: int = 0
    _unsaid: int = 0
    _said_at: datetime | None = None

    def add(self, now: datetime, what: str) -> None:
        self.count += 1
        self._unsaid += 1
        if self._said_at is None or now - self._said_at >= _ONCE:
            log.warning("%s with links that are nobody's: %d", what, self._unsaid)
            self._unsaid, self._said_at = 0, now
