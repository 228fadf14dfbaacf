"""Plain text: sentences, cutting at words, wrapping by display width."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.rendering.plaintext import display_width, first_sentences, wrap
from distributor.text import cut_words, sentence_ends

# -- plain text --------------------------------------------------------------------------------------------------------


@given(st.text(), st.integers(10, 80))
def test_no_line_is_wider_than_asked_unless_it_is_one_word(text: str, width: int) -> None:
    wrapped = wrap(text, width)
    assert wrapped.split() == text.split()
    assert all(display_width(line) <= width or len(line.split()) == 1 for line in wrapped.splitlines())


def test_lines_are_as_wide_as_the_eye_sees_them() -> None:
    assert display_width("Tiếng Việt") == 10
    assert display_width("Tie\u0302\u0301ng Vie\u0323\u0302t") == 10
    assert display_width("日本") == 4


@pytest.mark.parametrize(
    "sentences",
    [
        ["Ông nói: “Được rồi.”", "Rồi ông đi."],
        ["Lễ khởi công ở TP. Bắc Sơn do PGS.TS. Lê Hà dự.", "Đường dài 38 km."],
        ["Nhiệt độ xuống dưới 6 độ C.", "Trời rét."],
        ["Giá là 1.200 tỷ đồng!", "5 xã hưởng lợi…", "– Thật à?", "(Ảnh: H.)"],
        ["Anh Nguyễn Văn A. ở huyện Yên Lạc."],
        ["Một câu không có dấu chấm"],
    ],
)
def test_sentences_end_where_a_reader_would_say_so(sentences: list[str]) -> None:
    text = " ".join(sentences)
    ends = [0, *sentence_ends(text), len(text)]
    parts = [text[start:end].strip() for start, end in pairwise(ends)]
    assert [part for part in parts if part] == sentences


@given(st.text(), st.integers(2, 60))
def test_what_is_cut_keeps_to_its_measure_and_begins_as_it_was(text: str, most: int) -> None:
    for short in (first_sentences(text, most), cut_words(text, most)):
        assert len(short) <= most
        assert short == text or text.startswith(short.removesuffix("…"))
