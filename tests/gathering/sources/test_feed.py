"""The feed source: RSS, Atom and JSON Feed say what they mean, and hostile ones are refused quickly."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from distributor.errors import NotModified, SourceError
from distributor.gathering.cleaning import clean_body
from distributor.gathering.sources import feed as feed_module
from distributor.gathering.sources.feed import FeedSource
from distributor.model import Image, ParsedArticle
from distributor.source import FetchedDocument, Fetcher, FetchResult
from gathering.feed_bytes import URL, item, look, only, rss
from gathering.sources.feed_cases import ATOM, EXPECTED, JSON, REFUSED, RSS
from support.builders import NOW
from support.web_site import OpenFetcher, WebSite

# -- the three formats -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(RSS, id="RSS 2.0"),
        pytest.param(ATOM, id="Atom 1.0"),
        pytest.param(json.dumps(JSON), id="JSON Feed 1.1"),
        pytest.param(b"\xef\xbb\xbf \n" + json.dumps(JSON).encode(), id="JSON Feed with a byte order mark"),
    ],
)
def test_one_story_is_the_same_in_every_format(body: bytes | str) -> None:
    article = only(look(body))
    if body == ATOM:  # its own xml:base makes the id absolute, wherever the feed lies
        assert article.guid == "https://bacson.example/tin/b-1"
        article = replace(article, guid="b-1")
    assert article == EXPECTED


def test_ids_stay_when_a_feed_moves() -> None:
    """Readers elsewhere have sent whole archives again because of this."""
    old, new = (
        FeedSource(name="tin", url=url).read(FetchedDocument(url=url, body=RSS.encode())) for url in (URL, URL + "2")
    )
    assert only(old).guid == only(new).guid == "b-1"


def test_an_id_is_an_address_only_if_it_is_one() -> None:
    guids = "".join(f"<item><title>x</title><guid>{guid}</guid></item>" for guid in ("b-1", "https://bacson.example/2"))
    assert [article.url for article in look(rss(guids)).articles] == ["", "https://bacson.example/2"]


def test_json_feed_1_0_with_numbers_and_plain_text() -> None:
    items = [
        {"id": 17, "title": "A", "external_url": "https://khac.example/a", "content_text": "Một < hai.\n\nBa.",
         "author": {"name": "B"}},
        {"id": "18", "title": "Không có địa chỉ", "image": "data:image/png;base64,AA"},
    ]  # fmt: skip
    first, second = look(json.dumps({"version": "https://jsonfeed.org/version/1", "items": items})).articles
    assert (first.guid, first.url, first.author) == ("17", "https://khac.example/a", "B")
    assert first.body_html == "<p>Một &lt; hai.</p><p>Ba.</p>"
    assert (second.url, second.image, second.published) == ("", None, None)


# -- what feeds leave out or say oddly ---------------------------------------------------------------------------------


def test_what_is_missing_stays_empty() -> None:
    article = only(look(rss("<item><title>A</title></item>", head=""), language="en"))
    assert article == ParsedArticle(source="tin", title="A", language="en")


def test_a_story_that_stands_in_the_description_keeps_its_paragraphs() -> None:
    story = "".join(f"<p>Đoạn {number} của bài viết dài về tuyến đường mới.</p>" for number in range(20))
    article = only(look(rss(item(f"<description><![CDATA[{story}]]></description>"))))
    assert article.lead == ""
    assert article.body_html.count("<p>") == 20


def test_a_description_of_a_picture_and_a_sentence_is_the_lead_and_the_picture() -> None:
    inner = '<description><![CDATA[<a href="/1"><img src="//cdn.example/1.jpg"></a></br>Một câu.]]></description>'
    article = only(look(rss(item(inner))))
    assert (article.lead, article.body_html) == ("Một câu.", "")
    assert article.image == Image(url="https://cdn.example/1.jpg")


@pytest.mark.parametrize(
    "inner",
    [
        '<media:content url="/1.jpg" medium="image" width="640" height="480"/>',
        '<media:thumbnail url="/1.jpg" width="640" height="480"/>',
        '<media:group><media:content url="/1.jpg" type="image/jpeg" width="640" height="480"/></media:group>',
        '<enclosure url="/1.mp3" type="audio/mpeg" length="1"/><media:content url="/1.jpg" width="640" height="480"/>',
    ],
)
def test_a_picture_is_found_wherever_feeds_put_it(inner: str) -> None:
    image = only(look(rss(item(inner)))).image
    assert image == Image(url="https://bacson.example/1.jpg", width=640, height=480)


def test_a_text_that_only_looks_like_markup_is_text() -> None:
    atom = ATOM.replace("<summary>Tuyến đường dài 38 km.", '<summary type="text">Nếu 1 &lt; 2 &amp; x&lt;y thì lạnh.')
    assert only(look(atom)).lead == "Nếu 1 < 2 & x<y thì lạnh."


def test_a_date_that_cannot_be_read_is_told_and_the_article_kept_without_one() -> None:
    harvest = look(rss(item("<guid>7</guid><pubDate>hôm nọ</pubDate>")))
    assert only(harvest).published is None
    assert harvest.notes == ["item 1 (7): its date 'hôm nọ' cannot be read"]


def test_a_feed_none_of_whose_dates_can_be_read_is_told_in_a_few_lines() -> None:
    harvest = look(rss("".join(item(f"<guid>{n}</guid><pubDate>hôm nọ</pubDate>", title=f"Tin {n}") for n in range(9))))
    assert (len(harvest.articles), len(harvest.notes)) == (9, 4)
    assert harvest.notes[-1] == "6 more dates cannot be read"


def test_a_source_may_say_that_its_dates_put_the_month_first() -> None:
    written = rss(item("<pubDate>11/24/2026 2:35:00 PM</pubDate>"))
    assert only(look(written, date_order="month first")).published == datetime(2026, 11, 24, 7, 35, tzinfo=UTC)
    (note,) = look(written).notes
    assert "set date_order: month first" in note


@pytest.mark.parametrize("number", [1_793_000_000, 1_793_000_000_000])
def test_a_date_of_json_may_be_a_number(number: int) -> None:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "items": [{"id": "1", "title": "Tin", "date_published": number}],
    }
    assert only(look(json.dumps(feed))).published == datetime.fromtimestamp(1_793_000_000, UTC)


def test_an_item_without_a_title_is_a_fault_and_the_others_go_on() -> None:
    harvest = look(rss(item() + "<item><guid>b-2</guid><description>x</description></item>"))
    assert [article.guid for article in harvest.articles] == ["b-1"]
    assert harvest.faults == ["item 2 (b-2) has no title"]


def dated(number: int, date: str = "") -> str:
    return f"<item><title>{number}</title><pubDate>{date or f'{number} Nov 2026 08:00:00 +0700'}</pubDate></item>"


def titles(harvest: FetchResult) -> list[str]:
    return [article.title for article in harvest.articles]


def test_the_limit_takes_the_newest_wherever_they_stand() -> None:
    items = [dated(day) for day in range(1, 10)]
    assert titles(look(rss("".join(items)), max_articles=3)) == ["7", "8", "9"]
    assert titles(look(rss("".join(reversed(items))), max_articles=3)) == ["9", "8", "7"]
    mixed = [items[at] for at in (4, 8, 0, 6, 2, 7, 1, 5, 3)]
    assert titles(look(rss("".join(mixed)), max_articles=3)) == ["9", "7", "8"]


def test_without_dates_the_limit_takes_the_first_ones() -> None:
    items = "".join(f"<item><title>{number}</title></item>" for number in range(9))
    assert titles(look(rss(items), max_articles=3)) == ["0", "1", "2"]


@pytest.mark.parametrize("date", ["-", "hôm nào đó"])
def test_an_article_without_a_date_is_as_new_as_those_around_it(date: str) -> None:
    items = [dated(1), dated(2), dated(3), dated(4, date), dated(5)]
    assert titles(look(rss("".join(items)), max_articles=3)) == ["3", "4", "5"]
    assert titles(look(rss("".join(reversed(items))), max_articles=2)) == ["5", "4"]


def test_what_the_limit_leaves_out_is_told() -> None:
    items = "".join(dated(day) for day in range(1, 10))
    (note,) = look(rss(items), max_articles=3).notes
    assert (
        note == f"of 9 articles in {URL} the newest 3 are read, the others are left out: set max_articles to read more"
    )
    assert look(rss(items), max_articles=9).notes == []


@pytest.mark.slow
def test_a_feed_longer_than_any_is_looked_through_to_its_end() -> None:
    early = "".join(dated(n, f"{1 + n % 28} Oct 2026") for n in range(3000))
    assert titles(look(rss(early + dated(3000, "1 Nov 2026")), max_articles=1)) == ["3000"]


def test_an_honest_feed_without_items_is_no_fault() -> None:
    assert look(rss("")) == FetchResult(articles=[], faults=[], notes=[])


@pytest.mark.parametrize(
    ("body", "charset"),
    [
        pytest.param(b"\n\n  " + RSS.encode(), "", id="blank lines before the declaration"),
        pytest.param(RSS.encode("utf-8-sig"), "", id="byte order mark"),
        pytest.param(RSS.replace("utf-8", "utf-16").encode("utf-16"), "", id="UTF-16"),
        pytest.param(RSS.replace('encoding="utf-8"', 'encoding="utf-16"').encode(), "", id="declared UTF-16, is UTF-8"),
        pytest.param(RSS.replace("&amp;amp;", "&"), "", id="bare ampersand"),
        pytest.param(RSS.replace("Khởi", "Kh\x0bởi").replace("&amp;amp;", "&amp;"), "", id="control character"),
        pytest.param(RSS.encode(), "utf-8", id="charset of the server"),
    ],
)  # fmt: skip
def test_common_mistakes_of_feeds_are_read_over(body: bytes | str, charset: str) -> None:
    article = only(look(body, "application/rss+xml", charset))
    assert article.title == EXPECTED.title
    assert article.body_html == EXPECTED.body_html


def test_a_feed_that_was_cut_off_gives_what_came() -> None:
    whole = rss(item() + item(title="Hai"))
    assert [a.title for a in look(whole[: whole.rindex("<guid>")]).articles][:1] == ["Khởi công đường 254"]


# -- one bad item costs one item ---------------------------------------------------------------------------------------

WRONG: tuple[Any, ...] = (
    5,
    -1.5,
    True,
    False,
    None,
    "x",
    "",
    [],
    ["x"],
    [5],
    [[]],
    [None],
    {},
    {"name": 5},
    [{"name": []}],
    [{"url": 5}],
)
BEYOND = ("1" * 5000, "1e999", "NaN", "Infinity", "-Infinity", '"\\ud800"', '"http://["', '"\\u0000"')
FIELDS = (
    "id", "url", "external_url", "title", "content_html", "content_text", "summary", "image", "banner_image",
    "date_published", "date_modified", "author", "authors", "tags", "language", "attachments", "_own",
)  # fmt: skip


def json_feed(*items: str, head: str = "") -> str:
    return f'{{"version": "https://jsonfeed.org/version/1.1", "title": "t"{head}, "items": [{", ".join(items)}]}}'


GOOD = json.dumps({"id": "b-2", "title": "Hai", "content_text": "y", "tags": ["Kinh tế"]})


@pytest.mark.parametrize("value", [*map(json.dumps, WRONG), *BEYOND], ids=lambda value: value[:20])
def test_no_value_in_a_json_feed_costs_another_item(value: str) -> None:
    for field in FIELDS:
        bad = {"id": '"b-1"', "title": '"Một"', "content_text": '"x"'} | {field: value}
        harvest = look(json_feed("{" + ", ".join(f'"{name}": {one}' for name, one in bad.items()) + "}", GOOD))
        assert harvest.articles[-1].guid == "b-2", field
        assert len(harvest.articles) + len(harvest.faults) == 2, field


@pytest.mark.parametrize("field", ["id", "title"])
@pytest.mark.parametrize("value", ["5", '"5"'])
def test_a_number_where_words_belong_is_words(field: str, value: str) -> None:
    article = only(look(json_feed(f'{{"id": "1", "title": "1", "content_text": "x", "{field}": {value}}}')))
    assert {"id": article.guid, "title": article.title}[field] == "5"


@pytest.mark.parametrize("value", [*map(json.dumps, WRONG), *BEYOND], ids=lambda value: value[:20])
def test_no_value_at_the_head_of_a_json_feed_costs_its_items(value: str) -> None:
    head = "".join(f', "{name}": {value}' for name in ("language", "authors", "home_page_url", "hubs", "icon"))
    assert [one.title for one in look(json_feed(GOOD, head=head)).articles] == ["Hai"]


@pytest.mark.parametrize("item", ["5", "null", "[]", '"x"', "true"])
def test_an_item_that_is_none_is_named(item: str) -> None:
    harvest = look(json_feed(item, GOOD))
    assert [one.title for one in harvest.articles] == ["Hai"]
    assert harvest.faults == ["item 1 (without an id) is no object with fields"]


def test_an_entry_that_cannot_be_made_into_an_article_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a parser below us thinks of a body."""
    whole = clean_body

    def picky(html: str, *rest: Any, **more: Any) -> Any:
        if "xấu" in html:
            raise ValueError("no\nway")
        return whole(html, *rest, **more)

    monkeypatch.setattr("distributor.gathering.cleaning.clean_body", picky)
    harvest = look(rss(item() + item("<description>xấu</description>", title="Hai").replace("b-1", "b-2")))
    assert [one.guid for one in harvest.articles] == ["b-1"]
    assert harvest.faults == ["item 2 (b-2) cannot be read: no way"]


# -- what is no feed, and what is an attack ----------------------------------------------------------------------------


@pytest.mark.parametrize(("body", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_feed_or_an_attack_is_refused_in_words(body: bytes | str, words: str) -> None:
    """A failed look changes nothing; it is never taken for "no news"."""
    with pytest.raises(SourceError) as caught:
        look(body)
    assert str(caught.value).startswith(f"{URL} {words}")
    assert len(str(caught.value)) < 400


def test_nothing_that_can_act_gets_through() -> None:
    inner = (
        "<description><![CDATA[<b onclick=x()>Lời</b><script>alert(1)</script>]]></description>"
        '<link>javascript:alert(1)</link><enclosure url="javascript:alert(1)" type="image/jpeg"/>'
    )
    article = only(look(rss(f"<item><title>&lt;img src=x onerror=alert(1)&gt;Tin&#8;</title>{inner}</item>")))
    assert (article.title, article.url, article.lead, article.image) == ("Tin", "", "Lời", None)


# -- the source --------------------------------------------------------------------------------------------------------


async def gather(source: FeedSource, fetcher: Fetcher) -> FetchResult:
    return await source.gather(fetcher, NOW)


async def test_a_feed_is_asked_for_once_and_then_only_for_changes(site: WebSite, open_web: OpenFetcher) -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.headers.get("If-None-Match") == '"1"':
            return web.Response(status=304)
        return web.Response(body=RSS.encode(), headers={"ETag": '"1"'})

    source = FeedSource(name="tin", url=site.at("/rss", answer))
    harvest = await gather(source, await open_web())
    assert len(harvest.articles) == 1
    assert source.url and harvest.validators[source.url].etag == '"1"'
    with pytest.raises(NotModified):
        await gather(source, await open_web(harvest.validators))


async def test_a_feed_that_moved_for_good_is_read_and_noted(site: WebSite, open_web: OpenFetcher) -> None:
    new = site.page("/moi", RSS)
    harvest = await gather(FeedSource(name="tin", url=site.redirect("/cu", "/moi", 301)), await open_web())
    assert len(harvest.articles) == 1
    assert harvest.notes == [f"{site.url}/cu has moved for good to {new}: change it in config.yaml"]


async def test_a_feed_on_the_disk(tmp_path: Path, open_web: OpenFetcher) -> None:
    file = tmp_path / "tin.xml"
    source = FeedSource(name="tin", file=file)
    with pytest.raises(SourceError, match=r"tin\.xml cannot be read: No such file"):
        await gather(source, await open_web())
    file.write_text(RSS, encoding="utf-8")
    assert (await gather(source, await open_web())).articles[0].url == EXPECTED.url
    file.write_bytes(b" " * 5_000_001)
    with pytest.raises(SourceError, match="is larger than 5 MB"):
        await gather(source, await open_web())


async def test_a_parser_that_computes_for_ever_is_ended(
    tmp_path: Path, open_web: OpenFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "_MOST_COMPUTING", 0.05)
    monkeypatch.setattr(FeedSource, "read", lambda *_: re.fullmatch(r"(a+)+b", "a" * 60))
    file = tmp_path / "tin.xml"
    file.write_text(RSS, encoding="utf-8")
    with pytest.raises(SourceError, match=r"tin\.xml took more than 0\.05 s of computing to read"):
        await gather(FeedSource(name="tin", file=file), await open_web())


@pytest.mark.parametrize("settings", [{}, {"url": URL, "file": Path("tin.xml")}])
def test_either_an_address_or_a_file(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="give either url or file"):
        FeedSource(name="tin", **settings)


@pytest.mark.parametrize(
    "media",
    [
        '<media:content url="https://1.gravatar.com/avatar/a1?s=96&amp;d=identicon" medium="image"/>',
        '<media:thumbnail url="https://bacson.example/avatar/lc_64x64.jpg" width="64" height="64"/>',
        '<media:content url="https://dem.example/p.gif" width="1" height="1" medium="image"/>',
        '<enclosure url="https://feeds.feedburner.com/~r/bao/~4/1" type="image/gif"/>',
    ],
)
def test_a_portrait_or_a_counter_that_a_feed_names_as_a_picture_is_none(media: str) -> None:
    feed = (
        '<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>t</title><item><title>Lễ hội</title>'
        f'<link>https://bacson.example/1</link>{media}<media:content url="https://bacson.example/hoi.jpg" medium="image"/>'
        "</item></channel></rss>"
    )
    source = FeedSource(name="tin", url="https://bacson.example/rss")
    (article,) = source.read(FetchedDocument(url="https://bacson.example/rss", body=feed.encode())).articles
    assert article.image is not None
    assert article.image.url == "https://bacson.example/hoi.jpg"
