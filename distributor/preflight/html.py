"""What a page is made of: nothing that mail programs refuse, and an order that can be listened to. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml.html import HtmlElement

from .dom import ParsedPage, locate
from .findings import Finding, finding
from .parsed_message import CheckContext, ParsedMessage

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_FORBIDDEN_TAGS = {
    "script": ("script",),
    "form": ("form", "input", "select", "textarea", "button"),
    "embedded": ("iframe", "frame", "frameset", "object", "embed", "applet", "audio", "video"),
}
_LOADING_ATTRIBUTES = ("href", "src", "background", "style")
STYLE_LIMIT = 16_000  # octets; Gmail drops style elements beyond 16 kB
_OUTSIDE = re.compile(r"url\(|https?://|//", re.IGNORECASE)
# A table with one of these says something by its rows and columns.
_DATA_TABLE_TAGS = frozenset({"th", "caption", "thead"})


def check_forbidden_elements(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for page in _page(letter):
        for check, tags in _FORBIDDEN_TAGS.items():
            for element in page.all(*tags):
                told = f"<{element.tag}> does not work in mail and makes filters suspicious; take it out"
                yield finding(check, told, locate(page, element))


def check_scripts(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for page in _page(letter):
        for element in page.elements:
            for name, value in element.items():
                if str(name).lower().startswith("on"):
                    yield finding(
                        "script", f"the event handler {name!r} never runs in mail; take it out", locate(page, element)
                    )
                elif str(value).strip().lower().startswith("javascript:") and name in ("href", "src", "action"):
                    yield finding(
                        "script", f"a javascript: address in {name!r} never runs; take it out", locate(page, element)
                    )


def check_external_styles(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for page in _page(letter):
        for element in page.all("link"):
            if "stylesheet" in (element.get("rel") or "").lower():
                yield finding(
                    "outside-style", "a style sheet is linked; write its rules into the page", locate(page, element)
                )
        if any(statement.lower().startswith("@import") for statement in page.sheet.statements):
            yield finding("outside-style", "a style sheet is imported; write its rules into the page", "style element")


def check_external_fonts(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for page in _page(letter):
        faces = [one for one in page.sheet.statements if one.lower().startswith("@font-face")]
        if any(_OUTSIDE.search(face) for face in faces):
            yield finding("outside-font", "a font is loaded from outside; name one that readers have", "style element")
        for element in page.all("link"):
            if (element.get("as") or "").lower() == "font":
                yield finding(
                    "outside-font", "a font is loaded from outside; name one that readers have", locate(page, element)
                )


def check_lazy_loading(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for page in _page(letter):
        for element in page.elements:
            if (element.get("loading") or "").lower() == "lazy":
                yield finding(
                    "lazy-loading", "the picture may never load in mail; take loading= out", locate(page, element)
                )


def check_srcset(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for page in _page(letter):
        for element in page.elements:
            if element.get("srcset") is not None or element.tag in ("picture", "source"):
                told = "most mail programs ignore a choice of pictures, some show none; give one address in src"
                yield finding("srcset", told, locate(page, element))


def check_data_urls(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for page in _page(letter):
        for element in page.elements:
            values = [(element.get(name) or "").strip().lower() for name in _LOADING_ATTRIBUTES]
            if any(value.startswith("data:") or re.search(r"url\(\s*['\"]?data:", value) for value in values):
                yield finding("data-uri", "it stands in a data: address; put it on the web", locate(page, element))
        if re.search(r"url\(\s*['\"]?data:", page.sheet.text, re.IGNORECASE):
            yield finding("data-uri", "a rule holds a data: address; put it on the web", "style element")


def check_style_size(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for page in _page(letter):
        if (octets := len(page.sheet.text.encode("utf-8", "replace"))) > STYLE_LIMIT:
            told = f"the styles are {octets:,} octets; Gmail drops them beyond {STYLE_LIMIT:,}: write less"
            yield finding("style-weight", told, "style element")


def check_language(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for page in _page(letter):
        if not (page.root.get("lang") or "").strip():
            told = 'it does not say its language, so voices read it wrongly; write <html lang="vi">'
            yield finding("page-language", told, "html element")


def check_title(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for page in _page(letter):
        if not any(str(one.text_content()).strip() for one in page.all("title")):
            yield finding(
                "page-title", "the page has no title; write <title> with the subject into its head", "head element"
            )


def check_headings(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for page in _page(letter):
        found = [one for one in page.all(*_HEADINGS) if page.visible(one)]
        tops = [one for one in found if one.tag == "h1"]
        if not tops:
            yield finding("headings", "there is no h1; make the name of the newsletter one")
        for one in tops[1:]:
            yield finding("headings", "this is a second h1; a page has one, its name", locate(page, one))
        level = 0 if tops else 1
        for one in found:
            own = int(str(one.tag)[1])
            if own > level + 1:
                told = f"an h{own} where h{level + 1} comes next; who listens takes a part for missing"
                yield finding("headings", told, locate(page, one))
            level = own


def check_layout_tables(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for page in _page(letter):
        for table in page.all("table"):
            if table.get("role") not in ("presentation", "none") and not _is_data_table(table):
                told = 'a table for looks is read aloud cell by cell; write role="presentation"'
                yield finding("layout-table", told, f"line {table.sourceline or 1} of the HTML")


def _is_data_table(table: HtmlElement) -> bool:
    return any(one.tag in _DATA_TABLE_TAGS for one in table.iter() if isinstance(one.tag, str))


def _page(letter: ParsedMessage) -> Iterator[ParsedPage]:
    if letter.page:
        yield letter.page


CHECKS = (
    check_forbidden_elements, check_scripts, check_external_styles, check_external_fonts, check_lazy_loading, check_srcset,
    check_data_urls, check_style_size, check_language, check_title, check_headings, check_layout_tables,
)  # fmt: skip
