"""The source contract: what every source does where it has no better way, and what counts as gone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from distributor.errors import Gone, NotModified, SourceError
from distributor.source import (
    FROM_PAGE,
    Availability,
    FetchedDocument,
    Fetcher,
    FetchResult,
    ParsedArticle,
    Source,
    check_file_availability,
    check_page_availability,
)
from support.builders import NOW, article

URL = "https://bacson.example/tin/1"


@dataclass(frozen=True)
class Answering:
    """A fetcher with one answer: where it ends, or what it raises."""

    answer: str | SourceError

    async def get(self, url: str, *, conditional: bool = False, accept: str = "") -> FetchedDocument:
        if isinstance(self.answer, SourceError):
            raise self.answer
        return FetchedDocument(url=self.answer, body=b"x")


class Own(Source):
    async def gather(self, fetcher: Fetcher, now: object) -> FetchResult:
        article = ParsedArticle(source="tin", title="Một", url=URL)
        return FetchResult(articles=[article], faults=["item 2 has no title"], notes=["the feed has moved"])


@pytest.mark.parametrize(
    ("answer", "available"),
    [
        (URL, True),
        ("https://www.bacson.example/tin/1/", True),
        ("https://bacson.example/", None),
        ("https://bacson.example/tin/2", None),
        (NotModified("has not changed"), True),
        (Gone("answered 410 Gone", url=URL, answer="410 Gone"), False),
        (Gone("answered 404 Not Found", url="https://bacson.example/khac", answer="404 Not Found"), None),
        (SourceError("took longer than 6 s"), None),
    ],
)
async def test_only_a_page_that_is_gone_at_its_own_address_is_gone(
    answer: str | SourceError, available: bool | None
) -> None:
    assert (await check_page_availability(Answering(answer), URL)).available is available
    assert (await Own(name="tin").check_availability(Answering(answer), article(url=URL))).available is available


@pytest.mark.parametrize(
    ("final", "same"),
    [
        ("https://bacson.example/tin?id=1", True),
        ("https://www.bacson.example/tin/?id=1", True),
        ("http://BACSON.example:80/tin?id=1", True),
        ("https://bacson.example/tin?id=2", False),
        ("https://bacson.example/tin", False),
        ("https://m.bacson.example/tin?id=1", False),
        ("https://bacson.example:8443/tin?id=1", False),
        ("https://bacson.example/", False),
        ("https://bacson.example:x/", False),
    ],
)
async def test_which_address_is_the_same_page(final: str, same: bool) -> None:
    asked = "http://bacson.example/tin?id=1"
    assert (await check_page_availability(Answering(final), asked)).available is (True if same else None)
    assert (await check_page_availability(Answering(Gone("x", url=final)), asked)).available is (
        False if same else None
    )


async def test_a_fetcher_that_only_says_gone_is_believed() -> None:
    assert await check_page_availability(Answering(Gone("x")), "https://bacson.example/tin") == Availability(
        False, "its page answers 404 Not Found"
    )


async def test_what_has_not_changed_is_there() -> None:
    assert await check_page_availability(Answering(NotModified("x")), "https://bacson.example/tin") == Availability(
        True
    )


async def test_a_front_page_is_no_page_of_an_article() -> None:
    assert await check_page_availability(Answering(URL), "https://bacson.example/") == Availability(
        None, "it has no page of its own"
    )


def test_a_file_is_gone_where_it_is_not_or_leads_out_of_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "tin"
    folder.mkdir()
    (tmp_path / "ngoai.md").write_text("x")
    (folder / "a.md").write_text("x")
    (folder / "b.md").symlink_to(tmp_path / "ngoai.md")
    found = [
        check_file_availability(folder / name, "gone", within=folder).available for name in ("a.md", "b.md", "c.md")
    ]
    assert found == [True, False, False]


async def test_a_file_that_cannot_be_looked_at_is_not_gone(tmp_path: Path) -> None:
    loop = tmp_path / "a"
    loop.symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(loop)
    assert check_file_availability(loop, "gone").available is None
    assert check_file_availability(tmp_path / ("x" * 300), "gone").available is None
    assert check_file_availability(tmp_path / "c", "gone") == Availability(False, "gone")
    assert check_file_availability(tmp_path, "gone") == Availability(False, "gone")  # a folder is no file


async def test_without_a_better_way_an_explanation_is_what_was_gathered() -> None:
    explained = await Own(name="tin").explain(Answering(URL), NOW)
    assert [(one.words, one.taken, one.reason) for one in explained] == [
        ("Một", True, ""),
        ("", False, "item 2 has no title"),
        ("", False, "the feed has moved"),
    ]


def test_dates_are_read_in_the_zone_and_order_of_the_source() -> None:
    assert not Own(name="tin").date_format.month_first
    assert Own(name="tin").date_format.utcoffset(NOW) == Own(name="tin").timezone.utcoffset(NOW)


def test_topics_of_the_page_are_for_pages_only() -> None:
    from pydantic import TypeAdapter, ValidationError

    with pytest.raises(ValidationError, match="is for sources of type page"):
        TypeAdapter(Own).validate_python({"name": "tin", "topics": [FROM_PAGE]})
