"""Which of our image files the editions of the store show. Those must stay: sent emails and past editions have them."""

from __future__ import annotations

import re
from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy import Connection

from ..storage.tables import editions

_BATCH = 20  # contents of editions that are held in memory at the same time
_NAME = re.compile(r"/([0-9a-f]{32}\.(?:jpg|png))\"")


def find_shown_images(connection: Connection, names: Collection[str]) -> set[str]:
    """Those of these file names that stand in an edition."""
    wanted, shown = set(names), set[str]()
    rows = connection.execute(sa.select(editions.c.content), execution_options={"yield_per": _BATCH})
    for (content,) in rows:
        shown |= wanted.intersection(_NAME.findall(content))
    return shown
