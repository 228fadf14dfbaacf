"""Fifty pages in the shapes of ten publishing systems: read without a selector, each gives its story."""

from __future__ import annotations

import re
from html import unescape
from zoneinfo import ZoneInfo

import pytest

from distributor.gathering.listings.listing import ArticleLink
from distributor.gathering.sources.page import PageSource
from distributor.model import ParsedArticle
from distributor.source import FetchedDocument
from support.portal_pages import GoldPage, pages

PAGES = {page.name: page for page in pages()}


def read(page: GoldPage) -> ParsedArticle:
    source = PageSource(name="cong", url=page.url.rpartition("/")[0] + "/", timezone=ZoneInfo("Asia/Ho_Chi_Minh"))
    return source.article(FetchedDocument(url=page.url, body=page.html.encode()), ArticleLink(page.url, ""))


def words(html: str) -> list[str]:
    return unescape(re.sub(r"<[^>]+>", " ", html)).split()


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())
def test_the_body_is_the_storys_and_nothing_else(page: GoldPage) -> None:
    assert words(read(page).body_html) == page.body.split()


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())
def test_title_lead_date_and_author_are_the_storys(page: GoldPage) -> None:
    found = read(page)
    assert (found.title, found.lead, found.published, found.author) == (
        page.story.title,
        page.lead,
        page.story.published,
        page.story.author,
    )
    assert not page.tells_topic or found.topics == (page.story.section,)


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())
def test_the_picture_is_the_storys_with_its_words(page: GoldPage) -> None:
    image = read(page).image
    assert image is not None
    assert image.url == page.picture
    assert (image.caption or image.alt) == page.story.caption
