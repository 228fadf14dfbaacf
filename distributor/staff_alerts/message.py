"""The words of an alert: what, since when, what it does to readers, what to do. Pure. In English, as all that staff see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from ..config.staff_alerts import AlertKind
from ..text import clean_line
from .decisions import AlertStep
from .kinds import ALERTS

_LONGEST_WHAT = 500
_PREFIX = {AlertStep.REMIND: "Still: ", AlertStep.END: "Over: "}


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertMessage:
    """A message to staff. `title` is one line, `text` has one fact in each."""

    title: str
    text: str


def compose_alert(
    step: AlertStep,
    kind: AlertKind,
    subject: str,
    what: str,
    *,
    site: str,
    since: datetime,
    now: datetime,
    zone: tzinfo,
) -> AlertMessage:
    """The message of one step. `what` is foreign text in part: what servers have said."""
    known = ALERTS[kind]
    title = f"{_PREFIX.get(step, '')}{known.title.format(subject=subject)}"
    began = f"{since.astimezone(zone):%Y-%m-%d %H:%M} ({_length(now - since)})"
    said = clean_line(what)[:_LONGEST_WHAT]
    if step is AlertStep.END:
        lines = [f"It began {began}, and is over.", f"It was: {said}."]
    else:
        lines = [
            f"What: {said}.",
            f"Since: {began}.",
            f"Readers: {known.readers}.",
            f"What to do: {known.todo.format(subject=subject)}.",
        ]
    return AlertMessage(title=f"[{clean_line(site)}] {clean_line(title)}", text="\n\n".join(lines))


def event_data(step: AlertStep, kind: AlertKind, subject: str, what: str, since: datetime) -> Mapping[str, Any]:
    """The same for other programs, as JSON takes it."""
    known = ALERTS[kind]
    state = {AlertStep.END: "over", AlertStep.REMIND: "reminder"}.get(step, "begun")
    return {
        "kind": kind.value,
        "subject": subject,
        "state": state,
        "since": since.isoformat(),
        "what": clean_line(what)[:_LONGEST_WHAT],
        "readers": known.readers,
        "todo": known.todo.format(subject=subject),
    }


def _length(length: timedelta) -> str:
    """A duration in the unit that says enough."""
    minutes = max(0, round(length / timedelta(minutes=1)))
    for size, unit in ((2880, "day"), (120, "hour")):
        if minutes >= size:
            number = minutes // (size // 2)
            return f"{number} {unit}s"
    return f"{minutes} minute{'' if minutes == 1 else 's'}"
