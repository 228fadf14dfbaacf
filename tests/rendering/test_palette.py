"""The digest: in order, readable, the same stories in both parts, and nothing a source writes can act in it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from distributor.color import contrast
from distributor.rendering.palette import build_palette


@given(st.from_regex(r"#[0-9a-fA-F]{6}", fullmatch=True))
def test_any_colour_of_a_newsroom_becomes_readable(accent: str) -> None:
    shades = build_palette(accent)
    assert contrast(shades.on_light, "#ffffff") >= 4.5
    assert contrast(shades.on_dark, "#1b1f24") >= 6
    assert contrast(shades.words, accent) >= 4.5
    if contrast(accent, "#ffffff") >= 4.5:
        assert shades.on_light == accent.lower()
