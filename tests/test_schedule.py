"""When slots fall, in the newsletter's own time zone; and what becomes of those that passed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from distributor.editions.days_off import DaysOff
from distributor.editions.rules import parse
from distributor.editions.schedule import Due, Missed, Quiet, Schedule, Slot, due

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # puts its clocks forward by half an hour


def schedule(
    *lines: str, zone: ZoneInfo = HANOI, days_off: DaysOff = DaysOff(), quiet: Quiet | None = None
) -> Schedule:
    return Schedule(text="; ".join(lines), rules=tuple(map(parse, lines)), zone=zone, days_off=days_off, quiet=quiet)


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
            parse(line)


class TestAYear:
    """Every half hour of a whole year, in four zones: each local time once, the two days of the change by hand."""

    @pytest.mark.parametrize(
        ("zone", "spring", "gap", "autumn", "fold"),
        [
            (HANOI, None, [], None, []),
            (BERLIN, date(2027, 3, 28), ["02:00", "02:30"], date(2027, 10, 31), ["02:00", "02:30"]),
            (NEW_YORK, date(2027, 3, 14), ["02:00", "02:30"], date(2027, 11, 7), ["01:00", "01:30"]),
            (LORD_HOWE, date(2027, 10, 3), ["02:00"], date(2027, 4, 4), ["01:30"]),
        ],
    )
    def test_each_local_time_gives_one_slot(
        self, zone: ZoneInfo, spring: date | None, gap: list[str], autumn: date | None, fold: list[str]
    ) -> None:
        first = datetime(2027, 1, 1, tzinfo=zone)
        last = datetime(2027, 12, 31, 23, 59, tzinfo=zone)
        made = list(schedule("*/30 * * * *", zone=zone).slots(first - timedelta(minutes=1), last))
        assert len(made) == 365 * 48
        assert len({slot.name for slot in made}) == 365 * 48
        shown = {slot.name: slot.at.astimezone(zone) for slot in made}
        odd = {name for name, local in shown.items() if local.strftime("%Y-%m-%dT%H:%M") != name}
        assert odd == {f"{spring}T{at}" for at in gap}
        for at in gap:  # as much later as the clock was put forward
            width = shown[f"{spring}T{at}"].replace(tzinfo=None) - datetime.fromisoformat(f"{spring}T{at}")
            assert width == timedelta(minutes=30 if zone is LORD_HOWE else 60)
        for at in fold:  # the first of the two
            assert shown[f"{autumn}T{at}"].fold == 0
        assert [slot.at for slot in made] == sorted(slot.at for slot in made)

    def test_a_daily_slot_in_the_hours_of_the_change_fires_once_in_autumn_and_once_in_spring(self) -> None:
        daily = schedule("30 2 * * *", zone=BERLIN)
        autumn = datetime(2026, 10, 24, 12, tzinfo=BERLIN)
        assert [slot.name for slot in daily.slots(autumn, autumn + timedelta(days=2))] == [
            "2026-10-25T02:30", "2026-10-26T02:30",
        ]  # fmt: skip
        assert next(daily.slots(autumn, autumn + timedelta(days=1))).at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
        spring = datetime(2027, 3, 27, 12, tzinfo=BERLIN)
        (only,) = daily.slots(spring, spring + timedelta(days=1))
        assert (only.name, only.at.astimezone(BERLIN).strftime("%H:%M")) == ("2027-03-28T02:30", "03:30")


class TestDaysOff:
    # Tết 2027 as the government's calendar has it: Thursday 4 to Wednesday 10 February.
    TET = tuple(f"2027-02-{day:02}" for day in (4, 5, 8, 9, 10))
    around = datetime(2027, 2, 1, tzinfo=HANOI)

    def test_tet_is_skipped(self) -> None:
        made = names(schedule("weekdays at 07:00", days_off=DaysOff("VN")), self.around, 14)
        assert made == [f"2027-02-{day:02}T07:00" for day in (1, 2, 3, 11, 12)]
        left_out = schedule("weekdays at 07:00", days_off=DaysOff("VN")).skipped(
            self.around, self.around + timedelta(13)
        )
        assert [(one.name[:10], "Lunar New Year" in one.reason) for one in left_out] == [
            (day, True) for day in self.TET
        ]

    def test_tet_is_moved_to_the_next_working_day_once(self) -> None:
        made = schedule("weekdays at 07:00", days_off=DaysOff("VN", then="next"))
        assert names(made, self.around, 14) == [f"2027-02-{day:02}T07:00" for day in (1, 2, 3, 11, 12)]
        weekly = schedule("monday at 07:00", days_off=DaysOff("VN", then="next"))
        (moved,) = weekly.slots(self.around + timedelta(days=1), self.around + timedelta(days=13))
        assert moved.name == "2027-02-11T07:00"
        assert moved.note.startswith("moved from 2027-02-08T07:00: ")

    def test_tet_is_moved_to_the_working_day_before(self) -> None:
        weekly = schedule("friday at 07:00", days_off=DaysOff("VN", then="previous"))
        assert names(weekly, self.around, 14) == ["2027-02-03T07:00", "2027-02-12T07:00"]

    def test_own_days_have_their_reason(self) -> None:
        own = DaysOff(own=((date(2026, 11, 24), date(2026, 11, 25), "chuyển trụ sở"),))
        made = schedule("weekdays at 07:00", days_off=own)
        assert names(made, SUNDAY, 7) == [f"2026-11-{day}T07:00" for day in (23, 26, 27)]
        assert [one.reason for one in made.skipped(SUNDAY, SUNDAY + timedelta(days=6))] == ["chuyển trụ sở"] * 2


class TestQuietHours:
    def test_a_slot_in_quiet_hours_moves_to_their_end(self) -> None:
        quiet = Quiet(start=time(22), end=time(6))
        made = schedule("0 5,23 * * *", quiet=quiet)
        assert names(made, SUNDAY, 2) == ["2026-11-22T06:00", "2026-11-23T06:00"]

    def test_of_hours_over_midnight_the_evening_moves_to_the_next_morning(self) -> None:
        """Never back to the morning before, which has passed."""
        night = Quiet(start=time(22), end=time(6))
        assert names(schedule("0 23 22 nov *", quiet=night), SUNDAY - timedelta(days=1), 4) == ["2026-11-23T06:00"]
        assert names(schedule("0 5 22 nov *", quiet=night), SUNDAY - timedelta(days=1), 4) == ["2026-11-22T06:00"]
        assert names(schedule("0 23 30 nov *", quiet=night), SUNDAY, 14) == ["2026-12-01T06:00"]

    @pytest.mark.parametrize(
        ("at", "slot"),
        [
            ("59 21", "22T21:59"),
            ("0 22", "23T06:00"),
            ("59 23", "23T06:00"),
            ("0 0", "22T06:00"),
            ("59 5", "22T06:00"),
            ("0 6", "22T06:00"),
            ("1 6", "22T06:01"),
        ],
    )
    def test_hours_over_midnight_begin_and_end_to_the_minute(self, at: str, slot: str) -> None:
        made = schedule(f"{at} 22 nov *", quiet=Quiet(start=time(22), end=time(6)))
        (found,) = made.slots(SUNDAY - timedelta(days=1), SUNDAY + timedelta(days=4))
        assert found.name == f"2026-11-{slot}"
        assert bool(found.note) is (at not in ("59 21", "0 6", "1 6"))

    def test_hours_within_a_day_are_kept_too(self) -> None:
        made = schedule("0 12,14 * * *", quiet=Quiet(start=time(11), end=time(13)))
        assert names(made, SUNDAY, 1) == ["2026-11-22T13:00", "2026-11-22T14:00"]


class TestDue:
    minutely = schedule("* * * * *")
    now = datetime(2026, 11, 23, 0, 5, 20, tzinfo=UTC)

    def ask(
        self,
        made: Schedule = minutely,
        *,
        since: datetime,
        decided: frozenset[str] = frozenset(),
        missed: Missed = Missed(),
    ) -> Due | None:
        return due(made, since=since, now=self.now, missed=missed, decided=decided)

    def test_nothing_is_due_before_the_service_looked_after_the_newsletter(self) -> None:
        assert self.ask(since=self.now) is None

    def test_the_newest_of_several_missed_slots_is_answered_for_all(self) -> None:
        task = self.ask(since=self.now - timedelta(minutes=3))
        newest = Slot(datetime(2026, 11, 23, 0, 5, tzinfo=UTC), "2026-11-23T07:05")
        assert task is not None
        assert task.slot == newest
        assert [(slot.name, words) for slot, words in task.passed] == [
            ("2026-11-23T07:03", "missed; merged into 2026-11-23T07:05"),
            ("2026-11-23T07:04", "missed; merged into 2026-11-23T07:05"),
        ]

    def test_a_decided_slot_is_not_due_again(self) -> None:
        assert self.ask(since=self.now - timedelta(minutes=1), decided=frozenset({"2026-11-23T07:05"})) is None

    @pytest.mark.parametrize(
        ("missed", "answered"),
        [
            (Missed("send", timedelta(hours=6)), "2026-11-23T02:00"),
            (Missed("send", timedelta(hours=2)), None),
            (Missed("merge"), "2026-11-23T02:00"),
            (Missed("skip"), None),
        ],
    )
    def test_a_slot_that_passed_five_hours_ago_follows_the_policy(self, missed: Missed, answered: str | None) -> None:
        nightly = schedule("0 2 * * *")
        task = self.ask(nightly, since=self.now - timedelta(hours=20), missed=missed)
        assert task is not None
        assert (task.slot.name if task.slot else None) == answered
        if answered is None:
            assert [words for _, words in task.passed] == [f"missed; left out ({missed.rule})"]
