"""What holds for every page: headers, errors, the style sheet."""

from __future__ import annotations

from support.web_client import Visitor


async def test_an_unknown_path_is_a_page_that_says_so(visitor: Visitor) -> None:
    answer = await visitor.get("/nowhere")
    assert answer.status == 404
    assert "Không tìm thấy trang" in await answer.text()


async def test_an_unknown_path_of_the_english_pages_speaks_english(visitor: Visitor) -> None:
    answer = await visitor.get("/en/nowhere")
    assert "Page not found" in await answer.text()


async def test_no_page_runs_scripts_or_stands_in_a_frame(visitor: Visitor) -> None:
    answer = await visitor.get("/nowhere")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "<script" not in await answer.text()


async def test_the_style_sheet_is_found_where_the_page_says(visitor: Visitor) -> None:
    page = await (await visitor.get("/nowhere")).text()
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    answer = await visitor.get(address)
    assert answer.status == 200
    assert "immutable" in answer.headers["Cache-Control"]
    assert (await visitor.get("/assets/style-0.css")).status == 404
