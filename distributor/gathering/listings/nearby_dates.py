"""The dates of a listing and whose they are: beside a link, below it, above it, or within. Pure.

A date belongs to the one article that shares the smallest block with it. Where a block holds several articles in a row
(rows of a table, links parted by `<br>`), it belongs to the one before it, or behind it where the row begins with a date.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from ...text import clean_line
from ..dates import parse_date, parse_relative, read_date
from .tree import HEADINGS, AnchorIndex, ListingTree

_LONGEST = 160  # characters of a text that may be a date line
_MOST_OTHER_WORDS = 6  # beside a date: "Lượt xem", a name, a section
_FARTHEST = 40  # elements between a link and its date where they share no block of their own
_MOST_BESIDE_ONE = 5  # articles of one block, of which one is the main one
_HIGHEST = 8  # blocks around a date that are searched
_WORD = re.compile(r"[^\W\d_]+")
_DATE_WORDS = frozenset({
    "thứ", "hai", "ba", "tư", "năm", "sáu", "bảy", "chủ", "nhật", "ngày", "tháng", "lúc", "giờ", "phút", "giây",
    "tuần", "trước", "hôm", "nay", "qua", "kia", "cập", "đăng", "tải", "gửi", "xuất", "bản", "gmt", "utc", "am", "pm",
    "sa", "ch", "sáng", "trưa", "chiều", "tối", "đêm", "vừa", "xong", "mới", "đây", "cách", "khoảng", "h", "g", "th",
    "t", "cn", "z", "ict", "tiếng", "một", "ago", "hour", "hours", "minute", "minutes", "min", "mins", "second",
    "seconds", "day", "days", "week", "weeks", "month", "months", "year", "years", "yesterday", "today", "just",
    "now", "at", "on", "a", "an", "posted", "published", "updated", "created", "date", "time", "monday", "tuesday",
    "wednesday", "thursday", "friday", "saturday", "sunday", "mon", "tue", "wed", "thu", "fri", "sat", "sun", "jan",
    "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "january", "february", "march",
    "april", "june", "july", "august", "september", "october", "november", "december",
})  # fmt: skip
_OTHER_DAY = re.compile(
    r"giấy phép|bản quyền|copyright|©|ban hành|hiệu lực|hết hạn|hạn nộp|khởi tranh|sinh ngày|cấp ngày", re.IGNORECASE
)
_DATE_LIKE = re.compile(r"(?<!\d)\d{1,2}([/.\-])\d{1,2}\1\d{4}(?!\d)")
_IN_BRACKETS = re.compile(r"^\W{0,3}[(\[]([^()\[\]]{4,60})[)\]]|[(\[]([^()\[\]]{4,60})[)\]]\W{0,3}$")
_BEFORE_DASH = re.compile(r"^([\d:/.hg \-]{8,30})\s[-–|]\s")
_TIME_NAME = re.compile(r"(?<![a-z])(?:time|date|ago|ngay|ngaydang|thoigian|datetime|timeago)(?![a-z])")
_MOMENT_ATTRIBUTES = ("datetime", "title", "data-time", "data-date", "data-datetime", "data-published", "content")


@dataclass(frozen=True, slots=True)
class DateLine:
    """A moment that stands on the page, and how many words beside it have nothing to do with a date (-1: a machine's).
    `doubt` says of one that looks like a date and is none what is wrong with it."""

    moment: datetime | None
    others: int
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a date line stands: the element that holds its text, and a place in the order of the elements."""

    within: int
    order: float
    line: DateLine


def parse_date_line(text: str, now: datetime, zone: tzinfo) -> DateLine | None:
    """The moment that a short text gives for its article. A sentence that speaks of a day is no date line."""
    if len(text) < 4 or not (any(map(str.isdigit, text[:_LONGEST])) or _WORD.search(text[:_LONGEST])):
        return None
    if len(text) <= _LONGEST:
        line = clean_line(text)
        if _OTHER_DAY.search(line):
            return None
        others = len([word for word in _WORD.findall(line) if word.casefold() not in _DATE_WORDS])
        if others <= _MOST_OTHER_WORDS:
            return _read(line, others, now, zone)
    beginning = clean_line(text[:_LONGEST])
    match = _IN_BRACKETS.search(beginning) or _BEFORE_DASH.match(beginning)
    inside = next(filter(None, match.groups()), "") if match else ""
    inner = parse_date_line(inside, now, zone) if len(inside) < len(text) else None
    return replace(inner, others=1) if inner and inner.others <= 2 else None


def _read(line: str, others: int, now: datetime, zone: tzinfo) -> DateLine | None:
    read = read_date(line, zone)
    moment = read.moment or parse_relative(line, now, zone)
    if moment is None and not (_DATE_LIKE.search(line) and others <= 2):
        return None
    return DateLine(moment, others, "" if moment else read.doubt)


def is_bare_date_line(text: str, now: datetime, zone: tzinfo) -> bool:
    """Whether a text is a date and nothing else."""
    line = parse_date_line(text, now, zone)
    return line is not None and not line.others


def find_dates(
    tree: ListingTree, spread: AnchorIndex, now: datetime, zone: tzinfo, headed: frozenset[str] = frozenset()
) -> dict[str, DateLine]:
    """The date of each key that has one, or what is wrong with it. `spread` are the links that may be an article's;
    `headed` are the keys of those that stand in a heading."""
    owned: dict[str, list[DateLine]] = {}
    rows: dict[int, list[_Place]] = {}
    for place in _places(tree, spread, now, zone):
        key, row = _owner(tree, spread, place.within)
        if key:
            owned.setdefault(key, []).append(place.line)
        elif row is not None:
            rows.setdefault(row, []).append(place)
    for row, places in rows.items():
        for key, line in _of_row(tree, spread, row, places, headed).items():
            owned.setdefault(key, [line])  # what shares a smaller block with it goes before
    return {key: min(lines, key=lambda line: (line.moment is None, line.others)) for key, lines in owned.items()}


def _places(tree: ListingTree, spread: AnchorIndex, now: datetime, zone: tzinfo) -> list[_Place]:
    """Every date line of the page outside its menus and frames, in order."""
    found: list[_Place] = []
    dated = [False] * len(tree.elements)
    anchors = set(spread.places)
    for at in reversed(range(len(tree.elements))):
        element = tree.elements[at]
        up = tree.parent[at]
        if not tree.chrome[at]:
            line = _of_attributes(tree, at, zone)
            if line is None and element.text and at not in anchors:
                line = parse_date_line(element.text, now, zone)
            if line is None and not dated[at] and at not in anchors and tree.characters[at] <= 80 and len(element):
                line = _in_parts(tree, spread, at, now, zone)
            if line is not None:
                dated[at] = True
                found.append(_Place(at, at, line))
            if up >= 0 and up not in anchors and element.tail and (tail := parse_date_line(element.tail, now, zone)):
                dated[up] = True
                found.append(_Place(up, tree.last[at] + 0.5, tail))
        if up >= 0 and dated[at]:
            dated[up] = True
    found.sort(key=lambda place: place.order)
    return found


def _of_attributes(tree: ListingTree, at: int, zone: tzinfo) -> DateLine | None:
    element = tree.elements[at]
    if element.tag == "a" or not (element.tag == "time" or any(_TIME_NAME.search(name) for name in tree.tokens[at])):
        return None
    for name in _MOMENT_ATTRIBUTES:
        value = element.get(name)
        if value and len(value) <= _LONGEST and (moment := parse_date(value, zone)):
            return DateLine(moment, -1)
    return None


def _in_parts(tree: ListingTree, spread: AnchorIndex, at: int, now: datetime, zone: tzinfo) -> DateLine | None:
    """The date of an element that shows it in several ones: day, month and year each in a box of its own."""
    first, end = spread.within(tree, at)
    inner = max((tree.characters[tree.number[child]] for child in tree.elements[at] if child in tree.number), default=0)
    if first < end or inner == tree.characters[at]:
        return None
    parts = [text for text in map(clean_line, map(str, tree.elements[at].itertext())) if text]
    words = " ".join(parts)
    if not any(map(str.isdigit, words)):
        return None
    line = parse_date_line(words, now, zone) or parse_date_line(
        "/".join(part.strip("/-. ,") for part in parts), now, zone
    )
    return line if line and line.others <= 2 else None


def _owner(tree: ListingTree, spread: AnchorIndex, within: int) -> tuple[str, int | None]:
    """The key of the one article that shares the smallest block with a date, or the block that holds several."""
    for up in (within, *tree.ancestors(within, _HIGHEST)):
        first, end = spread.within(tree, up)
        if first == end:
            continue
        key = spread.sole(first, end)
        if key and tree.tag(up) in ("body", "html") and spread.places[first] - within > _FARTHEST:
            return "", None
        return (key, None) if key else ("", up)
    return "", None


def _of_row(
    tree: ListingTree, spread: AnchorIndex, row: int, places: list[_Place], headed: frozenset[str]
) -> Mapping[str, DateLine]:
    """Whose the dates are that stand in one row with several articles."""
    first, end = spread.within(tree, row)
    keys = dict.fromkeys(spread.keys[first:end])
    if len(places) == 1:
        main = [key for key in keys if key in headed]
        if len(main) == 1 and len(keys) <= _MOST_BESIDE_ONE:
            return {main[0]: places[0].line}  # an article with further ones below it
        if len(keys) > 2:
            return {}  # the day of the page, or of its licence
    owned: dict[str, DateLine] = {}
    if places[0].order < spread.places[first]:
        return _below_dates(tree, spread, row, places)
    for place in places:
        at = bisect_left(spread.places, place.order, first, end) - 1
        if at >= first and place.order - spread.places[at] <= _FARTHEST and _alone(tree, spread, row, at):
            owned.setdefault(spread.keys[at], place.line)
    return owned


def _below_dates(tree: ListingTree, spread: AnchorIndex, row: int, places: list[_Place]) -> Mapping[str, DateLine]:
    """Dates above their articles: each for the next one, or as the heading of a day for all up to the next date."""
    first, end = spread.within(tree, row)
    owned: dict[str, DateLine] = {}
    orders = [place.order for place in places]
    headings = len(places) > 1 and all(_is_heading(tree, place.within) for place in places)
    for at in range(first, end):
        before = bisect_right(orders, spread.places[at]) - 1
        if before < 0 or spread.keys[at] in owned or not _alone(tree, spread, row, at):
            continue
        previous = spread.places[at - 1] if at > first and spread.keys[at - 1] != spread.keys[at] else -1
        nearest = previous < orders[before] and spread.places[at] - orders[before] <= _FARTHEST
        if nearest or headings:
            owned[spread.keys[at]] = places[before].line
    return owned


def _is_heading(tree: ListingTree, at: int) -> bool:
    return any(
        tree.tag(up) in HEADINGS or tree.tag(up) in ("dt", "th", "caption") for up in (at, *tree.ancestors(at, 2))
    )


def _alone(tree: ListingTree, spread: AnchorIndex, row: int, at: int) -> bool:
    """Whether the part of a row in which a link stands holds no other article."""
    part = spread.places[at]
    for up in tree.ancestors(part, 30):
        if up == row:
            return bool(spread.sole(*spread.within(tree, part)))
        part = up
    return False
