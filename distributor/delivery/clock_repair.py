"""Taking back what was decided by a clock that was ahead, where nothing was sent by it. In the caller's transaction.

    slot without an edition            open again
    edition of a slot, nothing out     deleted with all its rows; its articles and its slot are free again
    edition with something out         stays: its slot does not come again; its times become those of today
    edition asked for by staff         stays, and goes out now
    draft released or held too early   a draft again
    delivery given up too early        enqueued again
    delivery put off, lease, backoff    as long as it was meant to be, counted from now

Afterwards `storage.clock.bring_back` sees to the times themselves. Each line that is returned reports one thing to staff.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from ..editions import article_status
from ..model import DeliveryState as S
from ..model import EditionKind, EditionState
from ..storage.all_tables import metadata
from ..storage.tables import (
    channel_backoff,
    deliveries,
    edition_events,
    editions,
    shards,
    slots,
    suppressions,
)
from .control import EXPIRED_REASON, SUPERSEDED_BY
from .lease import AT_ONCE
from .ledger import LEASE
from .queries import lock_shards

_BY_SCHEDULE = (EditionKind.DIGEST, EditionKind.DAILY, EditionKind.WEEKLY)
_REASON = "decided by a clock that was ahead"


def undo_future_decisions(connection: Connection, now: datetime) -> list[str]:
    """Undo what was decided later than `now`; returns what was done, in words."""
    lock_shards(connection, shards.c.due.is_not(None) | (shards.c.owner != ""))
    notes = _editions(connection, now)
    notes += _slots(connection, now)
    notes += _reopen_expired(connection, now)
    notes += _shorten_waits(connection, now)
    notes += _shift_suppressions(connection, now)
    return notes


# -- slots and editions ------------------------------------------------------------------------------------------------


def _slots(connection: Connection, now: datetime) -> list[str]:
    """Open the slots again that were decided as missed, or as having nothing new."""
    here = slots.c.edition_id.is_(None) & (slots.c.decided_at > now)
    query = sa.select(slots.c.newsletter, sa.func.count(), sa.func.max(slots.c.slot)).where(here)
    found = connection.execute(query.group_by(slots.c.newsletter).order_by(slots.c.newsletter)).all()
    connection.execute(sa.delete(slots).where(here))
    return [
        f"newsletter {newsletter}: slots decided before their time: {count:,} (the last: {last}); they are open again"
        for newsletter, count, last in found
    ]


def _editions(connection: Connection, now: datetime) -> list[str]:
    said_later = sa.select(edition_events.c.edition_id).where(edition_events.c.at > now)
    query = sa.select(editions).where(
        (editions.c.frozen_at > now) | (editions.c.released_at > now) | editions.c.id.in_(said_later)
    )
    notes = []
    for row in connection.execute(query.order_by(editions.c.frozen_at, editions.c.id)).all():
        line = _edition(connection, row, now)
        notes += [line] if line else []
    return notes


def _edition(connection: Connection, row: sa.Row[tuple[object, ...]], now: datetime) -> str:
    frozen_early, by_schedule = row.frozen_at > now, _is_by_schedule(row)
    if _anything_out(connection, row.id):
        if not frozen_early:
            return ""
        _shift(connection, row, now)
        again = f"slot {row.slot} does not come again" if by_schedule else "what is left of it goes out now"
        return f"edition {row.id} was sent by a clock that was ahead; it stays, and {again}"
    if frozen_early and not by_schedule:
        _shift(connection, row, now)
        return f"edition {row.id} was made by a clock that was ahead, and nothing of it is out; it goes out now"
    if frozen_early or _cancelled_by_itself(connection, row, now):
        _undo(connection, row.id, now)
        return f"edition {row.id} was made before its time: nothing of it is out, and its slot {row.slot} is open again"
    if row.due_at > now and _restore_draft(connection, row, now):
        return f"draft {row.id} was decided about before its time: it is a draft again"
    return ""


def _is_by_schedule(row: sa.Row[tuple[object, ...]]) -> bool:
    return row.kind in _BY_SCHEDULE and not row.slot.startswith("manual-")


def _anything_out(connection: Connection, edition: str) -> bool:
    tried = deliveries.c.state.in_((S.SENT, S.SENDING, S.UNCERTAIN))
    query = sa.select(deliveries.c.id).where(deliveries.c.edition_id == edition, tried).limit(1)
    return connection.execute(query).first() is not None


def _shift(connection: Connection, row: sa.Row[tuple[object, ...]], now: datetime) -> None:
    """Let its time to live begin now."""
    early = row.frozen_at - now
    connection.execute(
        sa.update(editions)
        .where(editions.c.id == row.id)
        .values(due_at=row.due_at - early, expires_at=row.expires_at - early)
    )


def _undo(connection: Connection, edition: str, now: datetime) -> None:
    """Let an edition never have been: whatever table has rows of it, its articles wait for the next one."""
    article_status.requeue_articles(connection, edition, _REASON, now)
    overtaken = (deliveries.c.reply == f"{SUPERSEDED_BY}{edition}") | deliveries.c.reply.startswith(
        f"{SUPERSEDED_BY}{edition},"
    )
    _reopen(connection, overtaken, "", now)
    for table in reversed(metadata.sorted_tables):
        for column in table.columns:
            if column.name == "edition_id" and not column.nullable and table.name != "bounces":
                connection.execute(sa.delete(table).where(column == edition))
    connection.execute(sa.delete(slots).where(slots.c.edition_id == edition))
    connection.execute(sa.delete(editions).where(editions.c.id == edition))


def _cancelled_by_itself(connection: Connection, row: sa.Row[tuple[object, ...]], now: datetime) -> bool:
    """Whether a draft whose time has not come was cancelled for want of an answer, or by the recheck."""
    if row.state != EditionState.CANCELLED or row.due_at <= now:
        return False
    return bool(_automatic_events(connection, row.id, "cancelled", now))


def _restore_draft(connection: Connection, row: sa.Row[tuple[object, ...]], now: datetime) -> bool:
    if row.state == EditionState.FROZEN and row.released_at and row.released_at > now:
        expires = row.due_at + (row.expires_at - row.released_at)
        values = {"state": EditionState.REVIEW, "released_at": None, "expires_at": expires}
        connection.execute(sa.update(editions).where(editions.c.id == row.id).values(values))
        overtaken = deliveries.c.reply.startswith(f"{SUPERSEDED_BY}{row.id}")
        _reopen(connection, overtaken, "", now)
        return True
    early = _automatic_events(connection, row.id, "held", now) if row.state == EditionState.HELD else []
    if early:
        here = (edition_events.c.edition_id == row.id) & edition_events.c.seq.in_(early)
        connection.execute(sa.update(edition_events).where(here).values(event="note", reason=_REASON))
        connection.execute(sa.update(editions).where(editions.c.id == row.id).values(state=EditionState.REVIEW))
    return bool(early)


def _automatic_events(connection: Connection, edition: str, event: str, now: datetime) -> list[int]:
    """What the program, and nobody of the staff, has said of an edition later than now."""
    query = sa.select(edition_events.c.seq).where(
        edition_events.c.edition_id == edition,
        edition_events.c.event == event,
        edition_events.c.actor.in_(("silence", "the recheck")),
        edition_events.c.at > now,
    )
    return list(connection.execute(query).scalars())


# -- deliveries --------------------------------------------------------------------------------------------------------


def _reopen_expired(connection: Connection, now: datetime) -> list[str]:
    """Enqueue again what was given up as out of time, where that time is not over."""
    over = deliveries.c.reply.startswith(EXPIRED_REASON) & (deliveries.c.updated > now)
    number = _reopen(connection, over, EXPIRED_REASON, now)
    return [f"deliveries given up before their time was over: {number:,}; they are tried again"] if number else []


def _reopen(connection: Connection, which: sa.ColumnElement[bool], prefix: str, now: datetime) -> int:
    """Enqueue rows again that were closed by a mistake about the time; returns how many."""
    alive = sa.select(editions.c.id).where(editions.c.expires_at > now, editions.c.state != EditionState.CANCELLED)
    here = which & (deliveries.c.state == S.EXPIRED) & deliveries.c.edition_id.in_(alive)
    touched = connection.execute(sa.select(deliveries.c.edition_id, deliveries.c.shard).where(here).distinct()).all()
    if not touched:
        return 0
    for edition, shard in touched:
        connection.execute(
            sa.update(shards).where(shards.c.edition_id == edition, shards.c.shard == shard).values(due=AT_ONCE)
        )
    names = {edition for edition, _ in touched}
    connection.execute(
        sa.update(editions)
        .where(editions.c.id.in_(names), editions.c.state == EditionState.DONE)
        .values(state=EditionState.FROZEN, done_at=None)
    )
    reply = sa.func.substr(deliveries.c.reply, len(prefix) + 1) if prefix else ""
    reopened = sa.update(deliveries).where(here).values(state=S.PENDING, due=None, updated=now, reply=reply)
    return connection.execute(reopened).rowcount


def _shorten_waits(connection: Connection, now: datetime) -> list[str]:
    """Let nobody wait for a time that was counted from a wrong one."""
    put_off = (
        deliveries.c.state.in_((S.DEFERRED, S.UNCERTAIN)) & (deliveries.c.updated > now) & (deliveries.c.due > now)
    )
    number = connection.execute(sa.update(deliveries).where(put_off).values(due=now)).rowcount
    connection.execute(sa.update(shards).where(shards.c.due > now).values(due=now))  # a look finds out when
    longest = now + LEASE
    connection.execute(sa.update(shards).where(shards.c.lease_until > longest).values(lease_until=longest))
    connection.execute(sa.delete(channel_backoff).where(channel_backoff.c.since > now))
    connection.execute(sa.update(channel_backoff).where(channel_backoff.c.next_at > now).values(next_at=now))
    return [f"deliveries put off by a clock that was ahead: {number:,}; they are tried now"] if number else []


def _shift_suppressions(connection: Connection, now: datetime) -> list[str]:
    """Let suppressions last as long as they were meant to."""
    ahead = sa.select(suppressions).where(suppressions.c.since > now, suppressions.c.until.is_not(None))
    rows: Sequence[sa.Row[tuple[object, ...]]] = connection.execute(ahead).all()
    for row in rows:
        here = suppressions.c.address_key == row.address_key
        connection.execute(sa.update(suppressions).where(here).values(until=row.until - (row.since - now)))
    return [f"suppressions for a time that would have ended too late: {len(rows):,}; put right"] if rows else []
