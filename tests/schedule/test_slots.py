"""When slots fall, in the newsletter's own time zone; and what becomes of those that passed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from distributor.schedule.holidays import HolidayCalendar
from distributor.schedule.rules import parse_rule
from distributor.schedule.slots import DueSlots, MissedSlotPolicy, QuietHours, Schedule, Slot, find_due_slots

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # puts its clocks forward by half an hour


def schedule(
    *lines: str, zone: ZoneInfo = HANOI, days_off: HolidayCalendar = HolidayCalendar(), quiet: QuietHours | None = None
) -> Schedule:
    return Schedule(
        text="; ".join(lines), rules=tuple(map(parse_rule, lines)), zone=zone, days_off=days_off, quiet=quiet
    )


def names(made: Schedule, first: datetime, days: int) -> list[str]:
    return [slot.name for slot in made.slots(first - timedelta(minutes=1), first + timedelta(days=days, minutes=-1))]


SUNDAY = datetime(2026, 11, 22, tzinfo=HANOI)


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


class TestQuietHours:
    def test_a_slot_in_quiet_hours_moves_to_their_end(self) -> None:
        quiet = QuietHours(start=time(22), end=time(6))
        made = schedule("0 5,23 * * *", quiet=quiet)
        assert names(made, SUNDAY, 2) == ["2026-11-22T06:00", "2026-11-23T06:00"]

    def test_of_hours_over_midnight_the_evening_moves_to_the_next_morning(self) -> None:
        """Never back to the morning before, which has passed."""
        night = QuietHours(start=time(22), end=time(6))
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
        made = schedule(f"{at} 22 nov *", quiet=QuietHours(start=time(22), end=time(6)))
        (found,) = made.slots(SUNDAY - timedelta(days=1), SUNDAY + timedelta(days=4))
        assert found.name == f"2026-11-{slot}"
        assert bool(found.note) is (at not in ("59 21", "0 6", "1 6"))

    def test_hours_within_a_day_are_kept_too(self) -> None:
        made = schedule("0 12,14 * * *", quiet=QuietHours(start=time(11), end=time(13)))
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
        missed: MissedSlotPolicy = MissedSlotPolicy(),
    ) -> DueSlots | None:
        return find_due_slots(made, since=since, now=self.now, missed=missed, decided=decided)

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
            (MissedSlotPolicy("send", timedelta(hours=6)), "2026-11-23T02:00"),
            (MissedSlotPolicy("send", timedelta(hours=2)), None),
            (MissedSlotPolicy("merge"), "2026-11-23T02:00"),
            (MissedSlotPolicy("skip"), None),
        ],
    )
    def test_a_slot_that_passed_five_hours_ago_follows_the_policy(
        self, missed: MissedSlotPolicy, answered: str | None
    ) -> None:
        nightly = schedule("0 2 * * *")
        task = self.ask(nightly, since=self.now - timedelta(hours=20), missed=missed)
        assert task is not None
        assert (task.slot.name if task.slot else None) == answered
        if answered is None:
            assert [words for _, words in task.passed] == [f"missed; left out ({missed.rule})"]
