"""Queries of the ledger: rows, counts, what is open. Nothing is changed but the marks of shards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict, Unpack

import sqlalchemy as sa
from sqlalchemy import Connection

from ..model import Delivery, DeliveryState, EditionState
from ..storage import partitions
from ..storage.rows import damaged_row, log_damage, read_rows, stream_readable_rows
from ..storage.tables import deliveries, editions, renditions, shards
from . import pruning
from .lease import AT_ONCE, owner_is_dead

S = DeliveryState

DELIVERY_COLUMNS = [
    deliveries.c.edition_id.label("edition"),
    *(
        deliveries.c[name]
        for name in (
            "id", "channel", "variant", "recipient", "address", "state", "attempts", "crash_count", "due", "reply",
            "remote_id", "url", "updated",
        )
    ),
]  # fmt: skip

UNSENT_STATES = (S.PENDING, S.DEFERRED)
_OPEN = (S.PENDING, S.SENDING, S.DEFERRED)
_STATES = {state.value: state for state in DeliveryState}


def delivery_from_row(row: Iterable[Any]) -> Delivery:
    """A row as it was selected with DELIVERY."""
    (
        edition,
        id,
        channel,
        variant,
        recipient,
        address,
        state,
        attempts,
        crash_count,
        due,
        reply,
        remote_id,
        url,
        updated,
    ) = row
    return Delivery(
        id=id, edition=edition, channel=channel, variant=variant, recipient=recipient, address=address,
        state=parse_state(state, id), attempts=attempts, crash_count=crash_count, due=due, reply=reply, remote_id=remote_id,
        url=url, updated=updated,
    )  # fmt: skip


def parse_state(value: str, key: object) -> DeliveryState:
    """A state that cannot be read may be any: it may be out."""
    known = _STATES.get(value)
    if known is None:
        log_damage(damaged_row("delivery", key, f"{value!r} is no state"))
        return S.UNCERTAIN
    return known


class DeliveryFilter(TypedDict, total=False):
    """Which rows of the ledger are meant: those that fit all that is given."""

    edition: str | None
    states: Sequence[DeliveryState]
    channel: str | None
    recipient: str | None
    among: Sequence[str]  # editions


def iterate_deliveries(
    connection: Connection, *, limit: int | None = None, **which: Unpack[DeliveryFilter]
) -> Iterator[Delivery]:
    """Rows of the ledger, those that changed last first, without holding them all."""
    query = sa.select(*DELIVERY_COLUMNS).order_by(
        deliveries.c.updated.desc(), deliveries.c.variant, deliveries.c.recipient
    )
    query = _filter(query, which).limit(limit)
    return stream_readable_rows(connection, query, deliveries.c.id, delivery_from_row, "delivery")


def list_deliveries(connection: Connection, *, limit: int = 50, **which: Unpack[DeliveryFilter]) -> list[Delivery]:
    """The first of them."""
    return list(iterate_deliveries(connection, limit=limit, **which))


def list_deliveries_after(
    connection: Connection, newsletters: Sequence[str], limit: int, after: int | None, **which: Unpack[DeliveryFilter]
) -> list[Delivery]:
    """A page of the rows of these newsletters, the latest first: those behind the number `after`."""
    theirs = sa.select(editions.c.id).where(editions.c.newsletter.in_(newsletters))
    query = _filter(sa.select(*DELIVERY_COLUMNS), which).where(deliveries.c.edition_id.in_(theirs))
    query = query.where(deliveries.c.id < after) if after is not None else query
    query = query.order_by(deliveries.c.id.desc()).limit(limit)
    return read_rows(connection, query, deliveries.c.id, delivery_from_row, "delivery")


def growing_number(connection: Connection) -> int:
    """A number that grows with every row that is added. Emails and posts have numbers of their own on PostgreSQL."""
    newest = sa.select(sa.func.max(deliveries.c.id))
    posts = newest.where(deliveries.c.id < partitions.first_number(partitions.FIRST_PART))
    return (connection.execute(newest).scalar() or 0) + (connection.execute(posts).scalar() or 0)


def count_deliveries(connection: Connection, **which: Unpack[DeliveryFilter]) -> int:
    """How many rows there are of them."""
    query = _filter(sa.select(sa.func.count()).select_from(deliveries), which)
    number: int = connection.execute(query).scalar_one()
    return number


def _filter(query: sa.Select[Any], which: DeliveryFilter) -> sa.Select[Any]:
    wanted = {
        deliveries.c.edition_id: which.get("edition"),
        deliveries.c.channel: which.get("channel"),
        deliveries.c.recipient: which.get("recipient"),
    }
    for column, value in wanted.items():
        query = query.where(column == value) if value else query
    among, states = which.get("among"), which.get("states")
    query = query.where(deliveries.c.edition_id.in_(among)) if among else query
    return query.where(deliveries.c.state.in_(states)) if states else query


def list_newest_editions(connection: Connection, rows: int, channel: str | None) -> tuple[list[str], bool]:
    """The newest editions, as many as have so many rows together, on a channel or on all: what is read of a large ledger to
    show what is new in it. And whether there are older ones."""
    query = sa.select(editions.c.id).order_by(editions.c.frozen_at.desc())
    if channel:
        query = query.where(
            sa.select(shards.c.shard).where(shards.c.edition_id == editions.c.id, shards.c.channel == channel).exists()
        )
    found = []
    known = iter(connection.execute(query).scalars())
    for edition in known:
        here = _filter(sa.select(deliveries.c.id), {"edition": edition, "channel": channel}).limit(rows).subquery()
        number = connection.execute(sa.select(sa.func.count()).select_from(here)).scalar_one()
        rows -= number
        found += [edition] if number else []
        if rows <= 0:
            break
    return found, next(known, None) is not None


def find_delivery(connection: Connection, id: int) -> Delivery | None:
    """The row with a number; None where there is none."""
    row = connection.execute(sa.select(*DELIVERY_COLUMNS).where(deliveries.c.id == id)).one_or_none()
    return delivery_from_row(row) if row else None


def find_newer_edition(connection: Connection, edition: str, channel: str) -> str:
    """The latest edition that was released after this one and has something for the same channel; "" if none."""
    own = editions.alias()
    query = (
        sa.select(editions.c.id)
        .join(own, (own.c.newsletter == editions.c.newsletter) & (own.c.id == edition))
        .where(editions.c.released_at > own.c.released_at, editions.c.state != EditionState.CANCELLED)
        .where(
            sa.select(shards.c.shard).where(shards.c.edition_id == editions.c.id, shards.c.channel == channel).exists()
        )
        .order_by(editions.c.released_at.desc())
        .limit(1)
    )
    return connection.execute(query).scalar() or ""


SAME_RENDITION = (
    (renditions.c.edition_id == deliveries.c.edition_id)
    & (renditions.c.channel == deliveries.c.channel)
    & (renditions.c.variant == deliveries.c.variant)
)


def count_by_state(connection: Connection, edition: str) -> dict[str, dict[DeliveryState, int]]:
    """How many deliveries of an edition stand where: counts by channel and state, those whose rows are gone among them."""
    query = (
        sa.select(deliveries.c.channel, deliveries.c.state, sa.func.count())
        .where(deliveries.c.edition_id == edition)
        .group_by(deliveries.c.channel, deliveries.c.state)
        .order_by(deliveries.c.channel)
    )
    counts: dict[str, dict[DeliveryState, int]] = {}
    gone = [(row.channel, row.state, row.number) for row in pruning.list_counts(connection, edition)]
    for channel, state, number in [*gone, *connection.execute(query)]:
        of_channel, known = counts.setdefault(channel, {}), parse_state(state, f"of {edition}")
        of_channel[known] = of_channel.get(known, 0) + number
    return counts


def count_open_by_channel(
    connection: Connection, channels: Sequence[str], among: Sequence[str] | None = None
) -> dict[str, int]:
    """How many deliveries each of these channels still owes, of these editions or of all that are out."""
    due = (
        sa.select(shards.c.edition_id)
        .join(editions, editions.c.id == shards.c.edition_id)
        .where(shards.c.channel.in_(channels), shards.c.due >= AT_ONCE)  # where nothing is due nothing is open
        .where(editions.c.released_at.is_not(None))
    )
    if among is not None:
        due = due.where(shards.c.edition_id.in_(among))
    owing = sorted(set(connection.execute(due).scalars()))
    if not owing:
        return {}
    query = (
        sa.select(deliveries.c.channel, sa.func.count())
        .where(deliveries.c.edition_id.in_(owing), deliveries.c.channel.in_(channels))
        .where(deliveries.c.state.in_((S.PENDING, S.DEFERRED, S.SENDING)))
        .group_by(deliveries.c.channel)
    )
    return {channel: int(number) for channel, number in connection.execute(query)}


def count_open_elsewhere(connection: Connection, known: Sequence[str]) -> dict[str, tuple[int, tuple[str, ...]]]:
    """What channels other than those that are known still owe: how many deliveries, and of which editions."""
    due = sa.select(shards.c.edition_id).where(shards.c.due >= AT_ONCE, shards.c.channel.not_in(known))
    owing = sorted(set(connection.execute(due).scalars()))  # DISTINCT would make SQLite go by another index
    query = (
        sa.select(deliveries.c.channel, deliveries.c.edition_id, sa.func.count())
        .join(editions, editions.c.id == deliveries.c.edition_id)
        .where(deliveries.c.edition_id.in_(owing), deliveries.c.channel.not_in(known))
        .where(deliveries.c.state.in_((S.PENDING, S.DEFERRED, S.SENDING)), editions.c.state != EditionState.CANCELLED)
        .group_by(deliveries.c.channel, deliveries.c.edition_id)
        .order_by(deliveries.c.channel, deliveries.c.edition_id)
    )
    found: dict[str, tuple[int, tuple[str, ...]]] = {}
    for channel, edition, number in connection.execute(query) if owing else ():
        before, ids = found.get(channel, (0, ()))
        found[channel] = (before + number, (*ids, edition))
    return found


def list_used_channels(connection: Connection) -> frozenset[str]:
    """The channels on which anything was ever enqueued."""
    return frozenset(connection.execute(sa.select(shards.c.channel).distinct()).scalars())


def may_be_same_channel(connection: Connection, old: str, new: str) -> bool:
    """Whether a channel was first used after the last edition of another: it may have taken its place."""

    def frozen(channel: str, what: Any) -> Any:
        query = sa.select(what(editions.c.frozen_at)).join(shards, shards.c.edition_id == editions.c.id)
        return connection.execute(query.where(shards.c.channel == channel)).scalar()

    last, first = frozen(old, sa.func.max), frozen(new, sa.func.min)
    return last is None or first is None or bool(last < first)


def find_lease_owner(connection: Connection, channel: str, now: datetime) -> str:
    """A process that is at work on a channel; "" if none."""
    held = (shards.c.owner != "") & (shards.c.lease_until > now)
    query = sa.select(shards.c.owner).where(shards.c.channel == channel, held)
    return next((owner for owner in connection.execute(query.distinct()).scalars() if not owner_is_dead(owner)), "")


def has_sent_any(connection: Connection, edition: str) -> bool:
    """Whether anything of an edition is out, or may be."""
    states = (S.SENT, S.SENDING, S.UNCERTAIN)
    query = sa.select(deliveries.c.shard).where(deliveries.c.edition_id == edition, deliveries.c.state.in_(states))
    return connection.execute(query.limit(1)).first() is not None


def count_unsent(connection: Connection, variants: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """How many emails of these editions, of these variants each, are still to be sent; without those that have none."""
    found = {}
    for edition, among in variants.items():
        here = (deliveries.c.edition_id == edition) & deliveries.c.variant.in_(list(among))
        query = sa.select(sa.func.count()).where(here, deliveries.c.state.in_(UNSENT_STATES))
        if number := connection.execute(query).scalar_one():
            found[edition] = number
    return found


def has_personal_deliveries(connection: Connection, among: Sequence[str]) -> bool:
    """Whether any of these editions owes, or owed, an email to anybody."""
    here = deliveries.c.edition_id.in_(among) & (deliveries.c.recipient != "")
    there = connection.execute(sa.select(deliveries.c.id).where(here).limit(1)).first() is not None
    return there or bool(pruning.list_pruned(connection, among))


@dataclass(frozen=True, slots=True)
class DeliveryProgress:
    """How far an edition has come: rows by state, and the commonest replies with how often they came. `channels` are
    those on which something is still open."""

    states: Mapping[DeliveryState, int]
    replies: Sequence[tuple[str, int]]
    channels: frozenset[str] = frozenset()

    @property
    def total(self) -> int:
        return sum(self.states.values())

    @property
    def open(self) -> int:
        return sum(self.states.get(state, 0) for state in _OPEN)

    @property
    def closed(self) -> int:
        return self.total - self.open

    def as_data(self) -> dict[str, Any]:
        return {"total": self.total, "closed": self.closed, "states": dict(self.states), "replies": dict(self.replies)}


_WORDS = 40  # characters of a reply by which replies are one class
_CLASSES = 8


def edition_progress(connection: Connection, edition: str) -> DeliveryProgress:
    """How far an edition has come."""
    here = deliveries.c.edition_id == edition
    counts = sa.select(deliveries.c.state, sa.func.count()).where(here).group_by(deliveries.c.state)
    # A 2yz reply ends with the number of the message in the server's queue; its code says enough.
    words = sa.case(
        (deliveries.c.state == S.SENT, sa.func.substr(deliveries.c.reply, 1, 9)),
        else_=sa.func.substr(deliveries.c.reply, 1, _WORDS),
    ).label("words")
    number = sa.func.count().label("number")
    replies = (
        sa.select(words, number)
        .where(here, deliveries.c.reply != "")
        .group_by(words)
        .order_by(number.desc(), words)
        .limit(_CLASSES)
    )
    still_open = sa.select(deliveries.c.channel).where(here, deliveries.c.state.in_(_OPEN)).distinct()
    states: dict[DeliveryState, int] = {}
    gone = [(row.state, row.number) for row in pruning.list_counts(connection, edition)]
    for state, count in [*gone, *connection.execute(counts)]:
        known = parse_state(state, f"of {edition}")
        states[known] = states.get(known, 0) + count
    return DeliveryProgress(
        {state: states[state] for state in DeliveryState if state in states},
        [(row.words.strip(), row.number) for row in connection.execute(replies)],
        frozenset(connection.execute(still_open).scalars()),
    )


def largest_rendition(connection: Connection, channel: str, since: datetime) -> int:
    """The octets of the largest content that was frozen for a channel since a time; 0 for none."""
    joined = renditions.join(editions, editions.c.id == renditions.c.edition_id)
    query = sa.select(sa.func.max(sa.func.length(renditions.c.body))).select_from(joined)
    return connection.execute(query.where(renditions.c.channel == channel, editions.c.frozen_at >= since)).scalar() or 0


def count_due(connection: Connection, now: datetime) -> int:
    """How many rows there are to be tried now, of all editions that may go."""
    query = (
        sa.select(sa.func.count())
        .select_from(shards)
        .join(editions, editions.c.id == shards.c.edition_id)
        .join(deliveries, (deliveries.c.edition_id == shards.c.edition_id) & (deliveries.c.shard == shards.c.shard))
        .where(shards.c.due <= now, editions.c.released_at.is_not(None), editions.c.paused_at.is_(None))
        .where(deliveries.c.state.in_((S.PENDING, S.DEFERRED, S.UNCERTAIN)))
    )
    return connection.execute(query).scalar_one()


def list_unclosed_editions(connection: Connection) -> list[str]:
    """The editions that are not closed although nothing of theirs is to be done any more, oldest first."""
    owed = sa.select(shards.c.shard).where(shards.c.edition_id == editions.c.id, shards.c.due.is_not(None))
    under_way = editions.c.state == EditionState.FROZEN
    query = sa.select(editions.c.id).where(under_way, ~owed.exists()).order_by(editions.c.frozen_at)
    return list(connection.execute(query).scalars())


def lock_shards(connection: Connection, which: sa.ColumnElement[bool]) -> None:
    """Wait until nobody marks or settles rows of these shards, before many of their rows are changed at once: whoever
    locks shards first, in this order, is never in a circle of those who wait for each other (PostgreSQL)."""
    query = sa.select(shards.c.shard).where(which).order_by(shards.c.edition_id, shards.c.shard)
    connection.execute(query.with_for_update())


def mark_shards_idle(connection: Connection, which: sa.ColumnElement[bool]) -> None:
    """Mark those of these shards as idle that nobody holds and in which nothing is to be done any more."""
    left = sa.select(deliveries.c.shard).where(
        deliveries.c.edition_id == shards.c.edition_id,
        deliveries.c.shard == shards.c.shard,
        deliveries.c.state.in_((S.PENDING, S.DEFERRED, S.SENDING, S.UNCERTAIN)),
    )
    nothing_left = which & (shards.c.owner == "") & ~left.exists()
    connection.execute(sa.update(shards).where(nothing_left).values(due=None))
