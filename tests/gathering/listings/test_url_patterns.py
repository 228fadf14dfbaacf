"""What an address says of its page, by its form and not by its site."""

from __future__ import annotations

import pytest

from distributor.gathering.listings.url_patterns import (
    article_score,
    as_folder,
    is_section,
    non_article_kind,
    parent_paths,
    url_pattern,
)

LISTING = "https://bacson.example/tin-tuc/kinh-te"


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("https://khac.example/tin", "another site"),
        ("https://www.bacson.example/", "the front page"),
        ("https://bacson.example/van-ban/qd-412.pdf", "a file, not a page"),
        ("https://bacson.example/kinh-te.rss", "a feed"),
        ("https://bacson.example/tin-tuc/kinh-te?page=2", "the listing itself, or a further page of it"),
        ("https://bacson.example/tin-tuc/kinh-te/trang-3.html", "a further page of the listing"),
        ("https://bacson.example/tin-tuc", "a section above the listing"),
        ("https://bacson.example/tag/che-xuan", "a topic or tag"),
        ("https://bacson.example/tac-gia/lan-chi", "a person's page"),
        ("https://bacson.example/dang-nhap", "an account or a login"),
        ("https://bacson.example/x?q=che", "a search"),
        ("https://bacson.example/en", "another language"),
        ("https://bacson.example/tin-tuc/kinh-te/vu-che-xuan-duoc-mua-4829.html", ""),
        ("https://[bacson/", "another site"),
    ],
)
def test_what_an_address_plainly_is(address: str, kind: str) -> None:
    assert non_article_kind(address, LISTING) == kind


@pytest.mark.parametrize(
    ("address", "score"),
    [
        ("https://bacson.example/kiem-tra-4829122.html", 2),
        ("https://bacson.example/2026/11/23/che-xuan", 2),
        ("https://bacson.example/vu-che-xuan-duoc-mua", 1),
        ("https://bacson.example/x?sort=1", -1),
        ("https://bacson.example/kinh-te", -2),
    ],
)
def test_how_much_an_address_resembles_an_articles(address: str, score: int) -> None:
    assert article_score(address) == score


def test_a_section_names_itself_unless_the_listing_lies_in_it() -> None:
    assert is_section("https://bacson.example/chuyen-muc/kinh-te", LISTING)
    assert is_section("https://bacson.example/chuyen-muc-kinh-te.html", LISTING)
    assert not is_section("https://bacson.example/chuyen-muc/a.html", "https://bacson.example/chuyen-muc/kinh-te")


def test_addresses_of_one_kind_have_one_pattern() -> None:
    one, two = (
        url_pattern(f"https://bacson.example/{name}-{number}.html") for name, number in (("a", 123), ("b-c", 456))
    )
    assert one == two != url_pattern("https://bacson.example/kinh-te")


def test_what_lies_above_an_address() -> None:
    assert parent_paths("https://bacson.example/a/b/c.html") == ["a", "a/b"]
    assert as_folder("https://bacson.example/a/b.html") == "a/b"
    assert as_folder("https://bacson.example/a?id=1") == ""
