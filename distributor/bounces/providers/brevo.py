"""Events of Brevo: developers.brevo.com, "Transactional webhooks". It signs nothing; it logs in. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ...model import BounceType
from .event import ProviderEvent, ProviderEventKind, number, parse_objects, unix_time, words

ECHO = "X-Mailin-custom"

_TYPES = {"hard_bounce": BounceType.HARD, "invalid_email": BounceType.HARD, "soft_bounce": BounceType.SOFT}
_KINDS = {
    **dict.fromkeys(_TYPES, ProviderEventKind.BOUNCE),
    "blocked": ProviderEventKind.NOT_TRIED,
    "error": ProviderEventKind.NOT_TRIED,
    "spam": ProviderEventKind.COMPLAINT,
    "complaint": ProviderEventKind.COMPLAINT,
    "unsubscribed": ProviderEventKind.UNSUBSCRIBED,
    "unsubscribe": ProviderEventKind.UNSUBSCRIBED,
}


def read(body: bytes) -> Iterator[ProviderEvent]:
    """Its times are in the zone of the account, but for `ts_epoch`, in milliseconds. Raises UnreadableEvent."""
    for data in parse_objects(body):
        name = words(data, "event")
        yield ProviderEvent(
            name=name,
            kind=_KINDS.get(name, ProviderEventKind.OTHER),
            type=_TYPES.get(name),
            echo=words(data, ECHO),
            address=words(data, "email"),
            text=words(data, "reason"),
            at=unix_time(str(number(data, "ts_epoch") // 1000)) if number(data, "ts_epoch") else None,
        )
