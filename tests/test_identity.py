"""The keys under which a story is known: one of them survives what portals do to their addresses and numbers."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from builders import found
from hypothesis import given, settings
from hypothesis import strategies as st

from distributor.gathering.identity import canonical_url, identity_keys

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
PLAIN = "bacson.example/tin/duong-254.html"


@pytest.mark.parametrize(
    "url",
    [
        "https://bacson.example/tin/duong-254.html",
        "http://bacson.example/tin/duong-254.html",
        "https://BacSon.example:443/tin/duong-254.html",
        "https://www.bacson.example/tin/duong-254.html/",
        "https://m.bacson.example/tin/duong-254.html#binh-luan",
        "https://bacson.example/tin/duong-254.html?utm_source=zalo&utm_medium=social&fbclid=IwAR0",
        "https://bacson.example/tin/duong-254.html?returnUrl=%2ftin-tuc",
        "https://bacson.example/tin/duong%2D254.html",
        "https://bacson.example/tin/duong-254.html/index.php",
    ],
)
def test_addresses_of_one_page_are_one(url: str) -> None:
    assert canonical_url(url) == PLAIN


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://bacson.example/tin?id=1", "https://bacson.example/tin?id=2"),
        ("https://bacson.example/tin/1", "https://bacson.example/tin/2"),
        ("https://bacson.example/tin", "https://bacson.example:8443/tin"),
        ("https://bacson.example/Tin", "https://bacson.example/tin"),  # paths are case-sensitive (RFC 3986, 6.2.2.1)
        ("https://m.example/tin", "https://example/tin"),  # `m` is a name here
    ],
)
def test_addresses_of_different_pages_stay_apart(one: str, other: str) -> None:
    assert canonical_url(one) != canonical_url(other)


def test_the_order_of_parameters_says_nothing() -> None:
    assert canonical_url("https://b.example/t?b=2&a=1") == canonical_url("https://b.example/t?a=1&fbclid=x&b=2")


SEGMENT = st.text(alphabet="abcXYZ09-._~%25/đường %?#&=+:@", max_size=20)
ADDRESS = st.builds(
    lambda host, path, last, query, fragment: f"https://{host}/{path}{last}?{query}#{fragment}",
    st.sampled_from(["bacson.example", "www.bacson.example", "m.www.bacson.example:8080", "WWW2.Bacson.Example:80"]),
    SEGMENT, st.sampled_from(["", "/", "//", "/index.html", "/index.html/", "/default.aspx/index.php"]), SEGMENT, SEGMENT,
)  # fmt: skip


@settings(deadline=None)
@given(ADDRESS)
def test_a_canonical_address_is_its_own(url: str) -> None:
    once = canonical_url(url)
    assert canonical_url(f"https://{once}") == once


@settings(deadline=None)
@given(st.text(max_size=60))
def test_no_text_makes_it_fail(text: str) -> None:
    canonical_url(text)


def test_keys_come_strongest_first_and_name_the_local_day() -> None:
    late = found("a1", title="Khởi công đường 254", published=datetime(2026, 11, 22, 18, 30, tzinfo=UTC))
    kinds = [key.partition(":")[0] for key in identity_keys(late, HANOI)]
    assert kinds == ["id", "guid", "url", "day"]
    assert identity_keys(late, HANOI)[:3] == ("id:cong:a1", "guid:cong:guid-a1", "url:bacson.example/tin/a1")
    assert identity_keys(late, HANOI)[3].startswith("day:2026-11-23:")  # it is the 23rd in Hà Nội already


def test_a_renumbered_and_moved_story_keeps_a_key() -> None:
    before = found("a1", title="Khởi công đường tỉnh 254")
    after = found("b7", title="Khởi công: đường tỉnh  254", url="https://moi.example/254", source="khac")
    assert set(identity_keys(before, HANOI)) & set(identity_keys(after, HANOI))


def test_equal_names_in_two_sources_are_two_stories() -> None:
    one = found("a1", title="Thông báo số một")
    other = found("a1", title="Thông báo số hai", source="khac", url="https://moi.example/2")
    assert not set(identity_keys(one, HANOI)) & set(identity_keys(other, HANOI))


def test_a_story_with_nothing_but_a_title_is_known_by_it() -> None:
    bare = found("a1", source_id="", guid="", url="", published=None)
    assert len(identity_keys(bare, HANOI)) == 1
    assert identity_keys(bare, HANOI) != identity_keys(
        found("a2", source_id="", guid="", url="", published=None), HANOI
    )


def test_keys_that_are_too_long_for_the_store_stay_distinct() -> None:
    keys = {identity_keys(found("x", source_id="d" * 5000 + end), HANOI)[0] for end in "ab"}
    assert len(keys) == 2
    assert max(map(len, keys)) <= 400
