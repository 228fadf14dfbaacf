"""Title, author, dates and picture of an article on its page, each by its own rule. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, tzinfo

from lxml.html import HtmlElement

from ...model import Image
from ...text import clean_line
from ..cleaning import is_name, picture_address, pixels, web_address
from ..dates import parse_date
from .document import first_words, select, words_of
from .structured_data import StructuredData

_USUAL = {
    "title": "h1, .tieude, .tieu-de, .title-detail, .article-title, .detail-title",
    "date": "time[datetime], .ngay, .ngaydang, .date, .time, .publish-date, .post-date",
    "lead": ".tomtat, .tom-tat, .sapo, .chapeau, .trichdan, .article-summary, .detail-sapo, .lead",
    "author": ".tacgia, .tac-gia, .author, .article-author, [rel=author]",
}
_LONGEST_TITLE = 500  # characters


def usual_words(page: HtmlElement, field: str) -> str:
    return first_words(select(page, _USUAL[field]))


def find_title(page: HtmlElement, data: StructuredData, hint: str) -> str:
    texts = (str(element.text_content()) for element in page.iter("title", "h1", "h2", "div", "p", "span", "td"))
    if hint and any(hint.casefold() in clean_line(text).casefold() for text in texts if len(text) < _LONGEST_TITLE):
        return clean_line(hint)
    return data.title or usual_words(page, "title") or _window_title(page)


def _window_title(page: HtmlElement) -> str:
    """The page's `<title>` without the name of the site, which stands before or behind it."""
    parts = re.split(r"\s+[-–|»:]\s+", first_words(page.iter("title")))
    return max(parts, key=len) if parts else ""


def find_author(page: HtmlElement, data: StructuredData) -> str:
    found = usual_words(page, "author") or data.author
    return found if is_name(found) else ""


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
        texts = (element.get("datetime") or words_of(element) for element in select(page, _USUAL["date"]))
        published = next(filter(None, (parse_date(text, zone) for text in texts)), None)
    if published and updated and updated <= published:
        updated = None
    return published, updated


def find_image(
    chosen: Sequence[HtmlElement], caption: str, data: StructuredData, url: str, in_body: Image | None
) -> Image | None:
    for element in chosen:
        picture = element if element.tag == "img" else next(element.iter("img"), None)
        address = picture_address(picture, url) if picture is not None else ""
        if picture is not None and address:
            alt = clean_line(picture.get("alt") or "")
            caption = caption or (in_body.caption if in_body and in_body.url == address else "")
            return Image(
                url=address,
                alt=alt or caption,
                caption=caption,
                width=pixels(picture.get("width")),
                height=pixels(picture.get("height")),
            )
    if in_body:
        return replace(in_body, caption=caption, alt=in_body.alt or caption) if caption else in_body
    address = web_address(data.image, url) if data.image else ""
    return Image(url=address, caption=caption, alt=caption) if address else None
