"""Listings: which links are articles, with what headline and date, why the others are not, and where the listing goes on."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from distributor.errors import SourceError
from distributor.gathering.extraction.document import parse_page
from distributor.gathering.listings.listing import ListingResult, read_listing
from distributor.gathering.source_reader import explain_source
from distributor.gathering.sources.page import PageSource
from gathering.listings.listing_pages import (
    GIFTS,
    MARKET,
    ROAD,
    ROAD_LEAD,
    SHORT,
)
from support.builders import settings

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2026, 11, 28, 15, 30, tzinfo=HANOI)
URL = "https://bacson.example/tin/"


def read(html: str, url: str = URL, selector: str = "") -> ListingResult:
    page = parse_page(html.encode())
    assert page is not None
    return read_listing(page, url, NOW, HANOI, selector)


# -- what is no article ------------------------------------------------------------------------------------------------

ITEMS = "".join(
    f"<div class=item><h3><a href='/tin/{slug}'>{words}</a></h3><p>{ROAD_LEAD}</p></div>"
    for slug, words in (("kiem-tra-101.html", ROAD), ("phien-cho-102.html", MARKET), ("tin-buon-103.html", SHORT))
)


# -- explained ---------------------------------------------------------------------------------------------------------


async def test_a_listing_is_explained_in_a_process_of_its_own(tmp_path: Path) -> None:
    pager = "<a href='?page=2'>2</a>"
    scripted = f"<div class=item><h3><a href='javascript:f(1)'>{GIFTS}</a></h3></div>"
    (tmp_path / "index.html").write_text(
        f"<a href='#x'>Truy cập nội dung</a>{ITEMS}{scripted}<div class=pager>{pager}</div>", encoding="utf-8"
    )
    source = PageSource(name="cong", url=URL, folder=tmp_path, max_articles=2)
    told = await explain_source(source, settings().site, NOW)
    assert [(one.words, one.taken, one.reason) for one in told if one.words and not one.reason.startswith("only")] == [
        (ROAD, True, ""),
        (MARKET, True, ""),
        (SHORT, False, "more than max_articles, 2"),
        ("Truy cập nội dung", False, "leads to a place on this page"),
        ("2", False, "stands in a menu or frame of the page (pager)"),
    ]
    assert [one.reason[:30] for one in told if not one.words] == ["1 headline has no address, onl"]


async def test_what_cannot_be_read_cannot_be_explained(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read: No such file"):
        await explain_source(PageSource(name="cong", url=URL, folder=tmp_path), settings().site, NOW)
