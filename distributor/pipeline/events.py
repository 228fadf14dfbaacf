"""Events for other programs: what has happened, put into the outbox once for each channel that wants it.

What somebody does (signs up, confirms, changes, leaves) is enqueued in the transaction that does it. What the store shows
anyway (editions, bounces, channels that fail) is looked for at each tick, whichever process has done it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection

from ..bounces import suppressions
from ..channel import Event, EventType
from ..delivery import channel_state, outbox, queries
from ..editions import history
from ..model import Subscriber
from ..newsroom import Newsroom
from ..storage.database import Database

KEPT_TRYING = timedelta(days=3)  # an event is sent again for so long
LOOKS_BACK = timedelta(days=1)  # what happened while nobody served is told, but not all that ever happened
OVERLAP = timedelta(minutes=30)  # a long transaction is committed so much later than its time at most


def enqueue_event(
    newsroom: Newsroom, connection: Connection, type: EventType, at: datetime, data: Mapping[str, Any], dedupe_key: str
) -> int:
    """Put an event into the outbox, once for each `dedupe_key` and channel that wants it; returns for how many. In the
    transaction in which it happens."""
    messages = _messages(newsroom, Event(type, at, data, dedupe_key))
    return sum(outbox.add(connection, message, at) for message in messages)


def _messages(newsroom: Newsroom, event: Event) -> Iterator[outbox.OutboxMessage]:
    for name, channel in newsroom.channels.items():
        document = channel.compose_event(event)
        if document:
            yield outbox.OutboxMessage(
                dedupe_key=f"event:{name}:{sha256(f'{event.type} {event.key}'.encode()).hexdigest()[:40]}",
                channel=name,
                kind=event.type,
                media_type=document.media_type,
                body=document.body,
                expires_at=event.at + KEPT_TRYING,
            )


# -- what subscribers do -----------------------------------------------------------------------------------------------


def tell_joined(
    newsroom: Newsroom,
    connection: Connection,
    person: Subscriber,
    newsletters: Sequence[str],
    now: datetime,
    *,
    via: str,
    type: EventType = EventType.SUBSCRIBED,
) -> None:
    """Tell other programs which newsletters somebody gets now who did not get them before, of each by itself; or, as
    `CONFIRMED`, which ones they have confirmed."""
    for newsletter in newsletters:
        _tell(newsroom, connection, type, person, newsletter, now, via)


def tell_left(
    newsroom: Newsroom, connection: Connection, person: Subscriber, newsletter: str, now: datetime, *, via: str
) -> None:
    """Tell other programs that somebody has left a newsletter, or all of them where its name is empty."""
    _tell(newsroom, connection, EventType.LEFT, person, newsletter, now, via)


def _tell(
    newsroom: Newsroom,
    connection: Connection,
    type: EventType,
    person: Subscriber,
    newsletter: str,
    now: datetime,
    via: str,
) -> None:
    told = {"subscriber": person.id, "address": person.address, "newsletter": newsletter, "via": via}
    enqueue_event(newsroom, connection, type, now, told, f"{person.id} {newsletter} {now.isoformat()}")


def tell_changed(newsroom: Newsroom, connection: Connection, person: Subscriber, now: datetime) -> None:
    """Tell other programs what a subscriber, given as they are now, has chosen."""
    told = {
        "subscriber": person.id,
        "address": person.address,
        "name": person.name,
        "language": person.language.value,
        "newsletters": list(person.newsletters),
        "topics": list(person.topics),
        "frequency": person.frequency.value,
        "attributes": dict(person.attributes),
    }
    enqueue_event(newsroom, connection, EventType.CHANGED, now, told, f"{person.id} {now.isoformat()}")


# -- what the store shows ----------------------------------------------------------------------------------------------


def collect_events(newsroom: Newsroom, database: Database, since: datetime, now: datetime) -> int:
    """Put into the outbox what has happened since a time to editions, addresses and channels; returns how many messages are
    new. Nothing is written where nothing is."""
    wanted = frozenset[EventType]().union(*(channel.event_types for channel in newsroom.channels.values()))
    happened = [look for type, look in _LOOKS.items() if type in wanted]
    if not happened:
        return 0
    with database.read() as connection:
        events = [event for look in happened for event in look(connection, since)]
        found = [message for event in events for message in _messages(newsroom, event)]
        known = outbox.known_keys(connection, [message.dedupe_key for message in found])
    fresh = [message for message in found if message.dedupe_key not in known]
    if not fresh:
        return 0
    with database.write() as connection:
        return sum(outbox.add(connection, message, now) for message in fresh)


def _frozen(connection: Connection, since: datetime) -> Iterator[Event]:
    for one in history.list_frozen_since(connection, since):
        yield Event(EventType.EDITION_FROZEN, one.at, _edition(one), one.edition)


def _held(connection: Connection, since: datetime) -> Iterator[Event]:
    for one in history.list_held_since(connection, since):
        told = {**_edition(one), "actor": one.actor, "reason": one.reason}
        yield Event(EventType.EDITION_HELD, one.at, told, f"{one.edition} {one.place}")


def _sent(connection: Connection, since: datetime) -> Iterator[Event]:
    for one in history.list_sent_since(connection, since):
        told = {**_edition(one), "deliveries": queries.count_by_state(connection, one.edition)}
        yield Event(EventType.EDITION_SENT, one.at, told, f"{one.edition} {one.at.isoformat()}")


def _bounced(connection: Connection, since: datetime) -> Iterator[Event]:
    for id, bounce in suppressions.list_bounces_since(connection, since):
        told = {
            "address": bounce.address,
            "type": bounce.type,
            "status": bounce.status,
            "reason": bounce.text,
            "edition": bounce.edition_id,
        }
        yield Event(EventType.BOUNCED, bounce.at, told, str(id))


def _broken(connection: Connection, since: datetime) -> Iterator[Event]:
    for name, fault in channel_state.faults_by_channel(connection).items():
        if fault.since >= since:
            told = {"channel": name, "reason": fault.text}
            yield Event(EventType.CHANNEL_BROKEN, fault.since, told, f"{name} {fault.since.isoformat()}")


_LOOKS = {
    EventType.EDITION_FROZEN: _frozen,
    EventType.EDITION_HELD: _held,
    EventType.EDITION_SENT: _sent,
    EventType.BOUNCED: _bounced,
    EventType.CHANNEL_BROKEN: _broken,
}


def _edition(one: history.EditionMoment) -> dict[str, Any]:
    return {"edition": one.edition, "newsletter": one.newsletter, "kind": one.kind, "subject": one.subject}


class EventCollector:
    """Looks for events again and again: at first a day back, then since the last look."""

    def __init__(self, newsroom: Newsroom, database: Database) -> None:
        self._newsroom = newsroom
        self._database = database
        self._since: datetime | None = None

    def collect(self, now: datetime) -> int:
        """How many messages are new. Blocks; made for a thread."""
        since = self._since if self._since and self._since <= now else now - LOOKS_BACK
        found = collect_events(self._newsroom, self._database, since, now)
        self._since = now - OVERLAP
        return found
