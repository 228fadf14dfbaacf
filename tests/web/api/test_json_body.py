"""JSON as strangers send it: whatever it is, the answer is an error of theirs, and never one of ours."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from distributor.web.api.json_body import MAX_BODY, parse_json
from distributor.web.api.problems import ApiProblem
from support.web_client_api import ApiClient

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "expecting value"),
        (b"{", "expecting property name"),
        (b"[1,]", "not JSON"),
        (b"\xff", "not UTF-8"),
        (b'{"a": NaN}', "NaN is not a number"),
        (b'{"a": -Infinity}', "-Infinity is not a number"),
        (b'{"a": 1e999}', "too large"),
        (b'{"a": ' + b"9" * 5000 + b"}", "too many digits"),
        (b'{"a": 99999999999999999}', "larger than 2^53"),
        (b'{"a": 1, "a": 2}', "the same key twice"),
        (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
        (b'{"a":' * 30 + b"1" + b"}" * 30, "nested too deeply"),
    ],
)
def test_what_is_no_json_of_ours_is_refused_in_words(body: bytes, detail: str) -> None:
    with pytest.raises(ApiProblem) as caught:
        parse_json(body)
    assert caught.value.status == 400
    assert detail in caught.value.details.detail


def test_texts_lose_characters_that_no_text_may_hold() -> None:
    assert parse_json(b'\xef\xbb\xbf{"a\\u0000": ["x\\u0000y\\ud800z", 1.5, true, null]}') == {
        "a": ["xyz", 1.5, True, None]
    }


HOSTILE: list[Any] = [
    None,
    [],
    "x",
    7,
    {"address": "' OR 1=1; --@example.com", "newsletters": ["' OR 1=1"], "title": "\x00" * 9},
    {"source": "cms\x00", "id": "\ud800", "title": "\x00"},
    {"address": "a@example.com\r\nBcc: b@example.com"},
    {"address": {"$gt": ""}, "newsletters": {"a": 1}},
    {"channels": ["x" * 1000], "force": [None]},
    {"limit": 10**15, "topics": ["t" * 500] * 3},
]


async def test_hostile_values_are_errors_of_theirs(api: ApiClient) -> None:
    for path in ("/articles", "/subscribers", "/suppressions", "/newsletters/tin-sang/send"):
        for value in HOSTILE:
            answer = await api.post(path, data=json.dumps(value), headers=JSON)
            assert 400 <= answer.status < 500, (path, value)
            assert answer.headers["Content-Type"] == "application/problem+json"


async def test_a_body_that_is_too_large_is_not_read_to_its_end(api: ApiClient) -> None:
    answer = await api.post("/articles", data=io.BytesIO(b" " * (MAX_BODY + 1)), headers=JSON)
    assert (answer.status, answer.headers["Connection"]) == (413, "close")


async def test_a_compressed_body_is_refused(api: ApiClient) -> None:
    answer = await api.post("/articles", data=b"{}", headers={**JSON, "Content-Encoding": "gzip"})
    assert answer.status in (400, 415)


async def test_parameters_that_cannot_be_meant_are_named(api: ApiClient) -> None:
    for query in ("cursor=x", "cursor=%00", "limit=0", "limit=1e3", "limit=" + "9" * 5000, "source=A%20B"):
        answer = await api.get(f"/articles?{query}")
        assert (answer.status, answer.json["errors"][0]["location"]) == (422, "query"), answer.json
