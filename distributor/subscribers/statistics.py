"""How many have joined and left a newsletter."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from ..storage.tables import opt_outs, subscriptions


def count_subscribed(connection: Connection, newsletter: str, since: datetime | None = None) -> int:
    """How many are subscribed now; with `since`, those of them who have joined since then."""
    query = sa.select(sa.func.count()).where(subscriptions.c.newsletter == newsletter)
    query = query.where(subscriptions.c.since >= since) if since else query
    return connection.execute(query).scalar_one()


def count_left(connection: Connection, newsletter: str, since: datetime) -> int:
    """How many opt-outs of a newsletter there have been since then; those of all newsletters are not among them."""
    query = sa.select(sa.func.count()).where(opt_outs.c.newsletter == newsletter, opt_outs.c.at >= since)
    return connection.execute(query).scalar_one()
