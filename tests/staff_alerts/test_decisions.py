"""An alert is told once while it lasts, again a day later, and its end once; whoever looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from distributor.config.staff_alerts import AlertKind
from distributor.staff_alerts.decisions import AlertStep, OpenAlert, choose_channels, decide_alerts
from distributor.staff_alerts.kinds import Condition
from support.builders import NOW

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
BROKEN = Condition(kind=AlertKind.CHANNEL_BROKEN, subject="mail", what="refused", since=NOW, channel="mail")
DISK = Condition(kind=AlertKind.DISK_LOW, subject="app-1: /srv", what="1 MB", host="app-1")


class Staff:
    """Follows an alert minute by minute, as the store would."""

    def __init__(self, host: str = "app-1") -> None:
        self.known: list[OpenAlert] = []
        self.host = host
        self.said: list[tuple[int, str]] = []  # minutes since the beginning, what was done

    def look(self, now: datetime, *seen: Condition, unheard: Sequence[int] = ()) -> list[AlertStep]:
        steps = []
        for action in decide_alerts(self.known, seen, now, host=self.host, unheard=unheard, remind_after=DAY):
            alert = action.alert
            if alert:
                self.known.remove(alert)
            if action.step is AlertStep.FORGET:
                alert = None
            if one := action.condition:
                alert = alert or OpenAlert(
                    id=1, kind=one.kind, subject=one.subject, what=one.what, host=one.host, about=one.channel,
                    since=one.since or now, seen_at=now, told=0, told_at=None, first_told_at=None,
                )  # fmt: skip
                alert = replace(alert, seen_at=now)
                if action.step not in (AlertStep.NOTE, AlertStep.FORGET):
                    alert = replace(alert, told=alert.told + 1, told_at=now, first_told_at=alert.first_told_at or now)
                self.known.append(alert)
            steps.append(action.step)
            if action.step is not AlertStep.NOTE:
                self.said.append(((now - NOW) // MINUTE, action.step.value))
        return steps

    def watch(self, condition: Condition, begin: int, end: int) -> None:
        """Minutes in which it lasts, and then twenty in which it does not."""
        for minute in range(begin, end):
            self.look(NOW + minute * MINUTE, condition)
        for minute in range(end, end + 20):
            self.look(NOW + minute * MINUTE)


def test_it_is_told_when_it_has_lasted_and_once_more_when_it_is_over() -> None:
    staff = Staff()
    staff.watch(BROKEN, 0, 60)
    assert staff.said == [(5, "tell"), (69, "end")]
    assert staff.known == []


def test_what_ends_before_it_is_told_is_forgotten_and_what_ends_soon_is_closed_without_a_word() -> None:
    staff = Staff()
    staff.watch(BROKEN, 0, 4)
    assert staff.said == [(4, "forget")]
    staff = Staff()
    staff.watch(BROKEN, 0, 9)
    assert [what for _, what in staff.said] == ["tell", "close"]


def test_what_flutters_is_one_alert() -> None:
    staff = Staff()
    for minute in range(120):
        staff.look(NOW + minute * MINUTE, *([BROKEN] if minute < 6 or minute % 5 == 0 else []))
    assert staff.said == [(5, "tell")]


def test_it_is_repeated_once_a_day() -> None:
    staff = Staff()
    for hour in range(73):
        staff.look(NOW + hour * HOUR, BROKEN)
    assert [(minute // 60, what) for minute, what in staff.said] == [
        (1, "tell"), (25, "remind"), (49, "remind"),
    ]  # fmt: skip


def test_a_message_that_does_not_arrive_takes_the_next_way_after_five_minutes() -> None:
    staff = Staff()
    staff.look(NOW + HOUR, BROKEN)
    assert staff.look(NOW + HOUR + 4 * MINUTE, BROKEN, unheard=[1]) == [AlertStep.NOTE]
    assert staff.look(NOW + HOUR + 5 * MINUTE, BROKEN, unheard=[1]) == [AlertStep.REROUTE]


def test_another_host_does_not_end_what_it_cannot_see_before_a_day_has_passed() -> None:
    staff = Staff()
    staff.look(NOW, DISK)
    staff.look(NOW + HOUR, DISK)
    staff.host = "app-2"
    for hour in range(2, 25):
        assert staff.look(NOW + hour * HOUR) == []
    assert staff.look(NOW + 26 * HOUR) in ([AlertStep.END], [AlertStep.CLOSE])


def test_a_clock_that_was_ahead_does_not_silence_an_alert() -> None:
    """What it has written lies in the future: it is written anew, and the alert goes on."""
    ahead = NOW + 400 * DAY
    staff = Staff()
    assert staff.look(ahead, BROKEN) == [AlertStep.TELL]
    assert staff.look(NOW + HOUR, BROKEN) == [AlertStep.REMIND]
    assert staff.known[0].seen_at == NOW + HOUR
    assert staff.look(NOW + 2 * HOUR, BROKEN) == [AlertStep.NOTE]


def test_nor_does_it_keep_one_that_is_over_or_one_that_nobody_has_heard_of() -> None:
    ahead = NOW + 400 * DAY
    staff = Staff()
    staff.look(ahead, BROKEN)
    assert staff.look(NOW) in ([AlertStep.END], [AlertStep.CLOSE])
    staff = Staff()
    assert staff.look(ahead, DISK) == [AlertStep.NOTE]
    assert staff.look(NOW, DISK) == [AlertStep.FORGET]
    assert staff.look(NOW + MINUTE, DISK) == []
    assert staff.look(NOW + HOUR, DISK) == [AlertStep.TELL]


@pytest.mark.parametrize(
    ("about", "failing", "tried", "every", "chosen"),
    [
        ("", (), (), False, ["mail"]),
        ("", (), (), True, ["mail", "chat", "hook"]),
        ("mail", (), (), False, ["chat"]),
        ("mail", (), (), True, ["chat", "hook"]),
        ("", ("mail",), (), False, ["chat"]),
        ("", ("mail",), ("chat",), False, ["hook"]),
        ("", ("mail",), ("chat", "hook"), False, []),
        ("mail", ("mail", "chat", "hook"), (), False, ["chat"]),
        ("", ("mail", "chat", "hook"), (), False, ["mail"]),
        ("", (), ("mail",), True, ["chat", "hook"]),
    ],
)
def test_channels_are_taken_in_their_order_and_none_tells_of_itself_alone(
    about: str, failing: Sequence[str], tried: Sequence[str], every: bool, chosen: list[str]
) -> None:
    assert choose_channels(["mail", "chat", "hook"], about, failing, tried, every=every) == chosen


def test_where_there_is_no_other_channel_it_tells_of_itself() -> None:
    assert choose_channels(["mail"], "mail", ["mail"], (), every=False) == ["mail"]
    assert choose_channels([], "mail", (), (), every=True) == []
