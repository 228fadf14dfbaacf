"""The search for selectors of an article's fields: which are proposed, and which are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import lxml.html
from lxml.html import HtmlElement

from distributor.gathering.discovery.report import ProposedSelector
from distributor.gathering.discovery.selector_search import ArticleReader, SamplePage, find_selectors
from distributor.gathering.discovery.text_matching import measure_bodies
from distributor.gathering.extraction.article import extract_article
from distributor.gathering.extraction.selectors import Selectors
from distributor.model import ParsedArticle

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2026, 11, 28, tzinfo=UTC)
DAY = timedelta(days=1)
BASE = "https://bacson.example/tin/"


def page(html: str) -> HtmlElement:
    return lxml.html.document_fromstring(html)


# -- selectors for fields ----------------------------------------------------------------------------------------------


def read_by(pages: Sequence[str]) -> tuple[list[SamplePage], ArticleReader]:
    """Samples of pages, and reading by selectors; automatic extraction is what the program's own finds."""

    def read(at: int, selectors: Selectors) -> ParsedArticle | None:
        made = extract_article(page(pages[at]), BASE, selectors, ZONE)
        return ParsedArticle(
            source="",
            title=made.title or "x",
            lead=made.lead,
            body_html=made.body_html,
            author=made.author,
            published=made.published,
            image=made.image,
        )

    return [SamplePage(page(html), read(at, Selectors())) for at, html in enumerate(pages)], read


def chosen(
    pages: Sequence[str], given: Selectors = Selectors(), **automatic: Sequence[Any]
) -> Mapping[str, ProposedSelector]:
    """The selectors for these pages. `automatic` puts other values in the place of what is found by itself."""
    samples, read = read_by(pages)
    for name, values in automatic.items():
        samples = [
            replace(one, found=replace(one.found, **{name: value}) if one.found else None)
            for one, value in zip(samples, values, strict=True)
        ]

    def reading(at: int, selectors: Selectors) -> ParsedArticle | None:
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

    def read(at: int, selectors: Selectors) -> ParsedArticle | None:
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

    def automatic(at: int, selectors: Selectors) -> ParsedArticle | None:
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
    one, other = measure_bodies(
        ["<p>Tiêu đề</p><p>24/11/2026 08:00</p><p>Riêng một.</p><p>Chung.</p>", "<p>Chung.</p><p>Riêng hai ba.</p>"],
        [{"tiêu đề"}, set()],
        ZONE,
    )
    assert (one.own, other.own) == (len("Riêng một."), len("Riêng hai ba."))
    assert one.foreign == len("Tiêu đề24/11/2026 08:00Chung.")
