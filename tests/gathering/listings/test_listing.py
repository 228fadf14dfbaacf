"""Listings: which links are articles, with what headline and date, why the others are not, and where the listing goes on."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web

from distributor.articles.matching import content_hash
from distributor.errors import SourceError
from distributor.gathering.extraction.article import Selectors
from distributor.gathering.extraction.document import parse_page
from distributor.gathering.listings.listing import ListingResult, read_listing
from distributor.gathering.listings.pagination import NextPage, find_next_page
from distributor.gathering.sources.page import PageSource
from distributor.url_cleaning import canonical_url
from gathering.listings.listing_pages import (
    GIFTS,
    LISTINGS,
    MARKET,
    MARKET_LEAD,
    NOTICE,
    ROAD,
    ROAD_LEAD,
    SHORT,
    ListingPage,
)
from support.web_site import OpenFetcher, WebSite

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2026, 11, 28, 15, 30, tzinfo=HANOI)
URL = "https://bacson.example/tin/"


def read(html: str, url: str = URL, selector: str = "") -> ListingResult:
    page = parse_page(html.encode())
    assert page is not None
    return read_listing(page, url, NOW, HANOI, selector)


def headlines(listing: ListingResult) -> list[str]:
    return [link.words for link in listing.links]


def dates(listing: ListingResult) -> list[str]:
    return [f"{link.published.astimezone(HANOI):%Y-%m-%d %H:%M}" if link.published else "" for link in listing.links]


def reasons(listing: ListingResult) -> dict[str, str]:
    return {one.words: one.reason for one in listing.left_out}


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


# -- headlines ---------------------------------------------------------------------------------------------------------


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


# -- what is no article ------------------------------------------------------------------------------------------------

ITEMS = "".join(
    f"<div class=item><h3><a href='/tin/{slug}'>{words}</a></h3><p>{ROAD_LEAD}</p></div>"
    for slug, words in (("kiem-tra-101.html", ROAD), ("phien-cho-102.html", MARKET), ("tin-buon-103.html", SHORT))
)


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("<a href='#main-content'>Truy cập nội dung luôn trên trang này</a>", "a place on this page"),
        ("<a href='/tin/?x=1#noi-dung'>Chuyển đến nội dung chính</a>", "a place on this page"),
        ("<a href='/dang-nhap.html'>Đăng nhập dành cho cán bộ công chức</a>", "an account or a login"),
        ("<a href='/user/register'>Đăng ký thông tin của người dùng mới</a>", "person"),
        ("<a href='/tags/giao-thong.html'>Giao thông nông thôn và miền núi</a>", "a topic or tag"),
        ("<a href='/chu-de/bien-doi-khi-hau-12345.html'>Biến đổi khí hậu ở vùng cao</a>", "a topic or tag"),
        ("<a href='/tac-gia/thu-huong-88'>Các bài viết của Thu Hương</a>", "a person's page"),
        ("<a href='/tim-kiem?q=abc'>Tìm kiếm tin tức theo từ khóa</a>", "a search"),
        ("<a href='/rss/tin-moi.rss'>Kênh RSS của tin mới nhất</a>", "a feed"),
        ("<a href='/van-ban/quyet-dinh-1234.pdf'>Quyết định 1234 của Ủy ban tỉnh</a>", "a file"),
        ("<a href='/en/'>English version of this portal</a>", "another language"),
        ("<a href='/tin/?lang=en'>Xem trang này bằng tiếng Anh</a>", "the listing itself"),
        ("<a href='/tin/?page=3'>Xem các tin cũ hơn ở trang ba</a>", "a further page"),
        ("<a href='/tin/page/3/'>Xem các tin cũ hơn ở trang ba</a>", "a further page"),
        ("<a href='/tin/'>Tin tức và sự kiện trong tỉnh</a>", "the listing itself"),
        ("<a href='/'>Cổng thông tin điện tử tỉnh Bắc Sơn</a>", "the front page"),
        ("<a href='https://khac.example/a-1234.html'>Trang thông tin của huyện bạn</a>", "another site"),
        ("<a href='mailto:a@b.example'>Gửi thư cho ban biên tập</a>", "no address of a page"),
        ("<a href='/chuyen-muc/kinh-te'>Kinh tế, xã hội và đời sống</a>", "a section"),
        ("<a href='/so-do-site.html'>Sơ đồ của cổng thông tin này</a>", "a page about the site"),
        (
            "<ul><li><a href='/a-b'>Ủy ban</a><li><a href='/c'>Hội đồng nhân dân tỉnh</a><li><a href='/d'>Đảng bộ</a></ul>",
            "section",
        ),
        ("<footer><a href='/quy-che-12345.html'>Quy chế hoạt động của cổng thông tin</a></footer>", "a menu or frame"),
        (
            "<div role=navigation><a href='/noi-bat-12345.html'>Những tin nổi bật trong tuần qua</a></div>",
            "a menu or frame",
        ),
        ("<a href='javascript:void(0)'>Tăng cỡ chữ</a>", "only a script"),
    ],
)
def test_what_is_no_article_is_left_out_and_staff_are_told_why(link: str, reason: str) -> None:
    for html in (link + ITEMS, ITEMS + link):
        found = read(html)
        assert headlines(found) == [ROAD, MARKET, SHORT]
        assert any(reason in one.reason for one in found.left_out), found.left_out


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


MENU = """<div class="col-3"><ul><li><a href="/gioi-thieu-tinh">Giới thiệu về tỉnh Bắc Sơn</a></li>
    <li><a href="/bo-may">Bộ máy tổ chức chính quyền tỉnh</a></li>
    <li><a href="/quy-hoach-phat-trien">Chiến lược, quy hoạch phát triển kinh tế</a></li>
    <li><a href="/thu-tuc-hanh-chinh">Thủ tục hành chính và dịch vụ công</a></li></ul></div>"""


@pytest.mark.parametrize(
    "slugs",
    [
        ("/tin/1-kiem-tra", "/tin/2-phien-cho", "/tin/3-trao-qua"),
        (
            "/kiem-tra-tien-do-tuyen-duong-mien-nui",
            "/xa-vung-cao-mo-phien-cho-dau-mua",
            "/trao-qua-cho-hoc-sinh-vung-lu",
        ),
        ("/tin?id=31", "/tin?id=32", "/tin?id=33"),
    ],
)
def test_where_nothing_has_a_date_or_a_heading_the_links_that_look_most_like_articles_are(
    slugs: tuple[str, ...],
) -> None:
    rows = "".join(
        f"<li><a href='{slug}'>{words}</a></li>" for slug, words in zip(slugs, (ROAD, MARKET, GIFTS), strict=True)
    )
    assert headlines(read(f"{MENU}<div class='col-9'><ul>{rows}</ul></div>")) == [ROAD, MARKET, GIFTS]


@pytest.mark.parametrize(
    "article", [f"<p><a href='bai-1.html'>{ROAD}</a></p>", f"<h3><a href='bai-1.html'>{ROAD}</a></h3>"]
)
def test_a_line_of_links_beside_the_only_article_is_a_menu(article: str) -> None:
    line = """<a href="kinh-te-xa-hoi.html">Kinh tế - Xã hội</a> | <a href="van-ban-chi-dao-dieu-hanh.html">Văn bản chỉ đạo
        điều hành của tỉnh</a> | <a href="dich-vu-cong-truc-tuyen.html">Dịch vụ công trực tuyến của tỉnh</a>"""
    assert headlines(read(f"<div class=top>{line}</div>{article}")) == [ROAD]


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


def test_short_headlines_count_where_their_neighbours_are_articles() -> None:
    rows = "".join(
        f"<li><a href='/tin/{n}-x.html'>{words}</a> <span>2{n}/11/2026</span></li>"
        for n, words in enumerate((ROAD, SHORT, NOTICE, "Cáo phó", MARKET))
    )
    assert headlines(read(f"<ul>{rows}</ul>")) == [ROAD, SHORT, NOTICE, "Cáo phó", MARKET]


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


def test_classes_that_hold_the_word_category_make_no_headline_a_section() -> None:
    item = """<div class="box-category-item"><a class="box-category-link-with-avatar" href="/{n}8261128.htm"><img></a>
        <div class="box-category-content"><h3 class="box-title-text">
        <a class="box-category-link-title" href="/{n}8261128.htm">{t}</a></h3>
        <a class="box-category-category" href="/thoi-su.htm">Thời sự</a><p class="box-category-sapo">{s}</p></div></div>"""
    html = "".join(
        item.replace("{n}", str(n)).replace("{t}", t).replace("{s}", ROAD_LEAD) for n, t in enumerate((ROAD, SHORT), 1)
    )
    assert headlines(read(html)) == [ROAD, SHORT]


def test_the_section_beside_each_headline_is_no_article() -> None:
    item = (
        "<div class=item><a class='{c}' href='/doi-song-phap-luat'>Đời sống pháp luật</a><a href='/tin/{n}.html'>{t}</a>"
        "<span>2{n}/11/2026</span></div>"
    )
    for name in ("category", "x"):
        html = "".join(
            item.replace("{c}", name).replace("{n}", str(n)).replace("{t}", words)
            for n, words in enumerate((ROAD, MARKET, GIFTS))
        )
        assert headlines(read(html)) == [ROAD, MARKET, GIFTS]
        assert dates(read(html)) == ["2026-11-20 00:00", "2026-11-21 00:00", "2026-11-22 00:00"]


# -- dates -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shape",
    [
        "<li><a href={n}.html>{t}</a> ({d})</li>",
        "<li><span class=d>{d}</span><a href={n}.html>{t}</a></li>",
        "<li><div><a href={n}.html>{t}</a></div><div>Ngày đăng: {d} | Lượt xem: 20</div></li>",
        "<tr><td><a href={n}.html>{t}</a></td><td>{d}</td></tr>",
        "<tr><td>{d}</td><td><a href={n}.html>{t}</a></td></tr>",
        "<tr><td><a href={n}.html>{t}</a></td></tr><tr><td>{d}</td></tr>",
        "<tr><td>{d}</td></tr><tr><td><a href={n}.html>{t}</a></td></tr>",
        "<dt><a href={n}.html>{t}</a></dt><dd>{d}</dd>",
        "<h3><a href={n}.html>{t}</a></h3><p class=time>{d}</p><p>Một chuyện ngày 01/01/2020 và nhiều điều khác nữa.</p>",
        "<a href={n}.html>{t}</a> {d}<br>",
        "{d} <a href={n}.html>{t}</a><br>",
        "<a href={n}.html><h3>{t}</h3><span>{d}</span></a>",
        "<a href={n}.html>{t} ({d})</a><br>",
        "<div><a href={n}.html>{t}</a><a href='/chuyen-muc/y-te'>Y tế</a><i>{d}</i></div>",
    ],
)
def test_each_article_has_the_date_beside_it(shape: str) -> None:
    told = ("24/11/2026", "hôm qua", "2 giờ trước")
    rows = "".join(
        shape.replace("{n}", f"a-{n}").replace("{t}", words).replace("{d}", date)
        for n, (words, date) in enumerate(zip((ROAD, MARKET, GIFTS), told, strict=True))
    )
    html = f"<table>{rows}</table>" if rows.startswith("<tr") else f"<div>{rows}</div>"
    found = read(f"<div class=header>Thứ Bảy, 28/11/2026 15:30</div>{html}<div>Bản quyền 2026</div>")
    assert headlines(found) == [ROAD, MARKET, GIFTS]
    assert dates(found) == ["2026-11-24 00:00", "2026-11-27 00:00", "2026-11-28 13:30"]


def test_the_heading_of_a_day_dates_the_articles_below_it() -> None:
    html = f"""<h4>28/11/2026</h4><p><a href=a-1.html>{ROAD}</a></p><p><a href=a-2.html>{MARKET}</a></p>
        <h4>27/11/2026</h4><p><a href=a-3.html>{GIFTS}</a></p>"""
    assert dates(read(f"<div>{html}</div>")) == ["2026-11-28 00:00", "2026-11-28 00:00", "2026-11-27 00:00"]


@pytest.mark.parametrize(
    "box", ["<span>{d}</span><span>/{m}</span><span>/2026</span>", "<b>{d}</b><i>Tháng {m}</i><i>2026</i>"]
)
def test_a_date_in_several_boxes_is_read(box: str) -> None:
    item = f"<div class=item><div class=ngay>{box}</div><a href=a-1.html>{ROAD}</a></div>"
    assert dates(read(item.replace("{d}", "24").replace("{m}", "11"))) == ["2026-11-24 00:00"]


def test_the_moment_for_machines_goes_before_the_words_for_readers() -> None:
    html = f"<li><a href=a-1.html>{ROAD}</a><span class=time-ago title='2026-11-28T13:31:00'>2 giờ trước</span></li>"
    assert dates(read(html)) == ["2026-11-28 13:31"]


async def test_a_date_that_cannot_be_read_is_told_with_what_to_do(site: WebSite, open_web: OpenFetcher) -> None:
    site.page("/tin/", f"<table><tr><td><a href=a-1.html>{ROAD}</a></td><td>11/24/2026 2:35 PM</td></tr></table>")
    site.page("/tin/a-1.html", f"<h1>{ROAD}</h1><div id=noidung><p>{ROAD_LEAD}</p></div>")
    source = PageSource(name="cong", url=f"{site.url}/tin/")
    harvest = await source.gather(await open_web(), NOW)
    assert harvest.articles[0].published is None
    (note,) = harvest.notes
    assert "'11/24/2026 2:35 PM' does not exist" in note
    assert "date_order: month first" in note
    (told,) = await source.explain(await open_web(), NOW)
    assert (told.taken, told.published) == (True, None)
    assert "does not exist" in told.reason
    right = replace(source, date_order="month first")
    (article,) = (await right.gather(await open_web(), NOW)).articles
    assert article.published == datetime(2026, 11, 24, 14, 35, tzinfo=HANOI)


async def test_a_date_told_from_now_on_changes_nothing_at_the_next_look(site: WebSite, open_web: OpenFetcher) -> None:
    told = iter(("2 giờ trước", "3 giờ trước"))

    async def answer(request: web.Request) -> web.Response:
        page = f"<li><a href=a-1.html>{ROAD}</a> <span>{next(told)}</span></li>"
        return web.Response(text=page, content_type="text/html")

    site.at("/tin/", answer)
    site.page("/tin/a-1.html", f"<h1>{ROAD}</h1><div id=noidung><p>{ROAD_LEAD}</p></div>")
    source = PageSource(name="cong", url=f"{site.url}/tin/")
    first, second = [(await source.gather(await open_web(), NOW)).articles[0] for _ in range(2)]
    assert first.published == datetime(2026, 11, 28, 13, 30, tzinfo=HANOI)
    assert first.published != second.published
    assert content_hash(first) == content_hash(second)


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
    assert "look for" in note


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
