"""Whether words can be read: their contrast by day and in dark mode, and their height. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from .colour import contrast
from .css import DARK, LIGHT, PHONE, Look, Screen
from .findings import Finding, finding
from .opened import Context, Opened
from .page import Page, Piece, in_footer, line, place

ENOUGH, ENOUGH_LARGE = 4.5, 3.0  # WCAG 2.2, 1.4.3
HARDLY = 1.5  # below this, words are as good as hidden, and filters take them for hidden ones
SMALLEST, SMALLEST_FOOTER = 14.0, 12.0  # CSS pixels


def contrasts(letter: Opened, context: Context) -> Iterator[Finding]:
    """One finding for each pair of colours, at the first place where it stands."""
    for check, screen, when in (("contrast", LIGHT, ""), ("contrast-dark", DARK, " in dark mode")):
        told: set[tuple[str, str]] = set()
        for page, piece, look in _read(letter, screen):
            if look.colour is None or look.ground is None or (pair := (str(look.colour), str(look.ground))) in told:
                continue
            ratio = contrast(look.colour, look.ground)
            least = ENOUGH_LARGE if look.large else ENOUGH
            if ratio >= least:
                continue
            told.add(pair)
            words = f"{pair[0]} on {pair[1]}{when} has a contrast of {ratio:.1f} to 1; change one: it needs {least:g}"
            yield finding(check if ratio >= HARDLY else "invisible-words", words, place(page, piece.element), pair)


def heights(letter: Opened, context: Context) -> Iterator[Finding]:
    """On wide screens and on phones, as the page's own rules say."""
    told: set[tuple[float, str]] = set()
    for screen, on in ((LIGHT, ""), (PHONE, " on phones")):
        for page, piece, look in _read(letter, screen):
            footer = in_footer(piece.element)
            least = SMALLEST_FOOTER if footer else SMALLEST
            name = str(piece.element.get("class") or piece.element.tag)
            if look.size >= SMALLEST - 0.01 or (look.size, name) in told:
                continue
            told.add((look.size, name))
            check = "small-text" if look.size < least - 0.01 else "small-footer"
            words = f"the words are {look.size:g} px high{on}; write them in {SMALLEST:g} px"
            yield finding(check, words, place(page, piece.element))


def _read(letter: Opened, screen: Screen) -> Iterator[tuple[Page, Piece, Look]]:
    """The words that a reader sees on this screen, and how they look."""
    page = letter.page
    if page:
        for piece in page.pieces:
            look = page.looks[screen][piece.element]
            if look.visible and line(piece.words):
                yield page, piece, look


CHECKS = (contrasts, heights)
