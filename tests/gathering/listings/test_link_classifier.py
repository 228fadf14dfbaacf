"""Which links of a listing are articles, and why the others are not."""

from __future__ import annotations

import pytest

from gathering.listings.listing_pages import (
    GIFTS,
    ITEMS,
    MARKET,
    NOTICE,
    ROAD,
    ROAD_LEAD,
    SHORT,
    dates,
    headlines,
    read,
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


def test_short_headlines_count_where_their_neighbours_are_articles() -> None:
    rows = "".join(
        f"<li><a href='/tin/{n}-x.html'>{words}</a> <span>2{n}/11/2026</span></li>"
        for n, words in enumerate((ROAD, SHORT, NOTICE, "Cáo phó", MARKET))
    )
    assert headlines(read(f"<ul>{rows}</ul>")) == [ROAD, SHORT, NOTICE, "Cáo phó", MARKET]


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
