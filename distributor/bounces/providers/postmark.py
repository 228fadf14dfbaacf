"""Events of Postmark: postmarkapp.com/developer/webhooks. It signs nothing; a user name and a password stand in its address.
Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...model import BounceType
from .event import (
    ProviderEvent,
    ProviderEventKind,
    UnreadableEvent,
    event_key,
    iso_time,
    parse_object,
    part,
    words,
)

# By the name of the type (postmarkapp.com/developer/api/bounce-api); what is not named is about us or our content.
_TYPES = {
    "HardBounce": BounceType.HARD,
    "BadEmailAddress": BounceType.HARD,
    "Transient": BounceType.SOFT,
    "SoftBounce": BounceType.SOFT,
    "DnsError": BounceType.SOFT,
    "Undeliverable": BounceType.SOFT,
}
_KINDS = {
    "ManuallyDeactivated": ProviderEventKind.NOT_TRIED,
    "Unconfirmed": ProviderEventKind.NOT_TRIED,
    "SMTPApiError": ProviderEventKind.NOT_TRIED,
    "TemplateRenderingFailed": ProviderEventKind.NOT_TRIED,
    "SpamComplaint": ProviderEventKind.COMPLAINT,
    "Unsubscribe": ProviderEventKind.UNSUBSCRIBED,
    "Subscribe": ProviderEventKind.OTHER,
    "AutoResponder": ProviderEventKind.OTHER,
    "AddressChange": ProviderEventKind.OTHER,
    "ChallengeVerification": ProviderEventKind.OTHER,
    "OpenRelayTest": ProviderEventKind.OTHER,
}


def find_key(body: bytes) -> str:
    """The key of a request."""
    try:
        data = parse_object(body)
    except UnreadableEvent:
        return event_key("", body)
    id = words(data, "ID")
    return event_key(f"{words(data, 'RecordType')}-{id}" if id not in ("", "0") else "", body)


def read(body: bytes) -> Iterator[ProviderEvent]:
    """Raises UnreadableEvent."""
    data = parse_object(body)
    name = words(data, "RecordType")
    if not name:
        raise UnreadableEvent("it has no RecordType")
    kind, type = _kind(name, data)
    yield ProviderEvent(
        name=f"{name} {words(data, 'Type', 'SuppressionReason')}".strip(),
        kind=kind,
        type=type,
        echo=words(part(data, "Metadata"), "d"),
        address=words(data, "Email", "Recipient"),
        text=words(data, "Details"),
        at=iso_time(words(data, "BouncedAt", "ChangedAt")),
    )


def _kind(name: str, data: Mapping[str, Any]) -> tuple[ProviderEventKind, BounceType | None]:
    if name == "SpamComplaint":
        return ProviderEventKind.COMPLAINT, None
    if name == "SubscriptionChange":
        return _change(data), None
    if name != "Bounce":
        return ProviderEventKind.OTHER, None
    found = words(data, "Type")
    if found in _KINDS:
        return _KINDS[found], None
    return ProviderEventKind.BOUNCE, _TYPES.get(found, BounceType.POLICY)


def _change(data: Mapping[str, Any]) -> ProviderEventKind:
    """Its list of suppressions has changed: by a bounce, which has an event of its own, by the recipient, or by staff."""
    if data.get("SuppressSending") is not True:
        return ProviderEventKind.OTHER
    reason, by_recipient = words(data, "SuppressionReason"), words(data, "Origin") == "Recipient"
    if reason == "SpamComplaint":
        return ProviderEventKind.COMPLAINT
    return ProviderEventKind.UNSUBSCRIBED if by_recipient and reason == "ManualSuppression" else ProviderEventKind.OTHER
