"""Values out of JSON that may be anything."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from distributor.config.types import DateFormat
from distributor.errors import SourceError
from distributor.kit.json_fields import date_of, id_of, line_of, lines_of, pick, pick_all, read_json, read_json_list
from distributor.source import FetchedDocument

HANOI = DateFormat(ZoneInfo("Asia/Ho_Chi_Minh"))


def answer(body: bytes, media_type: str = "application/json") -> FetchedDocument:
    return FetchedDocument(url="https://bacson.example/api", body=body, media_type=media_type)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html>", r"answered with what is no JSON \(line 1, column 1\)"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b"9" * 5000, "no JSON"),
        (b"NaN", "no JSON"),
        (b"\xff\xfe[", "no JSON in UTF-8"),
        (b"", "no JSON"),
    ],
)
def test_what_is_no_json_names_its_address(body: bytes, reason: str) -> None:
    with pytest.raises(SourceError, match=f"https://bacson.example/api .*{reason}"):
        read_json(answer(body))


def test_a_list_of_items_is_found_or_missed_in_words() -> None:
    assert read_json_list(answer(b'\xef\xbb\xbf{"data": {"items": [1]}}'), "data.items") == [1]
    with pytest.raises(SourceError, match="that has no list as a whole"):
        read_json_list(answer(b"{}"))
    with pytest.raises(SourceError, match="it is text/html"):
        read_json(answer(b"<html>", "text/html"))


def test_values_by_their_paths() -> None:
    data = {"a": {"b": [{"c": 1}, {"c": 2}, 3]}, "d": None}
    assert (pick(data, "a.b.1.c"), pick(data, "a.b.9.c"), pick(data, "a.x"), pick(data, "d.e")) == (2, None, None, None)
    assert (pick_all(data, "a.b.*.c"), pick(data, "")) == ([1, 2], data)


@pytest.mark.parametrize("value", [None, True, 1.5, [], {}, 10**50])
def test_what_is_of_another_kind_is_empty(value: Any) -> None:
    assert (line_of(value), id_of(value), lines_of(value)) == ("", "", ())


def test_ids_may_be_numbers_and_lists_may_be_one_text() -> None:
    assert (id_of(7), id_of(" a "), lines_of("x"), lines_of(["x", 1, "x", "y"])) == ("7", "a", ("x",), ("x", "y"))


@pytest.mark.parametrize(
    ("value", "utc", "found"),
    [
        ("2026-11-23T08:00:00", False, datetime(2026, 11, 23, 1, tzinfo=UTC)),
        ("2026-11-23T08:00:00", True, datetime(2026, 11, 23, 8, tzinfo=UTC)),
        ("2026-11-23T08:00:00Z", False, datetime(2026, 11, 23, 8, tzinfo=UTC)),
        (1795400000, False, datetime.fromtimestamp(1795400000, UTC)),
        (1795400000000, False, datetime.fromtimestamp(1795400000, UTC)),
    ],
)
def test_dates(value: Any, utc: bool, found: datetime | None) -> None:
    assert date_of(value, HANOI, utc=utc) == found


@pytest.mark.parametrize("value", ["0001-01-01", "9999-12-31", "x", "", 10**30, -1e300, 1e308, True, None, []])
def test_what_is_no_date_of_news_is_none(value: Any) -> None:
    assert date_of(value, HANOI) is None
