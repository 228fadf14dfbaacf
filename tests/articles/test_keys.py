"""The keys under which a story is known: one of them survives what portals do to their addresses and numbers."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributor.articles.keys import ANY_SOURCE_PREFIX, describe_ambiguous_keys, group_articles, identity_keys
from distributor.model import ParsedArticle
from distributor.url_cleaning import canonical_url, remove_tracking
from support.builders import found

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
        "https://bacson.example/tin/duong-254.html;jsessionid=0A1F.node2",
        "https://bacson.example/tin/duong-254.html%3BJSESSIONID=0A1F?print=1",
        "https://bacson.example/(S(lit3py55t21z5v55vlm25s55))/tin/duong-254.html",
        "https://bacson.example/(A(abcdefgh1)S(lit3py55t21z5v55))/tin/duong-254.html",
        "https://bacson.example/tin/duong-254.html?PHPSESSID=9a8b7c&amp;utm_source=x",
        "https://bacson.example/tin/duong-254.html?sid=77C2&CFID=12&CFTOKEN=3456",
        "https://bacson.example/tin/duong-254.html?inheritRedirect=true&redirect=%2Ftin%3Fcur%3D2",
        "https://bacson.example/tin/duong-254.html?p_p_auth=aB3&p_p_lifecycle=0&p_p_state=normal&p_p_mode=view",
        "https://bacson.example/tin/duong-254.html?_101_INSTANCE_a1_redirect=%2F&_101_INSTANCE_a1_cur=2&_3_delta=20",
        "https://bacson.example/tin/duong-254.html?p_r_p_564233524_categoryId=77&p_r_p_564233524_resetCur=true",
        "https://bacson.example/tin/duong-254.html?Source=https%3A%2F%2Fbacson.example%2Ftin&zarsrc=30&mc_cid=1&gclid=x",
        "https://bacson.example/tin/duong-254.html?return=aHR0cHM6Ly9iYWNzb24=&ref=zalo&_=1606184400000",
        "https://bacson.example/tin/duong-254.html#utm_source=rss",
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
        ("https://b.example/modules.php?sid=1", "https://b.example/modules.php?sid=2"),  # stories in PHP-Nuke
        ("https://b.example/#/tin/1", "https://b.example/#/tin/2"),  # paths within an application
        ("https://b.example/#!id=1", "https://b.example/#!id=2"),
        ("https://b.example/w?p_r_p_1_title=A", "https://b.example/w?p_r_p_1_title=B"),  # pages of a wiki of Liferay
        ("https://b.example/t?source=kinh-te", "https://b.example/t?source=y-te"),
        ("https://b.example/t?_101_assetEntryId=1", "https://b.example/t?_101_assetEntryId=2"),
    ],
)
def test_addresses_of_different_pages_stay_apart(one: str, other: str) -> None:
    assert canonical_url(one) != canonical_url(other)


def test_the_order_of_parameters_says_nothing() -> None:
    assert canonical_url("https://b.example/t?b=2&a=1") == canonical_url("https://b.example/t?a=1&fbclid=x&b=2")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("https://b.example/t?b=2&utm_source=x&a=1#muc-2", "https://b.example/t?b=2&a=1#muc-2"),
        ("https://b.example/t;jsessionid=1F0A", "https://b.example/t"),
        ("https://b.example/t?p_p_id=101&p_p_state=maximized&_101_urlTitle=a&redirect=%2F",
         "https://b.example/t?p_p_id=101&p_p_state=maximized&_101_urlTitle=a"),
        ("https://b.example/%C4%91%C6%B0?q=a+b&fbclid=1", "https://b.example/%C4%91%C6%B0?q=a+b"),
        ("https://b.example/t?empty=&a", "https://b.example/t?empty=&a"),
        ("tag:b.example,2026:1", "tag:b.example,2026:1"),
    ],
)  # fmt: skip
def test_readers_get_an_address_without_marks_that_still_opens_its_page(written: str, read: str) -> None:
    assert remove_tracking(written) == read
    assert remove_tracking(read) == read


def test_an_address_in_decomposed_letters_is_the_same() -> None:
    path = "đường-mới"
    forms = [quote(unicodedata.normalize(form, path)) for form in ("NFC", "NFD")]
    assert len({canonical_url(f"https://b.example/{form}?x={form}") for form in forms}) == 1


def test_an_id_that_stands_on_several_stories_of_a_look_is_none() -> None:
    look = group_articles([found(name, source_id="", guid="N/A") for name in "123"], HANOI)
    assert len(look.articles) == 3
    assert not any(key.startswith("guid:") for story in look.articles for key in story.keys)
    assert look.ambiguous == {"guid:cong:N/A": 3}
    assert describe_ambiguous_keys(look) == [
        "3 articles have one id, 'N/A': it identifies none; address, title and day tell them apart"
    ]


def test_an_address_that_stands_on_several_stories_is_none_unless_the_fragment_tells_them_apart() -> None:
    page = "https://bacson.example/tin"
    bare = group_articles([found(name, source_id="", guid="", url=page) for name in "12"], HANOI)
    marked = group_articles([found(name, source_id="", guid="", url=f"{page}#id={name}") for name in "12"], HANOI)
    assert (len(bare.articles), len(marked.articles)) == (2, 2)
    assert not any(key.startswith("url:") for story in bare.articles for key in story.keys)
    assert [story.keys[0] for story in marked.articles] == [f"url:bacson.example/tin#id={n}" for n in "12"]
    assert (len(describe_ambiguous_keys(bare)), describe_ambiguous_keys(marked)) == (1, [])


def test_a_story_that_stands_twice_in_a_look_is_one_with_all_its_topics() -> None:
    one = found("1", topics=("Kinh tế",))
    look = group_articles([one, replace(one, topics=("Giao thông",)), found("2")], HANOI)
    assert [story.found.topics for story in look.articles] == [("Kinh tế", "Giao thông"), ()]
    assert look.ambiguous == {}


def test_a_schedule_that_comes_each_week_under_one_title_stays_several_stories() -> None:
    title, guid = "Lịch công tác của lãnh đạo tỉnh", "lich"
    days = [datetime(2026, 11, day, tzinfo=UTC) for day in (9, 16, 23)]
    look = [
        found(
            str(day), source_id="", guid=guid, title=title, published=day, body_html=f"<p>{day:%d/%m} {day:%A} họp</p>"
        )
        for day in days
    ]
    assert len(group_articles(look, HANOI).articles) == 3


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
    assert remove_tracking(remove_tracking(text)) == remove_tracking(text)


TITLES = ["Khởi công đường mới qua xã", "Trường học mở lại sau lũ", "Bệnh viện thêm khoa nhi", "Thông báo"]
LOOK = st.lists(
    st.builds(
        lambda title, guid, page, day: found(
            "x", source_id="", title=title, guid=guid, url=page and f"https://b.example/{page}", lead=f"Tóm tắt {title}.",
            body_html=f"<p>Bài về {title}</p>", published=day and datetime(2026, 11, day, tzinfo=UTC),
        ),
        st.sampled_from(TITLES), st.sampled_from(["", "N/A", "1", "2"]),
        st.sampled_from(["", "tin", "tin#1", "tin#2", "bai-1"]), st.sampled_from([None, 9, 16]),
    ),
    max_size=8,
)  # fmt: skip


@settings(deadline=None)
@given(LOOK)
def test_no_story_of_a_look_is_lost_and_no_strong_key_stands_on_two(look: list[ParsedArticle]) -> None:
    made = group_articles(look, HANOI)
    assert {one.title for one in look} == {story.found.title for story in made.articles}
    strong = [key for story in made.articles for key in story.keys if key.startswith(("id:", "guid:", "url:"))]
    assert len(strong) == len(set(strong))


def test_an_undated_article_goes_with_its_page_before_its_title() -> None:
    """A schedule of last week, a link to this week's without a date, and this week's itself."""
    last, link, this = (
        found(
            "x",
            source_id="",
            guid="",
            title="Lịch công tác tuần của lãnh đạo tỉnh",
            lead="",
            body_html="<p>Lịch công tác tuần</p>",
            url=f"https://b.example/{page}",
            published=day and datetime(2026, 11, day, tzinfo=UTC),
        )
        for page, day in (("tuan-46", 9), ("tuan-47", None), ("tuan-47", 16))
    )
    made = group_articles([last, link, this], HANOI).articles
    assert [story.found.published for story in made] == [last.published, this.published]
    assert [key for story in made for key in story.keys if key.startswith("url:")] == [
        "url:b.example/tuan-46",
        "url:b.example/tuan-47",
    ]


def test_keys_come_strongest_first_and_name_the_local_day() -> None:
    late = found("a1", title="Khởi công đường 254", published=datetime(2026, 11, 22, 18, 30, tzinfo=UTC))
    kinds = [key.partition(":")[0] for key in identity_keys(late, HANOI)]
    assert kinds == ["id", "guid", "url", "day", "title", "title"]
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
    its, any_sources = identity_keys(bare, HANOI)
    assert its.startswith("title:cong:")
    assert any_sources.startswith(ANY_SOURCE_PREFIX)
    assert len(identity_keys(replace(bare, title="Thông báo"), HANOI)) == 1  # says too little for another source
    assert identity_keys(bare, HANOI) != identity_keys(
        found("a2", source_id="", guid="", url="", published=None), HANOI
    )


def test_keys_that_are_too_long_for_the_store_stay_distinct() -> None:
    keys = {identity_keys(found("x", source_id="d" * 5000 + end), HANOI)[0] for end in "ab"}
    assert len(keys) == 2
    assert max(map(len, keys)) <= 400
