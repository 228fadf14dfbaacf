"""Signed tokens in unsubscribe links: which subscriber and newsletter a link is for. Pure.

A token is `v1.<purpose>.<subscriber>.<newsletter>.<signature>`; the signature is HMAC-SHA256 over all that stands
before it, cut to 128 bits. It holds no address, can be used more than once (a second POST must answer well, RFC 8058)
and works for as long as the secret does. A newsletter may have a new name by now; `repository.unsubscribe` knows
the earlier ones.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass

_VERSION = "v1"
_PURPOSES = {"unsubscribe": "u", "preferences": "p"}


class BadToken(ValueError):
    """The token was not signed by us, or not for this purpose."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a valid token says."""

    purpose: str
    subscriber: str
    newsletter: str


def sign(secret: bytes, claim: Claim) -> str:
    body = f"{_VERSION}.{_PURPOSES[claim.purpose]}.{claim.subscriber}.{claim.newsletter}"
    return f"{body}.{_signature(secret, body)}"


def read(secrets: tuple[bytes, ...], token: str, purpose: str) -> Claim:
    """The claim of a token signed with any of `secrets` (the present one and older ones). Raises BadToken."""
    body, _, signature = token.rpartition(".")
    parts = body.split(".")
    good = any(hmac.compare_digest(signature.encode(), _signature(secret, body).encode()) for secret in secrets)
    if not good or len(parts) != 4 or parts[:2] != [_VERSION, _PURPOSES[purpose]]:
        raise BadToken("this link is not valid")
    return Claim(purpose, parts[2], parts[3])


def _signature(secret: bytes, body: str) -> str:
    digest = hmac.digest(secret, body.encode(), "sha256")[:16]
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
