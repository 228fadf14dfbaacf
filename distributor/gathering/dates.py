"""Dates as sites write them, Vietnamese ones first: in full, or counted from now ("2 giờ trước", "hôm qua"). Pure.

Feed libraries and dateutil read `GMT+7` wrong by hours, swap day and month, or take a local time for UTC. Here the day
always comes before the month, unless the source says otherwise, and a time without a zone is in the zone of the source.
What cannot be read is reported in words, never guessed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..config.types import DateFormat

# Longest first within each language: `mười` would match the beginning of `mười một`.
_VIETNAMESE = {
    "mười hai": 12, "mười một": 11, "chạp": 12, "giêng": 1, "mười": 10, "chín": 9, "tám": 8, "bảy": 7, "sáu": 6,
    "năm": 5, "tư": 4, "bốn": 4, "ba": 3, "hai": 2, "một": 1,
}  # fmt: skip
# CLDR's names of months, wide and short, of languages whose news are read here: those that do not contradict each other.
_NAMES = """
january jan januar janvier janv enero ene janeiro gennaio gen januari stycznia sty января янв
february feb februar février févr fevrier febrero fevereiro fev febbraio februari lutego lut февраля фев
march mar märz mrz mars marzo março marco maart mrt maret marca марта мар
april apr avril avr abril abr aprile kwietnia kwi апреля апр
may mai mayo maio maggio mag mei maj maja мая май
june jun juni juin junio junho giugno giu czerwca cze июня июн
july jul juli juillet juil julio julho luglio lug lipca lip июля июл
august aug août aout agosto ago augustus agustus agt augusti sierpnia sie августа авг
september sept sep septembre septiembre setembro set settembre września wrz сентября сен
october oct oktober okt octobre octubre outubro out ottobre ott października paź октября окт
november nov novembre noviembre novembro noviembre listopada lis ноября ноя
december dec dezember dez décembre déc decembre diciembre dic dezembro dicembre desember des desembre grudnia gru декабря дек
"""
MONTHS: dict[str, int] = {
    name.rstrip("."): number
    for number, line in enumerate(_NAMES.strip().splitlines(), 1)
    for name in line.split()
}  # fmt: skip
VIETNAMESE_MONTH = rf"(?:tháng|thg|th)\.?\s*(?:\d{{1,2}}(?!\d)|{'|'.join(_VIETNAMESE)})"
MONTH = "(?:" + VIETNAMESE_MONTH + "|" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")(?![^\W\d_])"

MORNING = r"(?:am|a\.\s?m|sa|sáng)"
NOON = r"trưa"
AFTERNOON = r"(?:pm|p\.\s?m|ch|chiều|tối)"
NIGHT = r"(?:đêm|khuya)"

# Hours ahead of UTC. RFC 822, section 5.1, for the names of North America; otherwise what news of the place mean by it.
ZONES: dict[str, float] = {
    "Z": 0, "GMT": 0, "UTC": 0, "UT": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "MET": 1, "WAT": 1, "CEST": 2, "MEST": 2,
    "EET": 2, "SAST": 2, "CAT": 2, "EEST": 3, "MSK": 3, "EAT": 3, "TRT": 3, "GST": 4, "PKT": 5, "IST": 5.5, "NPT": 5.75,
    "ICT": 7, "WIB": 7, "HKT": 8, "SGT": 8, "MYT": 8, "PHT": 8, "WITA": 8, "AWST": 8, "JST": 9, "KST": 9, "WIT": 9,
    "ACST": 9.5, "AEST": 10, "ACDT": 10.5, "AEDT": 11, "NZST": 12, "NZDT": 13,
    "NST": -3.5, "NDT": -2.5, "AST": -4, "ADT": -3, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6,
    "PST": -8, "PDT": -7, "AKST": -9, "AKDT": -8, "HST": -10, "BRT": -3, "ART": -3, "CLT": -4, "COT": -5, "PET": -5,
}  # fmt: skip


def month_number(written: str) -> int:
    """The month that a word names: `Thg11`, `tháng mười một`, `Nov`, or its number. Raises ValueError for none."""
    word = unicodedata.normalize("NFC", written).casefold().rstrip(".")
    if word in MONTHS:
        return MONTHS[word]
    for beginning in ("tháng", "thg", "th"):
        if word.startswith(beginning):
            word = word.removeprefix(beginning).strip(" .")
            break
    return _VIETNAMESE[word] if word in _VIETNAMESE else int(word)


_MAX_EXAMPLES = 3
_LONGEST = 200  # characters of a text that are read
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
_NEAR = 40  # characters behind the date within which its time is searched first
_OFFSET = re.compile(
    r"(?:GMT|UTC|(?<=\d)|(?<=\s)|\()\s*(?P<sign>[+\-−])\s*(?P<hours>\d{1,2})(?::?(?P<minutes>\d{2}))?(?!\d|[/.\-]\d)"
)
_NAMED_ZONE = re.compile(rf"(?<=[\d\s(\[])(?P<name>{'|'.join(sorted(ZONES, key=len, reverse=True))})\b(?!\s*[+\-])")
_PLACE = re.compile(r"\b[A-Z][A-Za-z]+/[A-Z][A-Za-z_]+(?:/[A-Z][A-Za-z_]+)?\b")  # Asia/Ho_Chi_Minh
_STRANGE_ZONE = re.compile(r"^\s*\(?(?P<name>[A-Z]{2,5})\)?\s*$")


@dataclass(frozen=True, slots=True)
class ParsedDate:
    """A date that was read in a text. `moment` is in UTC, None where it names none that exists; without a time it is the
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
        hint = "; if its source puts the month first, set date_order: month first" if swapped else ""
        return ParsedDate(doubt=f"its date {shown} does not exist{hint}")
    if found.moment == _EPOCH:
        return ParsedDate(doubt=f"its date {shown} is what programs write that have none")
    return ParsedDate(found.moment, found.has_time, f"its date {shown} {found.doubt}" if found.doubt else "")


def summarize_doubts(doubts: Sequence[str]) -> list[str]:
    """The first few doubts about the dates of one gather, and how many more there are."""
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


def is_midnight(moment: datetime, zone: tzinfo) -> bool:
    """Whether a moment is the midnight that a date without a time stands for."""
    local = moment.astimezone(zone)
    return not (local.hour or local.minute or local.second)


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


# -- counted from now ---------------------------------------------------------------------------------------------------

_NUMERALS = {
    "một": 1, "hai": 2, "ba": 3, "bốn": 4, "năm": 5, "sáu": 6, "bảy": 7, "tám": 8, "chín": 9, "mười": 10,
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3,
}  # fmt: skip
_NUMBER = r"\d{1,4}|" + "|".join(sorted(_NUMERALS, key=len, reverse=True))
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
    moment = now - _LENGTH[unit] * (_NUMERALS[number] if number in _NUMERALS else int(number))
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
