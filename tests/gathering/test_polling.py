"""How often a source is gathered: its pace, its silence, what its feed says, and a time of its own among many."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.gathering.polling import (
    Pace,
    find_interval,
    hints_from_data,
    hints_to_data,
    plan_next,
    read_feed_hints,
    read_freshness,
)
from distributor.gathering.sources.feed import FeedSource
from distributor.source import PollingHints

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PACE = Pace(every=15 * MINUTE, longest=HOUR)
NO = timedelta()


@pytest.mark.parametrize(
    ("silent_for", "fresh_for", "interval"),
    [
        (NO, NO, 15 * MINUTE),
        (6 * HOUR, NO, 15 * MINUTE),
        (12 * HOUR, NO, 30 * MINUTE),
        (24 * HOUR, NO, HOUR),
        (timedelta(days=400), NO, HOUR),
        (NO, HOUR, 15 * MINUTE),  # it says an hour and has just brought something
        (30 * MINUTE, HOUR, 30 * MINUTE),
        (2 * HOUR, HOUR, HOUR),
        (2 * HOUR, 24 * HOUR, HOUR),
        (2 * HOUR, MINUTE, 15 * MINUTE),
    ],
)
def test_a_silent_source_is_asked_less_often_within_bounds(
    silent_for: timedelta, fresh_for: timedelta, interval: timedelta
) -> None:
    assert find_interval(PACE, silent_for, fresh_for) == interval


def test_who_sets_both_to_the_same_is_asked_at_that_pace_for_ever() -> None:
    source = FeedSource(name="a", url="https://a.example/rss", every=5 * MINUTE, at_least_every=5 * MINUTE)
    assert find_interval(Pace.of(source), timedelta(days=30), HOUR) == 5 * MINUTE
    slow = FeedSource(name="a", url="https://a.example/rss", every=timedelta(days=1))
    assert find_interval(Pace.of(slow), timedelta(days=30), HOUR) == timedelta(days=1)


def test_a_feed_on_the_disk_is_read_at_its_pace_however_silent() -> None:
    assert Pace.of(FeedSource(name="a", file=Path("feed.xml"))) == Pace(every=15 * MINUTE, longest=15 * MINUTE)


def test_a_thousand_sources_that_are_gathered_at_once_are_spread_and_stay_so() -> None:
    names = [f"bao-{number}" for number in range(1000)]
    planned = {name: plan_next(name, PACE, NOW, changed=NOW) for name in names}
    assert all(NOW + 7.5 * MINUTE <= moment <= NOW + 15 * MINUTE for moment in planned.values())
    assert max(Counter(moment.replace(microsecond=0) for moment in planned.values()).values()) < 12
    for name, moment in planned.items():
        late = moment + timedelta(seconds=3)  # a gather takes some seconds
        again = plan_next(name, PACE, late, changed=late)
        assert abs(again - moment - 15 * MINUTE) < timedelta(milliseconds=1)


@given(
    st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=9)),
    st.timedeltas(min_value=NO, max_value=timedelta(days=9)),
    st.timedeltas(min_value=timedelta(days=-9), max_value=timedelta(days=900)),
    st.sets(st.integers(0, 23)),
    st.sets(st.integers(0, 6)),
)
def test_the_next_gather_is_never_later_than_the_longest_interval(
    every: timedelta, longer: timedelta, silent: timedelta, hours: set[int], days: set[int]
) -> None:
    pace = Pace(every=every, longest=every + longer)
    hints = PollingHints(fresh_for=silent, skip_hours=frozenset(hours), skip_days=frozenset(days))
    planned = plan_next("a", pace, NOW, changed=NOW - silent, hints=hints)
    assert NOW + every / 2 - MINUTE <= planned <= NOW + pace.longest


def test_hours_in_which_a_feed_has_nothing_are_left_out_as_far_as_the_longest_interval_goes() -> None:
    at = NOW.replace(hour=23)
    night = PollingHints(skip_hours=frozenset({23, 0, 1, 2}))
    pace = Pace(every=15 * MINUTE, longest=6 * HOUR)
    assert plan_next("a", pace, at, changed=at, hints=night) == at + 4 * HOUR
    assert plan_next("a", PACE, at, changed=at, hints=night) == at + HOUR
    monday = PollingHints(skip_days=frozenset({0}))
    assert plan_next("a", pace, at, changed=at, hints=monday) == at + HOUR, "then Tuesday begins"


@pytest.mark.parametrize(
    ("headers", "fresh_for"),
    [
        ({"cache-control": "public, max-age=1800"}, 30 * MINUTE),
        ({"cache-control": "max-age=1800", "age": "600"}, 20 * MINUTE),
        ({"cache-control": "max-age=99999999"}, 24 * HOUR),
        ({"cache-control": "no-cache, max-age=1800"}, NO),
        ({"cache-control": "s-maxage=1800"}, NO),
        ({"cache-control": "max-age=-5"}, NO),
        ({"expires": "Mon, 23 Nov 2026 02:00:00 GMT", "date": "Mon, 23 Nov 2026 01:00:00 GMT"}, HOUR),
        ({"expires": "Mon, 23 Nov 2026 02:00:00 GMT"}, NO),
        ({"expires": "0", "date": "Mon, 23 Nov 2026 01:00:00 GMT"}, NO),
        ({}, NO),
    ],
)
def test_headers_say_how_long_an_answer_is_fresh(headers: dict[str, str], fresh_for: timedelta) -> None:
    assert read_freshness(headers) == fresh_for


def test_a_feed_says_when_it_is_worth_asking() -> None:
    feed = b"""<rss><channel><ttl> 120 </ttl>
        <skipHours><hour>0</hour><hour>23</hour><hour>24</hour><hour>99</hour></skipHours>
        <skipDays><day>Sunday</day><day>someday</day></skipDays><item><ttl>5</ttl></item></channel></rss>"""
    hints = read_feed_hints(feed, {"cache-control": "max-age=60"})
    assert hints == PollingHints(fresh_for=2 * HOUR, skip_hours=frozenset({0, 23}), skip_days=frozenset({6}))


@pytest.mark.parametrize(
    "feed",
    [
        b"",
        b"<rss><channel><item><ttl>60</ttl></item></channel></rss>",
        b"<ttl>-1</ttl><ttl>soon</ttl>",
        b"<skipHours>" + b"".join(b"<hour>%d</hour>" % hour for hour in range(24)) + b"</skipHours>",
        b"<skipHours>" * 5000,
    ],
)
def test_what_says_nothing_of_use_counts_for_nothing(feed: bytes) -> None:
    assert read_feed_hints(feed, {}) == PollingHints()


@pytest.mark.parametrize("given", [None, [], "x", [1], [10**30, [], []], [5, [99], [None]], ["soon", [], []]])
def test_hints_from_a_child_are_believed_only_where_they_are_some(given: object) -> None:
    assert hints_from_data(given) == PollingHints()


def test_hints_come_through_to_the_parent_as_they_were() -> None:
    hints = PollingHints(fresh_for=HOUR, skip_hours=frozenset({1, 2}), skip_days=frozenset({6}))
    assert hints_from_data(hints_to_data(hints)) == hints
    assert hints_to_data("what is none") == []
