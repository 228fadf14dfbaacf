"""Subscribers in the store: added, removed, listed. Every statement about them is here."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ..editions.cohorts import topics_key
from ..mail.address import Mailbox, normalise
from ..model import Frequency, Language, Subscriber
from ..storage.tables import subscribers, subscriptions, suppressions
from ..text import clean_line
from . import debts


class Change(StrEnum):
    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What somebody asks for, checked: a good address, known newsletters. `frequency` is None where none is named."""

    address: str
    newsletters: tuple[str, ...]
    name: str = ""
    language: Language = Language.VI
    topics: tuple[str, ...] = ()
    frequency: Frequency | None = None
    consent: str = ""


def application(
    address: str,
    newsletters: Sequence[str],
    *,
    known: Sequence[str],
    name: str = "",
    language: str = "",
    topics: Sequence[str] = (),
    frequency: str = "",
    consent: str = "",
    default_language: Language = Language.VI,
) -> Application:
    """Check what was asked for. Raises ValueError in words, naming the field."""
    mailbox = Mailbox.parse(address.strip())
    unknown = [newsletter for newsletter in newsletters if newsletter not in known]
    if unknown:
        raise ValueError(f"newsletter {unknown[0]!r} is not known; there are: {', '.join(known)}")
    if not newsletters:
        raise ValueError("no newsletter is named")
    if language and language not in list(Language):
        raise ValueError(f"language {language!r} is not known; there are: {', '.join(Language)}")
    if frequency and frequency not in list(Frequency):
        raise ValueError(f"frequency {frequency!r} is not known; there are: {', '.join(Frequency)}")
    return Application(
        address=mailbox.address,
        name=clean_line(name) or mailbox.name,
        language=Language(language) if language else default_language,
        newsletters=tuple(dict.fromkeys(newsletters)),
        topics=clean_topics(topics),
        frequency=Frequency(frequency) if frequency else None,
        consent=clean_line(consent),
    )


def clean_topics(topics: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(clean_line, topics))))


def add(connection: Connection, wanted: Application, now: datetime) -> tuple[Subscriber, Change]:
    """Put somebody on the lists asked for; somebody known keeps the lists they are on. Asking twice changes nothing."""
    known = find(connection, wanted.address)
    if known is None:
        return _insert(connection, wanted, now), Change.ADDED
    lists = tuple(dict.fromkeys((*known.newsletters, *wanted.newsletters)))
    new = replace(
        known,
        name=wanted.name or known.name,
        language=wanted.language,
        topics=wanted.topics or known.topics,
        frequency=wanted.frequency or known.frequency,
        consent=wanted.consent or known.consent,
        newsletters=lists,
    )
    if new == known:
        return known, Change.UNCHANGED
    change(connection, known, new, now)
    _subscribe(connection, known.id, [name for name in lists if name not in known.newsletters], now)
    return new, Change.UPDATED


def change(connection: Connection, known: Subscriber, new: Subscriber, now: datetime) -> None:
    """Write down another name, language, choice of topics or frequency. Of a change of frequency nothing is lost: the
    next letter begins where the last one ended."""
    if new.frequency != known.frequency:
        debts.write_down(connection, known.id, known.frequency, now)
    connection.execute(
        sa.update(subscribers)
        .where(subscribers.c.id == known.id)
        .values(
            name=new.name,
            language=new.language,
            topics=list(new.topics),
            topics_key=topics_key(new.topics),
            frequency=new.frequency,
            consent=new.consent,
        )
    )


def _insert(connection: Connection, wanted: Application, now: datetime) -> Subscriber:
    new = Subscriber(
        id=secrets.token_hex(8),
        address=wanted.address,
        name=wanted.name,
        language=wanted.language,
        newsletters=wanted.newsletters,
        topics=wanted.topics,
        frequency=wanted.frequency or Frequency.EACH,
        created=now,
        consent=wanted.consent,
    )
    connection.execute(
        sa.insert(subscribers).values(
            id=new.id,
            address=new.address,
            address_key=normalise(new.address),
            name=new.name,
            language=new.language,
            topics=list(new.topics),
            topics_key=topics_key(new.topics),
            frequency=new.frequency,
            consent=new.consent,
            created=now,
        )
    )
    _subscribe(connection, new.id, new.newsletters, now)
    return new


def _subscribe(connection: Connection, subscriber: str, newsletters: Sequence[str], now: datetime) -> None:
    for newsletter in newsletters:
        connection.execute(sa.insert(subscriptions).values(subscriber_id=subscriber, newsletter=newsletter, since=now))


def leave(connection: Connection, subscriber: str, newsletter: str | None = None) -> int:
    """Take somebody off one newsletter, or off all; returns how many. What is promised but not out is not sent."""
    query = sa.delete(subscriptions).where(subscriptions.c.subscriber_id == subscriber)
    if newsletter:
        query = query.where(subscriptions.c.newsletter == newsletter)
    return connection.execute(query).rowcount


def find(connection: Connection, address: str) -> Subscriber | None:
    """The subscriber with an address, however it is written. Raises ValueError for what is no address."""
    key = normalise(address.strip())
    row = connection.execute(sa.select(subscribers).where(subscribers.c.address_key == key)).one_or_none()
    return _with_lists(connection, [row])[0] if row else None


def by_ids(connection: Connection, ids: Sequence[str]) -> dict[str, Subscriber]:
    """Subscribers by id; erased ones are missing."""
    rows = connection.execute(sa.select(subscribers).where(subscribers.c.id.in_(ids))).all()
    return {found.id: found for found in _with_lists(connection, rows)}


def names_of(connection: Connection, ids: Sequence[str]) -> dict[str, str]:
    """The names of subscribers by id; those who have been erased are missing."""
    query = sa.select(subscribers.c.id, subscribers.c.name).where(subscribers.c.id.in_(ids))
    return {row.id: row.name for row in connection.execute(query)}


def each(connection: Connection, newsletter: str | None = None, batch: int = 1000) -> Iterator[Subscriber]:
    """All subscribers, or those of one newsletter, in the order of their addresses, without holding all in memory."""
    last = ""
    while True:
        query = sa.select(subscribers).where(subscribers.c.address_key > last)
        if newsletter:
            query = query.join(subscriptions, subscriptions.c.subscriber_id == subscribers.c.id).where(
                subscriptions.c.newsletter == newsletter
            )
        rows = connection.execute(query.order_by(subscribers.c.address_key).limit(batch)).all()
        if not rows:
            return
        yield from _with_lists(connection, rows)
        last = rows[-1].address_key


def suppression(connection: Connection, address: str) -> str:
    """Why an address must not be written to; empty where it may."""
    here = suppressions.c.address_key == normalise(address)
    return connection.execute(sa.select(suppressions.c.reason).where(here)).scalar() or ""


def _with_lists(connection: Connection, rows: Sequence[sa.Row[Any]]) -> list[Subscriber]:
    ids = [row.id for row in rows]
    lists: dict[str, list[str]] = {}
    for row in connection.execute(
        sa.select(subscriptions.c.subscriber_id, subscriptions.c.newsletter)
        .where(subscriptions.c.subscriber_id.in_(ids))
        .order_by(subscriptions.c.since, subscriptions.c.newsletter)
    ):
        lists.setdefault(row.subscriber_id, []).append(row.newsletter)
    return [
        Subscriber(
            id=row.id,
            address=row.address,
            name=row.name,
            language=Language(row.language),
            newsletters=tuple(lists.get(row.id, ())),
            topics=tuple(row.topics),
            frequency=Frequency(row.frequency),
            created=row.created,
            consent=row.consent,
            active=row.id in lists,
        )
        for row in rows
    ]
