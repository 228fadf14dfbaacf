"""Whom an article has reached, and what somebody's emails held: the ledger's rows beside the emails' contents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from ..editions import repository as edition_repository
from ..editions.build import alert_slot
from ..editions.coverage import CoveringEdition, list_corrections, list_covering_editions
from ..editions.explain import CoverageStats
from ..model import Delivery, DeliveryState, EditionKind, EditionState
from ..storage.rows import enum_member
from ..storage.tables import articles, deliveries, editions, renditions
from ..subscribers.recipients import RECEIVED_STATES, UNCOUNTED_STATES
from .pruning import list_counts
from .queries import parse_state


def collect_reach(connection: Connection, article: str) -> list[CoverageStats]:
    """Each edition that carries an article, with what became of the emails that hold it and of its posts, and how many of
    its emails leave it out; corrections at the end."""
    found = list_covering_editions(connection, [article]).get(article, [])
    reached = [_edition_reach(connection, article, one, found) for one in found]
    return reached + [_correction(connection, article, edition) for edition in list_corrections(connection, article)]


def _edition_reach(
    connection: Connection, article: str, one: CoveringEdition, all_of_it: Sequence[CoveringEdition]
) -> CoverageStats:
    by_variant = _count_messages(connection, one.edition)
    counts: dict[DeliveryState, int] = {}
    for variant, states in by_variant.items():
        for state, number in states.items() if variant in one.variants else ():
            counts[state] = counts.get(state, 0) + number
    without = sum(sum(states.values()) for variant, states in by_variant.items() if variant not in one.variants)
    alert = next((other.edition for other in all_of_it if _is_known_alert(other, one)), "")
    return CoverageStats(
        edition=one.edition, newsletter=one.newsletter, kind=one.kind, state=one.state, frozen_at=one.frozen_at,
        released_at=one.released_at, emails=counts, without=without, alert=alert,
        already_had=_count_already_alerted(connection, one, alert) if alert and without else 0,
        posts=_count_posts(connection, one.edition, article),
    )  # fmt: skip


def _is_known_alert(other: CoveringEdition, one: CoveringEdition) -> bool:
    """Whether it is the alert of the same newsletter that this edition knew of."""
    return (
        other.kind is EditionKind.ALERT
        and one.kind is not EditionKind.ALERT
        and other.newsletter == one.newsletter
        and other.frozen_at < (one.released_at or one.frozen_at)
    )


def _count_already_alerted(connection: Connection, one: CoveringEdition, alert: str) -> int:
    """How many emails leave an article out because their recipients have had it as an alert."""
    theirs = sa.select(deliveries.c.recipient).where(
        deliveries.c.edition_id == alert, deliveries.c.state.in_(RECEIVED_STATES)
    )
    query = (
        sa.select(sa.func.count())
        .select_from(deliveries)
        .where(deliveries.c.edition_id == one.edition, deliveries.c.recipient != "")
        .where(deliveries.c.variant.not_in(one.variants), deliveries.c.recipient.in_(theirs))
    )
    number: int = connection.execute(query).scalar_one()
    return number


def _correction(connection: Connection, article: str, edition: str) -> CoverageStats:
    row = edition_repository.find_row(connection, edition)
    assert row is not None
    counts: dict[DeliveryState, int] = {}
    for states in _count_messages(connection, edition).values():
        for state, number in states.items():
            counts[state] = counts.get(state, 0) + number
    stands = enum_member(EditionState, row.state, "edition", edition)
    return CoverageStats(
        edition=edition, newsletter=row.newsletter, kind=EditionKind.CORRECTION, state=stands,
        frozen_at=row.frozen_at, released_at=row.released_at, emails=counts,
        posts=_count_posts(connection, edition, article),
    )  # fmt: skip


def _count_messages(connection: Connection, edition: str) -> dict[str, dict[DeliveryState, int]]:
    """How many emails of an edition stand where: counts by variant and state."""
    query = (
        sa.select(deliveries.c.variant, deliveries.c.state, sa.func.count())
        .where(deliveries.c.edition_id == edition, deliveries.c.recipient != "")
        .group_by(deliveries.c.variant, deliveries.c.state)
        .order_by(deliveries.c.variant, deliveries.c.state)
    )
    found: dict[str, dict[DeliveryState, int]] = {}
    gone = [(row.variant, row.state, row.number) for row in list_counts(connection, edition)]
    for variant, state, number in [*gone, *connection.execute(query)]:
        of_variant, known = found.setdefault(variant, {}), parse_state(state, f"of {edition}")
        of_variant[known] = of_variant.get(known, 0) + number
    return found


def _count_posts(connection: Connection, edition: str, article: str) -> dict[str, dict[DeliveryState, int]]:
    """What other channels carry of an article in an edition, counts by channel and state: its own posts, and what shows
    the edition as a whole."""
    same = (
        (renditions.c.edition_id == deliveries.c.edition_id)
        & (renditions.c.channel == deliveries.c.channel)
        & (renditions.c.variant == deliveries.c.variant)
    )
    whole = (renditions.c.article == "") & deliveries.c.variant.not_in(sa.select(articles.c.id))
    query = (
        sa.select(deliveries.c.channel, deliveries.c.state, sa.func.count())
        .join(renditions, same)
        .where(deliveries.c.edition_id == edition, deliveries.c.recipient == "")
        .where(sa.or_(renditions.c.article == article, deliveries.c.variant == article, whole))
        .group_by(deliveries.c.channel, deliveries.c.state)
        .order_by(deliveries.c.channel, deliveries.c.state)
    )
    found: dict[str, dict[DeliveryState, int]] = {}
    for channel, state, number in connection.execute(query):
        of_channel, known = found.setdefault(channel, {}), parse_state(state, f"of {edition}")
        of_channel[known] = of_channel.get(known, 0) + number
    return found


# -- of one recipient -----------------------------------------------------------------------------------------------------


def articles_of_delivery(connection: Connection, row: Delivery) -> tuple[str, ...]:
    """The articles of the email of a row."""
    variants = edition_repository.list_segment_articles(connection, row.edition)
    if row.variant in variants:
        return tuple(variants[row.variant])
    content = edition_repository.find(connection, row.edition)
    return tuple(one.id for one in content.carried) if content else ()


@dataclass(frozen=True, slots=True)
class ReceivedAlert:
    """An alert that somebody has had: its edition, and since when it is frozen."""

    edition: str
    at: datetime


def alerts_received(connection: Connection, recipient: str, wanted: Sequence[str]) -> dict[str, list[ReceivedAlert]]:
    """The alerts of these articles that somebody has had, by article."""
    slots = {alert_slot(id): id for id in wanted}
    query = (
        sa.select(editions.c.slot, editions.c.id, editions.c.frozen_at)
        .join(deliveries, deliveries.c.edition_id == editions.c.id)
        .where(editions.c.kind == EditionKind.ALERT, editions.c.slot.in_(list(slots)))
        .where(deliveries.c.recipient == recipient, deliveries.c.state.in_(RECEIVED_STATES))
        .order_by(editions.c.frozen_at)
    )
    found: dict[str, list[ReceivedAlert]] = {}
    for row in connection.execute(query):
        found.setdefault(slots[row.slot], []).append(ReceivedAlert(row.id, row.frozen_at))
    return found


# -- who has an article already ----------------------------------------------------------------------------------------


def parts_with_article(connection: Connection, newsletter: str, article: str) -> Mapping[str, Sequence[str]]:
    """The emails of a newsletter that hold an article, variants by edition: whoever has one of them has the article."""
    found = list_covering_editions(connection, [article]).get(article, [])
    return {one.edition: one.variants for one in found if one.newsletter == newsletter and one.variants}


def count_emails_between(connection: Connection, recipient: str, start: datetime, end: datetime) -> int:
    """How many emails of editions frozen in that time count against the most that somebody may get a day."""
    query = (
        sa.select(sa.func.count())
        .select_from(deliveries)
        .join(editions, editions.c.id == deliveries.c.edition_id)
        .where(deliveries.c.recipient == recipient, deliveries.c.state.not_in(UNCOUNTED_STATES))
        .where(editions.c.frozen_at >= start, editions.c.frozen_at < end)
    )
    number: int = connection.execute(query).scalar_one()
    return number
