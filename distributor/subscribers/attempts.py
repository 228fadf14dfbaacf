"""How often something was done lately: sign-ups from a network, links sent to an address, requests of a token.

Counted in the store, so that a restart forgets nothing and several processes count together. A count belongs to a window of
ten minutes and is kept for a day.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from ..storage.statements import insert_into
from ..storage.web_tables import attempt_counts

WINDOW = timedelta(minutes=10)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class AttemptTotals:
    """How often in the last hour, and in the last day; to the window."""

    hour: int = 0
    day: int = 0


NO_ATTEMPTS = AttemptTotals()


def add(connection: Connection, keys: Iterable[str], now: datetime) -> None:
    """Count one attempt for each key. Keys hold no address of a person: hash it first."""
    start = _window_of(now)
    rows = [
        {"key": key[:200], "window_start": start, "count": 1, "until": start + WINDOW + DAY}
        for key in sorted(set(keys))
    ]
    if not rows:
        return
    more = {"count": attempt_counts.c.count + 1}
    fresh = insert_into(connection, attempt_counts)
    connection.execute(fresh.on_conflict_do_update(index_elements=["key", "window_start"], set_=more), rows)


def count(connection: Connection, keys: Collection[str], now: datetime) -> dict[str, AttemptTotals]:
    """The totals of these keys; all of them are there."""
    counts = attempt_counts.c
    lately = sa.case((counts.window_start > now - HOUR - WINDOW, counts.count), else_=0)
    query = (
        sa.select(counts.key, sa.func.sum(lately), sa.func.sum(counts.count))
        .where(counts.key.in_([key[:200] for key in keys]), counts.window_start > now - DAY - WINDOW)
        .group_by(counts.key)
    )
    found = {key: AttemptTotals(int(hour), int(day)) for key, hour, day in connection.execute(query)}
    return {key: found.get(key[:200], NO_ATTEMPTS) for key in keys}


def delete_old(connection: Connection, now: datetime) -> int:
    """Delete the counts that count no more; returns how many."""
    return connection.execute(sa.delete(attempt_counts).where(attempt_counts.c.until <= now)).rowcount


def _window_of(moment: datetime) -> datetime:
    seconds = WINDOW.total_seconds()
    return datetime.fromtimestamp(moment.timestamp() // seconds * seconds, moment.tzinfo)
