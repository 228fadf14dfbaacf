"""Plain-text exports of articles."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from distributor.gathering.text_export import parse_text_export


def test_a_text_export_is_signed_in_the_same_forms() -> None:
    lines = ("Xã Tân Lập bàn giao nhà", "Sáng nay, xã bàn giao mười căn.", "Kinh phí do dân góp.", "Tin, ảnh: Lan Chi")
    made = parse_text_export("\n\n".join(lines), ZoneInfo("Asia/Ho_Chi_Minh"))
    assert (made.author, made.body) == ("Lan Chi", ("Kinh phí do dân góp.",))
