"""Subscribes addresses, one or a million at once. Who has unsubscribed is only subscribed again by `resubscribe`."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from typing import NamedTuple

from sqlalchemy import Connection

from ..bounces import suppressions
from ..model import Frequency, OptOut, Subscriber, Suppression
from ..storage import statements
from ..storage.tables import subscribers, subscriptions
from . import erasures, opt_outs, repository
from .attributes import merge_attributes
from .requests import SubscriptionRequest


class SubscriptionChange(StrEnum):
    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    KEPT_OFF = "unsubscribed before"  # from all that was asked for
    OPTED_OUT = "unsubscribed in the list"
    SUPPRESSED = "suppressed because of the list"
    UNCONFIRMED = "unconfirmed in the list"


class SubscribeResult(NamedTuple):
    """The result of one request: the subscriber, or None if the address is unknown; what changed; and the opt-outs that
    prevented a subscription, by newsletter."""

    subscriber: Subscriber | None
    change: SubscriptionChange
    blocked_by: dict[str, OptOut]


def add(
    connection: Connection, wanted: SubscriptionRequest, now: datetime, *, keys: tuple[bytes, ...]
) -> SubscribeResult:
    """Subscribe somebody; existing subscriptions stay. Asking twice changes nothing.

    Nobody is subscribed to a newsletter from which they have unsubscribed, and nobody who was erased to any. `keys` are
    those of the newsroom (`Newsroom.known_secrets`).
    """
    return add_all(connection, [wanted], now, keys=keys)[0]


def resubscribe(
    connection: Connection, wanted: SubscriptionRequest, now: datetime, *, keys: tuple[bytes, ...]
) -> tuple[SubscribeResult, Suppression | None]:
    """`add` for somebody who surely wants it again: by their own confirmed sign-up, or because staff name them. Their
    opt-outs of these newsletters are deleted, and the record of their erasure; a suppression is removed and returned."""
    erasures.end_erasure(connection, keys, wanted.key)
    opt_outs.delete(connection, wanted.key, wanted.choice.newsletters)
    lifted = suppressions.remove_suppression(connection, wanted.key)
    return _apply_requests(connection, [wanted], {}, now, [wanted.key])[0], lifted


def add_all(
    connection: Connection, wanted: Sequence[SubscriptionRequest], now: datetime, *, keys: tuple[bytes, ...]
) -> list[SubscribeResult]:
    """`add` for many, each address once, with a few statements for all of them. Where a request says that somebody has
    unsubscribed elsewhere, that is recorded, and they are unsubscribed here; where it says that an address is to be
    suppressed, it is."""
    addresses = [one.key for one in wanted]
    left = opt_outs.find_with_suppressions(connection, addresses)
    for address, erased in erasures.find_erased(connection, keys, addresses).items():
        left.setdefault(address, []).append(erased)
    made = _apply_requests(connection, wanted, left, now, addresses)
    suppressions.suppress_all(
        connection,
        [
            Suppression(address=wish.key, type=wish.suppress_as, reason=wish.opt_out_reason, since=now)
            for wish in wanted
            if wish.suppress_as
        ],
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
    """The newsletters that somebody is subscribed to and from which a request says they have unsubscribed."""
    everything = opt_outs.ALL_NEWSLETTERS in wanted.left
    named = wanted.choice.newsletters if wanted.keeps else ()
    return [name for name in person.newsletters if (everything or name in wanted.left) and name not in named]


def _apply_requests(
    connection: Connection,
    wanted: Sequence[SubscriptionRequest],
    left: Mapping[str, Sequence[OptOut]],
    now: datetime,
    keys: Sequence[str],
) -> list[SubscribeResult]:
    """Subscribe people, except where `left` (opt-outs by address) forbids it. `keys` are their addresses in normal form."""
    known = repository.find_by_keys(connection, keys)
    made: list[SubscribeResult] = []
    new: list[Subscriber] = []
    changed: list[tuple[Subscriber, Subscriber]] = []
    first = secrets.randbits(64)
    for wish, key in zip(wanted, keys, strict=True):
        old = known.get(key)
        asked, kept_off = _without_opted_out(wish, old, left[key]) if key in left else (wish, _NO_OPT_OUTS)
        if not wish.keeps or (kept_off and not asked.choice.newsletters):
            made.append(SubscribeResult(old, _change_of_refused(wish), kept_off))
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


def _change_of_refused(wanted: SubscriptionRequest) -> SubscriptionChange:
    if wanted.keeps:
        return SubscriptionChange.KEPT_OFF
    if wanted.suppress_as:
        return SubscriptionChange.SUPPRESSED
    return SubscriptionChange.OPTED_OUT if wanted.left else SubscriptionChange.UNCONFIRMED


_NO_OPT_OUTS: dict[str, OptOut] = {}


def _without_opted_out(
    wanted: SubscriptionRequest, person: Subscriber | None, left: Sequence[OptOut]
) -> tuple[SubscriptionRequest, dict[str, OptOut]]:
    """A request without the newsletters that are opted out of, and the opt-outs. A suppression counts even for those who are
    subscribed: nothing is sent to them, which staff must know."""
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
    """A known subscriber with what is asked for now; what is not named stays. The same value if nothing changes."""
    choice = wanted.choice
    name, consent = wanted.name or known.name, wanted.consent or known.consent
    language, frequency = choice.language or known.language, choice.frequency or known.frequency
    topics = choice.topics or known.topics
    lists = tuple(dict.fromkeys((*known.newsletters, *choice.newsletters)))
    attributes = merge_attributes(known.attributes, wanted.attributes) if wanted.attributes else known.attributes
    as_is = (
        known.name,
        known.consent,
        known.language,
        known.frequency,
        known.topics,
        known.newsletters,
        known.attributes,
    )
    if (name, consent, language, frequency, topics, lists, attributes) == as_is:
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
        attributes=attributes,
    )


def _new_subscriber(id: str, wanted: SubscriptionRequest, now: datetime) -> Subscriber:
    """A new subscriber. Ids of one batch are consecutive, which makes inserting them faster."""
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
        attributes=merge_attributes({}, wanted.attributes) if wanted.attributes else {},
    )


def _insert_subscribers(connection: Connection, new: Sequence[Subscriber], now: datetime) -> None:
    names: Sequence[str] = ("id", "address", "address_key", "created", *repository.CHOICE_COLUMNS)
    new = sorted(new, key=attrgetter("address"))  # in the order of the index, which touches fewer of its pages
    rows = [(one.id, one.address, one.address.lower(), now, *repository.choice_values(one)) for one in new]
    if not any(one.attributes for one in new):  # they are the default of their column, which costs nothing
        names, rows = names[:-1], [row[:-1] for row in rows]
    statements.insert_rows(connection, subscribers, names, rows)
    _insert_subscriptions(connection, [(one.id, name) for one in new for name in one.newsletters], now)


def _insert_subscriptions(connection: Connection, pairs: Sequence[tuple[str, str]], now: datetime) -> None:
    rows = [(person, newsletter, now) for person, newsletter in pairs]
    statements.insert_rows(connection, subscriptions, ("subscriber_id", "newsletter", "since"), rows)
