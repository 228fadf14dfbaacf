"""What machines read of the site: well formed, with public addresses only."""

from __future__ import annotations

from typing import Any

from lxml import etree

from support.web_client import Visitor

MAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


async def fill(visitor: Visitor) -> None:
    def work() -> None:
        visitor.line.arrives("a", "R & D", title='Tin "a" & <b>', url="")
        visitor.line.arrives("b", url="https://bacson.example/b")
        visitor.line.day("07:00")

    await visitor.run(work)


async def addresses(visitor: Visitor, path: str) -> list[str]:
    answer = await visitor.get(path)
    assert answer.headers["Content-Type"] == "application/xml; charset=utf-8"
    return [str(one.text) for one in etree.fromstring(await answer.read()).iter(f"{MAP}loc")]


async def test_the_sitemap_has_the_pages_that_are_originals(visitor: Visitor) -> None:
    await fill(visitor)
    found = await addresses(visitor, "/sitemap.xml")
    assert "https://news.bacson.example/archive/tin-sang/tin-sang-1" in found
    assert len([one for one in found if "/articles/" in one]) == 1  # the other one is at home elsewhere
    for url in found:
        assert (await visitor.get(url)).status == 200, url


async def test_the_news_sitemap_has_what_is_new(visitor: Visitor) -> None:
    await fill(visitor)
    assert len(await addresses(visitor, "/news-sitemap.xml")) == 2
    text = await (await visitor.get("/news-sitemap.xml")).text()
    assert '<news:title>Tin "a" &amp; &lt;b&gt;</news:title>' in text
    visitor.line.at("2026-11-26 12:00")
    assert await addresses(visitor, "/news-sitemap.xml") == []


async def test_the_opml_has_every_feed(visitor: Visitor) -> None:
    await fill(visitor)
    answer = await visitor.get("/opml.xml")
    tree: Any = etree.fromstring(await answer.read())
    feeds = tree.xpath("//outline/@xmlUrl")
    assert feeds == [f"https://news.bacson.example/feeds/{name}rss.xml" for name in ("", "tin-sang/", "topics/r-d/")]
    assert tree.xpath("//outline/@text")[-1] == "R & D"
    for url in feeds:
        assert (await visitor.get(url)).status == 200


async def test_robots_are_told_where_the_sitemaps_are(visitor: Visitor) -> None:
    text = await (await visitor.get("/robots.txt")).text()
    assert "Sitemap: https://news.bacson.example/sitemap.xml" in text
    assert "/u/" not in text and "/p/" not in text
