"""An address that is probed: what it is, and each page asked for once."""

from __future__ import annotations

import pytest

from distributor.errors import SourceError
from distributor.gathering.discovery.report import AddressKind
from gathering.discovery.probed_site import PAGES, SITE, TITLES, SiteFetcher, probe


async def test_a_listing_is_read_with_its_articles_each_once() -> None:
    fetcher = SiteFetcher()
    report = await probe(f"{SITE}/tin/", fetcher).run()
    assert (report.kind, report.found) == (AddressKind.LISTING, 3)
    assert {article.title for article in report.articles} == set(TITLES.values())
    assert [path for path in fetcher.asked if path.startswith("/tin/")] == ["/tin/", *TITLES]


async def test_an_article_leads_to_the_listing_that_names_it() -> None:
    report = await probe(f"{SITE}/tin/vu-che.html").run()
    assert report.kind is AddressKind.ARTICLE
    assert report.what == f"is an article; {SITE}/tin/ is a listing of 3 articles"
    assert report.articles[0].title == TITLES["/tin/vu-che.html"]
    assert report.proposals[0].settings["url"] == f"{SITE}/tin/"


async def test_an_article_without_a_listing_stands_alone() -> None:
    pages = {path: html for path, html in PAGES.items() if path != "/tin/"}
    report = await probe(f"{SITE}/tin/vu-che.html", SiteFetcher(pages)).run()
    assert (report.kind, report.what, report.proposals) == (AddressKind.ARTICLE, "is an article", ())


async def test_what_cannot_be_fetched_is_a_failure() -> None:
    with pytest.raises(SourceError, match="answered 404 Not Found"):
        await probe(f"{SITE}/khac").run()
