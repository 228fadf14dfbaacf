"""Events of Mailgun: documentation.mailgun.com, "Securing webhooks" and "Event structure". Pure."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ...model import BounceType
from .event import (
    BadSignature,
    ProviderEvent,
    ProviderEventKind,
    UnreadableEvent,
    check_age,
    event_key,
    number,
    parse_object,
    part,
    same,
    unix_time,
    words,
)

# Why a failure is for good; what is not named is about us or our content.
_REASONS = {"bounce": BounceType.HARD, "generic": BounceType.SOFT, "old": BounceType.SOFT}
_NOT_SENT = 605  # Mailgun's own code: the address is on its list of suppressions
_KINDS = {
    "complained": ProviderEventKind.COMPLAINT,
    "unsubscribed": ProviderEventKind.UNSUBSCRIBED,
    "rejected": ProviderEventKind.NOT_TRIED,
}


def verify(body: bytes, signing_key: str, now: datetime) -> str:
    """The key of the request. The signature is an HMAC over time and token; a token is good for one request. Raises
    BadSignature."""
    try:
        signature = part(parse_object(body), "signature")
    except UnreadableEvent as error:
        raise BadSignature(str(error)) from None
    timestamp, token = words(signature, "timestamp"), words(signature, "token")
    good = hmac.new(signing_key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    if not token or not same(words(signature, "signature"), good):
        raise BadSignature("its signature is wrong")
    check_age(unix_time(timestamp), now)
    return event_key(token, body)


def read(body: bytes) -> Iterator[ProviderEvent]:
    """Raises UnreadableEvent."""
    data = part(parse_object(body), "event-data")
    name = words(data, "event")
    if not name:
        raise UnreadableEvent("it has no event-data with an event")
    kind, type = _kind(name, data)
    status = part(data, "delivery-status")
    yield ProviderEvent(
        name=name,
        kind=kind,
        type=type,
        echo=f"{words(part(data, 'user-variables'), 'd')} {words(part(data, 'envelope'), 'sender')}",
        address=words(data, "recipient"),
        status=words(status, "enhanced-code"),
        code=number(status, "code"),
        text=words(status, "message", "description"),
        at=unix_time(words(data, "timestamp")),
    )


def _kind(name: str, data: Mapping[str, Any]) -> tuple[ProviderEventKind, BounceType | None]:
    if name != "failed":
        return _KINDS.get(name, ProviderEventKind.OTHER), None
    if words(data, "severity") != "permanent":  # it still tries
        return ProviderEventKind.OTHER, None
    reason = words(data, "reason")
    if reason.startswith("suppress-") or number(part(data, "delivery-status"), "code") == _NOT_SENT:
        return ProviderEventKind.NOT_TRIED, None
    return ProviderEventKind.BOUNCE, _REASONS.get(reason, BounceType.POLICY)
