"""The way out for channels: what waiting times mean, and what idempotency keys are made of."""

from __future__ import annotations

import html
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from distributor import http_client as http
from distributor.errors import AuthBroken, DeliveryError, Rejected, Unavailable, Uncertain
from distributor.model import Rendition
from support.builders import NOW, rendition
from support.misbehaving_server import Rude

CLIENT = http.HttpClient(allow_private=True)


def wait(value: str) -> datetime | None:
    return http.retry_after(http.HttpResponse(429, {"retry-after": value}, b""), NOW)


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
    def key(made: Rendition) -> str:
        return http.idempotency_key(made.key, made.sha256)

    first = rendition()
    assert key(first) == key(replace(first, title="otherwise told"))
    others = [rendition(channel="x"), rendition(variant="a2"), rendition(body="Khác"), rendition(edition="tin-sang-2")]
    assert len({key(each) for each in [first, *others]}) == 5


@given(st.text(alphabet="abc:/%+=&<>\"' ", min_size=4, max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_no_secret_survives_in_a_message(secret: str, before: str, after: str) -> None:
    """Written out or percent-encoded, wherever it stands."""
    client = http.HttpClient(secrets=[secret])
    for form in (secret, quote(secret, safe=""), quote(secret, safe=":")):
        assert form not in client.redact(before + form + after).replace("***", "\0")


async def test_exactly_the_given_bytes_and_headers_leave_once(rude: Callable[[str], Awaitable[Rude]]) -> None:
    """Also an address that holds escapes, as signed addresses do."""
    far = await rude("400")
    body = "Đã gửi\r\n".encode()
    call = http.HttpCall(url=f"{far.url}/a%2Cb?sig=%2B%2F", headers={"X-Key": "1"}, body=body)
    with pytest.raises(Rejected):
        await CLIENT.send(call)
    (request,) = far.received
    head, _, sent = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /a%2Cb?sig=%2B%2F HTTP/1.1\r\n")
    assert b"\r\nX-Key: 1\r\n" in head
    assert sent == body


@pytest.mark.parametrize("url", ["http://[", "http://exa mple/", "ftp://example.com", "http://127.0.0.1:99999/"])
async def test_an_address_that_is_none_is_told_and_raises_nothing_else(url: str) -> None:
    with pytest.raises((AuthBroken, Unavailable)):
        await http.HttpClient().send(http.HttpCall(url=url))


def test_an_answer_that_is_no_json_is_an_empty_object() -> None:
    for body in (b"", b"[1]", b"<html>", b"[" * 100_000, b"\xff"):
        assert http.HttpResponse(200, {}, body).data() == {}
    assert http.after_seconds(5, datetime(2026, 1, 1, tzinfo=UTC)) == datetime(2026, 1, 1, 0, 0, 5, tzinfo=UTC)


# -- what an answer means ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("doubt", [Uncertain, Unavailable])
async def test_an_answer_without_end_is_no_answer(
    rude: Callable[[str], Awaitable[Rude]], doubt: type[Uncertain] | type[Unavailable]
) -> None:
    """Nothing is cut in silence: a 2xx whose body did not come whole leaves it open what was said."""
    far = await rude("answers without end")
    with pytest.raises(doubt, match="broke off or has no end"):
        await CLIENT.send(http.HttpCall(url=far.url, largest=1000), http.ResponseRules(doubt=doubt))


async def test_who_needs_the_status_only_gets_what_had_come(rude: Callable[[str], Awaitable[Rude]]) -> None:
    far = await rude("answers without end")
    answer = await CLIENT.request(http.HttpCall(url=far.url, largest=1000))
    assert (answer.status, answer.complete) == (200, False)
    assert len(answer.body) == 1000


async def test_what_the_network_says_in_the_body_comes_before_the_status(
    rude: Callable[[str], Awaitable[Rude]],
) -> None:
    """Zalo says everything with 200, Bluesky an expired token with 400."""

    def verdict(answer: http.HttpResponse, text: str) -> DeliveryError | None:
        return AuthBroken(f"{text}: its token s3cret is over") if answer.status == 200 else None

    far = await rude("200")
    client = http.HttpClient(secrets=["s3cret"], allow_private=True)
    with pytest.raises(AuthBroken) as caught:
        await client.send(http.HttpCall(url=far.url), http.ResponseRules(verdict=verdict))
    assert "answered 200: its token *** is over" in str(caught.value)
    assert "s3cret" not in caught.value.reply


async def test_a_call_can_have_a_time_of_its_own(rude: Callable[[str], Awaitable[Rude]]) -> None:
    far = await rude("is silent")
    with pytest.raises(Uncertain, match="took too long"):
        await CLIENT.send(http.HttpCall(url=far.url, timeout=0.2))


@pytest.mark.parametrize("doubt", [Uncertain, Unavailable])
@pytest.mark.parametrize("media", ["text/html; charset=utf-8", "", "application/jsonp"])
def test_an_answer_of_another_type_is_no_answer(media: str, doubt: type[Uncertain] | type[Unavailable]) -> None:
    """The page of a proxy, with 200."""
    call = http.HttpCall(url="https://bacson.example/", types=("application/json",))
    answer = http.HttpResponse(200, {"content-type": media} if media else {}, b"<h1>Wi-Fi</h1>")
    error = CLIENT.error_for(answer, call, http.ResponseRules(doubt=doubt))
    assert isinstance(error, doubt)
    assert "not application/json" in str(error)


@pytest.mark.parametrize("media", ["application/json", "Application/JSON;charset=UTF-8"])
def test_an_answer_of_the_right_type_is_taken(media: str) -> None:
    call = http.HttpCall(url="https://bacson.example/", types=("application/json",))
    assert CLIENT.error_for(http.HttpResponse(200, {"content-type": media}, b"{}"), call, http.ResponseRules()) is None
    assert CLIENT.error_for(http.HttpResponse(204, {}, b""), http.HttpCall(url=call.url), http.ResponseRules()) is None


@pytest.mark.parametrize(
    ("status", "headers", "all_posts", "named"),
    [(429, {}, True, False), (429, {"retry-after": "9"}, True, True), (425, {"retry-after": "9"}, None, True)],
)
def test_too_many_requests_mean_the_whole_channel(
    status: int, headers: dict[str, str], all_posts: bool | None, named: bool
) -> None:
    call = http.HttpCall(url="https://bacson.example/")
    error = CLIENT.error_for(http.HttpResponse(status, headers, b""), call, http.ResponseRules())
    assert isinstance(error, Unavailable)
    assert (error.all_posts, error.retry_at is not None) == (all_posts, named)


def test_a_status_can_be_as_good_as_a_2xx() -> None:
    call, gone = http.HttpCall(url="https://bacson.example/"), http.HttpResponse(404, {}, b"")
    assert CLIENT.error_for(gone, call, http.ResponseRules(fine=(404, 410))) is None
    assert isinstance(CLIENT.error_for(gone, call, http.ResponseRules()), Rejected)


@pytest.mark.parametrize(
    ("named", "seconds"),
    [(250.5, 250.5), (900, 900), (timedelta(hours=1), 3600), ("2.5", 7), (None, 7), (-1, 7), (float("nan"), 7)],
)
def test_a_network_names_a_time_to_wait_in_seconds_or_as_a_time(named: Any, seconds: float) -> None:
    call = http.HttpCall(url="https://bacson.example/")
    answer = http.HttpResponse(429, {"retry-after": "7"}, b"")
    told = datetime.now(UTC) + named if isinstance(named, timedelta) else named
    error = CLIENT.error_for(answer, call, http.ResponseRules(wait=lambda answer: told))
    assert isinstance(error, Unavailable)
    assert error.retry_at
    assert abs((error.retry_at - datetime.now(UTC)).total_seconds() - seconds) < 60


@pytest.mark.parametrize("form", [json.dumps, repr, html.escape, quote_plus, lambda text: quote(text, safe="").lower()])
def test_no_secret_survives_in_the_form_of_another_language(form: Callable[[str], str]) -> None:
    secret = "a\"b\\c<đ>/x y'"
    assert form(secret).strip("\"'") not in http.HttpClient(secrets=[secret]).redact(f"said {form(secret)} at last")
