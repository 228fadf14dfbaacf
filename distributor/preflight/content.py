"""Checks of the text: nothing hidden in it, enough of it, the preheader, and the same headings in both parts. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..text import BIDI_CONTROLS, clean_line, count_graphemes
from .findings import Finding, finding
from .html import HEADINGS
from .parsed_message import CheckContext, ParsedMessage, single_line

# C0 and C1 but tab and line ends; zero-width space and byte-order mark; the tags block. The joiners (U+200C, U+200D,
# U+2060) belong to emoji, to other scripts, and to `merge_fields.neutralize`.
_INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u180e\u200b\u2061-\u2064\ufeff\U000e0000-\U000e007f]")
_EMOJI_TAGS = re.compile("\U0001f3f4[\U000e0020-\U000e007f]+")  # the flags of Scotland, Wales, England
MIN_WORDS = 20  # beside the footer
MAX_PREHEADER_LENGTH = 200  # graphemes


def check_bidi_controls(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for where, words in _displayed_texts(message, context):
        if match := BIDI_CONTROLS.search(words):
            text = (
                f"U+{ord(match.group()):04X} changes the writing direction near “{_excerpt(words, match)}”; remove it"
            )
            yield finding("bidi-characters", text, where, (match.group(),))


def check_invisible_characters(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for where, words in _displayed_texts(message, context):
        if match := _INVISIBLE.search(_EMOJI_TAGS.sub("", words)):
            text = (
                f"U+{ord(match.group()):04X} is invisible, near “{_excerpt(words, match)}”; remove it from the article"
            )
            yield finding("invisible-characters", text, where, (match.group(),))


def check_replacement_characters(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for where, words in _displayed_texts(message, context):
        if match := re.search("\ufffd", words):
            text = f"a character was lost near “{_excerpt(words, match)}”; correct the article or its source's charset"
            yield finding("replacement-characters", text, where, (match.group(),))


def check_preheader(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    if message.page is None:
        return
    words = message.page.preheader()
    if not words:
        text = "there is no hidden text at the top, so mail programs show whatever comes first; add a preheader"
        yield finding("preheader", text, "the top of the page")
    elif words.casefold() == clean_line(context.subject).casefold():
        text = "it repeats the subject; let it name the next articles"
        yield finding("preheader", text, "the top of the page")


def check_preheader_length(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    if message.page and (length := count_graphemes(message.page.preheader())) > MAX_PREHEADER_LENGTH:
        text = f"it has {length} characters; mail programs show about 100, and filters dislike hidden text"
        yield finding("preheader-long", text, "the top of the page")


def check_amount_of_text(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    page = message.page
    if page is None or len(page.visible_text(footer=False).split()) >= MIN_WORDS:
        return
    if any(page.visible(image) for image in page.all("img")):
        yield finding("images-only", "it consists of images; write their content as text", "the page")
    else:
        yield finding("little-text", f"it has fewer than {MIN_WORDS} words; filters distrust a bare link", "the page")


def check_headlines(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    """Capitals and line breaks may differ: a text part has no other way to emphasize a heading."""
    page = message.page
    if page is None or not message.text.strip():
        return
    words = single_line(message.text).casefold()
    for heading in page.all(*HEADINGS):
        heading_text = page.text_of(heading)
        if page.visible(heading) and heading_text.casefold() not in words:
            text = "the text part lacks this heading; add it to the template"
            yield finding("text-headlines", text, page.locate(heading))


def _displayed_texts(message: ParsedMessage, context: CheckContext) -> Iterator[tuple[str, str]]:
    yield "Subject", context.subject
    if message.page:
        yield "the page", message.page.visible_text()
    yield "the text part", message.text


def _excerpt(words: str, match: re.Match[str]) -> str:
    near = words[max(0, match.start() - 20) : match.end() + 20]
    return clean_line(_INVISIBLE.sub("", BIDI_CONTROLS.sub("", near)))


CHECKS = (
    check_bidi_controls, check_invisible_characters, check_replacement_characters, check_preheader, check_preheader_length,
    check_amount_of_text, check_headlines,
)  # fmt: skip
