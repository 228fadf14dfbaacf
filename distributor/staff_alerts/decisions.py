"""What is told to staff, and when: an alert once while it lasts, a reminder a day later, its end once. Pure.

    condition ──first seen──▶ noted ──lasts `wait`──▶ told ──a day──▶ told again …
                                │ over                  │ over for a while
                                ▼                       ▼
                             forgotten               ended, told if it has lasted

Several processes and hosts decide this side by side; the row of the alert decides who tells (`repository`). What only one
machine can see (its disk, its clock) ends when that machine says so, or when it has said nothing for a day.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ..config.staff_alerts import AlertKind
from .kinds import ALERTS, Condition, alert_key

QUIET = timedelta(minutes=10)  # how long an alert must be gone before it counts as over: what flutters is one alert
LASTED = timedelta(minutes=15)  # what was over sooner after it was told is not told to be over: whoever ended it knows
UNHEARD = timedelta(minutes=5)  # how long a message may be on its way before the next channel carries it
FORGOTTEN = timedelta(days=1)  # after which an alert that nobody sees any more is over, whoever saw it
FRESH = timedelta(minutes=3)  # how old the note that an alert was seen may be before it is written anew


class AlertStep(StrEnum):
    """What is done with an alert now."""

    NOTE = "note"  # write down that it was seen
    TELL = "tell"  # tell it for the first time
    REMIND = "remind"
    REROUTE = "reroute"  # tell it by the next channel, as the message has not arrived
    END = "end"  # it is over, and that is told
    CLOSE = "close"  # it is over, and nobody need hear of it
    FORGET = "forget"  # nobody has heard of it, and it is over, or is noted anew by a better clock


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAlert:
    """An alert that is not over, as the store knows it. `about` is the channel that it keeps from working, if any; `told`
    counts its messages, `messages` are the keys in the outbox of those since it was last told by all channels anew."""

    id: int
    kind: AlertKind
    subject: str
    what: str
    host: str
    about: str
    since: datetime
    seen_at: datetime
    told: int
    told_at: datetime | None
    first_told_at: datetime | None
    messages: Sequence[str] = ()

    @property
    def key(self) -> str:
        return alert_key(self.kind, self.subject)

    @property
    def tried(self) -> frozenset[str]:
        """The channels that have been given a message of it."""
        return frozenset(one.split(":")[1] for one in self.messages)


@dataclass(frozen=True, slots=True)
class AlertAction:
    """One step with one alert; `condition` is None where it is over."""

    step: AlertStep
    alert: OpenAlert | None
    condition: Condition | None


def decide_alerts(
    known: Iterable[OpenAlert],
    seen: Iterable[Condition],
    now: datetime,
    *,
    host: str,
    unheard: Collection[int] = (),
    remind_after: timedelta,
) -> Iterator[AlertAction]:
    """What to do with each alert. `host` is who looks; `unheard` are the alerts whose last message has not arrived."""
    present: Mapping[str, Condition] = {one.key: one for one in seen}
    open_ = {one.key: one for one in known}
    for key, condition in present.items():
        alert = open_.get(key)
        if step := _step(alert, condition, now, unheard, remind_after):
            yield AlertAction(step, alert, condition)
    for key, alert in open_.items():
        if key not in present and (step := _end(alert, now, host)):
            yield AlertAction(step, alert, None)


def _step(
    alert: OpenAlert | None, condition: Condition, now: datetime, unheard: Collection[int], remind_after: timedelta
) -> AlertStep | None:
    """What follows from an alert that is seen now; None: it is written down that it was, a moment ago."""
    begun = alert.since if alert else condition.since or now
    if alert is None or alert.told_at is None:
        if alert and _is_ahead(begun, now):
            return AlertStep.FORGET
        if now - begun >= ALERTS[condition.kind].wait:
            return AlertStep.TELL
    elif now - alert.told_at >= remind_after or _is_ahead(alert.told_at, now):
        return AlertStep.REMIND
    elif alert.id in unheard and now - alert.told_at >= UNHEARD:
        return AlertStep.REROUTE
    return None if alert and timedelta() <= now - alert.seen_at < FRESH else AlertStep.NOTE


def _end(alert: OpenAlert, now: datetime, host: str) -> AlertStep | None:
    """What follows from an alert that is not seen now; None: nothing yet."""
    gone = QUIET if _is_ahead(alert.seen_at, now) else now - alert.seen_at
    if alert.host not in ("", host) and gone < FORGOTTEN:
        return None
    if alert.told == 0:
        return AlertStep.FORGET
    if gone < QUIET:
        return None
    lasted = alert.seen_at - (alert.first_told_at or alert.seen_at)
    return AlertStep.END if lasted >= LASTED else AlertStep.CLOSE


def _is_ahead(moment: datetime, now: datetime) -> bool:
    """Whether a time was written by a clock that was ahead: nothing is known of when that was, and nobody waits for it."""
    return moment - now > FRESH


def choose_channels(
    possible: Sequence[str], about: str, failing: Collection[str], tried: Collection[str], *, every: bool
) -> list[str]:
    """By which channels an alert is told. `possible` are those of config.yaml, best first; `about` is the channel that it
    keeps from working, `failing` those that fail now, `tried` those that were given it and have not brought it to staff.

    A channel that it is about, or that fails, carries it only where there is no other. Nobody is given it twice: where all
    were tried, there is none.
    """
    able = [one for one in possible if one != about and one not in failing]
    if tried:
        able = [one for one in able if one not in tried]
    else:
        able = able or [one for one in possible if one != about] or list(possible)
    return able if every else able[:1]
