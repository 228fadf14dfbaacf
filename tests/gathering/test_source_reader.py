"""The source reader: a listing is explained in a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from distributor.errors import SourceError
from distributor.gathering.source_reader import explain_source
from distributor.gathering.sources.page import PageSource
from gathering.listings.listing_pages import (
    GIFTS,
    ITEMS,
    MARKET,
    NOW,
    ROAD,
    SHORT,
    URL,
)
from support.builders import settings


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
