"""The coming week in words."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from distributor.doctor.schedules import check_schedule
from distributor.schedule.holidays import HolidayCalendar
from distributor.schedule.rules import parse_rule
from distributor.schedule.settings import ScheduleSettings
from distributor.schedule.slots import MissedSlotPolicy, QuietHours, Schedule

NOW = datetime(2026, 11, 30, 1, tzinfo=UTC)  # Monday, 08:00 in Hà Nội
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def weeks(text: str, days_off: HolidayCalendar = HolidayCalendar(), quiet: QuietHours | None = None) -> tuple[str, str]:
    """What is said of a schedule, and the fault."""
    schedule = Schedule(text=text, rules=(parse_rule(text),), zone=ZONE, days_off=days_off, quiet=quiet)
    (result,) = check_schedule("tin-sang", ScheduleSettings(schedule, MissedSlotPolicy()), NOW)
    return result.what, result.fault


def test_each_time_of_the_week_is_named_in_the_newsletters_own_zone() -> None:
    assert weeks("weekdays at 07:00") == (
        "5 editions in the coming week: Tue 01 Dec 07:00, Wed 02 Dec 07:00, Thu 03 Dec 07:00, Fri 04 Dec 07:00, "
        "Mon 07 Dec 07:00",
        "",
    )
    assert weeks("fridays at 18:00")[0] == "1 edition in the coming week: Fri 04 Dec 18:00"


def test_many_times_are_counted_and_the_first_are_named() -> None:
    said, fault = weeks("every hour between 06:00 and 20:00")
    assert (fault, said.startswith("105 editions"), said.endswith(", … until Mon 07 Dec 08:00")) == ("", True, True)


def test_days_off_and_moves_are_told_with_their_reason() -> None:
    off = HolidayCalendar(own=((date(2026, 12, 2), date(2026, 12, 2), "ngày nghỉ"),))
    said, _ = weeks("weekdays at 07:00", off)
    assert said.startswith("4 editions") and said.endswith("; not at Wed 02 Dec 07:00 (ngày nghỉ)")
    said, _ = weeks("wednesdays at 05:00", quiet=QuietHours(start=time(22), end=time(6)))
    assert said.endswith("Wed 02 Dec 06:00 (moved from 2026-12-02T05:00: quiet hours)")


def test_a_week_without_an_edition_is_a_warning_that_names_the_next_one() -> None:
    said, fault = weeks("on the 15th at 08:00")
    assert (said, fault) == ("nothing goes out in the coming week; the next is Tue 2026-12-15 08:00", "schedule-empty")
    off = HolidayCalendar(own=((date(2026, 1, 1), date(2028, 12, 31), "closed"),))
    said, fault = weeks("every day at 07:00", off)
    assert said.endswith(", …; nor in the year after") and fault == "schedule-empty"


def test_a_newsletter_by_hand_is_no_fault() -> None:
    (result,) = check_schedule("tin-sang", ScheduleSettings(None, MissedSlotPolicy()), NOW)
    assert (result.what, result.fault) == ("goes out by hand only", "")
