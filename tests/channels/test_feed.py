"""Feeds: valid, the same articles in all three formats, the same bytes for the same articles."""

from __future__ import annotations

import calendar
import html
import importlib
import json
import locale
import re
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import feedgen.feed
import feedparser
import pytest
from aiohttp import web
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree

from distributor.errors import Rejected, Unavailable
from distributor.model import Article, Image
from distributor.text import clean_line
from support.app_server import serving
from support.attempts import publish
from support.builders import NOW, article, edition, newsletter
from support.social_networks import FakeContext

module: Any = importlib.import_module("distributor.channels.feed")
feeds: Any = importlib.import_module("distributor.kit.feeds")

ATOM = "{http://www.w3.org/2005/Atom}"
HEAD = feeds.FeedHead(
    title="Báo Bắc Sơn",
    description="Tin tỉnh nhà & cả nước",
    site="https://bacson.example",
    self_url="https://bacson.example/feeds/x",
    author="Báo Bắc Sơn",
    language="vi",
    zone=ZoneInfo("Asia/Ho_Chi_Minh"),
    hub="https://hub.example/",
)
NEWS = (
    article(
        "a1",
        title="“Tết” & <b>]]></b> 👩‍👩‍👧‍👦 Ế",
        lead="Giá <5 triệu & tăng",
        body_html='<p>Thân bài ]]&gt; &amp; <a href="https://bacson.example/x?a=1&amp;b=2">liên kết</a></p>',
        url="https://bacson.example/tin/a1?a=1&b=2",
        author="Nguyễn Thị Ái",
        topics=("Kinh tế", "Y tế"),
        image=Image(url="https://bacson.example/anh/a1.png?w=600", alt="Ảnh"),
        published=NOW + timedelta(microseconds=654321),
        updated=NOW + timedelta(hours=3),
    ),
    article("a2", published=NOW - timedelta(days=1), body_html="", author=""),
    article("a3", published=NOW - timedelta(days=2), url="", lead="", body_html="", language="en", title="No link"),
)


def channel(folder: Path, **changes: Any) -> Any:
    return module.Feed(**{"name": "feeds", "folder": folder, "url": "https://bacson.example/feeds", **changes})


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


# -- what readers read -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("write", [feeds.rss, feeds.atom])
def test_feedparser_reads_every_value_back(write: Any) -> None:
    read = feedparser.parse(write(HEAD, NEWS), sanitize_html=False, resolve_relative_uris=False)
    assert not read.bozo
    feed = read.feed
    assert (feed.title, feed.link, feed.language) == (HEAD.title, HEAD.site, "vi")
    links = {link.rel: link.href for link in feed.links}
    assert (links["self"], links["hub"]) == (HEAD.self_url, HEAD.hub)
    assert calendar.timegm(feed.updated_parsed) == seconds(NEWS[0].changed)
    assert [entry.id for entry in read.entries] == [news.feed_id for news in NEWS]
    first, second, third = read.entries
    assert first.link == NEWS[0].url
    assert html.unescape(first.title) == NEWS[0].title
    assert html.unescape(first.summary) == NEWS[0].lead
    assert first.content[0].value == NEWS[0].body_html
    assert first.author == "Nguyễn Thị Ái"
    assert [tag.term for tag in first.tags] == ["Kinh tế", "Y tế"]
    assert [(e.href, e.type) for e in first.enclosures] == [("https://bacson.example/anh/a1.png?w=600", "image/png")]
    assert calendar.timegm(first.published_parsed) == seconds(NEWS[0].published)
    assert (second.link, html.unescape(second.summary)) == (NEWS[1].url, NEWS[1].lead)
    assert third.get("link", "") in ("", NEWS[2].feed_id)  # feedparser shows an id where there is no link
    assert third.title == "No link"


@pytest.mark.skipif(not shutil.which("sfeed"), reason="needs a command-line feed reader (Debian: sfeed)")
@pytest.mark.parametrize("write", [feeds.rss, feeds.atom])
def test_a_second_reader_reads_the_same(write: Any) -> None:
    done = subprocess.run(["sfeed"], input=write(HEAD, NEWS), capture_output=True, check=True)
    rows = [line.split("\t") for line in done.stdout.decode().splitlines()]
    assert [row[5] for row in rows] == [news.feed_id for news in NEWS]
    assert [row[2] for row in rows] == [news.url for news in NEWS]
    assert [int(row[0]) for row in rows] == [seconds(news.published) for news in NEWS]
    assert rows[0][6:9] == ["Nguyễn Thị Ái", "https://bacson.example/anh/a1.png?w=600", "Kinh tế|Y tế"]
    assert (rows[0][3], rows[0][4]) == (NEWS[0].body_html, "html")


@pytest.mark.skipif(not shutil.which("newsboat"), reason="needs a command-line feed reader (Debian: newsboat)")
@pytest.mark.parametrize("write", [feeds.rss, feeds.atom])
def test_a_third_reader_reads_the_same(write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "feed.xml").write_bytes(write(HEAD, NEWS))
    (tmp_path / "urls").write_text(f"file://{tmp_path}/feed.xml\n")
    (tmp_path / "config").write_text("")
    monkeypatch.setenv("HOME", str(tmp_path))
    options = ["-u", "urls", "-c", "cache.db", "-C", "config", "-x", "reload"]
    subprocess.run(["newsboat", *options], cwd=tmp_path, check=True, capture_output=True, timeout=60)
    rows = sqlite3.connect(tmp_path / "cache.db")
    query = "SELECT guid, url, author, content FROM rss_item ORDER BY pubDate DESC"
    found = rows.execute(query).fetchall()
    rows.close()
    assert [row[0] for row in found] == [news.feed_id for news in NEWS]
    assert [row[1] for row in found[:2]] == [news.url for news in NEWS[:2]]
    assert "Nguyễn Thị Ái" in found[0][2]
    assert found[0][3] == NEWS[0].body_html


def test_the_json_feed_is_one_and_holds_every_value() -> None:
    feed = json.loads(feeds.json_feed(HEAD, NEWS))
    assert not list(faults(feed))
    assert (feed["title"], feed["home_page_url"], feed["feed_url"]) == (HEAD.title, HEAD.site, HEAD.self_url)
    assert (feed["language"], feed["hubs"]) == ("vi", [{"type": "WebSub", "url": HEAD.hub}])
    first, second, third = feed["items"]
    assert [item["id"] for item in feed["items"]] == [news.feed_id for news in NEWS]
    assert (first["title"], first["url"], first["summary"]) == (NEWS[0].title, NEWS[0].url, NEWS[0].lead)
    assert (first["content_html"], first["authors"]) == (NEWS[0].body_html, [{"name": "Nguyễn Thị Ái"}])
    assert first["date_published"] == "2026-11-23T07:00:00+07:00"
    assert first["date_modified"] == "2026-11-23T10:00:00+07:00"
    assert first["attachments"] == [{"url": "https://bacson.example/anh/a1.png?w=600", "mime_type": "image/png"}]
    assert (second["content_text"], "content_html" in second) == (NEWS[1].lead, False)
    assert (third["content_text"], third["language"], "url" in third) == ("No link", "en", False)


def faults(feed: dict[str, Any]) -> Any:
    """What is wrong with a JSON Feed 1.1, by its specification."""
    if feed.get("version") != "https://jsonfeed.org/version/1.1" or not isinstance(feed.get("title"), str):
        yield "head"
    ids = [item.get("id") for item in feed["items"]]
    if len(set(ids)) != len(ids) or not all(isinstance(id, str) and id for id in ids):
        yield f"ids {ids}"
    for item in feed["items"]:
        if not item.get("content_html") and not item.get("content_text"):
            yield f"{item['id']} has no content"
        for key in ("date_published", "date_modified"):
            if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)", item[key]):
                yield f"{key} {item[key]}"
        yield from (f"{key} is empty" for key, value in item.items() if value in ("", [], None))
        yield from (f"{key} is old" for key in ("author",) if key in item)
        for attachment in item.get("attachments", ()):
            if not {"url", "mime_type"} <= attachment.keys():
                yield f"attachment {attachment}"


# -- what the formats ask for ------------------------------------------------------------------------------------------


def test_a_day_without_a_time_is_no_midnight_in_feeds() -> None:
    midnight = datetime(2026, 11, 22, 17, tzinfo=UTC)  # the 23rd in Hà Nội
    day = article(published=midnight, has_time=False, first_seen=midnight + timedelta(hours=9))
    for first_seen, told in ((day.first_seen, "09:00:00"), (day.first_seen + timedelta(days=3), "12:00:00")):
        seen = replace(day, first_seen=first_seen)
        assert json.loads(feeds.json_feed(HEAD, [seen]))["items"][0]["date_published"] == f"2026-11-23T{told}+07:00"
        assert f"<pubDate>Mon, 23 Nov 2026 {told} +0700</pubDate>".encode() in feeds.rss(HEAD, [seen])


def test_rss_says_what_the_rules_ask_for() -> None:
    channel_ = etree.fromstring(feeds.rss(HEAD, NEWS))[0]
    assert [link.text for link in channel_.findall("link")] == [HEAD.site]
    assert {link.get("rel"): link.get("href") for link in channel_.findall(f"{ATOM}link")} == {
        "self": HEAD.self_url,
        "hub": HEAD.hub,
    }
    assert channel_.findtext("lastBuildDate") == "Mon, 23 Nov 2026 10:00:00 +0700"
    items = channel_.findall("item")
    assert [item.findtext("guid") for item in items] == [news.feed_id for news in NEWS]
    assert {guid.get("isPermaLink") for guid in channel_.iter("guid")} == {"false"}
    assert items[0].findtext("pubDate") == "Mon, 23 Nov 2026 07:00:00 +0700"
    assert [item.findtext("{http://purl.org/dc/elements/1.1/}creator") for item in items] == [
        "Nguyễn Thị Ái",
        None,
        None,
    ]
    assert items[0].findtext("author") is None  # that element is for addresses
    assert [dict(found.attrib) for found in items[0].findall("enclosure")] == [
        {"url": "https://bacson.example/anh/a1.png?w=600", "length": "0", "type": "image/png"}
    ]


def test_atom_says_what_the_rules_ask_for() -> None:
    root = etree.fromstring(feeds.atom(HEAD, NEWS))
    assert root.get("{http://www.w3.org/XML/1998/namespace}lang") == "vi"
    assert root.findtext(f"{ATOM}author/{ATOM}name") == HEAD.author  # the author of the entries without one
    entries = root.findall(f"{ATOM}entry")
    for entry, news in zip(entries, NEWS, strict=True):
        links = [(link.get("rel"), link.get("href")) for link in entry.findall(f"{ATOM}link")]
        assert [href for rel, href in links if rel == "alternate"] == ([news.url] if news.url else [])
        assert None not in dict(links)
        assert entry.find(f"{ATOM}content") is not None or news.url
        assert {content.get("type") for content in entry.findall(f"{ATOM}content")} <= {"html"}
    assert entries[0].findtext(f"{ATOM}published") == "2026-11-23T07:00:00+07:00"
    assert entries[0].findtext(f"{ATOM}updated") == "2026-11-23T10:00:00+07:00"
    assert entries[2].get("{http://www.w3.org/XML/1998/namespace}lang") == "en"
    (picture,) = [link for link in entries[0].findall(f"{ATOM}link") if link.get("rel") == "enclosure"]
    assert (picture.get("type"), picture.get("href")) == ("image/png", "https://bacson.example/anh/a1.png?w=600")


wild = st.text(st.characters(exclude_categories=()), max_size=30)  # half surrogates too


@given(
    title=wild,
    lead=wild,
    body=wild,
    author=wild,
    topic=wild,
    url=st.sampled_from(["", "javascript:x", "https://x.example/ế?\x00"]),
)
def test_no_text_can_break_a_feed(title: str, lead: str, body: str, author: str, topic: str, url: str) -> None:
    """Not with control characters, half surrogates or markup; and no link but to the web."""
    bad = article("b9", title=title, lead=lead, body_html=body, author=author, topics=(topic,), url=url)
    for write in (feeds.rss, feeds.atom):
        root = etree.fromstring(write(HEAD, [bad, NEWS[0]]))
        assert len(root.findall(f"{ATOM}entry") or root[0].findall("item")) == 2
        assert b"javascript:" not in write(HEAD, [replace(bad, body_html="", lead="")]) or "javascript" in title + topic
    feed = json.loads(feeds.json_feed(HEAD, [bad, NEWS[0]]))
    assert not list(faults(feed))
    assert feed["items"][0].get("url", "https:").startswith("https:")


# -- the same articles, the same bytes ---------------------------------------------------------------------------------


# -- addresses ---------------------------------------------------------------------------------------------------------

# RFC 3986, appendix A, for addresses of the web.
_SIGN = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})"
URI = re.compile(
    rf"https?://(?:\[[0-9a-f:.]+\]|(?:[A-Za-z0-9._~-]|%[0-9A-Fa-f]{{2}})+)(?::[0-9]+)?(?:/{_SIGN}*)*(?:\?(?:{_SIGN}|[/?])*)?(?:#(?:{_SIGN}|[/?])*)?"
)


@pytest.mark.parametrize(
    ("iri", "uri"),
    [
        ("https://bacson.example/tin/đường-mới", "https://bacson.example/tin/%C4%91%C6%B0%E1%BB%9Dng-m%E1%BB%9Bi"),
        ("https://báo.example/", "https://xn--bo-mia.example/"),
        ("http://BÁO.example:8080/a?q=Hà Nội&x=1#mục-1", "http://xn--bo-mia.example:8080/a?q=H%C3%A0%20N%E1%BB%99i&x=1#m%E1%BB%A5c-1"),
        ("https://x.example/a%20b%C4%91?c=%2C,", "https://x.example/a%20b%C4%91?c=%2C,"),
        ("https://x.example/100%-moi/%zz", "https://x.example/100%25-moi/%25zz"),
        ("https://x.example/a[1]|{b}^`<c>\"\\\\?d[]=1", "https://x.example/a%5B1%5D%7C%7Bb%7D%5E%60%3Cc%3E%22%5C%5C?d%5B%5D=1"),
        ("https://[2001:db8::1]:81/a", "https://[2001:db8::1]:81/a"),
        ("https://a_b.example/~lan/(1)", "https://a_b.example/~lan/(1)"),
        ("https://ai:mat@x.example/", "https://x.example/"),
        ("https://x.example/👩\u200d👧", "https://x.example/%F0%9F%91%A9%E2%80%8D%F0%9F%91%A7"),
        ("javascript:alert(1)", ""),
        ("https://", ""),
        ("https://x.example:cổng/", ""),
        ("https://" + "ộ" * 300 + ".example/", ""),
    ],
)  # fmt: skip
def test_an_address_becomes_a_uri(iri: str, uri: str) -> None:
    assert feeds.uri(iri) == uri
    assert not uri or URI.fullmatch(uri)


@example("https://%")
@given(st.builds("https://{}{}".format, st.text(max_size=20), st.text(max_size=40)) | st.text(max_size=40))
def test_whatever_is_written_a_uri_is_one_and_stays_it(text: str) -> None:
    made = feeds.uri(clean_line(text))
    assert not made or URI.fullmatch(made)
    assert feeds.uri(made) == made


VIETNAMESE = replace(
    NEWS[0],
    url="https://báo.example/tin/đường-mới?chủ-đề=kinh tế",
    image=Image(url="https://báo.example/ảnh/lễ khởi công.png"),
)
VIETNAMESE_HEAD = replace(
    HEAD, site="https://báo.example/trang-chủ", self_url="https://báo.example/tin.xml", hub="https://hub.example/đẩy"
)


@pytest.mark.parametrize("write", [feeds.rss, feeds.atom])
def test_every_address_of_a_feed_is_a_uri(write: Any) -> None:
    """The W3C validator, and Mailchimp and others with it, refuse RSS whose links hold letters beyond ASCII."""
    tree = etree.fromstring(write(VIETNAMESE_HEAD, [VIETNAMESE]))
    found = [str(value) for one in tree.iter() for name, value in one.attrib.items() if name in ("href", "url")]
    found += [str(one.text) for one in tree.iter("link") if one.text]
    assert len(found) >= 5
    assert [address for address in found if not URI.fullmatch(address)] == []
    assert "https://xn--bo-mia.example/%E1%BA%A3nh/l%E1%BB%85%20kh%E1%BB%9Fi%20c%C3%B4ng.png" in found


def test_every_address_of_a_json_feed_is_a_uri() -> None:
    made = json.loads(feeds.json_feed(VIETNAMESE_HEAD, [VIETNAMESE]))
    (item,) = made["items"]
    found = [made["home_page_url"], made["feed_url"], made["authors"][0]["url"], made["hubs"][0]["url"]]
    found += [item["url"], item["image"], item["attachments"][0]["url"]]
    assert [address for address in found if not URI.fullmatch(address)] == []


@pytest.mark.parametrize("write", [feeds.rss, feeds.atom, feeds.json_feed])
@pytest.mark.parametrize("articles", [NEWS, ()])
def test_the_clock_has_no_part_in_a_feed(
    write: Any, articles: Sequence[Article], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the hour at which it is written; also where there is no article yet."""
    first = write(HEAD, articles)

    class Clock(type):
        def __instancecheck__(cls, value: object) -> bool:
            return isinstance(value, datetime)

    class Later(metaclass=Clock):
        @staticmethod
        def now(tz: Any = None) -> datetime:
            return datetime(2031, 5, 17, 12, 34, 56, 789, tzinfo=UTC)

    monkeypatch.setattr("feedgen.feed.datetime", Later)
    monkeypatch.setattr("feedgen.entry.datetime", Later)
    assert write(HEAD, articles) == first
    assert b"2031" not in first


def test_dates_are_never_formatted_in_two_threads_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """feedgen switches the locale of the whole process meanwhile; two at once may leave it switched."""
    real, both, met = feedgen.feed.formatRFC2822, threading.Barrier(2), []

    def meet(moment: datetime) -> str:
        try:
            both.wait(0.3)
            met.append(moment)
        except threading.BrokenBarrierError:  # nobody else came in: as it should be
            both.reset()
        return str(real(moment))

    monkeypatch.setattr("feedgen.feed.formatRFC2822", meet)
    before = locale.setlocale(locale.LC_ALL)
    threads = [threading.Thread(target=feeds.rss, args=(HEAD, ())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not met
    assert locale.setlocale(locale.LC_ALL) == before


# -- the channel -------------------------------------------------------------------------------------------------------


async def test_feeds_lie_where_their_own_self_address_says(tmp_path: Path) -> None:
    """Those of all articles in the folder itself, those of a newsletter in a folder of its own."""
    context = FakeContext(
        newsletter=newsletter(title="Tin sáng", language="en", timezone="UTC"), announced=NEWS[:2], published=NEWS
    )
    writer = channel(tmp_path)
    for rendition in [*writer.compose(edition(), context), *writer.compose_site_wide(context)]:
        receipt = await publish(writer, rendition)
        file = tmp_path / receipt.url.removeprefix("https://bacson.example/feeds/")
        assert file.read_bytes() == rendition.body
        assert receipt.url.encode() in rendition.body
    names = {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*") if file.is_file()}
    files = {"rss.xml", "atom.xml", "feed.json"}
    assert names == files | {f"tin-sang/{name}" for name in files}
    own = json.loads((tmp_path / "tin-sang" / "feed.json").read_bytes())
    assert (own["title"], own["language"], len(own["items"])) == ("Tin sáng", "en", 2)
    assert own["items"][0]["date_published"] == "2026-11-23T00:00:00+00:00"
    every = json.loads((tmp_path / "feed.json").read_bytes())
    assert (every["title"], every["language"], len(every["items"])) == ("Báo Bắc Sơn", "vi", 3)


async def test_the_newest_items_are_kept_and_leads_may_do(tmp_path: Path) -> None:
    context = FakeContext(published=NEWS)
    (_, _, rendition) = channel(tmp_path, max_items=1, full_text=False).compose_site_wide(context)
    (item,) = json.loads(rendition.body)["items"]
    assert (item["id"], item["content_text"], "content_html" in item) == (NEWS[0].feed_id, NEWS[0].lead, False)


async def test_a_hub_is_told_of_what_has_changed_and_holds_nothing_up(tmp_path: Path, context: FakeContext) -> None:
    told: list[dict[str, str]] = []

    async def hub(request: web.Request) -> web.Response:
        told.append({key: str(value) for key, value in (await request.post()).items()})
        return web.Response(status=500 if len(told) > 1 else 204)

    app = web.Application()
    app.router.add_post("/hub", hub)
    async with serving(app) as url:
        writer = channel(tmp_path, hub=f"{url}/hub", allow_private=True)
        first, second, _ = writer.compose(edition(), context)
        assert (await publish(writer, first)).reply == "written; the hub was notified"
        assert (await publish(writer, first)).reply == "unchanged"
        assert "not notified" in (await publish(writer, second)).reply
    assert told[0] == {"hub.mode": "publish", "hub.url": "https://bacson.example/feeds/tin-sang/rss.xml"}
    assert len(told) == 2


async def test_what_is_no_part_of_a_feed_is_written_nowhere(tmp_path: Path, context: FakeContext) -> None:
    writer = channel(tmp_path)
    good = writer.compose(edition(), context)[0]
    for variant in ("../x.rss.xml", "index.html", "a/b.rss.xml", ".rss.xml"):
        with pytest.raises(Rejected):
            await publish(writer, replace(good, variant=variant))
    assert not list(tmp_path.iterdir())


async def test_a_folder_that_cannot_be_made_is_tried_again_later(tmp_path: Path, context: FakeContext) -> None:
    (tmp_path / "feeds").write_text("a file is in the way")
    writer = channel(tmp_path / "feeds")
    with pytest.raises(Unavailable, match=r"feeds/tin-sang/rss\.xml cannot be written"):
        await publish(writer, writer.compose(edition(), context)[0])
