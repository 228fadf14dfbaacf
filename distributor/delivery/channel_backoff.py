"""Channels that rest: not before a time does anything leave on them, whichever process asks. Every statement is here.

A network that answers 429, or names a time, means the account and not the one post. So the whole channel rests until
then, by a row of the store that every process and every later start respects. What comes afterwards is spread: while the
row stands, each post reserves its time, some seconds after the one before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from ..storage.database import Database
from ..storage.tables import channel_backoff

SPACING = timedelta(seconds=3)  # between two posts after a rest: Telegram allows 20 a minute in a group
SPACED_FOR = timedelta(hours=1)  # so long after a rest posts are spread


@dataclass(frozen=True, slots=True)
class ChannelBackoff:
    """A channel that rests until a time, since when, and what the far end said."""

    channel: str
    until: datetime
    since: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class PostTurn:
    """When the next post of a channel may leave; `resting` where it must not before its rest is over."""

    at: datetime
    backing_off: ChannelBackoff | None = None


def list_backoffs(connection: Connection, now: datetime) -> dict[str, ChannelBackoff]:
    """The channels that rest at a time."""
    query = sa.select(channel_backoff).where(channel_backoff.c.until > now).order_by(channel_backoff.c.channel)
    return {
        row.channel: ChannelBackoff(row.channel, row.until, row.since, row.reason) for row in connection.execute(query)
    }


def begin_backoff(database: Database, channel: str, until: datetime, reason: str, now: datetime) -> bool:
    """Let a channel rest; one that rests longer already is left so. Whether staff are to be told: not of a rest that
    follows another one within the hour."""
    with database.write() as connection:
        here = channel_backoff.c.channel == channel
        known = connection.execute(sa.select(channel_backoff).where(here)).one_or_none()
        values = {"until": until, "since": now, "reason": reason[:1000], "next_at": until}
        if known is None:
            connection.execute(sa.insert(channel_backoff).values(channel=channel, **values))
            return True
        if known.until < until:
            connection.execute(sa.update(channel_backoff).where(here).values(values))
        return bool(known.until + SPACED_FOR <= now)


def reserve_turn(database: Database, channel: str, now: datetime, jitter: float) -> PostTurn:
    """Reserve the time at which the next post may leave: now, unless the channel rests or has rested lately.

    `jitter` is a random number from 0 to 1: the space to the next one is between 75 % and 125 % of SPACING.
    """
    here = channel_backoff.c.channel == channel
    with database.read() as connection:
        known = connection.execute(sa.select(channel_backoff).where(here)).one_or_none()
    if known is None or known.until + SPACED_FOR <= now:
        return PostTurn(now)
    with database.write() as connection:
        row = connection.execute(sa.select(channel_backoff).where(here)).one_or_none()
        if row is None:
            return PostTurn(now)
        if row.until > now:
            return PostTurn(row.until, ChannelBackoff(channel, row.until, row.since, row.reason))
        at: datetime = max(now, row.next_at)
        following = at + SPACING * (0.75 + jitter / 2)
        connection.execute(sa.update(channel_backoff).where(here).values(next_at=following))
        return PostTurn(at)


def end_backoff(connection: Connection, channel: str) -> bool:
    """Let a channel go on at once; False where it did not rest."""
    return connection.execute(sa.delete(channel_backoff).where(channel_backoff.c.channel == channel)).rowcount == 1
