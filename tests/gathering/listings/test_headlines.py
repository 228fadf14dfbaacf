"""The headline of a listed article, among the words of its links."""

from __future__ import annotations

import pytest

from distributor.gathering.sources.page import PageSource
from gathering.listings.listing_pages import (
    MARKET,
    MARKET_LEAD,
    NOW,
    ROAD,
    ROAD_LEAD,
    headlines,
    read,
)
from support.web_site import OpenFetcher, WebSite


@pytest.mark.parametrize(
    "block",
    [
        "<h3><a href=a.html>{t}</a></h3><p><a href=a.html>{s}</a></p>",
        "<p><a href=a.html>{s}</a></p><h3><a href=a.html>{t}</a></h3>",
        "<a href=a.html><img src=x alt='anh 1'></a><a href=a.html>{t}</a><p>{s} <a href=a.html>Xem tiếp</a></p>",
        "<a href=a.html><h3>{t}</h3><p>{s}</p></a>",
        "<a href=a.html><div class=title>{t}</div><div class=desc>{s}</div></a>",
        "<a href=a.html title='{t}'><img src=x alt='{t}'></a><div><a href=a.html>{s}</a></div>",
        "<h4>{t}</h4><p>{s} <a href=a.html>Chi tiết »</a></p>",
        "<a href=a.html class=tieude>{t}</a><a href=a.html class=mota>{s}</a>",
        "<a href=a.html><strong>{t}</strong><br>{s}</a>",
        "<a href='a.html#binhluan'>12</a> <a href=a.html>{t}</a> <a href='a.html?utm_source=x'>{s}</a>",
        "<a href=a.html title='{t}'>Kiểm tra tiến độ tuyến đường...</a><p>{s}</p>",
        "<a href=a.html><span>{t}</span> <time datetime='2026-11-24'>24/11/2026</time></a>",
        "<a href=a.html>{t} (24/11/2026)</a>",
        "<h4><a href=a.html>{t}<label class=new>Mới</label></a></h4>",
        "<h4><a href=a.html>{t} <span class=badge-hot>HOT</span></a></h4>",
    ],
)
def test_the_headline_is_chosen_by_what_it_is_and_not_by_its_length(block: str) -> None:
    html = block.replace("{t}", ROAD).replace("{s}", ROAD_LEAD)
    assert headlines(read(f"<ul><li>{html}</li></ul>")) == [ROAD]


async def test_the_headline_of_the_listing_goes_before_the_name_of_a_portlet(
    site: WebSite, open_web: OpenFetcher
) -> None:
    site.page("/tin/", f"<div class=asset-abstract><h3><a href=a-1.html>{ROAD}</a></h3><p>{ROAD_LEAD}</p></div>")
    portlet = "<title>Cổng thông tin - Tin tức</title><div class=box><h1 class=portlet-title>Văn bản mới</h1></div>"
    story = f"<h3 class=asset-title>{ROAD}</h3><div class=journal-content-article><p>{ROAD_LEAD}</p></div>"
    site.page("/tin/a-1.html", portlet + story)
    harvest = await PageSource(name="cong", url=f"{site.url}/tin/").gather(await open_web(), NOW)
    assert [article.title for article in harvest.articles] == [ROAD]


async def test_where_only_a_summary_is_linked_the_article_says_its_title(site: WebSite, open_web: OpenFetcher) -> None:
    site.page("/tin/", f"<li><a href=a.html>{ROAD_LEAD}</a> <i>24/11/2026</i></li>")
    site.page("/tin/a.html", f"<h1>{ROAD}</h1><p class=sapo>{ROAD_LEAD}</p><div id=noidung><p>{MARKET_LEAD}</p></div>")
    harvest = await PageSource(name="cong", url=f"{site.url}/tin/").gather(await open_web(), NOW)
    assert [article.title for article in harvest.articles] == [ROAD]


def test_a_headline_that_a_script_opens_has_the_address_of_the_picture_beside_it() -> None:
    item = (
        "<div class=item><a href='/tin/a-{n}.html'><img src=x></a><h3><a href='javascript:void(0)'>{t}</a></h3></div>"
    )
    found = read("".join(item.replace("{n}", str(n)).replace("{t}", t) for n, t in ((12, ROAD), (13, MARKET))))
    assert [(link.url, link.words) for link in found.links] == [
        ("https://bacson.example/tin/a-12.html", ROAD),
        ("https://bacson.example/tin/a-13.html", MARKET),
    ]
    assert found.scripted == ()


def test_a_story_whose_only_link_says_read_on_is_an_article() -> None:
    item = "<div class=tin><b>{t}</b><br>{s} <a href='xem.asp?id={n}'>Chi tiết...</a></div>"
    rows = (
        item.replace("{n}", str(n)).replace("{t}", t).replace("{s}", ROAD_LEAD) for n, t in ((1, ROAD), (2, MARKET))
    )
    assert headlines(read("".join(rows))) == [ROAD, MARKET]
