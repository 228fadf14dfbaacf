"""Puts people on lists: one, or a million of them. Who has left a list is not put on it again, except by `come_back`."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Connection

from ..bounces import suppressions
from ..model import Frequency, OptOut, Subscriber, Suppression
from ..storage import statements
from ..storage.tables import subscribers, subscriptions
from . import opt_outs, repository
from .requests import SubscriptionRequest


class SubscriptionChange(StrEnum):
    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    KEPT_OFF = "kept off"  # they had left all that was asked for
    OPTED_OUT = "not subscribed, as the list says that they have left"
    UNCONFIRMED = "not subscribed, as the list says that they have not confirmed"


class SubscribeResult(NamedTuple):
    """What came of one application: the subscriber, None where nobody is known by the address; what changed; and the
    opt-outs that kept them off a list, by its name."""

    subscriber: Subscriber | None
    change: SubscriptionChange
    blocked_by: dict[str, OptOut]


def add(connection: Connection, wanted: SubscriptionRequest, now: datetime) -> SubscribeResult:
    """Put somebody on the lists asked for; somebody known keeps the lists they are on. Asking twice changes nothing.

    Who has left a list stays off it, and who has left all that is asked for stays as they are.
    """
    return add_all(connection, [wanted], now)[0]


def resubscribe(
    connection: Connection, wanted: SubscriptionRequest, now: datetime
) -> tuple[SubscribeResult, Suppression | None]:
    """`add` for somebody who is known to want it again: by their own confirmed sign-up, or by staff who name them. Their
    opt-outs from these lists end, and what suppresses the address is lifted and returned."""
    opt_outs.delete(connection, wanted.key, wanted.choice.newsletters)
    lifted = suppressions.remove_suppression(connection, wanted.key)
    return _apply_requests(connection, [wanted], {}, now)[0], lifted


def add_all(connection: Connection, wanted: Sequence[SubscriptionRequest], now: datetime) -> list[SubscribeResult]:
    """`add` for many, each address once, with a few statements for all of them. Where an application says that somebody
    has left lists, that is written down, and they are taken off those."""
    made = _apply_requests(
        connection, wanted, opt_outs.find_with_suppressions(connection, [one.key for one in wanted]), now
    )
    gone = [(wish, enrolled.subscriber) for wish, enrolled in zip(wanted, made, strict=True) if wish.left]
    opt_outs.record(
        connection,
        [
            OptOut(address=wish.key, newsletter=name, at=now, via="import", reason=wish.opt_out_reason)
            for wish, _ in gone
            for name in wish.left
        ],
    )
    off = [(person.id, name) for wish, person in gone if person for name in _newsletters_to_leave(wish, person)]
    repository.delete_subscriptions(connection, off)
    return made


def _newsletters_to_leave(wanted: SubscriptionRequest, person: Subscriber) -> list[str]:
    """The lists that somebody is on and that an application says they have left."""
    everything = opt_outs.ALL_NEWSLETTERS in wanted.left
    named = wanted.choice.newsletters if wanted.keeps else ()
    return [name for name in person.newsletters if (everything or name in wanted.left) and name not in named]


def _apply_requests(
    connection: Connection, wanted: Sequence[SubscriptionRequest], left: Mapping[str, Sequence[OptOut]], now: datetime
) -> list[SubscribeResult]:
    """Put people on lists, except where `left` (by address) says that they do not want it."""
    keys = [one.key for one in wanted]
    known = repository.find_by_keys(connection, keys)
    made: list[SubscribeResult] = []
    new: list[Subscriber] = []
    changed: list[tuple[Subscriber, Subscriber]] = []
    first = secrets.randbits(64)
    for wish, key in zip(wanted, keys, strict=True):
        old = known.get(key)
        asked, kept_off = _without_opted_out(wish, old, left[key]) if key in left else (wish, _NO_OPT_OUTS)
        if not wish.keeps or (kept_off and not asked.choice.newsletters):
            told = SubscriptionChange.OPTED_OUT if wish.left else SubscriptionChange.UNCONFIRMED
            made.append(SubscribeResult(old, SubscriptionChange.KEPT_OFF if wish.keeps else told, kept_off))
        elif old is None:
            new.append(_new_subscriber(f"{(first + len(new)) % 2**64:016x}", asked, now))
            made.append(SubscribeResult(new[-1], SubscriptionChange.ADDED, kept_off))
        else:
            person = _merged(old, asked)
            if person is not old:
                changed.append((old, person))
            made.append(
                SubscribeResult(
                    person, SubscriptionChange.UNCHANGED if person is old else SubscriptionChange.UPDATED, kept_off
                )
            )
    _insert_subscribers(connection, new, now)
    repository.update(connection, changed, now)
    more = [
        (after.id, name) for before, after in changed for name in after.newsletters if name not in before.newsletters
    ]
    _insert_subscriptions(connection, more, now)
    return made


_NO_OPT_OUTS: dict[str, OptOut] = {}


def _without_opted_out(
    wanted: SubscriptionRequest, person: Subscriber | None, left: Sequence[OptOut]
) -> tuple[SubscriptionRequest, dict[str, OptOut]]:
    """An application without the lists that somebody has left and is not on again, and what keeps them off those. A
    suppression keeps from a list those as well who stand on it: nothing is sent to them, which staff must be told."""
    kept_off = {}
    suppressed = [one for one in left if one.suppressed]
    for name in wanted.choice.newsletters:
        found = opt_outs.find_blocking(suppressed if person and name in person.newsletters else left, name)
        if found:
            kept_off[name] = found
    if not kept_off:
        return wanted, {}
    lists = tuple(name for name in wanted.choice.newsletters if name not in kept_off)
    return replace(wanted, choice=replace(wanted.choice, newsletters=lists)), kept_off


def _merged(known: Subscriber, wanted: SubscriptionRequest) -> Subscriber:
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


def _new_subscriber(id: str, wanted: SubscriptionRequest, now: datetime) -> Subscriber:
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


def _insert_subscribers(connection: Connection, new: Sequence[Subscriber], now: datetime) -> None:
    names = ("id", "address", "address_key", "created", *repository.CHOICE_COLUMNS)
    rows = [(one.id, one.address, one.address.lower(), now, *repository.choice_values(one)) for one in new]
    statements.insert_rows(connection, subscribers, names, rows)
    _insert_subscriptions(connection, [(one.id, name) for one in new for name in one.newsletters], now)


def _insert_subscriptions(connection: Connection, pairs: Sequence[tuple[str, str]], now: datetime) -> None:
    rows = [(person, newsletter, now) for person, newsletter in pairs]
    statements.insert_rows(connection, subscriptions, ("subscriber_id", "newsletter", "since"), rows)
