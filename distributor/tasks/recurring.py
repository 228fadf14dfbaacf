"""What is done every so often by whichever process comes first: when it was last begun, in the store."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from ..storage.database import Database
from ..storage.host_tables import recurring_work


def begin(database: Database, name: str, every: timedelta, now: datetime) -> bool:
    """Begin what is done every so often; False where it is not time yet, or another process has just begun it. A time later
    than now was written by a clock that was ahead, and does not count."""
    here = recurring_work.c.name == name
    early = here & (recurring_work.c.begun > now - every) & (recurring_work.c.begun <= now)
    with database.read() as connection:
        if connection.execute(sa.select(recurring_work.c.name).where(early)).first():
            return False
    with database.write() as connection:
        if connection.execute(sa.select(recurring_work.c.name).where(early)).first():
            return False
        if not connection.execute(sa.update(recurring_work).where(here).values(begun=now)).rowcount:
            connection.execute(sa.insert(recurring_work).values(name=name, begun=now))
        return True
