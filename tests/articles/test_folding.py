"""Folding: one letter for one letter, so that what is found can be shown in its own letters."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.articles.folding import fold, normalize_marks, parse_query, word_places


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Đường cao tốc", "duong cao toc"),
        ("ĐIỆN MẶT TRỜI", "dien mat troi"),
        ("Ðắk Lắk, ðường", "dak lak, duong"),  # the Icelandic letters that old fonts give
        (unicodedata.normalize("NFD", "dưa hấu"), "dua hau"),
        ("İstanbul", "istanbul"),
        ("2026 – nước", "2026 – nuoc"),
    ],
)
def test_text_is_folded(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_each_letter_stays_in_its_place(text: str) -> None:
    normal = unicodedata.normalize("NFC", text)
    assert len(fold(text)) == len(normal)
    for begin, end, word in word_places(normal):
        assert fold(normal[begin:end])[: len(word)] == word


@pytest.mark.parametrize(
    ("one", "other"),
    [("hoà", "hòa"), ("Toà", "tòa"), ("uỷ", "ủy"), ("khoẻ", "khỏe"), ("thuỷ", "thủy"), ("loè", "lòe"), ("Ðất", "đất")],
)
def test_the_mark_of_tone_may_stand_on_either_vowel(one: str, other: str) -> None:
    assert normalize_marks(one) == other
    assert normalize_marks(other) == other


@pytest.mark.parametrize("word", ["quý", "quà", "toàn", "hoàng", "ngoài", "của", "khuya", "thuở"])
def test_other_words_keep_their_marks(word: str) -> None:
    assert normalize_marks(word) == word


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ('"đường cao tốc"', ("duong", "cao", "toc")),
        ("thành-phố NEAR(a, b) OR *", ("thanh", "pho", "near", "a", "b", "or")),
        ("'; DROP TABLE articles; --", ("drop", "table", "articles")),
        ("\0 _ () {} : ^ \u202e", ()),
        ("một hai ba bốn năm sáu bảy tám chín mười", ("mot", "hai", "ba", "bon", "nam", "sau", "bay", "tam")),
        ("x" * 5000, ("x" * 60,)),
    ],
)
def test_a_query_is_its_words_and_nothing_else(typed: str, words: tuple[str, ...]) -> None:
    assert parse_query(typed).folded == words


@given(st.text())
def test_whatever_is_typed_is_a_query(typed: str) -> None:
    words = parse_query(typed)
    assert len(words.folded) == len(words.marked) <= 8
    assert all(word.isalnum() for word in (*words.folded, *words.marked))
