"""What a reader is owed after changing the frequency: nothing twice, nothing lost between the old one and the new."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from ..editions import repository as edition_repository
from ..model import EditionKind, Frequency
from ..storage.tables import subscriptions
from .recipients import EPOCH

_KINDS = {
    Frequency.EACH: EditionKind.DIGEST,
    Frequency.DAILY: EditionKind.DAILY,
    Frequency.WEEKLY: EditionKind.WEEKLY,
}


def record_catch_up(connection: Connection, subscriber: str, old: Frequency, now: datetime) -> None:
    """Write down, for each newsletter, until when the reader has been served under the frequency that ends now."""
    rows = connection.execute(sa.select(subscriptions).where(subscriptions.c.subscriber_id == subscriber)).all()
    for row in rows:
        here = (subscriptions.c.subscriber_id == subscriber) & (subscriptions.c.newsletter == row.newsletter)
        owed = _served_until(connection, row, _KINDS[old], now)
        connection.execute(sa.update(subscriptions).where(here).values(catch_up_from=owed, catch_up_since=now))


def _served_until(
    connection: Connection, row: sa.Row[tuple[object, ...]], kind: EditionKind, now: datetime
) -> datetime:
    last = edition_repository.last_frozen(connection, row.newsletter, kind) or EPOCH
    if row.catch_up_since and row.catch_up_since >= last:  # changed again before the next letter: the debt stands
        owed: datetime = row.catch_up_from
        return owed
    if kind is EditionKind.DIGEST:
        return max(now, edition_repository.last_due(connection, row.newsletter) or now)
    joined: datetime = row.since
    return max(joined, edition_repository.find_caught_up_until(connection, row.newsletter, kind) or joined)
