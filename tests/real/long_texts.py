"""Long texts of one sign through one function that reads text from outside. For a child process: a pattern that
backtracks cannot be interrupted.

A text that takes long is read once more, so that nothing counts that is done once, and at half its length: linear work then
takes half the time, quadratic work a quarter, on a slow machine as on a fast one.
"""

from __future__ import annotations

import contextlib
import json
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from zoneinfo import ZoneInfo

from distributor.bounces import parser
from distributor.channel import PostLimits
from distributor.errors import DistributorError
from distributor.gathering.boilerplate import is_boilerplate
from distributor.gathering.bylines import clean_declared_name, is_name, parse_byline
from distributor.gathering.cleaning import clean_body, normalize_full_stop
from distributor.gathering.dates import parse_date
from distributor.gathering.extraction.document import decode, parse_page
from distributor.gathering.feeds import TextType, as_html, as_text
from distributor.gathering.listings.listing import ArticleLink, read_listing
from distributor.gathering.listings.pagination import find_next_page
from distributor.gathering.mojibake import BODY, repair_texts
from distributor.gathering.sources.feed import FeedSource
from distributor.gathering.sources.folder import FolderSource
from distributor.gathering.sources.page import PageSource
from distributor.gathering.text_export import parse_text_export
from distributor.html_sanitizer import sanitize_html
from distributor.isolated_child import report_progress
from distributor.rendering import plaintext, posts
from distributor.rendering.views import safe_text, safe_url
from distributor.source import FetchedDocument
from distributor.text import clean_line, count_graphemes, html_to_text, sentence_ends
from distributor.url_cleaning import canonical_url, web_address

LENGTH = 10_000  # characters
SUSPICIOUS = 0.2  # seconds of processor time for one text, above which its growth is looked at
GROWTH = 3.0  # times as long for twice the text: between linear and quadratic
URL = "https://bacson.example/"
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2026, 11, 28, 8, 30, tzinfo=UTC)

PIECES = (
    "a", " ", "\t", "\n", "./", ". ", ".", "…", "'", '"', "=", "-", "1", "1/", "<", "&", "&#", "&#x338;", "&nbsp;",
    "\u0338", "(", "[", "![", "*", "`", "|", "%", "/", "/index.html", "//", "a@", "@", "http://", "m.", "Portal",
    "Block_a", "Portal -", "Tin khác ", "a=b&", "TP. ", "A. ", "<a", "<a ", "<b>", "<p>", "<div>", "<br>", "<li>",
    "<table>", "<tr><td>", "<!--", "<![CDATA[", "<?", "<a href=x>", "<p title='", "<script></script>x", "<a>x</a>y",
    "<img src=x width=1>z", "<h2>Tin khác</h2>", "<p>Tin liên quan:</p><ul></ul>w",
    "<div><h3>Xem thêm</h3><a href=x>y</a></div>", "<a href='/tin/@'>Khởi công đường tỉnh</a>", "<i>x</i><p></p>",
    "<category>@</category>", "<author>a</author>", "<link rel='enclosure' href='@'/>", "<x y='@'/>", "\r",
    "encoding='",
)  # fmt: skip


def long(piece: str, length: int = LENGTH) -> str:
    """The piece over and over; `@` in markup is a number that grows."""
    if "@" in piece and "<" in piece:
        return "".join(piece.replace("@", str(number)) for number in range(length // len(piece)))
    return piece * (length // len(piece))


def _rss(inside: str) -> Callable[[str], object]:
    source = FeedSource(name="tin", url=URL)
    frame = (
        '<?xml version="1.0"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>t</title>'
        f"<item><title>x</title>{inside}</item></channel></rss>"
    )
    before, _, after = frame.partition("@")
    return lambda text: source.read(FetchedDocument(url=URL, body=f"{before}{text}{after}".encode()))


def _json(text: str) -> object:
    item = dict.fromkeys(("id", "title", "url", "content_text", "content_html", "summary", "date_published"), text)
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "items": [{**item, "tags": [text], "author": {"name": text}}],
    }
    return FeedSource(name="tin", url=URL).read(FetchedDocument(url=URL, body=json.dumps(feed).encode()))


def _page(before: str, after: str) -> Callable[[str], object]:
    source = PageSource(name="cong", url=URL)
    return lambda text: source.article(
        FetchedDocument(url=URL, body=f"{before}{text}{after}".encode()), ArticleLink(URL, "Một hai ba bốn")
    )


def _listing(text: str) -> None:
    page = parse_page(f"<body class='{'tin ' * LENGTH}'><div id='{escape(text)}'>{text}".encode())
    if page is not None:
        read_listing(page, URL, NOW, ZONE)
        find_next_page(page, URL, 2)


def _file(name: str, before: str = "") -> Callable[[str], object]:
    source = FolderSource(name="bai", folder=Path("/nonexistent"))
    return lambda text: source.article(name, f"{before}{text}".encode())


def _words(text_: str) -> None:
    for read in (
        clean_line,
        html_to_text,
        normalize_full_stop,
        is_name,
        parse_byline,
        clean_declared_name,
        is_boilerplate,
        safe_text,
        safe_url,
        sentence_ends,
        plaintext.wrap,
    ):
        read(text_)
    parse_date(text_, ZONE)
    decode(b"\xff" + text_.encode(), "")
    posts.compose_post(
        lambda title, lead, _: f"{title} {lead}", text_, text_, PostLimits(text=500, count=count_graphemes)
    )


def _addresses(text_: str) -> None:
    for url in (text_, URL + text_, f"{URL}{text_}x", f"https://{text_}", f"{URL}?{text_}"):
        web_address(url, URL)
        canonical_url(url)


def _mail(text_: str) -> None:
    head = "From: mailer-daemon@x\nReturn-Path: <>\n"
    for body in (f"\n{text_}", f"Content-Type: text/html\n\n{text_}", f"Subject: {text_[:900]}\n\n{text_}"):
        parser.parse_reports((head + body).encode(), (b"x" * 32,))


def _letters(text_: str) -> None:
    for piece in (text_, f"Th«ng b¸o {text_}", f"ThÃ´ng bÃ¡o {text_}", f"<p>M&amp;ocirc;n {text_}"):
        repair_texts({"title": piece, BODY: piece})
        as_text(piece, TextType.EITHER)
        as_html(piece, TextType.EITHER)


TARGETS: dict[str, Callable[[str], object]] = {
    "words": _words,
    "letters": _letters,
    "addresses": _addresses,
    "sanitiser": sanitize_html,
    "body": lambda text: clean_body(f"<p>{text}</p>", URL, title=text, lead=text),
    "body, escaped": lambda text: clean_body(
        f'<p>{escape(text)}</p><p style="{escape(text)}"><a href="{escape(text)}">x</a><img srcset="{escape(text)}"></p>',
        URL,
    ),
    "dump": lambda text: parse_text_export(f"Tiêu đề\n\n{text}", ZONE),
    "feed": lambda text: FeedSource(name="tin", url=URL).read(FetchedDocument(url=URL, body=text.encode())),
    "feed, beginning": lambda text: FeedSource(name="tin", url=URL).read(
        FetchedDocument(url=URL, body=f"<?xml {text}".encode())
    ),
    "feed, elements": _rss("@"),
    "feed, broken": _rss("&x;@"),
    "feed, author": _rss("<author><![CDATA[@]]></author><dc:creator><![CDATA[@]]></dc:creator>"),
    "feed, attributes": _rss("<a @/>"),
    "feed, texts": _rss("<description><![CDATA[@]]></description>"),
    "JSON Feed": _json,
    "page": _page("<html><h1>Tin</h1><p>Một đoạn văn dài ở đây.</p>", "</html>"),
    "page, body": _page(f"<html><h1>Tin</h1><div class=noidung><p>{'Một đoạn văn. ' * 20}</p>", "</div></html>"),
    "page, title": _page("<html><title>", "</title><h1>Tin</h1><div class=noidung>Một đoạn văn dài.</div></html>"),
    "page, picture": _page('<html><h1>Tin</h1><div class=noidung><img alt="', '" src=x class="x"></div></html>'),
    "page, names": _page('<html><h1>Tin</h1><div class=noidung><p class="', '">24/11/2026</p></div></html>'),
    "page, data": _page(
        '<html><script type="application/ld+json">[{"@type":"Article","author":"', '"}]</script><h1>T</h1>'
    ),
    "listing": _listing,
    "Markdown": _file("a.md", "---\ntitle: x\n---\n"),
    "first lines": _file("a.md", "---\ntitle: "),
    "text file": _file("a.txt"),
    "returned mail": _mail,
}


def slow(name: str) -> list[str]:
    """Which texts took longer than their length explains, in words."""
    import feedparser
    import trafilatura

    assert feedparser, trafilatura  # loaded before the clock runs
    logging.disable(logging.CRITICAL)
    made = []
    for piece in PIECES:
        report_progress(repr(piece))
        whole = seconds(TARGETS[name], long(piece))
        if whole <= SUSPICIOUS:
            continue
        whole = min(whole, seconds(TARGETS[name], long(piece)))
        half = seconds(TARGETS[name], long(piece, LENGTH // 2))
        if whole > max(SUSPICIOUS, GROWTH * half):
            made.append(f"{piece!r} took {whole:.1f} s, half of it {half:.1f} s")
    return made


def seconds(read: Callable[[str], object], text: str) -> float:
    """How much processor time reading takes."""
    begun = time.process_time()
    with contextlib.suppress(DistributorError, ValueError):  # refused in words
        read(text)
    return time.process_time() - begun
