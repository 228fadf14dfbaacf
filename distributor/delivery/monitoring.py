"""Figures for monitoring: what waits, since when, what stands still. Every query is a range of an index or reads a small
table; none reads the rows of the ledger (`queries.count_by_state` does, for one edition).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from ..model import EditionState
from ..storage.tables import bounce_guards, bounces, edition_events, editions, shards
from ..storage.web_tables import outbox
from .lease import AT_ONCE
from .outbox import OPEN_STATES

_WATCHED = (EditionState.REVIEW, EditionState.HELD, EditionState.FROZEN)
_MOST = 200  # editions: the newest


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits on a channel: how many (shards, messages), and since when the first of them could go, or when it can."""

    channel: str
    count: int
    first_due: datetime


@dataclass(frozen=True, slots=True)
class EditionStanding:
    """Where an edition stands. `state` as in the store, or `paused`. `blocked_by` is what waits for staff: `preflight`,
    `bounces`, or empty."""

    id: str
    newsletter: str
    state: str
    frozen_at: datetime
    done: bool
    blocked_by: str = ""


def list_waiting_shards(connection: Connection, channels: Sequence[str]) -> list[Waiting]:
    """The shards in which there is something to do, of editions that may go, by channel. Nothing of an edition is due
    before it was released."""
    query = (
        sa.select(shards.c.channel, editions.c.released_at, sa.func.count(), sa.func.min(shards.c.due))
        .join(editions, editions.c.id == shards.c.edition_id)
        .where(shards.c.channel.in_(channels), shards.c.due >= AT_ONCE)  # a lower bound, so that the index is used
        .where(editions.c.state == EditionState.FROZEN, editions.c.paused_at.is_(None))
        .where(editions.c.released_at.is_not(None))
        .group_by(shards.c.channel, editions.c.id, editions.c.released_at)
    )
    found: dict[str, Waiting] = {}
    for channel, released, count, due in connection.execute(query):
        one, before = Waiting(channel, count, max(due, released)), found.get(channel)
        if before:
            one = Waiting(channel, before.count + count, min(before.first_due, one.first_due))
        found[channel] = one
    return list(found.values())


def list_waiting_messages(connection: Connection) -> list[Waiting]:
    """The messages of the outbox that are not out, by channel. Each could go since it was put there, however often it was
    put off."""
    query = (
        sa.select(outbox.c.channel, sa.func.count(), sa.func.min(outbox.c.created))
        .where(outbox.c.state.in_(OPEN_STATES), outbox.c.due.is_not(None))
        .group_by(outbox.c.channel)
    )
    return [Waiting(channel, count, due) for channel, count, due in connection.execute(query)]


def list_editions_since(connection: Connection, since: datetime) -> list[EditionStanding]:
    """The editions that are not done, and those frozen since a time; the newest first."""
    columns = [editions.c[name] for name in ("id", "newsletter", "state", "frozen_at", "paused_at", "done_at")]
    query = sa.select(*columns).where(editions.c.state.in_(_WATCHED) | (editions.c.frozen_at >= since))
    rows = connection.execute(query.order_by(editions.c.frozen_at.desc(), editions.c.id).limit(_MOST)).all()
    by_bounces = set(
        connection.execute(
            sa.select(bounce_guards.c.edition_id).where(
                bounce_guards.c.held_at.is_not(None), bounce_guards.c.confirmed.is_(False)
            )
        ).scalars()
    )
    by_preflight = _held_by_preflight(connection, [row.id for row in rows if row.state == EditionState.HELD])
    return [
        EditionStanding(
            id=row.id,
            newsletter=row.newsletter,
            state="paused" if row.state == EditionState.FROZEN and row.paused_at else row.state,
            frozen_at=row.frozen_at,
            done=row.done_at is not None,
            blocked_by="bounces" if row.id in by_bounces else "preflight" if row.id in by_preflight else "",
        )
        for row in rows
    ]


def _held_by_preflight(connection: Connection, held: Sequence[str]) -> set[str]:
    query = sa.select(edition_events.c.edition_id).where(
        edition_events.c.edition_id.in_(held), edition_events.c.event == "held", edition_events.c.actor == "preflight"
    )
    return set(connection.execute(query).scalars()) if held else set()


def count_bounces(connection: Connection, among: Sequence[str]) -> dict[tuple[str, str], int]:
    """How many bounces these editions have had, by edition and type."""
    if not among:
        return {}
    query = (
        sa.select(bounces.c.edition_id, bounces.c.type, sa.func.count())
        .where(bounces.c.edition_id.in_(among))
        .group_by(bounces.c.edition_id, bounces.c.type)
    )
    return {(edition, type): number for edition, type, number in connection.execute(query)}
