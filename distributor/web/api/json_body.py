"""Bodies of requests, read with limits, and JSON from strangers: strict, and cleaned as all text that enters is.

Python's parser takes NaN, keys that stand twice, and numbers as long as the body; what is made of them later depends on
who reads them. All of that is refused (RFC 8259, RFC 7493).
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, TypeVar

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from pydantic import BaseModel, ValidationError

from ... import json_text
from ...text import FORBIDDEN
from .problems import ApiProblem, invalid_request

MAX_BODY = 2 * 1024 * 1024  # octets
BODY_TIMEOUT = 20.0  # seconds that a body may take to arrive
MAX_DEPTH = 20  # lists and objects within each other; ours have four
_LARGEST_NUMBER = 2**53 - 1  # of a whole number, as RFC 7493 has it

M = TypeVar("M", bound=BaseModel)


async def read_body(request: web.Request) -> bytes:
    """The body. Raises ApiProblem where it is too large, too slow or broken off."""
    if (request.content_length or 0) > MAX_BODY:
        raise _too_large()
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT):
            async for part in request.content.iter_any():
                body += part
                if len(body) > MAX_BODY:
                    raise _too_large()
    except TimeoutError:
        raise ApiProblem("timeout", f"a body has {BODY_TIMEOUT:.0f} seconds to arrive") from None
    except (web.RequestPayloadError, HttpProcessingError, ValueError):
        raise ApiProblem("malformed", "the body cannot be read as it is encoded") from None
    return bytes(body)


def _too_large() -> ApiProblem:
    # The rest of it is not read: what came next on the connection would be taken for a request.
    return ApiProblem("too-large", f"a body may have {MAX_BODY:,} octets", headers={"Connection": "close"})


def check_media_type(request: web.Request) -> None:
    """Raises ApiProblem for a body that does not say that it is JSON: a form of a foreign page cannot."""
    declared = request.headers.get("Content-Type", "")
    kind, *parameters = [part.strip().lower() for part in declared.split(";")]
    charsets = [part.partition("=")[2].strip('" ') for part in parameters if part.startswith("charset")]
    if kind != "application/json" or any(one != "utf-8" for one in charsets):
        raise ApiProblem("media-type", "send the body as Content-Type: application/json, in UTF-8")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise ApiProblem("media-type", "send the body without a Content-Encoding")


def parse_json(body: bytes) -> Any:
    """The value of a body, with its texts cleaned of characters that no text may hold. Raises ApiProblem."""
    try:
        value = json_text.parse_json(body.decode("utf-8-sig"), object_pairs_hook=_object, parse_int=_whole)
        return _clean(value, MAX_DEPTH)
    except UnicodeDecodeError as error:
        raise ApiProblem("malformed", f"the body is not UTF-8 (octet {error.start})") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise ApiProblem("malformed", f"the body is not JSON: {error.msg.lower()} ({where})") from None
    except ValueError as error:
        raise ApiProblem("malformed", str(error)[:200]) from None


def validate_body(model: type[M], body: bytes) -> M:
    """The body as its model says. Raises ApiProblem with every field at fault."""
    value = parse_json(body)
    try:
        return model.model_validate_json(json.dumps(value), strict=True)
    except ValidationError as error:
        raise invalid_request(error, "body") from None


def _whole(digits: str) -> int | float:
    if len(digits) > 20:
        raise ValueError("a number of the body has too many digits")
    number = int(digits)
    if abs(number) > _LARGEST_NUMBER:
        raise ValueError("a whole number of the body is larger than 2^53")
    return number


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("an object of the body has the same key twice")
    return made


def _clean(value: Any, depth: int) -> Any:
    if depth == 0:
        raise ValueError(json_text.TOO_DEEP)
    if isinstance(value, str):
        return FORBIDDEN.sub("", value)
    if isinstance(value, list):
        return [_clean(one, depth - 1) for one in value]
    if isinstance(value, dict):
        return {FORBIDDEN.sub("", key): _clean(one, depth - 1) for key, one in value.items()}
    return value
