"""Requests to the API, step by step: route, token, rate, scope, parameters, body, key, handler, answer.

What is wrong is told in that order, so that nobody without a token learns more than which paths there are. Every answer is
JSON or a problem (RFC 9457), and none may be stored by caches.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, cast

from aiohttp import web
from pydantic import ValidationError

from ...api_access import idempotency, tokens
from ...api_access.idempotency import ClaimResult, KeptAnswer
from ...api_access.rates import WINDOW, RateStatus, RequestLimiter
from ...api_access.tokens import ApiToken
from ...errors import ClockError, DistributorError, OutdatedConfig, StoreError, UserError
from ..client_address import client_address, network_of
from ..context import CONTEXT, WebContext
from .feed_refresh import FEEDS
from .json_body import check_media_type, read_body, validate_body
from .problems import PROBLEM_TYPE, ApiProblem, invalid_field, invalid_request
from .route import ApiAnswer, ApiCall, ApiRoute, AsyncHandler, SyncHandler, split_path

log = logging.getLogger("distributor.web")

_LONGEST_KEY = 200  # characters of an Idempotency-Key
_REALM = 'Bearer realm="distributor"'
_RETRY_AFTER = "10"  # seconds, after an answer 503


@dataclass
class Api:
    """The operations, and who has asked how often."""

    table: Sequence[ApiRoute]
    document: bytes
    _limits: dict[int, RequestLimiter] = field(default_factory=dict)

    async def handle(self, request: web.Request) -> web.Response:
        """The answer to any request below the root of the API."""
        headers: dict[str, str] = {}
        try:
            response = await self._respond(request, headers)
        except ApiProblem as problem:
            response = _problem_response(problem)
        except Exception as error:
            _log_failure(f"{request.method} {_pattern(self.table, request)}", error)
            response = _problem_response(ApiProblem("bug", "this is a fault of the server, which was logged"))
        response.headers.update(headers)
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Robots-Tag"] = "noindex"
        return response

    async def _respond(self, request: web.Request, headers: dict[str, str]) -> web.Response:
        segments = split_path(request.rel_url.raw_path)
        if segments == ("openapi.json",):
            if request.method not in ("GET", "HEAD"):
                raise _not_allowed(["GET"])
            return web.Response(body=self.document, content_type="application/json")
        route, parameters = find_route(self.table, request.method, segments)
        context, now = request.app[CONTEXT], request.app[CONTEXT].clock()
        token = await self._authenticate(request, context, now)
        self._count(context, token, now, headers)
        _check_scope(token, route)
        query = read_query(route, request)
        body = await _read_valid_body(request, route)
        refresh = partial(request.app[FEEDS].refresh_soon, context)
        call = ApiCall(context, token, now, parameters, query, _parse_body(route, body), refresh)
        key = _idempotency_key(request)
        if key is None or route.method != "POST":
            return _answer_response(await _run(route, call))
        digest = hashlib.sha256(f"{request.method} {request.rel_url.raw_path}\n".encode() + body).hexdigest()
        return await _run_once(route, call, key, digest)

    async def _authenticate(self, request: web.Request, context: WebContext, now: datetime) -> ApiToken:
        """The token of a request. Raises ApiProblem, for every token that is not good in the same words."""
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not given.strip():
            raise self._refuse(request, context, now, "send a token as Authorization: Bearer …", _REALM)
        try:
            token = await context.database.read_in_thread(tokens.find_by_token, given.strip())
        except StoreError as error:
            raise _unavailable(error) from None
        if token is None or token.state(now) != "active":
            raise self._refuse(request, context, now, "the token is not valid", f'{_REALM}, error="invalid_token"')
        if token.last_used is None or now - token.last_used >= tokens.TOUCH_EVERY:
            with suppress(StoreError):
                await context.database.write_in_thread(tokens.touch, token.id, now)
        return token

    def _refuse(
        self, request: web.Request, context: WebContext, now: datetime, detail: str, challenge: str
    ) -> ApiProblem:
        """The answer without a valid token: limited for each network, whose valid tokens are not affected."""
        status = self._limiter(context).count(f"network {network_of(client_address(request))}", now)
        if not status.allowed:
            return _too_many(status)
        return ApiProblem("unauthorized", detail, headers={"WWW-Authenticate": challenge})

    def _limiter(self, context: WebContext) -> RequestLimiter:
        limit = context.newsroom.settings.web_settings.api_requests_per_minute
        return self._limits.setdefault(limit, RequestLimiter(limit))

    def _count(self, context: WebContext, token: ApiToken, now: datetime, headers: dict[str, str]) -> None:
        """Count the request, and tell what is left (draft-ietf-httpapi-ratelimit-headers)."""
        status = self._limiter(context).count(token.id, now)
        headers["RateLimit-Policy"] = f'"token";q={status.limit};w={WINDOW.seconds}'
        headers["RateLimit"] = f'"token";r={status.remaining};t={status.resets_in}'
        if not status.allowed:
            raise _too_many(status)


# -- what is asked -----------------------------------------------------------------------------------------------------


def find_route(
    table: Sequence[ApiRoute], method: str, segments: tuple[str, ...] | None
) -> tuple[ApiRoute, dict[str, str]]:
    """The operation of a path, with the values of its parameters. Raises ApiProblem."""
    matching = [(route, found) for route in table if segments and (found := route.match(segments)) is not None]
    if not matching:
        raise ApiProblem("not-found", "there is nothing at this path; /api/v1/openapi.json names all paths")
    fewest = min(len(found) for _, found in matching)  # `/subscribers/find` is no subscriber
    matching = [(route, found) for route, found in matching if len(found) == fewest]
    wanted = "GET" if method == "HEAD" else method
    for route, found in matching:
        if route.method == wanted:
            return route, found
    raise _not_allowed([route.method for route, _ in matching])


def _not_allowed(methods: Sequence[str]) -> ApiProblem:
    known = [*methods, *(["HEAD"] if "GET" in methods else [])]
    return ApiProblem("method", f"this path knows {', '.join(known)}", headers={"Allow": ", ".join(known)})


def _check_scope(token: ApiToken, route: ApiRoute) -> None:
    if route.scope not in token.scopes:
        challenge = f'{_REALM}, error="insufficient_scope", scope="{route.scope}"'
        raise ApiProblem(
            "forbidden", f"the token lacks the scope {route.scope}", headers={"WWW-Authenticate": challenge}
        )


def read_query(route: ApiRoute, request: web.Request) -> Any:
    """The parameters of a request, as the model of the route has them. Raises ApiProblem."""
    given: dict[str, Any] = {}
    for name, value in request.query.items():
        if "\0" in value or any("\ud800" <= sign <= "\udfff" for sign in name + value):
            raise invalid_field(name[:80], "holds a character that no text may hold", "query")
        if name in given:
            raise invalid_field(name[:80], "is given twice", "query")
        given[name] = value
    if route.query is None:
        if given:
            raise invalid_field(next(iter(given))[:80], "is not a known parameter", "query")
        return None
    try:
        return route.query.model_validate(given)
    except ValidationError as error:
        raise invalid_request(error, "query") from None


async def _read_valid_body(request: web.Request, route: ApiRoute) -> bytes:
    """The body of a request, as far as it may have one. Raises ApiProblem."""
    if not request.can_read_body:
        if route.body and route.body_required:
            check_media_type(request)  # says first what is missing
            raise ApiProblem("malformed", "a body is needed")
        return b""
    if route.body is None:
        body = await read_body(request)
        if body:
            raise invalid_field("", "this operation takes no body")
        return b""
    check_media_type(request)
    body = await read_body(request)
    if not body and route.body_required:
        raise ApiProblem("malformed", "a body is needed")
    return body


def _parse_body(route: ApiRoute, body: bytes) -> Any:
    return validate_body(route.body, body or b"{}") if route.body else None


def _idempotency_key(request: web.Request) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not (0 < len(key) <= _LONGEST_KEY and key.isascii() and key.isprintable()):
        raise invalid_field("Idempotency-Key", f"must have 1 to {_LONGEST_KEY} printable ASCII characters", "header")
    return key


# -- what is done ------------------------------------------------------------------------------------------------------


async def _run(route: ApiRoute, call: ApiCall) -> ApiAnswer:
    """What the handler answers. Raises ApiProblem for every error that is raised on purpose."""
    try:
        if route.is_async:
            return await cast("AsyncHandler", route.handler)(call)
        return await asyncio.to_thread(cast("SyncHandler", route.handler), call)
    except (StoreError, OutdatedConfig, ClockError) as error:
        raise _unavailable(error) from None
    except UserError as error:
        raise ApiProblem("conflict", str(error)) from None
    except DistributorError as error:
        raise _unavailable(error) from None


async def _run_once(route: ApiRoute, call: ApiCall, key: str, digest: str) -> web.Response:
    """The same for a request with an Idempotency-Key: one effect, however often and how soon it is repeated."""
    database, token = call.context.database, call.token.id
    try:
        known = await database.write_in_thread(idempotency.claim, token, key, digest, call.now)
    except StoreError as error:
        raise _unavailable(error) from None
    if isinstance(known, KeptAnswer):
        return _kept_response(known)
    if known is ClaimResult.REUSED:
        raise ApiProblem("key-reused", "use a new Idempotency-Key for another request")
    if known is ClaimResult.IN_PROGRESS:
        raise ApiProblem("in-progress", "ask again in a second", headers={"Retry-After": "1"})
    try:
        response = _answer_response(await _run(route, call))
    except ApiProblem as problem:
        if problem.status >= 500:
            await database.write_in_thread(idempotency.release, token, key)
            raise
        response = _problem_response(problem)
    except BaseException:
        await database.write_in_thread(idempotency.release, token, key)
        raise
    assert isinstance(response.body, bytes)
    await database.write_in_thread(idempotency.keep, token, key, KeptAnswer(response.status, response.body))
    return response


# -- what is answered --------------------------------------------------------------------------------------------------


def _answer_response(answer: ApiAnswer) -> web.Response:
    body = answer.value.model_dump_json().encode() if answer.value is not None else answer.body
    response = web.Response(body=body, status=answer.status, headers=dict(answer.headers))
    if answer.media_type:
        response.content_type = answer.media_type
        response.charset = "utf-8"
    elif body:
        response.content_type = "application/json"
    return response


def _kept_response(kept: KeptAnswer) -> web.Response:
    response = web.Response(body=kept.body, status=kept.status, headers={"Idempotency-Replayed": "true"})
    response.content_type = PROBLEM_TYPE if kept.status >= 400 else "application/json"
    return response


def _problem_response(problem: ApiProblem) -> web.Response:
    response = web.Response(body=problem.body, status=problem.status, headers=problem.headers)
    response.content_type = PROBLEM_TYPE
    return response


def _too_many(status: RateStatus) -> ApiProblem:
    wait = str(status.resets_in)
    return ApiProblem("too-many", f"{status.limit} a minute are allowed; wait {wait} s", headers={"Retry-After": wait})


def _unavailable(error: DistributorError) -> ApiProblem:
    log.error("API: %s", error)
    return ApiProblem("unavailable", "try again later", headers={"Retry-After": _RETRY_AFTER})


def _pattern(table: Sequence[ApiRoute], request: web.Request) -> str:
    """The path of an operation without the values in it."""
    try:
        return find_route(table, request.method, split_path(request.rel_url.raw_path))[0].path
    except ApiProblem:
        return "an unknown path"


def _log_failure(what: str, error: Exception) -> None:
    """Log a bug: its type and where it happened. Its message may hold what somebody sent, such as an address."""
    places = "".join(traceback.format_tb(error.__traceback__))
    log.error("%s failed: %s\n%s", what, type(error).__name__, places)
