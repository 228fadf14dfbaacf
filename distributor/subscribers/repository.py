"""Subscribers in the store: found, updated, unsubscribed, listed. `subscribe` adds them.

A change of frequency also records how far back the next email must reach, so that nothing is lost or sent twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection

from ..editions import repository as edition_repository
from ..editions.segments import topics_key
from ..mail.address import normalize
from ..model import AttributeValue, EditionKind, Frequency, Language, OptOut, Subscriber
from ..storage.renames import NameKind, current_name
from ..storage.rows import damaged_row, from_json, log_damage, read_rows
from ..storage.statements import insert_into, is_one_of
from ..storage.tables import subscribers, subscriptions, suppressions
from . import opt_outs
from .attributes import readable_attributes
from .recipients import EPOCH


def update(connection: Connection, changed: Sequence[tuple[Subscriber, Subscriber]], now: datetime) -> None:
    """Save what subscribers choose, and their attributes, given subscribers as they were and as they are to be."""
    for known, new in changed:
        if new.frequency != known.frequency:
            _record_catch_up(connection, known.id, known.frequency, now)
    if changed:
        connection.execute(
            _UPDATE,
            [{"who": known.id, **dict(zip(CHOICE_COLUMNS, choice_values(new), strict=True))} for known, new in changed],
        )


CHOICE_COLUMNS = ("language", "topics", "topics_key", "frequency", "name", "consent", "attributes")


def choice_values(person: Subscriber) -> tuple[Any, ...]:
    """The values of these columns: what a subscriber chooses, and is known by."""
    chosen = choice_columns(person.language, person.topics, person.frequency)
    return *chosen, person.name, person.consent, person.attributes


def choice_columns(language: Language, topics: tuple[str, ...], frequency: Frequency) -> tuple[Any, ...]:
    """The values of the first four columns. Equal topics are one value, which nobody changes."""
    return language.value, *_topic_values(topics), frequency.value


@lru_cache(maxsize=10_000)  # most subscribers choose alike
def _topic_values(topics: tuple[str, ...]) -> tuple[list[str], str]:
    return list(topics), topics_key(topics)


_SUBSCRIBER_COLUMNS = [
    subscribers.c.id,
    subscribers.c.address_key,
    subscribers.c.address,
    subscribers.c.name,
    subscribers.c.language,
    sa.cast(subscribers.c.topics, sa.Text).label("topics"),  # JSON is read here, equal texts once
    subscribers.c.frequency,
    subscribers.c.created,
    subscribers.c.consent,
    sa.cast(subscribers.c.attributes, sa.Text).label("attributes"),
]
_LANGUAGES = {language.value: language for language in Language}
_FREQUENCIES = {frequency.value: frequency for frequency in Frequency}
_UPDATE = sa.update(subscribers).where(subscribers.c.id == sa.bindparam("who"))


def unsubscribe(
    connection: Connection,
    person: Subscriber,
    newsletter: str | None = None,
    *,
    now: datetime,
    via: str,
    reason: str = "",
) -> int:
    """Unsubscribe somebody from one newsletter, or from all; returns from how many. What is not sent yet is not sent.

    `newsletter` may be an earlier name, as in old links. An opt-out is recorded even if they were not subscribed; only
    `subscribe.resubscribe` ends it. `via` says how they opted out.
    """
    newsletter = current_name(connection, NameKind.NEWSLETTER, newsletter) if newsletter else newsletter
    key, name = normalize(person.address), newsletter or opt_outs.ALL_NEWSLETTERS
    opt_outs.record(connection, [OptOut(address=key, newsletter=name, at=now, via=via, reason=reason)])
    query = sa.delete(subscriptions).where(subscriptions.c.subscriber_id == person.id)
    if newsletter:
        query = query.where(subscriptions.c.newsletter == newsletter)
    return connection.execute(query).rowcount


def count_by_newsletter(connection: Connection) -> dict[str, int]:
    """How many subscribers each newsletter has, by whatever name the store knows it."""
    query = sa.select(subscriptions.c.newsletter, sa.func.count()).group_by(subscriptions.c.newsletter)
    return {name: int(number) for name, number in connection.execute(query.order_by(subscriptions.c.newsletter))}


def clear_newsletter(connection: Connection, newsletter: str) -> int:
    """Unsubscribe everybody from a newsletter that has ended; returns how many. Records no opt-outs."""
    return connection.execute(sa.delete(subscriptions).where(subscriptions.c.newsletter == newsletter)).rowcount


def delete_subscriptions(connection: Connection, pairs: Sequence[tuple[str, str]]) -> None:
    """Delete subscriptions, given as (subscriber id, newsletter)."""
    if pairs:
        here = (subscriptions.c.subscriber_id == sa.bindparam("who")) & (
            subscriptions.c.newsletter == sa.bindparam("what")
        )
        connection.execute(sa.delete(subscriptions).where(here), [{"who": who, "what": what} for who, what in pairs])


def add_subscriptions(connection: Connection, subscriber_id: str, newsletters: Sequence[str], now: datetime) -> None:
    """Subscribe somebody to newsletters, whatever they have opted out of; those they have stay as they are."""
    rows = [{"subscriber_id": subscriber_id, "newsletter": name, "since": now} for name in newsletters]
    if rows:
        connection.execute(insert_into(connection, subscriptions).on_conflict_do_nothing(), rows)


def pause(connection: Connection, subscriber_id: str, newsletter: str, until: datetime | None) -> None:
    """Send somebody nothing of a newsletter until a time, and nothing of what they miss later; None ends the pause."""
    here = (subscriptions.c.subscriber_id == subscriber_id) & (subscriptions.c.newsletter == newsletter)
    connection.execute(sa.update(subscriptions).where(here).values(paused_until=until))


def paused_until(connection: Connection, subscriber_id: str) -> dict[str, datetime]:
    """Until when somebody has paused newsletters, by newsletter; the time may be over."""
    query = sa.select(subscriptions.c.newsletter, subscriptions.c.paused_until).where(
        subscriptions.c.subscriber_id == subscriber_id, subscriptions.c.paused_until.is_not(None)
    )
    return {row.newsletter: row.paused_until for row in connection.execute(query)}


def find(connection: Connection, address: str) -> Subscriber | None:
    """The subscriber with an address, however it is written. Raises ValueError for an invalid address."""
    key = normalize(address.strip())
    row = connection.execute(sa.select(*_SUBSCRIBER_COLUMNS).where(subscribers.c.address_key == key)).one_or_none()
    return _with_newsletters(connection, [row])[0] if row else None


def find_by_keys(connection: Connection, keys: Sequence[str]) -> dict[str, Subscriber]:
    """Subscribers by their addresses in normal form; those who are not known are missing."""
    asked = is_one_of(connection, subscribers.c.address_key, keys)
    rows = connection.execute(sa.select(*_SUBSCRIBER_COLUMNS).where(asked)).all()
    return {row[1]: found for row, found in zip(rows, _with_newsletters(connection, rows), strict=True)}


def find_by_ids(connection: Connection, ids: Sequence[str]) -> dict[str, Subscriber]:
    """Subscribers by id, without those that were erased."""
    rows = _rows(connection, sa.select(*_SUBSCRIBER_COLUMNS).where(is_one_of(connection, subscribers.c.id, ids)))
    return {found.id: found for found in _with_newsletters(connection, rows)}


class PersonalValues(NamedTuple):
    """What emails say of a subscriber."""

    name: str
    attributes: Mapping[str, AttributeValue]


def personal_by_id(connection: Connection, ids: Sequence[str], *, attributes: bool) -> dict[str, PersonalValues]:
    """Names by subscriber id, without those that were erased; attributes only where asked for, as they take time."""
    columns = [subscribers.c.id, subscribers.c.name]
    if not attributes:
        rows = connection.execute(sa.select(*columns).where(is_one_of(connection, subscribers.c.id, ids)))
        return {id: PersonalValues(name, {}) for id, name in rows}
    query = sa.select(*columns, subscribers.c.attributes).where(is_one_of(connection, subscribers.c.id, ids))
    found = read_rows(connection, query, subscribers.c.id, tuple, "subscriber")
    return {id: PersonalValues(name, readable_attributes(stored)) for id, name, stored in found}


def list_subscribers(connection: Connection, newsletter: str | None = None, batch: int = 1000) -> Iterator[Subscriber]:
    """All subscribers, or those of one newsletter, in the order of their addresses, without holding all in memory."""
    last = ""
    while True:
        query = sa.select(*_SUBSCRIBER_COLUMNS).where(subscribers.c.address_key > last)
        if newsletter:
            query = query.join(subscriptions, subscriptions.c.subscriber_id == subscribers.c.id).where(
                subscriptions.c.newsletter == newsletter
            )
        rows = _rows(connection, query.order_by(subscribers.c.address_key).limit(batch))
        if not rows:
            return
        yield from _with_newsletters(connection, rows)
        last = rows[-1].address_key


def list_subscribers_after(
    connection: Connection, limit: int, newsletters: Sequence[str] = (), after: str = ""
) -> list[Subscriber]:
    """A page of all subscribers, or of those of any of these newsletters, in the order of their ids, behind `after`."""
    query = sa.select(*_SUBSCRIBER_COLUMNS).where(subscribers.c.id > after)
    if newsletters:
        theirs = sa.select(subscriptions.c.subscriber_id).where(subscriptions.c.newsletter.in_(newsletters))
        query = query.where(subscribers.c.id.in_(theirs))
    return _with_newsletters(connection, _rows(connection, query.order_by(subscribers.c.id).limit(limit)))


def list_with_opt_outs(
    connection: Connection, newsletter: str | None = None, batch: int = 1000
) -> Iterator[tuple[Subscriber, list[OptOut]]]:
    """`list_subscribers`, each with their opt-outs."""
    people = list_subscribers(connection, newsletter, batch)
    while some := list(islice(people, batch)):
        keys = [one.address.lower() for one in some]
        left = opt_outs.find_by_keys(connection, keys)
        yield from ((one, left.get(key, [])) for one, key in zip(some, keys, strict=True))


def list_reachable(connection: Connection, newsletter: str, batch: int = 1000) -> Iterator[Subscriber]:
    """The subscribers of a newsletter whom no opt-out and no permanent suppression keeps from getting it."""
    people = list_subscribers(connection, newsletter, batch)
    while some := list(islice(people, batch)):
        found = opt_outs.find_with_suppressions(connection, [one.address.lower() for one in some])
        yield from (one for one in some if not opt_outs.find_blocking(found.get(one.address.lower(), ()), newsletter))


def subscribed_since(connection: Connection, subscriber_id: str) -> dict[str, datetime]:
    """Since when somebody is subscribed, by newsletter."""
    query = sa.select(subscriptions.c.newsletter, subscriptions.c.since).where(
        subscriptions.c.subscriber_id == subscriber_id
    )
    return {row.newsletter: row.since for row in connection.execute(query)}


def suppression_reason(connection: Connection, address: str) -> str:
    """Why an address must not be written to; empty where it may."""
    here = suppressions.c.address_key == normalize(address)
    return connection.execute(sa.select(suppressions.c.reason).where(here)).scalar() or ""


def _rows(connection: Connection, query: sa.Select[*tuple[Any, ...]]) -> list[sa.Row[*tuple[Any, ...]]]:
    return read_rows(connection, query, subscribers.c.id, _checked, "subscriber")


def _checked(row: sa.Row[*tuple[Any, ...]]) -> sa.Row[*tuple[Any, ...]]:
    """A row whose JSON can be read. Raises DamagedRow."""
    _read_choices(row.language, row.topics, row.frequency)
    _read_attributes(row.attributes)
    return row


def _with_newsletters(connection: Connection, rows: Sequence[sa.Row[*tuple[Any, ...]]]) -> list[Subscriber]:
    """Rows of `_SUBSCRIBER_COLUMNS` as subscribers, with their newsletters."""
    if not rows:
        return []
    query = sa.select(subscriptions.c.subscriber_id, subscriptions.c.newsletter).where(
        is_one_of(connection, subscriptions.c.subscriber_id, [row[0] for row in rows])
    )
    lists: dict[str, tuple[str, ...]] = {}
    for person, newsletter in connection.execute(query):
        lists[person] = tuple(sorted((*lists[person], newsletter))) if person in lists else (newsletter,)
    return [_subscriber_from_row(row, lists.get(row[0], ())) for row in rows]


def _subscriber_from_row(row: sa.Row[*tuple[Any, ...]], lists: tuple[str, ...]) -> Subscriber:
    """A person as far as the row can be read; what cannot is told, and as if it had never been chosen. Raises DamagedRow
    for what is no JSON."""
    id, _, address, name, language, topics, frequency, created, consent, stored = row
    chosen = _read_choices(language, topics, frequency)
    attributes, no_attributes = _read_attributes(stored)
    if chosen.damage:
        log_damage(damaged_row("subscriber", address, chosen.damage))
    if no_attributes:
        log_damage(damaged_row("subscriber", address, no_attributes))
    active = bool(lists)
    return Subscriber(  # by place, as it is sooner: a list that is imported again asks for everybody
        id, address, name, chosen.language, lists, chosen.topics, chosen.frequency, created, consent, active, attributes
    )


class _StoredChoices(NamedTuple):
    language: Language
    topics: tuple[str, ...]
    frequency: Frequency
    damage: str


@lru_cache(maxsize=10_000)  # most subscribers choose alike
def _read_choices(language: str, topics: str, frequency: str) -> _StoredChoices:
    """What a row says of language, topics (as JSON) and frequency; `damage` is what of it cannot be used."""
    stored = from_json(topics)
    texts = [topic for topic in stored if isinstance(topic, str)] if isinstance(stored, list) else []
    good = language in _LANGUAGES and frequency in _FREQUENCIES and texts == stored
    return _StoredChoices(
        _LANGUAGES.get(language, Language.VI),
        tuple(texts),
        _FREQUENCIES.get(frequency, Frequency.EACH),
        "" if good else f"{language!r}, {frequency!r} or {stored!r} is no choice",
    )


@lru_cache(maxsize=10_000)
def _read_attributes(text: str) -> tuple[Mapping[str, AttributeValue], str]:
    """The attributes of a row, and what of them cannot be used."""
    stored = from_json(text)
    attributes = readable_attributes(stored)
    return attributes, "" if attributes == stored else f"{stored!r} are no attributes"


_KINDS = {
    Frequency.EACH: EditionKind.DIGEST,
    Frequency.DAILY: EditionKind.DAILY,
    Frequency.WEEKLY: EditionKind.WEEKLY,
}


def _record_catch_up(connection: Connection, subscriber: str, old: Frequency, now: datetime) -> None:
    """Record, for each newsletter, until when the subscriber has been served under the frequency that ends now."""
    rows = connection.execute(sa.select(subscriptions).where(subscriptions.c.subscriber_id == subscriber)).all()
    for row in rows:
        here = (subscriptions.c.subscriber_id == subscriber) & (subscriptions.c.newsletter == row.newsletter)
        owed = _served_until(connection, row, _KINDS[old], now)
        connection.execute(sa.update(subscriptions).where(here).values(catch_up_from=owed, catch_up_since=now))


def _served_until(
    connection: Connection, row: sa.Row[tuple[object, ...]], kind: EditionKind, now: datetime
) -> datetime:
    last = edition_repository.last_frozen(connection, row.newsletter, kind) or EPOCH
    if row.catch_up_since and row.catch_up_since >= last:  # changed again before the next email
        owed: datetime = row.catch_up_from
        return owed
    if kind is EditionKind.DIGEST:
        return max(now, edition_repository.last_due(connection, row.newsletter) or now)
    joined: datetime = row.since
    return max(joined, edition_repository.find_caught_up_until(connection, row.newsletter, kind) or joined)
