"""Signed tokens in links to subscribers and staff: what a link is for, and for whom. Pure.

A token is `v1.<purpose>.<key>.<subject>.<scope>[.<expiry>].<signature>`. `key` is the start of the fingerprint of the key
that signed it: keys may be exchanged, and links in sent emails work for as long as their key is known. The signature is
HMAC-SHA256 over all that stands before it, cut to 128 bits, with a key derived for the purpose, so that no token is good
for another. It holds no address, and can be used more than once: a second POST must answer well (RFC 8058), and scanners
open links before people do. `expiry` is in Unix seconds.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache

_VERSION = "v1"
_KEY_LENGTH = 6  # characters of a key's fingerprint


class Purpose(StrEnum):
    """What a link is for. The value stands in the token."""

    UNSUBSCRIBE = "u"
    PREFERENCES = "p"
    CONFIRM = "c"  # a sign-up
    ADDRESS = "a"  # a change of address
    REVIEW = "r"  # an edition, by a reviewer
    FORM = "f"  # the time at which a form was shown


class BadToken(ValueError):
    """The token was not signed by us, or not for this purpose."""


class ExpiredToken(BadToken):
    """The token was signed by us, for this purpose, and its time is over. `claim` is what it said."""

    def __init__(self, claim: Claim) -> None:
        super().__init__("this link has expired")
        self.claim = claim


@dataclass(frozen=True, slots=True)
class Claim:
    """What a valid token says. `subject` is whom or what it is about: a subscriber's id, a sign-up's, an edition's. `scope`
    narrows it: a newsletter. Neither may hold a dot. `expires` is None for a link that works for ever."""

    purpose: Purpose
    subject: str
    scope: str = ""
    expires: datetime | None = None


def sign(key: bytes, claim: Claim) -> str:
    """A token, signed with `key`. Raises ValueError for a subject or scope with a dot."""
    if "." in claim.subject + claim.scope:
        raise ValueError(f"a token cannot be about {claim.subject!r}, {claim.scope!r}: a dot parts its fields")
    body = f"{_VERSION}.{claim.purpose}.{_fingerprint(key)}.{claim.subject}.{claim.scope}"
    if claim.expires:
        body += f".{int(claim.expires.timestamp())}"
    return f"{body}.{_signature(key, claim.purpose, body)}"


def read(keys: tuple[bytes, ...], token: str, purpose: Purpose, now: datetime | None = None) -> Claim:
    """The claim of a token signed with any of `keys` (the present one and older ones).

    Raises BadToken; ExpiredToken where its time was over by `now`. Without `now`, time does not count.
    """
    body, _, signature = token.rpartition(".")
    parts = body.split(".")
    if len(parts) not in (5, 6) or parts[:2] != [_VERSION, purpose]:
        raise BadToken("this link is not valid")
    known = [key for key in keys if _fingerprint(key) == parts[2]]
    good = any(
        hmac.compare_digest(signature.encode("utf-8", "replace"), _signature(key, purpose, body).encode())
        for key in known
    )
    if not good:
        raise BadToken("this link is not valid")
    expires = datetime.fromtimestamp(int(parts[5]), UTC) if len(parts) == 6 else None
    claim = Claim(purpose, parts[3], parts[4], expires)
    if expires and now and now >= expires:
        raise ExpiredToken(claim)
    return claim


@lru_cache(maxsize=16)
def _fingerprint(key: bytes) -> str:
    return hashlib.sha256(b"fingerprint\0" + key).hexdigest()[:_KEY_LENGTH]


@lru_cache(maxsize=64)
def _derived(key: bytes, purpose: str) -> bytes:
    return hmac.digest(key, b"link\0" + purpose.encode(), "sha256")


def _signature(key: bytes, purpose: str, body: str) -> str:
    digest = hmac.digest(_derived(key, purpose), body.encode("utf-8", "replace"), "sha256")[:16]
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
