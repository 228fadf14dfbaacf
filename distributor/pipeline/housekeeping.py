"""What is done about once an hour: whoever has not confirmed is reminded once, and what is over is deleted."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from ..newsroom import Newsroom
from ..storage.database import Database
from ..subscribers import address_changes
from . import prune
from .deliver import check_may_send
from .signup import tend_signups

log = logging.getLogger("distributor.service")

EVERY = timedelta(hours=1)
Step = Callable[[Newsroom, Database, datetime], int]


def keep_house(
    newsroom: Newsroom, database: Database, now: datetime, stopped: Callable[[], bool] = lambda: False
) -> dict[str, int]:
    """Do it; returns how many rows each step has dealt with, without those that have found nothing. Each step is a
    transaction of its own, or many short ones, which come to an end once it is `stopped`. Raises StoreError."""
    check_may_send(newsroom, database, now)
    counts = {name: step(newsroom, database, now) for name, step in _STEPS.items()}
    removed = prune.prune_store(newsroom, database, now, stopped=stopped).removed
    counts |= {f"old {name} deleted": count for name, count in removed.items()}
    return {name: count for name, count in counts.items() if count}


def _delete_address_changes(_: Newsroom, database: Database, now: datetime) -> int:
    with database.write() as connection:
        return address_changes.delete_expired(connection, now)


_STEPS: Mapping[str, Step] = {
    "sign-ups reminded": tend_signups,
    "unconfirmed changes of address deleted": _delete_address_changes,
}
