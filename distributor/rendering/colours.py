"""A newsroom's colours, made readable wherever they stand: on the card, in the dark, under the words of a button. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from ..colour import CONTRAST as CONTRAST
from ..colour import contrast as contrast
from ..colour import luminance, mix

CONTRAST_AT_NIGHT = 6.0  # strong colours look duller on a dark ground
PAPER, NIGHT = "#ffffff", "#1b1f24"  # the card of a mail by day and in dark mode; NIGHT also stands in the style sheets


@dataclass(frozen=True, slots=True)
class Palette:
    """The accent as it is, as text on the card, as text in dark mode; the colour of words upon it; that of thin lines."""

    accent: str
    on_paper: str
    on_night: str
    words: str
    line: str = "#dfe3e7"


@lru_cache(maxsize=64)
def palette(accent: str, paper: str = PAPER, ink: str = "#16191d") -> Palette:
    """Colours are written #rrggbb. The accent's shade changes only as far as reading needs it."""
    return Palette(
        accent=accent.lower(),
        on_paper=readable(accent, paper),
        on_night=readable(accent, NIGHT, CONTRAST_AT_NIGHT),
        words=max(("#ffffff", "#000000"), key=lambda words: contrast(words, accent)),
        line=mix(paper, ink, 0.14),
    )


def readable(colour: str, ground: str, least: float = CONTRAST) -> str:
    """The colour, mixed with black or white in the smallest step that reaches the contrast on this ground.

    The contrast is at most 4.5 on a ground of middle brightness; more can be asked for on light and dark ones.
    """
    towards = "#000000" if luminance(ground) > 0.18 else "#ffffff"  # 0.18: where black and white stand out alike
    for step in range(101):
        mixed = mix(colour, towards, step / 100)
        if contrast(mixed, ground) >= least:
            return mixed
    raise AssertionError("black or white reaches the contrast on any ground")
