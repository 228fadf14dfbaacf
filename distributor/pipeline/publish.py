"""Freezing what was proposed: one transaction decides the slot, announces the articles and promises the deliveries."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from ..bounces import suppressions
from ..config.schema import Newsletter
from ..delivery.control import supersede_alert, supersede_earlier_editions
from ..delivery.enqueue import enqueue_deliveries
from ..editions import article_status
from ..editions import repository as edition_repository
from ..editions.build import manual_slot
from ..editions.snapshot import take_snapshot
from ..errors import UserError
from ..model import Article, Edition, EditionKind
from ..newsroom import Newsroom
from ..preflight.findings import Finding
from ..schedule.slots import Slot
from ..storage.database import Database
from ..subscribers import recipients
from . import preflight_gate
from .deliver import check_may_send
from .missing_names import list_blocked_newsletters
from .plan import EditionPlan, plan_alert, plan_digest, plan_roundup

log = logging.getLogger("distributor.pipeline")

_ATTEMPTS = 5


def publish_digest(
    newsroom: Newsroom,
    database: Database,
    newsletter: Newsletter,
    now: datetime,
    by: str,
    *,
    slot: Slot | None = None,
    only: Sequence[str] = (),
    due: datetime | None = None,
    found: Sequence[Finding] = (),
    forced: Sequence[str] = (),
) -> EditionPlan | None:
    """Answer a slot, or make a one-off digest. None where somebody else has answered it already.

    With `due` it becomes a draft, which is released then at the earliest. What its letters fail in preflight, together
    with what was `found` before (links that are dead), holds it, unless the checks are `forced`.
    """
    name = slot.name if slot else manual_slot(now, newsroom.zone(newsletter))

    def proposing() -> EditionPlan:
        return plan_digest(newsroom, database, newsletter, name, now, only, due)

    return _claim_slot(newsroom, database, proposing, name, now, by, forget=slot is None, found=found, forced=forced)


def publish_alert(
    newsroom: Newsroom,
    database: Database,
    newsletter: Newsletter,
    article: Article,
    now: datetime,
    by: str,
    *,
    missed: bool = False,
) -> EditionPlan | None:
    """Send one article at once; with `missed` only to readers who have no letter with it. None where the newsletter has
    sent it as an alert before; without an edition where it has been withdrawn or held meanwhile, or has missed nobody.
    """

    def proposing() -> EditionPlan:
        return plan_alert(newsroom, database, newsletter, article, now, missed=missed)

    return _claim_slot(newsroom, database, proposing, f"alert-{article.id}", now, by, forget=True)


def publish_roundup(
    newsroom: Newsroom,
    database: Database,
    newsletter: Newsletter,
    kind: EditionKind,
    slot: Slot,
    now: datetime,
    by: str,
) -> EditionPlan | None:
    """Answer a slot of the daily or weekly letter. None where somebody else has answered it already."""

    def proposing() -> EditionPlan:
        return plan_roundup(newsroom, database, newsletter, kind, slot.name, now)

    return _claim_slot(newsroom, database, proposing, slot.name, now, by)


def _claim_slot(
    newsroom: Newsroom,
    database: Database,
    proposing: Callable[[], EditionPlan],
    slot: str,
    now: datetime,
    by: str,
    *,
    forget: bool = False,
    found: Sequence[Finding] = (),
    forced: Sequence[str] = (),
) -> EditionPlan | None:
    """Claim a slot with what is proposed for it. `forget`: an empty answer leaves no trace of the slot.

    The proposal is rendered before anything is claimed, so a template that fails leaves the slot open; then one
    transaction claims it, or finds that the world has moved on, and the proposal is made anew.
    """
    check_may_send(newsroom, database, now)
    with database.write(long=True) as connection:
        suppressions.expire_suppressions(connection, now)  # who has rested long enough is a reader again
    for _ in range(_ATTEMPTS):
        proposal = _with_findings(newsroom, proposing(), now, found, forced)
        newsletter = proposal.newsletter
        try:
            with database.write(long=True) as connection:
                if reason := list_blocked_newsletters(newsroom, connection).get(newsletter.id):
                    raise UserError(reason)
                if edition_repository.is_decided(connection, newsletter.id, slot):
                    return None
                if proposal.based_on != take_snapshot(connection, newsletter.id):
                    raise edition_repository.SlotTaken("the world has moved on")
                if proposal.edition is not None:
                    save_plan(newsroom, connection, proposal, by)
                    return proposal
                article_status.record_decisions(connection, newsletter.id, proposal.selection.choices, now)
                if not forget:
                    edition_repository.decide_slot(connection, newsletter.id, slot, proposal.selection.reason, by, now)
                return proposal
        except edition_repository.SlotTaken as moved_on:
            log.info("%s: %s; looking again", newsletter.id, moved_on)
            last = moved_on
    raise UserError(f"slot {slot} of {newsletter.id} could not be decided in {_ATTEMPTS} attempts: {last}")


def _with_findings(
    newsroom: Newsroom, proposal: EditionPlan, now: datetime, found: Sequence[Finding], forced: Sequence[str]
) -> EditionPlan:
    """A proposal with what preflight says of it."""
    if proposal.edition is None:
        return proposal
    findings = [*preflight_gate.check_emails(newsroom, proposal.edition, proposal.renditions, now), *found]
    blocked = preflight_gate.list_blocking(newsroom, findings, forced)
    return replace(
        proposal, findings=tuple(findings), held=preflight_gate.describe_findings(blocked), forced=tuple(forced)
    )


def save_plan(newsroom: Newsroom, connection: Connection, proposal: EditionPlan, by: str) -> None:
    """Write a proposal down as an edition. Raises SlotTaken where the world has moved on since it was made."""
    edition = proposal.edition
    assert edition is not None
    check_same_recipients(connection, proposal)
    cohorts = proposal.segmentation.segments
    edition_repository.save(
        connection,
        edition,
        proposal.renditions,
        by,
        proposal.selection.choices,
        due=proposal.due,
        segments=cohorts,
        held=proposal.held,
    )
    preflight_gate.record_forced(connection, edition.id, by, edition.frozen_at, proposal.forced)
    if proposal.held:
        log.error("%s is held by preflight: %s", edition.id, proposal.held)
    for note in proposal.notes:
        edition_repository.record_event(connection, edition.id, "note", "rendering", edition.frozen_at, note)
        log.warning("%s: %s", edition.id, note)
    enqueue_deliveries(
        connection, edition, proposal.renditions, proposal.readers, personal_channels(newsroom, proposal.newsletter)
    )
    if proposal.due is None and not proposal.held:
        expire_superseded(newsroom, connection, edition, edition.frozen_at)


def personal_channels(newsroom: Newsroom, newsletter: Newsletter) -> frozenset[str]:
    """The newsletter's channels that write to people."""
    return frozenset(name for name, channel in newsroom.newsletter_channels(newsletter).items() if channel.personal)


def check_same_recipients(connection: Connection, proposal: EditionPlan) -> None:
    """Raises SlotTaken where somebody has made a choice for which no letter was rendered."""
    if proposal.readers is None:
        return
    preferences = recipients.count_by_preference(connection, proposal.readers.order)
    if any(preference.key not in proposal.readers.variants for preference in preferences):
        raise edition_repository.SlotTaken("a reader has made another choice meanwhile")


def expire_superseded(newsroom: Newsroom, connection: Connection, edition: Edition, now: datetime) -> None:
    """What this edition makes needless, now that it is out: what earlier ones owe to channels that show the newest, and
    letters of alerts that are still waiting, to readers whose letter carries the article as news."""
    channels = newsroom.newsletter_channels(newsroom.newsletter(edition.newsletter))
    supersede_earlier_editions(
        connection, edition, [name for name, channel in channels.items() if channel.latest_only], now
    )
    if edition.kind is not EditionKind.DIGEST:
        return
    letters = edition_repository.list_segment_articles(connection, edition.id)
    carried = {article for articles in letters.values() for article in articles}
    for article, alert in article_status.find_alerts(connection, edition.newsletter, list(carried)).items():
        variants = [variant for variant, articles in letters.items() if article in articles]
        supersede_alert(connection, edition, alert, variants, now)
