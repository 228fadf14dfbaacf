"""Who is sending from a store at the moment: processes that hold a shard of the ledger, or a message of the outbox."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from ..storage.tables import shards
from ..storage.web_tables import outbox
from .lease import owner_is_dead
from .outbox import LEASE, OutboxState


def list_senders(connection: Connection, now: datetime) -> list[str]:
    """The owners whose leases run, but for those of this machine that are dead."""
    held = sa.select(shards.c.owner).where(shards.c.owner > "", shards.c.lease_until > now)
    in_hand = sa.select(outbox.c.owner).where(outbox.c.state == OutboxState.SENDING, outbox.c.updated > now - LEASE)
    found = {*connection.execute(held.distinct()).scalars(), *connection.execute(in_hand.distinct()).scalars()}
    return sorted(owner for owner in found if not owner_is_dead(owner))
