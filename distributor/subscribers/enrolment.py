"""Puts people on lists: one, or a million of them. Who has left a list is not put on it again, except by `come_back`."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Connection

from ..delivery import suppression
from ..model import Frequency, OptOut, Subscriber, Suppression
from ..storage import bulk
from ..storage.tables import subscribers, subscriptions
from . import opt_outs, register
from .application import Application


class Change(StrEnum):
    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    KEPT_OFF = "kept off"  # they had left all that was asked for
    OPTED_OUT = "not subscribed, as the list says that they have left"
    UNCONFIRMED = "not subscribed, as the list says that they have not confirmed"


class Enrolled(NamedTuple):
    """What came of one application: the subscriber, None where nobody is known by the address; what changed; and the
    opt-outs that kept them off a list, by its name."""

    subscriber: Subscriber | None
    change: Change
    kept_off: dict[str, OptOut]


def add(connection: Connection, wanted: Application, now: datetime) -> Enrolled:
    """Put somebody on the lists asked for; somebody known keeps the lists they are on. Asking twice changes nothing.

    Who has left a list stays off it, and who has left all that is asked for stays as they are.
    """
    return add_all(connection, [wanted], now)[0]


def come_back(connection: Connection, wanted: Application, now: datetime) -> tuple[Enrolled, Suppression | None]:
    """`add` for somebody who is known to want it again: by their own confirmed sign-up, or by staff who name them. Their
    opt-outs from these lists end, and what suppresses the address is lifted and returned."""
    opt_outs.withdraw(connection, wanted.key, wanted.choice.newsletters)
    lifted = suppression.lift(connection, wanted.key)
    return _enrol(connection, [wanted], {}, now)[0], lifted


def add_all(connection: Connection, wanted: Sequence[Application], now: datetime) -> list[Enrolled]:
    """`add` for many, each address once, with a few statements for all of them. Where an application says that somebody
    has left lists, that is written down, and they are taken off those."""
    made = _enrol(connection, wanted, opt_outs.standing(connection, [one.key for one in wanted]), now)
    gone = [(wish, enrolled.subscriber) for wish, enrolled in zip(wanted, made, strict=True) if wish.left]
    opt_outs.record(
        connection,
        [
            OptOut(address=wish.key, newsletter=name, at=now, via="import", reason=wish.left_reason)
            for wish, _ in gone
            for name in wish.left
        ],
    )
    off = [(person.id, name) for wish, person in gone if person for name in _off(wish, person)]
    register.unsubscribe(connection, off)
    return made


def _off(wanted: Application, person: Subscriber) -> list[str]:
    """The lists that somebody is on and that an application says they have left."""
    everything = opt_outs.ALL in wanted.left
    named = wanted.choice.newsletters if wanted.keeps else ()
    return [name for name in person.newsletters if (everything or name in wanted.left) and name not in named]


def _enrol(
    connection: Connection, wanted: Sequence[Application], left: Mapping[str, Sequence[OptOut]], now: datetime
) -> list[Enrolled]:
    """Put people on lists, except where `left` (by address) says that they do not want it."""
    keys = [one.key for one in wanted]
    known = register.by_keys(connection, keys)
    made: list[Enrolled] = []
    new: list[Subscriber] = []
    changed: list[tuple[Subscriber, Subscriber]] = []
    first = secrets.randbits(64)
    for wish, key in zip(wanted, keys, strict=True):
        old = known.get(key)
        asked, kept_off = _without(wish, old, left[key]) if key in left else (wish, _NOTHING)
        if not wish.keeps or (kept_off and not asked.choice.newsletters):
            told = Change.OPTED_OUT if wish.left else Change.UNCONFIRMED
            made.append(Enrolled(old, Change.KEPT_OFF if wish.keeps else told, kept_off))
        elif old is None:
            new.append(_new(f"{(first + len(new)) % 2**64:016x}", asked, now))
            made.append(Enrolled(new[-1], Change.ADDED, kept_off))
        else:
            person = _joined(old, asked)
            if person is not old:
                changed.append((old, person))
            made.append(Enrolled(person, Change.UNCHANGED if person is old else Change.UPDATED, kept_off))
    _insert(connection, new, now)
    register.change(connection, changed, now)
    more = [
        (after.id, name) for before, after in changed for name in after.newsletters if name not in before.newsletters
    ]
    _subscribe(connection, more, now)
    return made


_NOTHING: dict[str, OptOut] = {}


def _without(
    wanted: Application, person: Subscriber | None, left: Sequence[OptOut]
) -> tuple[Application, dict[str, OptOut]]:
    """An application without the lists that somebody has left and is not on again, and what keeps them off those. A
    suppression keeps from a list those as well who stand on it: nothing is sent to them, which staff must be told."""
    kept_off = {}
    suppressed = [one for one in left if one.suppressed]
    for name in wanted.choice.newsletters:
        found = opt_outs.blocking(suppressed if person and name in person.newsletters else left, name)
        if found:
            kept_off[name] = found
    if not kept_off:
        return wanted, {}
    lists = tuple(name for name in wanted.choice.newsletters if name not in kept_off)
    return replace(wanted, choice=replace(wanted.choice, newsletters=lists)), kept_off


def _joined(known: Subscriber, wanted: Application) -> Subscriber:
    """Somebody known, with what is asked for now; what is not named stays. The same value where nothing changes."""
    choice = wanted.choice
    name, consent = wanted.name or known.name, wanted.consent or known.consent
    language, frequency = choice.language or known.language, choice.frequency or known.frequency
    topics = choice.topics or known.topics
    lists = tuple(dict.fromkeys((*known.newsletters, *choice.newsletters)))
    as_is = (known.name, known.consent, known.language, known.frequency, known.topics, known.newsletters)
    if (name, consent, language, frequency, topics, lists) == as_is:
        return known
    return replace(
        known,
        name=name,
        consent=consent,
        language=language,
        frequency=frequency,
        topics=topics,
        newsletters=lists,
        active=bool(lists),
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
        active=bool(choice.newsletters),
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
