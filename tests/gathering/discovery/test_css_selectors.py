"""CSS selectors of elements and of groups of links."""

from __future__ import annotations

import lxml.html
from hypothesis import given
from hypothesis import strategies as st
from lxml.html import HtmlElement

from distributor.gathering.discovery.css_selectors import (
    describe_element,
    find_link_selector,
    group_links,
    selectors_for,
)
from distributor.gathering.extraction.document import select


def page(html: str) -> HtmlElement:
    return lxml.html.document_fromstring(html)


# -- names of elements -------------------------------------------------------------------------------------------------


def test_selectors_leave_out_what_is_of_one_story_or_of_the_looks() -> None:
    tree = page('<div id="post-18342" class="col-md-8 clearfix bai-viet css-1x9f"><p class="mt-3"><b>x</b></p></div>')
    block_ = tree.xpath("//div")[0]
    assert list(selectors_for(block_)) == [".bai-viet", "div.bai-viet"]
    assert describe_element(tree.xpath("//p")[0]) == ".bai-viet > p"
    assert list(selectors_for(tree.xpath("//b")[0])) == [".bai-viet b"]


_NAMES = st.text(st.sampled_from("abcX-_09 \t'\"\\{}[]>.#:é/*\x0b"), max_size=12)


@given(_NAMES, _NAMES, _NAMES)
def test_every_selector_is_valid_and_finds_its_element(id: str, own: str, above: str) -> None:
    outer = lxml.html.Element("div")
    inner = lxml.html.Element("span")
    outer.append(inner)
    for element, name, value in ((inner, "id", id), (inner, "class", own), (outer, "class", above)):
        try:
            element.set(name, value)
        except ValueError:
            return
    for css in selectors_for(inner):
        assert inner in select(outer, css)


BASE = "https://bacson.example/tin/"


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
