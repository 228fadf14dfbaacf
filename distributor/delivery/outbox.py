"""What waits to be sent outside of any edition: transactional emails and events, each once.

A row is written in the transaction that is the reason for it (a sign-up, an opt-out), so neither is there without the
other. `dedupe_key` names the occasion: the same one makes one message, however often it is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from ..storage.web_tables import outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxMessage:
    """A message to be sent. `values` is what it is made of at sending, as JSON takes it. `recipient` is a subscriber's id,
    empty where there is none (yet)."""

    dedupe_key: str
    channel: str
    kind: str
    newsletter: str = ""
    recipient: str = ""
    address: str = ""
    name: str = ""
    values: Mapping[str, Any]
    expires_at: datetime


def add(connection: Connection, message: OutboxMessage, now: datetime) -> bool:
    """Put a message in the outbox. False: it is there already, or was sent."""
    row = {
        "dedupe_key": message.dedupe_key,
        "channel": message.channel,
        "kind": message.kind,
        "newsletter": message.newsletter,
        "recipient": message.recipient,
        "address": message.address,
        "name": message.name,
        "media_type": "application/json",
        "body": json.dumps(dict(message.values), ensure_ascii=False, sort_keys=True).encode(),
        "state": "pending",
        "created": now,
        "due": now,
        "updated": now,
        "expires_at": message.expires_at,
    }
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    made = connection.execute(insert(outbox).values(row).on_conflict_do_nothing())
    return made.rowcount == 1


def count_open(connection: Connection) -> int:
    """How many messages wait."""
    return connection.execute(sa.select(sa.func.count()).where(outbox.c.state.in_(("pending", "sending")))).scalar_one()


def newest_id(connection: Connection) -> int:
    """The id of the message that was added last; 0 before the first. Ids only grow."""
    return connection.execute(sa.select(sa.func.max(outbox.c.id))).scalar() or 0
