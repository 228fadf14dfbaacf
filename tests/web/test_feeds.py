"""Feeds as feed readers and browsers fetch them: the right octets, asked again cheaply, correct after a correction."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import brotli
import pytest

from distributor.model import Notice, NoticeKind
from distributor.pipeline.correct import apply_correction, plan_correction
from distributor.pipeline.deliver import refresh_feeds
from distributor.web.public_files import PublicFile, keep_file
from support.web_client import Visitor

FORMATS = {
    "rss.xml": "application/rss+xml",
    "atom.xml": "application/atom+xml",
    "feed.json": "application/feed+json",
}
NO_FEED_CHANNEL = ("[mail, feeds, posts]", "[mail, posts]")


@pytest.fixture
async def filled(visitor: Visitor) -> Visitor:
    def fill() -> None:
        visitor.line.arrives("a", "Kinh tế", lead="Lời dẫn. " * 80)
        visitor.line.arrives("b", url="")
        visitor.line.day("07:00")

    await visitor.run(fill)
    return visitor


@pytest.fixture
async def without_channel(visitor: Visitor) -> Visitor:
    """No feed channel is configured: the feeds are made here."""
    line = visitor.line
    line.config = line.config.replace(*NO_FEED_CHANNEL)
    line.config = "\n".join(one for one in line.config.split("\n") if not one.startswith("  feeds:"))
    line.configure()
    line._newsroom = None
    await visitor.restart()

    def fill() -> None:
        line.arrives("a", "Kinh tế")
        line.day("07:00")

    await visitor.run(fill)
    return visitor


def items(body: bytes) -> list[str]:
    return [one["title"] for one in json.loads(body)["items"]]


@pytest.mark.parametrize(("name", "type"), FORMATS.items())
async def test_the_feeds_are_the_octets_of_the_feed_channel(filled: Visitor, name: str, type: str) -> None:
    line, folder = filled.line, Path(filled.line.folder) / "feeds"
    assert await refresh_feeds(line.newsroom, line.store, line.clock) == []
    for served, file in ((f"/feeds/tin-sang/{name}", folder / "tin-sang" / name), (f"/feeds/{name}", folder / name)):
        answer = await filled.get(served)
        assert answer.headers["Content-Type"] == f"{type}; charset=utf-8"
        assert await answer.read() == await filled.run(file.read_bytes), served


@pytest.mark.parametrize("name", FORMATS)
async def test_without_a_feed_channel_there_are_feeds_of_what_was_announced(
    without_channel: Visitor, name: str
) -> None:
    await without_channel.run(without_channel.line.arrives, "c")  # waits for the next edition
    for path in (f"/feeds/{name}", f"/feeds/tin-sang/{name}", f"/feeds/topics/kinh-te/{name}"):
        text = await (await without_channel.get(path)).text()
        assert "Tin a của tỉnh nhà" in text, path
        assert "Tin c của tỉnh nhà" not in text, path
        assert f"https://news.bacson.example{path}" in text, path


async def test_a_topic_has_a_feed(filled: Visitor) -> None:
    assert items(await (await filled.get("/feeds/topics/kinh-te/feed.json")).read()) == ["Tin a của tỉnh nhà"]
    assert (await filled.get("/feeds/topics/none/rss.xml")).status == 404


async def test_who_has_a_feed_is_told_so(filled: Visitor) -> None:
    first = await filled.get("/feeds/rss.xml")
    etag, changed = first.headers["ETag"], first.headers["Last-Modified"]
    assert not etag.startswith("W/")
    for known in ({"If-None-Match": etag}, {"If-None-Match": f'"x", {etag}'}, {"If-Modified-Since": changed}):
        again = await filled.get("/feeds/rss.xml", headers=known)
        assert (again.status, await again.read(), again.headers["ETag"]) == (304, b"", etag)
        assert again.headers["Cache-Control"].startswith("public, max-age=")
    other = {"If-None-Match": '"x"', "If-Modified-Since": changed}  # the ETag counts
    assert (await filled.get("/feeds/rss.xml", headers=other)).status == 200
    for odd in ("nonsense", '"', "W/", "*x", "\xff"):
        assert (await filled.get("/feeds/rss.xml", headers={"If-None-Match": odd})).status in (200, 304, 400)


async def test_feeds_are_compressed_for_whoever_takes_that(filled: Visitor) -> None:
    plain = await filled.get("/feeds/rss.xml", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    etags = {plain.headers["ETag"]}
    for accepted, name in (
        ("gzip, deflate, br", "br"), ("gzip", "gzip"), ("br;q=0, gzip;q=0.5", "gzip"), ("*", "br"), ("br ; q=0", ""),
        ("deflate", ""), ("", ""), ("gzip;q=0", ""), ("x" * 500, ""),
    ):  # fmt: skip
        headers = {"Accept-Encoding": accepted}
        answer = await filled.ask("GET", "/feeds/rss.xml", headers=headers)
        assert answer.headers.get("Content-Encoding", "") == name, accepted
        assert "Accept-Encoding" in answer.headers["Vary"]
        assert await answer.read() == await plain.read()  # the client has undone it
        etags.add(answer.headers["ETag"])
    assert len(etags) == 3


def test_the_compressed_forms_are_of_the_same_octets() -> None:
    kept = keep_file(PublicFile(b"tin " * 500, "text/plain"))
    assert brotli.decompress(kept.forms["br"]) == gzip.decompress(kept.forms["gzip"]) == kept.forms[""]


async def test_head_has_the_headers_and_no_body(filled: Visitor) -> None:
    got, head = await filled.get("/feeds/rss.xml"), await filled.ask("HEAD", "/feeds/rss.xml")
    assert await head.read() == b""
    for name in ("ETag", "Content-Type", "Last-Modified", "Content-Length"):
        assert head.headers[name] == got.headers[name], name


async def test_other_sites_may_read_the_feeds(filled: Visitor) -> None:
    answer = await filled.get("/feeds/feed.json", headers={"Origin": "https://elsewhere.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


async def test_a_browser_sees_a_page(filled: Visitor) -> None:
    answer = await filled.get("/feeds/tin-sang/rss.xml", headers={"Accept": BROWSER})
    page = await answer.text()
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.headers["Vary"] == "Accept, Accept-Encoding"
    assert "https://news.bacson.example/feeds/tin-sang/rss.xml" in page
    assert "Tin a của tỉnh nhà" in page and "<script" not in page


@pytest.mark.parametrize(
    "accept",
    [
        "", "*/*", "application/rss+xml, application/atom+xml, text/html;q=0.5", "application/xml", "text/html;q=0, */*",
        "application/atom+xml,application/rdf+xml,application/rss+xml,application/x-netcdf,text/html,*/*",
    ],
)  # fmt: skip
async def test_a_feed_reader_gets_the_feed(filled: Visitor, accept: str) -> None:
    answer = await filled.get("/feeds/rss.xml", headers={"Accept": accept})
    assert answer.headers["Content-Type"].startswith("application/rss+xml")


PATHS = ("/feeds/feed.json", "/feeds/tin-sang/feed.json", "/feeds/topics/kinh-te/feed.json")


async def correct(visitor: Visitor, kind: NoticeKind) -> None:
    line = visitor.line
    page = await (await visitor.get("/search?q=tin+a")).text()
    article = page.split('href="/articles/')[1].split('"')[0]

    def work() -> None:
        line.at("09:12")
        plan = plan_correction(
            line.newsroom, line.store, article, Notice(kind, "Xin lỗi bạn đọc.", line.now), mail=False
        )
        apply_correction(line.newsroom, line.store, plan, "test")

    await visitor.run(work)


async def test_a_correction_is_in_the_feeds_at_once(filled: Visitor) -> None:
    before = {path: (await filled.get(path)).headers["ETag"] for path in PATHS}
    await correct(filled, NoticeKind.CORRECTION)
    for path, etag in before.items():
        answer = await filled.get(path, headers={"If-None-Match": etag})
        assert answer.status == 200, path
        assert "Xin lỗi bạn đọc." in await answer.text(), path


async def test_what_was_withdrawn_is_in_no_feed(without_channel: Visitor) -> None:
    before = [await (await without_channel.get(path)).text() for path in PATHS]
    assert all("Tin a của tỉnh nhà" in text for text in before)
    await correct(without_channel, NoticeKind.WITHDRAWAL)
    assert (await without_channel.get(PATHS[2])).status == 404
    for path in PATHS[:2]:
        text = await (await without_channel.get(path)).text()
        assert "Lời dẫn" not in text and "Tin a của tỉnh nhà đã" not in text


async def test_the_page_of_all_feeds_names_them(filled: Visitor) -> None:
    page = await (await filled.get("/feeds")).text()
    for path in ("/feeds/rss.xml", "/feeds/tin-sang/rss.xml", "/feeds/topics/kinh-te/rss.xml", "/opml.xml"):
        assert f"https://news.bacson.example{path}" in page


async def test_other_names_are_not_found(filled: Visitor) -> None:
    for path in ("/feeds/rss.xm", "/feeds/none/rss.xml", "/feeds/tin-sang/feed.xml", "/feeds/../config.yaml"):
        assert (await filled.get(path)).status == 404, path
