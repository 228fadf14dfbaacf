"""Menus and frames of a listing page."""

from __future__ import annotations

import pytest

from gathering.listings.listing_pages import (
    ITEMS,
    MARKET,
    ROAD,
    SHORT,
    headlines,
    read,
)


@pytest.mark.parametrize(
    "menu",
    [
        "<div class='left'><p><a href='/chi-dao-dieu-hanh'>Thông tin chỉ đạo điều hành của tỉnh</a></p>"
        "<p><a href='/van-ban-moi'>Văn bản quy phạm pháp luật mới ban hành</a></p>"
        "<p><a href='/lich'>Lịch công tác của lãnh đạo tỉnh</a></p></div>",
        "<table><tr><td><a href='?cat=3'>Thông tin chỉ đạo điều hành của tỉnh</a></td></tr>"
        "<tr><td><a href='?cat=4'>Văn bản quy phạm pháp luật mới ban hành</a></td></tr></table>",
        "<div><a href='/'>Trang chủ</a> | <a href='/quy-hoach-phat-trien-kinh-te'>Quy hoạch phát triển kinh tế xã hội</a> | "
        "<a href='/lien-he'>Liên hệ</a></div>",
    ],
)
def test_a_menu_without_a_name_is_one_however_long_its_words_are(menu: str) -> None:
    assert headlines(read(menu + ITEMS)) == [ROAD, MARKET, SHORT]


def test_a_block_that_calls_itself_a_menu_and_holds_the_listing_is_the_page() -> None:
    found = read(
        f"<div id=menu-wrapper><ul><li><a href=/>Trang chủ</a></ul>{ITEMS}</div>"
    )  # an element left open, mostly
    assert headlines(found) == [ROAD, MARKET, SHORT]


@pytest.mark.parametrize(
    "frame",
    [
        "<div class='box has-menu menu-open'>{items}</div>",
        "<div id=ajax-pagination>{items}<a href='?page=2'>2</a></div>",
        "<div class=tabs><ul><li><a href='#a'>Mới</a></ul><div id=a>{items}</div></div>",
        "<main><header class=hero>{items}</header></main>",
    ],
)
def test_what_is_named_after_a_menu_or_a_pager_may_still_hold_the_articles(frame: str) -> None:
    items = "".join(
        f"<p><a href='/tin/{slug}'>{words} năm 2026</a></p>"
        for slug, words in (("kiem-tra-101.html", ROAD), ("phien-cho-102.html", MARKET))
    )
    assert headlines(read(frame.replace("{items}", items))) == [f"{ROAD} năm 2026", f"{MARKET} năm 2026"]
