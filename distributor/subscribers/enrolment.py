"""Puts people on lists: one, or a million of them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from ..model import Frequency, Subscriber
from ..storage import bulk
from ..storage.tables import subscribers, subscriptions
from . import register
from .application import Application


class Change(StrEnum):
    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


def add(connection: Connection, wanted: Application, now: datetime) -> tuple[Subscriber, Change]:
    """Put somebody on the lists asked for; somebody known keeps the lists they are on. Asking twice changes nothing."""
    return add_all(connection, [wanted], now)[0]


def add_all(connection: Connection, wanted: Sequence[Application], now: datetime) -> list[tuple[Subscriber, Change]]:
    """`add` for many, each address once, with a few statements for all of them."""
    known = register.by_keys(connection, [one.key for one in wanted])
    before = [known.get(one.key) for one in wanted]
    first = secrets.randbits(64)
    after = [
        _joined(person, one, now) if person else _new(f"{(first + k) % 2**64:016x}", one, now)
        for k, (person, one) in enumerate(zip(before, wanted, strict=True))
    ]
    _insert(connection, [person for person, old in zip(after, before, strict=True) if old is None], now)
    changed = [(old, person) for person, old in zip(after, before, strict=True) if old and old is not person]
    register.change(connection, changed, now)
    more = [(new.id, name) for old, new in changed for name in new.newsletters if name not in old.newsletters]
    _subscribe(connection, more, now)
    return [(person, _change(old, person)) for person, old in zip(after, before, strict=True)]


def _change(old: Subscriber | None, new: Subscriber) -> Change:
    if old is None:
        return Change.ADDED
    return Change.UNCHANGED if new is old else Change.UPDATED


def _joined(known: Subscriber, wanted: Application, now: datetime) -> Subscriber:
    """Somebody known, with what is asked for now; what is not named stays. The same value where nothing changes."""
    choice = wanted.choice
    name, consent = wanted.name or known.name, wanted.consent or known.consent
    language, frequency = choice.language or known.language, choice.frequency or known.frequency
    topics = choice.topics or known.topics
    lists = tuple(dict.fromkeys((*known.newsletters, *choice.newsletters)))
    as_is = (known.name, known.consent, known.language, known.frequency, known.topics, known.newsletters, known.active)
    if (name, consent, language, frequency, topics, lists, True) == as_is:
        return known
    return replace(
        known,
        name=name,
        consent=consent,
        language=language,
        frequency=frequency,
        topics=topics,
        newsletters=lists,
        active=True,
    )


def _new(id: str, wanted: Application, now: datetime) -> Subscriber:
    """Somebody new. The ids of those who come together follow each other: a store sorts them in with less work."""
    choice = wanted.choice
    return Subscriber(
        id=id,
        address=wanted.address,
        name=wanted.name,
        language=choice.language or choice.usual,
        newsletters=choice.newsletters,
        topics=choice.topics,
        frequency=choice.frequency or Frequency.EACH,
        created=now,
        consent=wanted.consent,
    )


def _insert(connection: Connection, new: Sequence[Subscriber], now: datetime) -> None:
    names = ("id", "address", "address_key", "created", *register.CHOICES)
    rows = [(one.id, one.address, one.address.lower(), now, *register.choices(one)) for one in new]
    bulk.insert(connection, subscribers, names, rows)
    _subscribe(connection, [(one.id, name) for one in new for name in one.newsletters], now)


def _subscribe(connection: Connection, pairs: Sequence[tuple[str, str]], now: datetime) -> None:
    rows = [(person, newsletter, now) for person, newsletter in pairs]
    bulk.insert(connection, subscriptions, ("subscriber_id", "newsletter", "since"), rows)
