"""Whether a page is a listing or an article, by the same rules as a source of type page."""

from __future__ import annotations

import pytest

from distributor.errors import SourceError
from distributor.gathering.discovery.listing_links import is_only_listing, parse_article, probe_listing
from distributor.gathering.discovery.report import AddressKind
from distributor.source import FetchedDocument
from gathering.discovery.probed_site import LISTING, PAGES, SITE, TITLES, probe

SETTINGS = probe(f"{SITE}/tin/").read_settings


def page(path: str, html: str) -> FetchedDocument:
    return FetchedDocument(url=f"{SITE}{path}", body=html.encode())


def test_a_listing_knows_its_links_in_whatever_way_they_are_written() -> None:
    found = probe_listing(page("/tin/", LISTING), SETTINGS)
    assert found.kind is AddressKind.LISTING
    assert [link.words for link in found.links.values()] == list(TITLES.values())
    assert found.names("http://www.tanlap.example/tin/vu-che.html?utm_source=zalo")
    assert found.link(f"{SITE}/khac.html").words == ""


def test_an_article_is_one_and_no_listing() -> None:
    got = page("/tin/vu-che.html", PAGES["/tin/vu-che.html"])
    assert probe_listing(got, SETTINGS).kind is AddressKind.ARTICLE
    assert not is_only_listing(got, parse_article(got, SETTINGS), SETTINGS)


def test_an_empty_page_is_a_failure() -> None:
    with pytest.raises(SourceError, match="is an empty page"):
        probe_listing(page("/tin/", " "), SETTINGS)
