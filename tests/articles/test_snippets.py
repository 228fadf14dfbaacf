"""Passages: what was searched for is marked in its own letters, and nothing else."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.articles.folding import parse_query
from distributor.articles.snippets import Match, mark, passage

TEXT = "Sáng nay, tuyến đường cao tốc dài 45 km đã thông xe. Ông Dương Văn Cao nói về tốc độ. " + "Tin dài. " * 60


def shown(text: str, typed: str, match: Match = Match.PHRASE) -> str:
    return "".join(f"[{one.text}]" if one.marked else one.text for one in passage(text, parse_query(typed), match))


@pytest.mark.parametrize(
    ("typed", "match", "held"),
    [
        ("duong cao toc", Match.PHRASE, "tuyến [đường cao tốc] dài"),
        ("ĐƯỜNG", Match.PHRASE, "tuyến [đường] cao tốc dài 45 km đã thông xe. Ông [Dương] Văn"),
        ("toc cao", Match.WORDS, "đường [cao] [tốc] dài"),
        ("tho", Match.BEGINNINGS, "đã [thông] xe"),
    ],
)
def test_the_passage_marks_what_was_found(typed: str, match: Match, held: str) -> None:
    assert held in shown(TEXT, typed, match)


def test_a_passage_far_inside_begins_before_what_was_found() -> None:
    text = "Mở đầu. " * 100 + "Ở đây có dưa hấu. " + "Kết thúc. " * 100
    made = shown(text, "dua hau")
    assert made.startswith("… ") and made.endswith(" …")
    assert "có [dưa hấu]. Kết" in made


def test_without_a_hit_the_text_begins() -> None:
    assert shown("Một câu ngắn.", "không có") == "Một câu ngắn."
    assert shown("Một câu ngắn.", "") == "Một câu ngắn."


@given(st.text(), st.text(), st.sampled_from(Match))
def test_the_pieces_are_the_text(text: str, typed: str, match: Match) -> None:
    normal = unicodedata.normalize("NFC", text)
    assert "".join(one.text for one in mark(text, parse_query(typed), match)) == normal
    passage(text, parse_query(typed), match)
