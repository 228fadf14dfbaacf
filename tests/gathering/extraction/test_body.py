"""The body of an article on its page: whole, and nothing of the page or of other stories in it. All without selectors."""

from __future__ import annotations

import logging
import re

import lxml.html
import pytest

from distributor.errors import SourceError
from distributor.gathering.cleaning import clean_body
from distributor.gathering.extraction.article import Selectors
from distributor.gathering.extraction.document import compile_selector
from distributor.gathering.listings.listing import ArticleLink
from distributor.gathering.sources.page import PageSource
from distributor.model import ParsedArticle
from distributor.source import FetchedDocument, FetchResult
from support.builders import NOW
from support.web_site import OpenFetcher, WebSite

URL = "https://bacson.example/tin/thuy-dien-12.html"
TITLE = "Nhà máy thủy điện Nà Pài phát điện tổ máy số 1"
PARAGRAPHS = (
    "Chiều 27/11, tổ máy số 1 của nhà máy thủy điện Nà Pài đã hòa lưới điện quốc gia, sau ba năm xây dựng trên suối Nà Pài.",
    "Nhà máy có hai tổ máy với tổng công suất 12 MW, mỗi năm cung cấp khoảng 42 triệu kWh cho các xã vùng cao của huyện.",
    "Theo ban quản lý dự án, tổ máy số 2 sẽ phát điện trong quý I năm 2027; hơn 140 hộ dân tái định cư đã nhận đất.",
)
BODY = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
STORY = f"<div class='article-body'>{BODY}</div>"


def page(inside: str, head: str = "") -> str:
    return (
        f"<!DOCTYPE html><html lang='vi'><head><meta charset='utf-8'><title>{TITLE} - Báo Bắc Sơn</title>{head}</head>"
        f"<body><ul class='menu'><li><a href='/'>Trang chủ</a></li><li><a href='/kinh-te'>Kinh tế</a></li></ul>{inside}"
        "<div class='footer'>Cơ quan chủ quản: Ủy ban nhân dân huyện Bắc Sơn. Điện thoại: 0205 000 000</div></body></html>"
    )


def read(html: str, select: Selectors | None = None) -> ParsedArticle:
    source = PageSource(name="bao", url="https://bacson.example/tin/", select=select or Selectors())
    return source.article(FetchedDocument(url=URL, body=html.encode()), ArticleLink(URL, ""))


def paragraphs(html: str) -> tuple[str, ...]:
    return tuple(re.findall(r"<p>(.*?)</p>", html))


# -- where the body stands ---------------------------------------------------------------------------------------------

STATE = (
    "<input type='hidden' name='__VIEWSTATE' value='/wEPDwUKMTY3'><select><option>Tất cả chuyên mục</option></select>"
)
SHAPES = {
    "a form around the page": f"<form id='aspnetForm'>{STATE}<h1>{TITLE}</h1><div class='box'>{BODY}</div></form>",
    "a form around the article": f"<h1>{TITLE}</h1><form action='x.aspx'>{STATE}<div class='x1'>{BODY}</div></form>",
    "a form within a form's place": f"<form>{STATE}<form><h1>{TITLE}</h1><div id='ndung'>{BODY}</div></form></form>",
    "parts of one class": f"<h1>{TITLE}</h1><main>"
    + "<div class='ad'></div>".join(f"<div class='article-body'><p>{one}</p></div>" for one in PARAGRAPHS)
    + "</main>",
    "parts named by microdata": f"<h1>{TITLE}</h1><section>"
    + "".join(f"<div itemprop='articleBody'><p>{one}</p></div>" for one in PARAGRAPHS)
    + "</section>",
    "a teaser of that class before it": "<div class='slider'><div class='post-content'><a href='/khac'>Tin nổi bật: "
    "huyện mở phiên chợ vùng cao vào sáng chủ nhật với hơn hai trăm gian hàng của mười hai xã</a></div></div>"
    f"<h1>{TITLE}</h1><div class='post-content'>{BODY}</div>",
    "a teaser in sentences before it": "<div class='entry-content'><p>Huyện mở phiên chợ vùng cao vào sáng chủ nhật, với "
    f"hơn hai trăm gian hàng của mười hai xã.</p></div><h1>{TITLE}</h1><div class='entry-content'>{BODY}</div>",
    "no name at all": f"<h1>{TITLE}</h1><div><div>{BODY}</div></div>",
    "a class in other letters": f"<h1>{TITLE}</h1><div class='NoiDung'>{BODY}</div>",
    "table layout": f"<table><tr><td><a href='/1'>Văn bản</a></td><td class='c2'><h1>{TITLE}</h1>{BODY}</td></tr></table>",
    "line breaks": f"<h1>{TITLE}</h1><div id='content_detail'>{'<br><br>'.join(PARAGRAPHS)}</div>",
}


@pytest.mark.parametrize("inside", SHAPES.values(), ids=SHAPES.keys())
def test_the_whole_body_is_found_wherever_it_stands(inside: str) -> None:
    found = read(page(inside))
    assert found.title == TITLE
    assert re.sub(r"<br>", "", "".join(paragraphs(found.body_html))) == "".join(PARAGRAPHS)


def test_a_small_form_in_a_body_goes_with_its_words() -> None:
    form = "<form action='/nhan-tin'><label>Nhận tin qua e-mail</label><input name='e'><button>Gửi</button></form>"
    assert paragraphs(read(page(f"<h1>{TITLE}</h1>{STORY.replace('</p>', f'</p>{form}', 1)}")).body_html) == PARAGRAPHS


def test_a_body_that_only_the_pages_data_holds_is_read_there() -> None:
    data = f'{{"@type": "NewsArticle", "headline": "{TITLE}", "articleBody": "{" ".join(PARAGRAPHS)}"}}'
    html = page("<div id='app'>Đang tải…</div>", f"<script type='application/ld+json'>{data}</script>")
    assert read(html).body_html == f"<p>{' '.join(PARAGRAPHS)}</p>"


def test_pictures_links_and_tables_of_a_body_without_a_name_are_the_pages_own() -> None:
    table = "<table><tr><td>Tổ máy 1</td><td>6 MW</td></tr></table>"
    inside = (
        f"<h1>{TITLE}</h1><div class='x9'><div><p>{PARAGRAPHS[0]}</p><p><img src='/a.jpg' width='800'></p>"
        f"<p>{PARAGRAPHS[1].replace('hai tổ máy', '<a href=/may><b>hai tổ máy</b></a>')}</p>{table}"
        f"<p><img src='/b.jpg' width='800'></p><p>{PARAGRAPHS[2]}</p></div></div>"
    )
    found = read(page(inside))
    assert found.image is not None
    assert found.image.url == "https://bacson.example/a.jpg"
    assert '<a href="https://bacson.example/may"><b>hai tổ máy</b></a>' in found.body_html
    assert "<td>6 MW</td>" in found.body_html
    assert '<img src="https://bacson.example/b.jpg" alt="" width="800">' in found.body_html


# -- what is no part of it ---------------------------------------------------------------------------------------------

OTHER = "<a href='/khac-1.htm'><img src='/khac-1.jpg'>Phiên chợ vùng cao mở cửa sáng chủ nhật</a>"
BOXES = {
    "an attribute": f"<div type='RelatedNewsBox'>{OTHER}<p>Hai trăm gian hàng của mười hai xã.</p></div>",
    "a role": f"<div data-role='newsrelation'><ul><li>{OTHER}</li></ul></div>",
    "an English class": f"<aside class='related-posts'><h4>Bạn có biết</h4>{OTHER}</aside>",
    "a Vietnamese class": f"<div class='tin-lienquan'>{OTHER}<span>20/11/2026</span></div>",
    "a class in capitals": f"<div class='Box_TinLienQuan'>{OTHER}</div>",
    "a label in a list": f"<div class='b1'><ul><li><span>Tham khảo thêm</span><div><h4>{OTHER}</h4></div></li></ul></div>",
    "a label before links": f"<div class='b2'><p><b>Tin cùng chủ đề:</b></p><p>{OTHER}</p><p>{OTHER}</p></div>",
    "a label before a list": f"<p><strong>Đọc thêm</strong></p><ul><li>{OTHER}</li><li>{OTHER}</li></ul>",
    "a line": "<p>&gt;&gt; <a href='/khac-2.htm'>Phiên chợ vùng cao mở cửa sáng chủ nhật</a></p>",
    "a line with a label": "<p><em>Xem thêm: <a href='/khac-2.htm'>Phiên chợ vùng cao mở cửa sáng chủ nhật</a></em></p>",
    "a teaser that leads on": f"<div class='b3'>{OTHER}<p>Tóm tắt của bài khác, không thuộc bài này.</p>"
    "<a href='/khac-1.htm'>Đọc tiếp</a> <a href='/chu-de.htm'>Về trang Chủ đề</a></div>",
    "a note on the author": "<div class='author-bio'><img src='/a.jpg' width='120'><p>Minh Hạnh làm báo.</p></div>",
    "the story before": "<p><a href='/k.htm'>&lt;&lt; Bài trước</a></p>",
    "a card with a picture": "<div class='x7'><a href='/k.htm'><img src='/k.jpg'></a><div><a href='/k.htm'>Phiên chợ vùng "
    "cao mở cửa</a><div>Hai trăm gian hàng của mười hai xã.</div></div></div>",
    "a label in French": "<div><span>Lire aussi |</span> <a href='/k.htm'>Le marché des montagnes est ouvert</a></div>",
    "a label in German": "<p>Lesen Sie auch: <a href='/k.htm'>Markt in den Bergen eröffnet</a></p>",
    "a label in Spanish": "<section><header>Más información</header><h3><a href='/k.htm'>Abre el mercado</a></h3></section>",
    "a label in Japanese": "<p>関連記事：<a href='/k.htm'>山の市場が開く</a></p>",
    "a way to all of a topic": "<p><a href='/chu-de.htm'>Xem tất cả</a></p>",
    "views": "<p>Lượt xem: 1.234</p>",
    "readers": "<div>Số lượt người xem : 56</div>",
    "put up and views": "<p>Ngày đăng: 24/11/2026 08:15 | Lượt xem: 123</p>",
    "changed": "<p>Cập nhật lúc 14:35 - 24/11/2026</p>",
    "to the top": "<p><a href='#top'>Lên top</a></p>",
    "copyright": "<div>Bản quyền thuộc Cổng thông tin điện tử huyện Bắc Sơn</div>",
    "a path": "<div class='breadcrumb'><a href='/'>Trang chủ</a> » <a href='/kinh-te'>Kinh tế</a></div>",
    "a path without a name": "<p><a href='/'>Trang chủ</a> » <a href='/kinh-te'>Kinh tế</a></p>",
    "a share bar": "<div class='social-share'><span>Chia sẻ</span><span>Facebook</span></div>",
    "a portlet's title": "<h2 class='portlet-title-text'>Chi tiết tin tức</h2>",
}  # fmt: skip


@pytest.mark.parametrize("place", [1, 3])
@pytest.mark.parametrize("box", BOXES.values(), ids=BOXES.keys())
def test_what_is_no_part_of_the_story_is_not_in_the_body(box: str, place: int) -> None:
    parts = [f"<p>{one}</p>" for one in PARAGRAPHS]
    parts.insert(place, box)
    found = read(page(f"<h1>{TITLE}</h1><div class='article-body'>{''.join(parts)}</div>"))
    assert found.body_html == BODY
    assert found.image is None


@pytest.mark.parametrize("box", BOXES.values(), ids=BOXES.keys())
def test_it_is_not_in_the_text_of_a_feed_either(box: str) -> None:
    assert clean_body(f"<p>{PARAGRAPHS[0]}</p>{box}<p>{PARAGRAPHS[1]}</p>", URL).html == "".join(
        f"<p>{one}</p>" for one in PARAGRAPHS[:2]
    )


@pytest.mark.parametrize(
    "kept",
    [
        "<p>Xem thêm chi tiết trong <a href='/1.pdf'>quyết định số 12</a> của Ủy ban nhân dân huyện về giá đất.</p>",
        "<p>Lượt xem tăng gấp ba so với năm ngoái.</p>",
        "<p>Ngày đăng ký cuối cùng là 24/11/2026.</p>",
        "<p>Bài liên quan đến vụ việc đã được gửi tới cơ quan chức năng.</p>",
        "<p>Trang chủ của huyện đã đăng toàn văn báo cáo.</p>",
        "<h3>Chuyện khác ở bản Nà Pài</h3>",
        "<p>Tài liệu: <a href='/1.pdf'>quyết định</a>, <a href='/2.pdf'>bản đồ</a>.</p>",
        "<ul><li>Một tổ máy 6 MW</li><li>Một tổ máy 6 MW nữa</li></ul>",
        "<blockquote>Chúng tôi đã chờ ngày này ba năm.</blockquote>",
        "<div class='related'>Công trình liên quan đến ba xã, với tổng số vốn là hai trăm tỷ đồng từ ngân sách.</div>",
    ],
)
def test_what_only_looks_like_it_stays(kept: str) -> None:
    words = re.sub(r"<[^>]+>", "", kept)
    html = read(page(f"<h1>{TITLE}</h1><div class='article-body'><p>{PARAGRAPHS[0]}</p>{kept}{BODY}</div>")).body_html
    assert words in re.sub(r"<[^>]+>", "", html)


def test_a_picture_whose_caption_leads_to_the_same_page_is_the_storys() -> None:
    caption = "<figcaption><a href='/anh'>Nhà máy Nà Pài trên suối</a></figcaption>"
    found = clean_body(f"<div><a href='/anh'><img src='/a.jpg'></a>{caption}</div>{BODY}", URL)
    assert found.image is not None
    assert found.image.caption == "Nhà máy Nà Pài trên suối"


@pytest.mark.parametrize(
    "line",
    ["Minh Hạnh, phóng viên, và Lò Thị Sen", "<b>Minh Hạnh</b> – <b>Lò Thị Sen</b>", "MINH HẠNH, LÒ THỊ SEN"],
)
def test_a_line_of_the_authors_above_the_text_is_no_part_of_it(line: str) -> None:
    data = f'{{"@type": "NewsArticle", "headline": "{TITLE}", "author": ["Minh Hạnh", "Lò Thị Sen"]}}'
    html = page(
        f"<h1>{TITLE}</h1><div class='article-body'><div>{line}</div>{BODY}</div>",
        f"<script type='application/ld+json'>{data}</script>",
    )
    assert read(html).body_html == BODY


def test_a_sentence_about_the_author_at_the_beginning_stays() -> None:
    data = '{"@type": "NewsArticle", "author": "Minh Hạnh"}'
    first = "<p>Minh Hạnh đã sống ba tháng ở Nà Pài.</p>"
    html = page(
        f"<h1>{TITLE}</h1><div class='article-body'>{first}{BODY}</div>",
        f"<script type='application/ld+json'>{data}</script>",
    )
    assert read(html).body_html == first + BODY


@pytest.mark.parametrize(
    "date",
    [
        "Thứ hai, ngày 23 tháng 11 năm 2026",
        "Ngày 23 tháng 11 năm 2026",
        f"<b>{TITLE}</b><br>(Cập nhật: 23/11/2026 - 09h15)",
    ],
)
def test_the_date_above_the_text_is_no_part_of_it(date: str) -> None:
    assert read(page(f"<h1>{TITLE}</h1><div class='article-body'><p>{date}</p>{BODY}</div>")).body_html == BODY


def test_short_headings_and_a_list_of_links_between_paragraphs_stay() -> None:
    parts = (
        f"<h3>1. Tổ máy</h3><p>{PARAGRAPHS[0]}</p><h3>2. Điện</h3><p>{PARAGRAPHS[1]}</p><ul><li>"
        f"<a href='https://khac.example/1'>Nà Pài đón hơn hai nghìn khách</a> (Báo Tỉnh)</li></ul><p>{PARAGRAPHS[2]}</p>"
    )
    html = read(page(f"<h1>{TITLE}</h1><div class='entry'>{parts}</div>")).body_html
    assert html.count("<h3>") == 2
    assert "(Báo Tỉnh)" in html


def test_a_heading_that_is_a_button_stays() -> None:
    questions = "".join(f"<h3><button>Hỏi câu {at}?</button></h3><p>{one}</p>" for at, one in enumerate(PARAGRAPHS))
    assert read(page(f"<h1>{TITLE}</h1><div class='article-body'>{questions}</div>")).body_html.count("Hỏi câu") == 3


# -- selectors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("selector", ["div.noi-dung", "DIV.Noi-Dung", ".NOI-DUNG", "#chitiet", "TD > #ChiTiet"])
def test_elements_classes_and_ids_in_selectors_match_in_any_case(selector: str) -> None:
    html = page(f"<table><tr><td><h1>{TITLE}</h1><DIV Class='Noi-Dung' ID='ChiTiet'>{BODY}</DIV></td></tr></table>")
    assert read(html, Selectors(body=selector)).body_html == BODY


def test_a_class_is_still_matched_as_a_whole() -> None:
    path = compile_selector(".tin")
    assert path is not None
    assert not path(lxml.html.fromstring("<div class='Tin-Moi tintuc'>x</div>"))


async def harvest(site: WebSite, open_web: OpenFetcher, select: Selectors, *articles: str) -> FetchResult:
    names = [f"thuy-dien-{at}.html" for at in range(len(articles))]
    for name, html in zip(names, articles, strict=True):
        site.page(f"/tin/{name}", html)
    site.page("/tin/", "".join(f"<p><a href='{name}'>Nhà máy thủy điện Nà Pài: tin {name}</a></p>" for name in names))
    return await PageSource(name="bao", url=f"{site.url}/tin/", select=select, allow_private=True).gather(
        await open_web(), NOW
    )


async def test_a_selector_that_finds_nothing_is_told(site: WebSite, open_web: OpenFetcher) -> None:
    html = page(f"<h1>{TITLE}</h1><p class='ngay'>27/11/2026 15:20</p>{STORY}")
    told = await harvest(site, open_web, Selectors(body=".than-bai", author=".but-danh", title="h1"), html, html)
    assert [found.body_html for found in told.articles] == [BODY, BODY]
    notes = " ".join(told.notes)
    assert "select.body (.than-bai) finds nothing on 2 of 2 pages" in notes
    assert "select.author (.but-danh) finds nothing on 2 of 2 pages" in notes
    assert "select.title" not in notes


async def test_what_is_missing_on_some_pages_by_right_is_not_told(site: WebSite, open_web: OpenFetcher) -> None:
    html = page(f"<h1>{TITLE}</h1><p class='ngay'>27/11/2026 15:20</p>{STORY}")
    signed = html.replace("</h1>", "</h1><b class='but-danh'>Minh Hạnh</b>")
    told = await harvest(site, open_web, Selectors(author=".but-danh"), html, signed)
    assert not [note for note in told.notes if "select" in note]


async def test_a_page_that_gives_only_its_description_is_told(site: WebSite, open_web: OpenFetcher) -> None:
    head = f"<title>{TITLE}</title><meta name='description' content='Tổ máy số 1 đã phát điện.'>"
    bare = f"<html><head>{head}</head><body></body></html>"
    told = await harvest(site, open_web, Selectors(), bare, page(f"<h1>{TITLE}</h1>{STORY}"))
    assert len(told.articles) == 2
    [note] = [note for note in told.notes if "only a description" in note]
    assert f"1 of 2 pages, such as {site.url}/tin/thuy-dien-0.html" in note


def test_nothing_that_a_library_logs_reaches_the_terminal(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        read(
            f"<html><head><title>{TITLE}</title><meta name='description' content='Chỉ có tóm tắt.'></head><body></body>"
        )
    assert not caplog.records


@pytest.mark.parametrize(
    "page",
    [
        "<h1>Cúp điện xã Bắc Sơn</h1><article><p>Từ 8h đến 11h ngày 29/11.</p></article>",
        "<article><h1>Cúp điện xã Bắc Sơn</h1><p>Từ 8h đến 11h ngày 29/11.</p></article>",
        "<h1>Cúp điện xã Bắc Sơn</h1><div class=noidung>Từ 8h đến 11h ngày 29/11.</div><ul><li><a href=x>Tin khác</a></ul>",
    ],
)
def test_a_notice_of_one_sentence_is_a_body(page: str) -> None:
    assert paragraphs(read(page).body_html) == ("Từ 8h đến 11h ngày 29/11.",)


def test_several_short_articles_on_a_page_are_none() -> None:
    several = "<h1>Tin trong ngày</h1>" + "<article><p>Cúp điện từ 8h.</p></article>" * 3
    with pytest.raises(SourceError):
        read(several)
