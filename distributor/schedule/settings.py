"""The timing of each newsletter, read from config.yaml: its schedule and what becomes of missed slots. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, time

from ..config.schema import HolidaySettings, Settings
from ..config.types import parse_day, parse_duration
from ..config.validation import suggestion
from ..config.yaml import KeyPath, RawConfig
from ..errors import Problem
from ..model import EditionKind
from .holidays import HolidayCalendar, is_known_country, known_countries
from .rules import ScheduleRule, parse_rule
from .slots import MissedSlotPolicy, QuietHours, Schedule

_HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})")
_DATES = re.compile(r"([\d-]+)(?:\s*\.\.\s*([\d-]+))?(?:\s+(.+))?")


@dataclass(frozen=True, slots=True)
class ScheduleSettings:
    """When a newsletter goes out by itself; `schedule` is None for one that goes out by hand only.

    `daily` and `weekly` say when subscribers who chose so get everything since their last email in one.
    """

    schedule: Schedule | None
    missed: MissedSlotPolicy
    daily: Schedule | None = None
    weekly: Schedule | None = None

    @property
    def by_kind(self) -> dict[EditionKind, Schedule]:
        """The schedules that there are, by the kind of edition that they make."""
        schedules = {
            EditionKind.DIGEST: self.schedule, EditionKind.DAILY: self.daily, EditionKind.WEEKLY: self.weekly
        }  # fmt: skip
        return {kind: schedule for kind, schedule in schedules.items() if schedule}


def read_schedule_settings(
    raw: RawConfig, settings: Settings | None
) -> tuple[Mapping[str, ScheduleSettings], list[Problem]]:
    """The timing of every newsletter, and every problem with it."""
    timing: dict[str, ScheduleSettings] = {}
    problems: list[Problem] = []
    if settings is None:  # the rest of the file is wrong as well: tell at least what the lines themselves say
        for name, lines in _raw_lines(raw):
            _ScheduleReader(raw, name, problems).rules(lines)
        return {}, problems
    for name, newsletter in settings.newsletters.items():
        reader = _ScheduleReader(raw, name, problems)
        usual = Schedule(
            text="",
            rules=(),
            zone=settings.newsletter_zone(newsletter),
            days_off=reader.days_off(newsletter.days_off),
            quiet=reader.quiet(newsletter.quiet_hours),
        )
        timing[name] = ScheduleSettings(
            reader.schedule(usual, "schedule", newsletter.schedule),
            reader.missed(newsletter.missed),
            reader.schedule(usual, "daily", newsletter.daily),
            reader.schedule(usual, "weekly", newsletter.weekly),
        )
    return timing, problems


def _raw_lines(raw: RawConfig) -> Iterator[tuple[str, list[str]]]:
    newsletters = raw.data.get("newsletters")
    for name, newsletter in newsletters.items() if isinstance(newsletters, dict) else ():
        lines = newsletter.get("schedule") if isinstance(newsletter, dict) else None
        yield name, [line for line in (lines if isinstance(lines, list) else [lines]) if isinstance(line, str)]


@dataclass(frozen=True, slots=True)
class _ScheduleReader:
    """Reads the timing of one newsletter; what it cannot read becomes a problem."""

    raw: RawConfig
    name: str
    problems: list[Problem]

    def wrong(self, path: KeyPath, message: str) -> None:
        self.problems.append(self.raw.problem(("newsletters", self.name, *path), message))

    def schedule(self, usual: Schedule, key: str, lines: Sequence[str]) -> Schedule | None:
        """The schedule that a key holds, with the newsletter's days off and quiet hours."""
        prefix = "" if key == "schedule" else f"{key}-"
        rules = self.rules(lines, key)
        return replace(usual, text="; ".join(lines), rules=rules, prefix=prefix) if rules else None

    def rules(self, lines: Sequence[str], key: str = "schedule") -> tuple[ScheduleRule, ...]:
        rules = []
        for number, line in enumerate(lines):
            try:
                rules.append(parse_rule(line))
            except ValueError as error:
                self.wrong((key,) if len(lines) == 1 else (key, number), str(error))
        return tuple(rules)

    def missed(self, text: str) -> MissedSlotPolicy:
        words = text.lower().split(maxsplit=2)
        try:
            if words[:2] == ["send", "within"] and len(words) == 3:
                return MissedSlotPolicy("send", parse_duration(words[2]))
            if words == ["merge"] or words == ["skip"]:
                return MissedSlotPolicy("merge" if words == ["merge"] else "skip")
        except ValueError as error:
            self.wrong(("missed",), str(error))
            return MissedSlotPolicy()
        self.wrong(("missed",), "write `send within 2h`, `merge` or `skip`")
        return MissedSlotPolicy()

    def quiet(self, text: str | None) -> QuietHours | None:
        if text is None:
            return None
        match = _HOURS.fullmatch(text.strip())
        try:
            if match:
                start, end = time(int(match[1]), int(match[2])), time(int(match[3]), int(match[4]))
                return QuietHours(start=start, end=end)
        except ValueError:
            pass
        self.wrong(("quiet_hours",), "write two times of day: 22:00-06:00")
        return None

    def days_off(self, setting: HolidaySettings | None) -> HolidayCalendar:
        if setting is None:
            return HolidayCalendar()
        if setting.country and not is_known_country(setting.country):
            hint = suggestion(setting.country, known_countries()) if len(setting.country) > 2 else ""
            self.wrong(("days_off", "country"), f"is not the ISO code of a country that is known, such as VN{hint}")
            setting = setting.model_copy(update={"country": ""})
        own = [self.own_days(number, text) for number, text in enumerate(setting.dates)]
        return HolidayCalendar(setting.country, tuple(days for days in own if days), setting.action)

    def own_days(self, number: int, text: str) -> tuple[date, date, str] | None:
        match = _DATES.fullmatch(text.strip())
        try:
            if match is None:
                raise ValueError("write a day, 2026-12-24, or two, 2027-02-01..2027-02-10, and a reason")
            first = parse_day(match[1])
            last = parse_day(match[2]) if match[2] else first
            if last < first:
                raise ValueError(f"{last} is before {first}: write the first day first")
            return first, last, match[3] or "a day without an edition"
        except ValueError as error:
            self.wrong(("days_off", "dates", number), str(error))
            return None
