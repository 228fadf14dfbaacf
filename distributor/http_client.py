"""The HTTP client that channels get, and the one place where its failures get their meaning.

    HttpCall ▶ fresh connection ──▶ request leaves ──▶ answer ──▶ HttpResponse (2xx)
                    │                  │               ├──▶ rules.verdict  what the network itself says, 2xx too
                    │                  │               ├──▶ 3xx, 401, 403 … AuthBroken
                    ▼                  ▼               ├──▶ 429 …           Unavailable, with the time it names
               Unavailable       rules.doubt           ├──▶ 5xx             rules.doubt, likewise
                                                       └──▶ other 4xx       Rejected

A request that never left is surely not out. Once its headers were handed to the connection, nobody knows until an
answer comes. Publishing uses a fresh connection each time, because a stale one fails in a way that leaves open
whether the request arrived, and follows no redirect, because a redirected POST becomes a GET or is sent twice.

Tokens stand in the addresses of some networks, and the texts of aiohttp's exceptions hold addresses. So no exception
of aiohttp is passed on, not even as a cause, and every text that comes from outside is stripped of the secrets.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .clock import clock
from .credentials import redact_secrets
from .errors import AuthBroken, DeliveryError, Rejected, Unavailable, Uncertain
from .json_text import parse_json
from .text import clean_line

if TYPE_CHECKING:
    import aiohttp  # slow to load, and most commands send nothing

USER_AGENT = "Distributor"
LARGEST_ANSWER = 1_000_000  # bytes of an answer, unless a call says otherwise
_OVERHEAD = 1_000_000  # bytes of headers and chunks besides
LONGEST_WAIT = timedelta(days=1)  # a server that asks for more is asked again after this
TIMEOUT = 25.0  # seconds for a whole exchange

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_RESETS = ("x-ratelimit-reset-after", "ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset")
_SINCE_1970 = 100_000_000  # what is more is no length of time in seconds
_THOUSANDTHS = 100_000_000_000
_LOGIN = frozenset({"authorization", "proxy-authorization"})  # what a server that repeats requests would show
_NOT_YET = frozenset({408, 425, 429})  # RFC 9110, section 15.5.9; RFC 8470; RFC 6585: not processed, come again


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpCall:
    """One request: exactly these bytes to exactly this address.

    `largest` is how many bytes of an answer are read, `types` the media types that it may have (any, where none is named): a
    page of a proxy is no answer of an API. `name` says in a word what is asked for, for the trials of a channel. `timeout`
    is in seconds, for the whole exchange; None is the client's own.
    """

    url: str
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    largest: int = LARGEST_ANSWER
    types: tuple[str, ...] = ()
    name: str = ""
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """What came back. `headers` are looked up in small letters. `complete` is False where the body was broken off, or was
    larger than the call allows: `body` is then what had come."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    complete: bool = True

    @property
    def media_type(self) -> str:
        """Its media type in small letters, without parameters; empty where it names none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def data(self) -> dict[str, Any]:
        """The body as a JSON object; empty where it is none."""
        found = self.json()
        return found if isinstance(found, dict) else {}

    def json(self) -> Any:
        """The body as JSON; None where it is none."""
        try:
            return parse_json(self.body)
        except ValueError:
            return None


def _no_wait(answer: HttpResponse) -> datetime | float | None:
    return None


def _said(answer: HttpResponse) -> str:
    """What the body says of an error: the usual JSON members, or its first words."""
    data = answer.data()
    words = [data[key] for key in ("error", "error_description", "description", "message", "detail") if key in data]
    texts = [text for text in words if isinstance(text, str)]
    return "; ".join(texts) or answer.body.decode(errors="replace")


Verdict = Callable[[HttpResponse, str], DeliveryError | None]


def _no_verdict(answer: HttpResponse, text: str) -> DeliveryError | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseRules:
    """How a network means its answers.

    `doubt` is raised where a request left and no answer, or a 5xx, came back: Uncertain, or Unavailable where
    repeating it is harmless (an idempotency key, a look-up, a deletion). `fine` are statuses that are as good as a 2xx: 404
    and 410 for a deletion. `stop` are the answers after which nothing more will be accepted until staff have mended the
    settings. `wait` reads how long the network wants to be left alone, where it says so in a way of its own: seconds from
    now, or an aware time; what is neither is no answer. `said` reads its words, for staff. `verdict` is asked first, of
    every answer whatever its status: it returns the error for which the network has a code of its own, with the text that
    it is given, or None.
    """

    doubt: type[Uncertain] | type[Unavailable] = Uncertain
    fine: Collection[int] = ()
    stop: Collection[int] = frozenset({401, 403})
    wait: Callable[[HttpResponse], datetime | float | None] = _no_wait
    said: Callable[[HttpResponse], str] = _said
    verdict: Verdict = _no_verdict


class HttpClient:
    """The way out for one channel. Nothing that it raises or returns as text holds one of its secrets.

    `secrets` are those of the settings; `hide` adds what a login has given. `timeout` is in seconds.
    """

    def __init__(self, *, secrets: Sequence[str] = (), allow_private: bool = False, timeout: float = TIMEOUT) -> None:
        self._secrets = {secret for secret in secrets if secret}
        self.allow_private = allow_private
        self.timeout = timeout

    def hide(self, *secrets: str) -> None:
        """Let these never appear in a message either."""
        self._secrets.update(secret for secret in secrets if secret)

    def redact(self, text: str) -> str:
        """The text on one short line, with *** in the place of each secret."""
        return clean_line(self.mask(text))[:300]

    def mask(self, text: str) -> str:
        """The text with *** in the place of each secret, whole."""
        return redact_secrets(text, sorted(self._secrets, key=len, reverse=True))

    async def send(self, call: HttpCall, rules: ResponseRules = ResponseRules()) -> HttpResponse:
        """The answer to a call, if it is a 2xx that came whole, or fine by the rules. Raises a delivery error otherwise."""
        answer = await self.request(call, rules)
        if error := self.error_for(answer, call, rules):
            raise error
        return answer

    async def request(self, call: HttpCall, rules: ResponseRules = ResponseRules()) -> HttpResponse:
        """The answer, whatever its status. Raises Unavailable where the call did not leave, and `rules.doubt` after."""
        self.hide(
            *(value.split()[-1] for name, value in call.headers.items() if name.lower() in _LOGIN and value.split())
        )
        outcome = await self._try(call, rules)
        if isinstance(outcome, DeliveryError):
            raise outcome  # here, outside every `except`, so that no foreign exception hangs on to it
        return outcome

    def error_for(self, answer: HttpResponse, call: HttpCall, rules: ResponseRules) -> DeliveryError | None:
        """The error that an answer stands for; None where all is well. Pure but for the clock that a Retry-After needs."""
        said = self.redact(rules.said(answer)) if answer.status >= 300 else ""
        text = f"{_host(call.url) or 'the server'} answered {answer.status}" + (f": {said}" if said else "")
        if verdict := rules.verdict(answer, text):
            verdict.args, verdict.reply = (self.redact(str(verdict)),), self.redact(verdict.reply)
            return verdict
        if answer.status in rules.fine:
            return None
        if 200 <= answer.status < 300:
            return self._unusable(answer, call, rules, text)
        if answer.status in rules.stop:
            return AuthBroken(text)
        if 300 <= answer.status < 400:
            place = _host(answer.headers.get("location", "")) or "another address"
            return AuthBroken(f"{text}; it has moved to {self.redact(place)}: put the new address into the settings")
        now = clock()
        if answer.status in _NOT_YET:
            named = _time(rules.wait(answer), now) or retry_after(answer, now) or rate_limit_reset(answer, now)
            return Unavailable(text, retry_at=named, all_posts=True if answer.status == 429 else None)
        if answer.status >= 500:
            return rules.doubt(text, retry_at=retry_after(answer, now))
        return Rejected(text)

    def _unusable(self, answer: HttpResponse, call: HttpCall, rules: ResponseRules, text: str) -> DeliveryError | None:
        """Why a 2xx tells nothing: it did not come whole, or is something else than what was asked for."""
        if not answer.complete:
            return rules.doubt(f"{text}, which broke off or has no end")
        if call.types and answer.media_type not in call.types:
            return rules.doubt(f"{text} with {self.redact(answer.media_type) or 'no media type'}, not {call.types[0]}")
        return None

    async def _try(self, call: HttpCall, rules: ResponseRules) -> HttpResponse | DeliveryError:
        import aiohttp

        host = _host(call.url)
        unusable = AuthBroken(f"no request to {host} can be made of these settings: look at the address and the token")
        if any(_CONTROL.search(value) for value in call.headers.values()):
            return unusable  # aiohttp refuses it too, but only after it has told the trace that the headers were sent
        left = False

        async def mark(*_: object) -> None:
            nonlocal left
            left = True

        trace = aiohttp.TraceConfig()
        trace.on_request_headers_sent.append(mark)
        try:
            return await self._exchange(call, trace)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            reason = self.redact(_reason(error))
            if left:
                return rules.doubt(f"{host} gave no answer: {reason}")
            return Unavailable(f"{host} cannot be reached: {reason}")
        except ValueError:  # an address that is none
            return rules.doubt(f"{host} gave an answer that cannot be read") if left else unusable

    async def _exchange(self, call: HttpCall, trace: aiohttp.TraceConfig) -> HttpResponse:
        from yarl import URL

        from .http import open_session

        async with (
            open_session(
                user_agent=USER_AGENT,
                allow_private=self.allow_private,
                total=call.timeout or self.timeout,
                octets=call.largest + _OVERHEAD,
                reuse=False,
                traces=[trace],
            ) as session,
            session.request(
                call.method,
                URL(call.url, encoded=call.url.isascii()),  # encoded: signed addresses stay as they are
                headers=call.headers,
                data=call.body,
                allow_redirects=False,
            ) as response,
        ):
            headers = {key.lower(): value for key, value in response.headers.items()}
            body, complete = await _read(response, call.largest)
            return HttpResponse(response.status, headers, body, complete)


async def _read(response: aiohttp.ClientResponse, largest: int) -> tuple[bytes, bool]:
    """The body as far as it came, and whether that is all of it: the status has told already what became of the request."""
    import aiohttp

    body = b""
    try:
        async for chunk in response.content.iter_chunked(65536):
            body += chunk
            if len(body) > largest:
                return body[:largest], False
    except (aiohttp.ClientError, TimeoutError, OSError):
        return body, False
    return body, True


def _reason(error: BaseException) -> str:
    """Why, in words without the address of the request."""
    import aiohttp

    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "its certificate is not valid"
    if isinstance(error, aiohttp.ClientConnectorError):
        return str(error.os_error.strerror or error.os_error)
    if isinstance(error, TimeoutError):
        return "it took too long"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "it closed the connection"
    return type(error).__name__


def retry_after(answer: HttpResponse, now: datetime) -> datetime | None:
    """The time that Retry-After names, in seconds or as a date (RFC 9110, section 10.2.3); None without one."""
    value = answer.headers.get("retry-after", "").strip()
    try:
        return after_seconds(float(value), now)
    except ValueError:
        pass
    try:
        named = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    named = named if named.tzinfo else named.replace(tzinfo=UTC)
    return min(max(named, now), now + LONGEST_WAIT)


def rate_limit_reset(answer: HttpResponse, now: datetime) -> datetime | None:
    """When a rate limit starts anew, by the headers that networks use: an ISO 8601 time (Mastodon), seconds since 1970
    (Bluesky, X, GitHub; some in thousandths), or seconds from now (draft-ietf-httpapi-ratelimit-headers, Discord). At most
    LONGEST_WAIT from now; a time that is over stays as it is. None without one that can be read."""
    for name in _RESETS:
        value = answer.headers.get(name, "").strip()
        try:
            number = float(value)
        except ValueError:
            named = _iso(value)
        else:
            if number > _THOUSANDTHS:
                number /= 1000
            named = after_seconds(number if number < _SINCE_1970 else max(number - now.timestamp(), 0), now)
        if named is not None:
            return min(named, now + LONGEST_WAIT)
    return None


def _iso(value: str) -> datetime | None:
    """A time of ISO 8601; one without a zone is taken for UTC."""
    try:
        named = datetime.fromisoformat(value)
        return named.astimezone(UTC) if named.tzinfo else named.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _time(named: object, now: datetime) -> datetime | None:
    """What a channel has read of a time to wait: an aware time, seconds from now, or what is neither."""
    if isinstance(named, datetime):
        return named if named.tzinfo else named.replace(tzinfo=UTC)
    return after_seconds(named, now) if isinstance(named, int | float) else None


def after_seconds(seconds: float, now: datetime) -> datetime | None:
    """So many seconds from now, at most LONGEST_WAIT; None where that is no length of time."""
    if not math.isfinite(seconds) or seconds < 0:
        return None
    return now + min(timedelta(seconds=min(seconds, LONGEST_WAIT.total_seconds())), LONGEST_WAIT)


def idempotency_key(key: str, digest: str) -> str:
    """The same for every attempt at the same bytes under the same name, and for nothing else; letters and digits only.
    `digest` is the SHA-256 of the bytes in hexadecimal digits."""
    return sha256(f"{key}\n{digest}".encode()).hexdigest()[:40]


def json_bytes(value: object) -> bytes:
    """JSON as it is sent and signed: UTF-8, letters as they are, keys in the order given."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _host(url: str) -> str:
    """The host of an address, the only part of it that may be shown."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
