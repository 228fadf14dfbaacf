"""Deliveries paused, resumed, reopened and closed: by staff, by a newer edition, or because an edition's time is over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ..model import DeliveryState as S
from ..model import Edition, EditionState
from ..storage.database import Database
from ..storage.rows import UTC_TIME
from ..storage.tables import deliveries, delivery_steps, editions, shards
from .channel_state import faults_by_channel
from .lease import AT_ONCE
from .ledger import recipient_still_subscribed
from .queries import lock_shards, mark_shards_idle
from .requests import ask_for_edition

SUPERSEDED_BY = "overtaken by "  # how the reply of a row begins that a newer edition has made needless
EXPIRED_REASON = "not out in the edition's time: "  # how the reply of a row begins whose edition's time is over
_CANCELLED = editions.c.state == EditionState.CANCELLED
MISSED_STATES = (S.REJECTED, S.EXPIRED)


def pause(connection: Connection, edition: str, now: datetime) -> bool:
    """Let nothing more of an edition leave; what is being sent comes to its end. False where nothing is on its way."""
    under_way = (editions.c.id == edition) & (editions.c.state == EditionState.FROZEN) & editions.c.paused_at.is_(None)
    return connection.execute(sa.update(editions).where(under_way).values(paused_at=now)).rowcount == 1


def resume(connection: Connection, edition: str, now: datetime) -> bool:
    """Resume a paused edition, with as much time until it expires as it had left. False where it is not paused."""
    here = (editions.c.id == edition) & editions.c.paused_at.is_not(None)
    row = connection.execute(sa.select(editions.c.paused_at, editions.c.expires_at).where(here)).one_or_none()
    if row is None:
        return False
    ends = row.expires_at + max(now - row.paused_at, timedelta())
    connection.execute(sa.update(editions).where(here).values(paused_at=None, expires_at=ends))
    ask_for_edition(connection, edition)
    return True


def hasten_posts(connection: Connection, channel: str, now: datetime) -> int:
    """Make due at once the posts of a channel that wait for another try; returns how many."""
    waiting = (deliveries.c.channel == channel) & (deliveries.c.recipient == "") & (deliveries.c.state == S.DEFERRED)
    waiting &= deliveries.c.due > now
    lock_shards(connection, shards.c.channel == channel)
    touched = sa.select(deliveries.c.edition_id, deliveries.c.shard).where(waiting).distinct()
    for row in connection.execute(touched).all():
        here = (shards.c.edition_id == row.edition_id) & (shards.c.shard == row.shard)
        connection.execute(sa.update(shards).where(here).values(due=now))
    return connection.execute(sa.update(deliveries).where(waiting).values(due=now)).rowcount


def reopen(
    connection: Connection,
    edition: str,
    states: Sequence[S],
    now: datetime,
    expires_at: datetime,
    only: sa.ColumnElement[bool] | None = None,
) -> int:
    """Enqueue the emails of an edition again that have not reached anybody, or `only` some of them; returns how many.

    What a newer edition carries by now is left alone, and so is what is for recipients who have left or are suppressed.
    """
    missed = _missed_rows(edition, states) & recipient_still_subscribed(now)
    if only is not None:
        missed &= only
    touched = sa.select(deliveries.c.shard).where(missed)
    lock_shards(connection, shards.c.edition_id == edition)
    connection.execute(
        sa.update(shards).where(shards.c.edition_id == edition, shards.c.shard.in_(touched)).values(due=AT_ONCE)
    )
    opened = connection.execute(
        sa.update(deliveries).where(missed).values(state=S.PENDING, attempts=0, crash_count=0, due=None, updated=now)
    ).rowcount
    if opened:
        connection.execute(
            sa.update(editions)
            .where(editions.c.id == edition)
            .values(state=EditionState.FROZEN, done_at=None, paused_at=None, expires_at=expires_at)
        )
        ask_for_edition(connection, edition)
    return opened


def cancel_channel(connection: Connection, channel: str, reason: str, now: datetime, dry_run: bool) -> int:
    """Close what is open or in doubt on a channel that nobody works on; returns how many rows."""
    here = shards.c.channel == channel
    states = (S.PENDING, S.DEFERRED, S.SENDING, S.UNCERTAIN)
    owed = sa.select(shards.c.edition_id).where(here, shards.c.due.is_not(None))
    which = deliveries.c.edition_id.in_(owed) & (deliveries.c.channel == channel) & deliveries.c.state.in_(states)
    if dry_run:
        return connection.execute(sa.select(sa.func.count()).select_from(deliveries).where(which)).scalar_one()
    lock_shards(connection, here)
    before = sa.case((deliveries.c.reply != "", sa.literal("; before that: ") + deliveries.c.reply), else_="")
    in_doubt = deliveries.c.state.in_((S.SENDING, S.UNCERTAIN))
    doubt = sa.case((in_doubt, "; it may be out"), else_="")
    closed = connection.execute(
        sa.update(deliveries)
        .where(which)
        .values(state=S.EXPIRED, due=None, updated=now, reply=sa.literal(reason) + doubt + before)
    ).rowcount
    connection.execute(sa.update(shards).where(here).values(owner="", lease_until=None))
    mark_shards_idle(connection, here)
    return closed


def count_missed(connection: Connection, edition: str, states: Sequence[S], now: datetime) -> int:
    """How many emails `reopen` would enqueue again."""
    query = (
        sa.select(sa.func.count())
        .select_from(deliveries)
        .where(_missed_rows(edition, states), recipient_still_subscribed(now))
    )
    return connection.execute(query).scalar_one()


def count_unreachable(connection: Connection, edition: str, states: Sequence[S], now: datetime) -> int:
    """How many emails `reopen` would leave alone, because their recipients have left, paused or are suppressed."""
    query = (
        sa.select(sa.func.count())
        .select_from(deliveries)
        .where(_missed_rows(edition, states), ~recipient_still_subscribed(now))
    )
    return connection.execute(query).scalar_one()


def _missed_rows(edition: str, states: Sequence[S]) -> sa.ColumnElement[bool]:
    missed = (deliveries.c.edition_id == edition) & (deliveries.c.recipient != "")
    return missed & deliveries.c.state.in_(states) & ~deliveries.c.reply.startswith(SUPERSEDED_BY)


# -- what is superseded or given up ------------------------------------------------------------------------------------


def close_deliveries(connection: Connection, edition: str, reason: str, now: datetime) -> int:
    """Close what an edition still owes; returns how many rows. What was begun at the far end may be out."""
    lock_shards(connection, shards.c.edition_id == edition)
    number = connection.execute(
        sa.update(deliveries)
        .where(deliveries.c.edition_id == edition, deliveries.c.state.in_((S.PENDING, S.DEFERRED)))
        .values(**_over(now), updated=now, reply=reason)
    ).rowcount
    mark_shards_idle(connection, shards.c.edition_id == edition)
    return number


def close_post(
    connection: Connection,
    edition: str,
    channel: str,
    variant: str,
    reason: str,
    now: datetime,
    *,
    look: bool = False,
) -> None:
    """Close a post that is not out yet. `look`: one that was begun at the far end may be out, and is looked for."""
    closed = _over(now) if look else {"state": S.EXPIRED, "due": None}
    connection.execute(
        sa.update(deliveries)
        .where(
            deliveries.c.edition_id == edition,
            deliveries.c.channel == channel,
            deliveries.c.variant == variant,
            deliveries.c.state.in_((S.PENDING, S.DEFERRED)),
        )
        .values(**closed, updated=now, reply=reason)
    )


def close_damaged_rendition(connection: Connection, edition: str, channel: str, variant: str, now: datetime) -> None:
    """Give up what waits for a rendition that cannot be read; what may be out is tried no more."""
    rows = deliveries.c
    here = (rows.edition_id == edition) & (rows.channel == channel) & (rows.variant == variant)
    values = {"state": S.EXPIRED, "due": None, "updated": now, "reply": "given up: its bytes in the store were damaged"}
    connection.execute(sa.update(deliveries).where(here, rows.state.in_((S.PENDING, S.DEFERRED))).values(values))
    connection.execute(sa.update(deliveries).where(here, rows.state == S.UNCERTAIN).values(due=None))


def supersede_earlier_editions(
    connection: Connection, edition: Edition, channels: Iterable[str], now: datetime
) -> None:
    """Close what earlier editions of the newsletter still owe to channels that show only the latest."""
    latest_only = list(channels)
    owing = (
        sa.select(shards.c.edition_id)
        .join(editions, editions.c.id == shards.c.edition_id)
        .where(shards.c.channel.in_(latest_only), shards.c.due >= AT_ONCE, editions.c.released_at.is_not(None))
        .where(editions.c.newsletter == edition.newsletter, editions.c.id != edition.id)
    )
    earlier = sorted(set(connection.execute(owing).scalars()))
    if not earlier:
        return
    connection.execute(
        sa.update(deliveries)
        .where(
            deliveries.c.edition_id.in_(earlier),
            deliveries.c.channel.in_(latest_only),
            deliveries.c.state.in_((S.PENDING, S.DEFERRED)),
        )
        .values(state=S.EXPIRED, updated=now, due=None, reply=f"{SUPERSEDED_BY}{edition.id}")
    )


def supersede_alert(
    connection: Connection, edition: Edition, alert: str, variants: Sequence[str], now: datetime
) -> None:
    """Close the emails of an alert that are not out yet to recipients whose variant of an edition carries it as news."""
    receiving = sa.select(deliveries.c.recipient).where(
        deliveries.c.edition_id == edition.id, deliveries.c.variant.in_(list(variants))
    )
    connection.execute(
        sa.update(deliveries)
        .where(
            deliveries.c.edition_id == alert,
            deliveries.c.recipient != "",
            deliveries.c.recipient.in_(receiving),
            deliveries.c.state.in_((S.PENDING, S.DEFERRED)),
        )
        .values(state=S.EXPIRED, updated=now, due=None, reply=f"{SUPERSEDED_BY}{edition.id}, which carries it")
    )


# -- what is out of time -----------------------------------------------------------------------------------------------


def expire_deliveries(database: Database, now: datetime) -> int:
    """Give up what editions have not got out whose time is over, or which were cancelled while it was being sent;
    returns how many rows. The time of an edition that is paused stands still."""
    under_way = editions.c.released_at.is_not(None) & editions.c.paused_at.is_(None)
    over = under_way & (editions.c.expires_at <= now)
    reasons = {EXPIRED_REASON: over, "cancelled; before that: ": _CANCELLED}
    with database.read(long=True) as connection:
        found = {
            why: list(connection.execute(_editions_with_open_shards().where(which)).scalars())
            for why, which in reasons.items()
        }
    return sum(_close_rows(database, which, reason, now) for reason, which in found.items())


def _close_rows(database: Database, which: Sequence[str], reason: str, now: datetime) -> int:
    if not which:
        return 0
    with database.write(alone=False, long=True) as connection:
        lock_shards(connection, shards.c.edition_id.in_(which))
        still_so = sa.select(editions.c.id).where(
            editions.c.id.in_(which), (editions.c.paused_at.is_(None) & (editions.c.expires_at <= now)) | _CANCELLED
        )
        number = connection.execute(
            sa.update(deliveries)
            .where(deliveries.c.edition_id.in_(still_so), deliveries.c.state.in_((S.PENDING, S.DEFERRED)))
            .values(**_over(now), updated=now, reply=sa.literal(reason) + _last_known(connection))
        ).rowcount
        mark_shards_idle(connection, shards.c.edition_id.in_(which))
        return number


def _over(now: datetime) -> dict[str, Any]:
    """What becomes of a row whose time is over: one that was begun at the far end may be out, and is looked for."""
    begun = sa.select(delivery_steps.c.name).where(delivery_steps.c.delivery_id == deliveries.c.id).exists()
    return {
        "state": sa.case((begun, sa.literal(S.UNCERTAIN.value)), else_=sa.literal(S.EXPIRED.value)),
        "due": sa.case((begun, sa.literal(now, UTC_TIME)), else_=sa.null()),
    }


def _last_known(connection: Connection) -> sa.ColumnElement[str]:
    """The last reply of a row; where there is none, the failure of its whole channel, which had kept it from being
    tried."""
    known = {name: f"the channel failed: {fault.text}" for name, fault in faults_by_channel(connection).items()}
    of_channel = sa.case(known, value=deliveries.c.channel, else_="") if known else sa.literal("")
    return sa.case((deliveries.c.reply != "", deliveries.c.reply), else_=of_channel)


def _editions_with_open_shards() -> sa.Select[Any]:
    """The editions that have something to do."""
    query = sa.select(editions.c.id).join(shards, shards.c.edition_id == editions.c.id)
    return query.where(shards.c.due >= AT_ONCE).distinct()  # a lower bound, so that the index is used
