"""Headline, author, dates and picture of a page without selectors, in the shapes that systems of portals give it."""

# ruff: noqa: E501  a row of a table is a line

from __future__ import annotations

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from distributor.gathering.extraction.article import ExtractedArticle, Selectors, extract_article
from distributor.gathering.extraction.document import parse_page

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
URL = "https://tanlap.example/tin/cho-phien.html"
TITLE = "Tân Lập mở lại chợ phiên sau mười năm"
BODY = (
    '<div class="article-body"><p>Sáng nay, chợ phiên Tân Lập mở lại trong niềm vui của bà con các dân tộc trong vùng.</p>'
    "<p>Chợ họp sáu ngày một lần, bán rau, gà, vải lanh và nông cụ do người dân tự làm ra.</p></div>"
)
AT_NINE = datetime(2026, 11, 24, 2, 5, tzinfo=UTC)  # 09:05 in Hanoi


def article(
    inside: str = "",
    *,
    head: str = "<title>x</title>",
    before: str = f"<h1>{TITLE}</h1>",
    hint: str = "",
    url: str = URL,
) -> ExtractedArticle:
    page = parse_page(f"<html><head>{head}</head><body>{before}{inside}{BODY}</body></html>".encode())
    assert page is not None
    return extract_article(page, url, Selectors(), HANOI, hint=hint)


def ld(**said: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(said)}</script>'


# -- the date ----------------------------------------------------------------------------------------------------------

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


@pytest.mark.parametrize(
    "data",
    [
        '{"@type": "NewsArticle", "headline": "Chợ "Tân Lập" mở lại", "datePublished": "2026-11-24T09:05:00+07:00"}',
        "{&quot;@type&quot;: &quot;NewsArticle&quot;, &quot;datePublished&quot;: &quot;2026-11-24T09:05:00+07:00&quot;}",
    ],
)
def test_data_with_quotes_that_are_not_escaped_or_escaped_twice_is_read(data: str) -> None:
    assert article(head=f'<script type="application/ld+json">{data}</script>').published == AT_NINE


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


# -- the headline ------------------------------------------------------------------------------------------------------

HEADLINES = {
    "the name of the site behind": ("", f"<title>{TITLE} - Báo Tân Lập</title><meta property='og:site_name' content='Báo Tân Lập'>"),
    "and before": ("", f"<title>Báo Tân Lập | {TITLE}</title>"),
    "in the cards, too": ("", f"<title>x</title><meta property='og:title' content='{TITLE} | Báo Tân Lập'><meta property='og:site_name' content='Báo Tân Lập'>"),
    "a heading": (f"<h1>{TITLE}</h1>", "<title>Chợ phiên - Báo</title>"),
    "a heading that is the site's name": (f"<h1>Báo Tân Lập</h1><h2 class='title'>{TITLE}</h2>", f"<title>{TITLE} - Báo Tân Lập</title><meta property='og:title' content='{TITLE}'><meta property='og:site_name' content='Báo Tân Lập'>"),
    "a heading among others": (f"<h1>Tin tức</h1><h1>{TITLE}</h1><h1>Tin cùng chuyên mục trong tuần</h1>", f"<title>{TITLE}</title>"),
    "an element that calls itself one": (f"<div class='title-detail'>{TITLE}</div>", "<title>x</title>"),
    "in other letters": (f"<div class='News-Title'>{TITLE}</div>", "<title>x</title>"),
    "an id": (f"<span id='ctl00_lblTieuDe'>{TITLE}</span>", "<title>Cổng thông tin</title>"),
    "a heading that leads to the front page": (f"<h1><a href='/'>Cổng thông tin</a></h1><h3>{TITLE}</h3>", f"<title>{TITLE} - Cổng TTĐT</title>"),
    "a portlet's heading": (f"<h1 class='portlet-title'>Xuất bản thông tin</h1><h3 class='header-title'>{TITLE}</h3>", f"<title>{TITLE} - Cổng TTĐT</title>"),
    "a hidden heading": (f"<h1 style='display:none'>Cổng thông tin điện tử xã</h1><div class='article-title'>{TITLE}</div>", "<title>x</title>"),
    "a heading with a label": (f"<h1><span class=label>Trực tiếp</span> {TITLE}</h1>", f"<title>{TITLE} - Báo</title>"),
    "a heading in a part": (f"<h1><small>Phóng sự</small><b>{TITLE}</b></h1>", f"<meta property='og:title' content='{TITLE}'>"),
    "a heading with the site's name": (f"<h1>{TITLE} | Báo Tân Lập</h1>", "<meta property='og:site_name' content='Báo Tân Lập'>"),
    "an element that is called a title": (f"<h2 class=Title>Tin</h2><span id=ctl00_Title class=Title>{TITLE}</span>", "<title>Tin tức sự kiện</title>"),
    "escaped twice": ("", ld(**{"@type": "NewsArticle", "headline": TITLE.replace("ạ", "&amp;#7841;").replace("ờ", "&amp;#x1EDD;")})),
    "a social title beside the heading": (f"<h1>{TITLE}</h1>", "<title>Bất ngờ với phiên chợ này</title><meta property='og:title' content='Bạn sẽ bất ngờ'>"),
    "data of other stories": (f"<h1>{TITLE}</h1>", ld(**{"@graph": [{"@type": "NewsArticle", "headline": "Một tin khác hẳn của huyện bạn"}, {"@type": "NewsArticle", "headline": TITLE}]})),
}  # fmt: skip


@pytest.mark.parametrize(("before", "head"), HEADLINES.values(), ids=HEADLINES.keys())
def test_the_headline_is_found_without_the_name_of_the_site(before: str, head: str) -> None:
    assert article(before=before, head=head).title == TITLE


def test_a_sign_inside_a_headline_stays() -> None:
    title = "Chợ phiên - nơi hẹn hò | Phóng sự"
    assert article(before=f"<h1>{title}</h1>", head=f"<title>{title} - Báo Tân Lập</title>").title == title


def test_the_words_of_a_link_help_where_the_page_shows_no_headline() -> None:
    assert article(before=f"<td class=x>{TITLE}</td>", head="<title>Cổng thông tin</title>", hint=TITLE).title == TITLE


def test_a_summary_that_leads_to_the_page_is_not_its_headline() -> None:
    summary = "Sáng nay, chợ phiên Tân Lập mở lại trong niềm vui của bà con các dân tộc trong vùng."
    assert article(hint=summary).title == TITLE


def test_a_heading_that_the_link_says_comes_before_the_only_h1_of_a_box_beside_it() -> None:
    page = f'<div><h1 class="portlet-title">Văn bản mới</h1></div><h3 class="asset-title">{TITLE}</h3>'
    assert article(before=page, head="<title>Cổng thông tin - Tin tức</title>", hint=TITLE).title == TITLE


# -- the lead ----------------------------------------------------------------------------------------------------------

LEAD = "Chợ phiên đầu tiên sau mười năm đón hơn hai nghìn người của bảy xã"


@pytest.mark.parametrize(
    "name",
    [
        "class='singular-sapo'", "class='content-detail-sapo sm-mb-0'", "class='article__sapo cms-desc'", "class='newsSapo'",
        "id='ctl00_lblTomTat'", "class='Tom-Tat'", "class='news-summary'", "data-gu-name=x class='standfirst'", "id=sapo",
    ],
)  # fmt: skip
def test_the_lead_is_found_under_whatever_name_it_has(name: str) -> None:
    found = article(f"<div {name}>{LEAD}</div>")
    assert found.lead == LEAD
    assert LEAD not in found.body_html


@pytest.mark.parametrize(
    "other",
    [
        f"<ul><li><a href='/2'><span class='sapo'>{LEAD}</span></a></li></ul>",
        f"<div class='list-sapo'>{LEAD}</div>",
        f"<aside><p class='sapo'>{LEAD}</p></aside>",
    ],
)
def test_the_lead_of_another_story_is_not_the_articles(other: str) -> None:
    assert article(before=f"{other}<h1>{TITLE}</h1>").lead == ""


def test_a_place_before_a_lead_stands_apart() -> None:
    assert article(f"<p class=sapo><span>Cao Bằng</span>{LEAD}</p>").lead == f"Cao Bằng - {LEAD}"


# -- the author --------------------------------------------------------------------------------------------------------

AUTHORS = {
    "a person": (ld(**{"@type": "NewsArticle", "author": {"@type": "Person", "name": "Lan Chi"}}), "", "Lan Chi"),
    "a text": (ld(**{"@type": "NewsArticle", "author": "Lan Chi"}), "", "Lan Chi"),
    "several": (ld(**{"@type": "NewsArticle", "author": [{"name": "Lan Chi"}, {"name": "Quốc Huy"}]}), "", "Lan Chi, Quốc Huy"),
    "several texts": (ld(**{"@type": "BlogPosting", "author": ["Lan Chi", "Quốc Huy"]}), "", "Lan Chi, Quốc Huy"),
    "a reference": (ld(**{"@graph": [{"@type": "Article", "author": {"@id": "#lc"}}, {"@type": "Person", "@id": "#lc", "name": "Lan Chi"}]}), "", "Lan Chi"),
    "a list of references": (ld(**{"@graph": [{"@type": "Article", "author": [{"@id": "#lc"}]}, {"@type": "Person", "@id": "#lc", "name": "Lan Chi"}]}), "", "Lan Chi"),
    "a name in two parts": (ld(**{"@type": "Article", "author": {"givenName": "Lan", "familyName": "Chi"}}), "", "Lan Chi"),
    "data where the element holds more": (ld(**{"@type": "Article", "author": {"name": "Lan Chi"}}), "<p class=author>Bởi Lan Chi, phóng viên, 27/11/2026</p>", "Lan Chi"),
    "an element that holds more": ("", "<p class=author>Bởi Lan Chi, phóng viên, 27/11/2026</p>", "Lan Chi"),
    "a meta tag": ("<meta name=author content='Lan Chi'>", "", "Lan Chi"),
    "Dublin Core": ("<meta name=DC.creator content='Lan Chi'>", "", "Lan Chi"),
    "an address is no name": ("<meta property=article:author content='https://facebook.com/tanlap'>", "<a rel=author href=/lc>Lan Chi</a>", "Lan Chi"),
    "an account is no name": ("<meta name=twitter:creator content='@lanchi'>", "", ""),
    "the administrator is nobody": ("<meta name=author content=admin>", "", ""),
    "a person before the paper": ("<meta name=author content='Báo Tân Lập'>", "<span class='tac-gia'>Lan Chi</span>", "Lan Chi"),
    "the paper where nobody signs": ("<meta name=author content='Báo Tân Lập'>", "", "Báo Tân Lập"),
    "microdata": ("", "<span itemprop=author itemscope itemtype=http://schema.org/Person><b itemprop=name>Lan Chi</b></span>", "Lan Chi"),
    "microdata, plain": ("", "<span itemprop=author>Lan Chi</span>", "Lan Chi"),
    "a line": ("", "<p>By Jane Doe and John Roe, Reuters</p>", "Jane Doe, John Roe"),
    "a line in Vietnamese": ("", "<div>Tác giả: Lan Chi</div>", "Lan Chi"),
    "a byline in parts": ("", "<div data-component=byline-block><span>Jane Doe</span><span>Political correspondent</span></div>", "Jane Doe"),
    "a byline without spaces": ("", "<div class=author-info><p>By</p><span class=author-name>Jane Doe</span></div>", "Jane Doe"),
    "a byline": ("", "<div class=article__byline>By <a href=/j>Jane Doe</a> | Nov 12, 2026</div>", "Jane Doe"),
    "a link to a page of authors": ("", "<a href='/author/jane-doe/'>Jane Doe</a>", "Jane Doe"),
    "a portrait that links there": ("", "<a href=/tac-gia><img alt='Lan Chi' src=/zoom/36_36/lc.jpg></a>", "Lan Chi"),
    "a reader of the comments": ("", "<div class=comments><span class=author>Bạn Đọc</span></div>", ""),
}  # fmt: skip


@pytest.mark.parametrize(("head", "inside", "author"), AUTHORS.values(), ids=AUTHORS.keys())
def test_the_author_is_found(head: str, inside: str, author: str) -> None:
    assert article(inside, head=head).author == author


@pytest.mark.parametrize("signed", ["Quốc Huy", "Bài, ảnh: Quốc Huy", "Quốc Huy (TTXVN)"])
def test_who_signed_goes_before_whom_a_meta_tag_names(signed: str) -> None:
    page = f"<meta name=author content='Báo Tân Lập'><h1>{TITLE}</h1>{BODY.removesuffix('</div>')}<p align=right><b>{signed}</b></p></div>"
    tree = parse_page(page.encode())
    assert tree is not None
    found = extract_article(tree, URL, Selectors(), HANOI)
    assert found.author.startswith("Quốc Huy")
    assert "Quốc Huy" not in found.body_html


def test_an_agency_that_signed_goes_behind_a_person_in_the_data() -> None:
    head = ld(**{"@type": "Article", "author": {"name": "Lan Chi"}})
    tree = parse_page(
        f"{head}<h1>{TITLE}</h1>{BODY.removesuffix('</div>')}<p align=right><b>Theo TTXVN</b></p></div>".encode()
    )
    assert tree is not None
    assert extract_article(tree, URL, Selectors(), HANOI).author == "Lan Chi"


# -- the picture -------------------------------------------------------------------------------------------------------

CARD = "<meta property='og:image' content='/anh/lon.jpg'>"


def pictured(body: str, head: str = CARD) -> str:
    page = f"{head}<h1>{TITLE}</h1>{BODY.replace('<p>Chợ', body + '<p>Chợ')}"
    tree = parse_page(page.encode())
    assert tree is not None
    image = extract_article(tree, URL, Selectors(), HANOI).image
    return image.url.removeprefix("https://tanlap.example") if image else ""


@pytest.mark.parametrize(
    "small",
    [
        '<a href="/tac-gia/1"><img alt="Lan Chi" width=32 height=32 src="/zoom/36_36/lc.jpg"></a>',
        '<img class="avatar" src="/lc_90x90.jpg">',
        '<img src="/anh/logo.png">',
        '<img src="/dem.gif" width=1>',
        '<img src="/ngoi-sao.png" width=60 height=60>',
    ],
)
def test_the_picture_for_cards_goes_before_one_in_doubt(small: str) -> None:
    assert pictured(f"<p>{small}</p>") == "/anh/lon.jpg"


def test_a_picture_of_the_story_goes_before_that_for_cards() -> None:
    assert pictured('<p><img src="/anh/cho.jpg" width=640></p>') == "/anh/cho.jpg"


@pytest.mark.parametrize(
    "default",
    [
        "/logo.png",
        "/images/logo-tan-lap.png",
        "/no-image.jpg",
        "/default.jpg",
        "/noimage.gif",
        "/og-default.png",
        "/favicon.ico",
    ],
)
def test_the_one_picture_of_all_pages_is_no_articles_picture(default: str) -> None:
    assert pictured("", f"<meta property='og:image' content='{default}'>") == ""


def test_a_story_about_a_logo_has_its_picture() -> None:
    assert (
        pictured("", "<meta property='og:image' content='/anh/xa-tan-lap-chon-logo-moi.jpg'>")
        == "/anh/xa-tan-lap-chon-logo-moi.jpg"
    )


def test_a_picture_in_noscript_is_found_on_a_page_too() -> None:
    assert pictured('<p><img src="data:,"><noscript><img src="/anh/cho.jpg"></noscript></p>', "") == "/anh/cho.jpg"


@pytest.mark.parametrize(
    "image", ["/anh/1.jpg", ["/anh/1.jpg", "/anh/2.jpg"], {"url": "/anh/1.jpg"}, [{"contentUrl": "/anh/1.jpg"}]]
)
def test_the_picture_in_data_may_be_written_in_several_ways(image: object) -> None:
    assert pictured("", ld(**{"@type": "NewsArticle", "image": image})) == "/anh/1.jpg"


def test_a_date_that_is_a_link_to_its_own_page_is_the_articles() -> None:
    linked = (
        f'<p class="posted-on">Posted on <a href="{URL}" rel="bookmark"><time>November 24, 2026 9:05 am</time></a></p>'
    )
    assert article(linked).published == AT_NINE
