"""What is done about once an hour: whoever has not confirmed is reminded once, and what is over is deleted."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta

from ..bounces import provider_events
from ..delivery import outbox
from ..editions.shown_images import find_shown_images
from ..newsroom import Newsroom
from ..storage.database import Database
from ..subscribers import address_changes
from .deliver import check_may_send
from .signup import tend_signups

log = logging.getLogger("distributor.service")

EVERY = timedelta(hours=1)
OUTBOX_KEPT = timedelta(days=30)  # what was sent, for `outbox`, `why` and bounces

Step = Callable[[Newsroom, Database, datetime], int]


def keep_house(newsroom: Newsroom, database: Database, now: datetime) -> dict[str, int]:
    """Do it; returns how many rows each step has dealt with, without those that have found nothing. Each step is a
    transaction of its own. Raises StoreError."""
    check_may_send(newsroom, database, now)
    counts = {name: step(newsroom, database, now) for name, step in _STEPS.items()}
    return {name: count for name, count in counts.items() if count}


def _delete_sent(_: Newsroom, database: Database, now: datetime) -> int:
    with database.write() as connection:
        return outbox.delete_finished(connection, now - OUTBOX_KEPT)


def _delete_reports(_: Newsroom, database: Database, now: datetime) -> int:
    with database.write() as connection:
        return provider_events.delete_old(connection, now)


def _delete_address_changes(_: Newsroom, database: Database, now: datetime) -> int:
    with database.write() as connection:
        return address_changes.delete_expired(connection, now)


def _delete_images(newsroom: Newsroom, database: Database, now: datetime) -> int:
    """Delete images that nobody needs any more; what cannot be deleted is tried again."""

    def shown(names: Collection[str]) -> Collection[str]:
        with database.read() as connection:
            return find_shown_images(connection, names)

    try:
        return newsroom.images.cache.sweep(now, shown) if newsroom.images else 0
    except OSError as error:
        log.warning("old images cannot be deleted: %s: %s", error.filename, error.strerror or error)
        return 0


_STEPS: Mapping[str, Step] = {
    "sign-ups reminded": tend_signups,
    "old messages of the outbox deleted": _delete_sent,
    "old reports of providers deleted": _delete_reports,
    "unconfirmed changes of address deleted": _delete_address_changes,
    "old images deleted": _delete_images,
}
