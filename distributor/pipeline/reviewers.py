"""Telling reviewers of a draft: by mail what there is to decide and the very letter that would go out; on other channels
the same as a post. Who has been told is written down, so that each is told once, and once more when somebody else has edited
it; a fault is tried again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from ..channel import Digest
from ..config.schema import Newsletter
from ..delivery.attempts import open_outside_attempt
from ..editions import repository as edition_repository
from ..editions.repository import EditionEvent, EditionRow
from ..editions.review import EDITED
from ..errors import DamagedRow, DeliveryError, RenderError
from ..mail.address import Mailbox
from ..message_queue import send_one
from ..model import Edition, EditionState
from ..newsroom import Newsroom
from ..personal_channel import PersonalChannel
from ..rendering.context import RenderContext
from ..rendering.transactional import ReviewSummary, append_email, render_transactional, review_text
from ..storage.database import Database
from ..subscribers.merge_values import build_recipient
from .compose import NewsletterContext, build_render_context
from .draft_review import review_token
from .gather import Clock

NOTIFYING, NOTIFIED = "telling", "told"
_CLAIM_TIME = timedelta(minutes=2)  # in which one who has begun to tell is left alone, and a failed try is not repeated
_SILENCE = {"send": "send", "hold": "hold", "skip": "cancel"}


@dataclass(frozen=True, slots=True)
class ReviewRenderContext(RenderContext):
    """The context of a newsletter whose digest is a draft for reviewers. Their own email goes out now, and bears another
    time than the `shown` draft."""

    draft: ReviewSummary
    shown: Edition

    def digest(self, edition: Edition) -> Digest:
        review = render_transactional(
            "email/review",
            self.settings,
            self.shown.language,
            edition=self.shown,
            audience=self.draft.recipients,
            deadline=self.draft.due,
            on_silence=_SILENCE[self.draft.silence],
            problem=self.draft.problem,
            changes=list(self.draft.changes),
            review_url=self.draft.url,
        )
        return append_email(review, RenderContext.digest(self, self.shown))


async def notify_reviewers(newsroom: Newsroom, database: Database, clock: Clock) -> dict[str, str]:
    """Tell everybody who has not been told of a draft. Returns what was tried now, with its fault in words, or nothing."""
    drafts = await database.read_in_thread(_list_drafts, newsroom)
    tried = {}
    for row, told in drafts:
        newsletter = newsroom.newsletter(row.newsletter)
        if newsletter.review is None:
            continue
        for name in (*newsletter.review.reviewers, *newsletter.review.channels):
            if name in told or not await database.write_in_thread(_claim, row.id, name, clock()):
                continue
            try:
                await _notify(newsroom, database, newsletter, row, name)
            except (DamagedRow, DeliveryError, RenderError) as error:
                tried[f"{row.id}, {name}"] = f"{row.id}: {name} could not be told of the draft: {error}"
                continue
            tried[f"{row.id}, {name}"] = ""
            await database.write_in_thread(edition_repository.record_event, row.id, NOTIFIED, name, clock())
    return tried


def _list_drafts(connection: Connection, newsroom: Newsroom) -> list[tuple[EditionRow, list[str]]]:
    """The drafts to be decided, each with the names of those who know of it as it is: who was told since it was last
    edited, and who has edited it."""
    return [
        (row, [one.actor for one in _since_edit(connection, row.id) if one.event in (NOTIFIED, EDITED)])
        for row in edition_repository.list_unreleased(connection)
        if row.state in (EditionState.REVIEW, EditionState.HELD) and row.newsletter in newsroom.settings.newsletters
    ]


def _since_edit(connection: Connection, edition: str) -> list[EditionEvent]:
    """What happened to a draft since it was last edited, that edit first."""
    events = edition_repository.list_events(connection, edition)
    edits = [place for place, event in enumerate(events) if event.event == EDITED]
    return events[edits[-1] :] if edits else events


def _changes_for(connection: Connection, edition: str, name: str) -> list[str]:
    """What others have changed in a draft since somebody was told of it: who, and what."""
    events = edition_repository.list_events(connection, edition)
    told = [place for place, event in enumerate(events) if (event.event, event.actor) == (NOTIFIED, name)]
    later = events[told[-1] + 1 :] if told else []
    return [f"{one.actor}: {one.reason}" for one in later if one.event == EDITED and one.actor != name]


def _claim(connection: Connection, edition: str, name: str, now: datetime) -> bool:
    """Whether to tell somebody now: not where it is done, nor where another process has begun to a moment ago. Who
    dies after having begun leaves it to the next one, as a reviewer told twice is better than one not told."""
    said = {event.event: event.at for event in _since_edit(connection, edition) if event.actor == name}
    if NOTIFIED in said or now - said.get(NOTIFYING, datetime.min.replace(tzinfo=UTC)) < _CLAIM_TIME:
        return False
    record = edition_repository.touch_event if NOTIFYING in said else edition_repository.record_event
    record(connection, edition, NOTIFYING, name, now)
    return True


async def _notify(newsroom: Newsroom, database: Database, newsletter: Newsletter, row: EditionRow, name: str) -> None:
    edition, context, draft = await database.read_in_thread(_read_draft, newsroom, newsletter, row, name)
    assert newsletter.review is not None
    if name in newsletter.review.channels:
        channel = newsroom.channels[name]
        notice = channel.compose_notice("review", row.id, review_text(edition, draft))
        attempt = open_outside_attempt(database, channel, channel.freeze(notice, row.id))
        await channel.publish(notice, attempt)
        return
    writers = [one for one in newsroom.newsletter_channels(newsletter).values() if isinstance(one, PersonalChannel)]
    shown = _review_context(context, draft, edition)
    await _send_email(newsroom, database, writers[0], edition, shown, Mailbox.parse(name))


def _read_draft(
    connection: Connection, newsroom: Newsroom, newsletter: Newsletter, row: EditionRow, reviewer: str
) -> tuple[Edition, RenderContext, ReviewSummary]:
    """A draft, what it is rendered with, and what its reviewers are to know of it."""
    edition = edition_repository.find(connection, row.id)
    assert edition is not None and newsletter.review is not None
    sizes = edition_repository.count_segment_sizes(connection, row.id)
    by_mail = bool(newsroom.settings.web) and reviewer in newsletter.review.reviewers
    problems = [event.reason for event in _since_edit(connection, row.id) if event.actor == "preflight"]
    summary = ReviewSummary(
        edition=row.id,
        due=row.due_at,
        silence=newsletter.review.if_unanswered,
        variants=len(sizes),
        recipients=sum(sizes.values()),
        problem=problems[-1] if problems else "",
        edits=sum(event.event == EDITED for event in edition_repository.list_events(connection, row.id)),
        changes=tuple(_changes_for(connection, row.id, reviewer)),
        language=edition.language,
        zone=newsroom.zone(newsletter),
        texts=newsroom.settings.texts,
        url=f"{newsroom.settings.links_url}/review/{review_token(newsroom, row, reviewer)}" if by_mail else "",
    )
    context = NewsletterContext(newsroom, connection, newsletter, edition.frozen_at)
    return edition, build_render_context(context, edition), summary


def _review_context(context: RenderContext, draft: ReviewSummary, shown: Edition) -> ReviewRenderContext:
    values = {name: getattr(context, name) for name in RenderContext.__dataclass_fields__}
    return ReviewRenderContext(**values, draft=draft, shown=shown)


async def _send_email(
    newsroom: Newsroom,
    database: Database,
    channel: PersonalChannel,
    edition: Edition,
    context: ReviewRenderContext,
    reviewer: Mailbox,
) -> None:
    test = newsroom.settings.test_mode
    links = newsroom.settings.links_url
    to = test.to if test else reviewer.address
    version = f"-{context.draft.edits}" if context.draft.edits else ""  # another email, of another Message-ID
    person = build_recipient(
        edition, f"review-{reviewer.address}{version}", to, reviewer.name, secret=newsroom.secret(), links=links
    )
    today = replace(edition, due_at=None)  # a date that is still to come looks like spam
    (letter,) = channel.renditions(today, context)
    attempt = open_outside_attempt(database, channel, letter, person.id)
    await send_one(channel.transport(), letter, person, attempt)
