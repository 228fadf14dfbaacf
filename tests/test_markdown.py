"""Markdown that a newsroom writes, made safe for emails and pages, and readable as plain text."""

from __future__ import annotations

import re

import pytest

from distributor.markdown import is_seen, render_markdown


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
            '<p><img src="https://bacson.example/logo.png" alt="Logo" class="natural" width="494"></p>',
            "Logo",
        ),
    ],
)  # fmt: skip
def test_markdown_becomes_html_and_readable_text(markdown: str, html: str, text: str) -> None:
    assert render_markdown(markdown) == (html, text)


@pytest.mark.parametrize("start", ["²", "9" * 5000, "-3", "x", ""])
def test_a_list_that_starts_with_no_usable_number_starts_with_one(start: str) -> None:
    assert render_markdown(f'<ol start="{start}"><li>một</li><li>hai</li></ol>')[1] == "1. một\n2. hai"


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
    made = render_markdown(markdown)[0]
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
    assert render_markdown(markdown)[0] == html


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
    assert not any("@@field:" in made for made in render_markdown(markdown))


def test_what_turns_the_writing_direction_goes() -> None:
    assert render_markdown("giảm \u202e50\u202c%\u200f")[1] == "giảm 50%"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ('width="200" height="80"', 'width="200" height="80"'),
        ('width="200px"', 'width="200"'),
        ('width="1200" height="400"', 'width="400" height="133"'),
        ('width="99999" height="1"', 'width="400" height="1"'),
        ('width="50%"', 'class="natural" width="400"'),
        ('width="0" height="0"', 'class="natural" width="400"'),
        ('height="80"', 'class="natural" width="400"'),
        ('width="²" alt="> width=0 &lt;img width=&quot;9&quot;&gt;"', 'class="natural" width="400"'),
        ("", 'class="natural" width="400"'),
    ],
)
def test_no_picture_is_wider_than_its_place(written: str, shown: str) -> None:
    """Outlook on Windows knows nothing but the attribute."""
    made = render_markdown(f'<img src="https://bacson.example/a.png" {written}>', 400)[0]
    assert len(re.findall("<img", made)) == 1
    assert re.findall(r' ((?:class|width|height)="[^"]*")', made) == shown.split()


@pytest.mark.parametrize(
    "markdown",
    [
        "",
        "<!-- sau -->",
        "[x]: https://bacson.example",
        "<p> </p>",
        "---",
        "<script>x</script>",
        "![](http://a.example/x.png)",
    ],
)
def test_what_shows_nothing_is_known(markdown: str) -> None:
    assert not is_seen(*render_markdown(markdown))
    assert is_seen(*render_markdown(f"{markdown}\n\nx"))


def test_a_picture_without_words_is_seen() -> None:
    assert is_seen(*render_markdown("![](https://bacson.example/a.png)"))
