"""What holds for every request to the API: tokens, scopes, limits, strict bodies, keys that make a request one."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import timedelta
from typing import Any

import pytest

from distributor.api_access import tokens
from distributor.api_access.tokens import ApiScope
from distributor.web.api import subscribers
from support.web_client_api import ARTICLE, ApiClient

LAN = {"address": "lan@example.com", "newsletters": ["tin-sang"], "confirm": False, "consent": "tại quầy"}


async def test_without_a_good_token_nothing_is_told(api: ApiClient) -> None:
    none = await api.visitor.ask("GET", "/api/v1/articles")
    assert (none.status, none.headers["WWW-Authenticate"]) == (401, 'Bearer realm="distributor"')
    assert none.headers["Content-Type"] == "application/problem+json"
    for wrong in ("dst_x", "Basic", api.token[:-1], api.token + "x", "\x80", "x" * 5000):
        answer = await api.get("/articles", token=wrong)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="distributor", error="invalid_token"'
        assert answer.json["type"] == "urn:distributor:problem:unauthorized"
        assert wrong not in str(answer.json)


async def test_a_token_that_has_ended_is_no_token(api: ApiClient) -> None:
    assert (await api.get("/articles")).status == 200

    def revoke() -> None:
        with api.line.store.write() as connection:
            tokens.revoke(connection, "everything", api.line.now)

    await api.visitor.run(revoke)
    assert (await api.get("/articles")).status == 401


async def test_a_token_may_do_what_its_scopes_say(api: ApiClient) -> None:
    token = await api.make_token("reader", ApiScope.ARTICLES_READ)
    assert (await api.get("/articles", token=token)).status == 200
    answer = await api.post("/articles", ARTICLE, token=token)
    assert answer.status == 403
    assert 'error="insufficient_scope", scope="articles:write"' in answer.headers["WWW-Authenticate"]


async def test_the_last_use_of_a_token_is_noted_once_a_minute(api: ApiClient) -> None:
    def last_used() -> Any:
        with api.line.store.read() as connection:
            return tokens.list_tokens(connection)[0].last_used

    begun = api.line.now
    for seconds, noted in ((0, 0), (59, 0), (60, 60)):
        api.line.now = begun + timedelta(seconds=seconds)
        await api.get("/articles")
        assert await api.visitor.run(last_used) == begun + timedelta(seconds=noted)


async def test_a_token_is_told_how_many_requests_it_has_left(api: ApiClient) -> None:
    api.line.config = api.line.config.replace("api_requests_per_minute: 100000", "api_requests_per_minute: 2")
    api.line.configure()
    await api.visitor.restart()
    answers = [await api.get("/newsletters") for _ in range(3)]
    assert [one.status for one in answers] == [200, 200, 429]
    assert [one.headers["RateLimit"] for one in answers[:2]] == ['"token";r=1;t=60', '"token";r=0;t=60']
    assert answers[2].headers["RateLimit-Policy"] == '"token";q=2;w=60'
    assert answers[2].headers["Retry-After"] == "60"
    api.line.now += timedelta(minutes=1)
    assert (await api.get("/newsletters")).status == 200


async def test_who_guesses_tokens_is_slowed_down_and_locks_nobody_out(api: ApiClient) -> None:
    api.line.config = api.line.config.replace("api_requests_per_minute: 100000", "api_requests_per_minute: 3")
    api.line.configure()
    await api.visitor.restart()
    assert [(await api.get("/newsletters", token="dst_x")).status for _ in range(4)] == [401, 401, 401, 429]
    assert (await api.get("/newsletters")).status == 200


async def test_paths_and_methods_that_there_are_not(api: ApiClient) -> None:
    for path in (
        "",
        "/",
        "/nowhere",
        "/articles/",
        "/articles/a/b/c",
        "/articles/%00",
        "/articles/%0A",
        "/articles/%ff",
    ):
        answer = await api.get(path)
        if path != "/articles/":
            assert (answer.status, answer.headers["Content-Type"]) == (404, "application/problem+json"), path
    put = await api.ask("PUT", "/articles")
    assert (put.status, put.headers["Allow"]) == (405, "POST, GET, HEAD")
    options = await api.ask("OPTIONS", "/subscribers/find")
    assert (options.status, options.headers["Allow"]) == (405, "POST")


async def test_no_answer_may_be_stored(api: ApiClient) -> None:
    for path in ("/articles", "/nowhere", "/openapi.json"):
        assert (await api.get(path)).headers["Cache-Control"] == "no-store"


async def test_a_body_says_that_it_is_json(api: ApiClient) -> None:
    kinds = {
        "application/json": 201,
        "application/json; charset=UTF-8": 200,
        "application/json; charset=latin-1": 415,
        "application/x-www-form-urlencoded": 415,
        "text/plain": 415,
        "application/problem+json": 415,
    }
    for kind, status in kinds.items():
        answer = await api.post("/subscribers", data=json.dumps(LAN), headers={"Content-Type": kind})
        assert answer.status == status, answer.json


async def test_a_field_that_nobody_knows_is_named(api: ApiClient) -> None:
    answer = await api.post("/subscribers", {**LAN, "adress": "x"})
    assert answer.status == 422
    assert answer.json["errors"] == [{"location": "body", "field": "/adress", "message": "is not a known field"}]
    query = await api.get("/articles?limits=3")
    assert query.json["errors"] == [{"location": "query", "field": "limits", "message": "is not a known field"}]
    twice = await api.get("/articles?limit=3&limit=4")
    assert twice.json["errors"][0]["message"] == "is given twice"
    none = await api.get("/newsletters?limit=3")
    assert (none.status, none.json["errors"][0]["field"]) == (422, "limit")


async def test_every_field_at_fault_is_told_at_once(api: ApiClient) -> None:
    answer = await api.post("/subscribers", {"address": "nobody", "newsletters": [], "frequency": "hourly"})
    assert [one["field"] for one in answer.json["errors"]] == ["/address", "/newsletters", "/frequency"]


async def test_a_body_where_none_is_taken_is_refused(api: ApiClient) -> None:
    assert (await api.ask("DELETE", "/subscribers/x", {"a": 1})).status == 422
    assert (await api.post("/subscribers")).status in (400, 415)


async def test_the_same_key_has_one_effect_and_one_answer(api: ApiClient) -> None:
    headers = {"Idempotency-Key": "k-1"}
    first = await api.post("/subscribers", LAN, headers=headers)
    again = await api.post("/subscribers", LAN, headers=headers)
    assert (first.status, again.status, first.json) == (201, 201, again.json)
    assert again.headers["Idempotency-Replayed"] == "true"
    other = await api.post("/subscribers", {**LAN, "name": "Lan"}, headers=headers)
    assert (other.status, other.json["type"]) == (422, "urn:distributor:problem:key-reused")
    token = await api.make_token("other")
    assert (await api.post("/subscribers", LAN, headers=headers, token=token)).status == 200


async def test_two_requests_with_one_key_at_the_same_time_are_one(api: ApiClient) -> None:
    headers = {"Idempotency-Key": "k-2"}
    answers = await asyncio.gather(*(api.post("/subscribers", LAN, headers=headers) for _ in range(8)))
    assert {one.status for one in answers} <= {201, 409}
    assert sum(one.status == 201 and "Idempotency-Replayed" not in one.headers for one in answers) == 1
    assert (await api.get("/subscribers")).json["items"][1:] == []


async def test_a_key_is_printable_ascii(api: ApiClient) -> None:
    for key in ("", "x" * 201, "thư"):
        answer = await api.post("/subscribers", LAN, headers={"Idempotency-Key": key})
        assert (answer.status, answer.json["errors"][0]["location"]) == (422, "header")


async def test_an_error_that_was_answered_is_answered_again(api: ApiClient) -> None:
    headers = {"Idempotency-Key": "k-3"}
    body = {**LAN, "newsletters": ["no-such"]}
    first, again = [await api.post("/subscribers", body, headers=headers) for _ in range(2)]
    assert (first.status, again.status, again.headers["Content-Type"]) == (422, 422, "application/problem+json")
    assert again.headers["Idempotency-Replayed"] == "true"


async def test_a_bug_is_logged_without_what_was_sent_and_may_be_tried_again(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(f"{LAN['address']} is at fault")

    with monkeypatch.context() as patch, caplog.at_level(logging.ERROR):
        patch.setattr(subscribers, "parse_request", broken)
        answer = await api.post("/subscribers", LAN, headers={"Idempotency-Key": "k-4"})
    assert (answer.status, answer.headers["Content-Type"]) == (500, "application/problem+json")
    assert "lan@" not in caplog.text + str(answer.json)
    assert "RuntimeError" in caplog.text
    assert (await api.post("/subscribers", LAN, headers={"Idempotency-Key": "k-4"})).status == 201
