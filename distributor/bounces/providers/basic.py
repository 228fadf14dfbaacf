"""Login of providers that sign nothing: basic auth (RFC 7617) and bearer tokens (RFC 6750). Pure."""

from __future__ import annotations

import base64
import binascii

from .event import BadSignature, same


def check_basic(authorization: str, username: str, password: str) -> None:
    """Raises BadSignature."""
    scheme, _, value = authorization.strip().partition(" ")
    try:
        given = base64.b64decode(value.strip(), validate=True).decode("utf-8", "surrogateescape")
    except (binascii.Error, ValueError):
        given = ""
    good = same(given, f"{username}:{password}")
    if scheme.lower() != "basic" or not good:
        raise BadSignature("its user name or password is wrong")


def check_bearer(authorization: str, token: str) -> None:
    """Raises BadSignature."""
    scheme, _, value = authorization.strip().partition(" ")
    good = same(value.strip(), token)
    if scheme.lower() != "bearer" or not good:
        raise BadSignature("its token is wrong")
