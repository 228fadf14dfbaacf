"""How often a source is gathered: at its pace while it changes, less often while it is silent, spread over the time. Pure.

The interval is `every`, or a twenty-fourth of the time since the source last brought something, whichever is longer: one
that has been silent for a day is gathered each hour. What its server or feed says of how long an answer stays fresh makes
it longer too, but never longer than the source has been silent: many feeds say an hour and have news every ten minutes. It
is `every` doubled some times, and at most `at_least_every`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ..source import PollingHints, Source

_SILENCE_SHARE = 24  # how many times as long as the interval a source has been silent
_LONGEST_HINT = timedelta(days=1)
_HEAD = 20_000  # octets of a feed in which its own elements stand, before its items
_ITEM = re.compile(rb"<(?:item|entry)\b", re.IGNORECASE)
_TTL = re.compile(rb"<ttl>\s{0,20}(\d{1,6})\s{0,20}</ttl>", re.IGNORECASE)
_SKIPPED = re.compile(rb"<(hour|day)>\s{0,20}(\w{1,12})\s{0,20}</\1>", re.IGNORECASE)
_SKIPS = re.compile(rb"<skip(?:Hours|Days)>.{0,4000}?</skip(?:Hours|Days)>", re.IGNORECASE | re.DOTALL)
_DAYS = (b"monday", b"tuesday", b"wednesday", b"thursday", b"friday", b"saturday", b"sunday")
_MAX_AGE = re.compile(r"(?:^|,)\s*max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)
_data = TypeAdapter(tuple[int, set[int], set[int]])
_NO_HINT = re.compile(r"\bno-(?:cache|store)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often one source is gathered: the shortest and the longest interval."""

    every: timedelta
    longest: timedelta

    @classmethod
    def of(cls, source: Source) -> Pace:
        """A source on this machine is gathered at one pace: looking costs next to nothing."""
        return cls(
            every=source.every, longest=source.every if source.is_local else max(source.every, source.at_least_every)
        )


def find_interval(pace: Pace, silent_for: timedelta, fresh_for: timedelta) -> timedelta:
    """How long until the next gather of a source that has brought nothing for so long, and whose server or feed says that
    its answer stays fresh for so long."""
    wanted = min(max(silent_for / _SILENCE_SHARE, min(fresh_for, silent_for)), pace.longest)
    interval = max(pace.every, timedelta(seconds=1))
    while interval * 2 <= wanted:
        interval *= 2
    # The last step is the longest interval itself, which need not be a multiple.
    return pace.longest if wanted >= pace.longest else interval


def plan_next(
    name: str, pace: Pace, now: datetime, *, changed: datetime, hints: PollingHints = PollingHints()
) -> datetime:
    """When a source that is gathered now is gathered next: at the latest after its interval, at the earliest after half of
    it. Each source has a point of time of its own in its interval, so that many are spread over it and stay so."""
    interval = find_interval(pace, max(now - changed, timedelta()), hints.fresh_for)
    half = interval.total_seconds() / 2
    phase = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) / 2**32 * half
    latest = (now + interval).timestamp()
    planned = datetime.fromtimestamp(latest - (latest - phase) % half, UTC)
    return _after_skipped(planned, hints, now + pace.longest)


def _after_skipped(planned: datetime, hints: PollingHints, latest: datetime) -> datetime:
    """The first moment from the planned one on that is in no hour or day in which the feed says it has nothing new."""
    moment = planned
    while moment < latest and (moment.hour in hints.skip_hours or moment.weekday() in hints.skip_days):
        moment = moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return max(planned, min(moment, latest))


# -- what servers and feeds say ----------------------------------------------------------------------------------------


def read_freshness(headers: Mapping[str, str]) -> timedelta:
    """How long an answer stays fresh by its headers, whose names are in small letters: `max-age` without `Age`, or `Expires`
    (RFC 9111, section 4.2.1); at most a day, and zero where they say nothing that can be read."""
    control = headers.get("cache-control", "")
    if _NO_HINT.search(control):
        return timedelta()
    if found := _MAX_AGE.search(control):
        age = headers.get("age", "").strip()
        seconds = int(found[1]) - (int(age[:9]) if age.isascii() and age.isdigit() else 0)
        return _bounded(timedelta(seconds=seconds))
    expires, date = _moment(headers.get("expires", "")), _moment(headers.get("date", ""))
    return _bounded(expires - date) if expires and date else timedelta()


def read_feed_hints(body: bytes, headers: Mapping[str, str]) -> PollingHints:
    """What an RSS feed says of when it is worth asking (`ttl` in minutes, `skipHours`, `skipDays`, in UTC), and its headers.

    `sy:updatePeriod` counts for nothing: WordPress writes `hourly` into every feed.
    """
    head = body[:_HEAD]
    first = _ITEM.search(head)
    head = head[: first.start()] if first else head
    hours, days = set(), set()
    for part in _SKIPS.findall(head):
        for kind, word in _SKIPPED.findall(part):
            if kind.lower() == b"hour" and word.isdigit() and int(word) <= 24:
                hours.add(int(word) % 24)
            elif word.lower() in _DAYS:
                days.add(_DAYS.index(word.lower()))
    ttl = _TTL.search(head)
    fresh = max(_bounded(timedelta(minutes=int(ttl[1]))) if ttl else timedelta(), read_freshness(headers))
    whole = len(hours) == 24 or len(days) == 7  # a feed that never wants to be asked means something else
    return PollingHints(
        fresh_for=fresh,
        skip_hours=frozenset() if whole else frozenset(hours),
        skip_days=frozenset() if whole else frozenset(days),
    )


def hints_to_data(hints: object) -> list[Any]:
    """Hints as plain data, for the way between processes. What is none is as good as none."""
    if not isinstance(hints, PollingHints):
        return []
    try:
        return [int(hints.fresh_for.total_seconds()), sorted(hints.skip_hours), sorted(hints.skip_days)]
    except (AttributeError, TypeError, ValueError):  # a newsroom's own source may put anything into it
        return []


def hints_from_data(given: object) -> PollingHints:
    """Hints from a child process, believed no more than the bytes that it has read."""
    try:
        fresh_for, hours, days = _data.validate_python(given)
        fresh = _bounded(timedelta(seconds=fresh_for))
    except (ValidationError, OverflowError):
        return PollingHints()
    return PollingHints(
        fresh_for=fresh,
        skip_hours=frozenset(hours & set(range(24))),
        skip_days=frozenset(days & set(range(7))),
    )


def _bounded(length: timedelta) -> timedelta:
    return min(max(length, timedelta()), _LONGEST_HINT)


def _moment(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text[:100])
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
