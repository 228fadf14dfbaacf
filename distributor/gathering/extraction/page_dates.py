"""When an article was published and changed, by its page. Pure.

In this order: the newsroom's selector; data for machines; then what the page shows: `<time>`, elements whose name speaks of
a date (`.post-time`, `.assetPublishDate`, `.ngaydang`), lines that are a date and little else (`Ngày đăng: 28/11/2026 |
Lượt xem: 123`). Among those shown, the nearest behind the headline is the article's; lists of other stories, footers and
the clock in the page's head are not. At last the address, where a portal writes the day into it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import lru_cache
from itertools import chain, islice

from lxml.html import HtmlElement

from ...text import clean_line
from ..dates import from_epoch, is_midnight, parse_date, read_date
from .document import Surroundings, element_text, elements_by_offset, has_name, name_words, names_of, words_in
from .structured_data import StructuredData

_NAME = re.compile(
    r"(?:\w*(?:date|time)|(?:date|time|ngay|publish|posted)\w*|thoi|gio|pubdate|published|publishing|dateline|meta\w*|info|byline"
    r"|created|thoigian\w*|timestamp)"
)
_DATE_NAME = re.compile(
    r"(?:post|news|publish|create|article|entry)?(?:date|time|datetime)|ngay\w*|published|thoigian\w*"
)
_NO_NAME = re.compile(
    r"(?:up|can|man|vali)date\w*|(?:some|over|life|run|part|full|real)time|timeline|times|datepicker|timer|timeago"
)
_CLOCK = re.compile(
    r"clock|today|now|current|hientai|homnay|weather|thoitiet|countdown|calendar|datepicker|event\w*|expire\w*|deadline"
)
_CHANGED = re.compile(r"update\w*|modified|lastmod|edited|capnhat")
_SAYS_CHANGED = re.compile(
    r"\W*(?:(?:lần\s+)?cập nhật|sửa|chỉnh sửa|(?:last\s+)?(?:updated|modified)|edited)", re.IGNORECASE
)
_SAYS_NOW = re.compile(r"\W*(?:hôm nay|bây giờ|hiện tại|today)\b", re.IGNORECASE)
_SAYS_PUBLISHED = re.compile(
    r"\W*(?:ngày\s+)?(?:đăng|xuất bản|phát hành|đưa tin|gửi|tạo|viết)\b"
    r"|\W*(?:ngày|thời gian|thời điểm)\b\s*(?:đăng|xuất bản|đưa|gửi)?"
    r"|\W*(?:first\s+)?(?:published|posted|created|date|issued|publicado|publié|veröffentlicht|pubblicato)\b",
    re.IGNORECASE,
)
# Words that stand beside the date in a line that is nothing else.
_BESIDE = re.compile(
    r"lượt\s+(?:xem|đọc|truy cập)|(?:số\s+)?lượt|người\s+xem|xem|đọc|views?"
    r"|thứ\s+(?:hai|ba|tư|năm|sáu|bảy|[2-7])|chủ\s+nhật|ngày|tháng|năm"
    r"|lúc|giờ|phút|sáng|chiều|tối|trưa|đăng|xuất bản|cập nhật|lần cuối|cuối|gmt|utc|ict|am|pm|sa|ch|thời gian|bởi|tác giả"
    r"|published|posted|updated|modified|last|on|at|by|date|time|edt|est|pst|pdt|cet|bst|t[2-7]|cn|th|st|nd|rd"
    r"|(?:mon|tues?|wednes|thurs?|fri|satur|sun)(?:day)?|(?:jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)[a-z]*",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?<!\d)(?:1[89]|20|21)\d\d(?!\d)|\d[/.\-]\d{1,2}[/.\-]\d\d(?!\d)")
_IN_ADDRESS = re.compile(r"/((?:19|20)\d\d)[/-](0?[1-9]|1[0-2])(?:[/-](0?[1-9]|[12]\d|3[01]))(?=[/._-]|$)")
_LONGEST_NAMED = 200  # characters of an element that is named for a date
_LONGEST_LINE = 110
_MOST_LETTERS = 24  # of a line that is a date, beside the date and the words above
_HEADLINE = 4  # words; a link with more beside a date leads to the story that the date is of
_MOST_LINKED = 3  # of a date that is a link
_BEFORE, _BEHIND = 1500, 2500  # characters around the headline in which a date without a name or label is the article's
_SURE = 5 * _BEHIND  # a rank from which on it is not sure that a date is the article's
_MOST_PIECES = 100  # of text in one element
_MOST = 3000  # elements that are read


@dataclass(frozen=True, slots=True)
class _Shown:
    """A date that the page shows: where (characters from the beginning), how it is known, and what it is of."""

    at: int
    moment: datetime
    rank: int
    changed: bool


@dataclass(frozen=True, slots=True)
class PageDates:
    """When an article was published and when it was changed after that, None where its page does not say; `doubt` reports a
    date that cannot be read."""

    published: datetime | None = None
    updated: datetime | None = None
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class DateEvidence:
    """What the dates of an article are found by: its page, what the newsroom's selector finds there, what the page says for
    machines, the article's title, and the address of the page."""

    page: HtmlElement
    chosen: Sequence[HtmlElement]
    data: StructuredData
    title: str = ""
    url: str = ""


def find_dates(evidence: DateEvidence, zone: tzinfo) -> PageDates:
    """The dates of the article of a page."""
    page, data = evidence.page, evidence.data
    selected = [one.get("datetime") or one.get("content") or element_text(one) for one in evidence.chosen]
    found = next(filter(None, (parse_date(text, zone) for text in selected)), None)
    if found:
        return PageDates(found)
    published, updated = _first(data.published, zone), _first(data.updated, zone)
    if published is None or is_midnight(published, zone):
        shown = sorted(_shown(page, zone, evidence.title), key=lambda one: one.rank)
        published = _more_exact(published, shown, zone) if published else _nearest(shown)
    published = published or updated or _from_address(evidence.url, zone)
    if published is None:
        texts = chain(selected, data.published, _unread(page))
        return PageDates(doubt=next(filter(None, (read_date(text, zone).doubt for text in texts)), ""))
    return PageDates(published, updated if updated and updated > published else None)


def _first(texts: Sequence[str], zone: tzinfo) -> datetime | None:
    return next(filter(None, (_moment(text, zone) for text in texts)), None)


def _moment(text: str, zone: tzinfo) -> datetime | None:
    """A moment of data for machines: a date in words, or seconds since 1970 (POSIX), with thousandths or without."""
    if re.fullmatch(r"\d{10}|\d{13}", text):
        return from_epoch(int(text))
    if re.fullmatch(r"(?:19|20)\d{6}", text):  # ISO 8601 in its basic form
        text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    return parse_date(text, zone)


def _more_exact(day: datetime, shown: Sequence[_Shown], zone: tzinfo) -> datetime:
    """The same day with its time, where the page shows it."""
    same = (one.moment for one in shown if not one.changed and _same_day(one.moment, day, zone))
    return next((moment for moment in same if not is_midnight(moment, zone)), day)


def _nearest(shown: Sequence[_Shown]) -> datetime | None:
    """The surest date; of publication before that of a change, where both stand near the headline."""
    first = next((one for one in shown if not one.changed and one.rank < _SURE), None) or next(iter(shown), None)
    return first.moment if first else None


def _from_address(url: str, zone: tzinfo) -> datetime | None:
    found = _IN_ADDRESS.search(url[:2000])
    return parse_date("-".join(found.groups()), zone) if found else None


# -- what the page shows -----------------------------------------------------------------------------------------------


def _shown(page: HtmlElement, zone: tzinfo, title: str) -> Iterator[_Shown]:
    elements = list(elements_by_offset(page))
    headline = _headline_at(elements, title)
    around = Surroundings(page)
    left = _MOST
    for at, element in elements:
        if element.tag in ("html", "body", "head", "script", "style", "title", "option", "input", "textarea"):
            continue
        names = names_of(element)
        named = element.tag == "time" or (names != "" and _named_for_date(names))
        text = _text(element, _LONGEST_NAMED if named else _LONGEST_LINE)
        if not text or not (_YEAR.search(text) or element.get("datetime")):
            continue
        left -= 1
        if left < 0:
            return
        distance = at - headline if headline is not None else at
        rank = _rank(element, text, named=named, distance=distance, located=headline is not None)
        words = words_in(names)
        if distance < 0 and _SAYS_NOW.match(text):
            continue  # the day of the visit, above the headline
        if rank is None or any(map(_CLOCK.fullmatch, words)) or around.elsewhere(element) or _in_link(element):
            continue
        moment = parse_date(element.get("datetime") or "", zone) or _in_words(element, text, zone)
        if moment:
            changed = any(map(_CHANGED.fullmatch, words)) or _SAYS_CHANGED.match(text) is not None
            yield _Shown(at, moment, rank, changed)


def _in_words(element: HtmlElement, text: str, zone: tzinfo) -> datetime | None:
    """The date that an element says in words. For one without an hour, a `<time>` within it may give the hour of that day:
    `<p class="byline">By Lan, <time datetime="2026-11-24T09:05">24/11/2026</time></p>`."""
    moment = parse_date(text, zone)
    if moment is None or not is_midnight(moment, zone):
        return moment
    exact = (parse_date(one.get("datetime"), zone) for one in islice(element.iter("time"), 3) if one.get("datetime"))
    return next((one for one in exact if one and _same_day(one, moment, zone)), moment)


def _same_day(one: datetime, other: datetime, zone: tzinfo) -> bool:
    return one.astimezone(zone).date() == other.astimezone(zone).date()


@lru_cache(maxsize=8192)
def _named_for_date(names: str) -> bool:
    words = words_in(names)
    return any(map(_NAME.fullmatch, words)) and not any(map(_NO_NAME.fullmatch, words))


def _unread(page: HtmlElement) -> Iterator[str]:
    """What stands in elements that are named for a date, and has a year in it."""
    around = Surroundings(page)
    dates = (one for one in page.iter() if isinstance(one.tag, str) and (one.tag == "time" or _is_date(one)))
    for element in islice(dates, _MOST):
        text = _text(element, _LONGEST_LINE)
        if _YEAR.search(text) and not around.elsewhere(element) and not _in_link(element):
            yield text


def _is_date(element: HtmlElement) -> bool:
    return has_name(element) and any(map(_DATE_NAME.fullmatch, name_words(element)))


def _headline_at(elements: Sequence[tuple[int, HtmlElement]], title: str) -> int | None:
    """Where the headline ends: the smallest element that says it, or the first h1."""
    folded = clean_line(title).casefold()
    first = None
    for at, element in elements:
        if element.tag in ("title", "head", "script", "style", "a", "option"):
            continue
        if element.tag == "h1" and first is None:
            first = at
        if (
            folded
            and (element.tag in ("h1", "h2", "h3") or element.text)
            and _text(element, len(title) + 40).casefold() == folded
        ):
            return at
    return first


def _rank(element: HtmlElement, text: str, *, named: bool, distance: int, located: bool) -> int | None:
    """How far a date is from being the article's: 0 is surest, None is none. Behind the headline goes before above it."""
    near = -_BEFORE <= distance <= _BEHIND if located else distance <= _BEFORE + _BEHIND
    labelled = _SAYS_PUBLISHED.match(text) is not None or _SAYS_CHANGED.match(text) is not None
    if not (named or (labelled and _is_date_line(text)) or (near and _is_date_line(text))):
        return None
    if located:
        away = distance if distance >= 0 else _BEHIND + 2 * -distance
    else:
        away = distance
    sure = element.get("datetime") is not None or (named and _is_date_line(text)) or labelled
    return away + (0 if sure else _SURE) + (0 if near else 4 * _SURE)


def _is_date_line(text: str) -> bool:
    """Whether a line is a date and little else."""
    return _letters(text) <= _MOST_LETTERS


def _letters(text: str) -> int:
    """The letters of a line beside a date and the words that stand with one."""
    if len(text) > _LONGEST_NAMED:
        return len(text)
    return len(re.sub(r"[\d\W_]+", "", _BESIDE.sub(" ", text)))


def _text(element: HtmlElement, most: int) -> str:
    """The words of an element, where they are no more than `most` characters; not collected any further."""
    made: list[str] = []
    length = 0
    for number, part in enumerate(element.itertext()):
        length += len(part.strip())
        if length > most or number > _MOST_PIECES:
            return ""
        made.append(str(part))
    return clean_line("".join(made))


def _in_link(element: HtmlElement) -> bool:
    """Whether a date stands in a link to another story; one that is a link of its own leads to this page (WordPress)."""
    links = [up for up in (element, *element.iterancestors()) if up.tag == "a"] or list(element.iter("a"))[:10]
    texts = [clean_line(link.text_content()) for link in links]
    return any(
        (_YEAR.search(text) and _letters(text) > _MOST_LINKED) or len(_BESIDE.sub(" ", text).split()) > _HEADLINE
        for text in texts
        if len(text) <= 10 * _LONGEST_NAMED
    )
