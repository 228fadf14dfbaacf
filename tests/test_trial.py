"""What `sources try` decides: what bytes are, where an article stands, which selectors to propose, what the block is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import lxml.html
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from lxml.html import HtmlElement

from distributor.gathering.extraction.article import Selectors, extract
from distributor.gathering.extraction.document import select
from distributor.gathering.trial.block import block, problems_of, source_name, unique
from distributor.gathering.trial.describing import doubts, shown
from distributor.gathering.trial.finding import Read, Sample, find_selectors
from distributor.gathering.trial.naming import describe, selectors_for
from distributor.gathering.trial.origins import places_of
from distributor.gathering.trial.recognise import (
    DocumentFormat,
    feeds_of,
    form_of,
    is_front,
    parents_of,
    sections_of,
    sitemaps_in_robots,
)
from distributor.gathering.trial.repeated import groups, link_selector
from distributor.gathering.trial.texts import measure
from distributor.gathering.trial.values import Selected
from distributor.model import FoundArticle, Image

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2026, 11, 28, tzinfo=UTC)
DAY = timedelta(days=1)
BASE = "https://bacson.example/tin/"


def page(html: str) -> HtmlElement:
    return lxml.html.document_fromstring(html)


# -- what bytes are ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "form"),
    [
        (b"<!DOCTYPE html><html><body>x", DocumentFormat.PAGE),
        (b"<p>no head at all", DocumentFormat.PAGE),
        (b'<?xml version="1.0"?><!-- a --><rss version="2.0">', DocumentFormat.FEED),
        (b'\xef\xbb\xbf\n<feed xmlns="http://www.w3.org/2005/Atom">', DocumentFormat.FEED),
        (b'<rdf:RDF xmlns:rdf="x">', DocumentFormat.FEED),
        (b'<!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "x.dtd"><rss version="0.91">', DocumentFormat.FEED),
        ('<?xml version="1.0" encoding="utf-16"?><rss>'.encode("utf-16"), DocumentFormat.FEED),
        (b'{"version": "https://jsonfeed.org/version/1.1", "items": []}', DocumentFormat.FEED),
        (b'[{"id": 1, "title": {"rendered": "x"}, "link": "https://x"}]', DocumentFormat.WORDPRESS),
        (b'{"namespaces": ["oembed/1.0", "wp/v2"]}', DocumentFormat.WORDPRESS),
        (b'<?xml version="1.0"?><urlset>', DocumentFormat.SITEMAP),
        (b"<sitemapindex>", DocumentFormat.SITEMAP),
        (b'{"ok": true}', DocumentFormat.JSON),
        (b"[1, 2]", DocumentFormat.JSON),
        ("Tin ngày 24/11".encode(), DocumentFormat.TEXT),
        (b"%PDF-1.7\x00\x01\xff", DocumentFormat.OTHER),
        (b"", DocumentFormat.OTHER),
    ],
)
def test_bytes_are_judged_by_themselves_and_not_by_the_servers_word(body: bytes, form: DocumentFormat) -> None:
    assert form_of(body, "application/octet-stream") is form


@given(st.binary(max_size=300), st.sampled_from(["", "text/html", "application/json"]))
def test_no_bytes_are_too_strange_to_be_judged(body: bytes, media_type: str) -> None:
    assert form_of(body, media_type) in DocumentFormat


@pytest.mark.parametrize("url", ["https://x.vn", "https://x.vn/", "https://x.vn/index.aspx", "https://x.vn/trang-chu"])
def test_front_pages_are_known_by_their_address(url: str) -> None:
    assert is_front(url)
    assert not is_front("https://x.vn/tin-tuc")
    assert not is_front(f"{url}?id=7")


def test_feeds_are_those_of_the_head_else_those_that_links_name() -> None:
    head = page(
        '<head><link rel="alternate" type="application/rss+xml" title="Tin" href="/a.rss">'
        '<link rel="alternate" type="application/rss+xml" title="Bình luận" href="/comments/feed/">'
        '<link rel="alternate" hreflang="en" href="/en/"></head><body><a href="/rss/khac.rss">RSS</a>'
    )
    assert [one.url for one in feeds_of(head, BASE)] == ["https://bacson.example/a.rss"]
    body = page(
        '<body><a href="/kenh-rss.htm">RSS</a><a href="/feedback.html">Góp ý</a><a href="/rss/tin-moi.rss">Mới</a>'
    )
    assert [one.url for one in feeds_of(body, BASE)] == [
        "https://bacson.example/kenh-rss.htm",
        "https://bacson.example/rss/tin-moi.rss",
    ]


def test_sections_are_the_short_links_of_the_menu() -> None:
    menu = page(
        '<nav><a href="/">Trang chủ</a><a href="/kinh-te/">Kinh tế</a><a href="https://khac.example/">Khác</a>'
        '<a href="/tin/1.html">Một tin dài với rất nhiều chữ trong tiêu đề</a></nav><p><a href="/x/">Ngoài menu</a></p>'
    )
    assert [(one.words, one.url) for one in sections_of(menu, BASE)] == [("Kinh tế", "https://bacson.example/kinh-te/")]


def test_the_listing_of_an_article_is_looked_for_by_breadcrumb_and_address() -> None:
    article = page(
        '<ul class="Breadcrumb"><li><a href="/">Đầu</a></li><li><a href="/muc/kinh-te">Kinh tế</a></li></ul>'
    )
    assert parents_of(article, "https://bacson.example/tin/2026/a-1.html")[:4] == [
        "https://bacson.example/muc/kinh-te",
        "https://bacson.example/",
        "https://bacson.example/tin/2026/",
        "https://bacson.example/tin/",
    ]


def test_robots_names_maps_of_the_site() -> None:
    assert sitemaps_in_robots("User-agent: *\nSITEMAP: /map.xml\nDisallow: /", BASE) == [
        "https://bacson.example/map.xml"
    ]


# -- names of elements -------------------------------------------------------------------------------------------------


def test_selectors_leave_out_what_is_of_one_story_or_of_the_looks() -> None:
    tree = page('<div id="post-18342" class="col-md-8 clearfix bai-viet css-1x9f"><p class="mt-3"><b>x</b></p></div>')
    block_ = tree.xpath("//div")[0]
    assert list(selectors_for(block_)) == [".bai-viet", "div.bai-viet"]
    assert describe(tree.xpath("//p")[0]) == ".bai-viet > p"
    assert list(selectors_for(tree.xpath("//b")[0])) == [".bai-viet b"]


_NAMES = st.text(st.sampled_from("abcX-_09 \t'\"\\{}[]>.#:é/*\x0b"), max_size=12)


@given(_NAMES, _NAMES, _NAMES)
def test_every_selector_is_valid_and_finds_its_element(id: str, own: str, above: str) -> None:
    outer = lxml.html.Element("div")
    inner = lxml.html.Element("span")
    outer.append(inner)
    for element, name, value in ((inner, "id", id), (inner, "class", own), (outer, "class", above)):
        try:
            element.set(name, value)
        except ValueError:
            return
    for css in selectors_for(inner):
        assert inner in select(outer, css)


# -- where an article stands -------------------------------------------------------------------------------------------


def test_places_are_found_by_what_they_say() -> None:
    tree = page(
        """<html><head><title>Hội nghị tổng kết năm | Bắc Sơn</title>
        <meta property="og:title" content="Hội nghị tổng kết năm"><meta property="og:image" content="/a.jpg">
        <script type="application/ld+json">{"@graph": [{"@type": "NewsArticle", "headline": "Hội nghị tổng kết năm",
        "author": [{"name": "Thu Hà"}], "datePublished": "2026-11-24T14:35:00+07:00"}]}</script></head>
        <body><h1 class="tit">Hội nghị  tổng kết năm</h1><span class="gio">14:35, 24/11/2026</span>
        <p class="sapo">Sáng nay, hội nghị diễn ra ở hội trường lớn.</p><div class="ruot"><p>Đoạn một của bài viết dài.</p>
        <p>Đoạn hai của bài viết dài.</p></div><p class="cuoi">Bài, ảnh: Thu Hà</p></body></html>"""
    )
    found = FoundArticle(
        source="x",
        title="Hội nghị tổng kết năm",
        lead="Sáng nay, hội nghị diễn ra ở hội trường lớn.",
        body_html="<p>Đoạn một của bài viết dài.</p><p>Đoạn hai của bài viết dài.</p>",
        author="Thu Hà",
        published=datetime(2026, 11, 24, 7, 35, tzinfo=UTC),
        image=Image(url="https://bacson.example/a.jpg"),
    )
    before = lxml.html.tostring(tree)
    assert places_of(found, tree, BASE, ZONE) == {
        "title": ["JSON-LD headline", "meta og:title", "h1.tit"],
        "date": ["JSON-LD datePublished", "span.gio"],
        "author": ["JSON-LD author.name"],
        "lead": ["p.sapo"],
        "picture": ["meta og:image"],
        "body": ["div.ruot"],
    }
    assert lxml.html.tostring(tree) == before


def test_an_author_in_a_signature_is_found_there() -> None:
    tree = page("<body><div class=b><p>Một đoạn văn.</p><p class=cuoi>Bài, ảnh: Thu Hà</p></div>")
    found = FoundArticle(source="x", title="T", author="Thu Hà")
    assert places_of(found, tree, BASE, ZONE) == {"author": ["p.cuoi"]}


def test_the_words_of_the_listing_come_first() -> None:
    found = FoundArticle(source="x", title="Tin A")
    assert (
        places_of(found, page("<h1>Tin A</h1>"), BASE, ZONE, "Tin A")["title"][0] == "the link's words in the listing"
    )


# -- the repeated block ------------------------------------------------------------------------------------------------

LISTING = page(
    '<div class="menu"><a href="/gioi-thieu.html">Giới thiệu chung về tòa soạn</a></div><ul class="tin">'
    + "".join(
        f'<li><h3><a href="/tin/{n}.html">Tin số {n} của ngày</a></h3><a href="/tin/{n}.html"><img></a></li>'
        for n in range(5)
    )
    + '<li><h3><a href="/tin/ngan.html">Ngắn</a></h3></li></ul><ol class="nong"><li><a href="/tin/2.html">Tin số 2</a></li>'
    '<li><a href="/tin/9.html">Tin số 9 của ngày</a></li></ol>'
)  # fmt: skip
STORIES = [f"https://bacson.example/tin/{n}.html" for n in range(5)]


def test_links_are_grouped_by_the_block_that_they_stand_in() -> None:
    nine = "https://bacson.example/tin/9.html"
    assert groups(LISTING, BASE, [nine, *STORIES]) == [STORIES, [nine]]


def test_a_selector_for_links_finds_the_whole_block_and_nothing_that_is_no_article() -> None:
    css, found = link_selector(LISTING, BASE, STORIES[:3], ["https://bacson.example/gioi-thieu.html"])
    assert found == [*STORIES, "https://bacson.example/tin/ngan.html"]
    assert len(css) <= len(".tin h3 a")


def test_where_no_selector_tells_them_apart_there_is_none() -> None:
    alike = page('<ul class="t"><li><a href="/a.html">Tin a b c</a></li><li><a href="/b.html">Tin b c d</a></li></ul>')
    assert link_selector(alike, BASE, ["https://bacson.example/a.html"], ["https://bacson.example/b.html"]) == ("", [])


# -- selectors for fields ----------------------------------------------------------------------------------------------


def read_by(pages: Sequence[str]) -> tuple[list[Sample], Read]:
    """Samples of pages, and reading by selectors; automatic extraction is what the program's own finds."""

    def read(at: int, selectors: Selectors) -> FoundArticle | None:
        made = extract(page(pages[at]), BASE, selectors, ZONE)
        return FoundArticle(
            source="",
            title=made.title or "x",
            lead=made.lead,
            body_html=made.body_html,
            author=made.author,
            published=made.published,
            image=made.image,
        )

    return [Sample(page(html), read(at, Selectors())) for at, html in enumerate(pages)], read


def chosen(pages: Sequence[str], given: Selectors = Selectors(), **automatic: Sequence[Any]) -> Mapping[str, Selected]:
    """The selectors for these pages. `automatic` puts other values in the place of what is found by itself."""
    samples, read = read_by(pages)
    for name, values in automatic.items():
        samples = [
            replace(one, found=replace(one.found, **{name: value}) if one.found else None)
            for one, value in zip(samples, values, strict=True)
        ]

    def reading(at: int, selectors: Selectors) -> FoundArticle | None:
        made = read(at, selectors)
        if made is None or "body_html" not in automatic or selectors.body:
            return made
        return replace(made, body_html=automatic["body_html"][at])

    found, _ = find_selectors(samples, reading, ZONE, given)
    return {one.key: one for one in found}


BODY = "Đoạn {} của bài thứ {}, đủ dài để là một đoạn văn thật sự trong một bài báo về đời sống ở miền núi phía bắc nước ta."


def story(number: int, *, body: str = "than-bai", date: str = "khi", author: str = "ky-ten", extra: str = "") -> str:
    text = "".join(f"<p>{BODY.format(part, number)}</p>" for part in range(4))
    return (
        f"<html><body><h1>Tiêu đề của bài thứ {number}</h1><i class='{date}'>Cập nhật 0{number}:15, 2{number}/11/2026</i>"
        f"<div class='dan'>Câu dẫn của bài thứ {number}, nói ngắn gọn điều chính yếu của câu chuyện được kể.</div>"
        f"<div class='{body}'>{text}</div><b class='{author}'>{['Lý Páo', 'Vàng Sua', 'Lò Ín'][number % 3]}</b>{extra}"
    )


PAGES = [story(number) for number in range(1, 4)]


def test_nothing_is_proposed_where_all_is_found_and_differs() -> None:
    dates = [datetime(2026, 11, 20 + n, 1, 15, tzinfo=UTC) for n in range(1, 4)]
    bodies = ["".join(f"<p>{BODY.format(part, n)}</p>" for part in range(4)) for n in range(1, 4)]
    found = chosen(PAGES, published=dates, body_html=bodies, author=["A B"] * 3, lead=["Một câu dẫn."] * 3)
    assert found == {}


def test_where_all_is_found_no_page_is_read_again() -> None:
    samples, _ = read_by(PAGES)
    texts = ["".join(f"<p>{BODY.format(part, n)}</p>" for part in range(4)) for n in range(1, 4)]
    good = [
        replace(one, found=replace(one.found, body_html=text, author="A B", lead="Một câu.", published=NOW + n * DAY))
        for n, (one, text) in enumerate(zip(samples, texts, strict=True))
        if one.found
    ]

    def read(at: int, selectors: Selectors) -> FoundArticle | None:
        raise AssertionError(f"page {at} was read again with {selectors}")

    assert find_selectors(good, read, ZONE, Selectors()) == ((), ())


def test_a_date_that_is_missing_on_one_page_is_looked_for() -> None:
    known = datetime(2026, 11, 21, tzinfo=UTC)
    assert chosen(PAGES, published=[known, None, known])["date"].css == ".khi"


def test_a_date_that_all_share_is_the_pages_own() -> None:
    found = chosen(PAGES, published=[datetime(2026, 11, 28, tzinfo=UTC)] * 3)
    assert found["date"].css == ".khi"
    assert "one date" in found["date"].why


def test_a_date_that_is_the_same_on_all_pages_is_never_proposed() -> None:
    same = [story(number).replace(f"2{number}/11", "28/11").replace(f"0{number}:15", "08:15") for number in range(1, 4)]
    assert "date" not in chosen(same, published=[None] * 3)


def test_an_author_is_proposed_where_the_name_says_so_and_asked_about_otherwise() -> None:
    assert chosen(PAGES, author=[""] * 3)["author"].css == ".ky-ten"
    unnamed = [story(number, author="cuoi-cung") for number in range(1, 4)]
    samples, read = read_by(unnamed)
    samples = [replace(one, found=replace(one.found, author="") if one.found else None) for one in samples]
    found, perhaps = find_selectors(samples, read, ZONE, Selectors())
    assert "author" not in {one.key for one in found}
    assert perhaps[0].startswith("perhaps .cuoi-cung holds the authors: «Vàng Sua», «Lò Ín», «Lý Páo»")


def test_a_lead_that_is_cut_off_is_taken_whole() -> None:
    cut = [f"Câu dẫn của bài thứ {number}, nói ngắn gọn điều..." for number in range(1, 4)]
    assert chosen(PAGES, lead=cut)["lead"].css == ".dan"


def test_a_body_that_shares_text_with_others_is_replaced_by_the_block_without_it() -> None:
    box = "<div class='moi'><p>Mời bạn đọc đặt báo in cho năm mới tại các bưu điện trong tỉnh với giá ưu đãi lớn.</p></div>"
    pages = [story(number, extra=box) for number in range(1, 4)]
    bodies = ["".join(f"<p>{BODY.format(part, n)}</p>" for part in range(4)) + box for n in range(1, 4)]
    found = chosen(pages, body_html=bodies)
    assert found["body"].css == ".than-bai"
    assert (found["body"].pages, found["body"].of) == (3, 3)


def test_a_lead_in_the_automatic_body_is_no_text_that_a_block_without_it_has_lost() -> None:
    box = "<div class='moi'><p>Mời bạn đọc đặt báo in cho năm mới tại các bưu điện trong tỉnh với giá ưu đãi lớn.</p></div>"
    pages = [story(number, extra=box) for number in range(1, 4)]
    leads = [f"Câu dẫn của bài thứ {n}, nói ngắn gọn điều chính yếu của câu chuyện được kể." for n in range(1, 4)]
    texts = ["".join(f"<p>{BODY.format(part, n)}</p>" for part in range(4)) for n in range(1, 4)]
    bodies = [f"<p>{lead}</p>{text}{box}" for lead, text in zip(leads, texts, strict=True)]
    cut = [lead[:45] + "..." for lead in leads]
    samples, read = read_by(pages)
    samples = [
        replace(one, found=replace(one.found, body_html=body, lead=lead) if one.found else None)
        for one, body, lead in zip(samples, bodies, cut, strict=True)
    ]

    def automatic(at: int, selectors: Selectors) -> FoundArticle | None:
        return read(at, selectors) if selectors.body else samples[at].found

    found, _ = find_selectors(samples, automatic, ZONE, Selectors(lead=".dan"))
    assert {one.key: one.css for one in found}["body"] == ".than-bai"


def test_a_body_that_has_lost_half_is_replaced_by_the_whole() -> None:
    bodies = ["".join(f"<p>{BODY.format(part, n)}</p>" for part in range(2)) for n in range(1, 4)]
    assert chosen(PAGES, body_html=bodies)["body"].css == ".than-bai"


def test_a_block_that_is_missing_on_one_page_is_not_proposed() -> None:
    pages = [*PAGES[:2], story(3, body="khac-han")]
    found = chosen(pages, body_html=["", "", ""])
    assert found["body"].css not in (".than-bai", ".khac-han") if "body" in found else True


def test_selectors_that_were_given_are_left_alone_and_one_page_teaches_nothing() -> None:
    assert "date" not in chosen(PAGES, Selectors(date=".khi"), published=[None] * 3)
    assert chosen(PAGES[:1], published=[None]) == {}


def test_what_fields_say_and_what_siblings_share_is_no_text_of_a_body() -> None:
    one, other = measure(
        ["<p>Tiêu đề</p><p>24/11/2026 08:00</p><p>Riêng một.</p><p>Chung.</p>", "<p>Chung.</p><p>Riêng hai ba.</p>"],
        [{"tiêu đề"}, set()],
        ZONE,
    )
    assert (one.own, other.own) == (len("Riêng một."), len("Riêng hai ba."))
    assert one.foreign == len("Tiêu đề24/11/2026 08:00Chung.")


# -- how it is shown ---------------------------------------------------------------------------------------------------


def test_an_article_is_shown_by_its_ends_its_size_and_what_it_lacks() -> None:
    found = FoundArticle(
        source="x", title="T", url="https://x.example/a", body_html="<p>Một.</p><p><img src='a'></p><p>Hai.</p>"
    )
    made = shown(found, {}, ZONE, NOW)
    assert (made.first, made.last, made.paragraphs, made.pictures) == ("Một.", "Hai.", 2, 1)
    assert made.warnings == ("only 8 characters of text: perhaps a summary", "no date", "no author")
    future = shown(replace(found, published=datetime(2027, 1, 1, tzinfo=UTC)), {}, ZONE, NOW)
    assert "a date in the future: 2027-01-01 07:00 +0700" in future.warnings


def test_doubts_tell_what_is_missing_and_what_is_shared() -> None:
    one = FoundArticle(
        source="x", title="Giống nhau", body_html="<p>Chung một đoạn.</p>", published=datetime(2026, 11, 23, 17, tzinfo=UTC),
        image=Image(url="https://x.example/logo.png"),
    )  # fmt: skip
    told = "\n".join(doubts([one, replace(one, published=None, body_html="<p>Chung một đoạn.</p><p>Khác.</p>")], ZONE))
    assert "1 of 2 articles is without a date" in told
    assert "both articles are without an author" in told
    assert "set select.author" in told
    assert "no date has a time of day" in told
    assert "2 articles have the same title, Giống nhau" in told
    assert "logo.png: a logo?" in told
    assert "«Chung một đoạn.»" in told


# -- the block ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://www.bacson.gov.vn/tin-tuc", "bacson"),
        ("https://bacson.example/", "bacson"),
        ("https://vnexpress.net/rss", "vnexpress"),
        ("https://congthongtin.bacson.com.vn", "bacson"),
        ("http://127.0.0.1:8000/tin/", "portal"),
        ("http://localhost/", "localhost"),
        ("https://m.báo-mới.vn/", "bao-moi"),
        ("/home/lan/Bài viết/", "bai-viet"),
    ],
)
def test_a_source_is_called_after_its_site(address: str, name: str) -> None:
    assert source_name(address) == name


def test_a_name_that_is_taken_gets_a_number() -> None:
    assert unique("a", {"a", "a-2"}) == "a-3"


_CSS = st.text(max_size=40).filter(lambda text: bool(text.strip()))


@given(st.dictionaries(st.sampled_from(["body", "title", "date", "link"]), _CSS, max_size=4), st.text(max_size=30))
def test_a_block_is_read_back_as_it_was_meant(chosen: dict[str, str], more: str) -> None:
    from distributor.rawconfig import parse

    settings = {"type": "page", "url": "https://x.example/?q=" + more, "allow_private": True, "select": chosen}
    text = block({"portal": settings})
    raw = parse(text, Path("config.yaml"), {"X": "wrong"})
    if not raw.problems:  # characters that are no text are told by their line
        assert raw.data["sources"]["portal"]["select"] == chosen or any(
            not one.isprintable() for one in chosen.values()
        )
        assert raw.data["sources"]["portal"]["url"] == settings["url"] or not more.isprintable()
    assert yaml.safe_load(text)["sources"]["portal"]["type"] == "page"


@pytest.mark.parametrize("css", ["a[href$='.html']", "#a > .b:not(.c)", "${HOME}", "$$", "- a: b", "@x", "true", "'"])
def test_signs_that_yaml_and_variables_know_are_read_back(css: str) -> None:
    from distributor.rawconfig import parse

    text = block({"portal": {"type": "page", "select": {"body": css}}})
    raw = parse(text, Path("config.yaml"), {})
    assert (raw.problems, raw.data["sources"]["portal"]["select"]["body"]) == ((), css)


def test_a_block_that_config_takes_has_no_problems_and_another_has(tmp_path: Path) -> None:
    good = block({"portal": {"type": "page", "url": "https://x.example/", "select": {"body": "#noidung"}}})
    assert problems_of(good, tmp_path / "config.yaml") == []
    bad = block({"portal": {"type": "page", "url": "x.example", "select": {"body": "#["}}})
    assert any("sources.portal.url" in one for one in problems_of(bad, tmp_path / "config.yaml"))
