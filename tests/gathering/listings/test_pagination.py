"""Listings: which links are articles, with what headline and date, why the others are not, and where the listing goes on."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from distributor.gathering.extraction.document import parse_page
from distributor.gathering.listings.pagination import NextPage, find_next_page
from distributor.gathering.sources.page import PageSource
from gathering.listings.listing_pages import (
    MARKET,
    MARKET_LEAD,
    ROAD,
    ROAD_LEAD,
    SHORT,
)
from support.web_site import OpenFetcher, WebSite

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2026, 11, 28, 15, 30, tzinfo=HANOI)
URL = "https://bacson.example/tin/"


# -- what is no article ------------------------------------------------------------------------------------------------

ITEMS = "".join(
    f"<div class=item><h3><a href='/tin/{slug}'>{words}</a></h3><p>{ROAD_LEAD}</p></div>"
    for slug, words in (("kiem-tra-101.html", ROAD), ("phien-cho-102.html", MARKET), ("tin-buon-103.html", SHORT))
)


# -- further pages -----------------------------------------------------------------------------------------------------


def following(html: str, number: int = 2, url: str = URL) -> NextPage:
    page = parse_page(html.encode())
    assert page is not None
    return find_next_page(page, url, number)


@pytest.mark.parametrize(
    "pager",
    [
        "<div class=pager><b>1</b> <a href='?page=2'>2</a> <a href='?page=3'>3</a> <a href='?page=9'>»</a></div>",
        "<a href='?trang=2'>Trang sau</a>",
        "<a href='?trang=2'>Trang tiếp »</a>",
        "<a href='?p=2'>Tiếp theo</a>",
        "<a href='?p=2'>Sau</a>",
        "<a href='page/2/'>&larr; Older posts</a>",
        "<a href='page/2/'>Cũ hơn &rarr;</a>",
        "<a href='?page=1'>‹‹</a> <a href='?page=2'>›</a> <a href='?page=9'>»</a>",
        "<a href='trang-2.html'>&gt;</a>",
        "<a href='trang-2.html'>&raquo;</a>",
        "<a rel=next href='trang-2.html'>các tin trước đó</a>",
        "<head><link rel='next' href='?start=10'></head>",
        "<div class=pagination><a class='arrow next' href='?start=10'></a></div>",
        "<div class=pagination><a href='?page=2'><img src=next.gif></a></div>",
        "<a href='?page=2' aria-label='Next'><svg></svg></a>",
        "<div class=phantrang><a href='?page=2' title='Trang sau'><img src=x></a></div>",
        "<a href='?_101_INSTANCE_x_cur=2'>2</a> <a href='?_101_INSTANCE_x_cur=3'>3</a>",
        "<a href='/tin-p2'>2</a><a href='/tin-p3'>3</a>",
        "<li><a href='/tin/muc/2'>2</a></li><li><a href='/tin/muc/3'>3</a></li>",
        "<div>1 <a href='index.html%3Fp=2.html'>2</a></div>",  # as wget writes it
        "<a href='index2b3c.html'>2</a>",  # as HTTrack does
        "<a href='?page=2'>Xem thêm</a>",
    ],
)
def test_the_next_page_is_found_by_number_words_arrows_and_address(pager: str) -> None:
    found = following(ITEMS + pager)
    assert found.url.startswith("https://bacson.example/")
    assert not found.url.endswith(("9", "page=1", "page=3"))
    assert not found.scripted


@pytest.mark.parametrize(
    "other",
    [
        f"<p><a href='a.html#binh-luan'>2</a> bình luận</p>{ITEMS}",
        "<a href='/tin/'>Sau</a>",  # leads to the page itself
        "<a class='next disabled' href='?page=2'>»</a>",
        "<div class=slider><a class='slider-next' href='/tin/b-1.html'></a></div>",
        "<a href='?page=1'>« Trang trước</a>",
        "<table><tr><td><a href='/lich?ngay=1'>1</a></td><td><a href='/lich?ngay=2'>2</a></td></tr></table>",
    ],
)
def test_what_only_looks_like_a_pager_leads_nowhere(other: str) -> None:
    assert following(other) == NextPage()


async def test_a_next_page_that_only_a_script_opens_is_told(site: WebSite, open_web: OpenFetcher) -> None:
    pager = "<div class=pager>1 <a href=\"javascript:__doPostBack('g','Page$2')\">2</a></div>"
    site.page("/tin/", ITEMS + pager)
    for name in ("kiem-tra-101", "phien-cho-102", "tin-buon-103"):
        site.page(f"/tin/{name}.html", f"<h1>{name}</h1><div id=noidung><p>{MARKET_LEAD}</p></div>")
    for pages, told in ((1, 0), (3, 1)):
        source = PageSource(name="cong", url=f"{site.url}/tin/", max_pages=pages)
        notes = (await source.gather(await open_web(), NOW)).notes
        assert len([note for note in notes if "page 2 of" in note and "script" in note]) == told


async def test_numbered_pages_are_followed_beside_scripts(site: WebSite, open_web: OpenFetcher) -> None:
    arrows = (
        "<a href='javascript:void(0)'>«</a> <a href='?page=2'>2</a> <a href=\"javascript:__doPostBack('p','n')\">»</a>"
    )
    site.page("/tin/", f"<h3><a href=a-1.html>{ROAD}</a></h3><div class=pager>{arrows}</div>")
    site.page("/tin/?page=2", f"<h3><a href=a-2.html>{MARKET}</a></h3>")
    for number, words in ((1, ROAD), (2, MARKET)):
        site.page(f"/tin/a-{number}.html", f"<h1>{words}</h1><div id=noidung><p>{MARKET_LEAD}</p></div>")
    harvest = await PageSource(name="cong", url=f"{site.url}/tin/", max_pages=2).gather(await open_web(), NOW)
    assert [article.title for article in harvest.articles] == [ROAD, MARKET]
    assert harvest.notes == []
