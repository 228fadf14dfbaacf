"""Boxes inside a body go; what only resembles one stays."""

from __future__ import annotations

import re

import pytest

from distributor.gathering.cleaning import clean_body
from gathering.extraction.body_page import BODY, PARAGRAPHS, TITLE, URL, page, read

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
