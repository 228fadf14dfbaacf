"""Lines that say when: cron, or words as one would say them. Pure; `schedule` makes slots of them.

    0 7 * * mon-fri                                   minute hour day month weekday
    weekdays at 07:00                                 every day, weekends, mondays and thursdays, sat, sun
    every day at 07:00 and 17:30
    every 2 hours between 06:00 and 20:00             every 30 minutes between … on weekdays
    first monday at 08:00                             second, third, fourth, last
    on the 1st and 15th at 08:00

Weekdays are written by name only: number 1 is Monday for some programs and Tuesday for others, and a newsletter that
goes out on the wrong day is noticed by its readers first.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, time

_WEEKDAYS = {"mon": 0, "tue": 1, "wed": 2, "thu": 3, "fri": 4, "sat": 5, "sun": 6}
_FULL = {
    "monday": 0, "tuesday": 1, "wednesday": 2, "thursday": 3, "friday": 4, "saturday": 5, "sunday": 6
} | _WEEKDAYS | {"tues": 1, "thur": 3, "thurs": 3}  # fmt: skip
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
ALL_DAYS = frozenset(range(1, 32))
ALL_MONTHS = frozenset(range(1, 13))
ALL_WEEKDAYS = frozenset(range(7))
_IMPOSSIBLE_DATES = frozenset({(2, 30), (2, 31), (4, 31), (6, 31), (9, 31), (11, 31)})


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRule:
    """Local days and times. Weekdays count from 0, Monday. `nth` picks the weekday of that number in its month (1 to 4,
    or -1 for the last); 0 takes all."""

    times: tuple[time, ...]
    days: frozenset[int] = ALL_DAYS
    months: frozenset[int] = ALL_MONTHS
    weekdays: frozenset[int] = ALL_WEEKDAYS
    nth: int = 0

    def falls_on(self, day: date) -> bool:
        if day.month not in self.months or day.day not in self.days or day.weekday() not in self.weekdays:
            return False
        if self.nth > 0:
            return (day.day - 1) // 7 + 1 == self.nth
        return self.nth == 0 or day.day > calendar.monthrange(day.year, day.month)[1] - 7


def parse_rule(text: str) -> ScheduleRule:
    """The rule that a line says. Raises ValueError in words."""
    line = " ".join(text.lower().replace(",", " , ").split())
    if not line:
        raise ValueError("is empty")
    looks_like_cron = re.match(r"[\d*]", line) and not re.match(r"\d+(?:st|nd|rd|th)\b", line)
    return _cron(text) if looks_like_cron else _words(line, text)


# -- cron --------------------------------------------------------------------------------------------------------------


def _cron(text: str) -> ScheduleRule:
    fields = text.lower().split()
    if len(fields) != 5:
        raise ValueError(
            f"has {len(fields)} parts instead of five: minute hour day month weekday, such as 0 7 * * mon-fri; "
            "or say it in words: weekdays at 07:00"
        )
    minute, hour, day, month, weekday = fields
    if any(part.isdigit() for part in re.split(r"[-/,]", weekday)):
        raise ValueError("weekdays are written by name (mon-fri, sat,sun): their numbers differ between programs")
    if day != "*" and weekday != "*":
        raise ValueError("give a day of the month or a weekday, not both: programs disagree on what both mean")
    minutes, hours = _field("minute", minute, 0, 59), _field("hour", hour, 0, 23)
    rule = ScheduleRule(
        times=tuple(time(h, m) for h in sorted(hours) for m in sorted(minutes)),
        days=frozenset(_field("day", day, 1, 31)),
        months=frozenset(_field("month", month, 1, 12, _MONTHS)),
        weekdays=frozenset(_field("weekday", weekday, 0, 6, _WEEKDAYS)),
    )
    if all((m, d) in _IMPOSSIBLE_DATES for m in rule.months for d in rule.days):
        raise ValueError("never happens: no month has such a day")
    return rule


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
        raise ValueError(f"{name} {text!r} is not one of {', '.join(names) if names else f'{low} to {high}'}")
    return int(text)


# -- words -------------------------------------------------------------------------------------------------------------

_EVERY = re.compile(
    r"every (?:(?P<number>\d+) )?(?P<unit>hours?|minutes?) between (?P<start>\S+) and (?P<end>\S+)(?: on (?P<days>.+))?"
)
_NTH = re.compile(r"(?:the )?(?P<nth>first|second|third|fourth|last) (?P<day>\w+)(?: of the month)? at (?P<times>.+)")
_DATES = re.compile(r"(?:on )?the (?P<dates>[\dstndrh ,]+?(?:and [\dstndrh ]+)?)(?: of the month)? at (?P<times>.+)")
_DAYS = re.compile(r"(?:on |every )?(?P<days>.+?) at (?P<times>.+)")
_HINT = (
    "write it like `weekdays at 07:00`, `every 2 hours between 06:00 and 20:00`, `first monday at 08:00`, or as cron"
)


def _words(line: str, text: str) -> ScheduleRule:
    if match := _EVERY.fullmatch(line):
        return _interval(match)
    if match := _NTH.fullmatch(line):
        weekday = _weekday(match["day"])
        return ScheduleRule(times=_times(match["times"]), weekdays=frozenset({weekday}), nth=_ORDINALS[match["nth"]])
    if match := _DATES.fullmatch(line):
        days = frozenset(int(number) for number in re.findall(r"\d+", match["dates"]))
        if not days <= ALL_DAYS:
            raise ValueError(f"no month has a day {max(days)}")
        return ScheduleRule(times=_times(match["times"]), days=days)
    if match := _DAYS.fullmatch(line):
        return ScheduleRule(times=_times(match["times"]), weekdays=_weekdays(match["days"]))
    raise ValueError(f"{text!r} is not understood; {_HINT}")


def _interval(match: re.Match[str]) -> ScheduleRule:
    step = int(match["number"] or 1) * (60 if match["unit"].startswith("hour") else 1)
    start, end = _time(match["start"]), _time(match["end"])
    first, last = start.hour * 60 + start.minute, end.hour * 60 + end.minute
    if step == 0 or last < first:
        raise ValueError("an interval has a length, and ends after it begins")
    times = tuple(time(minute // 60, minute % 60) for minute in range(first, last + 1, step))
    return ScheduleRule(times=times, weekdays=_weekdays(match["days"]) if match["days"] else ALL_WEEKDAYS)


def _weekdays(text: str) -> frozenset[int]:
    if text in ("day", "every day", "daily", "each day"):
        return ALL_WEEKDAYS
    if text in ("weekdays", "weekday", "workdays"):
        return frozenset(range(5))
    if text in ("weekends", "weekend"):
        return frozenset({5, 6})
    return frozenset(_weekday(word) for word in re.split(r" , and | , | and ", text))


def _weekday(word: str) -> int:
    name = word.strip()
    name = name if name in _FULL else name.removesuffix("s")
    if name not in _FULL:
        raise ValueError(f"{word!r} is not a day; {_HINT}")
    return _FULL[name]


def _times(text: str) -> tuple[time, ...]:
    return tuple(sorted({_time(word) for word in re.split(r" , and | , | and ", text)}))


def _time(word: str) -> time:
    match = re.fullmatch(r"(\d{1,2}):(\d{2})", word.strip())
    if not match or int(match[1]) > 23 or int(match[2]) > 59:
        raise ValueError(f"{word.strip()!r} is not a time of day; write it like 07:00")
    return time(int(match[1]), int(match[2]))
