"""What is wrong with one item costs that item; a document type is read only where it is a name."""

from __future__ import annotations

import pytest

from distributor.errors import SourceError
from gathering.feed_bytes import item, look, only, rss

NEIGHBOURS = (item("<description>một</description>"), "<item><title>Hai</title><guid>b-3</guid></item>")


SPOILT = {
    "an address that is none": '<description xml:base="http://[">y</description>',
    "such a base of the item": '<x xml:base="http://[x]"/><link>a</link>',
    "such a link": "<link>http://[</link>",
    "such a picture": '<enclosure url="http://[::1" type="image/jpeg"/><media:content url="http://[" medium="image"/>',
    "elements called like lists": "<links>x</links><tags>x</tags><authors>x</authors><enclosures>x</enclosures>",
    "such with attributes": '<links a="b"/><authors a="b"/><contributors a="b"/><link>https://bacson.example/x</link>',
    "elements called like records": '<author_detail>x</author_detail><summary_detail a="b"/><title_detail>x</title_detail>',
    "dates that are none": "<pubDate>31/02/2026 25:61</pubDate><dc:date>99999999999-01-01</dc:date>",
    "sizes that are none": '<enclosure url="/a.jpg" type="image/jpeg" length="-1"/><media:content url="/b.jpg" width="x"/>',
    "characters that there are not": "<description>&amp;#99999999999999; &amp;#x110000; &amp;#0;</description>",
    "a language that is none": "<dc:language>\u00b2\u00b2</dc:language>",
    "a million categories": "<category>" + "x" * 100_000 + "</category>",
}


@pytest.mark.parametrize("spoilt", SPOILT.values(), ids=SPOILT)
def test_one_bad_item_of_a_feed_costs_itself_at_most(spoilt: str) -> None:
    bad = f"<item><title>Xấu</title><guid>b-2</guid>{spoilt}</item>"
    harvest = look(rss(NEIGHBOURS[0] + bad + NEIGHBOURS[1]))
    assert [one.guid for one in harvest.articles if one.guid != "b-2"] == ["b-1", "b-3"]
    assert len(harvest.articles) + len(harvest.faults) == 3
    broken = look(rss(f"<item><title>Hỏng & hỏng</title><guid>b-0</guid>&#99999999999;</item>{bad}{NEIGHBOURS[1]}"))
    assert [one.guid for one in broken.articles if one.guid != "b-2"] == ["b-0", "b-3"]


def test_a_bad_base_is_passed_over() -> None:
    """Relative addresses are then taken from the feed's own."""
    inner = '<content:encoded xml:base="http://[">&lt;a href="1.pdf"&gt;Một&lt;/a&gt;</content:encoded>'
    assert 'href="https://bacson.example/rss/1.pdf"' in only(look(rss(item(inner)))).body_html


NETSCAPE = '"-//Netscape Communications//DTD RSS 0.91//EN"'


TYPES = {
    "of RSS 0.91": f'<!DOCTYPE rss PUBLIC {NETSCAPE} "http://my.netscape.com/publish/formats/rss-0.91.dtd">',
    "over two lines": f"<!DOCTYPE rss PUBLIC {NETSCAPE}\n  'http://my.netscape.com/publish/formats/rss-0.91.dtd' >",
    "of the system": '<!DOCTYPE rss SYSTEM "rss-0.91.dtd">',
    "by its name": "<!doctype rss>",
    "without a word": '<!DOCTYPE rss SYSTEM "rss-0.91.dtd" [ ]>',
    "behind a comment": '<!-- RSS --><!DOCTYPE rss SYSTEM "http://127.0.0.1:9/rss.dtd"><!-- x -->',
}


@pytest.mark.parametrize("doctype", TYPES.values(), ids=TYPES.keys())
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_feed_that_names_the_type_of_its_document_is_read(doctype: str, encoding: str) -> None:
    """The DTD is never asked for. Its names of letters are known all the same."""
    feed = (
        f'<?xml version="1.0" encoding="{encoding}"?>\n{doctype}\n<rss version="0.91"><channel><title>Báo</title>'
        "<language>vi</language><item><title>C&agrave; ph&ecirc; được mùa</title><link>https://bacson.example/1</link>"
        "<description>Một câu.</description></item></channel></rss>"
    )
    article = only(look(feed.encode(encoding)))
    assert (article.title, article.lead, article.url) == ("Cà phê được mùa", "Một câu.", "https://bacson.example/1")


SUBSETS = [
    '<!DOCTYPE rss [<!ENTITY a "b">]>',
    '<!DOCTYPE rss SYSTEM "x" [<!ENTITY % a SYSTEM "http://127.0.0.1/x"> %a;]>',
    "<!DOCTYPE rss PUBLIC '-//x' \"y\" [\n<!ELEMENT rss ANY>\n]>",
    "<!DOCTYPE rss SYSTEM 'x><!ENTITY a \"b\">'>",
    "<!DOCTYPE rss [",
    '<!ENTITY a "b">',
    '<!DOCTYPE rss><!DOCTYPE rss [<!ENTITY a "b">]>',
    f"<!DOCTYPE rss SYSTEM '{'x' * 400}'>",
]


@pytest.mark.parametrize("doctype", SUBSETS)
def test_a_document_type_that_says_more_than_its_name_is_refused(doctype: str) -> None:
    with pytest.raises(SourceError, match="declares a document type"):
        look(
            f'<?xml version="1.0"?>{doctype}<rss version="0.91"><channel><item><title>&a;</title></item></channel></rss>'
        )


@pytest.mark.parametrize("rubbish", ["<!--", "<div>", "<a href='", "<![CDATA["])
def test_rubbish_inside_a_body_does_not_hurt(rubbish: str) -> None:
    """feedparser's own sanitiser takes quadratic time on the first of these."""
    article = only(look(rss(item(f"<content:encoded><![CDATA[{rubbish * 60_000}]]></content:encoded>"))))
    assert article.title == "Khởi công đường 254"


def test_open_tags_in_many_bodies_are_no_depth() -> None:
    bodies = item("<description><![CDATA[<p>Một<br>hai<br>ba<img src='/1.jpg'><hr>]]></description>") * 100
    assert len(look(rss(bodies)).articles) == 100
