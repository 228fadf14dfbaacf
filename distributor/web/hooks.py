"""Hooks of email providers: what they report of bounces and complaints comes in, and is written down before it is answered.

    request ──▶ key of the path ──▶ body (size, time) ──▶ proof of the provider ──▶ stored ──▶ 200, and the service is woken

Nothing is worked here (`pipeline/provider_events`): providers wait for ten seconds at most. How they take an answer differs,
and decides which one they get: see `_Answers`. A hook that is not configured is not there.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiohttp import web

from ..bounces import provider_events
from ..bounces.providers import basic, mailgun, postmark, sendgrid, sns
from ..bounces.providers.event import BadSignature, UnreadableEvent, event_key, same
from ..config.hooks import Hooks
from ..errors import DistributorError
from .client_address import client_address
from .context import CONTEXT, WebContext
from .sns_certificates import CertificateUnavailable

log = logging.getLogger("distributor.web")

MAX_BODY = 1024 * 1024  # octets
BODY_TIMEOUT = 5.0  # seconds that a body may take to arrive
STORE_TIMEOUT = 8.0  # seconds; Amazon gives up after 15, others after 10
_KEPT_HEADERS = ("content-type", "user-agent", sns.TYPE_HEADER, "x-amz-sns-message-id", sendgrid.TIMESTAMP)
_LONGEST_HEADER = 200
_MISSING = "it needs the package cryptography: pip install 'distributor[hooks]'"


@dataclass(frozen=True, slots=True)
class _Answers:
    """The status with which a provider is refused, asked to come again, and told that its body was too slow. Postmark does
    not come again after 403, Mailgun after 406, and Brevo after any 4xx and 5xx but 429."""

    refused: int = 401
    later: int = 503
    slow: int = 408


_ANSWERS = {
    "ses": _Answers(),
    "mailgun": _Answers(refused=406),
    "postmark": _Answers(refused=403),
    "sendgrid": _Answers(),
    "brevo": _Answers(later=429, slow=429),
    "smtp": _Answers(),
}


@dataclass(frozen=True, slots=True)
class HookRequest:
    """A request, read to its end. Names of headers are in lower case."""

    body: bytes
    headers: Mapping[str, str] = field(repr=False)

    @property
    def authorization(self) -> str:
        return self.headers.get("authorization", "")

    @property
    def kept_headers(self) -> dict[str, str]:
        """Those that help to understand the body, and never a password."""
        return {
            name: self.headers[name][:_LONGEST_HEADER].encode("ascii", "replace").decode()
            for name in _KEPT_HEADERS
            if name in self.headers
        }


def routes() -> list[web.RouteDef]:
    return [web.post("/hooks/{provider}/{key}", _receive)]


async def _receive(request: web.Request) -> web.Response:
    hooks = request.app[CONTEXT].newsroom.settings.web_settings.hooks
    provider = request.match_info["provider"]
    settings = _settings_of(hooks, provider, request.match_info["key"])
    answers = _ANSWERS[provider]
    try:
        return await _take(request, provider, settings, answers)
    except TimeoutError:
        return _answer(answers.slow)
    except (web.HTTPException, OSError):
        raise
    except Exception:
        log.exception("a request to the hook of %s failed", provider)
        return _answer(answers.later)


async def _take(request: web.Request, provider: str, settings: Any, answers: _Answers) -> web.Response:
    context = request.app[CONTEXT]
    received = HookRequest(await _read_body(request), {name.lower(): value for name, value in request.headers.items()})
    try:
        key = await _proven(provider, settings, received, context)
    except BadSignature as error:
        log.warning("a request to the hook of %s from %s is refused: %s", provider, client_address(request), error)
        return _refused(provider, received, answers)
    except (CertificateUnavailable, ImportError) as error:
        reason = _MISSING if isinstance(error, ImportError) else error
        log.error("a request to the hook of %s cannot be checked now: %s", provider, reason)
        return _answer(answers.later)
    if not await _stored(context, provider, key, received):
        return _answer(answers.later)
    context.wake()
    return _answer(200)


def _settings_of(hooks: Hooks | None, provider: str, key: str) -> Any:
    """The settings of a hook. Raises HTTPNotFound where there is none, or where the key is not its own."""
    settings = getattr(hooks, provider, None) if provider in _ANSWERS else None
    if settings is None or not same(key, settings.key.get_secret_value()):
        raise web.HTTPNotFound
    return settings


async def _read_body(request: web.Request) -> bytes:
    """Raises HTTPRequestEntityTooLarge, HTTPBadRequest, and TimeoutError for one that does not come."""
    if (request.content_length or 0) > MAX_BODY:
        raise web.HTTPRequestEntityTooLarge(MAX_BODY, request.content_length or 0)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > MAX_BODY:
                    raise web.HTTPRequestEntityTooLarge(MAX_BODY, len(body))
    except (web.HTTPException, OSError):  # a TimeoutError too
        raise
    except Exception as error:  # a transfer or content encoding that is none
        raise web.HTTPBadRequest from error
    return bytes(body)


# -- proofs --------------------------------------------------------------------------------------------------------------


async def _proven(provider: str, settings: Any, received: HookRequest, context: WebContext) -> str:
    """The key of a request that comes from the provider. Raises BadSignature; CertificateUnavailable and ImportError where
    that cannot be known now."""
    body, now = received.body, context.clock()
    if provider == "ses":
        return await _proven_by_sns(settings.topic_arn, received, context, now)
    if provider == "mailgun":
        return mailgun.verify(body, settings.signing_key.get_secret_value(), now)
    if provider == "sendgrid":
        return sendgrid.verify(body, received.headers, settings.public_key, now)
    if provider == "postmark":
        basic.check_basic(received.authorization, settings.username, settings.password.get_secret_value())
        return postmark.find_key(body)
    if provider == "brevo":
        if settings.token and not received.authorization.lower().startswith("basic "):
            basic.check_bearer(received.authorization, settings.token.get_secret_value())
        else:
            password = settings.password.get_secret_value() if settings.password else ""
            _check_password(received, settings.username, password)
    return event_key("", body)


def _check_password(received: HookRequest, username: str, password: str) -> None:
    if not password:
        raise BadSignature("no user name and password are configured")
    basic.check_basic(received.authorization, username, password)


async def _proven_by_sns(topics: tuple[str, ...], received: HookRequest, context: WebContext, now: datetime) -> str:
    try:
        message = sns.SnsMessage.parse(received.body)
    except UnreadableEvent as error:
        raise BadSignature(str(error)) from None
    url = message.certificate_url(topics, received.headers.get(sns.TYPE_HEADER, ""), now)
    certificate = await context.sns_certificates.get(url)
    message.check_signature(certificate, now)
    return event_key(message.fields.get("MessageId", ""), received.body)


# -- answers -------------------------------------------------------------------------------------------------------------


async def _stored(context: WebContext, provider: str, key: str, received: HookRequest) -> bool:
    """Whether the request is written down, now or before. One that takes too long may be written down later all the same:
    when the provider comes again, it is known."""

    def write() -> None:
        with context.database.write(alone=False) as connection:
            provider_events.store(connection, provider, key, received.kept_headers, received.body, context.clock())

    try:
        async with asyncio.timeout(STORE_TIMEOUT):
            await asyncio.to_thread(write)
    except (DistributorError, TimeoutError) as error:
        log.error("a report of %s could not be stored: %s", provider, error or "the store is busy")
        return False
    return True


def _refused(provider: str, received: HookRequest, answers: _Answers) -> web.Response:
    """A client that has not logged in is asked to: some send a password only then (RFC 9110, section 11.6.1)."""
    if provider in ("postmark", "brevo") and not received.authorization:
        response = _answer(401)
        response.headers["WWW-Authenticate"] = 'Basic realm="hooks"'
        return response
    return _answer(answers.refused)


def _answer(status: int) -> web.Response:
    response = web.Response(status=status, text="ok\n" if status == 200 else "")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    if status in (429, 503):
        response.headers["Retry-After"] = "300"
    return response
