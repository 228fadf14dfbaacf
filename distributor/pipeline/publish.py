"""Editions published: one transaction decides the slot, announces the articles and enqueues the deliveries."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from ..bounces import suppressions
from ..config.schema import Newsletter
from ..delivery import enqueue
from ..delivery.control import supersede_alert, supersede_earlier_editions
from ..delivery.enqueue import EarlyRows
from ..delivery.requests import ask_for_edition
from ..editions import article_status
from ..editions import repository as edition_repository
from ..editions.snapshot import take_snapshot
from ..errors import UserError
from ..model import Edition, EditionKind
from ..newsroom import Newsroom
from ..storage import partitions
from ..storage.database import Database
from ..subscribers import recipients
from ..subscribers.recipients import EditionRecipients
from . import preflight_gate
from .compose import EditionPlan
from .deliver import check_may_send
from .missing_names import list_blocked_newsletters
from .plan import EditionRequest, StepContext, plan_edition, slot_name

log = logging.getLogger("distributor.pipeline")

_ATTEMPTS = 5


def publish_edition(context: StepContext, request: EditionRequest) -> EditionPlan | None:
    """Decide a slot, or send an edition by hand; None where its slot is decided already.

    The edition is planned and rendered before anything is claimed, so that a template that fails leaves the slot open;
    then one transaction claims it, or finds that something has changed meanwhile, and it is planned anew. What its emails
    fail in preflight, with what was found before, holds it, but for the checks that are forced.
    """
    newsroom, database, now = context.newsroom, context.database, context.now
    check_may_send(newsroom, database, now)
    with database.write(long=True) as connection:
        suppressions.expire_suppressions(connection, now)  # whose suppression has ended is a recipient again
    for _ in range(_ATTEMPTS):
        plan = add_findings(newsroom, plan_edition(context, request), request, now)
        try:
            if _is_worth_early(database, plan):
                return _claim_slot_early(context, request, plan)
            with database.write(long=True) as connection:
                return _claim_slot(context, connection, request, plan)
        except edition_repository.SlotTaken as changed:
            log.info("%s: %s; planned again", request.newsletter.id, changed)
            last = changed
    slot = slot_name(context, request)
    raise UserError(f"slot {slot} of {request.newsletter.id} could not be decided in {_ATTEMPTS} attempts: {last}")


def _is_worth_early(database: Database, plan: EditionPlan) -> bool:
    """Whether so many rows are to be written that others must not wait for them."""
    many = isinstance(plan.readers, EditionRecipients) and plan.audience >= enqueue.EARLY
    return many and database.server_time() is not None


class _Decided(Exception):
    """The slot was decided while rows were written for it: they are not needed."""


def _claim_slot_early(context: StepContext, request: EditionRequest, plan: EditionPlan) -> EditionPlan | None:
    """The same as `_claim_slot`, with the rows of the emails written before the transaction has the store to itself, so
    that others write meanwhile. Another host that writes rows of the same edition is waited for. Raises SlotTaken."""
    newsroom, database, edition = context.newsroom, context.database, plan.edition
    assert edition is not None
    assert isinstance(plan.readers, EditionRecipients)

    def take_numbers(count: int) -> int | None:
        with database.write(alone=False) as connection:
            return partitions.take_numbers(connection, count, edition.frozen_at)

    try:
        with database.write(alone=False, long=True) as connection:
            personal = personal_channels(newsroom, plan.newsletter)
            early = enqueue.enqueue_early(connection, edition, plan.renditions, plan.readers, personal, take_numbers)
            database.become_alone(connection)
            if enqueue.is_early_outdated(connection, plan.readers, early):
                raise edition_repository.SlotTaken("another edition was made meanwhile")
            made = _claim_slot(context, connection, request, plan, early)
            if made is None:
                raise _Decided
            return made
    except _Decided:
        return None
    except recipients.UnknownPreference:
        raise edition_repository.SlotTaken("a subscriber has made another choice meanwhile") from None
    except IntegrityError as error:
        if "uq_deliveries_" not in str(error.orig):
            raise
        raise edition_repository.SlotTaken("somebody else has made the same edition meanwhile") from None


def _claim_slot(
    context: StepContext,
    connection: Connection,
    request: EditionRequest,
    plan: EditionPlan,
    early: EarlyRows | None = None,
) -> EditionPlan | None:
    """Write down what was planned. Where it is no edition, a planned slot is decided all the same. Raises SlotTaken."""
    newsletter, slot = request.newsletter.id, slot_name(context, request)
    if reason := list_blocked_newsletters(context.newsroom, connection).get(newsletter):
        raise UserError(reason)
    if edition_repository.is_decided(connection, newsletter, slot):
        return None
    if plan.based_on != take_snapshot(connection, newsletter):
        raise edition_repository.SlotTaken("something has changed meanwhile")
    if plan.edition is not None:
        save_plan(context.newsroom, connection, plan, context.by, early)
        return plan
    article_status.record_decisions(connection, newsletter, plan.selection.choices, context.now)
    if request.slot is not None:
        edition_repository.decide_slot(connection, newsletter, slot, plan.selection.reason, context.by, context.now)
    return plan


def add_findings(newsroom: Newsroom, plan: EditionPlan, request: EditionRequest, now: datetime) -> EditionPlan:
    """A plan with what preflight says of it."""
    if plan.edition is None:
        return plan
    findings = [*preflight_gate.check_emails(newsroom, plan.edition, plan.renditions, now), *request.findings]
    blocked = preflight_gate.list_blocking(newsroom, findings, request.forced)
    held, forced = preflight_gate.describe_findings(blocked), tuple(request.forced)
    return replace(plan, findings=tuple(findings), held=held, forced=forced)


def save_plan(
    newsroom: Newsroom, connection: Connection, plan: EditionPlan, by: str, early: EarlyRows | None = None
) -> None:
    """Write a plan down as an edition; `early` are rows of its emails that are written already. Raises SlotTaken where the
    world has moved on since it was made."""
    edition = plan.edition
    assert edition is not None
    if early is None:
        check_same_recipients(connection, plan)
    edition_repository.save(
        connection,
        edition,
        plan.renditions,
        by,
        plan.selection.choices,
        due=plan.due,
        segments=plan.segmentation.segments,
        held=plan.held,
    )
    preflight_gate.record_forced(connection, edition.id, by, edition.frozen_at, plan.forced)
    for note in plan.notes:
        edition_repository.record_event(connection, edition.id, "note", "rendering", edition.frozen_at, note)
        log.warning("%s: %s", edition.id, note)
    personal = personal_channels(newsroom, plan.newsletter)
    enqueue.enqueue_deliveries(connection, edition, plan.renditions, plan.readers, personal, early)
    if plan.due is None and not plan.held:
        expire_superseded(newsroom, connection, edition, edition.frozen_at)
        ask_for_edition(connection, edition.id)


def personal_channels(newsroom: Newsroom, newsletter: Newsletter) -> frozenset[str]:
    """The newsletter's channels that send to subscribers."""
    return frozenset(name for name, channel in newsroom.newsletter_channels(newsletter).items() if channel.personal)


def check_same_recipients(connection: Connection, plan: EditionPlan) -> None:
    """Raises SlotTaken where a subscriber has made a choice for which no email was rendered."""
    if not isinstance(plan.readers, EditionRecipients):
        return
    preferences = recipients.count_by_preference(connection, plan.readers.order)
    if any(preference.key not in plan.readers.variants for preference in preferences):
        raise edition_repository.SlotTaken("a subscriber has made another choice meanwhile")


def expire_superseded(newsroom: Newsroom, connection: Connection, edition: Edition, now: datetime) -> None:
    """Close the deliveries that this edition makes needless, now that it is out: those of earlier ones to channels that
    show the newest, and emails of alerts that still wait, to subscribers whose own email carries the article as news."""
    channels = newsroom.newsletter_channels(newsroom.newsletter(edition.newsletter))
    supersede_earlier_editions(
        connection, edition, [name for name, channel in channels.items() if channel.latest_only], now
    )
    if edition.kind is not EditionKind.DIGEST:
        return
    contents = edition_repository.list_segment_articles(connection, edition.id)
    carried = {article for articles in contents.values() for article in articles}
    for article, alert in article_status.find_alerts(connection, edition.newsletter, list(carried)).items():
        variants = [variant for variant, articles in contents.items() if article in articles]
        supersede_alert(connection, edition, alert, variants, now)
