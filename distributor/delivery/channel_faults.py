"""Why a channel could carry nothing when it last tried: a refused connection, a refused login, a server that answers "not
now" to everybody. It counts against no delivery, so no row of the ledger can hold it. Every statement about it is here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from ..model import Delivery, DeliveryState
from ..storage.tables import channel_faults

_SAME = timedelta(minutes=1)  # within which a fault that stays the same is not written down again


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
    """Write down that a channel has failed. The same fault within a minute is not written again: a server that is down is
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
    """The channel has carried something again."""
    connection.execute(sa.delete(channel_faults).where(channel_faults.c.channel == channel))


def faults_by_channel(connection: Connection) -> dict[str, ChannelFault]:
    """The channels that failed when they last tried, by name."""
    return {
        row.channel: ChannelFault(row.channel, row.fault, row.since, row.at)
        for row in connection.execute(sa.select(channel_faults))
    }
