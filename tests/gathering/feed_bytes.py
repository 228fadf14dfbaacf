"""RSS in bytes, and what the source makes of it."""

from __future__ import annotations

from typing import Any

from distributor.gathering.sources.feed import FeedSource
from distributor.model import ParsedArticle
from distributor.source import FetchedDocument, FetchResult

URL = "https://bacson.example/rss/tin.xml"


def look(body: bytes | str, media_type: str = "", charset: str = "", **settings: Any) -> FetchResult:
    """What the source makes of a feed that came from URL."""
    source = FeedSource(**{"name": "tin", "url": URL, **settings})
    data = body if isinstance(body, bytes) else body.encode()
    return source.read(FetchedDocument(url=URL, body=data, media_type=media_type, charset=charset))


def rss(items: str, head: str = "<language>vi</language>") -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:media="http://search.yahoo.com/mrss/"><channel><title>Báo</title><link>https://bacson.example/</link>'
        f"<description>x</description>{head}{items}</channel></rss>"
    )


def item(inner: str = "", title: str = "Khởi công đường 254") -> str:
    return f"<item><title>{title}</title><link>https://bacson.example/tin/1</link><guid>b-1</guid>{inner}</item>"


def only(harvest: FetchResult) -> ParsedArticle:
    assert harvest.faults == []
    (article,) = harvest.articles
    return article
