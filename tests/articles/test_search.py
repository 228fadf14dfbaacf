"""What is said of articles and readers is what the letters hold: the ledger's story beside the Maildir."""

from __future__ import annotations

import pytest

from distributor.articles.search import fold_text, matches_query

# -- looking up --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "title", "found"),
    [
        ("duong tinh", "Khởi công Đường tỉnh 254", True),
        ("tỉnh đường", "Khởi công Đường tỉnh 254", True),
        ("đường", "Duong tinh viết không dấu", False),
        ("tinh", "TỈNH ủy họp", True),
        ("xã", "Xa xôi", False),
        ("", "Khởi công", False),
        ("  ", "Khởi công", False),
        ("tin/254", "Không có trong tên", True),
    ],
)
def test_words_find_titles_with_and_without_marks(wanted: str, title: str, found: bool) -> None:
    assert matches_query(wanted, title, "https://bacson.example/tin/254") is found


def test_folding_takes_marks_and_nothing_else() -> None:
    assert fold_text("  Đường  TỈNH  254 — Nhật Bản ") == "duong tinh 254 — nhat ban"
