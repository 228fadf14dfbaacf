"""Posts that may be out, decided by staff: they have looked at the network."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy import Connection

from ..model import Delivery, EditionState, Receipt
from ..model import DeliveryState as S
from ..storage.tables import deliveries, delivery_steps, editions, shards
from .lease import AT_ONCE
from .queries import DELIVERY_COLUMNS, delivery_from_row, lock_shards, mark_shards_idle

_OUT = "out, says "  # how the reply of a post begins of which staff have said so
FOLLOWS_DOUBT = "not posted, because nobody knows of the post that it follows: "  # how a reply begins


class Verdict(StrEnum):
    """What became of a post that may be out."""

    OUT = "out"  # it is there
    AGAIN = "again"  # it is not there, and is posted again
    GIVE_UP = "give up"  # it is not there, and stays so


def list_doubtful_posts(connection: Connection, edition: str, channel: str = "", variant: str = "") -> list[Delivery]:
    """The posts of an edition that may be out and wait for staff, in their order."""
    in_doubt = (deliveries.c.state == S.UNCERTAIN) & deliveries.c.due.is_(None)
    return _list_posts(connection, edition, channel, variant, in_doubt)


def list_posts_without_id(connection: Connection, edition: str, channel: str, variant: str) -> list[Delivery]:
    """The posts of an edition of which staff have said that they are out, and not by which id, in their order."""
    without = (deliveries.c.state == S.SENT) & (deliveries.c.remote_id == "")
    said = deliveries.c.reply.startswith(_OUT, autoescape=True)
    return _list_posts(connection, edition, channel, variant, without & said)


def _list_posts(
    connection: Connection, edition: str, channel: str, variant: str, which: sa.ColumnElement[bool]
) -> list[Delivery]:
    here = (deliveries.c.edition_id == edition) & (deliveries.c.recipient == "") & which
    for column, value in ((deliveries.c.channel, channel), (deliveries.c.variant, variant)):
        here &= column == value if value else sa.true()
    query = sa.select(*DELIVERY_COLUMNS).where(here).order_by(deliveries.c.id)
    return [delivery_from_row(row) for row in connection.execute(query)]


def settle_posts(
    connection: Connection,
    found: list[Delivery],
    verdict: Verdict,
    receipt: Receipt,
    by: str,
    now: datetime,
    expires_at: datetime,
) -> int:
    """Write down what staff have found of posts of one edition; returns how many posts go out because of it: those posted
    again, and what follows one that was in doubt. `receipt` is that of the one post that is out; without an id it cannot be
    corrected from here. The edition lives until `expires_at` where something of it goes out."""
    edition = found[0].edition
    lock_shards(connection, shards.c.edition_id == edition)
    ids = [row.id for row in found]
    here = deliveries.c.id.in_(ids) & deliveries.c.state.in_({row.state for row in found})
    connection.execute(sa.update(deliveries).where(here).values(**_values(verdict, receipt, by, now)))
    woken: list[int] = []
    if verdict is Verdict.AGAIN:
        connection.execute(sa.delete(delivery_steps).where(delivery_steps.c.delivery_id.in_(ids)))
        woken += ids
    if verdict is Verdict.AGAIN or receipt.remote_id:  # by its id they answer it
        following = sa.select(deliveries.c.id).where(
            deliveries.c.edition_id == edition,
            deliveries.c.channel.in_({row.channel for row in found}),
            deliveries.c.state == S.EXPIRED,
            deliveries.c.reply.startswith(FOLLOWS_DOUBT, autoescape=True),
        )
        woken += connection.execute(following).scalars()
    if woken:
        _wake(connection, edition, woken, now, expires_at)
    mark_shards_idle(connection, shards.c.edition_id == edition)
    return len(woken)


def _values(verdict: Verdict, receipt: Receipt, by: str, now: datetime) -> dict[str, object]:
    if verdict is Verdict.OUT:
        reply = f"{_OUT}{by}"
        return {"state": S.SENT, "updated": now, "reply": reply, "remote_id": receipt.remote_id, "url": receipt.url}
    if verdict is Verdict.AGAIN:
        return {"state": S.PENDING, "updated": now, "attempts": 0, "crash_count": 0, "reply": f"not out, says {by}"}
    return {"state": S.EXPIRED, "updated": now, "reply": f"not out, says {by}; given up"}


def _wake(connection: Connection, edition: str, woken: list[int], now: datetime, expires_at: datetime) -> None:
    which = deliveries.c.id.in_(woken)
    values = {"state": S.PENDING, "attempts": 0, "due": None, "updated": now}
    connection.execute(sa.update(deliveries).where(which).values(**values))
    touched = sa.select(deliveries.c.shard).where(which)
    here = (shards.c.edition_id == edition) & shards.c.shard.in_(touched)
    connection.execute(sa.update(shards).where(here).values(due=AT_ONCE))
    connection.execute(
        sa.update(editions)
        .where(editions.c.id == edition)
        .values(state=EditionState.FROZEN, done_at=None, expires_at=expires_at)
    )
