"""Transactional emails: what a subscriber gets because of what they did themselves. Written into the outbox, sent by the
service within a second, rendered at sending."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from ..delivery import outbox
from ..model import BounceType, Language
from ..newsroom import Newsroom
from ..personal_channel import PersonalChannel


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailRequest:
    """An email to be sent. `template` is its name without an ending (`email/confirmation`), `values` what it needs beside
    the usual (see rendering/transactional), as JSON takes it; times are written `datetime.isoformat`, under names that end
    in `_at`. `subscriber` is an id, empty where there is none yet; `newsletter` the newsletter it is about, empty for the
    whole site."""

    template: str
    address: str
    name: str = ""
    subscriber: str = ""
    newsletter: str = ""
    language: Language
    dedupe_key: str
    expires_at: datetime
    values: Mapping[str, Any] = field(default_factory=dict)


def enqueue_email(newsroom: Newsroom, connection: Connection, request: EmailRequest, now: datetime) -> bool:
    """Put an email in the outbox, once for each `dedupe_key`. False: it was there already, or no channel sends emails."""
    message = _message(newsroom, request)
    return message is not None and outbox.add(connection, message, now)


def enqueue_emails(newsroom: Newsroom, connection: Connection, requests: Iterable[EmailRequest], now: datetime) -> None:
    """The same for many at once, in one statement."""
    messages = [_message(newsroom, one) for one in requests]
    outbox.add_all(connection, [one for one in messages if one is not None], now)


def _message(newsroom: Newsroom, request: EmailRequest) -> outbox.OutboxMessage | None:
    """The email as it stands in the outbox; None where no channel sends emails."""
    channel = _channel_of(newsroom, request.newsletter)
    if channel is None:
        return None
    content = {"language": request.language.value, "values": dict(request.values)}
    return outbox.OutboxMessage(
        dedupe_key=request.dedupe_key,
        channel=channel.name,
        kind=request.template,
        newsletter=request.newsletter,
        recipient=request.subscriber,
        address=request.address,
        name=request.name,
        body=json.dumps(content, ensure_ascii=False, sort_keys=True).encode(),
        expires_at=request.expires_at,
    )


# Which transactional emails go to an address although it is suppressed: what its owner has just asked for, as far as the
# reason allows it. Goodbye confirms to whoever leaves that nothing more comes, whatever stands there. Who signs up or
# names an address after it was refused, or after leaving everything, is asked whether that is so; who has complained is not
# written to at somebody else's wish, nor is whom staff or another system have excluded. Everything else goes to nobody.
_DESPITE: Mapping[str, frozenset[BounceType]] = {
    "email/goodbye": frozenset(BounceType),
    "email/confirmation": frozenset({BounceType.HARD, BounceType.SOFT, BounceType.POLICY, BounceType.UNSUBSCRIBED}),
    "email/address_change": frozenset({BounceType.HARD, BounceType.SOFT, BounceType.POLICY, BounceType.UNSUBSCRIBED}),
    "email/link": frozenset({BounceType.SOFT, BounceType.POLICY, BounceType.UNSUBSCRIBED}),
    "email/data": frozenset(set(BounceType) - {BounceType.HARD, BounceType.COMPLAINT}),
    # Of staff, whom config.yaml names. Where it says of an address that it is dead, the next channel carries the alert.
    outbox.STAFF_ALERT: frozenset({BounceType.SOFT, BounceType.POLICY, BounceType.UNSUBSCRIBED, BounceType.STAFF}),
}


def may_write(template: str, suppressed: BounceType) -> bool:
    """Whether a transactional email goes to an address that is suppressed for such a reason."""
    return suppressed in _DESPITE.get(template, frozenset())


def _channel_of(newsroom: Newsroom, newsletter: str) -> PersonalChannel | None:
    """The channel that sends emails of a newsletter, or the first of the newsroom."""
    channels = (
        newsroom.newsletter_channels(newsroom.settings.newsletters[newsletter])
        if newsletter in newsroom.settings.newsletters
        else newsroom.channels
    )
    return next((one for one in channels.values() if isinstance(one, PersonalChannel) and one.sends_email), None)
