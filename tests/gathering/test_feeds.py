"""Whose words a feed's are, and what they are declared to be: markup, or text that only looks like it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.gathering.feeds import TextType, as_html, as_text, looks_like_html
from distributor.gathering.sources.feed import FeedSource
from distributor.model import ParsedArticle
from distributor.source import FetchedDocument
from distributor.text import clean_line, html_to_text

URL = "https://muongla.example/rss"
SPACES = (
    'xmlns:media="http://search.yahoo.com/mrss/" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"'
    ' xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:georss="http://www.georss.org/georss"'
    ' xmlns:slash="http://purl.org/rss/1.0/modules/slash/" xmlns:thr="http://purl.org/syndication/thread/1.0"'
    ' xmlns:wfw="http://wellformedweb.org/CommentAPI/" xmlns:shop="urn:shop"'
)


def read(body: str, **settings: Any) -> list[ParsedArticle]:
    harvest = FeedSource(**{"name": "tin", "url": URL, **settings}).read(FetchedDocument(url=URL, body=body.encode()))
    assert list(harvest.faults) == []
    return list(harvest.articles)


def rss(inner: str, head: str = "") -> str:
    return (
        f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0" {SPACES}><channel><title>Tin</title>'
        f"<link>https://muongla.example/</link><description>x</description>{head}<item>{inner}</item></channel></rss>"
    )


def atom(inner: str) -> str:
    return (
        f'<feed xmlns="http://www.w3.org/2005/Atom" {SPACES} xml:lang="vi"><title>Tin</title><id>t</id>'
        f"<updated>2026-11-20T08:00:00Z</updated><entry><id>e</id><updated>2026-11-20T08:00:00Z</updated>{inner}</entry>"
        "</feed>"
    )


# -- other vocabularies ------------------------------------------------------------------------------------------------

OWN = (
    "<title>Cầu treo mới qua suối Nậm Mu</title><link>https://muongla.example/1</link><guid>m-1</guid>",
    "<description>Cây cầu dài 60 mét nối hai bản.</description>",
    "<pubDate>Fri, 20 Nov 2026 08:00:00 +0700</pubDate>",
)
FOREIGN = {
    "the caption of a picture": '<media:content url="/c.jpg" medium="image"><media:title>IMG_1</media:title>'
    "<media:description>Chú thích. Ảnh: A Páo</media:description></media:content>",
    "a caption without a picture": '<media:description type="html">Chú thích. Ảnh: A Páo</media:description>',
    "a group of pictures": '<media:group><media:title type="plain">IMG_2</media:title><media:content url="/c.jpg"'
    ' medium="image"/><media:description>Chú thích.</media:description></media:group>',
    "a broadcast": "<itunes:title>Tập 9</itunes:title><itunes:subtitle>Phụ đề</itunes:subtitle>"
    "<itunes:summary>Tóm tắt của tập</itunes:summary><itunes:duration>12:00</itunes:duration>",
    "Dublin Core": "<dc:title>Nhan đề khác</dc:title><dc:description>Mô tả khác</dc:description>"
    "<dc:date>2001-01-01T00:00:00Z</dc:date><dcterms:issued>2001-01-01T00:00:00Z</dcterms:issued>"
    "<dcterms:abstract>Tóm lược</dcterms:abstract>",
    "a place": "<georss:featurename>Mường La</georss:featurename><georss:point>21 104</georss:point>",
    "comments": "<slash:comments>7</slash:comments><wfw:commentRss>https://muongla.example/c</wfw:commentRss>"
    '<thr:in-reply-to ref="x"/><thr:total>3</thr:total>',
    "a shop": '<shop:offer sku="1"><title>Áo mưa</title><description>Giảm giá</description>'
    "<link>https://shop.example/</link><guid>s</guid><pubDate>Mon, 01 Jan 2001 00:00:00 GMT</pubDate>"
    "<content:encoded>Mua ngay</content:encoded></shop:offer>",
    "a shop that has taken no prefix": '<offer xmlns="urn:shop"><title>Áo mưa</title></offer>'
    '<title xmlns="urn:shop">Áo</title><description xmlns="urn:shop">Giảm giá</description>',
    "a picture of RSS": "<image><title>Biểu trưng</title><url>/l.png</url><link>https://shop.example/</link></image>",
}  # fmt: skip


@pytest.mark.parametrize("foreign", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("at", range(4))
def test_what_another_vocabulary_says_is_never_the_items_own_word(foreign: str, at: int) -> None:
    """Wherever it stands; feedparser takes what comes last, or first, for the item's own."""
    (plain_one,) = read(rss("".join(OWN)))
    (article,) = read(rss("".join([*OWN[:at], foreign, *OWN[at:]])))
    assert article.title == plain_one.title == "Cầu treo mới qua suối Nậm Mu"
    assert (article.lead, article.body_html) == (plain_one.lead, plain_one.body_html) == (
        "Cây cầu dài 60 mét nối hai bản.", "",
    )  # fmt: skip
    assert (article.published, article.url, article.guid) == (plain_one.published, plain_one.url, plain_one.guid)


@pytest.mark.parametrize("foreign", FOREIGN.values(), ids=FOREIGN)
def test_an_item_without_a_word_of_its_own_borrows_none(foreign: str) -> None:
    (article,) = read(rss(f"{foreign}<title>Một</title>{foreign}"))
    assert (article.title, article.lead, article.body_html) == ("Một", "", "")


@pytest.mark.parametrize("foreign", FOREIGN.values(), ids=FOREIGN)
def test_so_it_is_in_atom_and_in_xml_that_is_broken(foreign: str) -> None:
    own = '<title>Một</title><summary>Hai.</summary><link href="https://muongla.example/1"/>'
    for inner in (foreign + own, own + foreign):
        if "<image>" not in foreign:  # which Atom does not have
            (article,) = read(atom(inner))
            assert (article.title, article.lead, article.body_html) == ("Một", "Hai.", "")
    if "xmlns" not in foreign:  # what is broken has no namespaces to go by
        (article,) = read(rss("".join([OWN[0], foreign, OWN[1]]) + "<category>R&D</category><x>&nbsp;</x>"))
        assert (article.title, article.lead) == ("Cầu treo mới qua suối Nậm Mu", "Cây cầu dài 60 mét nối hai bản.")
        assert article.topics == ("R&D",)


def test_a_bare_ampersand_is_one() -> None:
    title = "<title>R&D của A&B & C, hỏi&nbsp;đáp</title><link>https://muongla.example/1?a=1&b=2&copy=3</link>"
    (article,) = read(rss(title + "<description><![CDATA[Một&nbsp;hai & ba&bốn]]></description>"))
    assert article.title == "R&D của A&B & C, hỏi đáp"
    assert article.lead == "Một hai & ba&bốn"
    assert article.url == "https://muongla.example/1?a=1&b=2&copy=3"


def test_pictures_of_other_vocabularies_are_pictures() -> None:
    video = '<media:content url="/c.mp4" type="video/mp4"><media:thumbnail url="/c.jpg"/></media:content>'
    inner = f"<media:group>{video}</media:group>"
    (article,) = read(rss("".join(OWN) + inner))
    assert article.image is not None
    assert article.image.url == "https://muongla.example/c.jpg"


@pytest.mark.parametrize(
    ("inner", "author"),
    [
        ("<dc:creator>Sùng A Dơ</dc:creator><dc:creator>Lò Thị Mai</dc:creator>", "Sùng A Dơ, Lò Thị Mai"),
        ("<itunes:author>Đài tỉnh</itunes:author><dc:creator>Lò Thị Mai</dc:creator>", "Lò Thị Mai"),
        ("<author>mai@muongla.example (Lò Thị Mai)</author>", "Lò Thị Mai"),
        ("<itunes:author>Đài tỉnh</itunes:author>", "Đài tỉnh"),
        ("<author>tin@muongla.example</author><dc:creator>Lò Thị Mai</dc:creator>", "Lò Thị Mai"),
        ("<author>tin@muongla.example</author>", ""),
        ("<itunes:owner><itunes:name>Đài tỉnh</itunes:name></itunes:owner>", ""),
    ],
)
def test_the_author_is_whom_the_item_names_itself_before_whom_others_name(inner: str, author: str) -> None:
    (article,) = read(rss("".join(OWN) + inner))
    assert article.author == author


def test_several_authors_of_atom_are_kept() -> None:
    (article,) = read(atom("<title>Một</title><author><name>A Páo</name></author><author><name>B Sử</name></author>"))
    assert article.author == "A Páo, B Sử"


def test_dates_of_dublin_core_stand_in_where_there_is_no_other() -> None:
    for inner in ("<dc:date>2026-11-20T08:00:00Z</dc:date>", "<dcterms:issued>2026-11-20T08:00:00Z</dcterms:issued>"):
        (article,) = read(rss(OWN[0] + inner))
        assert article.published is not None
        assert f"{article.published:%d/%m/%Y %H:%M}" == "20/11/2026 08:00"


# -- declared types ----------------------------------------------------------------------------------------------------

PLAIN_TITLES = [
    "Dạy trẻ viết thẻ <table> và <br> trong một giờ",
    "<Đồ họa> Lịch thi vào lớp mười: khi x<y?",
    "Vì sao <b> và </i> không còn nên dùng",
    "a < b & c > d",
    "Công thức <sub>2</sub> viết thế nào",
    "<!-- chú thích --> là gì",
    "Hỏi & đáp; hỏi &c. và R&D",
]


@pytest.mark.parametrize("title", PLAIN_TITLES)
def test_a_title_of_plain_text_stays_whole(title: str) -> None:
    escaped = title.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for declared in ("<title>", '<title type="text">', '<title type="TEXT">', '<title type="text/plain">'):
        (article,) = read(atom(f"{declared}{escaped}</title>"))
        assert article.title == title
    (article,) = read(atom(f"<title><![CDATA[{title}]]></title>"))
    assert article.title == title
    (article,) = read(
        json.dumps(
            {"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "title": title, "summary": title}]}
        )
    )
    assert (article.title, article.lead) == (title, title)


def test_a_summary_and_a_text_of_plain_text_stay_whole() -> None:
    body = "Thẻ <b> là gì?\n\nDùng <i> thay cho <b>."
    (article,) = read(
        json.dumps(
            {"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "title": "x", "content_text": body}]}
        )
    )
    assert article.body_html == "<p>Thẻ &lt;b&gt; là gì?</p><p>Dùng &lt;i&gt; thay cho &lt;b&gt;.</p>"
    (article,) = read(atom("<title>x</title><summary>Thẻ &lt;b&gt; và &lt;/b&gt;.</summary>"))
    assert article.lead == "Thẻ <b> và </b>."


def test_what_is_declared_to_be_no_text_is_none() -> None:
    (article,) = read(
        atom('<title>x</title><summary>Tóm tắt.</summary><content type="image/png">iVBORw0KGgo=</content>')
    )
    assert (article.lead, article.body_html) == ("Tóm tắt.", "")


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ('<title type="html">&lt;b&gt;Tin&lt;/b&gt; mới: a &amp;lt; b</title>', "Tin mới: a < b"),
        ('<title type="html">AT&amp;amp;T</title>', "AT&T"),
        ('<title type="html"><![CDATA[Lời<br>hay <em>ý</em> đẹp]]></title>', "Lời hay ý đẹp"),
        (
            '<title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">Nếu <i>a</i> &lt; b &amp; c</div></title>',
            "Nếu a < b & c",
        ),
    ],
)
def test_a_title_of_markup_gives_its_words(title: str, words: str) -> None:
    (article,) = read(atom(title))
    assert article.title == words


RSS_TITLES = {
    "Khi a &lt; b": "Khi a < b",
    "Viết thẻ &lt;table&gt; và &lt;br&gt; thế nào": "Viết thẻ <table> và <br> thế nào",
    "&lt;Đồ họa&gt; Lịch thi": "<Đồ họa> Lịch thi",
    "&lt;Infographic&gt; Lịch thi: x&lt;y?": "<Infographic> Lịch thi: x<y?",
    "<![CDATA[<Video> Mùa nước nổi]]>": "<Video> Mùa nước nổi",
    "&amp;lt;b&amp;gt; là gì": "<b> là gì",
    "Cơm &amp;amp; áo &amp;#8211; gạo": "Cơm & áo – gạo",
    "Cơm &amp; áo": "Cơm & áo",
    "&lt;b&gt;Nóng:&lt;/b&gt; lũ về": "Nóng: lũ về",
    "<![CDATA[<span class='hot'>Nóng</span> hôm nay]]>": "Nóng hôm nay",
    "<![CDATA[Một dòng<br>hai dòng]]>": "Một dòng hai dòng",
    "<![CDATA[Một dòng<br />hai dòng]]>": "Một dòng hai dòng",
    "<![CDATA[M&ocirc;n To&aacute;n]]>": "Môn Toán",
    "Chuyện của &amp;copy=1&amp;lt=2": "Chuyện của &copy=1&lt=2",
}


@pytest.mark.parametrize(("title", "words"), RSS_TITLES.items())
def test_a_title_of_rss_is_markup_only_where_its_tags_do_something(title: str, words: str) -> None:
    """RSS declares nothing, so its customs decide."""
    (article,) = read(rss(f"<title>{title}</title><link>https://muongla.example/1</link>"))
    assert article.title == words


@pytest.mark.parametrize(
    ("description", "lead"),
    [
        ("Khi a &lt; b và thẻ &lt;b&gt; đứng một mình.", "Khi a < b và thẻ <b> đứng một mình."),
        ("&lt;p&gt;Một câu.&lt;/p&gt;", "Một câu."),
        ("<![CDATA[<p>Đoạn không đóng<p>và đoạn nữa.]]>", "Đoạn không đóng và đoạn nữa."),
        ("Cơm &amp;amp; áo", "Cơm & áo"),
    ],
)
def test_so_is_a_description(description: str, lead: str) -> None:
    (article,) = read(rss(f"<title>x</title><description>{description}</description>"))
    assert article.lead == lead


@given(st.text(alphabet="<>/&;= abrix\"'#39lt", max_size=60))
def test_plain_text_comes_back_whole_and_nothing_in_it_is_markup(text: str) -> None:
    assert as_text(text, TextType.PLAIN) == clean_line(text)
    assert html_to_text(as_html(text, TextType.PLAIN)) == clean_line(text)
    assert "<" not in as_html(text, TextType.PLAIN)


@given(st.text(alphabet="<>/&;= abrix\"'#39lt", max_size=60))
def test_a_text_that_nobody_has_declared_is_one_of_the_two(text: str) -> None:
    kind = TextType.HTML if looks_like_html(text) else TextType.PLAIN
    if "&" not in text:
        assert as_text(text, TextType.EITHER) == as_text(text, kind)


# -- languages ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "tag"),
    [
        ("tay", "tay"),
        ("hmn", "hmn"),
        ("vi-vn", "vi-VN"),
        ("vi_VN", "vi-VN"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("de-1996", "de-1996"),
        ("Vietnamese", "vi"),  # the source's own
        ("v", "vi"),
        ("", "vi"),
    ],
)
def test_a_language_is_what_the_feed_says_and_never_a_part_of_it(said: str, tag: str) -> None:
    (article,) = read(rss("".join(OWN), f"<language>{said}</language>"))
    assert article.language == tag
    feed = {"version": "https://jsonfeed.org/version/1.1", "language": said, "items": [{"id": "1", "title": "x"}]}
    (article,) = read(json.dumps(feed))
    assert article.language == tag


def test_an_item_may_have_a_language_of_its_own() -> None:
    (article,) = read(atom('<title xml:lang="hmn-Latn">Xov xwm</title>'))
    assert article.language == "hmn-Latn"
    (article,) = read(re.sub("<entry>", '<entry xml:lang="en">', atom("<title>News</title>")))
    assert article.language == "en"
    (article,) = read(rss("".join(OWN) + "<dc:language>blt</dc:language>", "<language>vi</language>"))
    assert article.language == "blt"
    (article,) = read(rss("".join(OWN) + "<dc:language>\u00b2\u00b2</dc:language>", "<language>tay</language>"))
    assert article.language == "tay"
