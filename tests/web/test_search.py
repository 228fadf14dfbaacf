"""The page of the search: whatever is typed, in both languages, and nothing that is typed acts."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from support.web_client import Visitor


@pytest.fixture
async def filled(visitor: Visitor) -> Visitor:
    def fill() -> None:
        visitor.line.arrives(
            "a", title="Thông xe đường cao tốc", lead="Tuyến đường dài 45 km.", body_html="<p>1 &lt; 2</p>"
        )
        visitor.line.arrives("b", title="Ông Dương nhận giải", lead="Lễ trao giải <b>lớn</b>.")
        visitor.line.day("07:00")

    await visitor.run(fill)
    return visitor


async def test_what_was_found_is_marked_in_its_own_letters(filled: Visitor) -> None:
    answer = await filled.get("/search?q=duong")
    page = await answer.text()
    assert "2 kết quả cho “duong”" in page
    assert "Thông xe <mark>đường</mark> cao tốc" in page
    assert "Ông <mark>Dương</mark> nhận giải" in page
    assert answer.headers["X-Robots-Tag"].startswith("noindex")
    assert answer.headers["Cache-Control"] == "public, max-age=60"


async def test_exact_hits_come_first(filled: Visitor) -> None:
    page = await (await filled.get("/search?q=" + quote("dương"))).text()
    assert page.index("nhận giải") < page.index("cao tốc")


async def test_other_answers_are_told_apart(filled: Visitor) -> None:
    words = await (await filled.get("/en/search?q=" + quote("tốc thông"))).text()
    assert "Nothing has exactly “tốc thông”" in words
    beginnings = await (await filled.get("/search?q=ca")).text()
    assert "có từ bắt đầu như vậy" in beginnings
    nothing = await (await filled.get("/search?q=zzz")).text()
    assert "Không tìm thấy kết quả cho “zzz”." in nothing


@pytest.mark.parametrize(
    "typed", ["", " ", '"', "<script>alert(1)</script>", "'; DROP TABLE x", "%", "NEAR(", "x" * 5000, "đ" * 300]
)
async def test_whatever_is_typed_is_answered_with_a_page(filled: Visitor, typed: str) -> None:
    answer = await filled.get("/search?q=" + quote(typed))
    page = await answer.text()
    assert answer.status == 200
    assert "<script" not in page
    assert len(page) < 50_000


async def test_what_was_not_announced_is_not_found(filled: Visitor) -> None:
    await filled.run(filled.line.arrives, "c", title="Tin chưa gửi")
    page = await (await filled.get("/search?q=" + quote("chưa gửi"))).text()
    assert "Không tìm thấy kết quả" in page
    await filled.run(filled.line.day, "07:00")
    assert "1 kết quả" in await (await filled.get("/search?q=" + quote("chưa gửi"))).text()
