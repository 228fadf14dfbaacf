"""Colours as letters write them, and how well one is read on another. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cssutils.css.colors import COLORS

from .. import color as measure

_HEX = re.compile(r"#?([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})")
_RGB = re.compile(
    r"rgba?\(\s*(\d{1,3})\s*[, ]\s*(\d{1,3})\s*[, ]\s*(\d{1,3})\s*(?:[,/]\s*(\d{0,3}(?:\.\d{1,9})?)(%?)\s*)?\)"
)
_NAMES: dict[str, tuple[int, int, int, float]] = COLORS


@dataclass(frozen=True, slots=True)
class CssColor:
    """Red, green and blue from 0 to 255; `alpha` from 0, which is nothing, to 1."""

    red: int
    green: int
    blue: int
    alpha: float = 1.0

    def __str__(self) -> str:
        return f"#{self.red:02x}{self.green:02x}{self.blue:02x}"


def parse_color(text: str) -> CssColor | None:
    """`#abc`, `#aabbcc`, `#aabbccdd`, `aabbcc` (as in bgcolor), `rgb()`, `rgba()` or a name of CSS; None for others."""
    text = text.strip().lower()
    if text in _NAMES:
        red, green, blue, alpha = _NAMES[text]
        return CssColor(red, green, blue, alpha)
    if match := _HEX.fullmatch(text):
        digits = match.group(1)
        if not text.startswith("#") and len(digits) != 6:
            return None
        digits = "".join(sign * 2 for sign in digits) if len(digits) < 6 else digits
        red, green, blue, alpha = (int((digits + "ff")[at : at + 2], 16) for at in (0, 2, 4, 6))
        return CssColor(red, green, blue, alpha / 255)
    if match := _RGB.fullmatch(text):
        share = float(match.group(4) or 1) / (100 if match.group(5) else 1)
        red, green, blue = (min(int(part), 255) for part in match.groups()[:3])
        return CssColor(red, green, blue, min(share, 1.0))
    return None


def blend(colour: CssColor, ground: CssColor | None) -> CssColor | None:
    """A colour that lets its ground show through, laid upon it."""
    if colour.alpha >= 1:
        return colour
    if ground is None:
        return None

    def mixed(top: int, below: int) -> int:
        return round(top * colour.alpha + below * (1 - colour.alpha))

    return CssColor(mixed(colour.red, ground.red), mixed(colour.green, ground.green), mixed(colour.blue, ground.blue))


def contrast(one: CssColor, other: CssColor) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    return measure.contrast(str(one), str(other))
