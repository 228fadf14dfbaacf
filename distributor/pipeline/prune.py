"""What is too old to be kept, as `retention` in config.yaml says: found, and deleted while everything else goes on.

Each transaction deletes so little that other writers wait for a fraction of a second, and between two of them others get
their turn. Whatever stops it, the next run goes on where it was. What is never deleted: articles and what became of them,
slots, editions with their texts and history, posts with their receipts, subscribers, consents, opt-outs, old_bounces.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from ..bounces import old_bounces, provider_events
from ..delivery import outbox, pruning
from ..editions.shown_images import find_shown_images
from ..errors import StoreError, StoreLost
from ..newsroom import Newsroom
from ..storage import free_space
from ..storage.database import Database
from ..storage.partitions import EndedPart, begin_next_part, lock_part

log = logging.getLogger("distributor.service")

_LONGEST_REST = 0.2  # seconds between two transactions
_FREE_SHARE = 0.2  # of a file of SQLite that may be empty before it is made smaller: what is deleted is filled again
_PAGES = 2000  # that a file becomes smaller in one transaction

Progress = Callable[[str, int, int], None]  # what, how many of it are done, how many there are
Stopped = Callable[[], bool]
_Find = Callable[[Connection, datetime, int], list[int]]  # numbers of rows that are older than a time, so many at most
_Delete = Callable[[Connection, datetime, Sequence[int]], int]  # deletes those of these rows that still are


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneReport:
    """What was deleted, or would be: how many by what they are (`deliveries`, `bounces` …). `editions` are those whose
    emails are concerned, `freed` the octets that the disk has again, `stopped`: something is left."""

    removed: dict[str, int] = field(default_factory=dict)
    editions: tuple[str, ...] = ()
    freed: int = 0
    stopped: bool = False


def find_prunable(newsroom: Newsroom, database: Database, now: datetime) -> PruneReport:
    """What `prune_store` would delete, without images. Reads every row of it."""
    kept = newsroom.settings.retention
    with database.read(long=True) as connection:
        _, waiting = pruning.list_whole_parts(connection, now - kept.deliveries)
        ids = [id for id in pruning.list_prunable(connection, now - kept.deliveries) if id not in waiting]
        rows = {id: pruning.count_rows(connection, id) for id in ids}
        removed = {
            "deliveries": sum(rows.values()),
            "bounces": old_bounces.count_old_bounces(connection, now - kept.bounces),
            "messages of the outbox": outbox.count_finished(connection, now - kept.outbox),
            "reports of providers": provider_events.count_old(connection, now - kept.reports),
        }
    return PruneReport(removed=removed, editions=tuple(id for id, number in rows.items() if number))


def prune_store(
    newsroom: Newsroom,
    database: Database,
    now: datetime,
    *,
    stopped: Stopped = lambda: False,
    progress: Progress = lambda *_: None,
    total: int = 0,
) -> PruneReport:
    """Delete what is too old. `total` is how many deliveries there are to delete, for `progress`. Raises StoreError."""
    kept = newsroom.settings.retention
    with database.write() as connection:
        begin_next_part(connection, now)
    removed, pruned = _prune_deliveries(
        newsroom, database, now, stopped, lambda done: progress("deliveries", done, total)
    )
    counts = {"deliveries": removed}

    def listed(find: _Find, delete: _Delete, age: timedelta) -> Callable[[], int]:
        return lambda: _delete_listed(database, find, delete, now - age, stopped)

    steps: dict[str, Callable[[], int]] = {
        "bounces": lambda: _delete_bounces(database, now - kept.bounces, stopped),
        "messages of the outbox": listed(outbox.list_finished, outbox.delete_finished, kept.outbox),
        "reports of providers": listed(provider_events.list_old, provider_events.delete_old, kept.reports),
        "images": lambda: _delete_images(newsroom, database, now),
    }
    for name, delete in steps.items():
        counts[name] = delete() if not stopped() else 0
    freed = _give_back(database, stopped)
    return PruneReport(removed=counts, editions=tuple(pruned), freed=freed, stopped=stopped())


def _prune_deliveries(
    newsroom: Newsroom, database: Database, now: datetime, stopped: Stopped, told: Callable[[int], None]
) -> tuple[int, list[str]]:
    before = now - newsroom.settings.retention.deliveries
    with database.read(long=True) as connection:
        parts, waiting = pruning.list_whole_parts(connection, before)
    removed, pruned = 0, list[str]()
    for part in parts:
        if not stopped() and (dropped := _drop_part(database, part, before, now)):
            removed, pruned = removed + dropped, [*pruned, *part.editions]
            told(removed)
        waiting.update(part.editions)  # for the next run, where it could not be dropped
    with database.read() as connection:
        found = [id for id in pruning.list_prunable(connection, before) if id not in waiting]
    for edition in found:
        number = 0
        while not stopped():
            began = time.monotonic()
            with database.write() as connection:
                deleted = pruning.prune_batch(connection, edition, before, pruning.BATCH)
                if deleted is not None and deleted < pruning.BATCH:
                    pruning.finish_pruning(connection, edition, now)
            number += deleted or 0
            told(removed + number)
            if deleted is None or deleted < pruning.BATCH:
                break
            _rest(began)
        removed += number
        pruned += [edition] if number else []
    return removed, pruned


def _drop_part(database: Database, part: EndedPart, before: datetime, now: datetime) -> int:
    """Drop a partition of PostgreSQL with all its rows; returns how many, 0 where it cannot be dropped now."""
    with database.read(long=True) as connection:
        numbers = pruning.count_part(connection, part)
    try:
        with database.write(alone=False) as connection:
            # In this order: an edition that writes its rows and waits to be alone would wait for us, and we for it.
            lock_part(connection, part.number)
            database.become_alone_at_once(connection)
            dropped = pruning.drop_part(connection, part, numbers, before, now)
    except StoreLost:
        raise
    except StoreError as busy:  # somebody uses the ledger for longer than others may wait behind us
        log.info("old deliveries are dropped later: %s", busy)
        return 0
    return sum(counted.total() for counted in numbers.values()) if dropped else 0


def _delete_bounces(database: Database, before: datetime, stopped: Stopped) -> int:
    removed = 0
    while not stopped():
        began = time.monotonic()
        with database.write() as connection:
            deleted = old_bounces.delete_old_bounces(connection, before, pruning.BATCH)
        removed += deleted
        if deleted < pruning.BATCH:
            break
        _rest(began)
    return removed


def _delete_listed(database: Database, find: _Find, delete: _Delete, before: datetime, stopped: Stopped) -> int:
    """Delete rows that are looked for first, while others write: they may be among many that stay."""
    removed = 0
    while not stopped():
        with database.read(long=True) as connection:
            found = find(connection, before, pruning.BATCH)
        if not found:
            break
        began = time.monotonic()
        with database.write() as connection:
            removed += delete(connection, before, found)
        if len(found) < pruning.BATCH:
            break
        _rest(began)
    return removed


def _delete_images(newsroom: Newsroom, database: Database, now: datetime) -> int:
    """Delete images that nobody needs any more; what cannot be deleted is tried again."""

    def shown(names: Collection[str]) -> Collection[str]:
        with database.read() as connection:
            return find_shown_images(connection, names)

    try:
        kept = newsroom.settings.retention.images
        return newsroom.images.cache.sweep(now, shown, kept) if newsroom.images else 0
    except OSError as error:
        log.warning("old images cannot be deleted: %s: %s", error.filename, error.strerror or error)
        return 0


def _give_back(database: Database, stopped: Stopped) -> int:
    """Make a file of SQLite smaller where much of it is empty; returns by how many octets."""
    freed = 0
    while not stopped():
        began = time.monotonic()
        with database.read() as connection:
            if free_space.free_share(connection) <= _FREE_SHARE:
                break
        with database.write() as connection:
            given = free_space.give_back(connection, _PAGES)
        if not given:
            break
        freed += given
        _rest(began)
    return freed


def _rest(began: float) -> None:
    """Let others write for as long as the last transaction took: SQLite gives the store to whoever asks at that moment."""
    time.sleep(min(time.monotonic() - began, _LONGEST_REST))
