"""Events of Amazon SES, as SNS brings them: docs.aws.amazon.com/ses, "Notification contents" and "Event data". Pure.

Two shapes: notifications of an identity (`notificationType`), and events of a configuration set (`eventType`). Only the
second one has tags; the envelope sender, which holds our token too, is in both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...model import BounceType
from .event import ProviderEvent, ProviderEventKind, UnreadableEvent, iso_time, items, parse_object, part, words

TAG_HEADER = "x-ses-message-tags"

# By type and subtype. `Suppressed` and its like: the address is on a list of Amazon's, and nothing was tried.
_NOT_TRIED = ("Suppressed", "OnAccountSuppressionList", "UnsubscribedRecipient")
_POLICY = ("MessageTooLarge", "ContentRejected", "AttachmentRejected")
_NO_COMPLAINTS = ("not-spam", "auth-failure", "virus")  # RFC 5965, section 7.3; RFC 6430, 6591


def read(message: str) -> Iterator[ProviderEvent]:
    """The events of the text in an SNS notification, one for each recipient. Raises UnreadableEvent."""
    data = parse_object(message)
    name = words(data, "eventType", "notificationType")
    if not name:
        raise UnreadableEvent("it has neither eventType nor notificationType")
    if name == "Bounce":
        yield from _bounces(data)
    elif name == "Complaint":
        yield from _complaints(data)
    else:
        yield _event(data, name, _other_kind(name, data), part(data, name.lower()))


def _bounces(data: Mapping[str, Any]) -> Iterator[ProviderEvent]:
    bounce = part(data, "bounce")
    of, subtype = words(bounce, "bounceType"), words(bounce, "bounceSubType")
    kind = ProviderEventKind.NOT_TRIED if subtype in _NOT_TRIED else ProviderEventKind.BOUNCE
    type = BounceType.HARD if of == "Permanent" else BounceType.POLICY if subtype in _POLICY else BounceType.SOFT
    for recipient in items(bounce, "bouncedRecipients"):
        yield _event(data, f"Bounce {of} {subtype}".strip(), kind, bounce, recipient, type)


def _complaints(data: Mapping[str, Any]) -> Iterator[ProviderEvent]:
    complaint = part(data, "complaint")
    of, subtype = words(complaint, "complaintFeedbackType"), words(complaint, "complaintSubType")
    kind = ProviderEventKind.OTHER if of in _NO_COMPLAINTS else ProviderEventKind.COMPLAINT
    kind = ProviderEventKind.NOT_TRIED if subtype in _NOT_TRIED else kind
    for recipient in items(complaint, "complainedRecipients"):
        yield _event(data, f"Complaint {subtype or of}".strip(), kind, complaint, recipient)


def _other_kind(name: str, data: Mapping[str, Any]) -> ProviderEventKind:
    if name in ("Reject", "Rendering Failure"):
        return ProviderEventKind.NOT_TRIED
    if name == "Subscription" and part(data, "subscription", "newTopicPreferences").get("unsubscribeAll") is True:
        return ProviderEventKind.UNSUBSCRIBED
    return ProviderEventKind.OTHER


def _event(
    data: Mapping[str, Any],
    name: str,
    kind: ProviderEventKind,
    about: Mapping[str, Any],
    recipient: Mapping[str, Any] | None = None,
    type: BounceType | None = None,
) -> ProviderEvent:
    said = words(recipient, "diagnosticCode")
    scheme, parted, rest = said.partition(";")
    return ProviderEvent(
        name=name,
        kind=kind,
        type=type,
        echo=_echo(part(data, "mail")),
        address=words(recipient, "emailAddress").strip("<> "),
        status=words(recipient, "status"),
        text=rest.strip() if parted and scheme.strip().isalnum() else said,
        at=iso_time(words(about, "timestamp")),
    )


def _echo(mail: Mapping[str, Any]) -> str:
    """What Amazon repeats of the email itself: its tag, its envelope sender, and its header of tags."""
    tags = part(mail, "tags").get("d")
    tag = next((one for one in tags if isinstance(one, str)), "") if isinstance(tags, list) else ""
    headers = [words(one, "value") for one in items(mail, "headers") if words(one, "name").lower() == TAG_HEADER]
    return " ".join([tag[:200], words(mail, "source"), *headers[:1]])
