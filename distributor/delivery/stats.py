"""What a run did: outcomes by channel and state, replies by class, and notes for staff."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ..clock import steady
from ..errors import DamagedRow
from ..model import Delivery, DeliveryState, RenditionAction
from .retry import Decision

log = logging.getLogger("distributor.delivery")

_DONE = {
    RenditionAction.EDIT: "edited",
    RenditionAction.REPLACE: "replaced",
    RenditionAction.REPLY: "corrected by a reply",
    RenditionAction.DELETE: "deleted",
}
ProgressCallback = Callable[[], None]
_EVERY = 5.0  # seconds between two lines of a pulse


@dataclass
class RunStats:
    """The outcomes that were written down, and notes for staff. `progress` is called for each outcome.

    `editions` are those that the run has had in hand, `failed` the channels that could carry nothing, with the reason;
    `changed` counts what was not posted but changed or deleted at the far end, `refused` the posts that were rejected.
    """

    counts: Counter[tuple[str, DeliveryState]] = field(default_factory=Counter)
    changed: Counter[tuple[str, RenditionAction]] = field(default_factory=Counter)
    editions: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    refused: int = 0
    progress: ProgressCallback | None = None

    def of(self, state: DeliveryState) -> int:
        return sum(number for (_, found), number in self.counts.items() if found is state)

    def note_damaged(self, damage: DamagedRow) -> None:
        """Report emails or posts that cannot be read in the store; they wait, and the others go on."""
        note = f"{damage}; what is promised of it waits"
        if note not in self.notes:
            self.notes.append(note)
            log.error("%s", note)

    def note_refused(self, row: Delivery, reply: str) -> None:
        """Report a post that its network will never take: staff must see to it."""
        self.refused += 1
        self.notes.append(f"{row.edition}: {row.channel} refuses {row.variant}: {reply}")

    def count(self, row: Delivery, decision: Decision, action: RenditionAction = RenditionAction.POST) -> None:
        """Note an outcome that is committed. Emails that went well are too many for the log."""
        self.counts[(row.channel, decision.state)] += 1
        self.editions.add(row.edition)
        if decision.state is DeliveryState.SENT and action is not RenditionAction.POST:
            self.changed[(row.channel, action)] += 1
        usual = row.recipient and decision.state is DeliveryState.SENT
        level = logging.DEBUG if usual else logging.INFO
        if log.isEnabledFor(level):
            done = replace(row, state=decision.state, due=decision.due, reply=decision.reply, url=decision.url)
            log.log(level, "%s", log_line(done))
        if self.progress:
            self.progress()

    def in_words(self, describe_sent: Callable[[str, int], str]) -> dict[str, list[str]]:
        """What came of the deliveries of each channel: `12 emails sent`, `1 deleted`, `3 deferred`.

        `describe_sent` says it of what was sent on a channel.
        """
        words: dict[str, list[str]] = {}
        for (channel, state), count in sorted(self.counts.items()):
            if state is DeliveryState.SENT:
                changed = {action: self.changed[(channel, action)] for action in _DONE}
                new = count - sum(changed.values())
                parts = [describe_sent(channel, new)] if new else []
                parts += [f"{number} {_DONE[action]}" for action, number in changed.items() if number]
            else:
                parts = [f"{count} {state}"]
            words.setdefault(channel, []).extend(parts)
        return words


class ProgressLogger:
    """Tells now and then how far a run has come, in one line. `total` is how much there was to do; 0 where nobody knows.
    `steady` are seconds of a clock that nobody sets."""

    def __init__(self, tell: Callable[[str], None], total: int = 0, steady: Callable[[], float] = steady) -> None:
        self._tell = tell
        self._total = total
        self._steady = steady
        self._done = self._last_count = 0
        self._last: float | None = None

    def __call__(self) -> None:
        """One more outcome."""
        now = self._steady()
        self._done += 1
        if self._last is None:
            self._last = now
        elif now - self._last >= _EVERY:
            self._tell(self._line((self._done - self._last_count) / (now - self._last)))
            self._last, self._last_count = now, self._done

    def _line(self, rate: float) -> str:
        whole = f" of {self._total}" if self._total >= self._done else ""
        left = f", about {_span((self._total - self._done) / rate)} left" if self._total > self._done else ""
        return f"{self._done}{whole} deliveries done, {rate:.0f}/s{left}"


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def log_line(row: Delivery) -> str:
    """The one form in which a delivery is logged. The address stays out of it: logs travel further than ledgers."""
    who = f" to {row.recipient}" if row.recipient else ""
    tail = f": {row.reply}" if row.reply else ""
    return f"{row.edition} {row.channel} {row.variant}{who}: {row.state}{tail}"
