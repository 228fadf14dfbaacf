"""Telling reviewers of a draft: by mail what there is to decide and the very letter that would go out; on other channels
the same as a post. Who has been told is written down, so that each is told once; a fault is tried again.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ..channel import Digest, PersonalChannel
from ..config.schema import Newsletter
from ..editions import repository as edition_repository
from ..editions.repository import EditionRow
from ..errors import DamagedRow, DeliveryError, RenderError
from ..mail.address import Mailbox
from ..message_queue import send_one
from ..model import Edition, EditionState, Rendition
from ..newsroom import Newsroom
from ..rendering.context import RenderContext
from ..rendering.transactional import ReviewSummary, append_email, render_transactional, review_text
from ..storage.database import Database
from ..subscribers.merge_values import build_recipient
from .gather import Clock
from .plan import build_render_context

NOTIFYING, NOTIFIED = "telling", "told"
_CLAIM_TIME = timedelta(minutes=2)  # in which one who has begun to tell is left alone, and a failed try is not repeated
_SILENCE = {"send": "send", "hold": "hold", "skip": "cancel"}


@dataclass(frozen=True, slots=True)
class ReviewRenderContext(RenderContext):
    """The context of a newsletter whose digest is a draft for reviewers."""

    draft: ReviewSummary

    def digest(self, edition: Edition) -> Digest:
        review = render_transactional(
            "email/review",
            self.settings,
            edition.language,
            edition=edition,
            audience=self.draft.readers,
            deadline=self.draft.due,
            on_silence=_SILENCE[self.draft.silence],
            problem=self.draft.problem,
        )
        return append_email(review, RenderContext.digest(self, edition))


async def notify_reviewers(newsroom: Newsroom, database: Database, clock: Clock) -> dict[str, str]:
    """Tell everybody who has not been told of a draft. Returns what was tried now, with its fault in words, or nothing."""
    with database.read() as connection:
        drafts = [
            (
                row,
                [
                    event.actor
                    for event in edition_repository.list_events(connection, row.id)
                    if event.event == NOTIFIED
                ],
            )
            for row in edition_repository.list_unreleased(connection)
            if row.state in (EditionState.REVIEW, EditionState.HELD) and row.newsletter in newsroom.settings.newsletters
        ]
    tried = {}
    for row, told in drafts:
        newsletter = newsroom.newsletter(row.newsletter)
        if newsletter.review is None:
            continue
        for name in (*newsletter.review.reviewers, *newsletter.review.channels):
            if name in told or not await asyncio.to_thread(_claim, database, row.id, name, clock()):
                continue
            try:
                await _notify(newsroom, database, newsletter, row, name)
            except (DamagedRow, DeliveryError, RenderError) as error:
                tried[f"{row.id}, {name}"] = f"{row.id}: {name} could not be told of the draft: {error}"
                continue
            tried[f"{row.id}, {name}"] = ""
            await asyncio.to_thread(_record_notified, database, row.id, name, clock())
    return tried


def _claim(database: Database, edition: str, name: str, now: datetime) -> bool:
    """Whether to tell somebody now: not where it is done, nor where another process has begun to a moment ago. Who
    dies after having begun leaves it to the next one, as a reviewer told twice is better than one not told."""
    with database.write() as connection:
        said = {
            event.event: event.at
            for event in edition_repository.list_events(connection, edition)
            if event.actor == name
        }
        if NOTIFIED in said or now - said.get(NOTIFYING, datetime.min.replace(tzinfo=UTC)) < _CLAIM_TIME:
            return False
        if NOTIFYING in said:
            edition_repository.touch_event(connection, edition, NOTIFYING, name, now)
        else:
            edition_repository.record_event(connection, edition, NOTIFYING, name, now)
        return True


def _record_notified(database: Database, edition: str, name: str, now: datetime) -> None:
    with database.write() as connection:
        edition_repository.record_event(connection, edition, NOTIFIED, name, now)


async def _notify(newsroom: Newsroom, database: Database, newsletter: Newsletter, row: EditionRow, name: str) -> None:
    with database.read() as connection:
        edition = edition_repository.find(connection, row.id)
        assert edition is not None
        context = build_render_context(newsroom, connection, newsletter, edition, now=edition.frozen_at)
        sizes = edition_repository.count_segment_sizes(connection, row.id)
        said = [
            event.reason for event in edition_repository.list_events(connection, row.id) if event.actor == "preflight"
        ]
    assert newsletter.review is not None
    draft = ReviewSummary(
        edition=row.id,
        due=row.due_at,
        silence=newsletter.review.if_unanswered,
        letters=len(sizes),
        readers=sum(sizes.values()),
        problem=said[-1] if said else "",
        language=edition.language,
        zone=newsroom.zone(newsletter),
    )
    if name in newsletter.review.channels:
        body = review_text(edition, draft).encode()
        post = Rendition(
            channel=name,
            variant="review",
            media_type="text/plain; charset=utf-8",
            body=body,
            edition=row.id,
            title=row.id,
        )
        await newsroom.channels[name].deliver(post)
        return
    writers = [one for one in newsroom.newsletter_channels(newsletter).values() if isinstance(one, PersonalChannel)]
    await _send_email(newsroom, writers[0], edition, _review_context(context, draft), Mailbox.parse(name))


def _review_context(context: RenderContext, draft: ReviewSummary) -> ReviewRenderContext:
    values = {name: getattr(context, name) for name in RenderContext.__dataclass_fields__}
    return ReviewRenderContext(**values, draft=draft)


async def _send_email(
    newsroom: Newsroom, channel: PersonalChannel, edition: Edition, context: ReviewRenderContext, reviewer: Mailbox
) -> None:
    test = newsroom.settings.test_mode
    links = newsroom.settings.site.links_url
    to = test.to if test else reviewer.address
    person = build_recipient(
        edition, f"review-{reviewer.address}", to, reviewer.name, secret=newsroom.secret(), links=links
    )
    (letter,) = channel.compose(edition, context)

    await send_one(channel.transport(), letter, person)
