"""Feeds as they lie in public folders."""

from __future__ import annotations

import json

import pytest

from distributor.doctor.feeds import check_feed

RSS = "<rss version='2.0'><channel><title>Tin</title><link>https://bacson.example</link>{}</channel></rss>"
ATOM = "<feed xmlns='http://www.w3.org/2005/Atom'><title>Tin</title><id>urn:x</id>{}</feed>"
JSON = {"version": "https://jsonfeed.org/version/1.1", "title": "Tin"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (RSS.format("<item><guid>1</guid></item><item><link>https://a</link></item>"), ""),
        (RSS.format("<item><guid>1</guid></item><item><guid>1</guid></item>"), "feed-ids"),
        (RSS.format("<item><title>x</title></item>"), "feed-broken"),
        (RSS.format("<item>"), "feed-broken"),
        ("<rss><channel><title>Tin</title></channel></rss>", "feed-broken"),
        (ATOM.format("<entry><id>a</id></entry><entry><id>b</id></entry>"), ""),
        (ATOM.format("<entry><id>a</id></entry><entry><id>a</id></entry>"), "feed-ids"),
        ("<feed xmlns='http://www.w3.org/2005/Atom'><title>Tin</title></feed>", "feed-broken"),
        (json.dumps({**JSON, "items": [{"id": "1"}, {"id": 2}]}), ""),
        (json.dumps({**JSON, "items": [{"id": "1"}, {"id": "1"}]}), "feed-ids"),
        (json.dumps({**JSON, "items": ["x"]}), "feed-broken"),
        (json.dumps(JSON), "feed-broken"),
        ("{", "feed-broken"),
        ('{"items": ' + "[" * 100_000, "feed-broken"),
        ("<a>" * 100_000, "feed-broken"),
        ("", "feed-broken"),
    ],
)
def test_a_feed_can_be_read_and_no_id_stands_twice(body: str, expected: str) -> None:
    result = check_feed("feeds/all.xml", body.encode())
    assert result and (result.fault, result.where) == (expected, "feeds/all.xml")


@pytest.mark.parametrize("body", ["<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'/>", '{"name": "x"}'])
def test_what_is_no_feed_is_left_alone(body: str) -> None:
    assert check_feed("public/sitemap.xml", body.encode()) is None
