"""What the web shows of the store, on each database."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from distributor.articles.folding import parse_query
from distributor.editions import web_archive
from distributor.model import EditionKind
from distributor.storage.tables import article_flags
from distributor.storage.web_tables import article_search, article_topics
from support.clocked_newsroom import HANOI, Line

SHOWN = ["tin-sang"]


def ask(line: Line, query: Any, *arguments: Any, **options: Any) -> Any:
    with line.store.read() as connection:
        return query(connection, *arguments, **options)


def test_what_is_out_is_listed_searched_and_found_by_topic(line: Line) -> None:
    first = line.arrives("a", "Kinh tế", title="Giá dưa hấu", url="https://bacson.example/a")
    line.day("07:00")
    before = ask(line, web_archive.take_web_snapshot)
    second = line.arrives("b", "Kinh tế", "Y tế", title="Bác sĩ về bản", url="")
    assert ask(line, web_archive.take_web_snapshot) != before
    line.day("07:00")
    assert [one.id for one in ask(line, web_archive.list_public_editions, SHOWN, 5)] == ["tin-sang-2", "tin-sang-1"]
    assert ask(line, web_archive.count_by_month, SHOWN, HANOI) == {(2026, 11): 2}
    assert ask(line, web_archive.list_public_topics, SHOWN) == {"kinh-te": ("Kinh tế", 2), "y-te": ("Y tế", 1)}
    everything = ask(line, web_archive.list_public_articles, SHOWN, 9, topic="kinh-te")
    assert {one.id for one in everything} == {first, second}
    assert [one.id for one in ask(line, web_archive.list_public_articles, SHOWN, 9, without_address=True)] == [second]
    found = ask(line, web_archive.search_public_articles, parse_query("dua hau"), SHOWN, limit=5)
    assert (found.total, found.articles[0].id) == (1, first)
    assert ask(line, web_archive.find_carrying_edition, second, SHOWN) == "tin-sang-2"
    made = ask(line, web_archive.list_newest_renditions, "tin-sang", "feeds")
    assert {(one.edition, one.channel) for one in made} == {("tin-sang-2", "feeds")}


def test_other_newsletters_and_withdrawn_articles_are_not_shown(line: Line) -> None:
    article = line.arrives("a", "Kinh tế", title="Giá dưa hấu")
    line.day("07:00")
    assert ask(line, web_archive.list_public_editions, ["other"], 5) == []
    assert ask(line, web_archive.search_public_articles, parse_query("dua"), [], limit=5).total == 0
    with line.store.write() as connection:
        values = {"article_id": article, "flag": "withdrawn", "reason": "", "actor": "t", "since": line.now}
        connection.execute(sa.insert(article_flags).values(values))
    assert ask(line, web_archive.search_public_articles, parse_query("dua"), SHOWN, limit=5).total == 0
    assert ask(line, web_archive.list_public_topics, SHOWN) == {}
    _, edition = ask(line, web_archive.find_public_edition, "tin-sang-1", SHOWN)
    ((_, notices),) = ask(line, web_archive.load_corrected, edition.carried).values()
    assert [one.kind for one in notices] == ["withdrawal"]
    assert edition.kind is EditionKind.DIGEST


def test_a_store_without_an_index_gets_one(line: Line) -> None:
    line.arrives("a", "Kinh tế", title="Giá dưa hấu")
    line.day("07:00")
    with line.store.write() as connection:
        connection.execute(sa.delete(article_topics))
        connection.execute(sa.delete(article_search))
        connection.execute(sa.text("DELETE FROM article_words"))
        assert web_archive.fill_index(connection) == 1
        assert web_archive.fill_index(connection) == 0
    assert ask(line, web_archive.search_public_articles, parse_query("dua hau"), SHOWN, limit=5).total == 1
