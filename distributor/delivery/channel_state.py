"""What the store holds of channels as a whole: the backoff that a far end has asked for, and the last failure.

A network that answers 429, or names a time, means the account and not the one post. So the whole channel backs off until
then, by a row that every process and every later start respects. What comes afterwards is spread: while the row stands,
each post reserves its time, some seconds after the one before.

A failure of a whole channel (a refused connection, a refused login, a server that answers "not now" to everybody) counts
against no delivery, so no row of the ledger can hold it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from ..channel import PostLimits
from ..model import Delivery, DeliveryState
from ..storage.database import Database
from ..storage.host_tables import stopped_channels
from ..storage.tables import channel_backoff, channel_faults, channel_turns

SPACING = timedelta(seconds=3)  # between two posts after a backoff: Telegram allows 20 a minute in a group
LONGEST_TURN = timedelta(minutes=1)  # that a process waits for a turn of a post
SPACED_FOR = timedelta(hours=1)  # so long after a backoff posts are spread
_SAME = timedelta(minutes=1)  # within which a fault that stays the same is not recorded again


@dataclass(frozen=True, slots=True)
class ChannelBackoff:
    """A channel that carries nothing until a time, since when, and what the far end said."""

    channel: str
    until: datetime
    since: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class PostTurn:
    """When the next post of a channel may leave; with `backing_off` not before that backoff is over."""

    at: datetime
    backing_off: ChannelBackoff | None = None


def list_backoffs(connection: Connection, now: datetime) -> dict[str, ChannelBackoff]:
    """The channels that are backing off at a time."""
    query = sa.select(channel_backoff).where(channel_backoff.c.until > now).order_by(channel_backoff.c.channel)
    return {
        row.channel: ChannelBackoff(row.channel, row.until, row.since, row.reason) for row in connection.execute(query)
    }


def begin_backoff(database: Database, channel: str, until: datetime, reason: str, now: datetime) -> bool:
    """Let a channel back off; one that does so for longer already is left so. Returns whether it is news to staff: not
    within an hour of the last backoff."""
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


def reserve_turn(
    database: Database, channel: str, now: datetime, jitter: float, limits: PostLimits = PostLimits()
) -> PostTurn:
    """Reserve the time at which the next post may leave: now, unless the channel is backing off or has done so lately, or
    `limits` ask for a pause. A pause of more than a minute is not reserved: the channel backs off for so long.

    `jitter` is a random number from 0 to 1: the space to the next one after a backoff is between 75 % and 125 % of SPACING.
    """
    here = channel_backoff.c.channel == channel
    limited = bool(limits.rates or limits.spacing)
    with database.read() as connection:
        known = connection.execute(sa.select(channel_backoff).where(here)).one_or_none()
    if not limited and (known is None or known.until + SPACED_FOR <= now):
        return PostTurn(now)
    with database.write() as connection:
        row = connection.execute(sa.select(channel_backoff).where(here)).one_or_none()
        if row and row.until > now:
            return PostTurn(row.until, ChannelBackoff(channel, row.until, row.since, row.reason))
        lately = row is not None and row.until + SPACED_FOR > now
        at: datetime = max(now, row.next_at) if row and lately else now
        if limited:
            at = _reserve_within(connection, channel, limits, at, now + LONGEST_TURN)
            if at - now > LONGEST_TURN:
                return PostTurn(at, ChannelBackoff(channel, at, now, "the channel's own limit of posts is reached"))
        if lately:
            following = at + SPACING * (0.75 + jitter / 2)
            connection.execute(sa.update(channel_backoff).where(here).values(next_at=following))
        return PostTurn(at)


def _reserve_within(
    connection: Connection, channel: str, limits: PostLimits, now: datetime, latest: datetime
) -> datetime:
    """The first time from now on at which the limits let a post leave; written down if that is not after `latest`."""
    here = channel_turns.c.channel == channel
    known = connection.execute(sa.select(channel_turns.c.taken).where(here)).scalar()
    # A turn that lies far ahead was taken by a clock that went wrong.
    taken = sorted(at for at in known or () if at <= (now + LONGEST_TURN).timestamp())
    at = now.timestamp()
    if taken:
        at = max(at, taken[-1] + limits.spacing.total_seconds())
    for rate in limits.rates:
        if len(taken) >= rate.most:
            at = max(at, taken[-rate.most] + rate.per.total_seconds())
    if at <= latest.timestamp():
        kept = [*taken, at][-max([1, *(rate.most for rate in limits.rates)]) :]
        if known is None:
            connection.execute(sa.insert(channel_turns).values(channel=channel, taken=kept))
        else:
            connection.execute(sa.update(channel_turns).where(here).values(taken=kept))
    return max(now, datetime.fromtimestamp(at, UTC))


def end_backoff(connection: Connection, channel: str) -> bool:
    """Let a channel go on at once; False where it was not backing off."""
    end_stop(connection, channel)
    return connection.execute(sa.delete(channel_backoff).where(channel_backoff.c.channel == channel)).rowcount == 1


# -- what only staff can mend ------------------------------------------------------------------------------------------


def stop(connection: Connection, channel: str, until: datetime, now: datetime) -> None:
    """A channel was refused for what only staff can mend: let no process try it before a time, or it would be refused as
    often as there are processes."""
    here = stopped_channels.c.channel == channel
    values = {"until": until, "since": now}
    if not connection.execute(sa.update(stopped_channels).where(here).values(values)).rowcount:
        connection.execute(sa.insert(stopped_channels).values(channel=channel, **values))


def end_stop(connection: Connection, channel: str) -> None:
    """Staff have mended it, or it was found to work."""
    connection.execute(sa.delete(stopped_channels).where(stopped_channels.c.channel == channel))


def list_stopped(connection: Connection, now: datetime, started: datetime) -> set[str]:
    """The channels that are stopped for a process that was started at a time: not those that were stopped before, as staff
    may have mended them since."""
    query = sa.select(stopped_channels.c.channel).where(
        stopped_channels.c.until > now, stopped_channels.c.since >= started, stopped_channels.c.since <= now
    )
    return set(connection.execute(query).scalars())


# -- failures ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ChannelFault:
    """The last failure of a channel as a whole: what it was, since when it is so, and when it was last seen."""

    channel: str
    text: str
    since: datetime
    at: datetime

    def concerns(self, row: Delivery) -> bool:
        """Whether it is the last that is known of a row: one that was due then, and has not been tried since."""
        if row.channel != self.channel or (row.updated is not None and row.updated > self.at):
            return False
        if row.state is DeliveryState.DEFERRED:
            return row.due is None or row.due <= self.at
        return row.state is DeliveryState.PENDING


def record_fault(connection: Connection, channel: str, text: str, now: datetime) -> None:
    """Record that a channel has failed. The same fault within a minute is not recorded again: a server that is down is
    asked every few seconds."""
    known = faults_by_channel(connection).get(channel)
    if known is None:
        values = {"channel": channel, "fault": text, "since": now, "at": now}
        connection.execute(sa.insert(channel_faults).values(values))
    elif known.text != text or not timedelta() <= now - known.at < _SAME:
        connection.execute(
            sa.update(channel_faults).where(channel_faults.c.channel == channel).values(fault=text, at=now)
        )


def clear_fault(connection: Connection, channel: str) -> None:
    """Forget a failure: the channel has carried something again."""
    end_stop(connection, channel)
    connection.execute(sa.delete(channel_faults).where(channel_faults.c.channel == channel))


def faults_by_channel(connection: Connection) -> dict[str, ChannelFault]:
    """The channels that failed when they last tried, by name."""
    return {
        row.channel: ChannelFault(row.channel, row.fault, row.since, row.at)
        for row in connection.execute(sa.select(channel_faults))
    }
