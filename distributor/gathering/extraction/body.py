"""The text of an article on its page: by selector, by the names that portals give, at last by the page's shape. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import lxml.html
from lxml import etree
from lxml.html import HtmlElement

from .document import select, words_of

_USUAL = (
    "#noidung, .noidung, .noi-dung, .article-body, .detail-content, .article-content, .post-content, .entry-content"
)
_MOST_ELEMENTS = 20_000  # trafilatura takes quadratic time; an article's page has some thousands
_SHORTEST = 80  # characters; a match of a usual class with less is something else


def find_body(page: HtmlElement, chosen: Sequence[HtmlElement], url: str) -> str:
    """The HTML of the body, not cleaned; empty where the page has none. `chosen` is what the newsroom's selector finds."""
    usual = (element for element in select(page, _USUAL) if len(words_of(element)) >= _SHORTEST)
    found = set(chosen or islice(usual, 1))
    if found:
        outer = [element for element in (chosen or found) if not any(up in found for up in element.iterancestors())]
        return "".join(etree.tostring(element, encoding="unicode", method="html", with_tail=False) for element in outer)
    if sum(1 for _ in page.iter()) > _MOST_ELEMENTS:
        return ""
    import trafilatura  # takes half a second to load: only when it is needed

    made = trafilatura.extract(
        lxml.html.tostring(page, encoding="unicode"),
        url=url,
        output_format="html",
        include_comments=False,
        include_images=True,
        include_links=True,
        include_formatting=True,
    )
    return _inner(made) if made else ""


def _inner(document: str) -> str:
    _, opened, rest = document.partition("<body")
    inside, closed, _ = rest.partition(">")[2].rpartition("</body>")
    return inside if opened and closed else document
