"""What the store remembers of each source: when it was read, how that ended, and what its server gave to ask for changes.
Every statement about it is here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ..credentials import remove_credentials
from ..source import Validators
from ..storage.tables import http_validators, sources


@dataclass(frozen=True, slots=True)
class SourceState:
    """What the store remembers of a source."""

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


def save_fault(connection: Connection, name: str, fault: str, now: datetime) -> bool:
    """Remember how a look ended (`fault` empty: well). Returns whether this is worth telling: it was not so before."""
    state = load_source_state(connection, name)
    changed = fault != state.fault
    values: dict[str, Any] = {"last_read": now, "fault": fault}
    if changed:
        values["fault_since"] = now if fault else None
    if not fault:
        values["last_good"] = now
    save_source_state(connection, name, state, values)
    return changed


def save_source_state(connection: Connection, name: str, state: SourceState, values: Mapping[str, Any]) -> None:
    if state.last_read is None and state.first_read is None:
        connection.execute(sa.insert(sources).values({"name": name, "fault": "", **values}))
    else:
        connection.execute(sa.update(sources).where(sources.c.name == name).values(values))


def load_validators(connection: Connection, source: str) -> dict[str, Validators]:
    rows = connection.execute(sa.select(http_validators).where(http_validators.c.source == source))
    return {row.url: Validators(etag=row.etag, last_modified=row.last_modified) for row in rows}


def save_validators(connection: Connection, source: str, fresh: Mapping[str, Validators]) -> None:
    for url, value in {remove_credentials(url): value for url, value in fresh.items()}.items():
        here = (http_validators.c.source == source) & (http_validators.c.url == url)
        values = {"etag": value.etag, "last_modified": value.last_modified}
        if not connection.execute(sa.update(http_validators).where(here).values(values)).rowcount:
            connection.execute(sa.insert(http_validators).values(source=source, url=url, **values))
