"""What `sources try` decides: what bytes are, where an article stands, which selectors to propose, what the block is."""

from __future__ import annotations

import lxml.html
from lxml.html import HtmlElement

from distributor.gathering.discovery.repeated_blocks import find_link_selector, group_links

BASE = "https://bacson.example/tin/"


def page(html: str) -> HtmlElement:
    return lxml.html.document_fromstring(html)


# -- the repeated block ------------------------------------------------------------------------------------------------

LISTING = page(
    '<div class="menu"><a href="/gioi-thieu.html">Giới thiệu chung về tòa soạn</a></div><ul class="tin">'
    + "".join(
        f'<li><h3><a href="/tin/{n}.html">Tin số {n} của ngày</a></h3><a href="/tin/{n}.html"><img></a></li>'
        for n in range(5)
    )
    + '<li><h3><a href="/tin/ngan.html">Ngắn</a></h3></li></ul><ol class="nong"><li><a href="/tin/2.html">Tin số 2</a></li>'
    '<li><a href="/tin/9.html">Tin số 9 của ngày</a></li></ol>'
)  # fmt: skip
STORIES = [f"https://bacson.example/tin/{n}.html" for n in range(5)]


def test_links_are_grouped_by_the_block_that_they_stand_in() -> None:
    nine = "https://bacson.example/tin/9.html"
    assert group_links(LISTING, BASE, [nine, *STORIES]) == [STORIES, [nine]]


def test_a_selector_for_links_finds_the_whole_block_and_nothing_that_is_no_article() -> None:
    css, found = find_link_selector(LISTING, BASE, STORIES[:3], ["https://bacson.example/gioi-thieu.html"])
    assert found == [*STORIES, "https://bacson.example/tin/ngan.html"]
    assert len(css) <= len(".tin h3 a")


def test_where_no_selector_tells_them_apart_there_is_none() -> None:
    alike = page('<ul class="t"><li><a href="/a.html">Tin a b c</a></li><li><a href="/b.html">Tin b c d</a></li></ul>')
    assert find_link_selector(alike, BASE, ["https://bacson.example/a.html"], ["https://bacson.example/b.html"]) == (
        "",
        [],
    )
