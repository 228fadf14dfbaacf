"""When slots fall, in the newsletter's own time zone; and what becomes of those that passed."""

from __future__ import annotations

import subprocess
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from distributor.schedule import holidays
from distributor.schedule.holidays import _COUNTRIES, HolidayCalendar, is_known_country, known_countries
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


class TestDaysOff:
    # Tết 2027 as the government's calendar has it: Thursday 4 to Wednesday 10 February.
    TET = tuple(f"2027-02-{day:02}" for day in (4, 5, 8, 9, 10))
    around = datetime(2027, 2, 1, tzinfo=HANOI)

    def test_tet_is_skipped(self) -> None:
        made = names(schedule("weekdays at 07:00", days_off=HolidayCalendar("VN")), self.around, 14)
        assert made == [f"2027-02-{day:02}T07:00" for day in (1, 2, 3, 11, 12)]
        left_out = schedule("weekdays at 07:00", days_off=HolidayCalendar("VN")).skipped(
            self.around, self.around + timedelta(13)
        )
        assert [(one.name[:10], "Lunar New Year" in one.reason) for one in left_out] == [
            (day, True) for day in self.TET
        ]

    def test_tet_is_moved_to_the_next_working_day_once(self) -> None:
        made = schedule("weekdays at 07:00", days_off=HolidayCalendar("VN", action="next"))
        assert names(made, self.around, 14) == [f"2027-02-{day:02}T07:00" for day in (1, 2, 3, 11, 12)]
        weekly = schedule("monday at 07:00", days_off=HolidayCalendar("VN", action="next"))
        (moved,) = weekly.slots(self.around + timedelta(days=1), self.around + timedelta(days=13))
        assert moved.name == "2027-02-11T07:00"
        assert moved.note.startswith("moved from 2027-02-08T07:00: ")

    def test_tet_is_moved_to_the_working_day_before(self) -> None:
        weekly = schedule("friday at 07:00", days_off=HolidayCalendar("VN", action="previous"))
        assert names(weekly, self.around, 14) == ["2027-02-03T07:00", "2027-02-12T07:00"]

    def test_own_days_have_their_reason(self) -> None:
        own = HolidayCalendar(own=((date(2026, 11, 24), date(2026, 11, 25), "chuyển trụ sở"),))
        made = schedule("weekdays at 07:00", days_off=own)
        assert names(made, SUNDAY, 7) == [f"2026-11-{day}T07:00" for day in (23, 26, 27)]
        assert [one.reason for one in made.skipped(SUNDAY, SUNDAY + timedelta(days=6))] == ["chuyển trụ sở"] * 2


def test_the_countries_that_need_no_asking_are_known_to_the_library() -> None:
    assert set(_COUNTRIES.split()) == {code for code in known_countries() if len(code) == 2}


def test_a_country_may_be_written_with_three_letters() -> None:
    assert is_known_country("VNM")
    assert not is_known_country("XX")


class TestLearning:
    """A service has holidays looked up in another process, so that the library takes no memory here."""

    def test_what_was_learned_is_what_the_library_says(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(holidays, "_known", {})
        holidays.learn(["VN", "", "VN"], date(2026, 11, 30))
        learned = dict(holidays._known)
        assert sorted(learned) == [("VN", year) for year in (2025, 2026, 2027, 2028)]
        assert learned["VN", 2027] == holidays._compute("VN", 2027)

    def test_it_is_learned_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(holidays, "_known", {("VN", year): {} for year in range(2025, 2029)})
        monkeypatch.setattr(subprocess, "run", None)  # would fail if it were called
        holidays.learn(["VN"], date(2026, 11, 30))

    def test_without_a_child_the_library_is_asked_when_it_is_needed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fails(*_: object, **__: object) -> object:
            raise OSError("no process can be started")

        monkeypatch.setattr(holidays, "_known", {})
        monkeypatch.setattr(subprocess, "run", fails)
        holidays.learn(["VN"], date(2026, 11, 30))
        assert not holidays._known
        assert HolidayCalendar("VN").reason(date(2026, 9, 2)) == "National Day"
