"""When an article was published and changed, as its page tells. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

from lxml.html import HtmlElement

from ..dates import parse_date
from .document import select, words_of
from .structured_data import StructuredData

_DATE = "time[datetime], .ngay, .ngaydang, .date, .time, .publish-date, .post-date"


def find_dates(
    page: HtmlElement, chosen: Sequence[HtmlElement], data: StructuredData, zone: tzinfo
) -> tuple[datetime | None, datetime | None]:
    for element in chosen:
        found = parse_date(element.get("datetime") or element.get("content") or words_of(element), zone)
        if found:
            return found, None
    published = parse_date(data.published, zone) if data.published else None
    updated = parse_date(data.updated, zone) if data.updated else None
    if published is None:
        texts = (element.get("datetime") or words_of(element) for element in select(page, _DATE))
        published = next(filter(None, (parse_date(text, zone) for text in texts)), None)
    if published and updated and updated <= published:
        updated = None
    return published, updated
