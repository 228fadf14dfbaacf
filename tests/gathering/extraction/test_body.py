"""The body of an article on its page: whole, and nothing of the page or of other stories in it. All without selectors."""

from __future__ import annotations

import logging
import re

import pytest

from distributor.errors import SourceError
from distributor.gathering.cleaning import clean_body
from distributor.gathering.extraction.selectors import Selectors
from distributor.gathering.sources.page import PageSource
from distributor.source import FetchResult
from gathering.extraction.body_page import BODY, PARAGRAPHS, STORY, TITLE, URL, page, paragraphs, read
from support.builders import NOW
from support.web_site import OpenFetcher, WebSite

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
