"""Title, lead, author and breadcrumbs of an article. `topics: from page`: it is about what its page shows it under."""

from __future__ import annotations

# ruff: noqa: E501  a row of a table is a line
import json
from pathlib import Path
from typing import Any

import pytest

from distributor.gathering.listings.listing import ArticleLink
from distributor.gathering.sources.page import PageSource
from distributor.newsroom import open_newsroom
from distributor.source import FetchedDocument
from gathering.extraction.article_page import TITLE, article, ld

TEA = "Vụ chè xuân được mùa ở các xã vùng cao"
TEXT = "<div class=noidung><p>Những ngày này, bà con các xã vùng cao đang thu hái vụ chè xuân đầu tiên trong năm nay.</p></div>"
TEA_URL = "https://tanlap.example/tin/che.html"


def topics(inside: str, given: Any = ("from page",), head: str = "", **settings: Any) -> tuple[str, ...]:
    source = PageSource(name="tanlap", url="https://tanlap.example/tin/", topics=given, **settings)
    page = f"<html><head><title>{TEA}</title>{head}</head><body>{inside}<h1>{TEA}</h1>{TEXT}</body></html>"
    return source.article(FetchedDocument(url=TEA_URL, body=page.encode()), ArticleLink(TEA_URL, "")).topics


def trail(*names: str, kind: str = "name") -> str:
    steps: list[dict[str, object]] = []
    for number, name in enumerate(names, 1):
        step: dict[str, object] = {"@type": "ListItem", "position": number}
        steps.append(step | ({"name": name} if kind == "name" else {"item": {"@id": f"/{number}", "name": name}}))
    data = {"@context": "https://schema.org", "@type": "BreadcrumbList", "itemListElement": steps[::-1]}
    return f'<script type="application/ld+json">{json.dumps(data)}</script>'


PATHS = {
    "JSON-LD": trail("Trang chủ", "Kinh tế", "Nông nghiệp", TEA),
    "JSON-LD, names in items": trail("Trang chủ", "Kinh tế", "Nông nghiệp", kind="item"),
    "microdata": '<ol itemscope itemtype="https://schema.org/BreadcrumbList"><li itemprop="itemListElement"><a href="/"><span itemprop="name">Trang chủ</span></a></li><li><a><span itemprop="name">Kinh tế</span></a></li><li><a><span itemprop="name">Nông nghiệp</span></a></li></ol>',
    "Bootstrap": f'<nav aria-label="breadcrumb"><ol class="breadcrumb"><li><a href="/">Home</a></li><li><a href="/kt">Kinh tế</a></li><li>Nông nghiệp</li><li class=active>{TEA}</li></ol></nav>',
    "links and signs": '<div class="BreadCrumb"><a href="/">Trang chủ</a> &raquo; <a href="/kt">Kinh tế</a> &raquo; <a href="/nn">Nông nghiệp</a></div>',
    "spans": '<div id="ctl00_duong-dan"><span><a href="/">Trang chủ</a></span> / <span>Kinh tế</span> / <span>Nông nghiệp</span></div>',
    "Joomla": '<span class="breadcrumbs pathway"><a class="pathway" href="/">Trang nhất</a> <a class="pathway">Kinh tế</a> <a class="pathway">Nông nghiệp</a></span>',
    "WordPress": f'<p id="breadcrumbs"><span><a href="/">Trang chủ</a> » <span><a href="/kt">Kinh tế</a> » <a href="/nn">Nông nghiệp</a> » <strong>{TEA[:24]}…</strong></span></span></p>',
}  # fmt: skip


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS.keys())
def test_the_path_of_a_page_gives_its_sections(path: str) -> None:
    assert topics(path) == ("Kinh tế", "Nông nghiệp")


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS.keys())
def test_without_the_setting_the_path_gives_nothing(path: str) -> None:
    assert topics(path, given=("Tân Lập",)) == ("Tân Lập",)


def test_sections_that_the_page_names_come_first_and_each_topic_is_there_once() -> None:
    head = '<meta property="article:section" content="nông nghiệp">'
    assert topics(PATHS["links and signs"], given=("from page", "Kinh Tế", "Tân Lập"), head=head) == (
        "nông nghiệp",
        "Kinh tế",
        "Tân Lập",
    )


def test_several_sections_are_all_kept() -> None:
    head = '<script type="application/ld+json">{"@type": "NewsArticle", "articleSection": ["Kinh tế", "Đời sống"]}</script>'
    assert topics("", given=(), head=head) == ("Kinh tế", "Đời sống")


def test_the_name_of_the_site_is_no_topic() -> None:
    path = '<div class="breadcrumb"><a href="/">Báo Tân Lập</a> &gt; <a href="/kt">Kinh tế</a></div>'
    assert topics(path, head='<meta property="og:site_name" content="Báo Tân Lập">') == ("Kinh tế",)


CONFIG = """\
site: {title: Báo, url: "https://tanlap.example"}
sources:
  cong:
    type: TYPE
    url: https://tanlap.example/tin
    topics: TOPICS
newsletters: {tin: {title: Tin, channels: [wall]}}
channels: {wall: {type: console}}
"""


@pytest.mark.parametrize(
    ("written", "kept"),
    [("from page", ("from page",)), ("[from page, Tân Lập]", ("from page", "Tân Lập")), ("[Tân Lập]", ("Tân Lập",))],
)
def test_the_setting_is_one_word_or_stands_in_the_list(tmp_path: Path, written: str, kept: tuple[str, ...]) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG.replace("TYPE", "page").replace("TOPICS", written), encoding="utf-8")
    assert open_newsroom(tmp_path / "config.yaml").sources["cong"].topics == kept


def test_a_feed_that_asks_for_it_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(
        CONFIG.replace("TYPE", "feed").replace("TOPICS", "[from page]"), encoding="utf-8"
    )
    with pytest.raises(
        Exception, match=r"config\.yaml:6: sources\.cong\.topics: 'from page' is for sources of type page"
    ):
        open_newsroom(tmp_path / "config.yaml")


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
