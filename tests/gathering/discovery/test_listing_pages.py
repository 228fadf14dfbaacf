"""A listing that is probed: which of its articles are followed, and what is said of those that are none."""

from __future__ import annotations

from distributor.gathering.discovery.report import AddressKind
from gathering.discovery.probed_site import LISTING, PAGES, SITE, TITLES, SiteFetcher, probe


async def test_so_many_articles_are_followed_as_were_asked_for() -> None:
    fetcher = SiteFetcher()
    report = await probe(f"{SITE}/tin/", fetcher, articles=2).run()
    assert (report.found, len(report.articles)) == (3, 2)
    assert list(TITLES)[2] not in fetcher.asked


async def test_a_page_that_cannot_be_read_costs_itself() -> None:
    pages = {path: html for path, html in PAGES.items() if path != "/tin/cau-treo.html"}
    report = await probe(f"{SITE}/tin/", SiteFetcher(pages)).run()
    assert [article.fault for article in report.articles] == [
        "",
        "",
        f"{SITE}/tin/cau-treo.html answered 404 Not Found",
    ]
    assert f"1 of 3 pages tried could not be read: {SITE}/tin/cau-treo.html answered 404 Not Found" in report.doubts


async def test_a_selector_that_finds_no_link_is_named() -> None:
    report = await probe(
        f"{SITE}/tin/", SiteFetcher({"/tin/": LISTING}), select={"link": "a.khong"}, kind=AddressKind.LISTING
    ).run()
    assert report.what == "is a page without links to articles: 'a.khong' finds none"


async def test_a_selector_of_staff_that_finds_nothing_on_the_articles_is_a_doubt() -> None:
    report = await probe(f"{SITE}/tin/", select={"author": ".tac-gia"}).run()
    assert "select.author: .tac-gia finds nothing on 3 of 3 pages" in report.doubts
