"""When slots fall, in the newsletter's own time zone; and what becomes of those that passed."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from distributor.schedule.holidays import HolidayCalendar
from distributor.schedule.rules import parse_rule
from distributor.schedule.slots import QuietHours, Schedule

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")


def schedule(
    *lines: str, zone: ZoneInfo = HANOI, days_off: HolidayCalendar = HolidayCalendar(), quiet: QuietHours | None = None
) -> Schedule:
    return Schedule(
        text="; ".join(lines), rules=tuple(map(parse_rule, lines)), zone=zone, days_off=days_off, quiet=quiet
    )


def names(made: Schedule, first: datetime, days: int) -> list[str]:
    return [slot.name for slot in made.slots(first - timedelta(minutes=1), first + timedelta(days=days, minutes=-1))]


SUNDAY = datetime(2026, 11, 22, tzinfo=HANOI)


class TestLines:
    def test_weekdays_by_name_fall_on_those_days(self) -> None:
        assert names(schedule("0 7 * * mon-fri"), SUNDAY, 7) == [f"2026-11-{day}T07:00" for day in range(23, 28)]
        assert names(schedule("30 6 * * sat-mon"), SUNDAY, 7) == [f"2026-11-{day}T06:30" for day in (22, 23, 28)]

    def test_steps_lists_and_ranges_are_read_as_cron_does(self) -> None:
        assert names(schedule("*/30 6-7 23 nov *"), SUNDAY, 3) == [
            "2026-11-23T06:00", "2026-11-23T06:30", "2026-11-23T07:00", "2026-11-23T07:30",
        ]  # fmt: skip
        assert names(schedule("0,15 8 * * *"), SUNDAY, 1) == ["2026-11-22T08:00", "2026-11-22T08:15"]

    @pytest.mark.parametrize(
        ("line", "cron"),
        [
            ("weekdays at 07:00", "0 7 * * mon-fri"),
            ("on weekdays at 7:00", "0 7 * * mon-fri"),
            ("every day at 07:00 and 17:00", "0 7,17 * * *"),
            ("daily at 07:00, 12:00 and 17:00", "0 7,12,17 * * *"),
            ("weekends at 09:30", "30 9 * * sat,sun"),
            ("mondays and thursdays at 08:00", "0 8 * * mon,thu"),
            ("on tue, wed and sun at 08:00", "0 8 * * tue,wed,sun"),
            ("every 2 hours between 06:00 and 20:00", "0 6-20/2 * * *"),
            ("every hour between 06:00 and 08:00 on weekdays", "0 6-8 * * mon-fri"),
            ("every 30 minutes between 06:00 and 07:00", "0,30 6 * * *"),
            ("on the 1st and 15th at 08:00", "0 8 1,15 * *"),
            ("the 3rd of the month at 08:00", "0 8 3 * *"),
        ],
    )
    def test_words_say_the_same_as_cron(self, line: str, cron: str) -> None:
        made, expected = names(schedule(line), SUNDAY, 60), names(schedule(cron), SUNDAY, 60)
        if "minutes" in line:  # the end of an interval belongs to it
            expected = sorted({*expected, *(f"{name[:11]}07:00" for name in expected)})
        assert made == expected
        assert made

    def test_the_first_and_the_last_of_a_weekday_in_its_month(self) -> None:
        assert names(schedule("first monday at 08:00"), SUNDAY, 60) == ["2026-12-07T08:00", "2027-01-04T08:00"]
        assert names(schedule("last friday at 17:00"), SUNDAY, 60) == ["2026-11-27T17:00", "2026-12-25T17:00"]
        assert names(schedule("third wed at 08:00"), SUNDAY, 60) == ["2026-12-16T08:00", "2027-01-20T08:00"]

    def test_several_lines_make_one_schedule_and_a_time_named_twice_is_one_slot(self) -> None:
        made = schedule("weekdays at 07:00", "monday at 07:00", "saturday at 09:00")
        assert names(made, SUNDAY, 7) == [*(f"2026-11-{day}T07:00" for day in range(23, 28)), "2026-11-28T09:00"]

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            ("0 7 * * 1", "weekdays are written by name"),
            ("0 7 * * 1-5", "weekdays are written by name"),
            ("0 7 * *", "has 4 parts instead of five"),
            ("whenever you like", "is not understood; write it like"),
            ("moonday at 07:00", "'moonday' is not a day"),
            ("weekdays at 7", "'7' is not a time of day"),
            ("weekdays at 25:00", "'25:00' is not a time of day"),
            ("every 0 hours between 06:00 and 20:00", "an interval has a length"),
            ("every hour between 20:00 and 06:00", "ends after it begins"),
            ("on the 32nd at 08:00", "no month has a day 32"),
            ("0 25 * * *", "hour '25' is not one of 0 to 23"),
            ("0 7 1 * mon", "a day of the month or a weekday, not both"),
            ("0 7 31 feb *", "never happens"),
            ("0 9-7 * * *", "ends before it begins"),
            ("0 7 * * someday", "weekday 'someday' is not one of mon"),
            ("*/0 7 * * *", "minute '0' is not one of 1 to 59"),
            ("", "is empty"),
        ],
    )
    def test_a_line_that_could_be_misread_is_refused_in_words(self, line: str, reason: str) -> None:
        with pytest.raises(ValueError, match=reason):
            parse_rule(line)
