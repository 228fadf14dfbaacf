"""Drafts: approved, held or cancelled by staff, and released at their time after a recheck."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection

from ..delivery import queries
from ..delivery.control import close_deliveries
from ..delivery.requests import ask_for_edition
from ..editions import article_status, review
from ..editions import repository as edition_repository
from ..editions.build import EditionContents
from ..editions.repository import EditionRow
from ..editions.review import Difference, DraftStep
from ..editions.selection import ArticleDecision, ArticleStatus, Candidate
from ..errors import ClockError, DistributorError, OutdatedConfig, StoreError, UserError
from ..model import Edition, EditionState
from ..newsroom import Newsroom
from ..storage.database import Database
from . import preflight_gate
from .compose import NewsletterContext, build_render_context
from .deliver import check_may_send
from .publish import expire_superseded
from .refreeze import refreeze_draft

_T = TypeVar("_T")
RECHECK = "the recheck"
WAITING = (EditionState.REVIEW, EditionState.HELD)


@dataclass(frozen=True, slots=True)
class DraftOutcome:
    """What became of a draft: its id, `released`, `held` or `cancelled`, and why."""

    edition: str
    event: str
    reason: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a step failed, in words; with the error itself where it is a bug."""

    text: str
    bug: Exception | None = None


class DecidedMeanwhile(UserError):
    """Somebody else has decided about a draft since it was looked at."""


_DECISIVE = (review.APPROVED, review.HELD, review.EDITED, "cancelled", "released", "changed")


def decisions(events: Sequence[edition_repository.EditionEvent]) -> list[edition_repository.EditionEvent]:
    """What was decided about a draft so far, in order; what changes it belongs to that."""
    return [one for one in events if one.event in _DECISIVE]


# -- what staff say ----------------------------------------------------------------------------------------------------


def approve(
    newsroom: Newsroom,
    database: Database,
    edition_id: str,
    by: str,
    now: datetime,
    force: Sequence[str] = (),
    seen: int | None = None,
) -> EditionRow:
    """Let a draft go out at its time, or at once where that has passed. Its emails must pass preflight, but for the
    checks that are forced. Raises UserError where there is no such draft, or where it does not pass; DecidedMeanwhile where
    more was decided than the `seen` first decisions."""
    if seen is None:  # what is edited between the check and the approval is not approved
        with database.read() as connection:
            seen = len(decisions(edition_repository.list_events(connection, edition_id)))
    preflight_gate.check_again(newsroom, database, edition_id, by, now, force)
    with database.write() as connection:
        row = find_draft_row(connection, edition_id, seen)
        if not edition_repository.change_state(connection, edition_id, WAITING, EditionState.REVIEW):
            raise UserError(f"{edition_id} is {row.state}: there is nothing to approve")
        edition_repository.record_event(connection, edition_id, review.APPROVED, by, now)
        return row


def hold(database: Database, edition_id: str, by: str, now: datetime, why: str, seen: int | None = None) -> EditionRow:
    """Keep a draft back until it is approved. Raises UserError, and DecidedMeanwhile as `approve` does."""
    with database.write() as connection:
        row = find_draft_row(connection, edition_id, seen)
        if not edition_repository.change_state(connection, edition_id, WAITING, EditionState.HELD):
            raise UserError(f"{edition_id} is {row.state}: only a draft can be held; `editions cancel` stops the rest")
        edition_repository.record_event(connection, edition_id, review.HELD, by, now, why)
        return row


def cancel(
    database: Database, edition_id: str, by: str, now: datetime, why: str, seen: int | None = None
) -> tuple[int, int]:
    """Stop an edition: what it has not sent yet stays unsent. Returns how many deliveries were given up, and how many
    of its articles wait for the next edition: all if nothing of it is out, none otherwise. Raises UserError, and
    DecidedMeanwhile as `approve` does."""
    with database.write(long=True) as connection:
        row = find_draft_row(connection, edition_id, seen)
        return _cancel(connection, row, by, now, why)


def _cancel(connection: Connection, row: EditionRow, by: str, now: datetime, why: str) -> tuple[int, int]:
    if not edition_repository.change_state(
        connection, row.id, (*WAITING, EditionState.FROZEN), EditionState.CANCELLED, done_at=now, paused_at=None
    ):
        raise UserError(f"{row.id} is {row.state} already")
    reason = f"cancelled by {by}" + (f": {why}" if why else "")
    given_up = close_deliveries(connection, row.id, reason, now)
    edition_repository.record_event(connection, row.id, "cancelled", by, now, why)
    freed = (
        0
        if queries.has_sent_any(connection, row.id)
        else article_status.requeue_articles(connection, row.id, f"{row.id} was {reason}", now)
    )
    return given_up, freed


def find_draft_row(connection: Connection, edition_id: str, seen: int | None = None) -> EditionRow:
    """The row of an edition. Raises UserError; DecidedMeanwhile where more was decided than the `seen` first decisions."""
    row = edition_repository.find_row(connection, edition_id)
    if row is None:
        raise UserError(f"there is no edition {edition_id!r}; `distributor editions` lists them")
    made = decisions(edition_repository.list_events(connection, edition_id)) if seen is not None else []
    if seen is not None and len(made) > seen:
        raise DecidedMeanwhile(f"{edition_id} was {made[-1].event} by {made[-1].actor} meanwhile")
    return row


# -- when its time comes -----------------------------------------------------------------------------------------------


def release_due(
    newsroom: Newsroom, database: Database, now: datetime, by: str
) -> tuple[list[DraftOutcome], list[Fault]]:
    """Decide about every draft whose time has come. Returns what became of them, and the faults of those that failed."""
    with database.read() as connection:
        drafts = [
            row
            for row in edition_repository.list_unreleased(connection)
            if row.newsletter in newsroom.settings.newsletters
        ]
    settled = [run_step(row.id, partial(_decide, newsroom, database, row.id, now, by)) for row in drafts]
    faults = [one for one in settled if isinstance(one, Fault)]
    return [one for one in settled if isinstance(one, DraftOutcome)], faults


def run_step(name: str, step: Callable[[], _T]) -> _T | Fault:
    """The result of a step, or why it failed: a template that is wrong for one newsletter keeps no other one waiting.
    Raises what is wrong for every newsletter: StoreError, ClockError and OutdatedConfig."""
    try:
        return step()
    except (StoreError, ClockError, OutdatedConfig):
        raise
    except (DistributorError, edition_repository.SlotTaken) as error:
        return Fault(f"{name}: {error}; tried again at the next check")
    except Exception as bug:
        return Fault(f"{name} failed: {type(bug).__name__}: {bug}; tried again at the next check", bug)


def _decide(newsroom: Newsroom, database: Database, edition_id: str, now: datetime, by: str) -> DraftOutcome | None:
    check_may_send(newsroom, database, now)
    with database.write(long=True) as connection:
        row = find_draft_row(connection, edition_id)  # again: another process may have been faster
        if row.state != EditionState.REVIEW:
            return None
        events = edition_repository.list_events(connection, row.id)
        settings = newsroom.newsletter(row.newsletter).review
        step, why = review.next_step([one.event for one in events], row.due_at, settings, now)
        if step is DraftStep.WAIT:
            return None
        if step is DraftStep.SKIP:
            _cancel(connection, row, "silence", now, why)
            return DraftOutcome(row.id, "cancelled", why)
        if step is DraftStep.HOLD:
            edition_repository.change_state(connection, row.id, WAITING, EditionState.HELD)
            edition_repository.record_event(connection, row.id, review.HELD, "silence", now, why)
            return DraftOutcome(row.id, "held", why)
        here = NewsletterContext(newsroom, connection, newsroom.newsletter(row.newsletter), now)
        return _release(here, row, by, why, rechecked=_approved_after_recheck(events))


def _approved_after_recheck(events: Sequence[edition_repository.EditionEvent]) -> bool:
    """Whether somebody has approved the draft after the recheck had held it: then it goes out as things are now."""
    at = [place for place, event in enumerate(events) if (event.event, event.actor) == (review.HELD, RECHECK)]
    return bool(at) and any(event.event == review.APPROVED for event in events[at[-1] :])


def _release(context: NewsletterContext, row: EditionRow, by: str, why: str, *, rechecked: bool) -> DraftOutcome:
    connection, newsletter, now = context.connection, context.newsletter, context.now
    edition = edition_repository.find(connection, row.id)
    assert edition is not None
    today = {one.article.id: one for one in article_status.load_candidates(connection, row.newsletter, edition.carried)}
    found = review.find_differences(edition, today, now, context.newsroom.zone(newsletter))
    if found and newsletter.recheck == "hold" and not rechecked:
        reason = f"changed since it was frozen: {review.describe_differences(found)}"
        edition_repository.change_state(connection, row.id, WAITING, EditionState.HELD)
        edition_repository.record_event(connection, row.id, review.HELD, RECHECK, now, reason)
        return DraftOutcome(row.id, "held", reason)
    known = {one.article.id for one in found}
    found += [one for one in _alerted_since(connection, edition, today) if one.article.id not in known]
    if found and not _rebuild_draft(context, row, edition, found):
        _cancel(connection, row, RECHECK, now, f"nothing is left of it: {review.describe_differences(found)}")
        return DraftOutcome(row.id, "cancelled", review.describe_differences(found))
    edition_repository.change_state(
        connection,
        row.id,
        WAITING,
        EditionState.FROZEN,
        released_at=edition_repository.release_time(connection, row.newsletter, now),
        expires_at=now + (row.expires_at - row.due_at),
    )
    edition_repository.record_event(connection, row.id, "released", by, now, why)
    _recompose_latest(context, row.id)
    expire_superseded(context.newsroom, connection, edition, now)
    ask_for_edition(connection, row.id)
    return DraftOutcome(row.id, "released", why)


def _alerted_since(connection: Connection, edition: Edition, today: Mapping[str, Candidate]) -> list[Difference]:
    """The articles of a draft that have gone out as alerts since it was made: its posts and emails must know it."""
    found = []
    for candidate in today.values():
        alert = edition_repository.find_row(connection, candidate.alerted) if candidate.alerted else None
        if alert and alert.frozen_at > edition.frozen_at:
            article = candidate.article
            found.append(Difference(article, f"sent as the alert {alert.id} since", edited=article, stays=True))
    return found


def _recompose_latest(context: NewsletterContext, edition_id: str) -> None:
    """Compose anew what shows the newest of a newsletter: others may have gone out since the draft was made."""
    edition = edition_repository.find(context.connection, edition_id)
    assert edition is not None
    render_context = build_render_context(replace(context, now=edition.frozen_at), edition)
    for channel in context.newsroom.newsletter_channels(context.newsletter).values():
        for rendition in channel.renditions(edition, render_context) if channel.latest_only else ():
            edition_repository.replace_rendition(context.connection, rendition)


def _rebuild_draft(context: NewsletterContext, row: EditionRow, edition: Edition, found: Sequence[Difference]) -> bool:
    """Rebuild a draft as the recheck leaves it: the order and the words of its editor stay. False where nothing is left."""
    connection, now = context.connection, context.now
    verdict = review.apply_differences(edition, found, context.newsletter.recheck)
    promoted = verdict.articles or verdict.briefs
    if not promoted:
        return False
    contents = EditionContents(
        promoted, verdict.briefs if verdict.articles else (), edition.overflow + len(verdict.left_out)
    )
    left_out = [_decide_left_out(one) for one in verdict.left_out]
    refreeze_draft(context, row, edition, contents, edition.words, left_out)
    edition_repository.record_event(connection, row.id, "changed", RECHECK, now, review.describe_differences(found))
    return True


def _decide_left_out(one: Difference) -> ArticleDecision:
    verdict = ArticleStatus.REJECTED if one.withdrawn else ArticleStatus.CARRIED if one.edited else ArticleStatus.HELD
    return ArticleDecision(one.article, verdict, f"left out at the recheck: {one.reason}")
