"""Forms as browsers, mail programs and strangers send them: read with limits, whatever they hold."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from ..text import clean

FORM_TIMEOUT = 10.0  # seconds that a form may take to arrive
_UNREADABLE = (  # a body that is no form at all, or not encoded as it says
    *(ValueError, LookupError, AssertionError, RuntimeError),
    *(web.RequestPayloadError, HttpProcessingError),
)


@dataclass(frozen=True, slots=True)
class FormLimits:
    """How much a form may hold: all of it in octets, how many fields, and how many characters each."""

    octets: int = 32_768
    fields: int = 100
    characters: int = 5_000


async def read_form(request: web.Request, limits: FormLimits = FormLimits()) -> Mapping[str, Sequence[str]]:
    """The text fields of a form, each with its values in order, trimmed, in NFC and without illegal characters (a charset
    can make lone surrogates out of ASCII). Files are ignored.

    Raises HTTPBadRequest, HTTPRequestEntityTooLarge or HTTPRequestTimeout.
    """
    if (request.content_length or 0) > limits.octets:
        raise web.HTTPRequestEntityTooLarge(limits.octets, request.content_length or 0)
    try:
        async with asyncio.timeout(FORM_TIMEOUT):
            posted = await request.post()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except _UNREADABLE as error:
        raise web.HTTPBadRequest from error
    fields: dict[str, list[str]] = {}
    for number, (name, value) in enumerate(posted.items()):
        if number == limits.fields:
            raise web.HTTPBadRequest
        if isinstance(value, str):
            fields.setdefault(clean(name), []).append(clean(value[: limits.characters]).strip())
    return fields


def first(form: Mapping[str, Sequence[str]], name: str) -> str:
    """The first value of a field; empty where there is none."""
    return next(iter(form.get(name, ())), "")
