"""Changes of address: the new one that a subscriber has named, until its owner confirms it, and the change itself."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ..bounces import suppressions
from ..mail.address import normalize
from ..model import DeliveryState, Subscriber
from ..storage.statements import insert_into
from ..storage.tables import deliveries, subscribers, subscriptions
from ..storage.web_tables import address_changes, consents
from . import erasures, opt_outs, repository

LINK_VALID = timedelta(days=3)  # in which a new address can be confirmed


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressChange:
    """A change that waits for its confirmation, or was confirmed at `done_at`. One for each subscriber: a later wish takes
    the place of an earlier one."""

    id: str
    subscriber: str
    address: str
    asked_at: datetime
    expires_at: datetime
    done_at: datetime | None = None


def ask(connection: Connection, subscriber_id: str, address: str, now: datetime) -> AddressChange:
    """Remember the new address that a subscriber has named."""
    change = AddressChange(
        id=secrets.token_hex(8), subscriber=subscriber_id, address=address, asked_at=now, expires_at=now + LINK_VALID
    )
    _save(connection, change)
    return change


def _save(connection: Connection, change: AddressChange) -> None:
    row = {
        "subscriber_id": change.subscriber,
        "id": change.id,
        "address": change.address,
        "asked_at": change.asked_at,
        "expires_at": change.expires_at,
        "done_at": change.done_at,
    }
    fresh = insert_into(connection, address_changes).values(row)
    connection.execute(fresh.on_conflict_do_update(index_elements=["subscriber_id"], set_=row))


def find(connection: Connection, id: str, now: datetime) -> AddressChange | None:
    """A change whose link is still good, confirmed or not."""
    here = (address_changes.c.id == id) & (address_changes.c.expires_at > now)
    row: Any = connection.execute(sa.select(address_changes).where(here)).one_or_none()
    if row is None:
        return None
    return AddressChange(
        id=row.id,
        subscriber=row.subscriber_id,
        address=row.address,
        asked_at=row.asked_at,
        expires_at=row.expires_at,
        done_at=row.done_at,
    )


def delete_expired(connection: Connection, now: datetime) -> int:
    """Forget the changes whose links are over; returns how many."""
    return connection.execute(sa.delete(address_changes).where(address_changes.c.expires_at <= now)).rowcount


def apply(
    connection: Connection, change: AddressChange, person: Subscriber, keys: tuple[bytes, ...], now: datetime
) -> Subscriber:
    """Give a subscriber the new address, which its owner has confirmed; returns the subscriber as they are then.

    What was opted out of under the new address ends for the newsletters that come along, and so does its suppression: its
    owner has just read an email of ours there, and wants them. If somebody is subscribed under the new address, they are the
    same person: they get the newsletters, and the old entry ends. What is on its way goes to the new address.
    """
    key = normalize(change.address)
    opt_outs.delete(connection, key, person.newsletters)
    suppressions.remove_suppression(connection, key)
    erasures.end_erasure(connection, keys, key)
    connection.execute(sa.delete(address_changes).where(address_changes.c.id == change.id))
    other = repository.find_by_keys(connection, [key]).get(key)
    if other and other.id != person.id:
        _join(connection, person, other, now)
        _save(connection, replace(change, subscriber=other.id, done_at=now))
        return repository.find_by_ids(connection, [other.id])[other.id]
    _save(connection, replace(change, done_at=now))
    values = {"address": change.address, "address_key": key}
    connection.execute(sa.update(subscribers).where(subscribers.c.id == person.id).values(values))
    waiting = deliveries.c.state.in_((DeliveryState.PENDING, DeliveryState.DEFERRED))
    here = (deliveries.c.recipient == person.id) & waiting
    connection.execute(sa.update(deliveries).where(here).values(address=change.address))
    return repository.find_by_ids(connection, [person.id])[person.id]


def _join(connection: Connection, person: Subscriber, other: Subscriber, now: datetime) -> None:
    """Let `other` have the newsletters and consents of a subscriber, who ends."""
    repository.add_subscriptions(connection, other.id, person.newsletters, now)
    here = consents.c.subscriber_id == person.id
    connection.execute(sa.update(consents).where(here).values(subscriber_id=other.id))
    connection.execute(sa.delete(subscriptions).where(subscriptions.c.subscriber_id == person.id))
    connection.execute(sa.delete(subscribers).where(subscribers.c.id == person.id))
