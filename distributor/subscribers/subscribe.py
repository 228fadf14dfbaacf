"""Subscribes addresses, one or a million at once. Who has unsubscribed is only subscribed again by `resubscribe`."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import Connection

from ..bounces import suppressions
from ..model import AttributeValue, Frequency, OptOut, Subscriber, Suppression
from ..storage import statements
from ..storage.tables import subscribers, subscriptions
from . import erasures, opt_outs, repository
from .attributes import merge_attributes
from .requests import SubscriptionChoice, SubscriptionRequest


class SubscriptionChange(StrEnum):
    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    KEPT_OFF = "unsubscribed before"  # from all that was asked for
    OPTED_OUT = "unsubscribed in the list"
    SUPPRESSED = "suppressed because of the list"
    UNCONFIRMED = "unconfirmed in the list"


class SubscribeOutcome(NamedTuple):
    """What came of one request: what changed, and the opt-outs that prevented a subscription, by newsletter."""

    change: SubscriptionChange
    blocked_by: Mapping[str, OptOut] = MappingProxyType({})


class SubscribeResult(NamedTuple):
    """The same, with the subscriber, who is None if the address is unknown."""

    subscriber: Subscriber | None
    change: SubscriptionChange
    blocked_by: Mapping[str, OptOut]


def add(
    connection: Connection, wanted: SubscriptionRequest, now: datetime, *, keys: tuple[bytes, ...]
) -> SubscribeResult:
    """Subscribe somebody; existing subscriptions stay. Asking twice changes nothing.

    Nobody is subscribed to a newsletter from which they have unsubscribed, and nobody who was erased to any. `keys` are
    those of the newsroom (`Newsroom.known_secrets`).
    """
    (outcome,) = add_all(connection, [wanted], now, keys=keys)
    return _result(connection, wanted, outcome)


def resubscribe(
    connection: Connection, wanted: SubscriptionRequest, now: datetime, *, keys: tuple[bytes, ...]
) -> tuple[SubscribeResult, Suppression | None]:
    """`add` for somebody who surely wants it again: by their own confirmed sign-up, or because staff name them. Their
    opt-outs of these newsletters are deleted, and the record of their erasure; a suppression is removed and returned."""
    erasures.end_erasure(connection, keys, wanted.key)
    opt_outs.delete(connection, wanted.key, wanted.choice.newsletters)
    lifted = suppressions.remove_suppression(connection, wanted.key)
    known = repository.find_by_keys(connection, [wanted.key])
    (outcome,) = _apply_requests(connection, {wanted.key: wanted}, known, {}, now)
    return _result(connection, wanted, outcome), lifted


def _result(connection: Connection, wanted: SubscriptionRequest, outcome: SubscribeOutcome) -> SubscribeResult:
    return SubscribeResult(repository.find_by_keys(connection, [wanted.key]).get(wanted.key), *outcome)


def add_all(
    connection: Connection, wanted: Sequence[SubscriptionRequest], now: datetime, *, keys: tuple[bytes, ...]
) -> list[SubscribeOutcome]:
    """`add` for many, each address once, with a few statements for all of them. Where a request says that somebody has
    unsubscribed elsewhere, that is recorded, and they are unsubscribed here; where it says that an address is to be
    suppressed, it is."""
    by_key = {one.key: one for one in wanted}
    addresses = list(by_key)
    left = opt_outs.find_with_suppressions(connection, addresses)
    for address, erased in erasures.find_erased(connection, keys, addresses).items():
        left.setdefault(address, []).append(erased)
    known = repository.find_by_keys(connection, addresses)
    outcomes = _apply_requests(connection, by_key, known, left, now)
    suppressions.suppress_all(
        connection,
        [
            Suppression(address=wish.key, type=wish.suppress_as, reason=wish.opt_out_reason, since=now)
            for wish in wanted
            if wish.suppress_as
        ],
    )
    _record_opt_outs(connection, [wish for wish in wanted if wish.left], known, now)
    return outcomes


def _record_opt_outs(
    connection: Connection, gone: Sequence[SubscriptionRequest], known: Mapping[str, Subscriber], now: datetime
) -> None:
    """Record the opt-outs that requests tell of, and end the subscriptions of those who were `known` before."""
    opt_outs.record(
        connection,
        [
            OptOut(address=wish.key, newsletter=name, at=now, via="import", reason=wish.opt_out_reason)
            for wish in gone
            for name in wish.left
        ],
    )
    people = [(wish, known[wish.key]) for wish in gone if wish.key in known]
    repository.delete_subscriptions(
        connection, [(person.id, name) for wish, person in people for name in _newsletters_to_leave(wish, person)]
    )


def _newsletters_to_leave(wanted: SubscriptionRequest, person: Subscriber) -> list[str]:
    """The newsletters that somebody is subscribed to and from which a request says they have unsubscribed."""
    everything = opt_outs.ALL_NEWSLETTERS in wanted.left
    named = wanted.choice.newsletters if wanted.keeps else ()
    return [name for name in person.newsletters if (everything or name in wanted.left) and name not in named]


_ADDED = SubscribeOutcome(SubscriptionChange.ADDED)
_UNCHANGED = SubscribeOutcome(SubscriptionChange.UNCHANGED)


def _apply_requests(
    connection: Connection,
    wanted: Mapping[str, SubscriptionRequest],
    known: Mapping[str, Subscriber],
    left: Mapping[str, Sequence[OptOut]],
    now: datetime,
) -> list[SubscribeOutcome]:
    """Subscribe people, by their addresses in normal form, except where `left` (opt-outs) forbids it."""
    outcomes: list[SubscribeOutcome] = []
    new: dict[str, SubscriptionRequest] = {}
    changed: list[tuple[Subscriber, Subscriber]] = []
    for key, wish in wanted.items():
        old = known.get(key)
        asked, kept_off = _without_opted_out(wish, old, left[key]) if key in left else (wish, _NO_OPT_OUTS)
        if not wish.keeps or (kept_off and not asked.choice.newsletters):
            outcome = SubscribeOutcome(_change_of_refused(wish), kept_off)
        elif old is None:
            new[key] = asked
            outcome = _ADDED
        elif (person := _merged(old, asked)) is old:
            outcome = _UNCHANGED
        else:
            changed.append((old, person))
            outcome = SubscribeOutcome(SubscriptionChange.UPDATED)
        outcomes.append(outcome._replace(blocked_by=kept_off) if kept_off else outcome)
    if new:
        _insert_subscribers(connection, new, now)
    _update_subscribers(connection, changed, now)
    return outcomes


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
    return wanted._replace(choice=replace(wanted.choice, newsletters=lists)), kept_off


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
    return known._replace(
        name=name,
        consent=consent,
        language=language,
        frequency=frequency,
        topics=topics,
        newsletters=lists,
        active=bool(lists),
        attributes=attributes,
    )


def _update_subscribers(
    connection: Connection, changed: Sequence[tuple[Subscriber, Subscriber]], now: datetime
) -> None:
    repository.update(connection, changed, now)
    joins = [
        (after.id, name) for before, after in changed for name in after.newsletters if name not in before.newsletters
    ]
    _insert_subscriptions(connection, joins, now)


def _insert_subscribers(connection: Connection, new: Mapping[str, SubscriptionRequest], now: datetime) -> None:
    """Insert new subscribers in the order of the index on their addresses, with consecutive ids: both touch fewer pages."""
    keys = sorted(new)
    people = [new[key] for key in keys]
    first = secrets.randbits(64)
    ids = [f"{number % 2**64:016x}" for number in range(first, first + len(keys))]
    columns: dict[str, Sequence[Any]] = {
        "id": ids,
        "address": [one.address for one in people],
        "address_key": keys,
        "created": [now] * len(keys),
        **_choice_columns([one.choice for one in people]),
        "name": [one.name for one in people],
        "consent": [one.consent for one in people],
        "attributes": [_attributes_of(one) for one in people],
    }
    statements.insert_columns(connection, subscribers, columns)
    _insert_subscriptions(
        connection, [(id_, name) for id_, one in zip(ids, people, strict=True) for name in one.choice.newsletters], now
    )


def _choice_columns(choices: Sequence[SubscriptionChoice]) -> dict[str, Sequence[Any]]:
    """The columns of what new subscribers have chosen."""
    columns = zip(*statements.map_shared(_choice_values, choices), strict=True)
    return dict(zip(repository.CHOICE_COLUMNS[:4], columns, strict=True))


def _choice_values(choice: SubscriptionChoice) -> tuple[Any, ...]:
    return repository.choice_columns(choice.language or choice.usual, choice.topics, choice.frequency or Frequency.EACH)


def _attributes_of(wanted: SubscriptionRequest) -> Mapping[str, AttributeValue]:
    return merge_attributes({}, wanted.attributes) if wanted.attributes else _NO_ATTRIBUTES


_NO_ATTRIBUTES: dict[str, AttributeValue] = {}


def _insert_subscriptions(connection: Connection, joins: Sequence[tuple[str, str]], now: datetime) -> None:
    """Insert subscriptions, given as (subscriber id, newsletter)."""
    columns: dict[str, Sequence[Any]] = {
        "subscriber_id": [id_ for id_, _ in joins],
        "newsletter": [name for _, name in joins],
        "since": [now] * len(joins),
    }
    statements.insert_columns(connection, subscriptions, columns)
