"""What authors of sources build with: pages one after another, articles of JSON, tokens for one server, clean bodies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from distributor.errors import NotModified, SourceError
from distributor.kit.articles import (
    JsonFields,
    PageResult,
    api_key,
    articles_from_json,
    bearer_token,
    clean_body,
    key_parameter,
    next_link,
    numbered_page,
    read_pages,
    text_to_html,
    with_parameters,
)
from distributor.model import ParsedArticle
from distributor.source import FetchedDocument, Fetcher, FetchResult, Source, Validators
from support.builders import NOW

HOME = "https://bacson.example/posts"


class Listed(Source):
    async def gather(self, fetcher: Fetcher, now: datetime) -> FetchResult:
        raise NotImplementedError


SOURCE = Listed(name="cong", topics=("Huyện",))


@dataclass
class Pages:
    """A fetcher of pages by their addresses: each holds the addresses of its articles, and names the next page."""

    next_of: Mapping[str, str | SourceError]
    asked: list[str] = field(default_factory=list)

    async def get(self, url: str, *, conditional: bool = False, accept: str = "") -> FetchedDocument:
        self.asked.append(url)
        following = self.next_of[url]
        if isinstance(following, SourceError):
            raise following
        return FetchedDocument(url=url, body=following.encode(), validators=Validators(etag='"1"'))

    async def read(self, **more: Any) -> FetchResult:
        return await read_pages(self, HOME, read, **more)


def read(document: FetchedDocument) -> PageResult:
    article = ParsedArticle(source="cong", title=document.url, source_id=document.url)
    return PageResult(articles=[article], next_url=document.body.decode())


def titles(result: FetchResult) -> Sequence[str]:
    return [one.title.removeprefix(HOME) for one in result.articles]


async def test_pages_are_read_to_the_end_and_validators_kept() -> None:
    result = await Pages({HOME: "?page=2", f"{HOME}?page=2": f"{HOME}?page=3", f"{HOME}?page=3": ""}).read()
    assert titles(result) == ["", "?page=2", "?page=3"]
    assert (result.faults, result.notes, list(result.validators)) == ([], [], [HOME])


@pytest.mark.parametrize(
    ("following", "reason"),
    [
        (HOME, "page 2 is not read: https://bacson.example/posts was read already"),
        ("https://other.example/posts", "page 2 is not read: it is on another server than bacson.example"),
        ("http://bacson.example:8080/posts", "page 2 is not read: it is on another server than bacson.example"),
        ("javascript:x()", "page 2 is not read: it is on another server than bacson.example"),
        ("http://[::1", "page 2 is not read: its address is none"),
    ],
)
async def test_a_page_that_must_not_be_asked_is_a_fault(following: str, reason: str) -> None:
    pages = Pages({HOME: following})
    result = await pages.read()
    assert (titles(result), result.faults, pages.asked) == ([""], [reason], [HOME])
    assert result.validators == {}  # otherwise a 304 would hide what was not read


async def test_a_next_page_that_has_lost_its_https_is_asked_with_it() -> None:
    result = await Pages({HOME: "http://bacson.example/posts?page=2", f"{HOME}?page=2": ""}).read()
    assert (titles(result), result.faults) == (["", "?page=2"], [])


async def test_a_later_page_that_fails_costs_that_page_and_the_first_one_all() -> None:
    result = await Pages({HOME: "?page=2", f"{HOME}?page=2": SourceError("answered 500")}).read()
    assert titles(result) == [""]
    assert result.faults == ["page 2 cannot be read: answered 500"]
    assert result.validators == {}
    for error in (SourceError("answered 500"), NotModified("has not changed")):
        with pytest.raises(type(error)):
            await Pages({HOME: error}).read()


async def test_there_is_a_most_of_pages() -> None:
    pages = Pages({HOME: "?page=2", f"{HOME}?page=2": "?page=3"})
    result = await pages.read(most_pages=2)
    assert (titles(result), result.notes) == (
        ["", "?page=2"],
        [f"there are more pages than the 2 that are read of {HOME}"],
    )


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ('<https://a.example/?page=2>; rel="next"', "https://a.example/?page=2"),
        ('<?page=1>; rel=prev, <?page=3>; title="a, b"; rel="x next"', "https://bacson.example/posts?page=3"),
        ('<https://a.example/?a,b>; rel="prev"', ""),
        ("nonsense", ""),
        ("", ""),
    ],
)
def test_the_next_page_of_a_link_header(header: str, found: str) -> None:
    assert next_link(FetchedDocument(url=HOME, body=b"", headers={"link": header})) == found


def test_pages_that_are_counted() -> None:
    def after(url: str, **more: int) -> str:
        return numbered_page(FetchedDocument(url=url, body=b""), "page", **more)

    assert after(HOME) == f"{HOME}?page=2"
    assert after(f"{HOME}?a=1&page=9") == f"{HOME}?a=1&page=10"
    assert after(f"{HOME}?page=9", last=9) == ""
    assert after(HOME, step=50) == f"{HOME}?page=50"
    assert after(f"{HOME}?page=x") == ""
    assert with_parameters(f"{HOME}?a=1&b=2", {"b": "é"}) == f"{HOME}?a=1&b=%C3%A9"


def test_an_article_of_json_has_what_its_paths_name() -> None:
    fields = JsonFields(
        title_html="t.r",
        lead="l",
        body_html="b",
        author="by.0.n",
        published="d",
        topics="tags.*.n",
        image="i",
        utc=True,
    )
    item = {
        "id": 7, "url": "/tin/7", "t": {"r": "A &amp; B"}, "l": "5 < 6", "b": "<p>x<script>y</script></p>",
        "by": [{"n": "Minh Hạnh"}], "d": "2026-11-23T01:00:00", "tags": [{"n": "Chè"}, {"n": 3}], "i": "/a.jpg",
    }  # fmt: skip
    ((article,), faults) = articles_from_json(SOURCE, [item], fields, HOME)
    assert (article.source_id, article.url, article.title) == ("7", "https://bacson.example/tin/7", "A & B")
    assert (article.lead, article.body_html, article.author) == ("5 < 6", "<p>x</p>", "Minh Hạnh")
    assert (article.published, article.topics) == (datetime(2026, 11, 23, 1, tzinfo=UTC), ("Chè", "Huyện"))
    assert (article.image and article.image.url, faults) == ("https://bacson.example/a.jpg", [])


@pytest.mark.parametrize("item", [None, 1, "x", [], {}, {"id": 8, "title": ["x"]}, {"title": "\x00 "}])
def test_an_item_without_a_title_is_a_fault(item: object) -> None:
    articles, faults = articles_from_json(SOURCE, [item, {"title": "Tin"}], JsonFields(), HOME)
    assert [one.title for one in articles] == ["Tin"]
    assert [fault.removeprefix("item 1").removeprefix(" (8)") for fault in faults] == [" has no title"]


def test_what_logs_in_goes_to_its_origin_only() -> None:
    token = SecretStr("canary")
    made = bearer_token(HOME, token) | api_key(HOME, "X-Key", token) | key_parameter(HOME, "key", token)
    assert made.headers("https://bacson.example/other") == {"Authorization": "Bearer canary", "X-Key": "canary"}
    assert made.address("https://bacson.example/a?b=1&key=old") == "https://bacson.example/a?b=1&key=canary"
    assert made.bare_address("https://bacson.example/a?b=1&key=canary") == "https://bacson.example/a?b=1"
    for other in ("http://bacson.example/", "https://bacson.example:444/", "https://a.bacson.example/", "x"):
        assert (made.headers(other), made.address(other)) == ({}, other)
    assert "canary" not in repr(made)
    assert not bearer_token(HOME, None)
    with pytest.raises(ValueError, match="line break") as caught:
        bearer_token(HOME, SecretStr("can\nary"))
    assert "can" not in str(caught.value).removeprefix("a token or key holds a sign that cannot")


def test_bodies() -> None:
    assert clean_body('<p onclick="x()">A</p><script>x()</script><p><a href="/b">B</a></p>', HOME) == (
        '<p>A</p><p><a href="https://bacson.example/b">B</a></p>'
    )
    assert text_to_html("A < B\n\nC\nD") == "<p>A &lt; B</p><p>C D</p>"
    assert NOW.tzinfo is not None
