"""Events of providers in the store: written down as they came, before they are answered, and worked later.

    waiting ──▶ done       and what it held is deleted, but for its key and a note
           └──▶ aside      it could not be worked: kept for staff

A request that comes again has the same key and changes nothing, for as long as the key is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ..storage.statements import insert_into, is_number_one_of
from ..storage.web_tables import provider_events as table
from ..text import clean_line

PAUSE = timedelta(minutes=1)  # before an event is tried again
_LONGEST_NOTE = 500


class EventState(StrEnum):
    """Where an event stands."""

    WAITING = "waiting"
    DONE = "done"
    ASIDE = "aside"


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """A request of a provider, as it was stored."""

    id: int
    provider: str
    received_at: datetime
    headers: Mapping[str, str]
    body: bytes
    note: str


def store(
    connection: Connection, provider: str, key: str, headers: Mapping[str, str], body: bytes, now: datetime
) -> bool:
    """Write a request down. False where it has come before. Correct beside other writers (`alone=False`)."""
    row = {
        "provider": provider,
        "event_key": key,
        "received_at": now,
        "headers": dict(headers),
        "body": body,
        "state": EventState.WAITING,
        "note": "",
    }
    fresh = insert_into(connection, table).values(row).on_conflict_do_nothing()
    return connection.execute(fresh.returning(table.c.id)).scalar() is not None


def list_waiting(connection: Connection, now: datetime, limit: int) -> list[StoredEvent]:
    """The events to be worked now, in the order in which they came. A time of the last try that lies ahead is a clock's."""
    rested = sa.or_(table.c.tried_at.is_(None), table.c.tried_at <= now - PAUSE, table.c.tried_at > now)
    query = sa.select(table).where(table.c.state == EventState.WAITING, rested).order_by(table.c.id).limit(limit)
    return [_event(row) for row in connection.execute(query)]


def is_waiting(connection: Connection, id: int) -> bool:
    """Whether nobody else has worked an event meanwhile; inside the transaction that works it."""
    return connection.execute(sa.select(table.c.state).where(table.c.id == id)).scalar() == EventState.WAITING


def finish(connection: Connection, id: int, note: str, now: datetime) -> None:
    """An event is worked: only its key and the note stay."""
    _update(connection, id, state=EventState.DONE, tried_at=now, note=_note(note), headers={}, body=b"")


def set_aside(connection: Connection, id: int, note: str, now: datetime) -> None:
    """An event cannot be worked; staff may look at it."""
    _update(connection, id, state=EventState.ASIDE, tried_at=now, note=_note(note))


def postpone(connection: Connection, id: int, note: str, now: datetime) -> None:
    """An event cannot be worked now; it is tried again after a pause."""
    _update(connection, id, tried_at=now, note=_note(note))


def list_aside(connection: Connection, limit: int = 100) -> list[StoredEvent]:
    """What was set aside, newest first."""
    query = sa.select(table).where(table.c.state == EventState.ASIDE).order_by(table.c.id.desc()).limit(limit)
    return [_event(row) for row in connection.execute(query)]


def retry_aside(connection: Connection) -> int:
    """Let everything that was set aside be tried again; returns how many."""
    change = sa.update(table).where(table.c.state == EventState.ASIDE)
    return connection.execute(change.values(state=EventState.WAITING, tried_at=None)).rowcount


def list_old(connection: Connection, before: datetime, most: int) -> list[int]:
    """The numbers of some of the events that were received before a time and do not wait, all of them where they are fewer
    than `most`."""
    return list(connection.execute(sa.select(table.c.id).where(_old(before)).limit(most)).scalars())


def delete_old(connection: Connection, before: datetime, ids: Sequence[int]) -> int:
    """Delete those of these events that were received before a time and do not wait; returns how many."""
    these = is_number_one_of(connection, table.c.id, ids)
    return connection.execute(sa.delete(table).where(these, _old(before))).rowcount


def count_old(connection: Connection, before: datetime) -> int:
    """How many events were received before a time and do not wait."""
    return connection.execute(sa.select(sa.func.count()).select_from(table).where(_old(before))).scalar_one()


def _old(before: datetime) -> sa.ColumnElement[bool]:
    return (table.c.received_at < before) & (table.c.state != EventState.WAITING)


def _update(connection: Connection, id: int, **values: Any) -> None:
    connection.execute(sa.update(table).where(table.c.id == id).values(**values))


def _note(text: str) -> str:
    return clean_line(text)[:_LONGEST_NOTE]


def _event(row: sa.Row[Any]) -> StoredEvent:
    headers = row.headers if isinstance(row.headers, Mapping) else {}
    return StoredEvent(row.id, row.provider, row.received_at, headers, row.body, row.note)
