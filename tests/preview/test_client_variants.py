"""Client variants: light and dark, with and without images, everything else unchanged."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as lxml_html

from distributor.preview.client_variants import render_variant

# -- by day and by night, with and without images --------------------------------------------------------------------

DOCUMENT = """<!DOCTYPE html><html><head><meta name="color-scheme" content="light dark"><style>
:root { color-scheme: light dark } @media (prefers-color-scheme: dark) { p { color: #fff } }
@media screen and (PREFERS-color-scheme:light) { p { background: #eee url('a.png') no-repeat } }
</style></head><body background="b.png"><p>(prefers-color-scheme: dark)</p>
<picture><source srcset="night.png" media="(prefers-color-scheme: dark)">
<img alt=' src="x" > ' src="day.png" width=4></picture>
<td style="background-image: url(&quot;c.png&quot;); color: red">x</td></body></html>"""


def test_at_night_the_question_for_dark_is_answered_with_yes() -> None:
    night = render_variant(DOCUMENT, dark=True, images=True)
    assert "@media (min-width: 0px) { p { color: #fff } }" in night
    assert "screen and (max-width: 0px)" in night
    assert 'media="(min-width: 0px)"' in night
    assert ":root { color-scheme: dark }" in night
    assert 'content="dark"' in night
    assert "<p>(prefers-color-scheme: dark)</p>" in night


def test_by_day_it_is_answered_with_no() -> None:
    day = render_variant(DOCUMENT, dark=False, images=True)
    assert "@media (max-width: 0px) { p { color: #fff } }" in day
    assert "screen and (min-width: 0px)" in day
    assert 'content="light"' in day
    assert "prefers-color-scheme" not in day.replace("<p>(prefers-color-scheme: dark)</p>", "")


def test_a_page_that_knows_no_dark_mode_gets_none() -> None:
    plain = '<html><head><meta name="color-scheme" content="light"></head><body>Tin</body></html>'
    assert 'content="light"' in render_variant(plain, dark=True, images=True)


def test_without_pictures_nothing_is_loaded_and_the_words_stay() -> None:
    bare = render_variant(DOCUMENT, dark=False, images=False)
    page: Any = lxml_html.document_fromstring(bare)
    assert not [name for one in page.iter() for name in one.attrib if name in ("src", "srcset", "background")]
    assert ".png" not in bare
    assert page.find(".//img").get("alt") == ' src="x" > '
    assert page.find(".//img").get("width") == "4"
    assert "color: red" in bare
    with_pictures = render_variant(DOCUMENT, dark=False, images=True)
    assert all(name in with_pictures for name in ("a.png", "b.png", "c.png", "day.png", "night.png"))


def test_links_open_beside_the_preview_and_the_emails_say_their_charset() -> None:
    for document in (DOCUMENT, "<p>Tin</p>", "<!doctype html><p>Tin</p>", "<HTML><p>Tin</p>"):
        copy = render_variant(document, dark=False, images=True)
        assert copy.count('<base target="_blank">') == 1
        assert copy.startswith(document[:6] if document != "<p>Tin</p>" else "<meta")
        assert lxml_html.document_fromstring(copy).find(".//head/base") is not None


@given(st.text(alphabet="a<>\"'= /srcimg"), st.booleans(), st.booleans())
def test_whatever_is_written_a_page_keeps_its_words(text: str, dark: bool, images: bool) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    copy = render_variant(f"<html><head></head><body><p>{escaped}</p><i>x</i></body></html>", dark=dark, images=images)
    assert f"<body><p>{escaped}</p><i>x</i></body>" in copy


@pytest.mark.parametrize(
    ("before", "piece", "after"),
    [
        ("", "<img ", ""),
        ("", "<style>", ""),
        ("", "<style ", ""),
        ("", "<html ", ""),
        ("", '<a "', ""),
        ("", "<a b='", ""),
        ("", '<img src="x', ""),
        ("<img", " ", ">"),
        ("<img ", "a=", ">"),
        ("<meta ", "name=", ">"),
        ("<style>", "url(", ""),
        ("<style>", "url('", ""),
        ("<style>", "@media (", "</style>"),
        ("<style>", "color-scheme: light ", "</style>"),
    ],
)
def test_a_hostile_page_takes_no_quadratic_time(before: str, piece: str, after: str) -> None:
    start = time.process_time()
    render_variant(before + piece * 50_000 + after, dark=True, images=False)
    assert time.process_time() - start < 3
