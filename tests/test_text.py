"""Text at the door."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from distributor.text import clean_line, collapse_to_line, html_to_text, language_tag, same_language


@given(st.text() | st.text(alphabet="aắ a\u0306\u0301\u212b\u00a0\u2028\ufeff\x1c\t"))
def test_the_short_way_to_a_line_comes_to_the_same(text: str) -> None:
    assert clean_line(text) == collapse_to_line(text)


@pytest.mark.parametrize(
    ("written", "tag"),
    [
        ("vi", "vi"), ("VI_vn", "vi-VN"), ("fil", "fil"), ("sr-cyrl-rs", "sr-Cyrl-RS"), ("de-x-goethe-ab", "de-x-goethe-ab"),
        (" en-gb ", "en-GB"), ("English", ""), ("tiếng Việt", ""), ("vi-", ""), ("", ""), ("v", ""), ("vi-" + "a" * 9, ""),
    ],
)  # fmt: skip
def test_a_language_tag_is_whole_or_none(written: str, tag: str) -> None:
    assert language_tag(written) == tag


def test_a_language_is_the_same_wherever_it_is_spoken() -> None:
    assert same_language("vi", "vi-VN")
    assert not same_language("fi", "fil")


@given(st.text(st.sampled_from("<!DOCTYPEhtmlbdy/>-[]&;ấ \n\"'=?"), max_size=60))
@example("<!DOCTYPE x [../ a <b")
@example("</body></html><body>x")
@example("<html>")
def test_any_markup_has_words_or_none(markup: str) -> None:
    assert html_to_text(markup) == clean_line(html_to_text(markup))
