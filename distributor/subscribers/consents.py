"""The record of consents: what a subscriber agreed to, in which words, when, where, and for what.

It is the proof that the law asks for (Decree 356/2025, article 6; GDPR, article 7), is part of what subscribers may see of
their data, and goes when they are erased.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ..model import Language
from ..storage.rows import enum_member, read_rows
from ..storage.web_tables import consents

NEWSLETTER_PURPOSE = "newsletter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One consent to one newsletter. `via` says by which way: `form`, `api`, `import`. `confirmed_at` is None where nobody
    was asked to confirm it."""

    subscriber: str
    newsletter: str
    purposes: tuple[str, ...] = (NEWSLETTER_PURPOSE,)
    language: Language
    text: str
    via: str
    url: str = ""
    client_address: str = ""
    asked_at: datetime
    confirmed_at: datetime | None = None

    @property
    def text_sha256(self) -> str:
        """Names the version of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def record(connection: Connection, given: Iterable[Consent]) -> None:
    """Write consents down; earlier ones stay."""
    rows = [
        {
            "subscriber_id": one.subscriber,
            "newsletter": one.newsletter,
            "purposes": list(one.purposes),
            "language": one.language,
            "text_sha256": one.text_sha256,
            "text": one.text,
            "via": one.via,
            "url": one.url,
            "client_address": one.client_address,
            "asked_at": one.asked_at,
            "confirmed_at": one.confirmed_at,
        }
        for one in given
    ]
    if rows:
        connection.execute(sa.insert(consents), rows)


def list_of(connection: Connection, subscriber_id: str) -> Sequence[Consent]:
    """The consents of a subscriber, the oldest first."""
    query = sa.select(consents).where(consents.c.subscriber_id == subscriber_id).order_by(consents.c.id)
    return read_rows(connection, query, consents.c.id, _consent, "consent")


def _consent(row: sa.Row[Any]) -> Consent:
    return Consent(
        subscriber=row.subscriber_id,
        newsletter=row.newsletter,
        purposes=tuple(row.purposes),
        language=enum_member(Language, row.language, "consent", row.id),
        text=row.text,
        via=row.via,
        url=row.url,
        client_address=row.client_address,
        asked_at=row.asked_at,
        confirmed_at=row.confirmed_at,
    )
