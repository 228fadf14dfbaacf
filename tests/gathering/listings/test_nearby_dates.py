"""The date of a listed article: beside its link, above it, or in parts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from aiohttp import web

from distributor.articles.matching import content_hash
from distributor.gathering.sources.page import PageSource
from gathering.listings.listing_pages import (
    GIFTS,
    HANOI,
    MARKET,
    NOW,
    ROAD,
    ROAD_LEAD,
    dates,
    headlines,
    read,
)
from support.web_site import OpenFetcher, WebSite


@pytest.mark.parametrize(
    "shape",
    [
        "<li><a href={n}.html>{t}</a> ({d})</li>",
        "<li><span class=d>{d}</span><a href={n}.html>{t}</a></li>",
        "<li><div><a href={n}.html>{t}</a></div><div>Ngày đăng: {d} | Lượt xem: 20</div></li>",
        "<tr><td><a href={n}.html>{t}</a></td><td>{d}</td></tr>",
        "<tr><td>{d}</td><td><a href={n}.html>{t}</a></td></tr>",
        "<tr><td><a href={n}.html>{t}</a></td></tr><tr><td>{d}</td></tr>",
        "<tr><td>{d}</td></tr><tr><td><a href={n}.html>{t}</a></td></tr>",
        "<dt><a href={n}.html>{t}</a></dt><dd>{d}</dd>",
        "<h3><a href={n}.html>{t}</a></h3><p class=time>{d}</p><p>Một chuyện ngày 01/01/2020 và nhiều điều khác nữa.</p>",
        "<a href={n}.html>{t}</a> {d}<br>",
        "{d} <a href={n}.html>{t}</a><br>",
        "<a href={n}.html><h3>{t}</h3><span>{d}</span></a>",
        "<a href={n}.html>{t} ({d})</a><br>",
        "<div><a href={n}.html>{t}</a><a href='/chuyen-muc/y-te'>Y tế</a><i>{d}</i></div>",
    ],
)
def test_each_article_has_the_date_beside_it(shape: str) -> None:
    told = ("24/11/2026", "hôm qua", "2 giờ trước")
    rows = "".join(
        shape.replace("{n}", f"a-{n}").replace("{t}", words).replace("{d}", date)
        for n, (words, date) in enumerate(zip((ROAD, MARKET, GIFTS), told, strict=True))
    )
    html = f"<table>{rows}</table>" if rows.startswith("<tr") else f"<div>{rows}</div>"
    found = read(f"<div class=header>Thứ Bảy, 28/11/2026 15:30</div>{html}<div>Bản quyền 2026</div>")
    assert headlines(found) == [ROAD, MARKET, GIFTS]
    assert dates(found) == ["2026-11-24 00:00", "2026-11-27 00:00", "2026-11-28 13:30"]


def test_the_heading_of_a_day_dates_the_articles_below_it() -> None:
    html = f"""<h4>28/11/2026</h4><p><a href=a-1.html>{ROAD}</a></p><p><a href=a-2.html>{MARKET}</a></p>
        <h4>27/11/2026</h4><p><a href=a-3.html>{GIFTS}</a></p>"""
    assert dates(read(f"<div>{html}</div>")) == ["2026-11-28 00:00", "2026-11-28 00:00", "2026-11-27 00:00"]


@pytest.mark.parametrize(
    "box", ["<span>{d}</span><span>/{m}</span><span>/2026</span>", "<b>{d}</b><i>Tháng {m}</i><i>2026</i>"]
)
def test_a_date_in_several_boxes_is_read(box: str) -> None:
    item = f"<div class=item><div class=ngay>{box}</div><a href=a-1.html>{ROAD}</a></div>"
    assert dates(read(item.replace("{d}", "24").replace("{m}", "11"))) == ["2026-11-24 00:00"]


def test_the_moment_for_machines_goes_before_the_words_for_readers() -> None:
    html = f"<li><a href=a-1.html>{ROAD}</a><span class=time-ago title='2026-11-28T13:31:00'>2 giờ trước</span></li>"
    assert dates(read(html)) == ["2026-11-28 13:31"]


async def test_a_date_that_cannot_be_read_is_told_with_what_to_do(site: WebSite, open_web: OpenFetcher) -> None:
    site.page("/tin/", f"<table><tr><td><a href=a-1.html>{ROAD}</a></td><td>11/24/2026 2:35 PM</td></tr></table>")
    site.page("/tin/a-1.html", f"<h1>{ROAD}</h1><div id=noidung><p>{ROAD_LEAD}</p></div>")
    source = PageSource(name="cong", url=f"{site.url}/tin/")
    harvest = await source.gather(await open_web(), NOW)
    assert harvest.articles[0].published is None
    (note,) = harvest.notes
    assert "'11/24/2026 2:35 PM' does not exist" in note
    assert "date_order: month first" in note
    (told,) = await source.explain(await open_web(), NOW)
    assert (told.taken, told.published) == (True, None)
    assert "does not exist" in told.reason
    right = replace(source, date_order="month first")
    (article,) = (await right.gather(await open_web(), NOW)).articles
    assert article.published == datetime(2026, 11, 24, 14, 35, tzinfo=HANOI)


async def test_a_date_told_from_now_on_changes_nothing_at_the_next_look(site: WebSite, open_web: OpenFetcher) -> None:
    told = iter(("2 giờ trước", "3 giờ trước"))

    async def answer(request: web.Request) -> web.Response:
        page = f"<li><a href=a-1.html>{ROAD}</a> <span>{next(told)}</span></li>"
        return web.Response(text=page, content_type="text/html")

    site.at("/tin/", answer)
    site.page("/tin/a-1.html", f"<h1>{ROAD}</h1><div id=noidung><p>{ROAD_LEAD}</p></div>")
    source = PageSource(name="cong", url=f"{site.url}/tin/")
    first, second = [(await source.gather(await open_web(), NOW)).articles[0] for _ in range(2)]
    assert first.published == datetime(2026, 11, 28, 13, 30, tzinfo=HANOI)
    assert first.published != second.published
    assert content_hash(first) == content_hash(second)
