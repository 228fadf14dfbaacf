"""When an article was published: under whatever name the page shows it, and never the date of something else."""

# ruff: noqa: E501  a row of a table is a line
from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from gathering.extraction.article_page import AT_NINE, TITLE, URL, article, ld

SHOWN = {
    "a class with a hyphen": '<span class="post-time"> - 24/11/2026 09:05</span>',
    "a class with a capital": '<div class="Time">24/11/2026 09:05</div>',
    "a class of several words": '<span class="assetPublishDate">24-11-2026 09:05</span>',
    "a class of a portal": '<p class="detail-time">Thứ Ba, 24/11/2026, 09:05 (GMT+7)</p>',
    "letters run together": '<span class="dateArt">24/11/2026 | 09:05</span>',
    "underlined": '<span class="news_time">09:05 24/11/2026</span>',
    "DotNetNuke": '<div class="edn_metaDetails1"><span>24/11/2026 09:05</span></div>',
    "a name of four words": '<span class="xyz-span-date-publish">24/11/2026 09:05</span>',
    "a role": '<div data-role="publishdate">24/11/2026 09:05 GMT+7</div>',
    "an id": '<span id="ctl00_lblNgayDang">24/11/2026 09:05</span>',
    "in capitals": '<div class="NGAY-DANG">24/11/2026 09:05</div>',
    "in Vietnamese": '<div class="thoi-gian-dang">24/11/2026 09:05</div>',
    "a line with a label": "<p>Ngày đăng: 24/11/2026 09:05 | Lượt xem: 1.204</p>",
    "a line with a label, in parts": "<div><b>Ngày đăng:</b> 24/11/2026 09:05</div>",
    "a line without a name": "<div><span>Thứ Ba, 24/11/2026 - 09:05</span></div>",
    "a byline": '<div class="byline">Lan Chi | 24/11/2026 09:05</div>',
    "a byline with time": '<p class="byline">Lan Chi, <time datetime="2026-11-24T09:05:00+07:00">24/11/2026</time></p>',
    "a line with time": '<div>Lan <time datetime="2026-11-24T02:05Z">24 tháng 11, 2026</time></div>',
    "time without attribute": "<time>24/11/2026 09:05</time>",
    "time with attribute": '<time datetime="2026-11-24T09:05:00+07:00">hôm qua</time>',
    "microdata in meta": '<meta itemprop="datePublished" content="2026-11-24T09:05:00+07:00">',
    "microdata in time": '<time itemprop="datePublished" datetime="2026-11-24T09:05:00+07:00">x</time>',
    "microdata in words": '<span itemprop="datePublished">24/11/2026 09:05</span>',
    "microdata of an item": '<div itemscope itemtype="http://schema.org/Article"><i itemprop="datePublished" content="2026-11-24T02:05:00Z"></i></div>',
    "RDFa": '<span property="dc:date dc:created" content="2026-11-24T09:05:00+07:00"></span>',
    "RDFa, schema": '<span property="schema:datePublished" content="2026-11-24T09:05:00+07:00"></span>',
}  # fmt: skip


META = {
    name: f'<meta {key}="{name}" content="2026-11-24T09:05:00+07:00">'
    for key, names in (
        ("property", ("article:published_time", "og:article:published_time", "og:published_time")),
        ("name", ("pubdate", "publishdate", "publish-date", "DC.date.issued", "dc.date", "dcterms.created", "sailthru.date", "parsely-pub-date", "date", "citation_publication_date", "article_date_original", "PublishedDate", "cXenseParse:recs:publishtime")),
    )
    for name in names
}  # fmt: skip


KINDS = ["Article", "NewsArticle", "BlogPosting", "Report", "SocialMediaPosting", "ReportageNewsArticle", "LiveBlogPosting", "WebPage", "ItemPage", "CreativeWork", "TechArticle", "DiscussionForumPosting", "http://schema.org/NewsArticle", ["Article", "NewsArticle"]]  # fmt: skip


@pytest.mark.parametrize("inside", SHOWN.values(), ids=SHOWN.keys())
def test_a_date_is_found_under_whatever_name_it_has(inside: str) -> None:
    assert article(inside).published == AT_NINE


@pytest.mark.parametrize("meta", META.values(), ids=META.keys())
def test_a_date_in_a_meta_tag_is_found_by_the_kind_of_its_name(meta: str) -> None:
    assert article(head=meta).published == AT_NINE


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("wrapped", ["alone", "in a list", "in a graph", "inside a page"])
def test_a_date_in_data_of_any_kind_of_article_is_found(kind: object, wrapped: str) -> None:
    node = {"@type": kind, "headline": TITLE, "datePublished": "2026-11-24T09:05:00+07:00"}
    data = {"alone": node, "in a list": [node], "in a graph": {"@graph": [{"@type": "WebSite"}, node]},
            "inside a page": {"@type": "AboutPage", "mainEntity": node}}[wrapped]  # fmt: skip
    script = f'<script type="application/ld+json">{json.dumps(data)}</script>'
    assert article(head=script).published == AT_NINE


def test_other_stories_dates_are_not_the_articles() -> None:
    before = (
        '<div class="clock">Thứ Bảy, 28/11/2026 | 14:33</div><ul class="tin-moi"><li><span class="date">27/11/2026 08:00</span></li></ul>'
        f'<div class="header"><span class="time">28/11/2026</span></div><h1>{TITLE}</h1>'
    )
    after = '<aside><span class="date">26/11/2026</span></aside><footer><p>Ngày đăng: 01/01/2020</p></footer>'
    found = article('<p class="info"><span>24/11/2026 09:05</span></p>' + after, before=before)
    assert found.published == AT_NINE


def test_the_day_of_the_visit_is_not_the_date_and_that_in_the_storys_footer_is() -> None:
    before = f"<div class=top>Hôm nay: Chủ nhật, 29/11/2026</div><h1>{TITLE}</h1>"
    assert (
        article('<div class="post-footer">Đăng lúc 09:05, 24/11/2026 bởi Lan Chi</div>', before=before).published
        == AT_NINE
    )


def test_a_date_above_the_headline_is_taken_where_none_is_below() -> None:
    assert (
        article(
            before=f'<div class="toolbar"><span class="ngay">24/11/2026 09:05</span></div><h1>{TITLE}</h1>'
        ).published
        == AT_NINE
    )


def test_a_day_that_machines_are_told_gets_the_time_that_readers_see() -> None:
    found = article(
        '<span class="date">24/11/2026 09:05</span>', head=ld(**{"@type": "NewsArticle", "datePublished": "2026-11-24"})
    )
    assert found.published == AT_NINE


def test_where_only_the_change_is_told_it_is_the_date() -> None:
    assert article("<p>Cập nhật lúc: 09:05 24/11/2026</p>").published == AT_NINE


def test_a_change_beside_the_headline_goes_before_a_date_of_another_story() -> None:
    others = '<table><tr><td><a href="/2">Xã bạn khánh thành nhà văn hóa</a> (23/11/2026)</td></tr></table>'
    assert article(f"<i>Cập nhật ngày 24/11/2026 lúc 09:05</i>{others}").published == AT_NINE


def test_the_date_of_publication_goes_before_that_of_a_change() -> None:
    found = article('<p class="update-time">Cập nhật: 25/11/2026 10:00</p><p class="post-date">24/11/2026 09:05</p>')
    assert found.published == AT_NINE


def test_a_date_in_the_address_is_the_last_resort() -> None:
    assert article(url="https://tanlap.example/2026/11/24/cho-phien/").published == datetime(
        2026, 11, 23, 17, tzinfo=UTC
    )
    assert (
        article('<span class="date">24/11/2026 09:05</span>', url="https://x.example/2020/01/02/a").published == AT_NINE
    )


@pytest.mark.parametrize(
    "inside",
    [
        "<p>Trước đó, ngày 02/09/2025, xã đã họp bàn với bà con về việc mở lại chợ phiên.</p>",
        '<div class="comments"><time datetime="2026-11-25T10:00">hôm qua</time></div>',
        '<a href="/cu.html"><span class="date">20/10/2020</span> Tin cũ</a>',
        '<div class="event-date">Ngày 30/12/2026</div>',
        "",
    ],
)
def test_a_page_that_tells_no_date_has_none(inside: str) -> None:
    assert article(inside).published is None


@pytest.mark.parametrize(
    ("inside", "head"),
    [
        ('<span class="publish-date">24/17/2026</span>', ""),
        ('<time datetime="2026-13-45">45/13/2026</time>', ""),
        ("", ld(**{"@type": "NewsArticle", "datePublished": "2026-11-31"})),
    ],
)
def test_a_date_that_cannot_be_read_is_told_and_not_guessed(inside: str, head: str) -> None:
    found = article(inside, head=head)
    assert found.published is None
    assert found.doubt.startswith("its date ")


def test_a_page_without_a_date_leaves_no_doubt() -> None:
    assert article("<p>Năm 2026, xã có 300 hộ.</p>").doubt == ""


def test_a_date_that_is_a_link_to_its_own_page_is_the_articles() -> None:
    linked = (
        f'<p class="posted-on">Posted on <a href="{URL}" rel="bookmark"><time>November 24, 2026 9:05 am</time></a></p>'
    )
    assert article(linked).published == AT_NINE
