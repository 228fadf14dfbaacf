"""One edition, one article: as they were sent, and marked where they were corrected or withdrawn since."""

from __future__ import annotations

import asyncio
import re

import pytest

from distributor.model import Notice, NoticeKind
from distributor.pipeline.correct import apply_correction, plan_correction
from distributor.pipeline.release import approve
from distributor.pipeline.rename import apply_rename
from distributor.storage.renames import NameKind
from support.web_client import Visitor

EDITION = "/archive/tin-sang/tin-sang-1"


@pytest.fixture
async def sent(visitor: Visitor) -> Visitor:
    """An edition with two articles; `a` has an address of its own, `b` has none."""

    def fill() -> None:
        visitor.line.subscribe("lan")
        visitor.line.arrives("a", "Kinh tế", url="https://bacson.example/tin/a", lead="Lời dẫn của tin a.")
        visitor.line.arrives("b", url="", body_html="<p>Thân bài b</p>")
        visitor.line.day("07:00")

    await visitor.run(fill)
    return visitor


async def article_path(visitor: Visitor, title: str = "Tin b của tỉnh nhà") -> str:
    page = await (await visitor.get("/search?q=" + title.replace(" ", "+"))).text()
    found = re.search(r'href="(/articles/[a-z0-9]+)"', page)
    assert found
    return found[1]


async def correct(visitor: Visitor, title: str, kind: NoticeKind, note: str) -> None:
    line = visitor.line
    article = (await article_path(visitor, title)).removeprefix("/articles/")

    def work() -> None:
        line.at("09:12")
        plan = plan_correction(line.newsroom, line.store, article, Notice(kind, note, line.now), mail=False)
        apply_correction(line.newsroom, line.store, plan, "test")

    await visitor.run(work)


async def test_an_edition_is_shown_as_it_was_sent(sent: Visitor) -> None:
    answer = await sent.get(EDITION)
    page = await answer.text()
    assert answer.status == 200
    assert "Tin a của tỉnh nhà" in page and "Lời dẫn của tin a." in page
    assert 'href="https://bacson.example/tin/a"' in page
    assert f'<link rel="canonical" href="https://news.bacson.example{EDITION}">' in page
    assert 'property="og:title"' in page
    await sent.run(sent.line.arrives, "a", lead="Một lời dẫn khác, viết sau khi gửi.")
    assert await (await sent.get(EDITION)).text() == page


async def test_an_article_without_an_address_is_linked_to_its_own_page(sent: Visitor) -> None:
    path = await article_path(sent)
    assert f'href="https://news.bacson.example{path}"' in await (await sent.get(EDITION)).text()
    page = await (await sent.get(path)).text()
    assert "Thân bài b" in page
    assert f'rel="canonical" href="https://news.bacson.example{path}"' in page
    other = await (await sent.get(await article_path(sent, "Tin a của tỉnh nhà"))).text()
    assert 'rel="canonical" href="https://bacson.example/tin/a"' in other


async def test_a_correction_is_marked_with_its_time(sent: Visitor) -> None:
    before = (await sent.get(EDITION)).headers["ETag"]
    await correct(sent, "Tin a của tỉnh nhà", NoticeKind.CORRECTION, "Số đúng là 45.")
    answer = await sent.get(EDITION)
    page = await answer.text()
    assert answer.headers["ETag"] != before
    assert "Tin đã được đính chính lúc 09:12, 23/11/2026" in page
    assert "Số đúng là 45." in page
    assert "Tin b của tỉnh nhà" in page
    article = await (await sent.get(await article_path(sent, "Tin a của tỉnh nhà"))).text()
    assert "09:12, 23/11/2026" in article
    assert article.count("Số đúng là 45.") == 1, "the notice is read once, not in the lead too"


async def test_the_notice_of_an_edition_has_the_corrected_title(sent: Visitor) -> None:
    await sent.run(sent.line.arrives, "a", title="Tin a, tên đã sửa")
    await correct(sent, "Tin a của tỉnh nhà", NoticeKind.CORRECTION, "Tên đã sửa.")
    page = await (await sent.get(EDITION)).text()
    assert "Tin a, tên đã sửa</a></p>" in page and "Tin a của tỉnh nhà</a></p>" not in page


async def test_of_a_withdrawn_article_only_the_notice_is_left(sent: Visitor) -> None:
    path = await article_path(sent)
    await correct(sent, "Tin b của tỉnh nhà", NoticeKind.WITHDRAWAL, "")
    article = await sent.get(path)
    assert "Thân bài b" not in await article.text()
    assert "Tin đã được gỡ lúc 09:12" in await article.text()
    assert article.headers["X-Robots-Tag"] == "noindex"
    assert "Thân bài b" not in await (await sent.get(EDITION)).text()
    assert "Tin b của" not in await (await sent.get("/search?q=tin+b")).text()
    email = await sent.get(f"{EDITION}/email")
    assert email.status == 410
    assert "Thân bài b" not in await email.text()


async def test_the_frozen_email_stands_in_a_document_of_its_own(sent: Visitor) -> None:
    answer = await sent.get(f"{EDITION}/email")
    page = await answer.text()
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert "Tin a của tỉnh nhà" in page
    for personal in ("lan@", "@@field:", "/u/", "/p/", "@example.invalid", "token"):
        assert personal not in page, personal
    assert 'href="https://news.bacson.example/me"' in page


async def test_emails_link_to_their_place_in_the_archive(sent: Visitor) -> None:
    (letter,) = sent.line.mailbox("lan")
    html = letter.get_body(("html",))
    assert html is not None
    assert f"https://news.bacson.example{EDITION}" in html.get_content()


async def test_readers_choose_the_size_of_the_text_without_a_cookie(sent: Visitor) -> None:
    answer = await sent.get(f"{EDITION}?size=large")
    page = await answer.text()
    assert '<html lang="vi" dir="ltr" class="large">' in page
    assert "Set-Cookie" not in answer.headers
    assert f'href="{EDITION}?size=small"' in page
    assert 'class="print"' in await (await sent.get(f"{EDITION}?view=print")).text()
    for hostile in ('"><script>', "x", "large%00", "large&size=small"):
        assert "<script" not in await (await sent.get(f"{EDITION}?size={hostile}")).text()


async def test_pages_are_shared_by_plain_links(sent: Visitor) -> None:
    page = await (await sent.get(EDITION)).text()
    assert (
        "https://www.facebook.com/sharer/sharer.php?u=https%3A//news.bacson.example/archive/tin-sang/tin-sang-1" in page
    )
    assert "https://zalo.me/share?url=https" in page
    assert "mailto:?subject=" in page
    assert "<script" not in page


async def test_the_visitor_s_language_is_that_of_what_stands_around(sent: Visitor) -> None:
    page = await (await sent.get(f"/en{EDITION}")).text()
    assert '<html lang="en"' in page and '<div lang="vi">' in page
    assert "No.\u00a01" in page and "Past editions" not in page.split("<main")[1]
    assert f'<link rel="canonical" href="https://news.bacson.example{EDITION}">' in page


@pytest.mark.parametrize(
    "path",
    [
        "/archive/tin-sang/tin-sang-99", "/archive/none/tin-sang-9", "/archive/tin-sang/..%2f..%2fetc%2fpasswd",
        "/archive/tin-sang/%00", "/archive/tin-sang/'; DROP TABLE editions; --", "/articles/none", "/articles/%F0%9F%99%82",
        "/archive/tin-sang/tin-sang-99/email", "/articles/" + "x" * 3000,
    ],
)  # fmt: skip
async def test_what_there_is_not_is_not_found(sent: Visitor, path: str) -> None:
    assert (await sent.get(path)).status == 404


async def test_old_addresses_lead_to_a_renamed_newsletter(sent: Visitor) -> None:
    line = sent.line

    def rename() -> None:
        line.config = line.config.replace("  tin-sang:", "  tin-moi:")
        line.configure()
        line._newsroom = None
        apply_rename(line.newsroom, line.store, NameKind.NEWSLETTER, "tin-sang", "tin-moi", "test", line.now)

    await sent.run(rename)
    await sent.restart()
    for old, new in (
        (EDITION, "/archive/tin-moi/tin-sang-1"),
        ("/archive/tin-sang", "/archive/tin-moi"),
        ("/en/n/tin-sang", "/en/n/tin-moi"),
        ("/feeds/tin-sang/rss.xml", "/feeds/tin-moi/rss.xml"),
    ):
        answer = await sent.get(old)
        assert (answer.status, answer.headers["Location"]) == (301, new)
        assert (await sent.get(new)).status == 200


async def test_all_pages_answer_while_articles_come_in(sent: Visitor) -> None:
    answers = await asyncio.gather(
        *(sent.get(path) for path in (EDITION, "/archive", "/", "/feeds/rss.xml") for _ in range(5))
    )
    assert {answer.status for answer in answers} == {200}


async def test_a_test_edition_is_not_shown(visitor: Visitor) -> None:
    visitor.line.configure(".test_mode: {to: bien.tap@bacson.example}")
    await visitor.restart()
    await visitor.run(visitor.line.arrives, "a")
    await visitor.run(visitor.line.day, "07:00")
    assert (await visitor.get(EDITION)).status == 404
    assert "Tin a của" not in await (await visitor.get("/search?q=tin+a")).text()


@pytest.mark.parametrize(("prefix", "day"), [("", "ngày 30 tháng 11 năm 2026"), ("/en", "30 November 2026")])
async def test_an_edition_of_an_evening_draft_bears_the_day_on_which_it_was_due(
    visitor: Visitor, prefix: str, day: str
) -> None:
    """Frozen on the 29th, due on the 30th, let go on the first of December: the page and all lists say the 30th."""

    def fill() -> None:
        visitor.line.configure("review: {before: 12h, reviewers: [lan@bacson.example], if_unanswered: hold}")
        visitor.line.at("2026-11-29 12:00")
        visitor.line.arrives("a")
        visitor.line.day("19:00")
        visitor.line.at("2026-12-01 09:00")
        approve(visitor.line.newsroom, visitor.line.store, "tin-sang-1", "Lan", visitor.line.now)
        visitor.line.day("09:01")

    await visitor.run(fill)
    await visitor.restart()
    for path in (EDITION, "/archive", "/archive/tin-sang", "/archive/tin-sang/months/2026-11", "/n/tin-sang", "/"):
        page = await (await visitor.get(prefix + path)).text()
        assert day in page, path
        assert "29 tháng 11" not in page and "29 November" not in page and "December" not in page, path
    sitemap = await (await visitor.get("/news-sitemap.xml")).text()
    assert "<news:publication_date>2026-11-30T00:00:00+00:00<" in sitemap
