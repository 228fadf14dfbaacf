"""Forms as browsers, mail programs and strangers send them: read with limits, whatever they hold."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from ..text import clean

MAX_FORM = 32_768  # octets
FORM_TIMEOUT = 10.0  # seconds that a form may take to arrive
_UNREADABLE = (  # a body that is no form at all, or not encoded as it says
    *(ValueError, LookupError, AssertionError, RuntimeError),
    *(web.RequestPayloadError, HttpProcessingError),
)
_MAX_FIELDS = 100
_MAX_VALUE = 5_000  # characters


async def read_form(request: web.Request) -> Mapping[str, Sequence[str]]:
    """The text fields of a form, each with its values in order, trimmed, in NFC and without illegal characters (a charset
    can make lone surrogates out of ASCII). Files are ignored.

    Raises HTTPBadRequest, HTTPRequestEntityTooLarge or HTTPRequestTimeout.
    """
    if (request.content_length or 0) > MAX_FORM:
        raise web.HTTPRequestEntityTooLarge(MAX_FORM, request.content_length or 0)
    try:
        async with asyncio.timeout(FORM_TIMEOUT):
            posted = await request.post()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except _UNREADABLE as error:
        raise web.HTTPBadRequest from error
    fields: dict[str, list[str]] = {}
    for number, (name, value) in enumerate(posted.items()):
        if number == _MAX_FIELDS:
            raise web.HTTPBadRequest
        if isinstance(value, str):
            fields.setdefault(clean(name), []).append(clean(value[:_MAX_VALUE]).strip())
    return fields


def first(form: Mapping[str, Sequence[str]], name: str) -> str:
    """The first value of a field; empty where there is none."""
    return next(iter(form.get(name, ())), "")
