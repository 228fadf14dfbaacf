"""Lists of editions, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from ..model import EditionState
from ..storage.rows import read_rows
from ..storage.tables import editions
from .repository import EditionRow


def list_editions_after(
    connection: Connection,
    limit: int,
    newsletters: Sequence[str],
    states: Sequence[EditionState] = (),
    after: tuple[datetime, str] | None = None,
) -> list[EditionRow]:
    """A page of the editions of these newsletters, newest first: those behind `after`, the time and id of the last one of
    the page before."""
    columns = [editions.c[name] for name in EditionRow.__slots__]
    query = sa.select(*columns).where(editions.c.newsletter.in_(newsletters))
    if states:
        query = query.where(editions.c.state.in_(states))
    if after:
        at, id = after
        query = query.where((editions.c.frozen_at < at) | ((editions.c.frozen_at == at) & (editions.c.id > id)))
    query = query.order_by(editions.c.frozen_at.desc(), editions.c.id).limit(limit)
    return read_rows(connection, query, editions.c.id, lambda row: EditionRow(*tuple(row)), "edition")
