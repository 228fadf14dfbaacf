"""Dates as Vietnamese sites write them. Pure.

Feed libraries and dateutil read `GMT+7` wrong by hours, swap day and month, or take a local time for UTC. Here the day
always comes before the month, and a time without a zone is in the zone of the source.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

_ISO = re.compile(
    r"(?<!\d)(?P<year>\d{4})[-/](?P<month>\d{1,2})[-/](?P<day>\d{1,2})(?!\d)(?:[T\s]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?)?"
)
_DAY_FIRST = re.compile(r"(?<!\d)(?P<day>\d{1,2})[/.\-](?P<month>\d{1,2})[/.\-](?P<year>\d{4}|\d{2})(?!\d)")
_WORDS = re.compile(
    r"(?<!\d)(?P<day>\d{1,2})\s+tháng\s+(?P<month>\d{1,2})(?:,|\s)\s*(?:năm\s+)?(?P<year>\d{4})(?!\d)", re.IGNORECASE
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_RFC822 = re.compile(
    r"(?<!\d)(?P<day>\d{1,2})[\s\-]+(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?,?[\s\-]+(?P<year>\d{4}|\d{2})(?!\d)",
    re.IGNORECASE,
)
_MONTH_FIRST = re.compile(
    r"\b(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+(?P<day>\d{1,2}),?\s+(?P<year>\d{4})(?!\d)",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"(?<![\d:+-])(?P<hour>\d{1,2})(?::|h|\s?giờ\s?)(?P<minute>\d{2})(?::(?P<second>\d{2}))?(?![\d:])", re.IGNORECASE
)
_DASHED = re.compile(r"(?<=[/.\-]\d{4})\s*[-–|]\s*(?=\d{1,2}[:h]\d{2})")  # `24/11/2020 -09:30` is half past nine
# Only right behind a time: a headline beside the date may speak of an afternoon, too.
_AFTERNOON = re.compile(r"(?:\s*phút)?\s*(?:PM|CH|chiều|tối)\b", re.IGNORECASE)
_MORNING = re.compile(r"(?:\s*phút)?\s*(?:AM|SA|sáng)\b", re.IGNORECASE)
_ZONE = re.compile(
    r"(?:GMT|UTC|(?<=\d)|(?<=\s)|\()\s*(?P<sign>[+\-−])\s*(?P<hours>\d{1,2})(?::?(?P<minutes>\d{2}))?(?!\d|[/.\-]\d)"
)
_NAMED_ZONE = re.compile(r"(?<=[\d\s(])(?P<name>Z|GMT|UTC|UT|EST|EDT|CST|CDT|MST|MDT|PST|PDT|ICT)\b(?!\s*[+\-])")
# RFC 822, section 5.1; ICT is Indochina Time.
_NAMED = {
    "Z": 0, "GMT": 0, "UTC": 0, "UT": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6,
    "PST": -8, "PDT": -7, "ICT": 7,
}  # fmt: skip


def parse_date(text: str, zone: tzinfo) -> datetime | None:
    """The moment that a text names, in UTC; None where it names none that exists.

    A date without a time is the midnight that begins that day in `zone`.
    """
    text = _DASHED.sub(" ", " ".join(text.split())[:200])
    forms = (_ISO, _WORDS, _RFC822, _MONTH_FIRST, _DAY_FIRST)
    match = next(filter(None, (form.search(text) for form in forms)), None)
    if not match:
        return None
    found = match.groupdict()
    behind = text[match.end() :]
    if found.get("hour") is None:
        rest = f"{text[: match.start()]} {behind}"
        clock = _TIME.search(rest)
        found |= clock.groupdict() if clock else {"hour": "0", "minute": "0"}
        behind = rest[clock.end() :] if clock else ""
    hour = int(found["hour"] or 0)
    if _AFTERNOON.match(behind) and 1 <= hour < 12:
        hour += 12
    elif _MORNING.match(behind) and hour == 12:
        hour = 0
    month = found["month"] or ""
    try:
        moment = datetime(
            _year(found["year"] or ""),
            _MONTHS.index(month.lower()) + 1 if month.lower() in _MONTHS else int(month),
            int(found["day"] or 0),
            hour,
            int(found["minute"] or 0),
            min(int(found.get("second") or 0), 59),  # a leap second
            tzinfo=_zone(text[match.start() :]) or zone,
        )
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _year(text: str) -> int:
    """A year of news. Raises ValueError for others: the last day of 9999 has no moment in zones east of Greenwich."""
    year = int(text) + (2000 if len(text) == 2 else 0)
    if not 1800 <= year < 2200:
        raise ValueError(f"{year} is no year of news")
    return year


def _zone(text: str) -> tzinfo | None:
    """The zone that stands behind a date, such as `GMT+7`, `+0700`, `(UTC+07:00)`, `Z`."""
    tail = _TIME.split(text, maxsplit=1)[-1] if _TIME.search(text) else text
    iso = _ISO.match(text)
    tail = text[iso.end() :] if iso else tail
    match = _ZONE.search(" " + tail)
    if match:
        hours, minutes = int(match["hours"]), int(match["minutes"] or 0)
        if hours > 14 or minutes > 59:
            return None
        offset = timedelta(hours=hours, minutes=minutes)
        return timezone(offset if match["sign"] == "+" else -offset)
    named = _NAMED_ZONE.search(" " + tail)
    return timezone(timedelta(hours=_NAMED[named["name"]])) if named else None
