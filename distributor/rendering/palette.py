"""A newsroom's colours, made readable wherever they stand: on the card, in the dark, under the words of a button. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from ..color import MIN_CONTRAST, contrast, luminance, mix

MIN_DARK_CONTRAST = 6.0  # strong colours look duller on a dark ground
LIGHT_BACKGROUND, DARK_BACKGROUND = (
    "#ffffff",
    "#1b1f24",
)  # the card of a mail by day and in dark mode; NIGHT also stands in the style sheets


@dataclass(frozen=True, slots=True)
class Palette:
    """The accent as it is, as text on the card, as text in dark mode; the colour of words upon it; that of thin lines."""

    accent: str
    on_light: str
    on_dark: str
    words: str
    line: str = "#dfe3e7"


@lru_cache(maxsize=64)
def build_palette(accent: str, paper: str = LIGHT_BACKGROUND, ink: str = "#16191d") -> Palette:
    """Colours are written #rrggbb. The accent's shade changes only as far as reading needs it."""
    return Palette(
        accent=accent.lower(),
        on_light=ensure_contrast(accent, paper),
        on_dark=ensure_contrast(accent, DARK_BACKGROUND, MIN_DARK_CONTRAST),
        words=max(("#ffffff", "#000000"), key=lambda words: contrast(words, accent)),
        line=mix(paper, ink, 0.14),
    )


def ensure_contrast(colour: str, ground: str, least: float = MIN_CONTRAST) -> str:
    """The colour, mixed with black or white in the smallest step that reaches the contrast on this ground.

    The contrast is at most 4.5 on a ground of middle brightness; more can be asked for on light and dark ones.
    """
    towards = "#000000" if luminance(ground) > 0.18 else "#ffffff"  # 0.18: where black and white stand out alike
    for step in range(101):
        mixed = mix(colour, towards, step / 100)
        if contrast(mixed, ground) >= least:
            return mixed
    raise AssertionError("black or white reaches the contrast on any ground")
