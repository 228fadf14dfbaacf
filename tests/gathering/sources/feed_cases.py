"""Feeds of one article in each format, and what is no feed or an attack, with what is reported of it."""

from __future__ import annotations

from datetime import UTC, datetime

from distributor.model import Image, ParsedArticle
from gathering.feed_bytes import item, rss

EXPECTED = ParsedArticle(
    source="tin",
    title="Khởi công đường 254 & cầu Bản Vẹn",
    guid="b-1",
    url="https://bacson.example/tin/1",
    lead="Tuyến đường dài 38 km.",
    body_html='<p>Vốn <a href="https://bacson.example/tin/qd.pdf">412 tỷ</a>.</p>',
    author="Minh Hạnh",
    published=datetime(2026, 11, 23, 1, 0, tzinfo=UTC),
    updated=datetime(2026, 11, 23, 2, 0, tzinfo=UTC),
    topics=("Kinh tế", "Giao thông"),
    image=Image(url="https://bacson.example/anh/1.jpg"),
    language="vi",
)
BODY = '<p style="color:red">Vốn <a href="/tin/qd.pdf">412 tỷ</a>.</p><script>alert(1)</script>'

RSS = rss(
    item(
        "<description>Tuyến đường dài 38 km.</description>"
        f"<content:encoded><![CDATA[{BODY}]]></content:encoded><dc:creator>Minh Hạnh</dc:creator>"
        "<category>Kinh tế</category><category>Giao thông</category>"
        "<pubDate>Mon, 23 Nov 2026 08:00:00 GMT+7</pubDate>"
        '<atom:updated xmlns:atom="http://www.w3.org/2005/Atom">2026-11-23T09:00:00</atom:updated>'
        '<enclosure url="/anh/1.jpg" type="image/jpeg" length="1"/>',
        "Khởi công đường 254 &amp;amp; cầu Bản Vẹn",
    )
)
ATOM = f"""<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="vi" xml:base="https://bacson.example/tin/">
<title>Báo</title><id>tag:x</id><updated>2026-11-23T09:00:00+07:00</updated>
<entry><id>b-1</id><title type="html">Khởi công đường 254 &amp;amp; &lt;b&gt;cầu Bản Vẹn&lt;/b&gt;</title><link href="1"/>
<summary>Tuyến đường dài 38 km.</summary><author><name>Minh Hạnh</name></author>
<category term="Kinh tế"/><category term="Giao thông"/>
<published>2026-11-23T08:00:00+07:00</published><updated>2026-11-23T09:00:00+07:00</updated>
<link rel="enclosure" type="image/jpeg" href="/anh/1.jpg"/>
<content type="html">{BODY.replace("/tin/qd.pdf", "qd.pdf").replace("<", "&lt;")}</content></entry></feed>"""
JSON = {
    "version": "https://jsonfeed.org/version/1.1",
    "title": "Báo",
    "language": "vi",
    "items": [
        {
            "id": "b-1", "title": "Khởi công đường 254 & cầu Bản Vẹn", "url": "/tin/1", "summary": "Tuyến đường dài 38 km.",
            "content_html": BODY, "authors": [{"name": "Minh Hạnh"}], "tags": ["Kinh tế", "Giao thông"],
            "date_published": "2026-11-23T08:00:00+07:00", "date_modified": "2026-11-23T09:00:00+07:00",
            "image": "../anh/1.jpg",
        }
    ],
}  # fmt: skip

LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
REFUSED = {
    "nothing": ("", "is empty"),
    "blanks": (" \n ", "is empty"),
    "a web page": ("<!doctype HTML>\n<html><body>x</body></html>", "is a web page, not a feed"),
    "a web page behind a comment": ("<!-- x --><html><head></head></html>", "is a web page, not a feed"),
    "words": ("Trang đang bảo trì", "is not a feed that can be read"),
    "other XML": ("<?xml version='1.0'?><note><to>x</to></note>", "is not a feed that can be read"),
    "binary": (bytes(range(256)) * 40, "is not a feed that can be read"),
    "other JSON": ('{"articles": []}', "is JSON, but no JSON Feed"),
    "broken JSON": ('{"version": "https://jsonfeed.org/version/1.1", ', "is not JSON that can be read"),
    "deep JSON": ('{"a":' * 200_000, "is not JSON that can be read"),
    "JSON without items": ('{"version": "https://jsonfeed.org/version/1.1"}', "is a JSON Feed without items"),
    "a thousand million laughs": (
        f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a0 "ha">{LAUGHS}]><rss><channel>&a9;</channel></rss>',
        "declares a document type",
    ),
    "laughs in UTF-16": (
        f'<!DOCTYPE rss [<!ENTITY a0 "ha">{LAUGHS}]><rss/>'.encode("utf-16"), "declares a document type",
    ),
    "a file of ours": (
        '<?xml version="1.0"?><!-- x --><!DOCTYPE rss [<!ENTITY a SYSTEM "file:///etc/passwd">]><rss>&a;</rss>',
        "declares a document type",
    ),
    "deep elements": (rss(item("<a>" * 100_000)), "nests elements more than 200 deep"),
    "a million items": (rss("<item/>" * 600_000), "holds more than 300,000 tags"),
    "unclosed comments": (rss(item() + "<!--" * 400_000), "holds more than 300,000 tags"),
}  # fmt: skip
