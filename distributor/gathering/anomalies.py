"""Anomalies of a source: what is new is held and staff are asked, instead of a whole archive being sent again. Pure.

What has caused that elsewhere: a portal renumbers its GUIDs and moves its addresses in one night; a new editor types the
wrong year; a template loses its dates; a listing breaks and shows one article.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

from ..config.types import show_duration
from ..model import Article

MIN_STORED = 5  # articles: fewer say nothing about a source
HELD_BY = "a guard"
DOUBTFUL_DATE_PREFIX = "its date, "
_MAX_EXAMPLES = 3
COLLAPSE_FACTOR = 5  # times fewer articles than in the gather before


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceActivity:
    """One gather of a source that was read before. `new` are its new articles, `known` counts those that were recognised or
    unchanged, `stored` those in the store before, `last_count` those that the gather before found."""

    new: Sequence[Article]
    known: int
    stored: int
    last_count: int
    last_new: datetime | None


@dataclass(frozen=True, slots=True)
class AnomalyReport:
    """What to hold, by article id with the reason, and a message to staff about the source (empty: none)."""

    hold: Mapping[str, str] = field(default_factory=dict)
    tell: str = ""


def detect_anomalies(activity: SourceActivity, now: datetime, alert_if_silent_for: timedelta | None) -> AnomalyReport:
    """What to hold of a gather, and what to report to staff."""
    suspicion = _find_anomaly(activity)
    hold = {article.id: suspicion for article in activity.new} if suspicion else {}
    return AnomalyReport(hold, _staff_message(activity, suspicion, now, alert_if_silent_for))


def doubtful_date_reason(date: datetime, zone: tzinfo) -> str:
    """Why an article is held whose date is implausible."""
    return f"{DOUBTFUL_DATE_PREFIX}{date.astimezone(zone):%Y-%m-%d %H:%M}, lies too far in the future to be meant"


def describe_doubtful_dates(
    new: Sequence[Article], doubtful: Mapping[str, datetime], now: datetime, zone: tzinfo
) -> list[str]:
    """Lines for staff on the dates of new articles: which are held because of them, and which wait for them."""
    lines = []
    for article in new:
        if article.id in doubtful:
            reason = doubtful_date_reason(doubtful[article.id], zone)
            lines.append(f"«{article.title}» ({article.id}) is held: {reason}")
        elif article.has_date and article.published > now and (until := article.waits_until(now)):
            local = f"{until.astimezone(zone):%Y-%m-%d %H:%M}"
            lines.append(f"«{article.title}» ({article.id}) is dated ahead and waits until {local}")
    more = len(lines) - _MAX_EXAMPLES
    return lines[:_MAX_EXAMPLES] + ([f"{more} more articles are dated ahead"] if more > 0 else [])


def _find_anomaly(activity: SourceActivity) -> str:
    """Why everything new of this gather is to be held."""
    if len(activity.new) < MIN_STORED or activity.stored < MIN_STORED:
        return ""
    if activity.known == 0:
        return f"all {len(activity.new)} articles of one gather are unknown, as if the source had renumbered or moved"
    if not any(article.has_date for article in activity.new):
        return f"none of {len(activity.new)} new articles has a date"
    return ""


def _staff_message(
    activity: SourceActivity, suspicion: str, now: datetime, alert_if_silent_for: timedelta | None
) -> str:
    if suspicion:
        return f"{suspicion}; they are held: check them, then `distributor articles release --source …`"
    count = len(activity.new) + activity.known
    if activity.last_count >= 2 * MIN_STORED and count * COLLAPSE_FACTOR < activity.last_count:
        return f"gives {count} articles where it gave {activity.last_count}: is its page or feed broken?"
    return "" if activity.new else describe_silence(activity.last_new, now, alert_if_silent_for)


def describe_silence(last_new: datetime | None, now: datetime, alert_if_silent_for: timedelta | None) -> str:
    """A message to staff about a source that has had nothing new for too long; empty where there is none."""
    if alert_if_silent_for and last_new and now - last_new > alert_if_silent_for:
        return f"has had nothing new for more than {show_duration(alert_if_silent_for)}"
    return ""
