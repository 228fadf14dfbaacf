"""Contact details: what can be tapped, and numbers that are none."""

from __future__ import annotations

import pytest

from distributor.rendering.contacts import find_links


@pytest.mark.parametrize(
    ("line", "links"),
    [
        ("Liên hệ: toasoan@bacson.example", ["mailto:toasoan@bacson.example"]),
        ("Liên hệ: 0209 3870 123", ["tel:02093870123"]),
        ("Điện thoại: (0209) 3870.123 – Email: a.b@x.vn", ["tel:02093870123", "mailto:a.b@x.vn"]),
        ("Hotline 0209.387.0123", ["tel:02093870123"]),
        ("Contact: https://bacson.example/lien-he", ["https://bacson.example/lien-he"]),
        ("+84 209 387 0123, a@x.vn", ["tel:+842093870123", "mailto:a@x.vn"]),
        ("Mã số thuế: 0101234567", []),
        ("Giấy phép số 12/GP-TTĐT ngày 20/11/2026", []),
        ("@@field:address@@ a@", []),
        ("", []),
    ],
)
def test_addresses_numbers_and_pages_are_links(line: str, links: list[str]) -> None:
    assert [part.url for part in find_links(line) if part.url] == links


@pytest.mark.parametrize("line", ["Liên hệ: a@x.vn, ĐT 0209 3870 123.", "a@x.vn", "Giấy phép", "x https://a.vn/b; y"])
def test_no_word_is_lost(line: str) -> None:
    assert "".join(part.text for part in find_links(line)) == line
