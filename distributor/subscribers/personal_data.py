"""Everything that is held about one subscriber: what they may ask for, and what staff are shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ..mail.address import normalize
from ..model import Subscriber
from ..storage.tables import bounces, deliveries, opt_outs, subscriptions, suppressions
from ..storage.web_tables import address_changes, consents, data_requests, outbox, signups

_MOST_EMAILS = 5000  # the latest ones that are named


def collect(connection: Connection, person: Subscriber) -> dict[str, Any]:
    """All of it, as JSON takes it; times in ISO 8601."""
    key, id = normalize(person.address), person.id
    return {
        "address": person.address,
        "name": person.name,
        "language": person.language.value,
        "topics": list(person.topics),
        "frequency": person.frequency.value,
        "attributes": dict(person.attributes),
        "created": _plain(person.created),
        "consent": person.consent,
        "newsletters": _rows(
            connection, subscriptions, "newsletter since paused_until", subscriptions.c.subscriber_id == id
        ),
        "consents": _rows(
            connection,
            consents,
            "newsletter purposes language text via url client_address asked_at confirmed_at",
            consents.c.subscriber_id == id,
        ),
        "opt_outs": _rows(connection, opt_outs, "newsletter at via reason", opt_outs.c.address_key == key),
        "suppressions": _rows(connection, suppressions, "type reason since until", suppressions.c.address_key == key),
        "bounces": _rows(connection, bounces, "type at status text via", bounces.c.address_key == key),
        "sign_ups": _rows(
            connection, signups, "address wish asks asked_at expires_at confirmed_at", signups.c.address_key == key
        ),
        "address_changes": _rows(
            connection, address_changes, "address asked_at expires_at done_at", address_changes.c.subscriber_id == id
        ),
        "requests": _rows(
            connection, data_requests, "kind via asked_at due_at done_at note", data_requests.c.subscriber_id == id
        ),
        "editions": _rows(
            connection, deliveries, "edition_id channel variant state updated", deliveries.c.recipient == id
        ),
        "other_emails": _rows(connection, outbox, "kind newsletter state created updated", outbox.c.recipient == id),
    }


def _rows(connection: Connection, table: sa.Table, names: str, here: sa.ColumnElement[bool]) -> list[Mapping[str, Any]]:
    columns = [table.c[name] for name in names.split()]
    order = table.c.id.desc() if "id" in table.c else columns[0]
    query = sa.select(*columns).where(here).order_by(order).limit(_MOST_EMAILS)
    return [{name: _plain(value) for name, value in row._mapping.items()} for row in connection.execute(query)]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
