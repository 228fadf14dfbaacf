"""Telling reviewers of a draft: by mail what there is to decide and the very letter that would go out; on other channels
the same as a post. Who has been told is written down, so that each is told once; a fault is tried again.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ..channel import Digest, PersonalChannel
from ..config import Newsletter
from ..editions import book
from ..editions.book import EditionRow
from ..errand import hand_over
from ..errors import DamagedRow, DeliveryError, RenderError
from ..mail.address import Mailbox
from ..model import Edition, EditionState, Rendition
from ..newsroom import Newsroom
from ..rendering.desk import RenderingDesk
from ..rendering.letters import render_letter
from ..rendering.reviewing import Draft, review_words, with_letter
from ..storage.database import Database
from ..subscribers.mailing import recipient
from .looking import Clock
from .proposing import desk_for

TELLING, TOLD = "telling", "told"
_MOMENT = timedelta(minutes=2)  # in which one who has begun to tell is left alone, and a failed try is not repeated
_SILENCE = {"send": "send", "hold": "hold", "skip": "cancel"}


@dataclass(frozen=True, slots=True)
class ReviewDesk(RenderingDesk):
    """The desk of a newsletter, whose digest is a draft for reviewers."""

    draft: Draft

    def digest(self, edition: Edition) -> Digest:
        review = render_letter(
            "email/review",
            site=self.site,
            newsletter=self.newsletter,
            language=edition.language,
            zone=self.zone,
            templates=self.templates,
            edition=edition,
            audience=self.draft.readers,
            deadline=self.draft.due,
            on_silence=_SILENCE[self.draft.silence],
            problem=self.draft.problem,
        )
        return with_letter(review, RenderingDesk.digest(self, edition))


async def tell_reviewers(newsroom: Newsroom, database: Database, clock: Clock) -> list[str]:
    """Tell everybody who has not been told of a draft. Returns what went wrong, in words."""
    with database.read() as connection:
        drafts = [
            (row, [event.actor for event in book.events(connection, row.id) if event.event == TOLD])
            for row in book.waiting(connection)
            if row.state in (EditionState.REVIEW, EditionState.HELD) and row.newsletter in newsroom.settings.newsletters
        ]
    faults = []
    for row, told in drafts:
        newsletter = newsroom.newsletter(row.newsletter)
        if newsletter.review is None:
            continue
        for name in (*newsletter.review.reviewers, *newsletter.review.channels):
            if name in told or not await asyncio.to_thread(_claim, database, row.id, name, clock()):
                continue
            try:
                await _tell(newsroom, database, newsletter, row, name)
            except (DamagedRow, DeliveryError, RenderError) as error:
                faults.append(f"{row.id}: {name} could not be told of the draft: {error}")
                continue
            await asyncio.to_thread(_write_down, database, row.id, name, clock())
    return faults


def _claim(database: Database, edition: str, name: str, now: datetime) -> bool:
    """Whether to tell somebody now: not where it is done, nor where another process has begun to a moment ago. Who
    dies after having begun leaves it to the next one, as a reviewer told twice is better than one not told."""
    with database.write() as connection:
        said = {event.event: event.at for event in book.events(connection, edition) if event.actor == name}
        if TOLD in said or now - said.get(TELLING, datetime.min.replace(tzinfo=UTC)) < _MOMENT:
            return False
        if TELLING in said:
            book.again(connection, edition, TELLING, name, now)
        else:
            book.record(connection, edition, TELLING, name, now)
        return True


def _write_down(database: Database, edition: str, name: str, now: datetime) -> None:
    with database.write() as connection:
        book.record(connection, edition, TOLD, name, now)


async def _tell(newsroom: Newsroom, database: Database, newsletter: Newsletter, row: EditionRow, name: str) -> None:
    with database.read() as connection:
        edition = book.edition(connection, row.id)
        assert edition is not None
        desk = desk_for(newsroom, connection, newsletter, edition, now=edition.frozen_at)
        sizes = book.sizes_of(connection, row.id)
        said = [event.reason for event in book.events(connection, row.id) if event.actor == "preflight"]
    assert newsletter.review is not None
    draft = Draft(
        edition=row.id,
        due=row.due_at,
        silence=newsletter.review.silence,
        letters=len(sizes),
        readers=sum(sizes.values()),
        problem=said[-1] if said else "",
        language=edition.language,
        zone=newsroom.zone(newsletter),
    )
    if name in newsletter.review.channels:
        body = review_words(edition, draft).encode()
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
    writers = [one for one in newsroom.carriers(newsletter).values() if isinstance(one, PersonalChannel)]
    await _write(newsroom, writers[0], edition, _review_desk(desk, draft), Mailbox.parse(name))


def _review_desk(desk: RenderingDesk, draft: Draft) -> ReviewDesk:
    values = {name: getattr(desk, name) for name in RenderingDesk.__dataclass_fields__}
    return ReviewDesk(**values, draft=draft)


async def _write(
    newsroom: Newsroom, channel: PersonalChannel, edition: Edition, desk: ReviewDesk, reviewer: Mailbox
) -> None:
    test = newsroom.settings.test_mode
    links = newsroom.settings.site.links_url
    to = test.to if test else reviewer.address
    person = recipient(edition, f"review-{reviewer.address}", to, reviewer.name, secret=newsroom.secret(), links=links)
    (letter,) = channel.compose(edition, desk)

    await hand_over(channel.carrier(), letter, person)
