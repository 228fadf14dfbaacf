"""Listings: which links are articles, with what headline and date, why the others are not, and where the listing goes on."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from distributor.errors import SourceError
from distributor.gathering.extraction.document import parse_page
from distributor.gathering.extraction.selectors import Selectors
from distributor.gathering.listings.pagination import NextPage, find_next_page
from distributor.gathering.sources.page import PageSource
from distributor.url_cleaning import canonical_url
from gathering.listings.listing_pages import (
    ITEMS,
    LISTINGS,
    MARKET,
    MARKET_LEAD,
    NOW,
    ROAD,
    ListingPage,
    dates,
    headlines,
    read,
    reasons,
)
from support.web_site import OpenFetcher, WebSite

# -- whole listings ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", LISTINGS.values(), ids=LISTINGS)
def test_a_listing_gives_its_articles_with_headline_and_date_and_nothing_else(page: ListingPage) -> None:
    found = read(page.html, page.url)
    seen = [(canonical_url(link.url), link.words, date) for link, date in zip(found.links, dates(found), strict=True)]
    host = f"https://{urlsplit(page.url).hostname}"
    assert seen == [(canonical_url(host + path), words, date) for path, words, date in page.articles]


@pytest.mark.parametrize("page", LISTINGS.values(), ids=LISTINGS)
def test_each_link_of_a_listing_is_taken_or_left_out_with_a_reason(page: ListingPage) -> None:
    found = read(page.html, page.url)
    assert all(one.reason for one in found.left_out)
    taken = {link.url for link in found.links}
    assert not taken & {one.url for one in found.left_out}


@pytest.mark.parametrize("page", LISTINGS.values(), ids=LISTINGS)
def test_a_listing_goes_on_where_its_pager_says(page: ListingPage) -> None:
    tree = parse_page(page.html.encode())
    assert tree is not None
    expected = NextPage(scripted=True) if page.next == "script" else NextPage(page.next)
    assert find_next_page(tree, page.url, 2) == expected


# -- headlines that a script opens -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "href", ["javascript:__doPostBack('g$l1','')", " JavaScript:xem(5)", "javascript:;", "#", "#!"]
)
async def test_headlines_that_nobody_can_follow_are_told(site: WebSite, open_web: OpenFetcher, href: str) -> None:
    rows = f"""<tr><td><a href="{href}">{ROAD}</a></td><td>24/11/2026</td></tr>
        <tr><td><a href="a-1.html">{MARKET}</a></td><td>23/11/2026</td></tr>"""
    site.page("/tin/", f"<a href='{href}'>Tăng cỡ chữ</a><table>{rows}</table>")
    site.page("/tin/a-1.html", f"<h1>{MARKET}</h1><div id=noidung><p>{MARKET_LEAD}</p></div>")
    harvest = await PageSource(name="cong", url=f"{site.url}/tin/").gather(await open_web(), NOW)
    assert [article.title for article in harvest.articles] == [MARKET]
    (note,) = harvest.notes
    assert note.startswith("1 headline has no address, only a script")
    assert ROAD in note
    assert "try a listing" in note


async def test_a_listing_of_scripts_alone_is_a_failure_that_says_so(site: WebSite, open_web: OpenFetcher) -> None:
    site.page("/tin/", f"<li><a href=\"javascript:__doPostBack('g','')\">{ROAD}</a> 24/11/2026</li>")
    with pytest.raises(SourceError, match="that can be followed: 1 headline has no address, only a script"):
        await PageSource(name="cong", url=f"{site.url}/tin/").gather(await open_web(), NOW)


# -- selectors ---------------------------------------------------------------------------------------------------------


def test_a_selector_takes_what_it_finds_and_nothing_else() -> None:
    other = f"<b class=x><a href='https://khac.example/1'>{ROAD}</a> 24/11/2026</b>"
    html = f"<div class=m><a href=/>Về trang chủ</a></div>{other}{ITEMS}"
    found = read(html, selector=".x")
    assert headlines(found) == [ROAD]
    assert dates(found) == ["2026-11-24 00:00"]
    assert reasons(found)[MARKET] == "select.link does not find it"
    assert headlines(read(html, selector=".m a")) == ["Về trang chủ"]


async def test_a_selector_that_finds_nothing_is_told(site: WebSite, open_web: OpenFetcher) -> None:
    site.page("/tin/", ITEMS)
    source = PageSource(name="cong", url=f"{site.url}/tin/", select=Selectors(link=".khong-co a"))
    with pytest.raises(SourceError, match=r"has no links to articles; check select\.link"):
        await source.gather(await open_web(), NOW)
