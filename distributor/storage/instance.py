"""Where a store is at home, so that a copy of it, or a restored backup, cannot reach readers until told to.

The first process that is about to send writes its home down. Another home finds that it is not its own and refuses;
`distributor store claim` moves the store. A home is the `instance` of config.yaml, or the host and the folder where the
store is used: containers, whose host names change, need the name.
"""

from __future__ import annotations

import socket
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection

from ..errors import StoreError
from .database import Database
from .tables import instance


def instance_name(instance: str, folder: Path) -> str:
    """The home of this process."""
    return f"instance {instance}" if instance else f"{socket.gethostname()}:{folder.resolve()}"


def check(database: Database, where: str, now: datetime) -> None:
    """Make sure that the store is at home here; a store without a home gets one. Raises StoreError."""
    with database.read() as connection:
        known = _claimed_by(connection)
    if not known:
        with database.write() as connection:
            known = _claimed_by(connection)  # again, now that nobody else writes
            if not known:
                claim(connection, where, now)
                return
    if known != where:
        raise StoreError(
            f"this store is at home at {known}, not at {where}: nothing is sent from a copy; "
            "if it has really moved here, and the other one is switched off, run `distributor store claim`"
        )


def claim(connection: Connection, where: str, now: datetime) -> str:
    """Make this the store's home; returns where it was at home before, or nothing."""
    before = _claimed_by(connection)
    connection.execute(sa.delete(instance))
    connection.execute(sa.insert(instance).values(place=where, since=now))
    return before


def _claimed_by(connection: Connection) -> str:
    return connection.execute(sa.select(instance.c.place)).scalar() or ""
