"""What goes out in the coming week, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from ..model import EditionKind
from ..schedule.settings import ScheduleSettings
from ..schedule.slots import Schedule
from .results import CheckResult, fault, passed

WEEK = timedelta(days=7)
_NAMED = 8  # times that are named one by one
_LOOK_AHEAD = timedelta(days=400)


def check_schedule(newsletter: str, timing: ScheduleSettings, now: datetime) -> Iterator[CheckResult]:
    """The results for a newsletter: one for each of its schedules."""
    if not timing.by_kind:
        yield passed("schedule", newsletter, "goes out by hand only")
    for kind, schedule in timing.by_kind.items():
        where = newsletter if kind is EditionKind.DIGEST else f"{newsletter} ({kind.value})"
        yield _check(where, schedule, now)


def _check(where: str, schedule: Schedule, now: datetime) -> CheckResult:
    slots = list(schedule.slots(now, now + WEEK))
    skipped = [f"not at {_words(schedule, one.name)} ({one.reason})" for one in schedule.skipped(now, now + WEEK)]
    left_out = f"; {', '.join(skipped[:3])}" + (", …" if len(skipped) > 3 else "") if skipped else ""
    if not slots:
        following = next(schedule.slots(now + WEEK, now + _LOOK_AHEAD), None)
        then = f"the next is {_at(schedule, following.at, day=True)}" if following else "nor in the year after"
        what = f"nothing goes out in the coming week{left_out}; {then}"
        return fault("schedule-empty", where, what)
    times = [_at(schedule, slot.at) + (f" ({slot.note})" if slot.note else "") for slot in slots[:_NAMED]]
    more = f", … until {_at(schedule, slots[-1].at)}" if len(slots) > _NAMED else ""
    editions = "1 edition" if len(slots) == 1 else f"{len(slots)} editions"
    return passed("schedule", where, f"{editions} in the coming week: {', '.join(times)}{more}{left_out}")


def _at(schedule: Schedule, moment: datetime, *, day: bool = False) -> str:
    local = moment.astimezone(schedule.zone)
    return f"{local:%a %Y-%m-%d %H:%M}" if day else f"{local:%a %d %b %H:%M}"


def _words(schedule: Schedule, name: str) -> str:
    return f"{datetime.fromisoformat(name.removeprefix(schedule.prefix)):%a %d %b %H:%M}"
