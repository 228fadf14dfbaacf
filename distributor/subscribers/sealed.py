"""Short texts in addresses of pages that nobody else can read, such as what a visitor has just typed in. Pure.

The page that answers a form names the address back, so that a slip is noticed, but an address must not stand in a URL,
where logs and histories keep it. It is sealed: encrypted with a key stream made by HMAC-SHA256 from a synthetic nonce
(the construction of RFC 5297, with HMAC as the pseudo-random function), which proves at the same time that it is ours.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from datetime import datetime

from .tokens import BadToken

_TAG = 16  # octets
_BLOCK = 32  # octets of a SHA-256


def seal(key: bytes, purpose: str, values: Mapping[str, str], expires: datetime) -> str:
    """Values as one word of a URL, which `unseal` reads until `expires` for the same purpose."""
    text = json.dumps([int(expires.timestamp()), dict(values)], ensure_ascii=False, sort_keys=True).encode()
    tag = _tag(key, purpose, text)
    return base64.urlsafe_b64encode(tag + _crypt(key, tag, text)).rstrip(b"=").decode()


def unseal(keys: tuple[bytes, ...], purpose: str, word: str, now: datetime) -> dict[str, str]:
    """What was sealed with any of `keys` for this purpose. Raises BadToken for anything else, and where its time is over."""
    try:
        raw = base64.urlsafe_b64decode(word.encode("ascii") + b"=" * (-len(word) % 4))
    except ValueError:
        raise BadToken("this link is not valid") from None
    tag, sealed = raw[:_TAG], raw[_TAG:]
    for key in keys:
        text = _crypt(key, tag, sealed)
        if hmac.compare_digest(_tag(key, purpose, text), tag):
            until, values = json.loads(text)
            if now.timestamp() < until:
                return dict(values)
    raise BadToken("this link is not valid")


def _tag(key: bytes, purpose: str, text: bytes) -> bytes:
    derived = hmac.digest(key, b"sealed\0tag\0" + purpose.encode(), "sha256")
    return hmac.digest(derived, text, "sha256")[:_TAG]


def _crypt(key: bytes, tag: bytes, text: bytes) -> bytes:
    """The text mixed with the key stream; done twice, it is the text again."""
    derived = hmac.digest(key, b"sealed\0stream", "sha256")
    blocks = range((len(text) + _BLOCK - 1) // _BLOCK)
    stream = b"".join(hmac.digest(derived, tag + number.to_bytes(4, "big"), "sha256") for number in blocks)
    return bytes(one ^ other for one, other in zip(text, stream, strict=False))
