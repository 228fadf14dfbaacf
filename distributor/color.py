"""Colors: contrast between two of them, and the palette of a newsroom, readable on light and dark backgrounds. Pure.

Colors are written `#rrggbb`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

MIN_CONTRAST = 4.5  # WCAG 2.2, 1.4.3: the minimum for text of our sizes
MIN_DARK_CONTRAST = 6.0  # strong colors look duller on a dark background
LIGHT_BACKGROUND, DARK_BACKGROUND = "#ffffff", "#1b1f24"  # of an email, light and dark; the style sheets name them too


@dataclass(frozen=True, slots=True)
class Palette:
    """The accent color as it is, as text on the light and the dark background; the color of text on it; of thin lines; of
    boxes, a little darker than the background."""

    accent: str
    on_light: str
    on_dark: str
    words: str
    line: str = "#dfe3e7"
    tint: str = "#f3f5f6"


@lru_cache(maxsize=64)
def build_palette(accent: str, background: str = LIGHT_BACKGROUND, text: str = "#16191d") -> Palette:
    """The palette of a theme. The shade of the accent changes only as far as contrast needs it."""
    return Palette(
        accent=accent.lower(),
        on_light=ensure_contrast(accent, background),
        on_dark=ensure_contrast(accent, DARK_BACKGROUND, MIN_DARK_CONTRAST),
        words=max(("#ffffff", "#000000"), key=lambda color: contrast(color, accent)),
        line=mix(background, text, 0.14),
        tint=mix(background, text, 0.045),
    )


def ensure_contrast(color: str, background: str, minimum: float = MIN_CONTRAST) -> str:
    """The color, mixed with black or white in the smallest step that reaches the contrast on this background.

    On a background of middle brightness no more than 4.5 can be reached; on light and dark ones more.
    """
    towards = "#000000" if luminance(background) > 0.18 else "#ffffff"  # 0.18: black and white have equal contrast
    for step in range(101):
        mixed = mix(color, towards, step / 100)
        if contrast(mixed, background) >= minimum:
            return mixed
    raise AssertionError("black or white reaches the contrast on any background")


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colors, 1 to 21 (WCAG 2.2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(color: str) -> float:
    """The relative luminance, 0 for black to 1 for white (WCAG 2.2)."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (part / 255 for part in rgb(color))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def mix(color: str, other: str, share: float) -> str:
    """The color with a share (0 to 1) of the other in it."""
    pairs = zip(rgb(color), rgb(other), strict=True)
    return "#" + "".join(f"{round(one + (two - one) * share):02x}" for one, two in pairs)


def rgb(color: str) -> tuple[int, int, int]:
    """Red, green and blue, 0 to 255."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
