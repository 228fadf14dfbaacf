"""The guard above all classification: where far more addresses are refused for good than usual, it is not they.

    hard bounce ──counted──▶ in proportion? ──yes──▶ suppressed
                                  └─no──▶ pending, the edition paused ──staff──▶ confirmed | discarded

Whatever a text was taken for, a list does not die in one night. Counted is by edition, whether a server answered or an email
came back days later; once it is out of proportion, what this edition has suppressed so far becomes pending as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ..config.bounces import BounceGuard
from ..editions import repository as edition_repository
from ..model import BounceType, EditionState, Suppression
from ..storage.statements import insert_into
from ..storage.tables import (
    bounce_counts,
    bounce_guards,
    bounces,
    deliveries,
    editions,
    pending_suppressions,
    subscribers,
    suppressions,
)

UNKNOWN = "unknown"  # what staff call the group of bounces whose edition nobody knows
_PAST = 10  # earlier editions of the newsletter that show what is usual
_ENOUGH = 100  # emails of theirs, below which nothing is usual yet
_FIRST = 500  # emails of an edition, if it has so many, by which it is decided at least: the bad ones may come first
_FEW = 3  # hard bounces that are too many where they are half of the emails, whatever the settings say: small lists
_ALWAYS = 0.5  # of the emails: no list is so bad that this is usual
_RECHECK_STEP = 10  # the proportion is looked at when the count has grown by a tenth: to count emails takes long
_NO_EDITION = timedelta(days=1)  # in which bounces of no known edition are one group
_HAS_RECIPIENT = deliveries.c.recipient != ""


@dataclass(frozen=True, slots=True)
class HeldSuppressions:
    """An edition whose suppressions wait for staff: how many, since when, and why."""

    edition: str
    addresses: int
    since: datetime
    reason: str

    @property
    def question(self) -> str:
        """What staff are asked, in one line."""
        name = self.edition or UNKNOWN
        paused = f"{name} is paused" if self.edition else "returned emails of no known edition"
        return (
            f"{paused}: {self.reason}. Nobody is suppressed yet: are these addresses dead, or is it us? "
            f"`distributor suppressions confirm {name}` suppresses them ({self.addresses}), "
            f"`distributor suppressions discard {name}` forgets it and sends their emails again"
        )


def is_out_of_proportion(hard: int, tried: int, past_hard: int, past_tried: int, limits: BounceGuard) -> bool:
    """Whether so many hard bounces of the emails tried are no list's own. Pure.

    They must be some, more than `share` of the emails, and more than `times` the share of earlier editions; from half of
    the emails on it is always so, in a small list from three on.
    """
    few = limits.min_bounces if 2 * hard < tried else min(limits.min_bounces, _FEW)
    if hard < few or tried <= 0:
        return False
    usual = past_hard / past_tried if past_tried >= _ENOUGH else 0.0
    return hard / tried >= min(max(limits.min_bounce_rate, limits.min_increase * usual), _ALWAYS)


def may_suppress(connection: Connection, edition: str, now: datetime, limits: BounceGuard) -> bool:
    """Count a hard bounce of an edition, written down already; whether it may suppress its address now. Where it may not,
    it is to be added with `wait`. `edition` is empty where nobody knows it."""
    hard, held_at, confirmed = _counted(connection, edition, now)
    if confirmed:
        return True
    if held_at is not None:
        return False
    few = hard < limits.min_bounces
    if hard % max(hard // _RECHECK_STEP, 1) or (few and (hard < _FEW or not edition)):
        return True
    first = _first(connection, edition)
    if few and 2 * hard < first:  # a small list only; to count all emails takes long
        return True
    tried = max(_tried(connection, edition), first)
    if not is_out_of_proportion(hard, tried, 0, 0, limits):
        return True
    past_hard, past_tried = _past(connection, edition)
    if not is_out_of_proportion(hard, tried, past_hard, past_tried, limits):
        return True
    usual = f", earlier {past_hard} of {past_tried}" if past_tried >= _ENOUGH else ""
    _hold(connection, edition, now, f"{hard} of {tried} addresses were refused for good{usual}")
    return False


def hold_suppression(connection: Connection, edition: str, wanted: Suppression, key: str) -> None:
    """Let a suppression wait for staff."""
    values = {"edition_id": edition, "address_key": key, "reason": wanted.reason[:500], "since": wanted.since}
    connection.execute(insert_into(connection, pending_suppressions).values(values).on_conflict_do_nothing())


def list_held(connection: Connection) -> list[HeldSuppressions]:
    """The editions whose suppressions wait for staff, oldest first."""
    addresses = (
        sa.select(sa.func.count())
        .where(pending_suppressions.c.edition_id == bounce_guards.c.edition_id)
        .scalar_subquery()
    )
    query = (
        sa.select(bounce_guards.c.edition_id, addresses, bounce_guards.c.held_at, bounce_guards.c.reason)
        .where(bounce_guards.c.held_at.is_not(None), ~bounce_guards.c.confirmed)
        .order_by(bounce_guards.c.held_at)
    )
    return [HeldSuppressions(*row) for row in connection.execute(query)]


def list_pending(connection: Connection, edition: str) -> list[Suppression]:
    """What waits of one edition, in the order of the addresses."""
    query = sa.select(pending_suppressions).where(pending_suppressions.c.edition_id == edition)
    rows = connection.execute(query.order_by(pending_suppressions.c.address_key))
    return [
        Suppression(address=row.address_key, type=BounceType.HARD, reason=row.reason, since=row.since) for row in rows
    ]


def confirm(connection: Connection, edition: str) -> list[Suppression]:
    """Staff say that the addresses are dead: what waits is taken out, to be suppressed, and this edition is guarded no
    longer."""
    found = list_pending(connection, edition)
    _forget(connection, edition)
    connection.execute(_here(sa.update(bounce_guards), edition).values(confirmed=True, held_at=None))
    return found


def discard(connection: Connection, edition: str) -> int:
    """Staff say that it was us: what waits is forgotten, and its bounces count as ours from now on; returns how many."""
    number = _forget(connection, edition)
    connection.execute(
        sa.update(bounces)
        .where(bounces.c.edition_id == edition, bounces.c.type == BounceType.HARD)
        .values(type=BounceType.POLICY)
    )
    connection.execute(_here(sa.delete(bounce_guards), edition))
    return number


def hard_bounced_deliveries(edition: str) -> sa.ColumnElement[bool]:
    """The emails of an edition that its hard bounces are about."""
    about = sa.select(bounces.c.delivery_id).where(
        bounces.c.edition_id == edition, bounces.c.type == BounceType.HARD, bounces.c.delivery_id.is_not(None)
    )
    return deliveries.c.id.in_(about)


# -- statements --------------------------------------------------------------------------------------------------------


def _here(statement: Any, edition: str) -> Any:
    return statement.where(bounce_guards.c.edition_id == edition)


def _counted(connection: Connection, edition: str, now: datetime) -> tuple[int, datetime | None, bool]:
    if not edition:
        old = (bounce_guards.c.since < now - _NO_EDITION) & bounce_guards.c.held_at.is_(None)
        connection.execute(_here(sa.delete(bounce_guards), "").where(old))
    fresh = insert_into(connection, bounce_guards).values(
        edition_id=edition, hard=1, since=now, reason="", confirmed=False
    )
    counted = fresh.on_conflict_do_update(
        index_elements=[bounce_guards.c.edition_id], set_={"hard": bounce_guards.c.hard + 1}
    )
    row = connection.execute(
        counted.returning(bounce_guards.c.hard, bounce_guards.c.held_at, bounce_guards.c.confirmed)
    ).one()
    return row.hard, row.held_at, row.confirmed


def _tried(connection: Connection, *of: str) -> int:
    """How many emails of editions were tried; recipients, where no edition is known."""
    if of == ("",):
        return connection.execute(sa.select(sa.func.count()).select_from(subscribers)).scalar_one()
    query = sa.select(sa.func.count()).select_from(deliveries)
    return connection.execute(
        query.where(deliveries.c.edition_id.in_(of), _HAS_RECIPIENT, deliveries.c.attempts > 0)
    ).scalar_one()


def _first(connection: Connection, edition: str) -> int:
    some = sa.select(deliveries.c.id).where(deliveries.c.edition_id == edition, _HAS_RECIPIENT).limit(_FIRST).subquery()
    return connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()


def _past(connection: Connection, edition: str) -> tuple[int, int]:
    """Hard bounces and emails of the newsletter's earlier editions. Those that staff were asked about are not usual."""
    own = editions.alias()
    asked = sa.select(bounce_guards.c.edition_id).where(
        bounce_guards.c.held_at.is_not(None) | bounce_guards.c.confirmed
    )
    query = (
        sa.select(editions.c.id)
        .join(own, (own.c.newsletter == editions.c.newsletter) & (own.c.id == edition))
        .where(editions.c.frozen_at <= own.c.frozen_at, editions.c.id != edition, editions.c.id.not_in(asked))
        .where(editions.c.pruned_at.is_(None))
        .order_by(editions.c.frozen_at.desc())
        .limit(_PAST)
    )
    earlier = list(connection.execute(query).scalars())
    if not earlier:
        return 0, 0
    hard = sa.select(sa.func.count()).where(bounces.c.edition_id.in_(earlier), bounces.c.type == BounceType.HARD)
    counted = sa.select(sa.func.sum(bounce_counts.c.number)).where(
        bounce_counts.c.edition_id.in_(earlier), bounce_counts.c.type == BounceType.HARD
    )  # those that were deleted since, as they were old
    total = connection.execute(hard).scalar_one() + int(connection.execute(counted).scalar() or 0)
    return total, _tried(connection, *earlier)


def _hold(connection: Connection, edition: str, now: datetime, reason: str) -> None:
    """Let all suppressions of an edition wait, those that were made already too, and pause it."""
    since = connection.execute(_here(sa.select(bounce_guards.c.since), edition)).scalar_one()
    connection.execute(_here(sa.update(bounce_guards), edition).values(held_at=now, reason=reason))
    refused = sa.select(bounces.c.address_key).where(bounces.c.edition_id == edition, bounces.c.type == BounceType.HARD)
    by_it = (
        (suppressions.c.type == BounceType.HARD)
        & (suppressions.c.since >= since)
        & suppressions.c.address_key.in_(refused)
    )
    columns = (sa.literal(edition), suppressions.c.address_key, suppressions.c.reason, suppressions.c.since)
    connection.execute(
        sa.insert(pending_suppressions).from_select(
            ["edition_id", "address_key", "reason", "since"], sa.select(*columns).where(by_it)
        )
    )
    connection.execute(sa.delete(suppressions).where(by_it))
    on_its_way = (editions.c.state == EditionState.FROZEN) & editions.c.paused_at.is_(None)
    paused = sa.update(editions).where(editions.c.id == edition, on_its_way).values(paused_at=now)
    if connection.execute(paused).rowcount:
        edition_repository.record_event(connection, edition, "paused", "the ledger", now, reason)


def _forget(connection: Connection, edition: str) -> int:
    return connection.execute(
        sa.delete(pending_suppressions).where(pending_suppressions.c.edition_id == edition)
    ).rowcount
