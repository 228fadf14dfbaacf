"""The days of a simulated newsroom: when editions are due, and what is to go wrong."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")


@dataclass(frozen=True)
class Slots:
    """When editions are due: of `tin-sang` in Hanoi, and of `world` in a zone. Before `begin` nothing was."""

    zone: ZoneInfo
    begin: datetime

    def of(self, begin: datetime) -> Iterator[tuple[str, datetime, str]]:
        """The slots of 24 hours, by the calendars of those who made them: a time that the clock leaves out or shows twice is
        one slot; on public holidays of Vietnam tin-sang has none."""
        plans = (("tin-sang", HANOI, time(7)), ("world", self.zone, time(2, 30)))
        for newsletter, zone, at in plans:
            local = begin.astimezone(zone).date()
            for day in (local, local + timedelta(days=1)):
                moment = datetime.combine(day, at, zone).astimezone(UTC)
                off = newsletter == "tin-sang" and day in _public_holidays(day.year)
                if max(begin, self.begin) < moment <= begin + timedelta(days=1) and not off:
                    yield newsletter, moment, f"{day:%Y-%m-%d}T{at:%H:%M}"

    def of_cohorts(self, begin: datetime) -> list[datetime]:
        """The usual times of daily and weekly emails within 24 hours."""
        times = [
            datetime.combine(begin.astimezone(zone).date() + timedelta(days=day), at, zone).astimezone(UTC)
            for zone in (HANOI, self.zone)
            for at in (time(8), time(18))
            for day in (0, 1)
        ]
        return [one for one in times if begin <= one < begin + timedelta(days=1)]


class DayPlan:
    """What is to happen on one day."""

    def __init__(self, chance: random.Random, begin: datetime) -> None:
        hours = [begin + timedelta(hours=hour) for hour in range(24)]
        self.article_hours = frozenset(chance.sample(range(6, 21), 10))
        self.urgent_hour = chance.choice(sorted(self.article_hours)) if chance.random() < 0.07 else None
        self._down: tuple[datetime, datetime] | None = None
        self._off: tuple[datetime, datetime] | None = None
        self.kill: datetime | None = None
        self.restart: datetime | None = None
        draw = chance.random()
        if draw < 0.10:
            start = chance.choice(hours[:18])
            self._down = (start, start + timedelta(hours=chance.choice((1, 2, 5))))
        elif draw < 0.17:
            start = chance.choice(hours[:20])
            self._off = (start, start + timedelta(hours=chance.choice((1, 2, 3))))
        elif draw < 0.37:
            self.kill = chance.choice([hours[0], hours[0], hours[1], hours[2], chance.choice(hours)])
        elif draw < 0.47:
            self.restart = chance.choice(hours)
        more = [one for pair in (self._down, self._off) if pair for one in pair]
        self.more = frozenset([*more, *(one for one in (self.kill, self.restart) if one)])

    def mail_down(self, moment: datetime) -> bool:
        return self._down is not None and self._down[0] <= moment < self._down[1]

    def off(self, moment: datetime) -> bool:
        return self._off is not None and self._off[0] <= moment < self._off[1]


def _public_holidays(year: int) -> holidays.HolidayBase:
    if year not in _HOLIDAYS:
        _HOLIDAYS[year] = holidays.country_holidays("VN", years=year)
    return _HOLIDAYS[year]


_HOLIDAYS: dict[int, holidays.HolidayBase] = {}
