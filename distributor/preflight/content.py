"""The words of a letter: nothing hidden among them, enough of them, and the line beside the subject. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..text import clean_line, count_graphemes
from .css import LIGHT
from .dom import ParsedPage, single_line
from .findings import Finding, finding
from .parsed_message import CheckContext, ParsedMessage

_BIDI_CONTROLS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# C0 and C1 but tab and line ends; zero-width space and byte-order mark; the tags block. The joiners (U+200C, U+200D,
# U+2060) belong to emoji, to other scripts, and to `slots.neutralise`.
_INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u180e\u200b\u2061-\u2064\ufeff\U000e0000-\U000e007f]")
_EMOJI_TAGS = re.compile("\U0001f3f4[\U000e0020-\U000e007f]+")  # the flags of Scotland, Wales, England
MIN_WORDS = 20  # beside the footer
MAX_PREHEADER_LENGTH = 200  # graphemes


def check_bidi_controls(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for where, words in _displayed_texts(letter, context):
        if match := _BIDI_CONTROLS.search(words):
            told = (
                f"U+{ord(match.group()):04X} turns the writing direction near “{_excerpt(words, match)}”; take it out"
            )
            yield finding("turning-characters", told, where, (match.group(),))


def check_invisible_characters(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for where, words in _displayed_texts(letter, context):
        if match := _INVISIBLE.search(_EMOJI_TAGS.sub("", words)):
            told = f"U+{ord(match.group()):04X} cannot be seen, near “{_excerpt(words, match)}”; take it out of the article"
            yield finding("invisible-characters", told, where, (match.group(),))


def check_replacement_characters(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for where, words in _displayed_texts(letter, context):
        if match := re.search("\ufffd", words):
            told = f"a letter was lost near “{_excerpt(words, match)}”; correct the article or its source's charset"
            yield finding("damaged-letters", told, where, (match.group(),))


def check_preheader(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    if letter.page is None:
        return
    words = preheader_text(letter.page)
    if not words:
        told = "no hidden line stands at the top, so programs show whatever comes first; write one into the layout"
        yield finding("preheader", told, "the top of the page")
    elif words.casefold() == clean_line(context.subject).casefold():
        told = "the line beside the subject says the same as the subject; let it tell of the next stories"
        yield finding("preheader", told, "the top of the page")


def check_preheader_length(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    if letter.page and (length := count_graphemes(preheader_text(letter.page))) > MAX_PREHEADER_LENGTH:
        told = (
            f"the hidden line at the top has {length} letters; programs show about 100, and filters dislike hidden text"
        )
        yield finding("preheader-long", told, "the top of the page")


def check_amount_of_text(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    page = letter.page
    if page is None or len(page.shown(footer=False).split()) >= MIN_WORDS:
        return
    if any(page.visible(picture) for picture in page.all("img")):
        yield finding("images-only", "it is made of pictures; say in words what they say", "the page")
    else:
        yield finding("little-text", f"it has fewer than {MIN_WORDS} words; filters distrust a bare link", "the page")


def preheader_text(page: ParsedPage) -> str:
    """The words that are hidden before the first visible ones: what mail programs show beside the subject."""
    words = ""
    for piece in page.pieces:
        if not single_line(piece.words):
            continue
        if page.styles[LIGHT][piece.element].visible:
            break
        words += piece.words
    return single_line(words)


def _displayed_texts(letter: ParsedMessage, context: CheckContext) -> Iterator[tuple[str, str]]:
    yield "Subject", context.subject
    if letter.page:
        yield "the page", letter.page.shown()
    yield "the text part", letter.text


def _excerpt(words: str, match: re.Match[str]) -> str:
    near = words[max(0, match.start() - 20) : match.end() + 20]
    return clean_line(_INVISIBLE.sub("", _BIDI_CONTROLS.sub("", near)))


CHECKS = (
    check_bidi_controls,
    check_invisible_characters,
    check_replacement_characters,
    check_preheader,
    check_preheader_length,
    check_amount_of_text,
)
