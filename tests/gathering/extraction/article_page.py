"""A page with one article, as tests of extraction need it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from distributor.gathering.extraction.article import ExtractedArticle, extract_article
from distributor.gathering.extraction.document import parse_page
from distributor.gathering.extraction.selectors import Selectors

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")


URL = "https://tanlap.example/tin/cho-phien.html"


TITLE = "Tân Lập mở lại chợ phiên sau mười năm"


BODY = (
    '<div class="article-body"><p>Sáng nay, chợ phiên Tân Lập mở lại trong niềm vui của bà con các dân tộc trong vùng.</p>'
    "<p>Chợ họp sáu ngày một lần, bán rau, gà, vải lanh và nông cụ do người dân tự làm ra.</p></div>"
)


AT_NINE = datetime(2026, 11, 24, 2, 5, tzinfo=UTC)  # 09:05 in Hanoi


def article(
    inside: str = "",
    *,
    head: str = "<title>x</title>",
    before: str = f"<h1>{TITLE}</h1>",
    hint: str = "",
    url: str = URL,
) -> ExtractedArticle:
    page = parse_page(f"<html><head>{head}</head><body>{before}{inside}{BODY}</body></html>".encode())
    assert page is not None
    return extract_article(page, url, Selectors(), HANOI, hint=hint)


def ld(**said: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(said)}</script>'


CARD = "<meta property='og:image' content='/anh/lon.jpg'>"


def pictured(body: str, head: str = CARD) -> str:
    page = f"{head}<h1>{TITLE}</h1>{BODY.replace('<p>Chợ', body + '<p>Chợ')}"
    tree = parse_page(page.encode())
    assert tree is not None
    image = extract_article(tree, URL, Selectors(), HANOI).image
    return image.url.removeprefix("https://tanlap.example") if image else ""
