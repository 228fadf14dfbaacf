"""Contrast, and the palette of a newsroom: readable on light and dark backgrounds, whatever the accent color."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.color import build_palette, contrast


def test_contrast_is_measured_as_wcag_defines_it() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@given(st.from_regex(r"#[0-9a-fA-F]{6}", fullmatch=True))
def test_any_accent_color_becomes_readable(accent: str) -> None:
    shades = build_palette(accent)
    assert contrast(shades.on_light, "#ffffff") >= 4.5
    assert contrast(shades.on_dark, "#1b1f24") >= 6
    assert contrast(shades.words, accent) >= 4.5
    if contrast(accent, "#ffffff") >= 4.5:
        assert shades.on_light == accent.lower()
