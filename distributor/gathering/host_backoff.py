"""Servers that ask to be left alone for a while: until when, kept from look to look and from process to process.

What they ask for is pure (`asked_for`); every statement about the rows is here. A wait belongs to a host and not to a
source: two sources of one portal ask the same server.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from ..storage.tables import host_backoff

LONGEST = timedelta(days=1)  # whatever a server asks for, it is tried again the day after


def parse_retry_after(retry_after: str, now: datetime, date: str = "") -> datetime | None:
    """Until when a server asks to wait by its Retry-After, in seconds or as a date (RFC 9110, section 10.2.3); at most
    LONGEST from now. None where it asks for nothing, or nobody can tell for what.

    `date` is the answer's own Date: a clock of a server that is wrong says all the same how long it wants to wait.
    """
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        wait = timedelta(seconds=min(int(text[:12]), LONGEST.total_seconds()))
    else:
        until = _moment(text)
        if until is None:
            return None
        wait = until - (_moment(date) or now)
    return now + min(wait, LONGEST) if wait > timedelta(0) else None


def find_backoff(waits: Mapping[str, datetime], host: str, now: datetime) -> datetime | None:
    """Until when a host is to be left alone; None where it is not. A time that is further away than any wait comes from a
    clock that was ahead, and counts for nothing."""
    until = waits.get(host)
    return until if until and now < until <= now + LONGEST else None


def _moment(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text[:100])
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def load_backoffs(connection: Connection, now: datetime) -> dict[str, datetime]:
    """The hosts that are to be left alone now, each with until when."""
    rows = connection.execute(sa.select(host_backoff).where(host_backoff.c.until > now))
    return {row.host: row.until for row in rows}


def save_backoffs(connection: Connection, fresh: Mapping[str, datetime], now: datetime) -> None:
    """Write down what hosts have asked for, and forget what is over."""
    connection.execute(
        sa.delete(host_backoff).where((host_backoff.c.until <= now) | host_backoff.c.host.in_(list(fresh)))
    )
    if fresh:
        connection.execute(sa.insert(host_backoff), [{"host": host, "until": until} for host, until in fresh.items()])
