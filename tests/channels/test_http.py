"""The way out for channels: what waiting times mean, and what idempotency keys are made of."""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from distributor.errors import Rejected, Unavailable
from support.builders import NOW, rendition
from support.misbehaving_server import Rude

http: Any = importlib.import_module("distributor.channels._http")


def wait(value: str) -> datetime | None:
    found: datetime | None = http.retry_after(http.HttpResponse(429, {"retry-after": value}, b""), NOW)
    return found


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("120", NOW + timedelta(seconds=120)),
        ("1.5", NOW + timedelta(seconds=1.5)),  # Discord
        ("Mon, 23 Nov 2026 00:10:00 GMT", NOW + timedelta(minutes=10)),
        ("Sun, 22 Nov 2026 00:10:00 GMT", NOW),  # over already
        ("99999999999999", NOW + timedelta(days=1)),  # nobody waits for that
        ("-5", None),
        ("nan", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_in_seconds_and_as_a_date(value: str, expected: datetime | None) -> None:
    assert wait(value) == expected


@given(st.text(max_size=40))
@example("1e400")
@example("Mon, 23 Nov 99999 00:10:00 GMT")
@example("Mon, 23 Nov 2026 00:10:00 +9999999")
def test_whatever_a_server_writes_there_the_wait_is_within_a_day_or_not_named(value: str) -> None:
    found = wait(value)
    assert found is None or NOW <= found <= NOW + timedelta(days=1)


def test_a_key_is_the_same_for_every_attempt_and_differs_with_place_or_text() -> None:
    first = rendition()
    assert http.idempotency_key(first) == http.idempotency_key(replace(first, title="otherwise told"))
    others = [rendition(channel="x"), rendition(variant="a2"), rendition(body="Khác"), rendition(edition="tin-sang-2")]
    assert len({http.idempotency_key(each) for each in [first, *others]}) == 5


@given(st.text(alphabet="abc:/%+=&<>\"' ", min_size=4, max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_no_secret_survives_in_a_message(secret: str, before: str, after: str) -> None:
    """Written out or percent-encoded, wherever it stands."""
    rules = http.ResponseRules(secrets=(secret,))
    for form in (secret, http.quote(secret, safe=""), http.quote(secret, safe=":")):
        assert form not in rules.redact(before + form + after).replace("***", "\0")


async def test_exactly_the_given_bytes_and_headers_leave_once(rude: Callable[[str], Awaitable[Rude]]) -> None:
    """Also an address that holds escapes, as signed addresses do."""
    far = await rude("400")
    body = "Đã gửi\r\n".encode()
    call = http.HttpCall(url=f"{far.url}/a%2Cb?sig=%2B%2F", headers={"X-Key": "1"}, body=body)
    with pytest.raises(Rejected):
        await http.send(call, http.ResponseRules(allow_private=True))
    (request,) = far.received
    head, _, sent = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /a%2Cb?sig=%2B%2F HTTP/1.1\r\n")
    assert b"\r\nX-Key: 1\r\n" in head
    assert sent == body


@pytest.mark.parametrize("url", ["http://[", "http://exa mple/", "ftp://example.com", "http://127.0.0.1:99999/"])
async def test_an_address_that_is_none_is_told_and_raises_nothing_else(url: str) -> None:
    with pytest.raises((http.AuthBroken, Unavailable)):
        await http.send(http.HttpCall(url=url), http.ResponseRules())


def test_an_answer_that_is_no_json_is_an_empty_object() -> None:
    for body in (b"", b"[1]", b"<html>", b"[" * 100_000, b"\xff"):
        assert http.HttpResponse(200, {}, body).data() == {}
    assert http.after_seconds(5, datetime(2026, 1, 1, tzinfo=UTC)) == datetime(2026, 1, 1, 0, 0, 5, tzinfo=UTC)
