"""Opt-outs: who has unsubscribed from which newsletter. Only their own wish, or staff naming them, subscribes them again.

A permanent suppression counts as an opt-out of everything: whoever has complained, or is suppressed in another system, must
not be subscribed by a file either. A temporary one (a full mailbox) is not their wish and does not count.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ..bounces.suppressions import LONGEST
from ..model import OptOut
from ..storage.statements import insert_into, is_one_of
from ..storage.tables import opt_outs, subscribers, suppressions
from ..text import clean_line

ALL_NEWSLETTERS = ""  # in place of a newsletter: all there are and will be


def record(connection: Connection, left: Iterable[OptOut]) -> None:
    """Record opt-outs. One that is known already keeps its time and reason."""
    rows = {
        (one.address, one.newsletter): {
            "address_key": one.address,
            "newsletter": one.newsletter,
            "at": one.at,
            "via": one.via,
            "reason": clean_line(one.reason)[:LONGEST],
        }
        for one in left
    }
    if rows:
        fresh = insert_into(connection, opt_outs).on_conflict_do_nothing()
        connection.execute(fresh, [rows[key] for key in sorted(rows)])


def find_with_suppressions(connection: Connection, keys: Sequence[str]) -> dict[str, list[OptOut]]:
    """The opt-outs and permanent suppressions of these addresses (in normal form), by address."""
    found: dict[str, list[OptOut]] = {}
    if connection.execute(sa.select(opt_outs.c.address_key).limit(1)).first():
        found = find_by_keys(connection, keys)
    if connection.execute(sa.select(suppressions.c.address_key).limit(1)).first():
        for_good = is_one_of(connection, suppressions.c.address_key, keys) & suppressions.c.until.is_(None)
        for row in connection.execute(sa.select(suppressions).where(for_good)):
            found.setdefault(row.address_key, []).append(
                OptOut(
                    address=row.address_key,
                    newsletter=ALL_NEWSLETTERS,
                    at=row.since,
                    via=row.type,
                    reason=row.reason,
                    suppressed=True,
                )
            )
    return found


def find_blocking(found: Collection[OptOut], newsletter: str) -> OptOut | None:
    """The opt-out that applies to a newsletter, if any."""
    return next((one for one in found if one.newsletter in (newsletter, ALL_NEWSLETTERS)), None)


def find_by_key(connection: Connection, key: str) -> list[OptOut]:
    """The opt-outs of one address, in normal form."""
    query = sa.select(opt_outs).where(opt_outs.c.address_key == key).order_by(opt_outs.c.newsletter)
    return [_opt_out(row) for row in connection.execute(query)]


def find_by_keys(connection: Connection, keys: Sequence[str]) -> dict[str, list[OptOut]]:
    """The opt-outs of many addresses, without suppressions."""
    asked = is_one_of(connection, opt_outs.c.address_key, keys)
    query = sa.select(opt_outs).where(asked).order_by(opt_outs.c.newsletter)
    found: dict[str, list[OptOut]] = {}
    for row in connection.execute(query):
        found.setdefault(row.address_key, []).append(_opt_out(row))
    return found


def list_without_subscriber(connection: Connection, batch: int = 1000) -> Iterator[list[OptOut]]:
    """The opt-outs of addresses without a subscriber, one list for each address, in their order."""
    last = ""
    known = sa.select(subscribers.c.id).where(subscribers.c.address_key == opt_outs.c.address_key)
    while True:
        query = sa.select(opt_outs.c.address_key).where(opt_outs.c.address_key > last, ~known.exists()).distinct()
        keys = connection.execute(query.order_by(opt_outs.c.address_key).limit(batch)).scalars().all()
        if not keys:
            return
        found = find_by_keys(connection, keys)
        yield from (found[key] for key in keys)
        last = keys[-1]


def list_unwanted(connection: Connection, newsletter: str, batch: int = 1000) -> Iterator[OptOut]:
    """Who must not get a newsletter, subscriber or not: one opt-out or permanent suppression for each address, in their
    order."""
    last = ""
    gone = sa.union(
        sa.select(opt_outs.c.address_key).where(opt_outs.c.newsletter.in_((newsletter, ALL_NEWSLETTERS))),
        sa.select(suppressions.c.address_key).where(suppressions.c.until.is_(None)),
    ).subquery()
    while True:
        query = sa.select(gone.c.address_key).where(gone.c.address_key > last).order_by(gone.c.address_key)
        keys = connection.execute(query.limit(batch)).scalars().all()
        if not keys:
            return
        found = find_with_suppressions(connection, keys)
        yield from filter(None, (find_blocking(found[key], newsletter) for key in keys))
        last = keys[-1]


def give_reason(connection: Connection, key: str, newsletter: str, reason: str) -> None:
    """Add the reason to an opt-out, given after the fact."""
    here = (opt_outs.c.address_key == key) & (opt_outs.c.newsletter == newsletter)
    connection.execute(sa.update(opt_outs).where(here).values(reason=clean_line(reason)[:LONGEST]))


def delete(connection: Connection, key: str, newsletters: Collection[str]) -> None:
    """Delete the opt-outs of these newsletters, as somebody has subscribed again. An opt-out of all newsletters stays
    for the others."""
    here = (opt_outs.c.address_key == key) & opt_outs.c.newsletter.in_(newsletters)
    connection.execute(sa.delete(opt_outs).where(here))


def _opt_out(row: sa.Row[Any]) -> OptOut:
    return OptOut(address=row.address_key, newsletter=row.newsletter, at=row.at, via=row.via, reason=row.reason)
