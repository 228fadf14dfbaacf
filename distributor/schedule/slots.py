"""When a newsletter is due: rules, read in its own time zone, with days off and quiet hours. Pure.

A slot is named by its local date and time, so it exists once a day whatever the clocks do: an hour that comes twice in
autumn gives one slot (the first of the two), an hour that is left out in spring gives one slot too, as much later as
the clock was put forward.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from .holidays import HolidayCalendar
from .rules import ScheduleRule

_FARTHEST_MOVE = 30  # days that a slot may be moved for holidays
_FRESH = timedelta(minutes=10)  # a slot answered within this time was not missed


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """One planned time: the moment itself in UTC and its local name (`2026-11-23T07:00`). `note` tells of a move."""

    at: datetime
    name: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class SkippedSlot:
    """A time that the rules name and the calendar takes away, with the reason."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """Hours in which nothing goes out, from `start` to `end` local time; they may span midnight."""

    start: time
    end: time

    def holds(self, at: time) -> bool:
        if self.start <= self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """All the rules of a newsletter. `text` is how staff wrote them."""

    text: str
    rules: tuple[ScheduleRule, ...]
    zone: ZoneInfo
    days_off: HolidayCalendar = HolidayCalendar()
    quiet: QuietHours | None = None
    prefix: str = ""  # of the names of its slots, where a newsletter has several schedules

    def slots(self, after: datetime, until: datetime) -> Iterator[Slot]:
        """The slots later than `after` and not later than `until` (both aware), in order of time, each once."""
        margin = timedelta(days=_FARTHEST_MOVE if self.days_off.action != "skip" else 1)
        first = (after - margin).astimezone(self.zone).date() - timedelta(days=1)
        last = (until + margin).astimezone(self.zone).date() + timedelta(days=1)
        found = {slot.name: slot for slot in self._planned(first, last) if isinstance(slot, Slot)}
        yield from sorted(slot for slot in found.values() if after < slot.at <= until)

    def skipped(self, after: datetime, until: datetime) -> Iterator[SkippedSlot]:
        """The times in between that are left out, for plans and explanations."""
        first, last = (moment.astimezone(self.zone).date() for moment in (after, until))
        yield from (one for one in self._planned(first, last) if isinstance(one, SkippedSlot))

    def _planned(self, first: date, last: date) -> Iterator[Slot | SkippedSlot]:
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            for rule in self.rules:
                if rule.falls_on(day):
                    yield from (self._place(day, at) for at in rule.times)

    def _place(self, day: date, at: time) -> Slot | SkippedSlot:
        """Where a time of the rules comes to lie."""
        named = f"{day:%Y-%m-%d}T{at:%H:%M}"
        note = ""
        reason = self.days_off.reason(day)
        if reason:
            if self.days_off.action == "skip":
                return SkippedSlot(named, reason)
            moved = _working_day(self.days_off, day)
            if moved is None:
                return SkippedSlot(named, reason)
            day, note = moved, f"moved from {named}: {reason}"
        if self.quiet and self.quiet.holds(at):
            note = note or f"moved from {named}: quiet hours"
            if self.quiet.start > self.quiet.end and at >= self.quiet.start:
                day += timedelta(days=1)
            at = self.quiet.end
        return _slot(day, at, self.zone, note, self.prefix)


def _working_day(calendar: HolidayCalendar, day: date) -> date | None:
    step = timedelta(days=1 if calendar.action == "next" else -1)
    for _ in range(_FARTHEST_MOVE):
        day += step
        if calendar.is_working_day(day):
            return day
    return None


def _slot(day: date, at: time, zone: ZoneInfo, note: str, prefix: str) -> Slot:
    # fold=0: the first of two equal local times; a local time that is left out is read with the offset before the
    # change (PEP 495), which puts it as much after the gap as it stood inside it.
    local = datetime.combine(day, at, tzinfo=zone)
    return Slot(at=local.astimezone(UTC), name=prefix + local.strftime("%Y-%m-%dT%H:%M"), note=note)


# -- what is due -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MissedSlotPolicy:
    """What to do about slots that passed while nobody was looking.

    `send`: the newest is answered for all, if it is at most `within` late. `merge`: it is, however late. `skip`: none
    is; what they would have carried goes into the next slot.
    """

    rule: Literal["send", "merge", "skip"] = "send"
    within: timedelta = timedelta(hours=2)

    @property
    def grace_time(self) -> timedelta:
        return {"send": self.within, "merge": timedelta(days=366), "skip": _FRESH}[self.rule]


@dataclass(frozen=True, slots=True)
class DueSlots:
    """What is to be decided now: the slot to answer, if any, and the earlier ones that it stands in for or that are
    left out, each with what is to be written down of it."""

    slot: Slot | None
    passed: tuple[tuple[Slot, str], ...] = ()


def find_due_slots(
    schedule: Schedule,
    *,
    since: datetime,
    now: datetime,
    missed: MissedSlotPolicy,
    decided: frozenset[str],
    ahead: timedelta = timedelta(),
) -> DueSlots | None:
    """What is due now, if anything.

    A slot counts when it lies after `since` (the service did not look after the newsletter before) and is not in
    `decided`. With `ahead` it is due so much earlier: a draft of it is to be made.
    """
    look_back = max(missed.grace_time, timedelta(days=1))
    waiting = [slot for slot in schedule.slots(max(since, now - look_back), now + ahead) if slot.name not in decided]
    if not waiting:
        return None
    newest = waiting[-1]
    if now - newest.at > missed.grace_time:
        late = f"missed; left out ({missed.rule})"
        return DueSlots(None, tuple((slot, late) for slot in waiting))
    return DueSlots(newest, tuple((slot, f"missed; merged into {newest.name}") for slot in waiting[:-1]))
