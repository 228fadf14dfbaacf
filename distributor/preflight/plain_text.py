"""The text part tells what the page tells: the same stories under the same links. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from lxml.html import HtmlElement

from ..text import clean_line
from .addresses import in_ascii, is_web, links
from .findings import Finding, finding
from .opened import Context, Opened
from .page import Page, line, place

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_AROUND = "<>()[]\"'“”.,;:"  # what may stand around an address in a text


def stories(letter: Opened, context: Context) -> Iterator[Finding]:
    for page, element, url in _missing(letter):
        if _in_heading(element):
            told = f"the text part lacks {clean_line(url)[:120]}, so who reads text misses the story; add it to the template"
            yield finding("text-stories", told, place(page, element), (url,))


def other_links(letter: Opened, context: Context) -> Iterator[Finding]:
    if letter.page is None:
        return
    told_already = {url for _, element, url in _missing(letter) if _in_heading(element)}
    for page, element, url in _missing(letter):
        if url not in told_already:
            told = f"the text part lacks {clean_line(url)[:120]}; add it to the template"
            yield finding("text-links", told, place(page, element), (url,))


def headlines(letter: Opened, context: Context) -> Iterator[Finding]:
    """Capitals and line breaks may differ: a text part has no other way to set a heading off."""
    page = letter.page
    if page is None or not letter.text.strip():
        return
    words = line(letter.text).casefold()
    for heading in page.all(*_HEADINGS):
        said = page.words_of(heading)
        if page.visible(heading) and said.casefold() not in words:
            told = "the text part does not say this heading; add it to the template"
            yield finding("text-headlines", told, place(page, heading))


def addresses_in(text: str) -> set[str]:
    """What stands between spaces, with and without the signs around it."""
    words = text.split()
    return {*words, *(word.strip(_AROUND) for word in words)}


def _missing(letter: Opened) -> Iterator[tuple[Page, HtmlElement, str]]:
    page = letter.page
    if page is None or not letter.text.strip():
        return  # told by `parts`
    words = addresses_in(letter.text)
    known = {*words, *(in_ascii(word) for word in words if "://" in word)}
    for element, url in links(page):
        if is_web(url) and page.visible(element) and url not in known and in_ascii(url) not in known:
            yield page, element, url


def _in_heading(element: HtmlElement) -> bool:
    return any(one.tag in _HEADINGS for one in (*element.iterancestors(), *element.iterdescendants()))


CHECKS = (stories, other_links, headlines)
