"""Articles are looked at where they enter: each field of its type and in its range, or one line in words."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from distributor.articles import repository as article_repository
from distributor.errors import ArticleError
from distributor.gathering.sources.folder import FolderSource
from distributor.gathering.validation import validate_article, validate_articles
from distributor.model import Image, ImageFile, ParsedArticle
from distributor.source import FetchResult
from distributor.storage.database import Database
from support.builders import NOW, found
from support.newsroom import Room

GOOD = found("a1", topics=("Kinh tế",), image=Image(url="https://bacson.example/a.jpg", alt="Lễ", width=640))


def with_fields(**fields: Any) -> ParsedArticle:
    """An article as a source of somebody's own may make it: no type is looked at."""
    return replace(GOOD, **fields)


def test_a_good_article_passes_as_it_is() -> None:
    assert validate_article(GOOD, "cong") is GOOD


@pytest.mark.parametrize(
    ("article", "words"),
    [
        (None, "is no ParsedArticle, but None"),
        ({"title": "Tin"}, "is no ParsedArticle, but dict"),
        (with_fields(source="khac"), "source must be 'cong', the name of the source that brings it, not 'khac'"),
        (with_fields(source=5), "source must be 'cong'"),
        (with_fields(title=None), "title must be text, not None"),
        (with_fields(title=b"Tin"), "title must be text, not bytes"),
        (with_fields(title=" \n\u200b\x00 "), "title is empty"),
        (with_fields(title="x" * 5000), "title is longer than 4,000 characters"),
        (with_fields(guid=17), "guid must be text, not int"),
        (with_fields(source_id=["1"]), "source_id must be text, not list"),
        (with_fields(url=None), "url must be text, not None"),
        (with_fields(url="javascript:alert(1)"), "url 'javascript:alert(1)' is no absolute address of the web"),
        (with_fields(url="/tin/1"), "url '/tin/1' is no absolute address of the web"),
        (with_fields(lead=5), "lead must be text, not int"),
        (with_fields(body_html=None), "body_html must be text, not None"),
        (with_fields(body_html="x" * 5_000_001), "body_html is longer than 5,000,000 characters"),
        (with_fields(author=("Lan",)), "author must be text, not tuple"),
        (with_fields(published="2026-11-23"), "published must be a time or None, not str"),
        (with_fields(published=NOW.date()), "published must be a time or None, not date"),
        (with_fields(updated=datetime(2026, 11, 23)), "updated 2026-11-23T00:00:00 is a time without a zone"),  # noqa: DTZ001
        (with_fields(publish_at=datetime.min.replace(tzinfo=UTC)), "publish_at 0001-01-01"),
        (with_fields(published=datetime.max.replace(tzinfo=timezone(-timedelta(hours=9)))), "published 9999-12-31"),
        (with_fields(topics="Y tế"), "topics must be a tuple of texts, not str"),
        (with_fields(topics=None), "topics must be a tuple of texts, not None"),
        (with_fields(topics=("Y tế", 5)), "one of the topics must be text, not int"),
        (with_fields(topics=("x",) * 1001), "topics are more than 1,000"),
        (with_fields(image="https://bacson.example/a.jpg"), "image must be an Image or None, not str"),
        (with_fields(image=Image(url="a.jpg")), "image.url 'a.jpg' is no absolute address"),
        (with_fields(image=Image(url=None)), "image.url must be text, not None"),  # type: ignore[arg-type]
        (with_fields(image=Image(url="", width="640")), "image.width must be a whole number, not str"),  # type: ignore[arg-type]
        (with_fields(image=Image(url="", width=True)), "image.width must be a whole number, not bool"),
        (with_fields(image=Image(url="", height=-1)), "image.height must be between 0 and 100,000, not -1"),
        (with_fields(image=Image(url="", height=10**5000)), "image.height must be between 0 and 100,000, not that"),
        (with_fields(language="tiếng Việt"), "language 'tiếng Việt' is no language tag, such as vi or en-GB"),
        (with_fields(language=None), "language must be text, not None"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_words(article: object, words: str) -> None:
    with pytest.raises(ArticleError) as caught:
        validate_article(article, "cong")
    assert str(caught.value).startswith(words)
    assert str(caught.value).isprintable()


def test_what_can_be_put_right_is() -> None:
    class Kind(StrEnum):
        NEWS = "Tin  trong\ntỉnh"

    made = validate_article(
        with_fields(
            title="Tin \x00 mo\u0302\u0301t\nhai \ud800",
            body_html='<p onclick="x()">Nội dung<script>alert(1)</script></p>',
            topics=["Y tế", Kind.NEWS, "", "Y tế"],
            published=datetime(2026, 11, 23, 7, tzinfo=timezone(timedelta(hours=7))),
            url="https://lan:x@bacson.example/tin moi",
            guid="https://lan:x@bacson.example/1",
            image=Image(url="", variants=(ImageFile(url="https://x.example", width=1, height=1),)),
        ),
        "cong",
    )
    assert (made.title, made.body_html) == ("Tin mốt hai", "<p>Nội dung</p>")
    assert made.topics == ("Y tế", "Tin trong tỉnh")
    assert {type(topic) for topic in made.topics} == {str}
    assert (made.published, made.image) == (NOW, Image(url=""))
    assert (made.url, made.guid) == ("https://bacson.example/tin%20moi", "https://bacson.example/1")
    assert validate_article(made, "cong") is made


class Rude:
    """Does what it may not, whatever it is asked."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __repr__(self) -> str:
        raise RuntimeError("repr")


ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.lists(st.text()), st.datetimes(),
    st.datetimes(timezones=st.just(UTC)), st.dictionaries(st.text(), st.text()), st.just(Rude()), st.just(object),
    st.builds(Image, url=st.text(), width=st.integers()), st.tuples(st.text(), st.integers()),
)  # fmt: skip
FIELDS = st.sampled_from([name for name in ParsedArticle.__slots__ if name != "source"])


def is_one_line(text: str) -> bool:
    """Whether nothing in a text acts on a terminal or ends the line. Letters that this Python does not know are letters."""
    return not any(unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp") for sign in text)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # it is wide, not slow
@given(st.dictionaries(FIELDS, ANYTHING, max_size=4))
@example({"title": "\xad"})
def test_whatever_a_source_brings_is_an_article_or_a_line(fields: dict[str, Any]) -> None:
    (good, faults) = validate_articles([with_fields(**fields)], "cong")
    assert len(good) + len(faults) == 1
    assert all(is_one_line(fault) and len(fault) < 400 for fault in faults)
    assert [validate_article(one, "cong") for one in good] == good


@given(st.lists(ANYTHING, max_size=3))
def test_what_is_no_article_is_a_line_each(many: list[object]) -> None:
    assert len(validate_articles(many, "cong")[1]) == len(many)


# -- in the store ------------------------------------------------------------------------------------------------------


def test_one_bad_article_costs_itself(database: Database) -> None:
    source = FolderSource(name="cong", folder=".")  # type: ignore[arg-type]
    bad = replace(found("b2"), topics=("Y tế", 5))  # type: ignore[arg-type]
    harvest = FetchResult(articles=[found("a1"), bad, found("c3")])
    with database.write() as connection:
        intake = article_repository.store_articles(connection, source, harvest, authority="bacson.example", now=NOW)
        assert [one.source_id for one in intake.new] == ["a1", "c3"]
        assert intake.faults == (f"article 2 «{bad.title}»: one of the topics must be text, not int",)
        assert len(article_repository.list_newest_articles(connection, 10)) == 2


OWN = '''\
"""Articles of our own making, some of them wrong."""

from dataclasses import dataclass
from distributor.source import ParsedArticle, FetchResult, Source


@dataclass(frozen=True, kw_only=True)
class Own(Source):
    remote = False

    async def gather(self, fetcher, now):
        good = ParsedArticle(source=self.name, title="Tin tốt của chúng ta", source_id="1")
        bad = [
            ParsedArticle(source=self.name, title="Tin hai", source_id="2", topics="Kinh tế"),
            ParsedArticle(source=self.name, title="Tin ba", source_id="3", published="hôm qua"),
            ParsedArticle(source=self.name, title="Tin tư", source_id="4", image="anh.jpg"),
            {"title": "Tin năm"},
        ]
        return FetchResult(articles=[bad[0], good, *bad[1:]])
'''


def test_a_source_of_one_s_own_poisons_nothing(room: Room) -> None:
    (room.folder / "sources").mkdir()
    (room.folder / "sources" / "own.py").write_text(OWN, encoding="utf-8")
    room.configure(("sources:\n", "sources:\n  rieng: {type: own}\n"))
    done = room.run("gather")
    assert done.code == 0
    assert "rieng: 1 new article" in done.out
    assert [line.partition("source rieng: ")[2] for line in done.err.splitlines() if "rieng" in line] == [
        "article 1 «Tin hai»: topics must be a tuple of texts, not str",
        "article 3 «Tin ba»: published must be a time or None, not str",
        "article 4 «Tin tư»: image must be an Image or None, not str",
        "article 5: is no ParsedArticle, but dict",
    ]
    assert "Tin tốt của chúng ta" in room.good("articles")
    assert room.good("doctor").startswith("ok")


CARELESS = '''\
"""Right articles, and everything beside them wrong."""

from dataclasses import dataclass
from distributor.source import ParsedArticle, FetchResult, Source, Validators


@dataclass(frozen=True, kw_only=True)
class Careless(Source):
    remote = False

    async def gather(self, fetcher, now):
        return FetchResult(
            articles=[ParsedArticle(source=self.name, title="Tin tốt của chúng ta", source_id="1")],
            faults=["one\\\\nwarning: line two \\\\ud800"],
            notes=["a note\\\\nof two lines"],
            validators={
                "https://a.example/": Validators(etag=5, last_modified=None),
                "https://b.example/\\\\ud800": Validators(etag='"b"'),
                "https://c.example/": Validators(etag='"\\\\ud800"'),
                6: Validators(etag='"d"', last_modified=7),
            },
        )
'''


def test_what_else_a_source_of_one_s_own_says_costs_no_article_and_is_a_line_each(room: Room) -> None:
    (room.folder / "sources").mkdir()
    (room.folder / "sources" / "careless.py").write_text(CARELESS.replace("\\\\", "\\"), encoding="utf-8")
    room.configure(("sources:\n", "sources:\n  rieng: {type: careless}\n"))
    done = room.run("gather")
    assert done.code == 0
    assert "rieng: 1 new article\n" in done.out
    assert "note: a note of two lines\n" in done.out
    assert "warning: source rieng: one warning: line two" in done.err
    assert "Traceback" not in done.err
    assert "Tin tốt của chúng ta" in room.good("articles")
