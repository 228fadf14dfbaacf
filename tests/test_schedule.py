"""When slots fall, in the newsletter's own time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from distributor.editions.schedule import Due, Schedule, Slot, due

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
BERLIN = ZoneInfo("Europe/Berlin")


def names(text: str, zone: ZoneInfo, first: datetime, days: int) -> list[str]:
    return [slot.name for slot in Schedule.parse(text).slots(first, first + timedelta(days=days), zone)]


def test_weekdays_by_name_fall_on_those_days() -> None:
    sunday = datetime(2026, 11, 22, tzinfo=HANOI)
    assert names("0 7 * * mon-fri", HANOI, sunday, 7) == [f"2026-11-{day}T07:00" for day in range(23, 28)]
    assert names("30 6 * * sat-mon", HANOI, sunday, 7) == [f"2026-11-{day}T06:30" for day in (22, 23, 28)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0 7 * * 1", "weekdays are written by name"),
        ("0 7 * * 1-5", "weekdays are written by name"),
        ("0 7 * *", "has 4 parts instead of five"),
        ("every day", "has 2 parts instead of five"),
        ("0 25 * * *", "hour '25' is not one of 0 to 23"),
        ("0 7 1 * mon", "a day of the month or a weekday, not both"),
        ("0 7 31 feb *", "never happens"),
        ("0 9-7 * * *", "ends before it begins"),
        ("0 7 * * someday", "weekday 'someday' is not one of mon"),
        ("*/0 7 * * *", "minute '0' is not one of 1 to 59"),
    ],
)
def test_a_line_that_could_be_misread_is_refused_in_words(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Schedule.parse(text)


def test_steps_lists_and_ranges_are_read_as_cron_does() -> None:
    day = datetime(2026, 11, 23, tzinfo=HANOI)
    assert names("*/30 6-7 23 nov *", HANOI, day - timedelta(minutes=1), 1) == [
        "2026-11-23T06:00", "2026-11-23T06:30", "2026-11-23T07:00", "2026-11-23T07:30",
    ]  # fmt: skip
    assert names("0,15 8 * * *", HANOI, day, 1) == ["2026-11-23T08:00", "2026-11-23T08:15"]


def test_an_hour_that_comes_twice_in_autumn_gives_one_slot() -> None:
    before = datetime(2026, 10, 24, 12, tzinfo=BERLIN)
    slots = list(Schedule.parse("30 2 * * *").slots(before, before + timedelta(days=2), BERLIN))
    assert [slot.name for slot in slots] == ["2026-10-25T02:30", "2026-10-26T02:30"]
    assert slots[0].at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_an_hour_that_is_left_out_in_spring_gives_one_slot_after_the_gap() -> None:
    before = datetime(2027, 3, 27, 12, tzinfo=BERLIN)
    slots = list(Schedule.parse("30 2 * * *").slots(before, before + timedelta(days=2), BERLIN))
    assert [slot.name for slot in slots] == ["2027-03-28T02:30", "2027-03-29T02:30"]
    assert slots[0].at.astimezone(BERLIN).strftime("%H:%M") == "03:30"


def test_slots_come_in_order_of_time_even_across_the_gap() -> None:
    before = datetime(2027, 3, 27, 12, tzinfo=BERLIN)
    slots = list(Schedule.parse("0,30 1-4 * * *").slots(before, before + timedelta(days=1), BERLIN))
    assert [slot.at for slot in slots] == sorted(slot.at for slot in slots)


class TestDue:
    every_minute = Schedule.parse("* * * * *")
    now = datetime(2026, 11, 23, 0, 5, 20, tzinfo=UTC)

    def ask(self, *, since: datetime, decided: frozenset[str] = frozenset(), minutes: int = 120) -> Due | None:
        return due(
            self.every_minute, HANOI, since=since, now=self.now, patience=timedelta(minutes=minutes), decided=decided
        )

    def test_nothing_is_due_before_the_service_looked_after_the_newsletter(self) -> None:
        assert self.ask(since=self.now) is None

    def test_the_newest_of_several_missed_slots_is_answered_for_all(self) -> None:
        task = self.ask(since=self.now - timedelta(minutes=3))
        assert task == Due(
            Slot(datetime(2026, 11, 23, 0, 5, tzinfo=UTC), "2026-11-23T07:05"),
            (
                Slot(datetime(2026, 11, 23, 0, 3, tzinfo=UTC), "2026-11-23T07:03"),
                Slot(datetime(2026, 11, 23, 0, 4, tzinfo=UTC), "2026-11-23T07:04"),
            ),
        )

    def test_a_decided_slot_is_not_due_again(self) -> None:
        assert self.ask(since=self.now - timedelta(minutes=1), decided=frozenset({"2026-11-23T07:05"})) is None

    def test_a_slot_that_is_too_late_is_left_out(self) -> None:
        task = self.ask(since=self.now - timedelta(days=1), minutes=2)
        assert task is not None
        assert [slot.name for slot in (*task.merged, task.slot)] == ["2026-11-23T07:04", "2026-11-23T07:05"]
