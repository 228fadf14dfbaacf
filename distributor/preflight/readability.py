"""Whether words can be read: their contrast by day and in dark mode, and their height. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from .css import DARK, LIGHT, PHONE, ComputedStyle, Screen
from .css_colors import contrast
from .dom import ParsedPage, TextNode, in_footer, locate, single_line
from .findings import Finding, finding
from .parsed_message import CheckContext, ParsedMessage

MIN_CONTRAST, MIN_CONTRAST_LARGE = 4.5, 3.0  # WCAG 2.2, 1.4.3
MIN_VISIBLE_CONTRAST = 1.5  # below this, words are as good as hidden, and filters take them for hidden ones
MIN_FONT_SIZE, MIN_FOOTER_FONT_SIZE = 14.0, 12.0  # CSS pixels


def check_contrast(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    """One finding for each pair of colours, at the first place where it stands."""
    for check, screen, when in (("contrast", LIGHT, ""), ("contrast-dark", DARK, " in dark mode")):
        told: set[tuple[str, str]] = set()
        for page, piece, look in _visible_text(letter, screen):
            if look.colour is None or look.ground is None or (pair := (str(look.colour), str(look.ground))) in told:
                continue
            ratio = contrast(look.colour, look.ground)
            least = MIN_CONTRAST_LARGE if look.large else MIN_CONTRAST
            if ratio >= least:
                continue
            told.add(pair)
            words = f"{pair[0]} on {pair[1]}{when} has a contrast of {ratio:.1f} to 1; change one: it needs {least:g}"
            yield finding(
                check if ratio >= MIN_VISIBLE_CONTRAST else "invisible-words", words, locate(page, piece.element), pair
            )


def check_font_sizes(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    """On wide screens and on phones, as the page's own rules say."""
    told: set[tuple[float, str]] = set()
    for screen, on in ((LIGHT, ""), (PHONE, " on phones")):
        for page, piece, look in _visible_text(letter, screen):
            footer = in_footer(piece.element)
            least = MIN_FOOTER_FONT_SIZE if footer else MIN_FONT_SIZE
            name = str(piece.element.get("class") or piece.element.tag)
            if look.size >= MIN_FONT_SIZE - 0.01 or (look.size, name) in told:
                continue
            told.add((look.size, name))
            check = "small-text" if look.size < least - 0.01 else "small-footer"
            words = f"the words are {look.size:g} px high{on}; write them in {MIN_FONT_SIZE:g} px"
            yield finding(check, words, locate(page, piece.element))


def _visible_text(letter: ParsedMessage, screen: Screen) -> Iterator[tuple[ParsedPage, TextNode, ComputedStyle]]:
    """The words that a reader sees on this screen, and how they look."""
    page = letter.page
    if page:
        for piece in page.pieces:
            look = page.styles[screen][piece.element]
            if look.visible and single_line(piece.words):
                yield page, piece, look


CHECKS = (check_contrast, check_font_sizes)
