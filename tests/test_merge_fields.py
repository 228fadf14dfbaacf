"""Merge fields: filled once, escaped for where they stand, and never by what a source writes."""

from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as document

from distributor import merge_fields
from distributor.errors import RenderError

VALUES = {
    "name": 'Lan "<b>" & Hoa',
    "address": "lan@example.vn",
    "unsubscribe_url": "https://b.vn/u/a?b=1&c='2'",
    "preferences_url": "https://b.vn/p/a?b=1&c='2'",
}


def test_each_mark_is_replaced_wherever_it_stands() -> None:
    text = "".join(
        f"{merge_fields.merge_tag(name)} {merge_fields.merge_tag(name)}\n" for name in merge_fields.FIELD_NAMES
    )
    assert merge_fields.fill_text(text, VALUES) == "".join(
        f"{VALUES[name]} {VALUES[name]}\n" for name in merge_fields.FIELD_NAMES
    )


def test_a_value_is_text_in_html_whatever_stands_in_it() -> None:
    """Between tags and in attributes, whichever quotes they have."""
    name, url = merge_fields.merge_tag("name"), merge_fields.merge_tag("unsubscribe_url")
    page = f"""<p title='{name}'><a href="{url}">{name}</a></p>"""
    (paragraph,) = document.fromstring(f"<div>{merge_fields.fill_html(page, VALUES)}</div>")
    (link,) = paragraph
    assert paragraph.get("title") == link.text == VALUES["name"]
    assert link.get("href") == VALUES["unsubscribe_url"]
    assert not list(link)


@pytest.mark.parametrize("fill", [merge_fields.fill_text, merge_fields.fill_html])
def test_a_value_is_not_filled_again(fill: type) -> None:
    """A subscriber called like a mark is called like a mark."""
    values = {"name": merge_fields.merge_tag("address"), "address": "lan@example.vn"}
    assert fill(merge_fields.merge_tag("name"), values) == merge_fields.merge_tag("address")


def test_there_is_no_mark_that_nobody_fills() -> None:
    with pytest.raises(RenderError, match="there are: name, address, unsubscribe_url"):
        merge_fields.merge_tag("password")
    with pytest.raises(RenderError, match="'address' has no value"):
        merge_fields.fill_html(merge_fields.merge_tag("address"), {"name": "Lan"})


@given(
    st.text() | st.lists(st.sampled_from(["@", "@@", "field:", "name", "@@field:name@@", "\u2060", " "])).map("".join)
)
def test_no_text_of_a_source_acts_as_a_mark(text: str) -> None:
    """And it looks as it did: only a joiner without width is put in."""
    safe = merge_fields.neutralize(text)
    assert merge_fields.fill_text(safe, {}) == safe
    assert merge_fields.fill_html(html.escape(safe), {}) == html.escape(safe)
    assert safe.replace(merge_fields.WORD_JOINER, "") == text.replace(merge_fields.WORD_JOINER, "")
    assert "@@field:" in text or safe == text


def test_an_attribute_is_filled_like_a_name_and_is_empty_where_it_is_not_known() -> None:
    tag = merge_fields.merge_tag("attribute_commune_2")
    link = f'<a href="https://x.example/?d={tag}">{merge_fields.with_fallback(tag, "quý vị")}</a>'
    filled = merge_fields.fill_html(link, {"attribute_commune_2": "Bắc & <b>"})
    assert filled == '<a href="https://x.example/?d=B%E1%BA%AFc%20%26%20%3Cb%3E">Bắc &amp; &lt;b&gt;</a>'
    assert merge_fields.fill_html(link, {}) == '<a href="https://x.example/?d=">quý vị</a>'
