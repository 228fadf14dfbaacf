"""Checks of the HTML part: no elements that mail programs refuse, accessibility, images, contrast and font sizes. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from ..color import MIN_CONTRAST, contrast
from ..text import clean_line
from .css import DARK, LIGHT, PHONE, ComputedStyle, Screen
from .css_support import check_css_support
from .findings import Finding, finding
from .links import host_of, is_web
from .parsed_message import CheckContext, ParsedMessage, ParsedPage

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_FORBIDDEN_TAGS = {
    "script": ("script",),
    "form": ("form", "input", "select", "textarea", "button"),
    "embedded": ("iframe", "frame", "frameset", "object", "embed", "applet", "audio", "video"),
}
_LOADING_ATTRIBUTES = ("href", "src", "background", "style")
STYLE_LIMIT = 16_000  # octets; Gmail drops style elements beyond 16 kB
_OUTSIDE = re.compile(r"url\(|https?://|//", re.IGNORECASE)
# A table with one of these holds data.
_DATA_TABLE_TAGS = frozenset({"th", "caption", "thead"})
_UNSUPPORTED_EXTENSIONS = (".svg", ".webp", ".avif")
_NUMBER = re.compile(r"[1-9]\d{0,4}")
MIN_CONTRAST_LARGE = 3.0  # WCAG 2.2, 1.4.3
MIN_VISIBLE_CONTRAST = 1.5  # below this, filters count text as hidden
MIN_FONT_SIZE, MIN_FOOTER_FONT_SIZE = 14.0, 12.0  # CSS pixels


def check_forbidden_elements(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for page in _page(message):
        for check, tags in _FORBIDDEN_TAGS.items():
            for element in page.all(*tags):
                text = f"<{element.tag}> does not work in emails and makes filters suspicious; remove it"
                yield finding(check, text, page.locate(element))


def check_scripts(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for page in _page(message):
        for element in page.elements:
            for name, value in element.items():
                if str(name).lower().startswith("on"):
                    yield finding(
                        "script", f"the event handler {name!r} never runs in emails; remove it", page.locate(element)
                    )
                elif str(value).strip().lower().startswith("javascript:") and name in ("href", "src", "action"):
                    yield finding(
                        "script", f"a javascript: address in {name!r} never runs; remove it", page.locate(element)
                    )


def check_external_styles(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for page in _page(message):
        for element in page.all("link"):
            if "stylesheet" in (element.get("rel") or "").lower():
                yield finding(
                    "external-style", "a style sheet is linked; write its rules into the page", page.locate(element)
                )
        if any(statement.lower().startswith("@import") for statement in page.sheet.statements):
            yield finding("external-style", "a style sheet is imported; write its rules into the page", "style element")


def check_external_fonts(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for page in _page(message):
        faces = [one for one in page.sheet.statements if one.lower().startswith("@font-face")]
        if any(_OUTSIDE.search(face) for face in faces):
            yield finding(
                "external-font", "a font is loaded from another server; use one that subscribers have", "style element"
            )
        for element in page.all("link"):
            if (element.get("as") or "").lower() == "font":
                yield finding(
                    "external-font",
                    "a font is loaded from another server; use one that subscribers have",
                    page.locate(element),
                )


def check_lazy_loading(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for page in _page(message):
        for element in page.elements:
            if (element.get("loading") or "").lower() == "lazy":
                yield finding(
                    "lazy-loading", "the image may never load in emails; remove loading=", page.locate(element)
                )


def check_srcset(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for page in _page(message):
        for element in page.elements:
            if element.get("srcset") is not None or element.tag in ("picture", "source"):
                text = "most mail programs ignore a choice of images, some show none; give one address in src"
                yield finding("srcset", text, page.locate(element))


def check_data_urls(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for page in _page(message):
        for element in page.elements:
            values = [(element.get(name) or "").strip().lower() for name in _LOADING_ATTRIBUTES]
            if any(value.startswith("data:") or re.search(r"url\(\s*['\"]?data:", value) for value in values):
                yield finding("data-uri", "it is embedded as a data: address; put it on the web", page.locate(element))
        if re.search(r"url\(\s*['\"]?data:", page.sheet.text, re.IGNORECASE):
            yield finding("data-uri", "a rule contains a data: address; put it on the web", "style element")


def check_style_size(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for page in _page(message):
        if (octets := len(page.sheet.text.encode("utf-8", "replace"))) > STYLE_LIMIT:
            text = f"the styles are {octets:,} octets; Gmail drops them beyond {STYLE_LIMIT:,}: write less"
            yield finding("style-size", text, "style element")


def check_language(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for page in _page(message):
        if not (page.root.get("lang") or "").strip():
            text = 'it does not name its language, so screen readers pronounce it wrongly; write <html lang="vi">'
            yield finding("page-language", text, "html element")


def check_title(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for page in _page(message):
        if not any(str(one.text_content()).strip() for one in page.all("title")):
            yield finding(
                "page-title", "the page has no title; write <title> with the subject into its head", "head element"
            )


def check_headings(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for page in _page(message):
        found = [one for one in page.all(*HEADINGS) if page.visible(one)]
        tops = [one for one in found if one.tag == "h1"]
        if not tops:
            yield finding("headings", "there is no h1; make the name of the newsletter one")
        for one in tops[1:]:
            yield finding("headings", "this is a second h1; a page has one, its name", page.locate(one))
        level = 0 if tops else 1
        for one in found:
            own = int(str(one.tag)[1])
            if own > level + 1:
                text = f"an h{own} where h{level + 1} comes next; users of screen readers miss a level"
                yield finding("headings", text, page.locate(one))
            level = own


def check_layout_tables(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for page in _page(message):
        for table in page.all("table"):
            if table.get("role") not in ("presentation", "none") and not _is_data_table(table):
                text = 'a table for layout is read aloud cell by cell; write role="presentation"'
                yield finding("layout-table", text, f"line {table.sourceline or 1} of the HTML")


def _is_data_table(table: HtmlElement) -> bool:
    return any(one.tag in _DATA_TABLE_TAGS for one in table.iter() if isinstance(one.tag, str))


def _page(message: ParsedMessage) -> Iterator[ParsedPage]:
    if message.page:
        yield message.page


# -- images ------------------------------------------------------------------------------------------------------------


def check_image_urls(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for page, image, url in _images(message):
        if not is_web(url) and not url.lower().startswith("data:") and "@@field:" not in url and "{" not in url:
            text = f"the image's address is {clean_line(url)[:80]!r}; emails need the full one, with https://"
            yield finding("image-url", text, page.locate(image), (url,))


def check_https(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    """Images of our own that lie in one folder have one cause, so they are told as one."""
    alike: dict[str, list[tuple[ParsedPage, HtmlElement, str]]] = {}
    for page, image, url in _images(message):
        if is_web(url) and not url.lower().startswith("https://"):
            ours = host_of(url) in context.hosts
            alike.setdefault(url.rpartition("/")[0] if ours else url, []).append((page, image, url))
    for (page, image, url), *others in alike.values():
        more = len({other for *_, other in others} - {url})
        which = f"{clean_line(url)[:80]} is" + (f", like {more} more beside it," if more else "")
        text = f"{which} not https, and some programs do not show it; load it over https"
        yield finding("image-http", text, page.locate(image), (url,))


def check_alt_text(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for page, image, url in _images(message):
        alt, role = image.get("alt"), image.get("role")
        if alt is None:
            text = "the image has no alt; describe what it shows, or write an empty one for a decorative image"
        elif not alt.strip() and role not in ("presentation", "none"):
            text = 'the image has an empty alt; describe what it shows, or add role="presentation" if it is decorative'
        else:
            continue
        yield finding("image-alt", f"{text} ({clean_line(url)[:80]})", page.locate(image), (url,))


def check_dimensions(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    """A missing height is no fault: where the source does not give it, a guess would distort the image."""
    for page, image, url in _images(message):
        width, height = image.get("width"), image.get("height")
        if width is None or not _NUMBER.fullmatch(width.strip()):
            text = f"the width is {width or 'missing'!r}; Outlook needs a number of pixels"
        elif height is not None and not _NUMBER.fullmatch(height.strip()):
            text = f"the height is {height!r}; Outlook needs a number of pixels, or none at all"
        else:
            continue
        yield finding("image-size", f"{text} ({clean_line(url)[:80]})", page.locate(image), (url,))


def check_formats(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for page, image, url in _images(message):
        if is_web(url) and urlsplit(url).path.lower().endswith(_UNSUPPORTED_EXTENSIONS):
            text = f"Outlook does not show {clean_line(url)[:80]}; use a JPEG or PNG of it"
            yield finding("image-format", text, page.locate(image), (url,))


def _images(message: ParsedMessage) -> Iterator[tuple[ParsedPage, HtmlElement, str]]:
    page = message.page
    if page:
        for image in page.all("img"):
            yield page, image, (image.get("src") or "").strip()


# -- readability -------------------------------------------------------------------------------------------------------


def check_contrast(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    """One finding for each pair of colors, at the first place where it stands."""
    for page in _page(message):
        yield from _check_contrast(page, "contrast", LIGHT, "")
        yield from _check_contrast(page, "contrast-dark", DARK, " in dark mode")


def _check_contrast(page: ParsedPage, check: str, screen: Screen, when: str) -> Iterator[Finding]:
    seen: set[ComputedStyle] = set()
    faulty: set[tuple[str, str]] = set()
    for node, style in page.visible_nodes(screen):
        if style in seen or style.color is None or style.background is None:
            continue
        seen.add(style)
        pair = str(style.color), str(style.background)
        ratio = contrast(*pair)
        minimum = MIN_CONTRAST_LARGE if style.large else MIN_CONTRAST
        if ratio < minimum and pair not in faulty:
            faulty.add(pair)
            text = f"{pair[0]} on {pair[1]}{when} has a contrast of {ratio:.1f} to 1; change one: it needs {minimum:g}"
            name = check if ratio >= MIN_VISIBLE_CONTRAST else "invisible-text"
            yield finding(name, text, page.locate(node.element), pair)


def check_font_sizes(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    """On wide screens and on phones, as the page's own rules say."""
    seen: set[tuple[float, str]] = set()
    for page in _page(message):
        for node, style, on in (
            *((*one, "") for one in page.visible_nodes(LIGHT)),
            *((*one, " on phones") for one in page.visible_nodes(PHONE)),
        ):
            name = str(node.element.get("class") or node.element.tag)
            if style.size >= MIN_FONT_SIZE - 0.01 or (style.size, name) in seen:
                continue
            seen.add((style.size, name))
            minimum = MIN_FOOTER_FONT_SIZE if node.in_footer else MIN_FONT_SIZE
            check = "small-text" if style.size < minimum - 0.01 else "small-footer"
            text = f"the text is {style.size:g} px high{on}; write it in {MIN_FONT_SIZE:g} px"
            yield finding(check, text, page.locate(node.element))


CHECKS = (
    check_forbidden_elements, check_scripts, check_external_styles, check_external_fonts, check_lazy_loading, check_srcset,
    check_data_urls, check_style_size, check_css_support, check_language, check_title, check_headings, check_layout_tables,
    check_image_urls, check_https, check_alt_text, check_dimensions, check_formats, check_contrast, check_font_sizes,
)  # fmt: skip
