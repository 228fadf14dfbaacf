"""`topics: from page`: an article is about what its page shows it under, beside what the source gives to each."""

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

TITLE = "Vụ chè xuân được mùa ở các xã vùng cao"
TEXT = "<div class=noidung><p>Những ngày này, bà con các xã vùng cao đang thu hái vụ chè xuân đầu tiên trong năm nay.</p></div>"
URL = "https://tanlap.example/tin/che.html"


def topics(inside: str, given: Any = ("from page",), head: str = "", **settings: Any) -> tuple[str, ...]:
    source = PageSource(name="tanlap", url="https://tanlap.example/tin/", topics=given, **settings)
    page = f"<html><head><title>{TITLE}</title>{head}</head><body>{inside}<h1>{TITLE}</h1>{TEXT}</body></html>"
    return source.article(FetchedDocument(url=URL, body=page.encode()), ArticleLink(URL, "")).topics


def ld(*names: str, kind: str = "name") -> str:
    steps: list[dict[str, object]] = []
    for number, name in enumerate(names, 1):
        step: dict[str, object] = {"@type": "ListItem", "position": number}
        steps.append(step | ({"name": name} if kind == "name" else {"item": {"@id": f"/{number}", "name": name}}))
    data = {"@context": "https://schema.org", "@type": "BreadcrumbList", "itemListElement": steps[::-1]}
    return f'<script type="application/ld+json">{json.dumps(data)}</script>'


PATHS = {
    "JSON-LD": ld("Trang chủ", "Kinh tế", "Nông nghiệp", TITLE),
    "JSON-LD, names in items": ld("Trang chủ", "Kinh tế", "Nông nghiệp", kind="item"),
    "microdata": '<ol itemscope itemtype="https://schema.org/BreadcrumbList"><li itemprop="itemListElement"><a href="/"><span itemprop="name">Trang chủ</span></a></li><li><a><span itemprop="name">Kinh tế</span></a></li><li><a><span itemprop="name">Nông nghiệp</span></a></li></ol>',
    "Bootstrap": f'<nav aria-label="breadcrumb"><ol class="breadcrumb"><li><a href="/">Home</a></li><li><a href="/kt">Kinh tế</a></li><li>Nông nghiệp</li><li class=active>{TITLE}</li></ol></nav>',
    "links and signs": '<div class="BreadCrumb"><a href="/">Trang chủ</a> &raquo; <a href="/kt">Kinh tế</a> &raquo; <a href="/nn">Nông nghiệp</a></div>',
    "spans": '<div id="ctl00_duong-dan"><span><a href="/">Trang chủ</a></span> / <span>Kinh tế</span> / <span>Nông nghiệp</span></div>',
    "Joomla": '<span class="breadcrumbs pathway"><a class="pathway" href="/">Trang nhất</a> <a class="pathway">Kinh tế</a> <a class="pathway">Nông nghiệp</a></span>',
    "WordPress": f'<p id="breadcrumbs"><span><a href="/">Trang chủ</a> » <span><a href="/kt">Kinh tế</a> » <a href="/nn">Nông nghiệp</a> » <strong>{TITLE[:24]}…</strong></span></span></p>',
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
