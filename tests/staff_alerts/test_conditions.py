"""What staff should be told of, by facts and the time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from distributor.bounces.guard import HeldSuppressions
from distributor.gathering.source_state import SourceState
from distributor.staff_alerts.conditions import (
    ChannelFacts,
    EditionFacts,
    HostFacts,
    SourceFacts,
    find_channel_conditions,
    find_edition_conditions,
    find_held_suppressions,
    find_host_conditions,
    find_source_conditions,
    find_token_conditions,
    usual_silence,
)
from support.builders import NOW

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def source(**changes: Any) -> list[tuple[str, str]]:
    state = {"name": "cong", "last_read": NOW, "last_good": NOW, **changes.pop("state", {})}
    facts = SourceFacts(
        **{"name": "cong", "every": 15 * MINUTE, "silent_after": None, "state": SourceState(**state), **changes}
    )
    return [(one.kind.value, one.what) for one in find_source_conditions([facts], NOW)]


def test_a_source_that_is_read_and_brings_something_is_well() -> None:
    assert source(arrivals=[NOW - HOUR]) == []


def test_a_fault_of_a_source_is_told_in_its_words() -> None:
    assert source(state={"fault": "HTTP 503", "fault_since": NOW - HOUR}) == [("source-failing", "HTTP 503")]


def test_a_source_that_nobody_reads_fails() -> None:
    assert source(state={"last_good": NOW - 2 * HOUR}) == []
    assert source(state={"last_good": NOW - 3 * HOUR}) == [
        ("source-failing", "it is to be read every 15m, and was not")
    ]


def test_silence_is_judged_by_the_setting_and_else_by_the_longest_pause_so_far() -> None:
    daily = [NOW - DAY * ago for ago in range(20, 1, -1)]
    assert usual_silence(daily[:9]) is None
    assert usual_silence(daily) == 2 * DAY
    assert usual_silence([NOW - MINUTE * ago for ago in range(30, 0, -1)]) == DAY
    said = "has had nothing new for more than 2d, twice its longest pause so far"
    assert source(arrivals=[one - MINUTE for one in daily]) == [("source-silent", said)]
    assert source(arrivals=daily) == []
    assert source(arrivals=daily, silent_after=30 * DAY) == []
    assert source(arrivals=[NOW - DAY - MINUTE], silent_after=DAY) == [
        ("source-silent", "has had nothing new for more than 1d")
    ]


def test_what_gathering_says_of_silence_is_not_told_twice() -> None:
    state = {"fault": "has had nothing new for more than 1d", "fault_since": NOW}
    assert [kind for kind, _ in source(arrivals=[NOW - 2 * DAY], silent_after=DAY, state=state)] == ["source-silent"]


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        ({"state": "frozen"}, []),
        ({"state": "held", "blocked_by": "preflight"}, ["edition-blocked"]),
        ({"state": "held", "due_at": NOW - MINUTE}, ["edition-waiting"]),
        ({"state": "review", "due_at": NOW - MINUTE}, ["edition-waiting"]),
        ({"state": "review", "due_at": NOW + MINUTE}, []),
        ({"state": "paused", "blocked_by": "bounces"}, []),  # by itself, from the guard
        ({"complaints": 2, "recipients": 10}, []),
        ({"complaints": 3, "recipients": 1000}, []),
        ({"complaints": 4, "recipients": 1000}, ["complaints"]),
        ({"complaints": 4, "recipients": 0}, []),
    ],
)
def test_editions(changes: dict[str, Any], kinds: list[str]) -> None:
    facts = EditionFacts(**{"id": "tin-sang-a", "state": "frozen", "frozen_at": NOW, "due_at": NOW, **changes})
    assert [one.kind.value for one in find_edition_conditions([facts], NOW)] == kinds


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        ({}, []),
        ({"fault": "refused", "fault_since": NOW, "due_since": NOW - HOUR}, ["channel-broken"]),
        ({"waits_for": "429", "waits_since": NOW, "due_since": NOW - HOUR}, ["channel-waiting"]),
        ({"due_since": NOW - 14 * MINUTE}, []),
        ({"due_since": NOW - HOUR, "progress_at": NOW - MINUTE}, []),
        ({"due_since": NOW - HOUR, "progress_at": NOW - 15 * MINUTE}, ["run-stalled"]),
        ({"due_since": NOW - HOUR, "progress_at": NOW - DAY}, ["run-stalled"]),
        ({"message_since": NOW - MINUTE}, ["outbox-late"]),
    ],
)
def test_channels(changes: dict[str, Any], kinds: list[str]) -> None:
    found = list(find_channel_conditions([ChannelFacts(name="mail", **changes)], NOW, 15 * MINUTE))
    assert [one.kind.value for one in found] == kinds
    assert all(one.channel == "mail" for one in found)


def test_a_token_is_told_of_before_it_ends_and_when_it_has_ended() -> None:
    ends = {"API token soon": NOW + DAY, "late": NOW + 15 * DAY, "login of channel zalo": NOW}
    found = [(one.subject, one.what) for one in find_token_conditions(ends, NOW, 14 * DAY)]
    assert found == [
        ("API token soon", f"it ends on {NOW + DAY:%Y-%m-%d %H:%M} UTC"),
        ("login of channel zalo", f"it ended on {NOW:%Y-%m-%d %H:%M} UTC"),
    ]


def test_editions_that_the_guard_holds_are_told_with_its_reason() -> None:
    held = [
        HeldSuppressions("tin-sang-a", 12, NOW, "12 of 40 addresses were refused"),
        HeldSuppressions("", 3, NOW, "x"),
    ]
    assert [(one.subject, one.what) for one in find_held_suppressions(held)] == [
        ("tin-sang-a", "12 of 40 addresses were refused"),
        ("unknown", "x"),
    ]


def test_what_one_machine_sees_bears_its_name() -> None:
    host = HostFacts(
        name="app-1", disks={"/srv": "80 MB of 20.0 GB are free"}, clock="off", store_waits=[9, 0.1, 9, 9, 9],
        failing={"bounces": "no login"},
    )  # fmt: skip
    found = list(find_host_conditions(host))
    assert [one.kind.value for one in found] == ["disk-low", "clock-wrong", "store-busy", "step-failing"]
    assert {one.host for one in found} == {"app-1"}
    assert len({one.key for one in found}) == 4
    assert list(find_host_conditions(HostFacts(name="app-1", store_waits=[9, 9, 0.1]))) == []
    assert list(find_host_conditions(HostFacts(name="app-1", store_waits=[9, 9]))) == []
