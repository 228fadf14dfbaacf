"""What has happened to editions lately, for those who are told of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from ..model import EditionState
from ..storage.tables import edition_events, editions
from .review import HELD


@dataclass(frozen=True, slots=True)
class EditionMoment:
    """A moment in the life of an edition: when, and where it was held, by whom and why. `place` tells one holding from
    another."""

    edition: str
    newsletter: str
    kind: str
    subject: str
    at: datetime
    actor: str = ""
    reason: str = ""
    place: int = 0


_EDITION = (editions.c.id, editions.c.newsletter, editions.c.kind, editions.c.subject)


def list_frozen_since(connection: Connection, since: datetime) -> list[EditionMoment]:
    """The editions that were frozen since a time, oldest first."""
    query = sa.select(*_EDITION, editions.c.frozen_at).where(editions.c.frozen_at >= since)
    return [EditionMoment(*row) for row in connection.execute(query.order_by(editions.c.frozen_at))]


def list_sent_since(connection: Connection, since: datetime) -> list[EditionMoment]:
    """The editions of which everything has come to an end since a time."""
    done = (editions.c.done_at >= since) & (editions.c.state == EditionState.DONE)
    query = sa.select(*_EDITION, editions.c.done_at).where(done)
    return [EditionMoment(*row) for row in connection.execute(query.order_by(editions.c.done_at))]


def list_held_since(connection: Connection, since: datetime) -> list[EditionMoment]:
    """Each time that an edition was held since a time: by preflight, by the recheck, by staff."""
    columns = (edition_events.c.at, edition_events.c.actor, edition_events.c.reason, edition_events.c.seq)
    query = (
        sa.select(*_EDITION, *columns)
        .join(edition_events, edition_events.c.edition_id == editions.c.id)
        .where(edition_events.c.event == HELD, edition_events.c.at >= since)
        .order_by(edition_events.c.at)
    )
    return [EditionMoment(*row) for row in connection.execute(query)]
