"""An article of a page without selectors: who is its author when several are named, and which picture is its own."""

# ruff: noqa: E501  a row of a table is a line

from __future__ import annotations

import pytest

from distributor.gathering.extraction.article import extract_article
from distributor.gathering.extraction.document import parse_page
from distributor.gathering.extraction.selectors import Selectors
from gathering.extraction.article_page import BODY, HANOI, TITLE, URL, ld, pictured

# -- the author --------------------------------------------------------------------------------------------------------


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
