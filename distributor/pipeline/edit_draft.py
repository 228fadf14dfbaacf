"""A draft edited by staff: frozen anew as they want it, checked, and to be approved as it is then.

What was approved is what goes out. So an edit makes every approval void; the reviewers are told of it (`reviewers`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ..editions import repository as edition_repository
from ..editions import review
from ..editions.build import EditionContents
from ..editions.editing import DraftEdit, EditedDraft, edit_draft_contents
from ..editions.repository import EditionEvent, EditionRow
from ..editions.selection import ArticleDecision, ArticleStatus
from ..errors import UserError
from ..model import Edition, EditionState
from ..newsroom import Newsroom
from ..storage.database import Database
from . import preflight_gate
from .compose import NewsletterContext
from .refreeze import refreeze_draft
from .release import WAITING, decisions, find_draft_row


@dataclass(frozen=True, slots=True)
class EditOutcome:
    """A draft after an edit. `changes` are empty where it was so already. `void`: an approval counts no more; `held` is why
    preflight keeps it back as it is now. `version` is the number of decisions about it."""

    edition: Edition
    changes: tuple[str, ...]
    version: int
    void: bool = False
    held: str = ""


def edit_draft(
    newsroom: Newsroom,
    database: Database,
    edition_id: str,
    edit: DraftEdit,
    by: str,
    now: datetime,
    seen: int | None = None,
) -> EditOutcome:
    """Freeze a draft anew as an editor wants it. What is left out waits for the next edition.

    Raises UserError, with nothing changed, where it is no draft (any more) or cannot be as it is wanted; DecidedMeanwhile
    where more was decided than the `seen` first decisions; RenderError where a template fails.
    """
    with database.write(long=True) as connection:
        row = find_draft_row(connection, edition_id, seen)
        edition = edition_repository.find(connection, edition_id)
        if edition is None or row.state not in WAITING:
            raise UserError(f"{edition_id} is {_describe_state(row.state)}: only a draft can be edited")
        wanted = edit_draft_contents(edition, edit, newsroom.settings.texts)
        before = edition_repository.list_events(connection, edition_id)
        if not wanted.changes:
            return EditOutcome(edition, (), version_of(before))
        context = NewsletterContext(newsroom, connection, newsroom.newsletter(row.newsletter), now)
        held = _freeze(context, row, edition, wanted, by)
        after = edition_repository.list_events(connection, edition_id)
        waits = review.last_word([event.event for event in after]) == review.HELD
        state = EditionState.HELD if waits else EditionState.REVIEW
        edition_repository.change_state(connection, edition_id, WAITING, state)
        made = edition_repository.find(connection, edition_id)
        assert made is not None
        void = review.last_word([event.event for event in before]) == review.APPROVED
        return EditOutcome(made, wanted.changes, version_of(after), void, held)


def _freeze(context: NewsletterContext, row: EditionRow, edition: Edition, wanted: EditedDraft, by: str) -> str:
    """Freeze it anew and write down what was changed; returns why preflight holds it."""
    newsroom, connection, now = context.newsroom, context.connection, context.now
    contents = EditionContents(wanted.articles, wanted.briefs, edition.overflow + len(wanted.dropped))
    why = f"left out of {row.id} by {by}"
    left_out = [ArticleDecision(one, ArticleStatus.CARRIED, why) for one in wanted.dropped]
    plan = refreeze_draft(context, row, edition, contents, wanted.words, left_out)
    assert plan.edition is not None
    edition_repository.record_event(connection, row.id, review.EDITED, by, now, "; ".join(wanted.changes))
    for note in plan.notes:
        edition_repository.record_event(connection, row.id, "note", "rendering", now, note)
    findings = preflight_gate.check_emails(newsroom, plan.edition, plan.renditions, now)
    held = preflight_gate.describe_findings(preflight_gate.list_blocking(newsroom, findings))
    if held:
        edition_repository.record_event(connection, row.id, review.HELD, "preflight", now, held)
    return held


def _describe_state(state: str) -> str:
    words = {EditionState.CANCELLED.value: "cancelled", EditionState.DONE.value: "sent already"}
    return words.get(state, "being sent already")


def version_of(events: Sequence[EditionEvent]) -> int:
    """The version of a draft: it grows with every decision about it and every change of it."""
    return len(decisions(events))
