"""Freezing what was proposed: one transaction decides the slot, announces the articles and promises the deliveries."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from ..config import Newsletter
from ..delivery import audience, suppression
from ..delivery.promise import overtake, overtake_alert, promise
from ..editions import book, items
from ..editions.basis import basis
from ..editions.freezing import manual_slot
from ..editions.schedule import Slot
from ..errors import UserError
from ..model import Article, Edition, EditionKind
from ..newsroom import Newsroom
from ..preflight.findings import Finding
from ..storage.database import Database
from . import gate
from .delivering import at_home
from .names import not_to_begin
from .proposing import Proposal, propose, propose_alert, propose_roundup

log = logging.getLogger("distributor.pipeline")

_ATTEMPTS = 5


def publish(
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
) -> Proposal | None:
    """Answer a slot, or make a one-off digest. None where somebody else has answered it already.

    With `due` it becomes a draft, which is released then at the earliest. What its letters fail in preflight, together
    with what was `found` before (links that are dead), holds it, unless the checks are `forced`.
    """
    name = slot.name if slot else manual_slot(now, newsroom.zone(newsletter))

    def proposing() -> Proposal:
        return propose(newsroom, database, newsletter, name, now, only, due)

    return _settle(newsroom, database, proposing, name, now, by, forget=slot is None, found=found, forced=forced)


def publish_alert(
    newsroom: Newsroom,
    database: Database,
    newsletter: Newsletter,
    article: Article,
    now: datetime,
    by: str,
    *,
    missed: bool = False,
) -> Proposal | None:
    """Send one article at once; with `missed` only to readers who have no letter with it. None where the newsletter has
    sent it as an alert before; without an edition where it has been withdrawn or held meanwhile, or has missed nobody.
    """

    def proposing() -> Proposal:
        return propose_alert(newsroom, database, newsletter, article, now, missed=missed)

    return _settle(newsroom, database, proposing, f"alert-{article.id}", now, by, forget=True)


def publish_roundup(
    newsroom: Newsroom,
    database: Database,
    newsletter: Newsletter,
    kind: EditionKind,
    slot: Slot,
    now: datetime,
    by: str,
) -> Proposal | None:
    """Answer a slot of the daily or weekly letter. None where somebody else has answered it already."""

    def proposing() -> Proposal:
        return propose_roundup(newsroom, database, newsletter, kind, slot.name, now)

    return _settle(newsroom, database, proposing, slot.name, now, by)


def _settle(
    newsroom: Newsroom,
    database: Database,
    proposing: Callable[[], Proposal],
    slot: str,
    now: datetime,
    by: str,
    *,
    forget: bool = False,
    found: Sequence[Finding] = (),
    forced: Sequence[str] = (),
) -> Proposal | None:
    """Claim a slot with what is proposed for it. `forget`: an empty answer leaves no trace of the slot.

    The proposal is rendered before anything is claimed, so a template that fails leaves the slot open; then one
    transaction claims it, or finds that the world has moved on, and the proposal is made anew.
    """
    at_home(newsroom, database, now)
    with database.write(long=True) as connection:
        suppression.lapse(connection, now)  # who has rested long enough is a reader again
    for _ in range(_ATTEMPTS):
        proposal = _examined(newsroom, proposing(), now, found, forced)
        newsletter = proposal.newsletter
        try:
            with database.write(long=True) as connection:
                if reason := not_to_begin(newsroom, connection).get(newsletter.id):
                    raise UserError(reason)
                if book.is_decided(connection, newsletter.id, slot):
                    return None
                if proposal.rests_on != basis(connection, newsletter.id):
                    raise book.SlotTaken("the world has moved on")
                if proposal.edition is not None:
                    keep(newsroom, connection, proposal, by)
                    return proposal
                items.note(connection, newsletter.id, proposal.selection.choices, now)
                if not forget:
                    book.decide_slot(connection, newsletter.id, slot, proposal.selection.reason, by, now)
                return proposal
        except book.SlotTaken as moved_on:
            log.info("%s: %s; looking again", newsletter.id, moved_on)
            last = moved_on
    log.error("slot %s of %s could not be answered in %d attempts: %s", slot, newsletter.id, _ATTEMPTS, last)
    return None


def _examined(
    newsroom: Newsroom, proposal: Proposal, now: datetime, found: Sequence[Finding], forced: Sequence[str]
) -> Proposal:
    """A proposal with what preflight says of it."""
    if proposal.edition is None:
        return proposal
    findings = [*gate.examine_letters(newsroom, proposal.edition, proposal.renditions, now), *found]
    blocked = gate.held_by(newsroom, findings, forced)
    return replace(proposal, findings=tuple(findings), held=gate.in_words(blocked), forced=tuple(forced))


def keep(newsroom: Newsroom, connection: Connection, proposal: Proposal, by: str) -> None:
    """Write a proposal down as an edition. Raises SlotTaken where the world has moved on since it was made."""
    edition = proposal.edition
    assert edition is not None
    same_readers(connection, proposal)
    cohorts = proposal.division.cohorts
    book.keep(
        connection,
        edition,
        proposal.renditions,
        by,
        proposal.selection.choices,
        due=proposal.due,
        cohorts=cohorts,
        held=proposal.held,
    )
    gate.note_forced(connection, edition.id, by, edition.frozen_at, proposal.forced)
    if proposal.held:
        log.error("%s is held by preflight: %s", edition.id, proposal.held)
    for note in proposal.notes:
        book.record(connection, edition.id, "note", "rendering", edition.frozen_at, note)
        log.warning("%s: %s", edition.id, note)
    promise(connection, edition, proposal.renditions, proposal.readers, personal(newsroom, proposal.newsletter))
    if proposal.due is None and not proposal.held:
        supersede(newsroom, connection, edition, edition.frozen_at)


def personal(newsroom: Newsroom, newsletter: Newsletter) -> frozenset[str]:
    """The newsletter's channels that write to people."""
    return frozenset(name for name, channel in newsroom.carriers(newsletter).items() if channel.personal)


def same_readers(connection: Connection, proposal: Proposal) -> None:
    """Raises SlotTaken where somebody has made a choice for which no letter was rendered."""
    if proposal.readers is None:
        return
    tastes = audience.census(connection, proposal.readers.order)
    if any(taste.key not in proposal.readers.variants for taste in tastes):
        raise book.SlotTaken("a reader has made another choice meanwhile")


def supersede(newsroom: Newsroom, connection: Connection, edition: Edition, now: datetime) -> None:
    """What this edition makes needless, now that it is out: what earlier ones owe to channels that show the newest, and
    letters of alerts that are still waiting, to readers whose letter carries the article as news."""
    carriers = newsroom.carriers(newsroom.newsletter(edition.newsletter))
    overtake(connection, edition, [name for name, channel in carriers.items() if channel.latest_only], now)
    if edition.kind is not EditionKind.DIGEST:
        return
    letters = book.cohorts_of(connection, edition.id)
    carried = {article for articles in letters.values() for article in articles}
    for article, alert in items.alerts_of(connection, edition.newsletter, list(carried)).items():
        variants = [variant for variant, articles in letters.items() if article in articles]
        overtake_alert(connection, edition, alert, variants, now)
