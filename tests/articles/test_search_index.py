"""The search in the archive: with and without diacritics, the same on both databases, whatever is typed."""

from __future__ import annotations

import unicodedata
from datetime import timedelta

import pytest
import sqlalchemy as sa

from distributor.articles.folding import parse_query
from distributor.articles.search_index import SearchResult, index_articles, list_missing, search_index, topic_slug
from distributor.articles.snippets import Match
from distributor.storage.database import Database
from distributor.storage.tables import articles
from support.builders import NOW, article

TEXTS = {
    "road": ("Thông xe đường cao tốc Bắc Sơn", "Sáng nay, tuyến đường cao tốc dài 45 km đã thông xe."),
    "duong": ("Ông Dương Văn Cao nhận giải", "Tốc độ tăng trưởng của tỉnh cao nhất vùng."),
    "sun": ("Điện mặt trời mái nhà", "Bà con thành phố lắp điện mặt trời; thành-phố hỗ trợ một nửa."),
    "lak": ("Đắk Lắk được mùa dưa hấu", unicodedata.normalize("NFD", "Dưa hấu Đắk Lắk ngọt và đắt hàng.")),
    "old font": ("Ðiện về bản xa", "Ðường dây 22 kV"),
    "court": ("Toà án xét xử lưu động", "Toà án nhân dân tỉnh, thuỷ lợi và bảo vệ sức khoẻ."),
    "inaugurated": ("Khánh thành phòng chống thiên tai", "Công trình phòng chống lũ, <b>thẻ</b> & ký hiệu."),
}


@pytest.fixture
def filled(database: Database) -> Database:
    made = [
        article(id=name.replace(" ", "-"), title=title, lead="", body_html=f"<p>{text.replace('<b>', '&lt;b>')}</p>",
                published=NOW - timedelta(hours=hours))
        for hours, (name, (title, text)) in enumerate(TEXTS.items())
    ]  # fmt: skip
    with database.write() as connection:
        for one in made:
            values = {"id": one.id, "feed_id": one.id, "source": "s", "title": one.title, "url": "", "version": 1}
            values |= {"published": NOW, "first_seen": NOW, "has_date": True, "backlog": False, "sha256": ""}
            connection.execute(sa.insert(articles).values(content={}, **values))
        index_articles(connection, made)
    return database


def search(database: Database, typed: str, limit: int = 20, offset: int = 0) -> SearchResult:
    with database.read() as connection:
        return search_index(connection, parse_query(typed), sa.true(), limit=limit, offset=offset)


def found(database: Database, typed: str) -> list[str]:
    return [one.id for one in search(database, typed).articles]


@pytest.mark.parametrize(
    ("typed", "ids"),
    [
        ("duong cao toc", ["road"]),
        ("đường cao tốc", ["road"]),
        ("ĐƯỜNG CAO TỐC", ["road"]),
        (unicodedata.normalize("NFD", "đường cao tốc"), ["road"]),
        ("dien mat troi", ["sun"]),
        ("dak lak", ["lak"]),
        ("dua hau", ["lak"]),
        ("dưa hấu", ["lak"]),
        ("thanh pho", ["sun"]),  # not "khánh thành phòng chống", which holds the letters
        ("thành-phố", ["sun"]),
        ("tòa án", ["court"]),
        ("toa an", ["court"]),
        ("thủy lợi", ["court"]),
        ("sức khỏe", ["court"]),
        ("điện", ["sun", "old-font"]),
        ("duong", ["road", "duong", "old-font"]),
        ("dương", ["duong", "road", "old-font"]),  # exact hits first
        ("đường", ["road", "old-font", "duong"]),
        ("45 km", ["road"]),
        ("22", ["old-font"]),
    ],
)
def test_what_is_typed_is_found_with_marks_and_without(filled: Database, typed: str, ids: list[str]) -> None:
    answer = search(filled, typed)
    assert [one.id for one in answer.articles] == ids
    assert (answer.total, answer.match) == (len(ids), Match.PHRASE)


@pytest.mark.parametrize(
    ("typed", "match", "ids"),
    [
        ("cao bắc sơn tốc", Match.WORDS, ["road"]),
        ("mùa ngọt", Match.WORDS, ["lak"]),
        ("cao tăng tốc", Match.WORDS, ["duong"]),  # the title and the text together
        ("thô xe", Match.BEGINNINGS, ["road"]),
        ("phòng chố", Match.BEGINNINGS, ["inaugurated"]),
        ("khanh thanh phong chong lu lut bao", Match.PHRASE, []),
        ("không có gì như thế", Match.PHRASE, []),
    ],
)
def test_other_ways_are_tried_where_the_words_do_not_stand_in_this_order(
    filled: Database, typed: str, match: Match, ids: list[str]
) -> None:
    answer = search(filled, typed)
    assert (answer.match, [one.id for one in answer.articles]) == (match, ids)


def test_a_phrase_does_not_reach_from_the_title_into_the_text(filled: Database) -> None:
    assert search(filled, "Sơn Sáng nay").match is not Match.PHRASE


@pytest.mark.parametrize(
    "typed",
    [
        "", " ", '"', '"a', "a OR", "a AND NOT", "NEAR(", "NEAR(a b, 2)", "*", "a*", "^a", "-a", "folded : a", "a:b",
        "{a b}", "(((", "')", "'; DROP TABLE articles; --", "a & | ! <->", "a:*", "\\", "\0", "_", "%", "\ud7ff\uffff",
        "x" * 100_000, "a " * 5_000, "<script>alert(1)</script>", "\u202e\u0301\u0301", "1e999", "٣", "漢字", "🙂",
    ],
)  # fmt: skip
def test_nothing_that_is_typed_is_an_error(filled: Database, typed: str) -> None:
    answer = search(filled, typed)
    assert len(answer.articles) <= answer.total <= len(TEXTS)


def test_results_come_page_by_page(filled: Database) -> None:
    whole = [one.id for one in search(filled, "duong").articles]
    pages = [search(filled, "duong", 1, offset) for offset in range(3)]
    assert [page.articles[0].id for page in pages] == whole
    assert {page.total for page in pages} == {3}


def test_what_is_not_public_is_neither_shown_nor_counted(filled: Database) -> None:
    with filled.read() as connection:
        answer = search_index(connection, parse_query("duong"), sa.false(), limit=20)
    assert (answer.total, answer.articles) == (0, ())


def test_an_article_is_replaced_in_the_index(filled: Database) -> None:
    changed = article(id="road", title="Tin đã gỡ", lead="", body_html="", topics=("Kinh tế", "KINH TẾ", "!"))
    with filled.write() as connection:
        index_articles(connection, [changed, changed])
        assert list_missing(connection, ["road", "nobody"]) == {"nobody"}
    assert found(filled, "45 km") == []
    assert found(filled, "tin da go") == ["road"]


@pytest.mark.parametrize(
    ("topic", "slug"), [("Kinh tế", "kinh-te"), ("Đời sống – Xã hội", "doi-song-xa-hoi"), ("!", ""), ("5G", "5g")]
)
def test_a_topic_has_an_address(topic: str, slug: str) -> None:
    assert topic_slug(topic) == slug
