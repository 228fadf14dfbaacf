"""Rows of the ledger that are too old to be kept: counted, then deleted, in batches that are each correct by themselves.

Only emails to subscribers go, of editions that have long come to an end. A batch adds to the counts what it deletes, in one
transaction, so the counts of an edition are the same before, in the middle and after, and whoever is killed goes on later.
What stays: posts with their receipts, which corrections need; the email of the whole edition, which the archive shows; the
first shard of each channel, which says that the edition had something for it.

The edition that has the newest row stays whole: SQLite gives the number of a deleted row again where it was the highest, and
numbers stand in the addresses that bounces of old emails come back to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ..model import EditionState
from ..storage import partitions
from ..storage.partitions import EndedPart
from ..storage.statements import insert_into, is_number_one_of
from ..storage.tables import deliveries, delivery_counts, editions, renditions, shards

BATCH = 2000  # rows that are deleted in one transaction
WHOLE_EDITION = "digest"  # the variant of the email that holds the whole edition (`Edition.variant`)
_ENDED = (EditionState.DONE, EditionState.CANCELLED)


def list_prunable(connection: Connection, before: datetime) -> list[str]:
    """The editions that came to an end before a time and whose emails still have their rows, oldest first."""
    newest = sa.select(deliveries.c.edition_id).order_by(deliveries.c.id.desc()).limit(1)
    kept = connection.execute(newest).scalar()
    query = sa.select(editions.c.id).where(_is_prunable(before)).order_by(editions.c.done_at, editions.c.id)
    return [id for id in connection.execute(query).scalars() if id != kept]


def count_rows(connection: Connection, edition: str) -> int:
    """How many rows of an edition would be deleted."""
    query = sa.select(sa.func.count()).select_from(deliveries)
    number: int = connection.execute(query.where(_emails_of(edition))).scalar_one()
    return number


def prune_batch(connection: Connection, edition: str, before: datetime, most: int) -> int | None:
    """Delete some rows of an edition, and count them; returns how many, fewer than `most` where these were the last. None
    where it is not to be pruned any more: staff send it again, for instance."""
    if (
        connection.execute(sa.select(editions.c.id).where(editions.c.id == edition, _is_prunable(before))).first()
        is None
    ):
        return None
    columns = (deliveries.c.id, deliveries.c.channel, deliveries.c.variant, deliveries.c.state)
    rows = connection.execute(sa.select(*columns).where(_emails_of(edition)).limit(most)).all()
    if rows:
        add_counts(connection, edition, Counter((row.channel, row.variant, row.state) for row in rows))
        found = is_number_one_of(connection, deliveries.c.id, [row.id for row in rows])
        connection.execute(sa.delete(deliveries).where(found))
    return len(rows)


def add_counts(connection: Connection, edition: str, numbers: Counter[tuple[str, str, str]]) -> None:
    """Add to the counts of an edition: numbers by channel, variant and state."""
    insert = insert_into(connection, delivery_counts)
    total = delivery_counts.c.number + insert.excluded.number
    keys = list(delivery_counts.primary_key.columns)
    statement = insert.on_conflict_do_update(index_elements=keys, set_={"number": total})
    names = ("channel", "variant", "state")
    rows = [{"edition_id": edition, **dict(zip(names, key, strict=True)), "number": n} for key, n in numbers.items()]
    connection.execute(statement, rows)


def finish_pruning(connection: Connection, edition: str, now: datetime) -> None:
    """Delete what belongs to the emails of an edition whose rows are gone, and write down that they are."""
    lowest = shards.alias()
    first = sa.select(sa.func.min(lowest.c.shard)).where(
        lowest.c.edition_id == edition, lowest.c.channel == shards.c.channel
    )
    rows = sa.select(deliveries.c.id).where(
        deliveries.c.edition_id == shards.c.edition_id, deliveries.c.shard == shards.c.shard
    )
    needless = (shards.c.edition_id == edition) & (shards.c.shard > first.scalar_subquery()) & ~rows.exists()
    connection.execute(sa.delete(shards).where(needless))
    written_to = sa.select(delivery_counts.c.channel).where(delivery_counts.c.edition_id == edition)
    segments = (renditions.c.variant != WHOLE_EDITION) & renditions.c.channel.in_(written_to)
    connection.execute(sa.delete(renditions).where(renditions.c.edition_id == edition, segments))
    connection.execute(sa.update(editions).where(editions.c.id == edition).values(pruned_at=now))


# -- whole parts -------------------------------------------------------------------------------------------------------


def list_whole_parts(connection: Connection, before: datetime) -> tuple[list[EndedPart], set[str]]:
    """The parts of PostgreSQL that can be dropped, as all in them is over; and the editions that wait for the rest of their
    part, which they do for a month at most: then they are pruned row by row."""
    over = set(list_prunable(connection, before))
    lately = over.difference(list_prunable(connection, before - partitions.AGE))
    whole, waiting = [], set[str]()
    for part in partitions.list_ended_parts(connection):
        posts = sa.select(deliveries.c.id).where(partitions.in_part(part.number), deliveries.c.recipient == "")
        if over.issuperset(part.editions) and connection.execute(posts.limit(1)).first() is None:
            whole.append(part)
        else:
            waiting |= lately.intersection(part.editions)
    return whole, waiting


def count_part(connection: Connection, part: EndedPart) -> dict[str, Counter[tuple[str, str, str]]]:
    """The numbers of the emails in a part by channel, variant and state, for each edition. Reads all of it."""
    columns = (deliveries.c.edition_id, deliveries.c.channel, deliveries.c.variant, deliveries.c.state)
    query = sa.select(*columns, sa.func.count()).where(partitions.in_part(part.number)).group_by(*columns)
    found: dict[str, Counter[tuple[str, str, str]]] = {}
    for edition, channel, variant, state, number in connection.execute(query):
        found.setdefault(edition, Counter())[(channel, variant, state)] = number
    return found


def drop_part(
    connection: Connection,
    part: EndedPart,
    numbers: dict[str, Counter[tuple[str, str, str]]],
    before: datetime,
    now: datetime,
) -> bool:
    """Drop a part whose rows were counted; False where something in it is not over any more: staff send it again, or an
    edition that had taken its numbers before the part ended is there only now. What was counted has not changed otherwise,
    as all in it has come to an end. In a transaction that has locked the part, so that whoever wrote rows into it is done,
    and has the store to itself since. Raises StoreError."""
    there = partitions.list_editions(connection, part.number)
    if there != part.editions or not set(list_prunable(connection, before)).issuperset(there):
        return False
    for edition, counted in numbers.items():
        add_counts(connection, edition, counted)
    partitions.drop_part(connection, part.number)
    for edition in numbers:
        finish_pruning(connection, edition, now)
    return True


# -- conditions --------------------------------------------------------------------------------------------------------


def _is_prunable(before: datetime) -> sa.ColumnElement[bool]:
    open_shards = sa.select(shards.c.shard).where(shards.c.edition_id == editions.c.id)
    open_shards = open_shards.where(shards.c.due.is_not(None) | (shards.c.owner != ""))
    ended = editions.c.state.in_(_ENDED) & (editions.c.done_at < before) & editions.c.pruned_at.is_(None)
    return ended & ~open_shards.exists()


def _emails_of(edition: str) -> sa.ColumnElement[bool]:
    return (deliveries.c.edition_id == edition) & (deliveries.c.recipient != "")


# -- what is known of what was pruned ----------------------------------------------------------------------------------


def list_counts(connection: Connection, edition: str) -> Sequence[sa.Row[Any]]:
    """What is left of the emails of an edition: rows of channel, variant, state, number."""
    columns = (delivery_counts.c[name] for name in ("channel", "variant", "state", "number"))
    query = sa.select(*columns).where(delivery_counts.c.edition_id == edition)
    return connection.execute(query.order_by(delivery_counts.c.channel, delivery_counts.c.variant)).all()


def list_pruned(connection: Connection, among: Collection[str]) -> list[str]:
    """Those of these editions of whose emails only the counts are known."""
    counted = sa.select(delivery_counts.c.edition_id).where(delivery_counts.c.edition_id == editions.c.id)
    query = sa.select(editions.c.id).where(editions.c.id.in_(list(among)), editions.c.pruned_at.is_not(None))
    return list(connection.execute(query.where(counted.exists()).order_by(editions.c.id)).scalars())
