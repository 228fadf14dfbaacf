"""The headline and the lead of an article on its page. Pure."""

from __future__ import annotations

import re

from lxml.html import HtmlElement

from ...text import clean_line
from .document import first_words, select
from .structured_data import StructuredData

_TITLE = "h1, .tieude, .tieu-de, .title-detail, .article-title, .detail-title"
_LEAD = ".tomtat, .tom-tat, .sapo, .chapeau, .trichdan, .article-summary, .detail-sapo, .lead"
_LONGEST_TITLE = 500  # characters


def find_title(page: HtmlElement, data: StructuredData, hint: str) -> str:
    texts = (str(element.text_content()) for element in page.iter("title", "h1", "h2", "div", "p", "span", "td"))
    if hint and any(hint.casefold() in clean_line(text).casefold() for text in texts if len(text) < _LONGEST_TITLE):
        return clean_line(hint)
    return data.title or first_words(select(page, _TITLE)) or _window_title(page)


def _window_title(page: HtmlElement) -> str:
    """The page's `<title>` without the name of the site, which stands before or behind it."""
    parts = re.split(r"\s+[-–|»:]\s+", first_words(page.iter("title")))
    return max(parts, key=len) if parts else ""


def find_lead(page: HtmlElement, data: StructuredData) -> str:
    return first_words(select(page, _LEAD)) or data.description
