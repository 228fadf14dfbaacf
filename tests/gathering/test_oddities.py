"""Odd things that real portals, editors and attackers do: each was once read wrongly, or stopped the whole gathering."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import lxml.html
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributor.articles.keys import identity_keys
from distributor.errors import ArticleError, ConfigError, SourceError
from distributor.gathering.cleaning import clean_body
from distributor.gathering.dates import parse_date
from distributor.gathering.extraction.document import decode
from distributor.gathering.listings.listing import ArticleLink, read_listing
from distributor.gathering.sources.feed import FeedSource
from distributor.gathering.sources.folder import FolderSource
from distributor.gathering.sources.page import PageSource
from distributor.model import ParsedArticle
from distributor.newsroom import open_newsroom
from distributor.source import FetchedDocument
from distributor.url_cleaning import web_address
from support.builders import NOW
from support.web_site import OpenFetcher, WebSite

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
URL = "https://bacson.example/x"


# -- dates -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("24/11/2020 08:30 UBND tỉnh họp tối qua", "2020-11-24 08:30"),  # the headline's evening is not the clock's
        ("Khai mạc hội chợ chiều nay (24/11/2020 08:30)", "2020-11-24 08:30"),
        ("24/11/2020 lúc 8 giờ 30 phút chiều", "2020-11-24 20:30"),
        ("8:30PM 24/11/2020", "2020-11-24 20:30"),
        ("24/11/2020 -09:30", "2020-11-24 09:30"),  # a hyphen, not a zone of half the world away
        ("24/11/2020-9h30", "2020-11-24 09:30"),
        ("24-11-2020 – 09:30 GMT+7", "2020-11-24 09:30"),
        ("2020-11-24T09:30:00-03:30", "2020-11-24 20:00"),
        ("24 Nov 2020 02:30 -0000", "2020-11-24 09:30"),
    ],
)
def test_what_stands_beside_a_date_does_not_change_it(text: str, expected: str) -> None:
    assert parse_date(text, HANOI) == datetime.fromisoformat(expected).replace(tzinfo=HANOI)


@pytest.mark.parametrize("text", ["9999-12-31T23:00:00Z", "31/12/9999", "0001-01-01", "01/01/0001 12:00"])
def test_a_date_that_is_no_news_is_no_date(text: str) -> None:
    """The last evening of 9999 has no moment in Hà Nội, and that stopped the gathering of all sources."""
    assert parse_date(text, HANOI) is None


@settings(deadline=None)
@given(st.dates(datetime(1900, 1, 1).date(), datetime(2199, 12, 31).date()), st.sampled_from("/.-"))  # noqa: DTZ001  # days
def test_day_and_month_are_never_swapped(day: Any, sign: str) -> None:
    found = parse_date(f"{day:%d}{sign}{day:%m}{sign}{day.year}", HANOI)
    assert found is not None
    assert found.astimezone(HANOI).date() == day


# -- letters -----------------------------------------------------------------------------------------------------------

HALF = "ệ".encode()[:2]  # cut in the middle of a letter, as databases do
RSS = '<?xml version="1.0"{}?><rss version="2.0"><channel><title>x</title><item><title>Khởi công đường mới</title>' \
    "<description>Tuyến đường tỉnh được mở "  # fmt: skip


@pytest.mark.parametrize("declared", ["", ' encoding="utf-8"', ' encoding="windows-1252"'])
def test_one_broken_letter_does_not_spoil_a_feed(declared: str) -> None:
    body = RSS.format(declared).encode() + HALF + b"</description></item></channel></rss>"
    (article,) = FeedSource(name="tin", url=URL).read(FetchedDocument(url=URL, body=body)).articles
    assert article.title == "Khởi công đường mới"
    assert article.lead == "Tuyến đường tỉnh được mở \ufffd"


@pytest.mark.parametrize("charset", ["", "utf-8", "iso-8859-1", "windows-1252"])
def test_one_broken_letter_does_not_spoil_a_page(charset: str) -> None:
    page = "<h1>Khởi công đường tỉnh</h1>".encode() + HALF + b"."
    assert decode(page, charset) == "<h1>Khởi công đường tỉnh</h1>\ufffd."


OLD = {
    "windows-1258": "Café à Đà Lat",
    "iso-8859-1": "Café à Huê",
    "gbk": "越南新闻今天报道",
    "big5": "越南新聞今天報導",
    "shift_jis": "ベトナムのニュース",
    "euc-kr": "베트남 뉴스 오늘",
    "koi8-r": "Вьетнам сегодня",
}


@pytest.mark.parametrize("encoding", OLD)
def test_older_encodings_are_still_themselves(encoding: str) -> None:
    assert decode(OLD[encoding].encode(encoding), encoding) == OLD[encoding]


def json_feed(**item: Any) -> ParsedArticle:
    data = {"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "title": "Tin", **item}]}
    source = FeedSource(name="tin", url=URL)
    (article,) = source.read(FetchedDocument(url=URL, body=json.dumps(data).encode())).articles
    return article


@pytest.mark.parametrize(
    "key", ["url", "image", "id", "summary", "content_html", "language", "title", "date_published"]
)
def test_half_a_character_in_json_does_not_reach_the_store(key: str) -> None:
    article = json_feed(**{key: f"https://bacson.example/\ud800{key}"})
    str((article, article.image)).encode()
    "".join([article.url, article.guid, article.image.url if article.image else "", article.language]).encode()
    assert identity_keys(article, HANOI)


# -- addresses ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("tin mới 1.html", "https://bacson.example/tin%20mới%201.html"),
        ('a"b<c>.html', "https://bacson.example/a%22b%3Cc%3E.html"),
        ("a\u2028b\x85\xa0c", "https://bacson.example/a%E2%80%A8b%C2%85%C2%A0c"),
        ("a%20b?x=1,2&y=%2C#z", "https://bacson.example/a%20b?x=1,2&y=%2C#z"),
        ("https://a b/", ""),
        ("https://a<b>/", ""),
        ("/" + "a" * 5000, ""),
    ],
)
def test_addresses_are_written_as_servers_need_them(written: str, address: str) -> None:
    assert web_address(written, URL) == address


def test_the_picture_of_an_article_has_an_address_that_mails_can_carry() -> None:
    image = clean_body('<p><img src="anh 1.jpg"></p><p>Một.</p>', URL).image
    assert image is not None
    assert image.url == "https://bacson.example/anh%201.jpg"


async def test_a_page_with_a_space_in_its_address_is_reached(site: WebSite, open_web: OpenFetcher) -> None:
    site.page("/x", '<a href="tin moi.html">Một bài viết có dấu cách</a>')
    site.page("/tin moi.html", "<h1>Một bài viết có dấu cách</h1><p class=sapo>Tóm tắt.</p>")
    harvest = await PageSource(name="cong", url=f"{site.url}/x").gather(await open_web(), NOW)
    assert (harvest.faults, len(harvest.articles)) == ([], 1)
    assert site.paths[-1] == "/tin%20moi.html"


async def test_no_address_makes_a_fault_of_more_than_a_line(site: WebSite, open_web: OpenFetcher) -> None:
    links = "".join(f"<a href='{name}'>Một bài viết không có thật</a>" for name in ("a\u2028\x85\x1b", "b" * 9000))
    site.page("/x", links)
    with pytest.raises(SourceError) as caught:
        await PageSource(name="cong", url=f"{site.url}/x").gather(await open_web(), NOW)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


async def test_an_address_that_cannot_be_read_is_not_blamed_on_the_server(site: WebSite, open_web: OpenFetcher) -> None:
    fetcher = await open_web()
    for url in ("http://[::1/", site.redirect("/x", "http://[::1/")):
        with pytest.raises(SourceError, match="no address of the web"):
            await fetcher.get(url)


# -- pages -------------------------------------------------------------------------------------------------------------


def read(page: str, url: str = URL) -> ParsedArticle:
    source = PageSource(name="cong", url=URL)
    return source.article(FetchedDocument(url=url, body=page.encode()), ArticleLink(URL, ""))


STORY = "<h1>Tin</h1><p class=sapo>Tóm tắt.</p>"


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        (f"{URL}?utm_source=a&utm_medium=b&id=3&fbclid=c", f"{URL}?id=3"),
        (f"{URL}?id=3&returnUrl=%2ftin&UTM_Campaign=x", f"{URL}?id=3"),
        (f"{URL}?utm_source=a&gclid=b", URL),
        (f"{URL}?id=%2C&sort", f"{URL}?id=%2C&sort"),
    ],
)
def test_an_article_keeps_of_its_address_what_opens_it(url: str, kept: str) -> None:
    assert read(STORY, url).url == kept


def test_a_date_in_the_headline_is_not_the_day_of_the_article() -> None:
    listing = lxml.html.document_fromstring(
        "<li><a href=a>Bản tin dịch bệnh ngày 05/11/2026 của tỉnh</a> (06/11/2026)</li>"
    )
    (link,) = read_listing(listing, URL, NOW, HANOI).links
    assert link.published == datetime(2026, 11, 6, tzinfo=HANOI)


@pytest.mark.parametrize(
    "author", ['["Thu Hương"]', '"Thu Hương"', '[{"name": "Thu Hương"}]', '{"name": "Thu H&#432;ơng"}']
)
def test_what_pages_say_to_machines_is_read_as_it_is_often_written(author: str) -> None:
    data = f'{{"@type": "NewsArticle", "headline": "Khai mạc &quot;Hội chợ&quot;\n2026", "author": {author}}}'
    page = f'<script type="application/ld+json">{data}</script><p class=sapo>Tóm tắt.</p>'
    article = read(page)
    assert (article.title, article.author) == ('Khai mạc "Hội chợ" 2026', "Thu Hương")


# -- folders -----------------------------------------------------------------------------------------------------------


async def test_what_an_editor_threw_away_is_no_article(tmp_path: Path, open_web: OpenFetcher) -> None:
    for name in ("a.md", ".trash/b.md", "2026/.obsidian/c.md", "2026/d.md"):
        file = tmp_path / ".newsroom" / name  # the newsroom itself may lie in a hidden folder
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("---\ntitle: A\n---\n", encoding="utf-8")
    harvest = await FolderSource(name="bai", folder=tmp_path / ".newsroom").gather(await open_web(), NOW)
    assert [article.source_id for article in harvest.articles] == ["2026/d.md", "a.md"]


async def test_a_file_that_may_not_be_read_is_a_fault(
    tmp_path: Path, open_web: OpenFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "ab":
        (tmp_path / f"{name}.md").write_text("---\ntitle: A\n---\n", encoding="utf-8")
    real = os.open

    def refuse(path: Any, *arguments: Any, **named: Any) -> int:
        if str(path).endswith("a.md"):
            raise PermissionError(13, "Permission denied")
        return real(path, *arguments, **named)

    monkeypatch.setattr(os, "open", refuse)
    harvest = await FolderSource(name="bai", folder=tmp_path).gather(await open_web(), NOW)
    assert harvest.faults == ["a.md: cannot be read: Permission denied"]
    assert len(harvest.articles) == 1


def test_escapes_in_the_data_of_a_file_are_cleaned_like_the_rest() -> None:
    source = FolderSource(name="bai", folder=Path())
    text = '---\ntitle: "\\ud800Tin"\nid: "\\ud8007"\nlanguage: "\\ud800en"\nurl: "https://bacson.example/\\ud800 1"\n---\n'
    article = source.article("a.md", text.encode())
    assert (article.title, article.source_id, article.language) == ("Tin", "7", "en")
    assert article.url == "https://bacson.example/%201"


def test_topics_are_words() -> None:
    with pytest.raises(ArticleError, match="topics must be a list of words"):
        FolderSource(name="bai", folder=Path()).article("a.md", b"---\ntitle: A\ntopics: {a: b}\n---\n")


@pytest.mark.parametrize("pattern", ["../khac/*.md", "/etc/*", "", ".", "a/../../*"])
def test_patterns_stay_in_the_folder(tmp_path: Path, pattern: str) -> None:
    (tmp_path / "config.yaml").write_text(
        'site: {title: Báo, url: "https://bacson.example"}\n'
        f"sources:\n  bai:\n    type: folder\n    folder: bai\n    patterns: ['{pattern}']\n"
        "newsletters: {tin: {title: Tin, channels: [wall]}}\nchannels: {wall: {type: console}}\n",
        encoding="utf-8",
    )
    with pytest.raises(
        ConfigError, match=r"config\.yaml:6: sources\.bai\.patterns.*is no name of files inside the folder"
    ):
        open_newsroom(tmp_path / "config.yaml")


def test_all_dates_of_a_feed_are_moments_in_utc() -> None:
    assert json_feed(date_published="2026-11-23T08:00:00").published == datetime(2026, 11, 23, 1, tzinfo=UTC)
    assert json_feed(date_published="9999-12-31T23:00:00Z").published is None


WORDS = "Sáng nay, huyện Bắc Sơn khởi công đường tỉnh 254 dài mười hai cây số qua bốn xã vùng cao của huyện."


@pytest.mark.parametrize(
    "page",
    [
        f'<div><h1>Tin</h1><div><class="date">28/11 <nav>xa</nav><p>{WORDS}</p><nav>x</nav><p>{WORDS}</p></div>',
        f"<body><h1>Tin</h1><div class=x><p>{WORDS}</p></div></body><tmbody>{WORDS}</tmbody>ba chữ</html>",
    ],
)
def test_a_tag_that_is_no_name_and_words_behind_the_page_cost_no_page(page: str) -> None:
    """Where a quote is missing, an attribute becomes a part of the tag's name."""
    assert WORDS in read(page).body_html
