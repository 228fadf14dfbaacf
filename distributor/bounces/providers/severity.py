"""What an event of a provider means for the address that it is about. Pure."""

from __future__ import annotations

from ...mail.address import normalize
from ...model import BounceType
from ..classify import classify_bounce
from .event import ProviderEvent, ProviderEventKind

_MILDEST_FIRST = (BounceType.POLICY, BounceType.SOFT, BounceType.HARD)


def bounce_type(event: ProviderEvent, address: str) -> BounceType:
    """What an event means for the address of its delivery: the milder of what the provider takes it for and what the words
    of the recipient's server say. Where another address has failed, it is no reason to give the recipient up at once."""
    if event.kind is ProviderEventKind.COMPLAINT:
        return BounceType.COMPLAINT
    if is_not_tried(event) or event.type is None:
        return BounceType.POLICY
    found = [event.type]
    if event.has_words:
        found.append(classify_bounce(event.status, event.code, event.text, recipient=address))
    if event.address and not is_same_address(event.address, address):
        found.append(BounceType.SOFT)
    return min(found, key=_MILDEST_FIRST.index)


def is_not_tried(event: ProviderEvent) -> bool:
    """Whether the provider has not even tried to deliver: that says nothing of the address."""
    return event.kind is ProviderEventKind.NOT_TRIED


def describe(provider: str, event: ProviderEvent) -> str:
    """What is recorded of an event, in words."""
    if is_not_tried(event):
        return f"held by {provider}, not sent: {event.text or event.name}"
    return event.text or f"{provider}: {event.name}"


def is_same_address(one: str, other: str) -> bool:
    """Whether two addresses are one, however they are written."""
    try:
        return normalize(one) == normalize(other)
    except ValueError:
        return False
