"""The author of an article on its page. Pure."""

from __future__ import annotations

from lxml.html import HtmlElement

from ..signatures import is_name
from .document import first_words, select
from .structured_data import StructuredData

_AUTHOR = ".tacgia, .tac-gia, .author, .article-author, [rel=author]"


def find_author(page: HtmlElement, data: StructuredData) -> str:
    found = first_words(select(page, _AUTHOR)) or data.author
    return found if is_name(found) else ""
