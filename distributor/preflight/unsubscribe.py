"""The way out: the link of List-Unsubscribe, where a reader finds it in both parts. Pure."""

from __future__ import annotations

import html
from collections.abc import Iterator

from lxml.html import HtmlElement

from .dom import ParsedPage
from .findings import Finding, finding
from .headers import unsubscribe_url
from .links import is_same_url, links_of_page
from .parsed_message import CheckContext, ParsedMessage
from .plain_text import words_in


def check_page_link(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    url = unsubscribe_url(letter)
    if url and letter.page and _link(letter.page, url) is None:
        told = "the page shows no link with the address of List-Unsubscribe; put {{ unsubscribe_url }} into the footer"
        yield finding("unsubscribe-page", told, "the page")


def check_text_link(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    url = unsubscribe_url(letter)
    if (
        url
        and letter.text.strip()
        and not any(is_same_url(url, word) for word in words_in(letter.text) if "://" in word)
    ):
        told = "the text part lacks the address of List-Unsubscribe; put {{ unsubscribe_url }} at its end"
        yield finding("unsubscribe-text", told, "the text part")


def check_not_clipped(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    url = unsubscribe_url(letter)
    link = _link(letter.page, url) if url and letter.page else None
    if link is None:
        return
    at = _offset(letter.html, link)
    if at > context.size_limit:
        told = f"it begins at octet {at:,} of the HTML, where Gmail may have cut already; shorten what stands before it"
        yield finding("unsubscribe-clipped", told, f"line {link.sourceline or 1} of the HTML")


def _link(page: ParsedPage, url: str) -> HtmlElement | None:
    """The first visible link with this address and with words."""
    for element, address in links_of_page(page):
        if is_same_url(address, url) and page.visible(element) and page.words_of(element):
            return element
    return None


def _offset(document: str, link: HtmlElement) -> int:
    """Where a link begins, in octets: at its address, or at its line where that is written in another way."""
    url = link.get("href") or ""
    places = [at for at in (document.find(form) for form in (url, html.escape(url))) if at >= 0]
    if places:
        return len(document[: min(places)].encode("utf-8", "replace"))
    return sum(len(line.encode("utf-8", "replace")) for line in document.splitlines(True)[: (link.sourceline or 1) - 1])


CHECKS = (check_page_link, check_text_link, check_not_clipped)
