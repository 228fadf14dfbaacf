"""The archive: editions by newsletter, month and topic, and only what is out and on the web."""

from __future__ import annotations

import pytest

from distributor.pipeline import release
from support.web_client import Visitor

OTHER = """
  an-toan:
    title: Chuyện trong nhà
    on_the_web: false
    topics: [Nội bộ]
    schedule: every day at 06:00
    channels: [mail]
"""


@pytest.fixture
async def filled(visitor: Visitor) -> Visitor:
    """Three days of editions, the last of October among them."""

    def fill() -> None:
        visitor.line.at("2026-11-29 12:00")
        for day in ("a", "b", "c"):
            visitor.line.arrives(day, "Kinh tế")
            visitor.line.day("07:00")

    await visitor.run(fill)
    return visitor


async def test_the_archive_lists_editions_with_their_topics(filled: Visitor) -> None:
    page = await (await filled.get("/archive")).text()
    assert page.index("tin-sang-3") < page.index("tin-sang-2") < page.index("tin-sang-1")
    assert "Kinh tế (3)" in page


async def test_editions_are_found_by_month(filled: Visitor) -> None:
    page = await (await filled.get("/archive/tin-sang")).text()
    assert "Tháng 12 năm 2026 (2)" in page
    assert "Tháng 11 năm 2026 (1)" in page
    november = await (await filled.get("/archive/tin-sang/months/2026-11")).text()
    assert "tin-sang-1" in november
    assert "tin-sang-2" not in november
    for unknown in ("2026-09", "2026-13", "x", "2026-11-01"):
        assert (await filled.get(f"/archive/tin-sang/months/{unknown}")).status == 404


async def test_the_pages_speak_the_language_of_the_address(filled: Visitor) -> None:
    page = await (await filled.get("/en/archive/tin-sang")).text()
    assert '<html lang="en"' in page
    assert "December 2026 (2)" in page
    assert 'href="/archive/tin-sang" lang="vi"' in page


async def test_a_topic_has_its_page(filled: Visitor) -> None:
    page = await (await filled.get("/topics/kinh-te")).text()
    assert "<h1>Kinh tế</h1>" in page
    assert page.count("/articles/") == 3
    assert (await filled.get("/topics/no-such")).status == 404


@pytest.mark.parametrize("page", ["2", "0", "-1", "x", "99999999999999999999", "1&page=2", "%00"])
async def test_a_page_of_a_list_that_is_none_is_no_fault(filled: Visitor, page: str) -> None:
    assert (await filled.get(f"/archive/tin-sang?page={page}")).status in (200, 400, 404)


async def test_long_lists_come_page_by_page(filled: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("distributor.web.archive.ON_A_PAGE", 2)
    first = await (await filled.get("/archive/tin-sang")).text()
    assert 'href="/archive/tin-sang?page=2"' in first and "tin-sang-1" not in first
    second = await (await filled.get("/archive/tin-sang?page=2")).text()
    assert "tin-sang/tin-sang-1" in second and 'href="/archive/tin-sang?page=1"' in second


async def test_a_newsletter_that_is_not_on_the_web_is_nowhere(visitor: Visitor) -> None:
    visitor.line.config = visitor.line.config.replace(
        "channels:\n  mail:", OTHER.lstrip("\n") + "channels:\n  mail:", 1
    )
    visitor.line.configure()
    visitor.line._newsroom = None
    await visitor.restart()

    def fill() -> str:
        secret = visitor.line.arrives("bi-mat", "Nội bộ")
        visitor.line.day("06:00")
        return secret

    secret = await visitor.run(fill)
    for path in (
        "/archive/an-toan",
        "/archive/an-toan/an-toan-1",
        "/n/an-toan",
        f"/articles/{secret}",
        "/topics/noi-bo",
    ):
        assert (await visitor.get(path)).status == 404, path
    for path in ("/", "/archive", "/sitemap.xml", "/news-sitemap.xml", "/opml.xml", "/feeds", "/search?q=bi-mat"):
        assert "Tin bi-mat" not in await (await visitor.get(path)).text(), path
        assert "an-toan" not in await (await visitor.get(path)).text(), path


async def test_drafts_and_cancelled_editions_are_not_shown(visitor: Visitor) -> None:
    visitor.line.configure("review: {before: 2h, reviewers: [a@bacson.example]}")
    await visitor.restart()

    def draft() -> None:
        visitor.line.arrives("a")
        visitor.line.at("06:00")
        visitor.line.answer()

    await visitor.run(draft)
    assert (await visitor.get("/archive/tin-sang/tin-sang-1")).status == 404
    assert (await visitor.get("/search?q=cua+tinh+nha")).status == 200
    assert "Tin a của" not in await (await visitor.get("/search?q=cua+tinh+nha")).text()
    store = visitor.line.store
    await visitor.run(release.approve, visitor.line.newsroom, store, "tin-sang-1", "test", visitor.line.now)
    visitor.line.at("07:00")
    await visitor.run(visitor.line.answer)
    assert (await visitor.get("/archive/tin-sang/tin-sang-1")).status == 200
    await visitor.run(release.cancel, store, "tin-sang-1", "test", visitor.line.now, "a mistake")
    assert (await visitor.get("/archive/tin-sang/tin-sang-1")).status == 404
    assert "Tin a của" not in await (await visitor.get("/archive")).text()
