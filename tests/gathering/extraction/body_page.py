"""A page with a body in some shape, as tests of extraction need it."""

from __future__ import annotations

import re

from distributor.gathering.extraction.selectors import Selectors
from distributor.gathering.listings.listing import ArticleLink
from distributor.gathering.sources.page import PageSource
from distributor.model import ParsedArticle
from distributor.source import FetchedDocument

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
