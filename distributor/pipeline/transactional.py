"""Transactional emails: what a subscriber gets because of what they did themselves. Written into the outbox, sent by the
service within a second, rendered at sending."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from ..channel import PersonalChannel
from ..delivery import outbox
from ..model import Language
from ..newsroom import Newsroom


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
    channel = _channel_of(newsroom, request.newsletter)
    if channel is None:
        return False
    message = outbox.OutboxMessage(
        dedupe_key=request.dedupe_key,
        channel=channel.name,
        kind=request.template,
        newsletter=request.newsletter,
        recipient=request.subscriber,
        address=request.address,
        name=request.name,
        values={"language": request.language.value, "values": dict(request.values)},
        expires_at=request.expires_at,
    )
    return outbox.add(connection, message, now)


def _channel_of(newsroom: Newsroom, newsletter: str) -> PersonalChannel | None:
    """The channel that sends emails of a newsletter, or the first of the newsroom."""
    channels = (
        newsroom.newsletter_channels(newsroom.settings.newsletters[newsletter])
        if newsletter in newsroom.settings.newsletters
        else newsroom.channels
    )
    return next((one for one in channels.values() if isinstance(one, PersonalChannel) and one.sends_email), None)
