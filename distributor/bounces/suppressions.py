"""Bounces and the addresses that must not be written to: every statement about both.

    bounced    what came back is written down, and what follows from it is done, in somebody's transaction
    lapse      suppressions for a time end
    find, listing, suppress, lift     for staff, lists and guards

Addresses are one by their key (`mail.address.normalise`). A bounce that is told twice counts once: by its delivery and
type, and where nobody knows the delivery by its edition, type, code and words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ..config.bounces import BounceGuard
from ..errors import DamagedRow
from ..mail.address import normalize
from ..model import Bounce, BounceType, Suppression
from ..storage.rows import enum_member, log_damage, read_rows, stream_readable_rows
from ..storage.statements import insert_into
from ..storage.tables import bounce_counts, suppressions
from ..storage.tables import bounces as table
from ..text import clean_line
from . import guard
from .classify import HALF_LIFE, decide_suppression, outranks

_USUAL = BounceGuard()
LONGEST = 500  # characters of an answer that are kept
_REMEMBERED = HALF_LIFE * 6  # an older soft bounce weighs next to nothing
_REPEAT_WINDOW = timedelta(days=30)  # within which the same words of no known delivery are the same bounce


@dataclass(frozen=True, slots=True)
class BounceEffect:
    """What became of a bounce: `known` where it was reported before; the suppression that it has brought, if any. `pending`:
    the suppression that it would bring waits for staff (`guard`)."""

    bounce: Bounce
    known: bool = False
    suppression: Suppression | None = None
    pending: bool = False


def record_bounces(
    connection: Connection, bounces: Sequence[Bounce], now: datetime, limits: BounceGuard = _USUAL
) -> list[BounceEffect]:
    """Write bounces down and do what follows, inside the caller's writing transaction. One effect for each, in order.
    `limits` say when there are so many hard ones that staff are asked first.

    Raises ValueError for an address that is none, and for a type that no bounce has.
    """
    return [_record_bounce(connection, bounce, now, limits) for bounce in bounces]


def _record_bounce(connection: Connection, bounce: Bounce, now: datetime, limits: BounceGuard) -> BounceEffect:
    if bounce.type not in (BounceType.HARD, BounceType.SOFT, BounceType.POLICY, BounceType.COMPLAINT):
        raise ValueError(f"a bounce cannot be of the type {bounce.type}")
    row = _row(bounce)
    if _is_known(connection, row):
        return BounceEffect(bounce, known=True)
    earlier = _soft_bounces(connection, row["address_key"], now) if bounce.type is BounceType.SOFT else []
    connection.execute(sa.insert(table).values(row))
    wanted = decide_suppression(bounce, earlier, now)
    if wanted and bounce.type is BounceType.HARD and not guard.may_suppress(connection, bounce.edition_id, now, limits):
        guard.hold_suppression(connection, bounce.edition_id, wanted, row["address_key"])
        return BounceEffect(bounce, pending=True)
    return BounceEffect(bounce, suppression=wanted if wanted and suppress(connection, wanted) else None)


def _row(bounce: Bounce) -> dict[str, Any]:
    return {
        "address_key": normalize(bounce.address),
        "type": bounce.type,
        "at": bounce.at,
        "delivery_id": bounce.delivery_id,
        "edition_id": bounce.edition_id,
        "status": bounce.status[:12],
        "text": clean_line(bounce.text)[:LONGEST],
        "via": bounce.via[:20],
    }


def _is_known(connection: Connection, row: dict[str, Any]) -> bool:
    same = (table.c.address_key == row["address_key"]) & (table.c.type == row["type"])
    if row["delivery_id"] is not None:
        same &= table.c.delivery_id == row["delivery_id"]
    else:
        same &= table.c.delivery_id.is_(None) & (table.c.at >= row["at"] - _REPEAT_WINDOW)
        for name in ("edition_id", "status", "text"):
            same &= table.c[name] == row[name]
    return connection.execute(sa.select(table.c.id).where(same).limit(1)).scalar() is not None


def _soft_bounces(connection: Connection, key: str, now: datetime) -> list[Bounce]:
    """The soft bounces of an address that still weigh something."""
    wanted = (table.c.address_key == key) & (table.c.type == BounceType.SOFT) & (table.c.at > now - _REMEMBERED)
    return read_rows(connection, sa.select(table).where(wanted), table.c.id, _bounce, "bounce")


def list_bounces_since(connection: Connection, since: datetime) -> list[tuple[int, Bounce]]:
    """The bounces since a time with their numbers, oldest first."""
    query = sa.select(table).where(table.c.at >= since).order_by(table.c.at, table.c.id)
    return read_rows(connection, query, table.c.id, lambda row: (row.id, _bounce(row)), "bounce")


def _bounce(row: sa.Row[Any]) -> Bounce:
    return Bounce(
        address=row.address_key,
        type=enum_member(BounceType, row.type, "bounce", row.id),
        at=row.at,
        status=row.status,
        text=row.text,
        via=row.via,
        delivery_id=row.delivery_id,
        edition_id=row.edition_id,
    )


def count_bounces(connection: Connection, edition_id: str) -> dict[str, int]:
    """How many bounces and complaints an edition has brought, by type."""
    query = sa.select(table.c.type, sa.func.count()).where(table.c.edition_id == edition_id).group_by(table.c.type)
    old = sa.select(bounce_counts.c.type, bounce_counts.c.number).where(bounce_counts.c.edition_id == edition_id)
    counts: dict[str, int] = {}
    for type, number in [*connection.execute(query), *connection.execute(old)]:
        counts[type] = counts.get(type, 0) + int(number)
    return counts


# -- suppressions ------------------------------------------------------------------------------------------------------


def suppress(connection: Connection, wanted: Suppression) -> bool:
    """Suppress an address; False where a suppression stands that is as strong. Raises ValueError for what is no address."""
    key = normalize(wanted.address)
    values = _values(wanted)
    # Another process may have been quicker; on PostgreSQL a failed insert would undo all of the caller's work.
    fresh = insert_into(connection, suppressions).values(address_key=key, **values).on_conflict_do_nothing()
    if connection.execute(fresh.returning(suppressions.c.address_key)).scalar() is not None:
        return True
    stronger = outranks(wanted, find_suppression(connection, key))
    if stronger:
        connection.execute(sa.update(suppressions).where(suppressions.c.address_key == key).values(**values))
    return stronger


def suppress_all(connection: Connection, wanted: Sequence[Suppression]) -> list[bool]:
    """The same for many, at most some thousands, with few questions to the store; one answer for each, in order."""
    keys = [normalize(one.address) for one in wanted]
    columns = sa.select(suppressions).where(suppressions.c.address_key.in_(keys))
    standing = {row.address_key: _suppression(row) for row in connection.execute(columns)}
    backwards = zip(reversed(keys), reversed(wanted), strict=True)  # of an address that is named twice, the first stays
    fresh = {key: one for key, one in backwards if key not in standing}
    if fresh:
        rows = [{"address_key": key, **_values(fresh[key])} for key in sorted(fresh)]
        connection.execute(insert_into(connection, suppressions).on_conflict_do_nothing(), rows)
    return [
        fresh.get(key) is one or (outranks(one, standing.get(key, fresh.get(key, one))) and suppress(connection, one))
        for key, one in zip(keys, wanted, strict=True)
    ]


def _values(wanted: Suppression) -> dict[str, Any]:
    return {
        "reason": clean_line(wanted.reason)[:LONGEST],
        "since": wanted.since,
        "type": wanted.type,
        "until": wanted.until,
    }


def find_suppression(connection: Connection, address: str) -> Suppression | None:
    """The suppression of an address. Raises ValueError for what is no address."""
    here = suppressions.c.address_key == normalize(address)
    row = connection.execute(sa.select(suppressions).where(here)).one_or_none()
    return _suppression(row) if row else None


def remove_suppression(connection: Connection, address: str) -> Suppression | None:
    """Let an address be written to again, its soft bounces forgiven; returns what stood there. Raises ValueError for
    what is no address."""
    old = find_suppression(connection, address)
    if old:
        key = normalize(address)
        connection.execute(sa.delete(suppressions).where(suppressions.c.address_key == key))
        forgiven = (table.c.address_key == key) & (table.c.type == BounceType.SOFT)
        connection.execute(sa.delete(table).where(forgiven))
    return old


def expire_suppressions(connection: Connection, now: datetime) -> int:
    """End the suppressions whose time is over; returns how many. Inside the caller's writing transaction."""
    over = suppressions.c.until <= now
    return connection.execute(sa.delete(suppressions).where(over)).rowcount


def iterate_latest(
    connection: Connection, *, types: Iterable[BounceType] = (), limit: int | None = None
) -> Iterator[Suppression]:
    """Suppressions, latest first, without holding all in memory."""
    query = _filter_types(types).order_by(suppressions.c.since.desc(), suppressions.c.address_key).limit(limit)
    return stream_readable_rows(connection, query, suppressions.c.address_key, _suppression, "suppression")


def list_latest(connection: Connection, *, types: Iterable[BounceType] = (), limit: int = 50) -> list[Suppression]:
    """The first of them."""
    return list(iterate_latest(connection, types=types, limit=limit))


def iterate_by_address(
    connection: Connection, *, types: Iterable[BounceType] = (), batch: int = 1000
) -> Iterator[Suppression]:
    """All suppressions in the order of their addresses, without holding all in memory."""
    last, chosen = "", list(types)
    while True:
        query = _filter_types(chosen).where(suppressions.c.address_key > last).order_by(suppressions.c.address_key)
        rows = connection.execute(query.limit(batch)).all()
        if not rows:
            return
        yield from map(_suppression, rows)
        last = rows[-1].address_key


def list_after(
    connection: Connection, limit: int, *, types: Iterable[BounceType] = (), after: str = ""
) -> list[Suppression]:
    """A page of suppressions in the order of their addresses: those behind the address `after`."""
    query = _filter_types(types).where(suppressions.c.address_key > after).order_by(suppressions.c.address_key)
    return read_rows(connection, query.limit(limit), suppressions.c.address_key, _suppression, "suppression")


def _filter_types(types: Iterable[BounceType]) -> sa.Select[Any]:
    chosen = list(types)
    query = sa.select(suppressions)
    return query.where(suppressions.c.type.in_(chosen)) if chosen else query


def count_by_type(connection: Connection) -> dict[BounceType, int]:
    """How many addresses are suppressed, by type."""
    query = sa.select(suppressions.c.type, sa.func.count()).group_by(suppressions.c.type)
    counts: dict[BounceType, int] = {}
    for tier, count in connection.execute(query.order_by(suppressions.c.type)):
        known = _tier(tier, f"of {count} addresses")
        counts[known] = counts.get(known, 0) + count
    return counts


def _tier(value: str, key: str) -> BounceType:
    """A type that cannot be read is the strongest: whatever it was, the address must not be written to."""
    try:
        return enum_member(BounceType, value, "the suppression", key)
    except DamagedRow as damage:
        log_damage(damage)
        return BounceType.STAFF


def _suppression(row: sa.Row[Any]) -> Suppression:
    return Suppression(
        address=row.address_key,
        type=_tier(row.type, row.address_key),
        reason=row.reason,
        since=row.since,
        until=row.until,
    )
