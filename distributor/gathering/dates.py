"""Dates as sites write them, Vietnamese ones first. Pure.

Feed libraries and dateutil read `GMT+7` wrong by hours, swap day and month, or take a local time for UTC. Here the day
always comes before the month, unless the source says otherwise, and a time without a zone is in the zone of the source.
What cannot be read is said in words, never guessed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..config.types import DateFormat
from .date_words import AFTERNOON, MONTH, MORNING, NIGHT, NOON, ZONES, month_number

_MAX_EXAMPLES = 3
_LONGEST = 200  # characters that are looked at
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # what a program writes that has no date

_I = re.IGNORECASE
_ZONE_WORD = r"[A-Z]{1,5}|(?:GMT|UTC)?[+\-−]\d{1,2}:?\d{2}|(?:GMT|UTC)[+\-−]\d{1,2}"
# `Mon Nov 25 07:00:00 ICT 2024` (Java), `Sun Jan  4 16:29:06 2026` (asctime), `Sun Jul 15 01:16:00 +0000 2026`
_ASCTIME = re.compile(
    rf"\b(?P<month>(?i:{MONTH}))\s+(?P<day>\d{{1,2}})\s+(?P<hour>\d{{1,2}}):(?P<minute>\d{{2}})(?::(?P<second>\d{{2}}))?"
    rf"(?:\s+(?P<zone>{_ZONE_WORD}))?\s+(?P<year>\d{{4}})(?!\d)"
)
_ISO = re.compile(
    r"(?<!\d)(?P<year>\d{4})[-/](?P<month>\d{1,2})[-/](?P<day>\d{1,2})(?!\d)(?:[T\s]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?)?"
)
_ISO_BASIC = re.compile(
    r"(?<!\d)(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})T(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?(?!\d)"
)
_WORDS = re.compile(
    rf"(?<!\d)(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|º|\.)?[\s\-/,]*(?:de\s+|of\s+)?(?P<month>{MONTH})\.?,?[\s\-/]*"
    r"(?:năm\s+|de\s+)?(?P<year>\d{4}|\d{2}(?!\s*[:hg]))(?!\d)",
    _I,
)
_MONTH_FIRST = re.compile(
    rf"(?<![^\W\d_])(?P<month>{MONTH})\.?\s+(?:ngày\s+)?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?:năm\s+)?(?P<year>\d{{4}})(?!\d)",
    _I,
)
_NUMBERS = re.compile(
    r"(?<![\d.])(?P<day>\d{1,2})(?:(?P<sign>[.\-])|\s?/\s?)(?P<month>\d{1,2})(?(sign)(?P=sign)|\s?/\s?)(?P<year>\d{4}|\d{2})(?!\d)"
)
_FORMS = (_ASCTIME, _ISO, _ISO_BASIC, _WORDS, _MONTH_FIRST, _NUMBERS)

_HERE = "\0"  # where the date stood, in the text around it
_PART = rf"(?:{MORNING}|{NOON}|{AFTERNOON}|{NIGHT})(?![^\W\d_])"
_TIME = re.compile(
    r"(?<![\d:+\-−.,/])(?P<hour>\d{1,2})(?:"
    r":(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?(?![\d:])"
    r"|\s?(?:h|g|giờ)\s?(?P<minutes>\d{2})(?!\d)"
    # An hour alone is a time only before a part of the day, or before the date itself: «sau 2 giờ họp» is none.
    rf"|\s?(?:h|g|giờ)?(?=\s?{_PART})|\s?(?:h|giờ)(?=[\s,|–-]*(?:ngày|thứ|chủ nhật|{_HERE}))|h(?=\s*$)"
    r")(?:\s?(?:'|’|p(?!\.\s?m)|phút)(?![^\W\d_]))?",
    _I,
)
_DASHED = re.compile(r"(?<=\d{4})\s*[-–|]\s*(?=\d{1,2}\s?(?:[:hg]|giờ))")  # `24/11/2020 -09:30` is half past nine
_MORNING, _NOON = re.compile(rf"\s*{MORNING}(?![^\W\d_])", _I), re.compile(rf"\s*{NOON}(?![^\W\d_])", _I)
_AFTERNOON, _NIGHT = re.compile(rf"\s*{AFTERNOON}(?![^\W\d_])", _I), re.compile(rf"\s*{NIGHT}(?![^\W\d_])", _I)
_NEAR = 40  # characters behind the date within which its time is looked for first
_OFFSET = re.compile(
    r"(?:GMT|UTC|(?<=\d)|(?<=\s)|\()\s*(?P<sign>[+\-−])\s*(?P<hours>\d{1,2})(?::?(?P<minutes>\d{2}))?(?!\d|[/.\-]\d)"
)
_NAMED_ZONE = re.compile(rf"(?<=[\d\s(\[])(?P<name>{'|'.join(sorted(ZONES, key=len, reverse=True))})\b(?!\s*[+\-])")
_PLACE = re.compile(r"\b[A-Z][A-Za-z]+/[A-Z][A-Za-z_]+(?:/[A-Z][A-Za-z_]+)?\b")  # Asia/Ho_Chi_Minh
_STRANGE_ZONE = re.compile(r"^\s*\(?(?P<name>[A-Z]{2,5})\)?\s*$")


@dataclass(frozen=True, slots=True)
class ParsedDate:
    """What a text says of a moment. `moment` is in UTC, None where it names none that exists; without a time it is the
    midnight that begins the day in the source's zone. `doubt` says in words what could not be read."""

    moment: datetime | None = None
    has_time: bool = False
    doubt: str = ""


def parse_date(text: str, zone: tzinfo) -> datetime | None:
    """The moment that a text names, in UTC; None where it names none that exists.

    A date without a time is the midnight that begins that day in the zone of the source.
    """
    return read_date(text, zone).moment


def read_date(text: str, zone: tzinfo) -> ParsedDate:
    """The moment that a text names, and what about it is in doubt. An empty text names none, without a doubt."""
    line = unicodedata.normalize("NFC", " ".join(text.split())[:_LONGEST])
    if not line:
        return ParsedDate()
    line = _DASHED.sub(" ", line)
    match = next(_matches(line), None)
    shown = repr(line[:80])
    if match is None:
        return ParsedDate(doubt=f"its date {shown} cannot be read")
    try:
        found = _moment(line, match, zone)
    except (ValueError, OverflowError, KeyError):
        swapped = (
            match.re is _NUMBERS and not _month_first(zone) and int(match["day"]) <= 12 < int(match["month"]) <= 31
        )
        hint = "; if its source puts the month first, set dates: month first" if swapped else ""
        return ParsedDate(doubt=f"its date {shown} does not exist{hint}")
    if found.moment == _EPOCH:
        return ParsedDate(doubt=f"its date {shown} is what programs write that have none")
    return ParsedDate(found.moment, found.has_time, f"its date {shown} {found.doubt}" if found.doubt else "")


def summarize_doubts(doubts: Sequence[str]) -> list[str]:
    """The first few doubts about the dates of a look, and how many more there are."""
    more = len(doubts) - _MAX_EXAMPLES
    return [*doubts[:_MAX_EXAMPLES], *([f"{more} more dates cannot be read"] if more > 0 else [])]


def from_epoch(number: float) -> datetime | None:
    """The moment so many seconds after 1970 began, or milli- or microseconds where seconds would lie beyond all news; None
    for what is no time of news."""
    for unit in (1, 1_000, 1_000_000):
        try:
            moment = _EPOCH + timedelta(seconds=number / unit)
        except (OverflowError, ValueError):
            continue
        if 1971 <= moment.year < 2200:
            return moment
    return None


def _month_first(zone: tzinfo) -> bool:
    return isinstance(zone, DateFormat) and zone.month_first


def _matches(line: str) -> Iterator[re.Match[str]]:
    return filter(None, (form.search(line) for form in _FORMS))


def _moment(line: str, match: re.Match[str], zone: tzinfo) -> ParsedDate:
    """Raises ValueError, KeyError or OverflowError where there is no such moment."""
    found = match.groupdict()
    before, behind = line[: match.start()], line[match.end() :]
    clock: tuple[int, int, int] | None = None
    after = behind
    if found.get("hour"):
        clock, after = _clock(found, behind), behind
    elif time := _time_near(before, behind):
        rest = time.string
        clock, after = (
            _clock({**time.groupdict(), "minute": time["minute"] or time["minutes"]}, rest[time.end() :]),
            rest[time.end() :],
        )
    day, month = int(found["day"]), month_number(found["month"])
    if match.re is _NUMBERS and _month_first(zone):
        day, month = month, day
    own, strange = _zone(found.get("zone") or after) if clock else (None, "")
    if not strange and clock and match.re is not _NUMBERS and not own:
        strange = _strange_zone(found.get("zone") or after)
    if strange:
        clock = None
    hour, minute, second = clock or (0, 0, 0)
    local = datetime(_year(found["year"]), month, day, hour, minute, min(second, 59), tzinfo=own or zone)
    doubt = f"names a time zone, {strange}, that is not known: only its day is taken" if strange else ""
    return ParsedDate(local.astimezone(UTC), clock is not None, doubt)


def _time_near(before: str, behind: str) -> re.Match[str] | None:
    """The time that belongs to a date: close behind it, or the last one before it, or further behind."""
    around = f"{before}{_HERE}{behind}"
    here = len(before) + 1
    times = [time for time in _TIME.finditer(around) if _has_minutes(time) or int(time["hour"]) < 24]
    close = next((time for time in times if here <= time.start() <= here + _NEAR), None)
    earlier = next((time for time in reversed(times) if time.start() < here), None)
    return close or earlier or next(iter(times), None)


def _has_minutes(time: re.Match[str]) -> bool:
    return bool(time["minute"] or time["minutes"])


def _clock(found: dict[str, str | None], behind: str) -> tuple[int, int, int]:
    """Hour, minute and second of a day of 24 hours. The part of the day counts only right behind the time: a headline
    beside the date may speak of an afternoon, too."""
    hour = int(found["hour"] or 0)
    if (_AFTERNOON.match(behind) and 1 <= hour < 12) or (_NOON.match(behind) and 1 <= hour < 4):
        hour += 12
    elif _NIGHT.match(behind) and 6 <= hour <= 12:
        hour = (hour + 12) % 24
    elif _MORNING.match(behind) and hour == 12:
        hour = 0
    return hour, int(found["minute"] or 0), int(found.get("second") or 0)


def _year(text: str) -> int:
    """A year of news. Raises ValueError for others: the last day of 9999 has no moment in zones east of Greenwich."""
    year = int(text) + (2000 if len(text) == 2 else 0)
    if not 1800 <= year < 2200:
        raise ValueError(f"{year} is no year of news")
    return year


def _zone(after: str) -> tuple[tzinfo | None, str]:
    """The zone that stands behind a time (`GMT+7`, `+0700`, `(UTC+07:00)`, `Z`, `CEST`), or what is strange of it."""
    after = " " + after.replace(_HERE, " ")[:_NEAR]
    if match := _OFFSET.search(after):
        hours, minutes = int(match["hours"]), int(match["minutes"] or 0)
        if hours > 14 or minutes > 59:
            return None, match[0].strip()
        offset = timedelta(hours=hours, minutes=minutes)
        return timezone(offset if match["sign"] == "+" else -offset), ""
    if named := _NAMED_ZONE.search(after):
        return timezone(timedelta(hours=ZONES[named["name"]])), ""
    if place := _PLACE.search(after):
        try:
            return ZoneInfo(place[0]), ""
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return None, place[0]
    return None, ""


def _strange_zone(after: str) -> str:
    """A name at the end of a date that machines write, where a zone belongs, and that is none of those known."""
    match = _STRANGE_ZONE.match(re.sub(rf"^\s*{_PART}", "", after, flags=_I))
    return match["name"] if match else ""
