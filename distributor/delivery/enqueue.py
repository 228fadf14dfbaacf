"""Enqueues deliveries: a row for everything that an edition owes, made in the transaction that freezes it.

A transaction that has the store to itself keeps everybody else waiting, and a million rows take half a minute. So where
PostgreSQL holds the store, the rows of many emails are written early: in the same transaction, before it has the store to
itself (`enqueue_early`). Nobody sees them until it ends; if it does not, they have never been. What others change meanwhile
matters in two cases only, which are mended then: an address, and a person who was erased.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ..model import DeliveryState as S
from ..model import Edition, Rendition
from ..storage import partitions
from ..storage.tables import deliveries, shards, subscribers
from ..storage.web_tables import address_changes, erased_addresses
from ..subscribers import recipients
from ..subscribers.recipients import CorrectionRecipients, EditionRecipients
from .lease import AT_ONCE
from .ledger import SHARD_SIZE

EARLY = 20_000  # recipients from which on rows are written early
_MARGIN = timedelta(
    minutes=10
)  # by which a change may be older than its time says: it has waited for others, for instance


@dataclass(frozen=True, slots=True)
class EarlyRows:
    """Rows of emails that were written early: how many recipients they are for, and since when others may have changed
    something. `editions` is how many of that day there were."""

    emails: int
    since: datetime
    editions: int = 0


def enqueue_early(
    connection: Connection,
    edition: Edition,
    kept: Sequence[Rendition],
    audience: EditionRecipients,
    personal: frozenset[str],
    take_numbers: Callable[[int], int | None],
) -> EarlyRows:
    """Write the rows of the emails of an edition that is not there yet, while others write. `take_numbers` gives the
    first of so many numbers, in a transaction of its own. Raises UnknownPreference (subscribers/recipients)."""
    before = recipients.count_editions_of_day(connection, audience.order)
    shard = sum(rendition.channel not in personal for rendition in kept)
    with recipients.keep_recipients(connection, audience) as (emails, selected):
        for channel in _personal_channels(kept, personal):
            numbers = take_numbers(emails) if emails else None
            _insert_personal(connection, edition, channel, selected, shard, numbers)
            shard += _shards_for(emails)
    return EarlyRows(emails, edition.frozen_at - _MARGIN, before)


def is_early_outdated(connection: Connection, audience: EditionRecipients, early: EarlyRows) -> bool:
    """Whether another edition has been made meanwhile that counts for the cap of the day."""
    return recipients.count_editions_of_day(connection, audience.order) != early.editions


def enqueue_deliveries(
    connection: Connection,
    edition: Edition,
    kept: Sequence[Rendition],
    audience: EditionRecipients | CorrectionRecipients | None,
    personal: frozenset[str],
    early: EarlyRows | None = None,
) -> int:
    """Make a row of everything that the edition owes, in the transaction that freezes it; returns how many emails.

    `personal` are the channels that send to subscribers: each recipient is owed the variant of a segment on each of them.
    """
    shard = emails = 0
    writing = _personal_channels(kept, personal)
    for rendition in kept:
        if rendition.channel in personal:
            continue
        _add_shards(connection, edition.id, rendition.channel, shard, 1)
        row = _row(edition, rendition.channel, rendition.variant, "", "", shard)
        connection.execute(sa.insert(deliveries).values(row))
        shard += 1
    if audience and writing:
        if isinstance(audience, EditionRecipients):  # before this edition's emails count
            recipients.postpone_over_cap(connection, audience.order, edition)
        if early:
            for channel in writing:
                _add_shards(connection, edition.id, channel, shard, _shards_for(early.emails))
                shard += _shards_for(early.emails)
            _mend_early(connection, edition, early)
            return early.emails
        with recipients.select_recipients(connection, audience) as (emails, selected):
            for channel in writing:
                shard += _enqueue_personal(connection, edition, channel, emails, selected, shard)
    return emails


def _personal_channels(kept: Iterable[Rendition], personal: frozenset[str]) -> list[str]:
    return list(dict.fromkeys(rendition.channel for rendition in kept if rendition.channel in personal))


def _shards_for(emails: int) -> int:
    return -(-emails // SHARD_SIZE)


def _enqueue_personal(
    connection: Connection, edition: Edition, channel: str, count: int, selected: sa.Subquery, first: int
) -> int:
    """Rows for all recipients, and their shards; returns how many of these."""
    number = _shards_for(count)
    _add_shards(connection, edition.id, channel, first, number)
    numbers = partitions.take_numbers(connection, count, edition.frozen_at)
    _insert_personal(connection, edition, channel, selected, first, numbers)
    return number


def _insert_personal(
    connection: Connection,
    edition: Edition,
    channel: str,
    selected: sa.FromClause,
    first: int,
    numbers: int | None,
) -> None:
    """Rows for all recipients by one statement, in shards of which most hold one variant only."""
    place = sa.func.row_number().over(order_by=(selected.c.variant, selected.c.id)) - 1
    values = _row(edition, channel, selected.c.variant, selected.c.id, selected.c.address, first + place // SHARD_SIZE)
    columns = [
        value if isinstance(value, sa.ColumnElement) else sa.literal(value, deliveries.c[name].type)
        for name, value in values.items()
    ]
    names = list(values)
    if numbers is not None:
        names, columns = [*names, "id"], [*columns, sa.literal(numbers, sa.BigInteger) + place]
    connection.execute(sa.insert(deliveries).from_select(names, sa.select(*columns)))


def _mend_early(connection: Connection, edition: Edition, early: EarlyRows) -> None:
    """Give early rows the addresses that were changed meanwhile, and take away those of people who were erased."""
    ours = deliveries.c.edition_id == edition.id
    changed = sa.select(address_changes.c.subscriber_id).where(address_changes.c.done_at >= early.since)
    ids = list(connection.execute(changed).scalars())
    if ids:
        address = sa.select(subscribers.c.address).where(subscribers.c.id == deliveries.c.recipient).scalar_subquery()
        connection.execute(sa.update(deliveries).where(ours, deliveries.c.recipient.in_(ids)).values(address=address))
    erased = sa.select(erased_addresses.c.at).where(erased_addresses.c.at >= early.since).limit(1)
    if connection.execute(erased).first():
        known = sa.select(subscribers.c.id).where(subscribers.c.id == deliveries.c.recipient)
        gone = (deliveries.c.recipient != "") & ~known.exists()
        connection.execute(sa.update(deliveries).where(ours, gone).values(address=""))


def _row(edition: Edition, channel: str, variant: Any, recipient: Any, address: Any, shard: Any) -> dict[str, Any]:
    return {
        "edition_id": edition.id,
        "channel": channel,
        "variant": variant,
        "recipient": recipient,
        "shard": shard,
        "state": S.PENDING,
        "attempts": 0,
        "fence": 0,
        "updated": edition.frozen_at,
        "address": address,
        "reply": "",
        "remote_id": "",
        "url": "",
    }


def _add_shards(connection: Connection, edition: str, channel: str, first: int, count: int) -> None:
    rows = [
        {"edition_id": edition, "shard": first + i, "channel": channel, "fence": 0, "owner": "", "due": AT_ONCE}
        for i in range(count)
    ]
    if rows:
        connection.execute(sa.insert(shards), rows)


def remove_untried_deliveries(connection: Connection, edition: str) -> None:
    """Delete the rows of an edition of which nothing has been tried yet."""
    connection.execute(sa.delete(deliveries).where(deliveries.c.edition_id == edition))
    connection.execute(sa.delete(shards).where(shards.c.edition_id == edition))
