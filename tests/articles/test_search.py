"""Articles are found by words of their title; unknown topics are reported with the nearest known one, never refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from distributor.articles import repository as article_repository
from distributor.articles.search import describe_unknown_topics, fold_text, matches_query
from distributor.gathering.sources.folder import FolderSource
from distributor.source import FetchResult
from distributor.storage.database import Database
from support.builders import NOW, found
from support.newsroom import Room

# -- articles ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "title", "found"),
    [
        ("duong tinh", "Khởi công Đường tỉnh 254", True),
        ("tỉnh đường", "Khởi công Đường tỉnh 254", True),
        ("đường", "Duong tinh viết không dấu", False),
        ("tinh", "TỈNH ủy họp", True),
        ("xã", "Xa xôi", False),
        ("", "Khởi công", False),
        ("  ", "Khởi công", False),
        ("tin/254", "Không có trong tên", True),
    ],
)
def test_words_find_titles_with_and_without_marks(wanted: str, title: str, found: bool) -> None:
    assert matches_query(wanted, title, "https://bacson.example/tin/254") is found


def test_folding_takes_marks_and_nothing_else() -> None:
    assert fold_text("  Đường  TỈNH  254 — Nhật Bản ") == "duong tinh 254 — nhat ban"


# -- topics ------------------------------------------------------------------------------------------------------------

KNOWN = {"Y tế", "Kinh tế", "Giáo dục", "Đất đai"}


@pytest.mark.parametrize(
    ("topic", "meant"),
    [
        ("Y te", "Y tế"),
        ("kinh té", "Kinh tế"),
        ("Giáo dụ", "Giáo dục"),
        ("dat dai", "Đất đai"),
        ("Bóng đá", None),
    ],
)
def test_a_strange_topic_is_told_with_the_nearest_one(topic: str, meant: str | None) -> None:
    hint = f"; did you mean {meant!r}?" if meant else ""
    assert describe_unknown_topics([topic], KNOWN) == [
        f"no article and no source has ever had the topic {topic!r}{hint}"
    ]


def test_each_is_told_once_and_case_is_no_difference() -> None:
    assert describe_unknown_topics(["Y TẾ", "kinh tế"], KNOWN) == []
    assert len(describe_unknown_topics(["x", "Y tế", "x", "z"], KNOWN)) == 2
    assert len(describe_unknown_topics(["x"], ())) == 1


def test_the_topics_of_all_versions_count(database: Database) -> None:
    source = FolderSource(name="cong", folder=Path())
    with database.write() as connection:
        assert article_repository.list_topics(connection) == frozenset()
        for topics in (("Y tế", "Tin \u201cnóng\u201d"), ("Kinh tế",), ()):
            harvest = FetchResult(articles=[found("a1", topics=topics)])
            article_repository.store_articles(connection, source, harvest, authority="bacson.example", now=NOW)
        assert article_repository.list_topics(connection) == {"Y tế", "Tin \u201cnóng\u201d", "Kinh tế"}


@pytest.fixture
def with_topics(room: Room) -> Room:
    """A newsroom whose articles are about health, whose source gives a topic of its own, and whose newsletter has typed
    one wrong."""
    room.write("mot", "Khởi công đường tỉnh 254", date="2026-11-20 08:00", topics="[Y tế]")
    room.configure(
        ("folder: articles,", "folder: articles, topics: [Tin trong tỉnh],"),
        ("    title: Tin sáng\n", "    title: Tin sáng\n    topics: [Y tế, Tin trong tinh]\n"),
    )
    return room


def test_nothing_is_told_before_the_first_article(with_topics: Room) -> None:
    assert with_topics.run("check").err == ""
    assert with_topics.run("subscribers", "update", "lan@example.com", "--topic", "Bóng đá").err == ""


def test_check_names_the_place_of_a_newsletter_s_topic(with_topics: Room) -> None:
    with_topics.good("gather")
    done = with_topics.run("check")
    assert done.code == 0
    (line,) = done.err.splitlines()
    assert line.startswith("warning: config.yaml:")
    assert line.endswith(
        "newsletters.tin-sang.topics.1: no article and no source has ever had the topic 'Tin trong tinh'; "
        "did you mean 'Tin trong tỉnh'?"
    )
    assert len(with_topics.run("check", "--json").json["topics"]) == 1


def test_subscribers_may_choose_what_is_not_there_yet_and_are_told(with_topics: Room) -> None:
    room = with_topics
    room.good("gather")
    told = "warning: no article and no source has ever had the topic 'Y te'; did you mean 'Y tế'?\n"
    done = room.run("subscribers", "add", "binh@example.com", "--topic", "Y te", "--topic", "tin TRONG tỉnh")
    assert (done.code, done.err) == (0, told)
    assert room.run("subscribers", "update", "binh@example.com", "--topic", "Y te").err == told
    assert room.run("subscribers", "update", "binh@example.com", "--all-topics").err == ""
    file = room.folder / "readers.csv"
    rows = [f"r{i}@example.com,Y te;Y tế" for i in range(3)]
    file.write_text("\n".join(["address,topics", *rows, ""]), encoding="utf-8")
    done = room.run("subscribers", "import", "--consent", "form", str(file))
    assert (done.code, done.err) == (0, told)
    assert "Y te, Y tế" in room.good("subscribers", "list")
    assert room.run("subscribers", "import", "--consent", "form", str(file), "--dry-run").err == told
