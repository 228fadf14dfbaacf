"""What `sources try` decides: what bytes are, where an article stands, which selectors to propose, what the block is."""

from __future__ import annotations

import lxml.html
from hypothesis import given
from hypothesis import strategies as st
from lxml.html import HtmlElement

from distributor.gathering.discovery.css_selectors import describe_element, selectors_for
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
