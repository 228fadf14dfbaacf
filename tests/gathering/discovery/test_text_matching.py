"""Text matching: at which places of a page the fields of its article stand."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import lxml.html
from lxml.html import HtmlElement

from distributor.gathering.discovery.text_matching import find_positions
from distributor.model import Image, ParsedArticle

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
BASE = "https://bacson.example/tin/"


def page(html: str) -> HtmlElement:
    return lxml.html.document_fromstring(html)


# -- where an article stands -------------------------------------------------------------------------------------------


def test_places_are_found_by_what_they_say() -> None:
    tree = page(
        """<html><head><title>Hội nghị tổng kết năm | Bắc Sơn</title>
        <meta property="og:title" content="Hội nghị tổng kết năm"><meta property="og:image" content="/a.jpg">
        <script type="application/ld+json">{"@graph": [{"@type": "NewsArticle", "headline": "Hội nghị tổng kết năm",
        "author": [{"name": "Thu Hà"}], "datePublished": "2026-11-24T14:35:00+07:00"}]}</script></head>
        <body><h1 class="tit">Hội nghị  tổng kết năm</h1><span class="gio">14:35, 24/11/2026</span>
        <p class="sapo">Sáng nay, hội nghị diễn ra ở hội trường lớn.</p><div class="ruot"><p>Đoạn một của bài viết dài.</p>
        <p>Đoạn hai của bài viết dài.</p></div><p class="cuoi">Bài, ảnh: Thu Hà</p></body></html>"""
    )
    found = ParsedArticle(
        source="x",
        title="Hội nghị tổng kết năm",
        lead="Sáng nay, hội nghị diễn ra ở hội trường lớn.",
        body_html="<p>Đoạn một của bài viết dài.</p><p>Đoạn hai của bài viết dài.</p>",
        author="Thu Hà",
        published=datetime(2026, 11, 24, 7, 35, tzinfo=UTC),
        image=Image(url="https://bacson.example/a.jpg"),
    )
    before = lxml.html.tostring(tree)
    assert find_positions(found, tree, BASE, ZONE) == {
        "title": ["JSON-LD headline", "meta og:title", "h1.tit"],
        "date": ["JSON-LD datePublished", "span.gio"],
        "author": ["JSON-LD author.name"],
        "lead": ["p.sapo"],
        "image": ["meta og:image"],
        "body": ["div.ruot"],
    }
    assert lxml.html.tostring(tree) == before


def test_an_author_in_a_signature_is_found_there() -> None:
    tree = page("<body><div class=b><p>Một đoạn văn.</p><p class=cuoi>Bài, ảnh: Thu Hà</p></div>")
    found = ParsedArticle(source="x", title="T", author="Thu Hà")
    assert find_positions(found, tree, BASE, ZONE) == {"author": ["p.cuoi"]}


def test_the_words_of_the_listing_come_first() -> None:
    found = ParsedArticle(source="x", title="Tin A")
    assert (
        find_positions(found, page("<h1>Tin A</h1>"), BASE, ZONE, "Tin A")["title"][0]
        == "the link's words in the listing"
    )
