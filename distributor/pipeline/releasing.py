"""Drafts: told to their reviewers, approved, held or cancelled, and released at their time after a last look."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection

from ..delivery.promise import give_up, promise, withdraw_promise
from ..editions import book, items, review
from ..editions.book import EditionRow
from ..editions.freezing import Contents, freeze
from ..editions.review import Difference, Step
from ..editions.selection import Candidate, Choice, Verdict
from ..errors import DistributorError, StoreError, UserError
from ..model import DeliveryState, Edition, EditionState
from ..newsroom import Newsroom
from ..storage.database import Database
from ..storage.tables import deliveries
from . import gate
from .delivering import at_home
from .proposing import compose, desk_for
from .publishing import personal, same_readers, supersede

log = logging.getLogger("distributor.pipeline")

_T = TypeVar("_T")
LAST_LOOK = "the last look"
_WAITING = (EditionState.REVIEW, EditionState.HELD)


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a draft: its id, `released`, `held` or `cancelled`, and why."""

    edition: str
    event: str
    reason: str


# -- what staff say ----------------------------------------------------------------------------------------------------


def approve(
    newsroom: Newsroom, database: Database, edition_id: str, by: str, now: datetime, force: Sequence[str] = ()
) -> EditionRow:
    """Let a draft go out at its time, or at once where that has passed. Its letters must pass preflight, but for the
    checks that are forced. Raises UserError where there is no such draft, or where it does not pass."""
    gate.pass_again(newsroom, database, edition_id, by, now, force)
    with database.write() as connection:
        row = _row(connection, edition_id)
        if not book.change_state(connection, edition_id, _WAITING, EditionState.REVIEW):
            raise UserError(f"{edition_id} is {row.state}: there is nothing to approve")
        book.record(connection, edition_id, review.APPROVED, by, now)
        return row


def hold(database: Database, edition_id: str, by: str, now: datetime, why: str) -> EditionRow:
    """Keep a draft back until it is approved. Raises UserError."""
    with database.write() as connection:
        row = _row(connection, edition_id)
        if not book.change_state(connection, edition_id, _WAITING, EditionState.HELD):
            raise UserError(f"{edition_id} is {row.state}: only a draft can be held; `editions cancel` stops the rest")
        book.record(connection, edition_id, review.HELD, by, now, why)
        return row


def cancel(database: Database, edition_id: str, by: str, now: datetime, why: str) -> tuple[int, int]:
    """Stop an edition: what it has not sent yet stays unsent. Returns how many deliveries were given up, and how many
    of its articles wait for the next edition: all if nothing of it is out, none otherwise. Raises UserError."""
    with database.write(long=True) as connection:
        row = _row(connection, edition_id)
        return _cancel(connection, row, by, now, why)


def _cancel(connection: Connection, row: EditionRow, by: str, now: datetime, why: str) -> tuple[int, int]:
    if not book.change_state(
        connection, row.id, (*_WAITING, EditionState.FROZEN), EditionState.CANCELLED, done_at=now, paused_at=None
    ):
        raise UserError(f"{row.id} is {row.state} already")
    reason = f"cancelled by {by}" + (f": {why}" if why else "")
    given_up = give_up(connection, row.id, reason, now)
    book.record(connection, row.id, "cancelled", by, now, why)
    freed = 0 if _anything_out(connection, row.id) else items.free(connection, row.id, f"{row.id} was {reason}", now)
    return given_up, freed


def _row(connection: Connection, edition_id: str) -> EditionRow:
    row = book.row(connection, edition_id)
    if row is None:
        raise UserError(f"there is no edition {edition_id!r}; `distributor editions` lists them")
    return row


def _anything_out(connection: Connection, edition_id: str) -> bool:
    states = (DeliveryState.SENT, DeliveryState.SENDING, DeliveryState.UNCERTAIN)
    query = sa.select(deliveries.c.shard).where(deliveries.c.edition_id == edition_id, deliveries.c.state.in_(states))
    return connection.execute(query.limit(1)).first() is not None


# -- when its time comes -----------------------------------------------------------------------------------------------


def release_due(newsroom: Newsroom, database: Database, now: datetime, by: str) -> list[Settled]:
    """Decide about every draft whose time has come."""
    with database.read() as connection:
        drafts = [row for row in book.waiting(connection) if row.newsletter in newsroom.settings.newsletters]
    settled = [tried(row.id, partial(_decide, newsroom, database, row.id, now, by)) for row in drafts]
    return [one for one in settled if one]


def tried(what: str, step: Callable[[], _T]) -> _T | None:
    """What a step comes to; None, and a line in the log, where it fails: a template that is wrong for one newsletter
    keeps no other one waiting. It is tried again at the next look. Raises StoreError, which is everybody's fault."""
    try:
        return step()
    except StoreError:
        raise
    except (DistributorError, book.SlotTaken) as error:
        log.error("%s: %s; tried again at the next look", what, error)
    except Exception:
        log.exception("%s failed; tried again at the next look", what)
    return None


def _decide(newsroom: Newsroom, database: Database, edition_id: str, now: datetime, by: str) -> Settled | None:
    at_home(newsroom, database, now)
    with database.write(long=True) as connection:
        row = _row(connection, edition_id)  # again: another process may have been faster
        if row.state != EditionState.REVIEW:
            return None
        said = [event.event for event in book.events(connection, row.id)]
        settings = newsroom.newsletter(row.newsletter).review
        step, why = review.next_step(said, row.due_at, settings, now)
        if step is Step.WAIT:
            return None
        if step is Step.SKIP:
            _cancel(connection, row, "silence", now, why)
            return Settled(row.id, "cancelled", why)
        if step is Step.HOLD:
            book.change_state(connection, row.id, _WAITING, EditionState.HELD)
            book.record(connection, row.id, review.HELD, "silence", now, why)
            return Settled(row.id, "held", why)
        looked = _looked_at(book.events(connection, row.id))
        return _release(newsroom, connection, row, now, by, why, looked=looked)


def _looked_at(events: Sequence[book.Event]) -> bool:
    """Whether somebody has approved the draft after the last look had held it: then it goes out as things are now."""
    at = [place for place, event in enumerate(events) if (event.event, event.actor) == (review.HELD, LAST_LOOK)]
    return bool(at) and any(event.event == review.APPROVED for event in events[at[-1] :])


def _release(
    newsroom: Newsroom, connection: Connection, row: EditionRow, now: datetime, by: str, why: str, *, looked: bool
) -> Settled:
    newsletter = newsroom.newsletter(row.newsletter)
    edition = book.edition(connection, row.id)
    assert edition is not None
    today = {one.article.id: one for one in items.as_candidates(connection, row.newsletter, edition.carried)}
    found = review.differences(edition, today, now)
    if found and newsletter.last_look == "hold" and not looked:
        reason = f"changed since it was frozen: {review.in_words(found)}"
        book.change_state(connection, row.id, _WAITING, EditionState.HELD)
        book.record(connection, row.id, review.HELD, LAST_LOOK, now, reason)
        return Settled(row.id, "held", reason)
    told = {one.article.id for one in found}
    found += [one for one in _alerted_since(connection, edition, today) if one.article.id not in told]
    if found and not _freeze_anew(newsroom, connection, row, edition, found, now):
        _cancel(connection, row, LAST_LOOK, now, f"nothing is left of it: {review.in_words(found)}")
        return Settled(row.id, "cancelled", review.in_words(found))
    book.change_state(
        connection,
        row.id,
        _WAITING,
        EditionState.FROZEN,
        released_at=book.release_time(connection, row.newsletter, now),
        expires_at=now + (row.expires_at - row.due_at),
    )
    book.record(connection, row.id, "released", by, now, why)
    _show_the_latest(newsroom, connection, row.id)
    supersede(newsroom, connection, edition, now)
    return Settled(row.id, "released", why)


def _alerted_since(connection: Connection, edition: Edition, today: Mapping[str, Candidate]) -> list[Difference]:
    """The articles of a draft that have gone out as alerts since it was made: its posts and letters must know it."""
    found = []
    for candidate in today.values():
        alert = book.row(connection, candidate.alerted) if candidate.alerted else None
        if alert and alert.frozen_at > edition.frozen_at:
            article = candidate.article
            found.append(Difference(article, f"sent as the alert {alert.id} since", edited=article, stays=True))
    return found


def _show_the_latest(newsroom: Newsroom, connection: Connection, edition_id: str) -> None:
    """Compose anew what shows the newest of a newsletter: others may have gone out since the draft was made."""
    edition = book.edition(connection, edition_id)
    assert edition is not None
    newsletter = newsroom.newsletter(edition.newsletter)
    desk = desk_for(newsroom, connection, newsletter, edition, now=edition.frozen_at)
    for channel in newsroom.carriers(newsletter).values():
        for rendition in channel.compose(edition, desk) if channel.latest_only else ():
            book.replace_rendition(connection, rendition)


def _freeze_anew(
    newsroom: Newsroom,
    connection: Connection,
    row: EditionRow,
    edition: Edition,
    found: Sequence[Difference],
    now: datetime,
) -> bool:
    """The draft again, as the last look leaves it. False where nothing is left."""
    newsletter = newsroom.newsletter(row.newsletter)
    verdict = review.settle(edition, found, newsletter.last_look)
    promoted = verdict.articles or verdict.briefs
    if not promoted:
        return False
    contents = Contents(promoted, verdict.briefs if verdict.articles else (), edition.overflow + len(verdict.left_out))
    made = freeze(
        newsroom.settings,
        newsletter,
        contents,
        kind=edition.kind,
        slot=edition.slot,
        number=edition.number,
        now=edition.frozen_at,
        due=row.due_at,
    )
    proposal = compose(newsroom, connection, newsletter, made, day=row.due_at)
    same_readers(connection, proposal)
    withdraw_promise(connection, row.id)
    book.keep_anew(connection, made, proposal.renditions, proposal.division.cohorts)
    promise(connection, made, proposal.renditions, proposal.readers, personal(newsroom, newsletter))
    items.let_go(connection, row.newsletter, [_choice(one) for one in verdict.left_out], now)
    book.record(connection, row.id, "changed", LAST_LOOK, now, review.in_words(found))
    return True


def _choice(one: Difference) -> Choice:
    verdict = Verdict.REJECTED if one.withdrawn else Verdict.CARRIED if one.edited else Verdict.HELD
    return Choice(one.article, verdict, f"left out at the last look: {one.reason}")
