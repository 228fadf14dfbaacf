"""Dates that are told from now on, as listings do: "2 giờ trước", "hôm qua 14:35", "24/11". Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo

from ..config.types import DateFormat
from .dates import parse_date

_LONGEST = 200  # characters of a text that are looked at
_NUMBERS = {
    "một": 1, "hai": 2, "ba": 3, "bốn": 4, "năm": 5, "sáu": 6, "bảy": 7, "tám": 8, "chín": 9, "mười": 10,
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3,
}  # fmt: skip
_NUMBER = r"\d{1,4}|" + "|".join(sorted(_NUMBERS, key=len, reverse=True))
_UNITS = {
    "second": ("giây", "seconds", "second", "secs", "sec"),
    "minute": ("phút", "minutes", "minute", "mins", "min"),
    "hour": ("giờ", "tiếng", "hours", "hour", "hrs", "hr", "h"),
    "day": ("ngày", "days", "day"),
    "week": ("tuần", "weeks", "week"),
    "month": ("tháng", "months", "month"),
    "year": ("năm", "years", "year"),
}
_UNIT = "|".join(word for words in _UNITS.values() for word in words)
_LENGTH = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=30),
    "year": timedelta(days=365),
}
_SPAN = rf"(?P<number>{_NUMBER})\s?(?P<unit>{_UNIT})(?:,?\s(?P<more>\d{{1,2}})\s?(?P<part>phút|minutes?|mins?))?"
_AGO = re.compile(rf"(?<!\w){_SPAN}\s(?:trước|ago)(?!\w)", re.IGNORECASE)
_SINCE = re.compile(rf"(?<!\w)cách đây\s{_SPAN}(?!\w)", re.IGNORECASE)
_NOW = re.compile(r"(?<!\w)(?:vừa xong|vừa đăng|vừa mới|mới đây|just now|moments? ago)(?!\w)", re.IGNORECASE)
_DAY = re.compile(
    r"(?<!\w)(?:(?P<today>(?:hôm|sáng|trưa|chiều|tối) nay|today)"
    r"|(?P<yesterday>(?:hôm|sáng|trưa|chiều|tối|đêm) qua|yesterday)|(?P<before>hôm kia))(?!\w)",
    re.IGNORECASE,
)
_WITHOUT_YEAR = re.compile(
    r"(?<![\d/.:\-])(?P<day>\d{1,2})(?P<sign>[/\-]|\s(?:th|tháng)\s?)(?P<month>\d{1,2})(?![\d/.:\-])", re.IGNORECASE
)


def parse_relative(text: str, now: datetime, zone: tzinfo) -> datetime | None:
    """The moment that a text names by its distance from `now`, in UTC; None where it names none.

    Hours and minutes are counted back from `now`, to the minute. Days, weeks, months (of 30 days) and years (of 365) give
    the midnight that begins that day in `zone`, as do "hôm qua" and "24/11" without a time; a day and a month without a
    year is the latest one that is not more than a day ahead.
    """
    text = " ".join(text[: 5 * _LONGEST].split())[:_LONGEST]
    try:
        return _ago(text, now, zone) or _named_day(text, now, zone) or _day_of_this_year(text, now, zone)
    except (ValueError, OverflowError):
        return None


def _ago(text: str, now: datetime, zone: tzinfo) -> datetime | None:
    if _NOW.search(text):
        return _to_the_minute(now)
    match = _AGO.search(text) or _SINCE.search(text)
    if match is None:
        return None
    unit = next(name for name, words in _UNITS.items() if match["unit"].lower() in words)
    number = match["number"].lower()
    moment = now - _LENGTH[unit] * (_NUMBERS[number] if number in _NUMBERS else int(number))
    if unit in ("second", "minute", "hour"):
        return _to_the_minute(moment - timedelta(minutes=int(match["more"] or 0)))
    return _midnight(moment.astimezone(zone).date(), zone)


def _named_day(text: str, now: datetime, zone: tzinfo) -> datetime | None:
    match = _DAY.search(text)
    if match is None:
        return None
    back = 0 if match["today"] else 1 if match["yesterday"] else 2
    day = now.astimezone(zone).date() - timedelta(days=back)
    moment = _on(day, f"{text[: match.start()]} {text[match.end() :]}", zone)
    afternoon = match[0].lower().startswith(("chiều", "tối"))
    if moment and afternoon and 1 <= moment.astimezone(zone).hour < 12:
        moment += timedelta(hours=12)
    return moment


def _day_of_this_year(text: str, now: datetime, zone: tzinfo) -> datetime | None:
    match = _WITHOUT_YEAR.search(text)
    if match is None:
        return None
    today = now.astimezone(zone).date()
    first, second = int(match["day"]), int(match["month"])
    if isinstance(zone, DateFormat) and zone.month_first and match["sign"] in ("/", "-"):
        first, second = second, first
    day = date(today.year, second, first)
    if day > today + timedelta(days=1):
        day = day.replace(year=today.year - 1)
    return _on(day, f"{text[: match.start()]} {text[match.end() :]}", zone)


def _on(day: date, rest: str, zone: tzinfo) -> datetime | None:
    """The time of day that the rest of a text names, on this day."""
    return parse_date(f"{day:%Y-%m-%d}, {rest}", zone)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _to_the_minute(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(second=0, microsecond=0)
