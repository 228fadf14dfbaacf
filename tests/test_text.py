"""Text at the door."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from distributor.text import clean_line, line_of


@given(st.text() | st.text(alphabet="aắ a\u0306\u0301\u212b\u00a0\u2028\ufeff\x1c\t"))
def test_the_short_way_to_a_line_comes_to_the_same(text: str) -> None:
    assert clean_line(text) == line_of(text)
