"""The text part tells what the page tells: the same stories under the same links. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from lxml.html import HtmlElement

from ..text import clean_line
from .dom import ParsedPage, locate, single_line
from .findings import Finding, finding
from .links import is_web, links_of_page, to_ascii
from .parsed_message import CheckContext, ParsedMessage

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_SURROUNDING_PUNCTUATION = "<>()[]\"'“”.,;:"  # what may stand around an address in a text


def check_article_links(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for page, element, url in _missing(letter):
        if _in_heading(element):
            told = f"the text part lacks {clean_line(url)[:120]}, so who reads text misses the story; add it to the template"
            yield finding("text-stories", told, locate(page, element), (url,))


def check_other_links(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    if letter.page is None:
        return
    told_already = {url for _, element, url in _missing(letter) if _in_heading(element)}
    for page, element, url in _missing(letter):
        if url not in told_already:
            told = f"the text part lacks {clean_line(url)[:120]}; add it to the template"
            yield finding("text-links", told, locate(page, element), (url,))


def check_headlines(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    """Capitals and line breaks may differ: a text part has no other way to set a heading off."""
    page = letter.page
    if page is None or not letter.text.strip():
        return
    words = single_line(letter.text).casefold()
    for heading in page.all(*_HEADINGS):
        said = page.words_of(heading)
        if page.visible(heading) and said.casefold() not in words:
            told = "the text part does not say this heading; add it to the template"
            yield finding("text-headlines", told, locate(page, heading))


def words_in(text: str) -> set[str]:
    """What stands between spaces, with and without the signs around it."""
    words = text.split()
    return {*words, *(word.strip(_SURROUNDING_PUNCTUATION) for word in words)}


def _missing(letter: ParsedMessage) -> Iterator[tuple[ParsedPage, HtmlElement, str]]:
    page = letter.page
    if page is None or not letter.text.strip():
        return  # told by `parts`
    words = words_in(letter.text)
    known = {*words, *(to_ascii(word) for word in words if "://" in word)}
    for element, url in links_of_page(page):
        if is_web(url) and page.visible(element) and url not in known and to_ascii(url) not in known:
            yield page, element, url


def _in_heading(element: HtmlElement) -> bool:
    return any(one.tag in _HEADINGS for one in (*element.iterancestors(), *element.iterdescendants()))


CHECKS = (check_article_links, check_other_links, check_headlines)
