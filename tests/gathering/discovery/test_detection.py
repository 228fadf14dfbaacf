"""What `sources try` decides: what bytes are, where an article stands, which selectors to propose, what the block is."""

from __future__ import annotations

import lxml.html
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml.html import HtmlElement

from distributor.gathering.discovery.detection import (
    DocumentFormat,
    detect_format,
    find_feeds,
    find_listing_urls,
    find_sections,
    is_front_page,
    sitemaps_in_robots,
)

BASE = "https://bacson.example/tin/"


def page(html: str) -> HtmlElement:
    return lxml.html.document_fromstring(html)


# -- what bytes are ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "form"),
    [
        (b"<!DOCTYPE html><html><body>x", DocumentFormat.PAGE),
        (b"<p>no head at all", DocumentFormat.PAGE),
        (b'<?xml version="1.0"?><!-- a --><rss version="2.0">', DocumentFormat.FEED),
        (b'\xef\xbb\xbf\n<feed xmlns="http://www.w3.org/2005/Atom">', DocumentFormat.FEED),
        (b'<rdf:RDF xmlns:rdf="x">', DocumentFormat.FEED),
        (b'<!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "x.dtd"><rss version="0.91">', DocumentFormat.FEED),
        ('<?xml version="1.0" encoding="utf-16"?><rss>'.encode("utf-16"), DocumentFormat.FEED),
        (b'{"version": "https://jsonfeed.org/version/1.1", "items": []}', DocumentFormat.FEED),
        (b'[{"id": 1, "title": {"rendered": "x"}, "link": "https://x"}]', DocumentFormat.WORDPRESS),
        (b'{"namespaces": ["oembed/1.0", "wp/v2"]}', DocumentFormat.WORDPRESS),
        (b'<?xml version="1.0"?><urlset>', DocumentFormat.SITEMAP),
        (b"<sitemapindex>", DocumentFormat.SITEMAP),
        (b'{"ok": true}', DocumentFormat.JSON),
        (b"[1, 2]", DocumentFormat.JSON),
        ("Tin ngày 24/11".encode(), DocumentFormat.TEXT),
        (b"%PDF-1.7\x00\x01\xff", DocumentFormat.OTHER),
        (b"", DocumentFormat.OTHER),
    ],
)
def test_bytes_are_judged_by_themselves_and_not_by_the_servers_word(body: bytes, form: DocumentFormat) -> None:
    assert detect_format(body, "application/octet-stream") is form


@given(st.binary(max_size=300), st.sampled_from(["", "text/html", "application/json"]))
def test_no_bytes_are_too_strange_to_be_judged(body: bytes, media_type: str) -> None:
    assert detect_format(body, media_type) in DocumentFormat


@pytest.mark.parametrize("url", ["https://x.vn", "https://x.vn/", "https://x.vn/index.aspx", "https://x.vn/trang-chu"])
def test_front_pages_are_known_by_their_address(url: str) -> None:
    assert is_front_page(url)
    assert not is_front_page("https://x.vn/tin-tuc")
    assert not is_front_page(f"{url}?id=7")


def test_feeds_are_those_of_the_head_else_those_that_links_name() -> None:
    head = page(
        '<head><link rel="alternate" type="application/rss+xml" title="Tin" href="/a.rss">'
        '<link rel="alternate" type="application/rss+xml" title="Bình luận" href="/comments/feed/">'
        '<link rel="alternate" hreflang="en" href="/en/"></head><body><a href="/rss/khac.rss">RSS</a>'
    )
    assert [one.url for one in find_feeds(head, BASE)] == ["https://bacson.example/a.rss"]
    body = page(
        '<body><a href="/kenh-rss.htm">RSS</a><a href="/feedback.html">Góp ý</a><a href="/rss/tin-moi.rss">Mới</a>'
    )
    assert [one.url for one in find_feeds(body, BASE)] == [
        "https://bacson.example/kenh-rss.htm",
        "https://bacson.example/rss/tin-moi.rss",
    ]


def test_sections_are_the_short_links_of_the_menu() -> None:
    menu = page(
        '<nav><a href="/">Trang chủ</a><a href="/kinh-te/">Kinh tế</a><a href="https://khac.example/">Khác</a>'
        '<a href="/tin/1.html">Một tin dài với rất nhiều chữ trong tiêu đề</a></nav><p><a href="/x/">Ngoài menu</a></p>'
    )
    assert [(one.words, one.url) for one in find_sections(menu, BASE)] == [
        ("Kinh tế", "https://bacson.example/kinh-te/")
    ]


def test_the_listing_of_an_article_is_looked_for_by_breadcrumb_and_address() -> None:
    article = page(
        '<ul class="Breadcrumb"><li><a href="/">Đầu</a></li><li><a href="/muc/kinh-te">Kinh tế</a></li></ul>'
    )
    assert find_listing_urls(article, "https://bacson.example/tin/2026/a-1.html")[:4] == [
        "https://bacson.example/muc/kinh-te",
        "https://bacson.example/",
        "https://bacson.example/tin/2026/",
        "https://bacson.example/tin/",
    ]


def test_robots_names_maps_of_the_site() -> None:
    assert sitemaps_in_robots("User-agent: *\nSITEMAP: /map.xml\nDisallow: /", BASE) == [
        "https://bacson.example/map.xml"
    ]
