"""Below which addresses the links in sent emails lie: they are made at sending, so no edition keeps them. Whoever changes
`web.url` learns from it which links would be dead."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from .database import Database
from .statements import insert_into
from .tables import link_addresses

STEP = timedelta(days=1)  # how exact the time of the last email is


@dataclass(frozen=True, slots=True)
class LinkAddress:
    """An address, and when the first and the last email with links there were sent, to a day."""

    address: str
    first_sent: datetime
    last_sent: datetime


class LinkAddressNotes:
    """Writes down the address of the links that are being sent: once a day, so that it costs nothing."""

    def __init__(self, database: Database, address: str) -> None:
        self._database, self._address = database, address
        self._next: datetime | None = None
        self._lock = threading.Lock()

    def note(self, now: datetime) -> None:
        with self._lock:
            if self._next is not None and now < self._next:
                return
            with self._database.write() as connection:
                record(connection, self._address, now)
            self._next = now + STEP


def record(connection: Connection, address: str, now: datetime) -> None:
    """Emails with links below this address are being sent."""
    row = insert_into(connection, link_addresses).values(address=address, first_sent=now, last_sent=now)
    connection.execute(row.on_conflict_do_update(index_elements=["address"], set_={"last_sent": now}))


def list_others(connection: Connection, address: str) -> Sequence[LinkAddress]:
    """All addresses but this one, the earliest first."""
    query = sa.select(link_addresses).where(link_addresses.c.address != address).order_by(link_addresses.c.first_sent)
    return [LinkAddress(row.address, row.first_sent, row.last_sent) for row in connection.execute(query)]
