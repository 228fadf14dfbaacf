"""A newsroom's colour, made readable wherever it stands: on white, in the dark, under the words of a button. Pure."""

from __future__ import annotations

from dataclasses import dataclass

CONTRAST = 4.5  # WCAG 2.2, 1.4.3: the least for text of our sizes
CONTRAST_AT_NIGHT = 6.0  # strong colours look duller on a dark ground
PAPER, NIGHT = "#ffffff", "#1b1f24"  # the card of a mail by day and in dark mode; also in the style sheets


@dataclass(frozen=True, slots=True)
class Palette:
    """The accent colour as it is, as text on white, as text in dark mode, and the colour of words upon it."""

    accent: str
    on_paper: str
    on_night: str
    words: str


def palette(accent: str) -> Palette:
    """The accent is a colour as #rrggbb; its shade changes only as far as reading needs it."""
    return Palette(
        accent=accent.lower(),
        on_paper=readable(accent, PAPER),
        on_night=readable(accent, NIGHT, CONTRAST_AT_NIGHT),
        words=max(("#ffffff", "#000000"), key=lambda words: contrast(words, accent)),
    )


def readable(colour: str, ground: str, least: float = CONTRAST) -> str:
    """The colour, mixed with black or white in the smallest step that reaches the contrast on this ground.

    The contrast is at most 4.5 on a ground of middle brightness; more can be asked for on light and dark ones.
    """
    towards = 0 if _luminance(ground) > 0.18 else 255  # 0.18: where black and white stand out alike
    parts = _parts(colour)
    for step in range(101):
        mixed = "#" + "".join(f"{round(part + (towards - part) * step / 100):02x}" for part in parts)
        if contrast(mixed, ground) >= least:
            return mixed
    raise AssertionError("black or white reaches the contrast on any ground")


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (part / 255 for part in _parts(colour))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
