"""The recipients of an edition: counted by preference, and selected by one statement, so that a million need no memory.

`count_by_preference` counts subscribers with equal preferences, `editions.segments` decides which email they get, and
`select_recipients` yields the recipients with their variant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ..editions.segments import Preference, Segmentation
from ..model import DeliveryState as S
from ..model import Edition, EditionKind, Frequency
from ..storage.rows import UTC_TIME
from ..storage.tables import deliveries, editions, shards, subscribers, subscriptions, suppressions
from .audience import Audience
from .audience_sql import audience_condition

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
RECEIVED_STATES = (S.SENT, S.SENDING, S.UNCERTAIN)
UNCOUNTED_STATES = (S.SUPPRESSED, S.REJECTED, S.EXPIRED)

FREQUENCIES = {
    EditionKind.DIGEST: Frequency.EACH,
    EditionKind.DAILY: Frequency.DAILY,
    EditionKind.WEEKLY: Frequency.WEEKLY,
}


class UnknownPreference(Exception):
    """Somebody has made a choice, after an edition was composed, for which it has no email."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientQuery:
    """Which subscribers an edition is for.

    `frequency` is None if everybody gets it. `start` is when the usual share of articles begins. `last` is when the edition
    before it was frozen; what was to be caught up before that is done. `alerts` are the alerts that it repeats, as (edition,
    article). `cap` is the largest number of emails to one subscriber of those frozen since `day`. Who has received one of
    `without`, variants by edition, is left out; so is who has paused the newsletter until later than `at`, and who is not
    in the `audience` of the newsletter. Emails of the edition `besides` do not count for the cap.
    """

    newsletter: str
    at: datetime
    frequency: Frequency | None = Frequency.EACH
    start: datetime = EPOCH
    last: datetime = EPOCH
    alerts: tuple[tuple[str, str], ...] = ()
    cap: int | None = None
    day: datetime = EPOCH
    without: tuple[tuple[str, tuple[str, ...]], ...] = ()
    audience: Audience | None = None
    besides: str = ""


@dataclass(frozen=True, slots=True)
class EditionRecipients:
    """The recipients of an edition: whom it is for, and the variant that each preference gets."""

    order: RecipientQuery
    variants: Mapping[tuple[Any, ...], str]


@dataclass(frozen=True, slots=True)
class CorrectionRecipients:
    """The recipients of a correction: who has received one of these emails. `emails` are variants by edition."""

    emails: Mapping[str, Sequence[str]]
    variant: str = "digest"


def build_edition_recipients(order: RecipientQuery, segmentation: Segmentation) -> EditionRecipients:
    """The recipients of an edition with these segments."""
    variants = {
        preference.key: segment.edition.variant
        for segment in segmentation.segments
        for preference in segment.preferences
    }
    return EditionRecipients(order, variants | {preference.key: "" for preference in segmentation.without})


def count_by_preference(connection: Connection, order: RecipientQuery) -> list[Preference]:
    """The subscribers by preference, counted, largest group first."""
    people = _recipients_query(order).subquery()
    columns = (people.c.topics_key, people.c.catch_up_from, people.c.known)
    query = sa.select(*columns, sa.func.count().label("size")).group_by(*columns).order_by(sa.desc("size"), *columns)
    return [
        Preference(row.topics_key, row.catch_up_from, _known_alerts(order, row.known), row.size)
        for row in connection.execute(query)
    ]


def _known_alerts(order: RecipientQuery, bits: int) -> frozenset[str]:
    return frozenset(article for place, (_, article) in enumerate(order.alerts) if bits >> place & 1)


def _recipients_query(
    order: RecipientQuery, *, over_cap: bool = False, outside_audience: bool = False
) -> sa.Select[Any]:
    """Everybody the edition is for: id, address and preference; or instead those who are over the daily cap, or those whom
    the audience leaves out."""
    suppressed = sa.select(suppressions.c.address_key).where(suppressions.c.address_key == subscribers.c.address_key)
    query = (
        sa.select(
            subscribers.c.id,
            subscribers.c.address,
            subscribers.c.topics_key,
            _catch_up_from(order),
            _known_alert_bits(order).label("known"),
        )
        .join(subscriptions, subscriptions.c.subscriber_id == subscribers.c.id)
        .where(subscriptions.c.newsletter == order.newsletter, ~suppressed.exists())
        .where(is_not_paused(order.at))
    )
    if order.frequency:
        query = query.where(subscribers.c.frequency == order.frequency)
    if order.audience:
        meant = audience_condition(order.audience)
        query = query.where(sa.not_(meant) if outside_audience else meant)
    if order.without:
        without = dict(order.without)
        received = [_has_received(edition, variants) for edition, variants in without.items()]
        query = query.where(~sa.or_(sa.false(), *received), ~_may_have_received(list(without)))
    if order.cap is not None:
        enough = _recipients_at_cap(order).subquery()
        query = query.outerjoin(enough, enough.c.recipient == subscribers.c.id)
        query = query.where(enough.c.recipient.is_not(None) if over_cap else enough.c.recipient.is_(None))
    return query


def is_not_paused(at: datetime | sa.BindParameter[datetime]) -> sa.ColumnElement[bool]:
    """Whether the subscriber has not paused the newsletter until later than `at`."""
    until = subscriptions.c.paused_until
    return until.is_(None) | (until <= at)


def count_paused(connection: Connection, newsletter: str, at: datetime) -> int:
    """How many subscribers of a newsletter have paused it until later than `at`."""
    query = sa.select(sa.func.count()).select_from(subscriptions)
    return connection.execute(query.where(subscriptions.c.newsletter == newsletter, ~is_not_paused(at))).scalar_one()


def _catch_up_from(order: RecipientQuery) -> sa.Label[Any]:
    """How far back the email must reach, where something is still to be caught up."""
    to_catch_up = (subscriptions.c.catch_up_since.is_not(None)) & (subscriptions.c.catch_up_since >= order.last)
    return sa.case((to_catch_up, subscriptions.c.catch_up_from), else_=sa.null()).label("catch_up_from")


def _known_alert_bits(order: RecipientQuery) -> sa.ColumnElement[int]:
    """One bit for each alert that a subscriber has received."""
    total: sa.ColumnElement[int] = sa.literal(0, sa.BigInteger)
    for place, (edition, _) in enumerate(order.alerts):
        known = _has_received(edition) | _may_have_received([edition])
        total = total + sa.case((known, sa.literal(1 << place, sa.BigInteger)), else_=0)
    return total


def _recipients_at_cap(order: RecipientQuery) -> sa.Select[Any]:
    today = sa.select(editions.c.id).where(editions.c.frozen_at >= order.day, editions.c.id != order.besides)
    return (
        sa.select(deliveries.c.recipient)
        .where(
            deliveries.c.edition_id.in_(today),
            deliveries.c.recipient != "",
            deliveries.c.state.not_in(UNCOUNTED_STATES),
        )
        .group_by(deliveries.c.recipient)
        .having(sa.func.count() >= order.cap)
    )


def count_outside_audience(connection: Connection, order: RecipientQuery) -> int:
    """How many subscribers get nothing because they are not in the audience of the newsletter."""
    if order.audience is None:
        return 0
    return _count(connection, _recipients_query(order, outside_audience=True).subquery())


def has_recipients(connection: Connection, order: RecipientQuery) -> bool:
    """Whether the edition is for anybody at all."""
    return connection.execute(_recipients_query(order).limit(1)).first() is not None


def earliest_join_time(connection: Connection, order: RecipientQuery) -> datetime | None:
    """When the earliest of the subscribers joined who have never changed the frequency."""
    query = (
        sa.select(sa.func.min(subscriptions.c.since))
        .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
        .where(
            subscriptions.c.newsletter == order.newsletter,
            subscribers.c.frequency == order.frequency,
            subscriptions.c.catch_up_since.is_(None),
        )
    )
    first: datetime | None = connection.execute(query).scalar()
    return first


def earliest_catch_up_start(connection: Connection, order: RecipientQuery) -> datetime | None:
    """The earliest time from which any subscriber must catch up more than the usual share."""
    earliest = sa.select(sa.func.min(subscriptions.c.catch_up_from)).where(
        subscriptions.c.newsletter == order.newsletter, subscriptions.c.catch_up_since >= order.last
    )
    oldest: datetime | None = connection.execute(earliest).scalar()
    return oldest


def count_over_cap(connection: Connection, order: RecipientQuery) -> int:
    """How many subscribers are over the daily cap."""
    if order.cap is None:
        return 0
    return _count(connection, _recipients_query(order, over_cap=True).subquery())


def postpone_over_cap(connection: Connection, order: RecipientQuery, edition: Edition) -> None:
    """Record that those over the daily cap must catch up this edition's articles later."""
    if order.cap is None:
        return
    people = _recipients_query(replace(order, besides=edition.id), over_cap=True).subquery()
    to_catch_up = subscriptions.c.catch_up_since >= order.last  # they already have something to catch up
    connection.execute(
        sa.update(subscriptions)
        .where(
            subscriptions.c.newsletter == order.newsletter, subscriptions.c.subscriber_id.in_(sa.select(people.c.id))
        )
        .values(
            catch_up_from=sa.case(
                (to_catch_up, subscriptions.c.catch_up_from), else_=sa.literal(order.start, UTC_TIME)
            ),
            catch_up_since=edition.frozen_at,
        )
    )


def count_correction_recipients(connection: Connection, wanted: CorrectionRecipients) -> int:
    """How many have received one of these emails and are not suppressed."""
    return _count(connection, _correction_recipients_query(wanted).subquery())


def count_already_received(connection: Connection, order: RecipientQuery, emails: Mapping[str, Sequence[str]]) -> int:
    """How many of the recipients have received one of these emails."""
    received = [_has_received(edition, variants) for edition, variants in emails.items()]
    query = _recipients_query(order).where(sa.or_(_may_have_received(list(emails)), *received))
    return _count(connection, query.subquery())


def _has_received(edition: str, variants: Sequence[str] | None = None) -> sa.ColumnElement[bool]:
    """Whether a subscriber has received an email of an edition, or one of these. With the channels of the edition the row is
    found by the ledger's key; without, everything that each subscriber has ever got would be read. A list of all who have it
    is worse: PostgreSQL reads it anew for each subscriber once it does not fit in `work_mem`."""
    channels = sa.select(shards.c.channel).where(shards.c.edition_id == edition)
    had = sa.select(deliveries.c.shard).where(
        deliveries.c.edition_id == edition,
        deliveries.c.channel.in_(channels),
        deliveries.c.recipient == subscribers.c.id,
        deliveries.c.state.in_(RECEIVED_STATES),
    )
    had = had.where(deliveries.c.variant.in_(list(variants))) if variants is not None else had
    return had.correlate(subscribers).exists()


def _may_have_received(among: Sequence[str]) -> sa.ColumnElement[bool]:
    """Whether a subscriber was on the newsletter already when one of these editions was frozen whose rows are too old to be
    kept: nobody knows any more who had it, and nothing is announced twice."""
    pruned = sa.select(editions.c.id).where(editions.c.id.in_(among), editions.c.pruned_at.is_not(None))
    return pruned.where(subscriptions.c.since <= editions.c.frozen_at).correlate(subscriptions).exists()


def _received_any_of(emails: Mapping[str, Sequence[str]]) -> sa.Select[Any]:
    """Who has received one of these emails, variants by edition."""
    held = [
        (deliveries.c.edition_id == edition) & deliveries.c.variant.in_(list(variants))
        for edition, variants in emails.items()
    ]
    return sa.select(deliveries.c.recipient).where(sa.or_(sa.false(), *held), deliveries.c.state.in_(RECEIVED_STATES))


def _count(connection: Connection, people: sa.Subquery) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(people)).scalar_one()


def _correction_recipients_query(wanted: CorrectionRecipients) -> sa.Select[Any]:
    suppressed = sa.select(suppressions.c.address_key).where(suppressions.c.address_key == subscribers.c.address_key)
    got = _received_any_of(wanted.emails)
    return sa.select(subscribers.c.id, subscribers.c.address, sa.literal(wanted.variant).label("variant")).where(
        subscribers.c.id.in_(got), ~suppressed.exists()
    )


@contextmanager
def select_recipients(
    connection: Connection, recipients: EditionRecipients | CorrectionRecipients
) -> Iterator[tuple[int, sa.Subquery]]:
    """The recipients as rows of (id, address, variant), and how many they are."""
    if isinstance(recipients, CorrectionRecipients):
        found = _correction_recipients_query(recipients).subquery()
        yield _count(connection, found), found
        return
    with _preferences_table(connection, recipients) as (people, table, same):
        joined = sa.select(people.c.id, people.c.address, table.c.variant).join(table, same)
        found = joined.where(table.c.variant != "").subquery()
        yield _count(connection, found), found


@contextmanager
def _preferences_table(
    connection: Connection, recipients: EditionRecipients
) -> Iterator[tuple[sa.Subquery, sa.Table, sa.ColumnElement[bool]]]:
    """Everybody whom an edition is for, a table of the variant of each preference, and how the two are joined."""
    table = sa.Table(
        "preferences_of_this_edition",
        sa.MetaData(),
        sa.Column("topics_key", sa.Text, primary_key=True),
        sa.Column("catch_up_from", UTC_TIME, primary_key=True),
        sa.Column("known", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("variant", sa.String(120)),
        prefixes=["TEMPORARY"],
    )
    table.create(connection)
    rows = _preference_rows(recipients)
    if rows:
        connection.execute(sa.insert(table), rows)
    people = _recipients_query(recipients.order).subquery()
    same = (
        (people.c.topics_key == table.c.topics_key)
        & (sa.func.coalesce(people.c.catch_up_from, sa.literal(EPOCH, UTC_TIME)) == table.c.catch_up_from)
        & (people.c.known == table.c.known)
    )
    yield people, table, same
    table.drop(connection)  # if something fails, the rollback drops it too


@contextmanager
def keep_recipients(connection: Connection, recipients: EditionRecipients) -> Iterator[tuple[int, sa.Table]]:
    """The recipients as they are at one moment, in a table of this transaction, and how many they are: for what takes long
    while others write. Raises UnknownPreference."""
    found = sa.Table(
        "recipients_of_this_edition",
        sa.MetaData(),
        sa.Column("id", sa.String(32)),
        sa.Column("address", sa.Text),
        sa.Column("variant", sa.String(120)),
        prefixes=["TEMPORARY"],
    )
    found.create(connection)
    with _preferences_table(connection, recipients) as (people, table, same):
        rows = sa.select(people.c.id, people.c.address, table.c.variant).outerjoin_from(people, table, same)
        connection.execute(sa.insert(found).from_select(["id", "address", "variant"], rows))
    if connection.execute(sa.select(found.c.id).where(found.c.variant.is_(None)).limit(1)).first():
        raise UnknownPreference
    connection.execute(sa.delete(found).where(found.c.variant == ""))
    yield connection.execute(sa.select(sa.func.count()).select_from(found)).scalar_one(), found
    found.drop(connection)


def count_editions_of_day(connection: Connection, order: RecipientQuery) -> int:
    """How many editions count for the cap of a day."""
    query = sa.select(sa.func.count()).select_from(editions).where(editions.c.frozen_at >= order.day)
    return connection.execute(query).scalar_one() if order.cap is not None else 0


def _preference_rows(recipients: EditionRecipients) -> Sequence[dict[str, Any]]:
    places = {article: place for place, (_, article) in enumerate(recipients.order.alerts)}
    return [
        {
            "topics_key": topics,
            "catch_up_from": catch_up_from or EPOCH,
            "known": sum(1 << places[article] for article in known),
            "variant": variant,
        }
        for (topics, catch_up_from, known), variant in recipients.variants.items()
    ]
