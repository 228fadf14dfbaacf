"""What persons have asked about their data, and until when the law wants an answer.

Decree 356/2025, article 5: an answer within 2 working days; withdrawing consent, limiting and objecting done within 15 days,
seeing and correcting within 10, erasing within 20. The GDPR's month (article 12) is longer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection

from ..storage.rows import enum_member, read_rows
from ..storage.web_tables import data_requests

ANSWER_WITHIN = 2  # working days
_SATURDAY = 5


class RequestKind(StrEnum):
    """What is asked for."""

    ACCESS = "access"  # a copy of their data
    CORRECT = "correct"
    WITHDRAW = "withdraw"  # their consent
    RESTRICT = "restrict"
    OBJECT = "object"
    ERASE = "erase"


DONE_WITHIN = {
    RequestKind.ACCESS: timedelta(days=10),
    RequestKind.CORRECT: timedelta(days=10),
    RequestKind.WITHDRAW: timedelta(days=15),
    RequestKind.RESTRICT: timedelta(days=15),
    RequestKind.OBJECT: timedelta(days=15),
    RequestKind.ERASE: timedelta(days=20),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRequest:
    """A request. `via` says how it came (`link`, `staff`); `due_at` is until when it must be done, `done_at` when it was."""

    id: int = 0
    subscriber: str = ""
    address: str = ""
    kind: RequestKind
    via: str
    asked_at: datetime
    due_at: datetime
    done_at: datetime | None = None
    actor: str = ""
    note: str = ""

    def is_overdue(self, now: datetime) -> bool:
        return self.done_at is None and now > self.due_at

    def lacks_answer(self, now: datetime, zone: ZoneInfo) -> bool:
        """Whether it should have been answered by now."""
        return self.done_at is None and now > answer_due(self.asked_at, zone)


def answer_due(asked_at: datetime, zone: ZoneInfo) -> datetime:
    """Until when a request must be answered: the same time, two working days later. Holidays count as working days, which
    is the safe side."""
    day = asked_at.astimezone(zone)
    left = ANSWER_WITHIN
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < _SATURDAY
    return day


def new_request(
    kind: RequestKind, address: str, now: datetime, *, via: str, subscriber: str = "", note: str = ""
) -> DataRequest:
    """A request that comes in now."""
    return DataRequest(
        subscriber=subscriber,
        address=address,
        kind=kind,
        via=via,
        asked_at=now,
        due_at=now + DONE_WITHIN[kind],
        note=note,
    )


def record(connection: Connection, request: DataRequest) -> int:
    """Write a request down; returns its number."""
    values = {
        "subscriber_id": request.subscriber,
        "address": request.address,
        "kind": request.kind,
        "via": request.via,
        "asked_at": request.asked_at,
        "due_at": request.due_at,
        "done_at": request.done_at,
        "actor": request.actor,
        "note": request.note,
    }
    fresh = sa.insert(data_requests).values(values).returning(data_requests.c.id)
    id: int = connection.execute(fresh).scalar_one()
    return id


def close(connection: Connection, id: int, actor: str, note: str, now: datetime) -> bool:
    """Record that a request is done; without a note, the one of its beginning stays. False where there is no such open
    request."""
    here = (data_requests.c.id == id) & data_requests.c.done_at.is_(None)
    said = {"note": note} if note else {}
    return (
        connection.execute(sa.update(data_requests).where(here).values(done_at=now, actor=actor, **said)).rowcount == 1
    )


def list_requests(connection: Connection, *, done: bool = False) -> list[DataRequest]:
    """The open requests, or all of them with `done`, those that are due first."""
    query = sa.select(data_requests).order_by(data_requests.c.done_at.is_not(None), data_requests.c.due_at)
    if not done:
        query = query.where(data_requests.c.done_at.is_(None))
    return list(read_rows(connection, query, data_requests.c.id, _request, "data request"))


def _request(row: sa.Row[Any]) -> DataRequest:
    return DataRequest(
        id=row.id,
        subscriber=row.subscriber_id,
        address=row.address,
        kind=enum_member(RequestKind, row.kind, "data request", row.id),
        via=row.via,
        asked_at=row.asked_at,
        due_at=row.due_at,
        done_at=row.done_at,
        actor=row.actor,
        note=row.note,
    )
