"""What the store keeps between two gathers: each source's state, validators of its pages, hosts to back off from.

A backoff belongs to a host and not to a source: two sources of one portal ask the same server.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ..credentials import remove_credentials
from ..source import Validators
from ..storage.gather_tables import host_backoff, http_validators
from ..storage.tables import sources

_AT_ONCE = 500  # names in one statement
_VALIDATORS_KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class SourceState:
    """When a source was read, how that ended, and how many articles it had."""

    name: str
    first_read: datetime | None = None
    last_read: datetime | None = None
    last_good: datetime | None = None
    fault: str = ""
    fault_since: datetime | None = None
    last_count: int = 0


def load_source_state(connection: Connection, name: str) -> SourceState:
    row = connection.execute(sa.select(sources).where(sources.c.name == name)).one_or_none()
    return SourceState(**row._mapping) if row else SourceState(name)


def list_source_states(connection: Connection) -> list[SourceState]:
    """The state of every source that was ever read."""
    return [SourceState(**row._mapping) for row in connection.execute(sa.select(sources).order_by(sources.c.name))]


def save_fault(connection: Connection, name: str, fault: str, now: datetime) -> bool:
    """Record how a gather ended (`fault` empty: well). Returns whether that has changed, so that it is worth reporting."""
    state = load_source_state(connection, name)
    changed = fault != state.fault
    values: dict[str, Any] = {"last_read": now, "fault": fault}
    if changed:
        values["fault_since"] = now if fault else None
    if not fault:
        values["last_good"] = now
    save_source_state(connection, name, state, values)
    return changed


def save_unchanged(connection: Connection, names: Collection[str], now: datetime) -> set[str]:
    """Record that these sources were read well, and had nothing new. Returns those whose fault is over with that."""
    asked, over, seen = sorted(names), set(), set()
    for some in (asked[at : at + _AT_ONCE] for at in range(0, len(asked), _AT_ONCE)):
        for row in connection.execute(sa.select(sources.c.name, sources.c.fault).where(sources.c.name.in_(some))):
            seen.add(row.name)
            if row.fault:
                over.add(row.name)
        well = sources.c.name.in_(some) & (sources.c.fault == "")
        connection.execute(sa.update(sources).where(well).values(last_read=now, last_good=now))
    for name in sorted(over | (set(asked) - seen)):
        save_fault(connection, name, "", now)
    return over


def save_source_state(connection: Connection, name: str, state: SourceState, values: Mapping[str, Any]) -> None:
    if state.last_read is None and state.first_read is None:
        connection.execute(sa.insert(sources).values({"name": name, "fault": "", **values}))
    else:
        connection.execute(sa.update(sources).where(sources.c.name == name).values(values))


def load_validators(connection: Connection, names: Collection[str]) -> dict[str, dict[str, Validators]]:
    """The validators of the last stored gather of these sources, by source and address."""
    found: dict[str, dict[str, Validators]] = {name: {} for name in names}
    asked = sorted(names)
    for some in (asked[at : at + _AT_ONCE] for at in range(0, len(asked), _AT_ONCE)):
        for row in connection.execute(sa.select(http_validators).where(http_validators.c.source.in_(some))):
            value = Validators(etag=row.etag, last_modified=row.last_modified, digest=row.digest)
            found[row.source][row.url] = value
    return found


def save_validators(connection: Connection, source: str, fresh: Mapping[str, Validators], now: datetime) -> None:
    """Keep these for the next gather, and no longer those of pages that have not changed for months: most of them are listed
    nowhere any more, and one that is still read is read once more."""
    old = (http_validators.c.source == source) & (http_validators.c.stored < now - _VALIDATORS_KEPT)
    connection.execute(sa.delete(http_validators).where(old))
    for url, value in {remove_credentials(url): value for url, value in fresh.items()}.items():
        here = (http_validators.c.source == source) & (http_validators.c.url == url)
        values = {"etag": value.etag, "last_modified": value.last_modified, "digest": value.digest, "stored": now}
        if not connection.execute(sa.update(http_validators).where(here).values(values)).rowcount:
            connection.execute(sa.insert(http_validators).values(source=source, url=url, **values))


# -- hosts that ask for a pause ----------------------------------------------------------------------------------------

MAX_BACKOFF = timedelta(days=1)  # whatever a server asks for, it is tried again the day after


def parse_retry_after(retry_after: str, now: datetime, date: str = "") -> datetime | None:
    """Until when a server asks us to wait by its Retry-After, in seconds or as a date (RFC 9110, section 10.2.3); at most
    MAX_BACKOFF from now. None where it asks for nothing that can be read.

    `date` is the Date header of the same answer: a server whose clock is wrong still says how long it wants us to wait.
    """
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        wait = timedelta(seconds=min(int(text[:12]), MAX_BACKOFF.total_seconds()))
    else:
        until = _moment(text)
        if until is None:
            return None
        wait = until - (_moment(date) or now)
    return now + min(wait, MAX_BACKOFF) if wait > timedelta(0) else None


def find_backoff(waits: Mapping[str, datetime], host: str, now: datetime) -> datetime | None:
    """Until when to back off from a host; None for no backoff. A time further away than MAX_BACKOFF comes from a clock that
    was ahead, and is ignored."""
    until = waits.get(host)
    return until if until and now < until <= now + MAX_BACKOFF else None


def _moment(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text[:100])
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def load_backoffs(connection: Connection, now: datetime) -> dict[str, datetime]:
    """The hosts to back off from now, each with until when."""
    rows = connection.execute(sa.select(host_backoff).where(host_backoff.c.until > now))
    return {row.host: row.until for row in rows}


def save_backoffs(connection: Connection, fresh: Mapping[str, datetime], now: datetime) -> None:
    """Save what hosts have asked for, and delete what is over."""
    connection.execute(
        sa.delete(host_backoff).where((host_backoff.c.until <= now) | host_backoff.c.host.in_(list(fresh)))
    )
    if fresh:
        connection.execute(sa.insert(host_backoff), [{"host": host, "until": until} for host, until in fresh.items()])
