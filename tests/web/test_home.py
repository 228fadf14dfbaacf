"""The home page and the page of a newsletter."""

from __future__ import annotations

from support.web_client import Visitor


async def test_an_empty_newsroom_has_a_home_page(visitor: Visitor) -> None:
    page = await (await visitor.get("/")).text()
    assert "Bản tin của Báo Bắc Sơn" in page
    assert 'href="/n/tin-sang/subscribe"' in page
    assert "Chưa có số nào được phát hành." in await (await visitor.get("/n/tin-sang")).text()
    assert "Chưa có số nào được phát hành." in await (await visitor.get("/archive")).text()


async def test_the_latest_edition_is_on_the_home_page(visitor: Visitor) -> None:
    await visitor.run(visitor.line.arrives, "a")
    await visitor.run(visitor.line.day, "07:00")
    page = await (await visitor.get("/")).text()
    assert 'href="/archive/tin-sang/tin-sang-1"' in page
    newsletter = await (await visitor.get("/n/tin-sang")).text()
    assert "Tin a của tỉnh nhà" in newsletter
    assert (
        '<link rel="alternate" type="application/rss+xml" title="Tin sáng" href="/feeds/tin-sang/rss.xml">'
        in newsletter
    )


async def test_the_home_page_speaks_english_too(visitor: Visitor) -> None:
    answer = await visitor.get("/en")
    assert (answer.status, answer.headers["Location"]) == (301, "/en/")
    page = await (await visitor.get("/en/")).text()
    assert "Newsletters by Báo Bắc Sơn" in page
    assert 'href="/en/n/tin-sang/subscribe"' in page
    assert (await visitor.get("/fr/")).status == 404


async def test_a_page_in_another_language_says_in_which_its_newsletter_is(visitor: Visitor) -> None:
    assert '<h1 lang="vi">Tin sáng</h1>' in await (await visitor.get("/en/n/tin-sang")).text()
    assert "<h1>Tin sáng</h1>" in await (await visitor.get("/n/tin-sang")).text()


async def test_public_pages_are_small_and_may_be_kept(visitor: Visitor) -> None:
    for path in ("/", "/archive", "/n/tin-sang", "/feeds"):
        answer = await visitor.get(path)
        assert len(await answer.read()) < 50_000
        assert answer.headers["Cache-Control"].startswith("public, max-age=300")
        assert (await visitor.get(path, headers={"If-None-Match": answer.headers["ETag"]})).status == 304
        assert "Set-Cookie" not in answer.headers


async def test_nobody_is_asked_to_subscribe_to_what_sends_no_email(visitor: Visitor) -> None:
    visitor.line.config = visitor.line.config.replace("[mail, feeds, posts]", "[feeds, posts]")
    visitor.line.configure(".# another")
    await visitor.restart()
    await visitor.run(visitor.line.arrives, "a")
    await visitor.run(visitor.line.day, "07:00")
    for path in ("/", "/n/tin-sang", "/archive/tin-sang", "/archive/tin-sang/tin-sang-1"):
        answer = await visitor.get(path)
        assert answer.status == 200
        assert "/n/tin-sang/subscribe" not in await answer.text(), path
