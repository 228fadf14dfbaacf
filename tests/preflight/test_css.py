"""Computed styles: the cascade, backgrounds, dark mode and font sizes, as mail programs compute them."""

from __future__ import annotations

from typing import Any

import pytest

from distributor.preflight.css import DARK, LIGHT, PHONE
from distributor.preflight.parsed_message import parse_page

# -- styles------------------------------------------------------------------------------------------------------------


def style_of(html: str, screen: Any = LIGHT) -> tuple[str, str, float, bool]:
    """Color, background, size and boldness of the element with the id x."""
    page = parse_page(html)
    assert page
    (element,) = page.root.xpath("//*[@id='x']")
    found = page.styles[screen][element]
    return str(found.color), str(found.background), found.size, found.bold


@pytest.mark.parametrize(
    ("css", "inline", "color"),
    [
        ("", "", "#000000"),
        ("p { color: #111 }", "", "#111111"),
        ("p { color: #111 } .a { color: #222 }", "", "#222222"),
        (".a { color: #222 } p { color: #111 }", "", "#222222"),  # a class weighs more, wherever it stands
        (".a { color: #222 } .a { color: #333 }", "", "#333333"),
        (".a { color: #222 }", "color: #444", "#444444"),
        (".a { color: #222 !important }", "color: #444", "#222222"),
        (".a { color: #222 !important }", "color: #444 !important", "#444444"),
        ("div .a, h1 { color: #222 }", "", "#222222"),
        ("td .a { color: #222 }", "", "#000000"),
        (".a:nonsense( { color: #222 }", "", "#000000"),
        ("/* .a { color: #222 } */", "", "#000000"),
        ("@media print { .a { color: #222 } } .a { color: rgb(1, 2, 3) }", "", "#010203"),
        ("@media screen and (min-width: 600px) { .a { color: navy } }", "", "#000080"),
        ("@media (max-width: 600px), (prefers-color-scheme: light) { .a { color: #333 } }", "", "#333333"),
        (".a { color: rgba(0, 0, 0, 0.5) }", "", "#808080"),
        (".a { color: rgb(0 0 0 / 50%) }", "", "#808080"),
        (".a { color: #00000080 }", "", "#7f7f7f"),
        (".a { color: var(--x) }", "", "None"),
    ],
)
def test_colors_follow_the_cascade(css: str, inline: str, color: str) -> None:
    assert style_of(f"<style>{css}</style><div><p class=a id=x style='{inline}'>x</p></div>")[0] == color


def test_the_background_is_that_of_the_nearest_element_that_has_one() -> None:
    card = "<body bgcolor=eef0f2><table bgcolor='#ffffff'><tr><td style='background: #123 none'><p id=x>x</p>"
    assert style_of(card)[1] == "#112233"
    assert style_of(card.replace("background: #123 none", "background: transparent"))[1] == "#ffffff"
    assert style_of(card.replace("background: #123 none", "background: rgba(0,0,0,.5)"))[1] == "#808080"
    assert style_of(card.replace("background: #123 none", "background: #123 url(a.png)"))[1] == "None"
    assert style_of("<p id=x>x</p>")[1] == "#ffffff"


def test_dark_mode_has_its_own_rules_and_its_own_background() -> None:
    html = "<style>.a { color: #111 } @media (prefers-color-scheme: dark) { .a { color: #eee !important } }</style>"
    html += "<p class=a id=x style='color: #111'>x</p>"
    assert style_of(html)[0] == "#111111"
    assert style_of(html, DARK)[:2] == ("#eeeeee", "#ffffff")  # a page that does not know dark mode stays on white
    knows = '<meta name="color-scheme" content="light dark">'
    assert style_of(knows + html, DARK)[:2] == ("#eeeeee", "#121212")


def test_sizes_are_in_pixels_whatever_they_are_written_in() -> None:
    for css, size in (("9pt", 12), ("1.5em", 30), ("80%", 16), ("2rem", 32), ("small", 13), ("inherit", 20), ("", 20)):
        assert style_of(f"<div style='font-size:20px'><p id=x style='font-size:{css}'>x</p></div>")[2] == size
    assert style_of("<h1 id=x>x</h1>")[2:] == (32.0, True)
    phone = "<style>@media (max-width: 400px) { #x { font-size: 11px } }</style><p id=x>x</p>"
    assert (style_of(phone)[2], style_of(phone, PHONE)[2]) == (16, 11)
