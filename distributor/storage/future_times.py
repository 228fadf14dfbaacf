"""Times in the store that lie later than now: a clock was ahead when they were written, or is behind now.

Every column of a time says when something happened, except those of PLANNED_COLUMNS, which say when something is due. So a
time later than now in any other is a contradiction, which somebody has to resolve before more is decided.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, Connection

from .all_tables import metadata
from .rows import UTC_TIME, UtcTime
from .tables import (
    article_versions,
    articles,
    corrections,
    edition_events,
    editions,
    instance,
    newsletter_articles,
    newsletter_since,
    slots,
    sources,
    suppressions,
)

# Clocks of machines that ask for the time differ by seconds. What is decided by less than this too early is not noticed.
TOLERANCE = timedelta(minutes=5)
EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)  # this program is younger: a clock that shows less has not been set

PLANNED_COLUMNS = frozenset(
    {
        "editions.due_at",
        "editions.expires_at",
        "shards.lease_until",
        "shards.due",
        "deliveries.due",
        "gather_plans.due",
        "gather_plans.claimed_until",
        "suppressions.until",
        "channel_backoff.until",
        "channel_backoff.next_at",
        "stopped_channels.until",
        "channel_memory.locked_until",
        "articles.published",  # as its source says, who may announce what comes
        "articles.doubtful_date",
        "subscriptions.paused_until",
        "signups.expires_at",
        "refused_signups.until",
        "address_changes.expires_at",
        "data_requests.due_at",
        "outbox.due",
        "outbox.expires_at",
        "attempt_counts.until",
        "api_tokens.expires_at",
    }
)
# Where whatever runs leaves a time, and which are cheap to read.
_RECENT_COLUMNS = (
    slots.c.decided_at,
    newsletter_since.c.since,
    sources.c.last_read,
    sources.c.first_read,
    articles.c.first_seen,
    editions.c.frozen_at,
    editions.c.released_at,
    edition_events.c.at,
    suppressions.c.since,
    instance.c.since,
)
# Times whose order means something: which edition came after which, what a daily email has carried.
_ORDERED_COLUMNS = (
    slots.c.decided_at,
    newsletter_articles.c.decided_at,
    editions.c.frozen_at,
    editions.c.released_at,
    editions.c.done_at,
    edition_events.c.at,
    corrections.c.at,
    articles.c.first_seen,
    article_versions.c.seen,
)
_INSTANT = timedelta(microseconds=1)
_SAMPLE_SIZE = 20  # articles that came in last and have a date of their own
_DAY = timedelta(days=1)  # more than any mistake about a time zone


def latest_time(connection: Connection) -> datetime | None:
    """The latest time that whatever ran last has left; None in a store in which nothing has happened. One statement."""
    latest = sa.union_all(*(sa.select(sa.func.max(column).label("at")) for column in _RECENT_COLUMNS)).subquery()
    moment: datetime | None = connection.execute(sa.select(sa.func.max(latest.c.at))).scalar()
    return moment


def find_future_time(connection: Connection, now: datetime) -> datetime | None:
    """The latest time in the store, where that is later than now by more than the tolerance; None where all is well."""
    moment = latest_time(connection)
    return moment if moment and moment > now + TOLERANCE else None


def find_later_article_date(connection: Connection, now: datetime) -> datetime | None:
    """Whether the articles say that it is later than now: most of those that came in last have dates of their sources that
    are later by more than a day. The latest of those dates; None where they do not say so."""
    query = (
        sa.select(sa.func.coalesce(articles.c.doubtful_date, articles.c.published, type_=UTC_TIME))
        .where(articles.c.has_date.is_(True) | articles.c.doubtful_date.is_not(None))
        .order_by(articles.c.first_seen.desc(), articles.c.published.desc())
        .limit(_SAMPLE_SIZE)
    )
    dates = list(connection.execute(query).scalars())
    later = [date for date in dates if date > now + _DAY]
    return max(later) if later and 2 * len(later) > len(dates) else None


def move_into_past(connection: Connection, now: datetime) -> None:
    """Let nothing have happened later than now. Those times whose order means something keep it."""
    ahead = sorted({moment for column in _ORDERED_COLUMNS for moment in _times_after(connection, column, now)})
    for place, moment in enumerate(ahead):
        for column in _ORDERED_COLUMNS:
            instead = now - (len(ahead) - place) * _INSTANT
            connection.execute(sa.update(column.table).where(column == moment).values({column: instead}))
    for column in _past_columns():
        connection.execute(sa.update(column.table).where(column > now).values({column: now}))
    # What has no date of its own was published when it was first seen.
    undated = articles.c.has_date.is_(False) & (articles.c.published > now)
    connection.execute(sa.update(articles).where(undated).values(published=articles.c.first_seen))


def _times_after(connection: Connection, column: Column[Any], now: datetime) -> list[datetime]:
    return list(connection.execute(sa.select(column).where(column > now).distinct()).scalars())


def _past_columns() -> Iterator[Column[Any]]:
    for table in metadata.tables.values():
        for column in table.columns:
            if isinstance(column.type, UtcTime) and str(column) not in PLANNED_COLUMNS:
                yield column
