"""What the sanitiser lets through stays what it is: nothing composes, is mended or comes alive afterwards."""

from __future__ import annotations

import json
import time
import unicodedata
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import lxml.html
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributor.gathering.cleaning import clean_body
from distributor.gathering.text_export import TextExport
from distributor.html_sanitizer import ATTRIBUTES, TAGS, sanitize_html
from distributor.i18n import Texts
from distributor.plugins import registry
from distributor.rendering.context import RenderContext
from distributor.rendering.templates import Templates
from support import reference_editions as reference
from support.builders import article, edition, newsletter
from support.effort import examples

ALLOWED = set().union(*ATTRIBUTES.values())

# A letter that composes with the sign before it, and what would become of the words behind it.
ATTACKS = {
    "behind a reference": "<p>Một</p><pre>&#10;&#x338; tabindex=1 autofocus onfocus=alert(1) style=color:red x</pre>",
    "as it is": "<p>\u0338 onclick=alert(1) x</p>",
    "behind another mark": "<p>&#x301;&#x338; onclick=alert(1) x</p>",
    "behind what is taken out": "<p>\x00\u0338 onclick=alert(1) x</p>",
    "behind a space that goes": "<p> </p>\u2066\u0338 onclick=alert(1) x",
    "at the very beginning": "&#x338; onclick=alert(1) x",
    "in a link": "<a href='https://bacson.example/'>&#x338; onclick=alert(1) x</a>",
    "in an attribute": "<img src='https://bacson.example/a.jpg' alt='>&#x338; onerror=alert(1) x'>",
    "on the sign that opens": "&lt;&#x338;p onclick=alert(1)>x",
    "a semicolon that is none": "&lt\u037eimg src=x onerror=alert(1)&gt\u037e",
    "a cell out of its table": "<table>&#x338; onclick=alert(1)<tr><td>&#x338; onclick=alert(1) x",
}

PIECES = (
    "<", ">", "</", "=", '"', "'", " ", "\n", "\r", "x", "&", "\u0338", "\u0301", "\u0332", "\u20d2", "\u037e", "\u212a",
    "&#10;", "&#13;", "&#x338;", "&#8;", "&lt;", "&gt;", "&nbsp;", "&amp;", "\xa0", "\x00", "\x08", "\ud800", "\u2066",
    "<p>", "</p>", "<pre>", "</pre>", "<b>", "</b>", "<table>", "<td>", "</table>", "<h2>", "<br>", "<ul>", "<li>",
    "<a href=https://bacson.example>", "</a>", "<img src=https://bacson.example/a.jpg alt=", "onclick=alert(1) ",
    "<svg>", "<math>", "<style>", "<script>", "<title>", "<textarea>", "<noscript>", "<template>", "<select>", "<!--",
    "-->", "<![CDATA[", "]]>", "<plaintext>", "<mglyph>", "<annotation-xml encoding=text/html>", "<form>", "<caption>",
)  # fmt: skip
wild = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=14).map("".join))


class _Tags(HTMLParser):
    """The tags and attributes that a reader of HTML's tokens finds."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, set[str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name for name, _ in attrs}))


def assert_safe(html: str) -> None:
    """Two readers, one of tokens and one that mends trees, find nothing that is off the list."""
    tokens = _Tags()
    tokens.feed(html)
    tokens.close()
    tree: Any = lxml.html.fragment_fromstring(html, create_parent="div")
    built = [(one.tag, set(one.attrib)) for one in tree.iterdescendants() if isinstance(one.tag, str)]
    for tag, attributes in (*tokens.found, *built):
        assert tag in TAGS, html
        assert attributes <= ALLOWED, html


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_no_words_become_attributes(attack: str) -> None:
    made = sanitize_html(attack)
    assert_safe(made)
    assert_safe(unicodedata.normalize("NFC", made))
    assert sanitize_html(made) == made


@settings(deadline=None, max_examples=examples(300))
@given(wild)
def test_to_sanitise_again_changes_nothing(html: str) -> None:
    made = sanitize_html(html)
    assert sanitize_html(made) == made
    assert unicodedata.is_normalized("NFC", made)
    assert_safe(made)


@settings(deadline=None, max_examples=examples(100))
@given(wild)
def test_what_is_stored_of_a_body_is_what_the_sanitiser_leaves(html: str) -> None:
    for made in (clean_body(html, "https://bacson.example/").html, TextExport(title="x", body=(html,)).body_html):
        assert sanitize_html(made) == made
        assert_safe(made)


@pytest.mark.parametrize(
    ("html", "made"),
    [
        (unicodedata.normalize("NFD", "<p>Đường tỉnh</p>"), "<p>Đường tỉnh</p>"),
        ("<p>Đươ&#x300;ng tỉ&#x6e;h</p>", "<p>Đường tỉnh</p>"),
        ("<pre>\n\n\nmột\n\nhai</pre>", "<pre>một\n\nhai</pre>"),
        ("<p>2 &lt; 3 &amp;amp; 3 &gt; 2, x\u0338</p>", "<p>2 &lt; 3 &amp;amp; 3 &gt; 2, x\u0338</p>"),
        ("<p>a&nbsp;b\xa0c&#160;d</p>", "<p>a b c d</p>"),
        ("", ""),
    ],
)
def test_honest_text_is_kept(html: str, made: str) -> None:
    assert sanitize_html(html) == made


@pytest.mark.parametrize("tags", ["<ul><li>", "<pre>", "<blockquote>", "<b><i>", "<table><tr><td>"])
def test_what_is_nested_beyond_measure_loses_its_tags_and_takes_no_quadratic_time(tags: str) -> None:
    begun = time.monotonic()
    assert "Một" in sanitize_html(f"<p>Một.</p>{tags * 50_000}")
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_what_an_older_version_let_into_the_store_acts_nowhere(attack: str) -> None:
    """That version composed the text behind the sanitiser: its rows may hold live handlers."""
    live = "<pre\u226f tabindex=1 autofocus onfocus=alert(1)>x</pre>"
    one = article("a1", body_html=unicodedata.normalize("NFC", f"<p>{attack}</p>") + live)
    made = edition(articles=(one,))
    context = RenderContext(
        site=reference.SITE, newsletter=newsletter(), announced=(one,), published=(one,), language=made.language,
        templates=Templates(registry.template_folders(Path("/nonexistent"))), zone=ZoneInfo("Asia/Ho_Chi_Minh"),
        texts=Texts(),
    )  # fmt: skip
    page = context.article_page(one, "https://bacson.example/a/a1.html")
    (shown,) = (
        element for element in lxml.html.document_fromstring(page).iter("div") if element.get("class") == "body"
    )
    assert_safe("".join(lxml.html.tostring(child, encoding="unicode") for child in shown))
    feed = _channel("feed", folder=Path("x"), url="https://bacson.example/feeds")
    (feed_json,) = (part for part in feed.compose(made, context) if part.variant.endswith("feed.json"))
    assert_safe(json.loads(feed_json.body)["items"][0]["content_html"])
    hook = _channel("webhook", url="https://app.example/", secret="whsec_" + "YWJj" * 8, full_text=True)
    assert_safe(json.loads(hook.compose(made, context)[0].body)["data"]["articles"][0]["body_html"])


def _channel(kind: str, **values: Any) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(registry.channels.find(kind)).validate_python({"name": kind, **values})


def test_the_reference_bodies_are_what_they_were() -> None:
    for made, _, _ in reference.EDITIONS.values():
        for one in made.carried:
            assert sanitize_html(one.body_html) == one.body_html
