"""What a run did: outcomes by channel and state, replies by class, and what staff must be told."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ..model import Delivery, DeliveryState
from .retry import Decision

log = logging.getLogger("distributor.delivery")

Progress = Callable[[Delivery], None]


@dataclass
class Report:
    """The outcomes that were written down, and notes for staff. `progress` hears of each row."""

    counts: Counter[tuple[str, DeliveryState]] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    progress: Progress | None = None

    def of(self, state: DeliveryState) -> int:
        return sum(number for (_, found), number in self.counts.items() if found is state)

    def count(self, row: Delivery, decision: Decision) -> None:
        """Note an outcome that is committed. Letters that went well are too many for the log."""
        self.counts[(row.channel, decision.state)] += 1
        usual = row.recipient and decision.state is DeliveryState.SENT
        level = logging.DEBUG if usual else logging.INFO
        if self.progress or log.isEnabledFor(level):
            done = replace(row, state=decision.state, due=decision.due, reply=decision.reply, url=decision.url)
            log.log(level, "%s", line(done))
            if self.progress:
                self.progress(done)


def line(row: Delivery) -> str:
    """The one form in which a delivery is logged. The address stays out of it: logs travel further than ledgers."""
    who = f" to {row.recipient}" if row.recipient else ""
    tail = f": {row.reply}" if row.reply else ""
    return f"{row.edition} {row.channel} {row.part}{who}: {row.state}{tail}"
