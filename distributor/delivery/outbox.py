"""What waits to be sent outside of any edition: transactional emails and events, each once.

    pending ──▶ sending ──▶ sent | suppressed | rejected | expired
       ▲           │
       └───────────┘  later (`due`): not out, perhaps out, or its process died

A row is written in the transaction that is the reason for it (a sign-up, an opt-out), so neither is there without the
other. `dedupe_key` names the occasion: the same one makes one message, however often it is asked for.

A process claims a row by a conditional update, and only its owner may record an outcome. A row that is still `sending` when
its process is dead, or its lease over, is sent again, as is one of which nobody knows whether it is out: to get a
confirmation twice does no harm, as both have one Message-ID and one link; never to get it does. What a message was made of
is deleted as soon as it needs no more sending.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ..model import DeliveryState
from ..storage.rows import enum_member, stream_readable_rows
from ..storage.statements import insert_into, is_number_one_of
from ..storage.web_tables import outbox
from .lease import owner_is_dead
from .retry import Decision

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

LEASE = timedelta(minutes=30)  # longer than any server is waited for; begins anew before the last byte is sent
MOST_CRASHES = 3  # of one message: then it is given up, so that it cannot take every sender with it
LONGEST_REPLY = 500  # characters of an answer that are kept
EMAIL = "application/vnd.distributor.email+json"  # the media type of an email that is rendered at sending
STAFF_ALERT = "staff-alert"  # the kind of what staff are told of (staff_alerts)
_MOST_KEYS = 500  # in one question
_FIRST_NUMBER = 1 << 62  # bounce tokens of the outbox name numbers from here on; those of the ledger lie below


class OutboxState(StrEnum):
    """What has become of a message."""

    PENDING = "pending"  # waits, not before `due`
    SENDING = "sending"  # in the hands of `owner`
    SENT = "sent"
    SUPPRESSED = "suppressed"  # its address must not be written to
    REJECTED = "rejected"  # refused, and another try would not help
    EXPIRED = "expired"  # its time was over before it could be sent


OPEN_STATES = (OutboxState.PENDING, OutboxState.SENDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxMessage:
    """A message to be sent. `body` is what it is made of at sending. `recipient` is a subscriber's id, empty where there is
    none (yet)."""

    dedupe_key: str
    channel: str
    kind: str
    newsletter: str = ""
    recipient: str = ""
    address: str = ""
    name: str = ""
    media_type: str = EMAIL
    body: bytes
    expires_at: datetime

    @property
    def is_email(self) -> bool:
        return self.media_type == EMAIL


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow(OutboxMessage):
    """A message in the outbox. `due` is None where nothing more is done; `reply` is the last answer."""

    id: int
    state: OutboxState
    attempts: int
    crash_count: int
    created: datetime
    due: datetime | None
    updated: datetime
    owner: str
    reply: str

    @property
    def values(self) -> Mapping[str, Any]:
        """What it is made of."""
        found = json.loads(self.body)
        return found if isinstance(found, dict) else {}

    @property
    def number(self) -> int:
        """What its bounce token names (`mail/verp`)."""
        return _FIRST_NUMBER + self.id


def _insert(connection: Connection) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that does nothing where the row is there. Values are given at its execution: with values in it, it would be
    compiled for each message, which takes longer than writing it."""
    return insert_into(connection, outbox).on_conflict_do_nothing()


def add(connection: Connection, message: OutboxMessage, now: datetime) -> bool:
    """Put a message in the outbox. False: it is there already, or was sent."""
    return connection.execute(_insert(connection).returning(outbox.c.id), _new_row(message, now)).scalar() is not None


def add_all(connection: Connection, messages: Iterable[OutboxMessage], now: datetime) -> None:
    """Put messages in the outbox, but for those that are there already or were sent."""
    if rows := [_new_row(one, now) for one in messages]:
        connection.execute(_insert(connection), rows)


def _new_row(message: OutboxMessage, now: datetime) -> dict[str, object]:
    return {
        "dedupe_key": message.dedupe_key,
        "channel": message.channel,
        "kind": message.kind,
        "newsletter": message.newsletter,
        "recipient": message.recipient,
        "address": message.address,
        "name": message.name,
        "media_type": message.media_type,
        "body": message.body,
        "state": OutboxState.PENDING,
        "created": now,
        "due": now,
        "updated": now,
        "expires_at": message.expires_at,
    }


# -- sending -----------------------------------------------------------------------------------------------------------


def list_due_channels(connection: Connection, now: datetime) -> list[str]:
    """The channels for which there is something to do now: a message that is due, or one whose sender may be dead."""
    due = (outbox.c.state == OutboxState.PENDING) & (outbox.c.due <= now)
    pending = sa.select(outbox.c.channel).where(due).distinct()
    found = set(connection.execute(pending).scalars())
    return sorted(found | {row.channel for row in _list_abandoned(connection, now)})


def recover(connection: Connection, now: datetime) -> int:
    """Let what dead processes have left be sent again; returns how many. One at which senders die again and again is given
    up."""
    abandoned = _list_abandoned(connection, now)
    for row in abandoned:
        given_up = row.crash_count + 1 >= MOST_CRASHES
        values = {
            "state": OutboxState.REJECTED if given_up else OutboxState.PENDING,
            "due": None if given_up else now,
            "reply": f"the process that sent it has died{', for the third time: given up' if given_up else ''}",
            "crash_count": row.crash_count + 1,
            "updated": now,
            "owner": "",
        }
        held = (outbox.c.state == OutboxState.SENDING) & (outbox.c.owner == row.owner)
        connection.execute(sa.update(outbox).where(outbox.c.id == row.id, held).values(values))
    return len(abandoned)


def _list_abandoned(connection: Connection, now: datetime) -> Sequence[Any]:
    columns = (outbox.c.id, outbox.c.channel, outbox.c.owner, outbox.c.updated, outbox.c.crash_count)
    rows = connection.execute(sa.select(*columns).where(outbox.c.state == OutboxState.SENDING)).all()
    return [row for row in rows if row.updated <= now - LEASE or owner_is_dead(row.owner)]


def expire(connection: Connection, now: datetime) -> int:
    """Give up what has waited beyond its time; returns how many."""
    over = (outbox.c.state == OutboxState.PENDING) & (outbox.c.expires_at <= now)
    values = {"state": OutboxState.EXPIRED, "due": None, "updated": now, "body": b"{}"}
    return connection.execute(sa.update(outbox).where(over).values(values)).rowcount


def claim(connection: Connection, channel: str, owner: str, now: datetime) -> OutboxRow | None:
    """The message of a channel that has been due for the longest time, now in the hands of `owner`; None where there is
    none."""
    due = (outbox.c.state == OutboxState.PENDING) & (outbox.c.due <= now) & (outbox.c.channel == channel)
    first = sa.select(outbox.c.id).where(due).order_by(outbox.c.due, outbox.c.id).limit(1)
    id = connection.execute(first).scalar()
    if id is None:
        return None
    values = {"state": OutboxState.SENDING, "owner": owner, "updated": now, "attempts": outbox.c.attempts + 1}
    taken = connection.execute(sa.update(outbox).where(outbox.c.id == id, due).values(values))
    return find(connection, id) if taken.rowcount == 1 else None


def renew(connection: Connection, row: OutboxRow, now: datetime) -> bool:
    """Whether a message is still in the hands of its owner, whose lease then begins anew."""
    return connection.execute(sa.update(outbox).where(_held(row)).values(updated=now)).rowcount == 1


def settle(connection: Connection, row: OutboxRow, decision: Decision, now: datetime, *, counted: bool = True) -> bool:
    """Record what has become of a message. `counted` is False for an attempt with which the message has nothing to do.
    False: it is in other hands by now."""
    state = _STATES[decision.state]
    values: dict[str, Any] = {
        "state": state,
        "due": decision.due if state is OutboxState.PENDING else None,
        "reply": decision.reply[:LONGEST_REPLY],
        "updated": now,
        "owner": "",
        "attempts": row.attempts if counted else row.attempts - 1,
    }
    if state is not OutboxState.PENDING:
        values["body"] = b"{}"
    return connection.execute(sa.update(outbox).where(_held(row)).values(values)).rowcount == 1


# What the ledger's decisions are here. In doubt, a message is sent again.
_STATES = {
    DeliveryState.SENT: OutboxState.SENT,
    DeliveryState.REJECTED: OutboxState.REJECTED,
    DeliveryState.SUPPRESSED: OutboxState.SUPPRESSED,
    DeliveryState.EXPIRED: OutboxState.EXPIRED,
    DeliveryState.DEFERRED: OutboxState.PENDING,
    DeliveryState.UNCERTAIN: OutboxState.PENDING,
}


def _held(row: OutboxRow) -> sa.ColumnElement[bool]:
    return (outbox.c.id == row.id) & (outbox.c.state == OutboxState.SENDING) & (outbox.c.owner == row.owner)


# -- looking -----------------------------------------------------------------------------------------------------------


def find(connection: Connection, id: int) -> OutboxRow | None:
    """One message."""
    row = connection.execute(sa.select(outbox).where(outbox.c.id == id)).one_or_none()
    return _row(row) if row else None


def known_keys(connection: Connection, keys: Sequence[str]) -> frozenset[str]:
    """Those of these keys of which there is a message."""
    found: set[str] = set()
    for start in range(0, len(keys), _MOST_KEYS):
        these = outbox.c.dedupe_key.in_(keys[start : start + _MOST_KEYS])
        found.update(connection.execute(sa.select(outbox.c.dedupe_key).where(these)).scalars())
    return frozenset(found)


def find_by_keys(connection: Connection, keys: Sequence[str]) -> list[OutboxRow]:
    """The messages with these keys, without those that are not there (any more)."""
    found: list[OutboxRow] = []
    for start in range(0, len(keys), _MOST_KEYS):
        query = sa.select(outbox).where(outbox.c.dedupe_key.in_(keys[start : start + _MOST_KEYS]))
        found += map(_row, connection.execute(query.order_by(outbox.c.id)))
    return found


def find_by_number(connection: Connection, number: int) -> OutboxRow | None:
    """The message that a bounce token names; None for a number of the ledger."""
    return find(connection, number - _FIRST_NUMBER) if number > _FIRST_NUMBER else None


def iterate_latest(
    connection: Connection, *, states: Sequence[str] = (), address: str = "", limit: int | None = None
) -> Iterator[OutboxRow]:
    """Messages, latest first: all, or those in some states, or to an address, in whatever case it is written."""
    query = _filtered(sa.select(outbox), states, address).order_by(outbox.c.created.desc(), outbox.c.id.desc())
    return stream_readable_rows(connection, query.limit(limit), outbox.c.id, _row, "message of the outbox")


def count(connection: Connection, *, states: Sequence[str] = (), address: str = "") -> int:
    """How many there are of them."""
    query = _filtered(sa.select(sa.func.count()).select_from(outbox), states, address)
    number: int = connection.execute(query).scalar_one()
    return number


def count_open(connection: Connection) -> int:
    """How many messages wait."""
    return count(connection, states=OPEN_STATES)


def newest_id(connection: Connection) -> int:
    """The id of the latest message that is there; 0 where there is none. No id is given twice."""
    return connection.execute(sa.select(sa.func.max(outbox.c.id))).scalar() or 0


def _filtered(query: sa.Select[Any], states: Sequence[str], address: str) -> sa.Select[Any]:
    if states:
        query = query.where(outbox.c.state.in_(states))
    return query.where(sa.func.lower(outbox.c.address) == address.lower()) if address else query


def _row(row: sa.Row[Any]) -> OutboxRow:
    names = OutboxRow.__dataclass_fields__
    values = {name: value for name, value in row._mapping.items() if name in names}
    return OutboxRow(**{**values, "state": enum_member(OutboxState, row.state, "message of the outbox", row.id)})


def list_finished(connection: Connection, before: datetime, most: int) -> list[int]:
    """The numbers of some of the messages that were done before a time, all of them where they are fewer than `most`."""
    return list(connection.execute(sa.select(outbox.c.id).where(_finished(before)).limit(most)).scalars())


def delete_finished(connection: Connection, before: datetime, ids: Sequence[int]) -> int:
    """Delete those of these messages that were done before a time; returns how many."""
    these = is_number_one_of(connection, outbox.c.id, ids)
    return connection.execute(sa.delete(outbox).where(these, _finished(before))).rowcount


def count_finished(connection: Connection, before: datetime) -> int:
    """How many messages were done before a time."""
    return connection.execute(sa.select(sa.func.count()).select_from(outbox).where(_finished(before))).scalar_one()


def _finished(before: datetime) -> sa.ColumnElement[bool]:
    return outbox.c.state.not_in(OPEN_STATES) & (outbox.c.updated < before)
