"""What a newsroom says itself: Markdown made safe for emails and pages, and readable as plain text."""

from __future__ import annotations

import re

import pytest

from distributor.editorial import EditionBlock
from distributor.rendering.blocks import block_view, place_blocks


@pytest.mark.parametrize(
    ("markdown", "html", "text"),
    [
        ("Xin **chào**", "<p>Xin <strong>chào</strong></p>", "Xin chào"),
        (
            "[Xem](https://bacson.example/a?b=1&c=2)",
            '<p><a href="https://bacson.example/a?b=1&amp;c=2">Xem</a></p>',
            "Xem (https://bacson.example/a?b=1&c=2)",
        ),
        (
            "[viết thư](mailto:tin@bacson.example)",
            '<p><a href="mailto:tin@bacson.example">viết thư</a></p>',
            "viết thư (mailto:tin@bacson.example)",
        ),
        ("<https://bacson.example>", '<p><a href="https://bacson.example">https://bacson.example</a></p>', "https://bacson.example"),
        ("# Nghỉ lễ\n\nTừ 1/9", "<p><strong>Nghỉ lễ</strong></p>\n<p>Từ 1/9</p>", "Nghỉ lễ\n\nTừ 1/9"),
        ("- một\n- hai", "<ul>\n<li>một</li>\n<li>hai</li>\n</ul>", "• một\n• hai"),
        ("3. ba\n4. bốn", '<ol start="3">\n<li>ba</li>\n<li>bốn</li>\n</ol>', "3. ba\n4. bốn"),
        (
            "1. một\n   - a\n   - b\n2. hai",
            "<ol>\n<li>một\n<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n</li>\n<li>hai</li>\n</ol>",
            "1. một\n• a\n• b\n2. hai",
        ),
        (
            "<table><tr><th>Xã</th><th>Số hộ</th></tr><tr><td>Bắc Sơn</td><td>12</td></tr></table>",
            "<table><tbody><tr><th>Xã</th><th>Số hộ</th></tr><tr><td>Bắc Sơn</td><td>12</td></tr></tbody></table>",
            "Xã | Số hộ\nBắc Sơn | 12",
        ),
        ("một  \nhai", "<p>một<br>\nhai</p>", "một\nhai"),
        (
            "![Logo](https://bacson.example/logo.png)",
            '<p><img src="https://bacson.example/logo.png" alt="Logo"></p>',
            "Logo",
        ),
    ],
)  # fmt: skip
def test_markdown_becomes_html_and_readable_text(markdown: str, html: str, text: str) -> None:
    made = block_view(markdown, "Thông báo")
    assert (made.label, str(made.html), made.text) == ("Thông báo", html, text)


@pytest.mark.parametrize("start", ["²", "9" * 5000, "-3", "x", ""])
def test_a_list_that_starts_with_no_usable_number_starts_with_one(start: str) -> None:
    assert block_view(f'<ol start="{start}"><li>một</li><li>hai</li></ol>').text == "1. một\n2. hai"


@pytest.mark.parametrize(
    "markdown",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg/onload=alert(1)>",
        "[x](javascript:alert(1))",
        '<a href="java&#10;script:alert(1)">x</a>',
        '<a href="data:text/html,<script>alert(1)</script>">x</a>',
        '<iframe src="https://bacson.example"></iframe>',
        "<style>p { display: none }</style>",
        '<p style="position: fixed" onclick="alert(1)" class="x">x</p>',
        '<form action="https://bacson.example"><input name="a"></form>',
        "<!-- --><h1 onmouseover=alert(1)>x</h1>",
        "<h2/onmouseover=alert(1)//>x",
        "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
        '<base href="https://ke-xau.example/">',
    ],
)
def test_nothing_in_it_can_act(markdown: str) -> None:
    made = str(block_view(markdown).html)
    assert not re.search(r"<(script|svg|iframe|style|form|input|math|base|h\d)|<[^>]* (on\w+|style|class)=", made), made
    assert not re.search(r'(href|src)="(?!https?://|mailto:)', made), made


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("[x](/tin/a)", "<p>x</p>"),
        ("[x](//bacson.example/a)", "<p>x</p>"),
        ("[x](ftp://bacson.example/a)", "<p>x</p>"),
        ("[x](https:///a)", "<p>x</p>"),
        ("![Ảnh](http://bacson.example/a.png)", "<p>Ảnh</p>"),
        ("![Ảnh](a.png) sau", "<p>Ảnh sau</p>"),
    ],
)
def test_only_absolute_links_and_pictures_by_https_are_kept(markdown: str, html: str) -> None:
    assert str(block_view(markdown).html) == html


@pytest.mark.parametrize(
    "markdown",
    [
        "@@field:name@@",
        "&#64;@field:unsubscribe_url@@",
        "[x](https://bacson.example/@@field:address@@)",
        "@@fi<b></b>eld:name@@",
    ],
)
def test_no_merge_tag_can_be_written(markdown: str) -> None:
    made = block_view(markdown, "@@field:name@@")
    assert not re.search("@@field:", f"{made.label}{made.html}{made.text}")


def test_what_turns_the_writing_direction_goes() -> None:
    made = block_view("giảm \u202e50\u202c%\u200f", "\u2067Nhãn")
    assert (made.label, made.text) == ("Nhãn", "giảm 50%")


def test_each_block_stands_after_its_place_or_else_at_the_end() -> None:
    blocks = [
        EditionBlock(text="một"),
        EditionBlock(text="hai", after="kinh tế"),
        EditionBlock(text="ba", after="Văn hóa"),
        EditionBlock(text="bốn", after="first"),
        EditionBlock(text="năm", after="Kinh tế"),
    ]
    placed = place_blocks(blocks, ["Kinh tế", ""])
    shown = {place: [one.text for one in here] for place, here in placed.items()}
    assert shown == {"greeting": ["một"], "Kinh tế": ["hai", "năm"], "stories": ["ba"], "first": ["bốn"]}
