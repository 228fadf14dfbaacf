"""Events of SendGrid: twilio.com/docs/sendgrid, "Event Webhook Reference" and its "Security Features". Pure.

The package `cryptography` is loaded when the first signature is checked.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ...model import BounceType
from .event import (
    BadSignature,
    ProviderEvent,
    ProviderEventKind,
    check_age,
    parse_objects,
    unix_time,
    words,
)

SIGNATURE, TIMESTAMP = "x-twilio-email-event-webhook-signature", "x-twilio-email-event-webhook-timestamp"

_CLASSES = {"invalid address": BounceType.HARD, "mailbox unavailable": BounceType.SOFT, "": BounceType.HARD}
_KINDS = {
    "bounce": ProviderEventKind.BOUNCE,
    "dropped": ProviderEventKind.NOT_TRIED,
    "spamreport": ProviderEventKind.COMPLAINT,
    "unsubscribe": ProviderEventKind.UNSUBSCRIBED,
    "group_unsubscribe": ProviderEventKind.UNSUBSCRIBED,
}


def verify(body: bytes, headers: Mapping[str, str], public_key: str, now: datetime) -> str:
    """The key of the request. The signature is ECDSA over time and raw body, with SHA-256. Raises BadSignature, and
    ImportError where `cryptography` is missing."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    timestamp = headers.get(TIMESTAMP, "")
    try:
        key = load_der_public_key(base64.b64decode(public_key))
        signature = base64.b64decode(headers.get(SIGNATURE, ""), validate=True)
        if not isinstance(key, EllipticCurvePublicKey):
            raise BadSignature("web.hooks.sendgrid.public_key is no key for ECDSA")
        key.verify(signature, timestamp.encode("utf-8", "surrogateescape") + body, ECDSA(SHA256()))
    except (InvalidSignature, UnsupportedAlgorithm, binascii.Error) as error:
        raise BadSignature("its signature is wrong") from error
    except BadSignature:
        raise
    except ValueError as error:  # a key that is none, a signature beyond ASCII
        raise BadSignature(f"its signature cannot be checked: {error}") from error
    check_age(unix_time(timestamp), now)
    return hashlib.sha256(body).hexdigest()


def read(body: bytes) -> Iterator[ProviderEvent]:
    """Raises UnreadableEvent."""
    for data in parse_objects(body):
        name = words(data, "event")
        kind = _KINDS.get(name, ProviderEventKind.OTHER)
        yield ProviderEvent(
            name=name,
            kind=kind,
            type=_type(data) if kind is ProviderEventKind.BOUNCE else None,
            echo=words(data, "d"),
            address=words(data, "email"),
            status=words(data, "status"),
            text=words(data, "reason", "response"),
            at=unix_time(words(data, "timestamp")),
        )


def _type(data: Mapping[str, Any]) -> BounceType:
    """`blocked` is about us, and so is every class that is not named."""
    if words(data, "type") == "blocked":
        return BounceType.POLICY
    return _CLASSES.get(words(data, "bounce_classification").lower(), BounceType.POLICY)
