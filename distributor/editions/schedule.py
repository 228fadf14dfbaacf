"""When a newsletter is due: a cron-like line, read in the newsletter's own time zone. Pure.

A slot is named by its local date and time, so it exists once a day whatever the clocks do: an hour that comes twice
in autumn gives one slot (the first of the two), an hour that is left out in spring gives one slot too, as much later
as the clock was put forward. Weekdays are written by name only: number 1 is Monday for some programs and Tuesday for
others, and a newsletter that goes out on the wrong day is noticed by its readers first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_WEEKDAYS = {"mon": 0, "tue": 1, "wed": 2, "thu": 3, "fri": 4, "sat": 5, "sun": 6}
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}
_HORIZON = timedelta(days=366 * 5)  # a line with no slot in five years has none (31 February)


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """One planned time: its local name (`2026-11-23T07:00`) and the moment itself in UTC."""

    at: datetime
    name: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """A parsed line: the local minutes, hours, days, months and weekdays (0 is Monday) at which a slot falls."""

    text: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    @classmethod
    def parse(cls, text: str) -> Schedule:
        """Read `minute hour day month weekday`. Raises ValueError in words."""
        fields = text.lower().split()
        if len(fields) != 5:
            raise ValueError(
                f"has {len(fields)} parts instead of five: minute hour day month weekday, such as 0 7 * * mon-fri"
            )
        minute, hour, day, month, weekday = fields
        if any(part.isdigit() for part in weekday.replace("-", ",").replace("/", ",").split(",")):
            raise ValueError("weekdays are written by name (mon-fri, sat,sun): their numbers differ between programs")
        if day != "*" and weekday != "*":
            raise ValueError("give a day of the month or a weekday, not both: programs disagree on what both mean")
        schedule = cls(
            text=text,
            minutes=tuple(sorted(_field("minute", minute, 0, 59))),
            hours=tuple(sorted(_field("hour", hour, 0, 23))),
            days=frozenset(_field("day", day, 1, 31)),
            months=frozenset(_field("month", month, 1, 12, _MONTHS)),
            weekdays=frozenset(_field("weekday", weekday, 0, 6, _WEEKDAYS)),
        )
        if next(schedule.dates(date(2024, 1, 1), date(2024, 1, 1) + _HORIZON), None) is None:
            raise ValueError("never happens: no month has such a day")
        return schedule

    def dates(self, first: date, last: date) -> Iterator[date]:
        """The local days, from `first` to `last` inclusive, that have slots."""
        day = first
        while day <= last:
            if day.month in self.months and day.day in self.days and day.weekday() in self.weekdays:
                yield day
            day += timedelta(days=1)

    def slots(self, after: datetime, until: datetime, zone: ZoneInfo) -> Iterator[Slot]:
        """The slots later than `after` and not later than `until` (both aware), in order of time."""
        first = after.astimezone(zone).date() - timedelta(days=1)
        last = until.astimezone(zone).date() + timedelta(days=1)
        for day in self.dates(first, last):
            of_day = (_slot(day, time(hour, minute), zone) for hour in self.hours for minute in self.minutes)
            yield from sorted(slot for slot in of_day if after < slot.at <= until)


def _slot(day: date, at: time, zone: ZoneInfo) -> Slot:
    # fold=0: the first of two equal local times; a local time that is left out is read with the offset before the
    # change (PEP 495), which puts it as much after the gap as it stood inside it.
    local = datetime.combine(day, at, tzinfo=zone)
    return Slot(at=local.astimezone(UTC), name=local.strftime("%Y-%m-%dT%H:%M"))


def _field(name: str, text: str, low: int, high: int, names: dict[str, int] | None = None) -> set[int]:
    values: set[int] = set()
    for part in text.split(","):
        span, _, step_text = part.partition("/")
        step = _number(name, step_text, 1, high, None) if step_text else 1
        start_text, dash, end_text = span.partition("-")
        if span == "*":
            start, end = low, high
        else:
            start = _number(name, start_text, low, high, names)
            end = _number(name, end_text, low, high, names) if dash else (high if step_text else start)
        if end < start and names is _WEEKDAYS:
            end += 7  # sat-mon
        if end < start:
            raise ValueError(f"{name} {part!r} ends before it begins")
        values.update((value - low) % (high - low + 1) + low for value in range(start, end + 1, step))
    return values


def _number(name: str, text: str, low: int, high: int, names: dict[str, int] | None) -> int:
    if names and text[:3] in names and text.isalpha():
        return names[text[:3]]
    if not text.isdigit() or not low <= int(text) <= high:
        allowed = f"{', '.join(names)}" if names else f"{low} to {high}"
        raise ValueError(f"{name} {text!r} is not one of {allowed}")
    return int(text)


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be decided now: the slot to answer, and the earlier ones it stands in for."""

    slot: Slot
    merged: tuple[Slot, ...] = ()


def due(
    schedule: Schedule, zone: ZoneInfo, *, since: datetime, now: datetime, patience: timedelta, decided: frozenset[str]
) -> Due | None:
    """The slot that is due now, if any.

    A slot counts when it lies after `since` (the service did not look after the newsletter before), is not in
    `decided`, and is at most `patience` late. When several are due at once after a stop, the newest is answered for all.
    """
    waiting = [slot for slot in schedule.slots(max(since, now - patience), now, zone) if slot.name not in decided]
    return Due(waiting[-1], tuple(waiting[:-1])) if waiting else None
