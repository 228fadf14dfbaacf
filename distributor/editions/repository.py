"""Editions in the store: slots decided, contents and renditions kept, what happened since. Every statement is here."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy import Connection

from ..articles import search_index
from ..model import Edition, EditionKind, EditionState, Rendition, RenditionAction, edition_from_json, edition_to_json
from ..storage.rows import damaged_row, enum_member, read_rows, stream_readable_rows
from ..storage.tables import edition_events, editions, renditions, slots
from ..storage.tables import segments as segment_table
from . import article_status
from .segments import Segment
from .selection import ArticleDecision, ArticleStatus

_INSTANT = timedelta(microseconds=1)
NOTHING_ANNOUNCED = "nothing was announced since the last one"
NO_SUBSCRIBERS = "nobody has chosen it"
DAILY_LIMIT_REACHED = "all whom it would reach had enough emails for the day"
NO_MATCHING_TOPICS = "there was nothing in the topics of those who have chosen it"


class SlotTaken(Exception):
    """Somebody else has decided this slot, or announced one of these articles, in the meantime."""


@dataclass(frozen=True, slots=True)
class EditionRow:
    """An edition as listings show it."""

    id: str
    newsletter: str
    slot: str
    number: int
    subject: str
    state: str
    kind: str
    frozen_at: datetime
    due_at: datetime
    released_at: datetime | None
    paused_at: datetime | None
    expires_at: datetime
    done_at: datetime | None
    pruned_at: datetime | None = None


_COLUMNS = [editions.c[name] for name in EditionRow.__slots__]


# -- slots -------------------------------------------------------------------------------------------------------------


def decided_slots(connection: Connection, newsletter: str, since: datetime) -> frozenset[str]:
    """The names of the slots of a newsletter that were decided after `since`."""
    query = sa.select(slots.c.slot).where(slots.c.newsletter == newsletter, slots.c.decided_at > since)
    return frozenset(connection.execute(query).scalars())


def is_decided(connection: Connection, newsletter: str, slot: str) -> bool:
    query = sa.select(slots.c.slot).where(slots.c.newsletter == newsletter, slots.c.slot == slot)
    return connection.execute(query).scalar() is not None


def decide_slot(
    connection: Connection, newsletter: str, slot: str, outcome: str, by: str, now: datetime, edition: str | None = None
) -> bool:
    """Write down what came of a slot. False where it had been decided before: then nothing was written."""
    if is_decided(connection, newsletter, slot):
        return False
    row = sa.insert(slots).values(
        newsletter=newsletter, slot=slot, decided_at=now, decided_by=by, outcome=outcome, edition_id=edition
    )
    connection.execute(row)
    return True


# -- editions ----------------------------------------------------------------------------------------------------------


def next_number(connection: Connection, newsletter: str, kind: EditionKind = EditionKind.DIGEST) -> int:
    here = (editions.c.newsletter == newsletter) & (editions.c.kind == kind)
    query = sa.select(sa.func.max(editions.c.number)).where(here)
    return (connection.execute(query).scalar() or 0) + 1


def save(
    connection: Connection,
    edition: Edition,
    kept: Sequence[Rendition],
    by: str,
    choices: Sequence[ArticleDecision] = (),
    *,
    due: datetime | None = None,
    segments: Sequence[Segment] = (),
    held: str = "",
) -> None:
    """Write an edition down: its slot, its content, its articles as announced, its renditions, all its verdicts.

    With `due` it is a draft, which is released then at the earliest; `held` says why it waits for staff. Raises
    SlotTaken, with nothing written that the caller's roll-back does not undo, where the slot is decided, the number is
    taken, or one of the articles has been announced since the selection was made.
    """
    _save_edition(connection, edition, by, choices, due, held)
    save_renditions(connection, edition.id, kept, segments)


def _save_edition(
    connection: Connection,
    edition: Edition,
    by: str,
    choices: Sequence[ArticleDecision],
    due: datetime | None,
    held: str,
) -> None:
    now = edition.frozen_at
    if is_decided(connection, edition.newsletter, edition.slot):
        raise SlotTaken(f"slot {edition.slot} of {edition.newsletter} is decided")
    if edition.number != next_number(connection, edition.newsletter, edition.kind):
        raise SlotTaken(f"number {edition.number} of {edition.newsletter} is taken")
    if edition.kind is EditionKind.DIGEST and article_status.is_any_decided(
        connection, edition.newsletter, edition.carried
    ):
        raise SlotTaken(f"an article of {edition.id} has been announced meanwhile")
    connection.execute(
        sa.insert(editions).values(
            id=edition.id,
            newsletter=edition.newsletter,
            slot=edition.slot,
            number=edition.number,
            kind=edition.kind,
            state=EditionState.HELD if held else EditionState.REVIEW if due else EditionState.FROZEN,
            language=edition.language,
            frozen_at=now,
            due_at=due or now,
            released_at=None if due or held else release_time(connection, edition.newsletter, now),
            **_content(edition),
        )
    )
    decide_slot(connection, edition.newsletter, edition.slot, "edition", by, now, edition.id)
    record_event(connection, edition.id, "drafted" if due else "frozen", by, now)
    if held:
        record_event(connection, edition.id, "held", "preflight", now, held)
    if edition.kind is EditionKind.DIGEST:
        choices = choices or [ArticleDecision(article, ArticleStatus.IN) for article in edition.carried]
    article_status.record_decisions(connection, edition.newsletter, choices, now, edition.id)
    search_index.index_edition(connection, edition)


def release_time(connection: Connection, newsletter: str, now: datetime) -> datetime:
    """When an edition counts as released that is released now: later than the daily and weekly emails that were decided
    without it, whatever clock that was by. The next of them carries what was released since the last was decided."""
    roundup = sa.or_(*(slots.c.slot.startswith(f"{kind}-") for kind in (EditionKind.DAILY, EditionKind.WEEKLY)))
    query = sa.select(sa.func.max(slots.c.decided_at)).where(slots.c.newsletter == newsletter, roundup)
    last: datetime | None = connection.execute(query).scalar()
    return max(now, last + _INSTANT) if last else now


def _content(edition: Edition) -> dict[str, Any]:
    content = edition_to_json(edition)
    return {
        "subject": edition.subject,
        "expires_at": edition.expires_at,
        "content": content.decode(),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def replace_content(
    connection: Connection, edition: Edition, kept: Sequence[Rendition], segments: Sequence[Segment]
) -> None:
    """Put other content into a draft, of which nothing has been tried yet."""
    connection.execute(sa.update(editions).where(editions.c.id == edition.id).values(**_content(edition)))
    connection.execute(sa.delete(renditions).where(renditions.c.edition_id == edition.id))
    connection.execute(sa.delete(segment_table).where(segment_table.c.edition_id == edition.id))
    save_renditions(connection, edition.id, kept, segments)
    search_index.index_edition(connection, edition)


def save_renditions(
    connection: Connection, edition_id: str, kept: Sequence[Rendition], segments: Sequence[Segment]
) -> None:
    for rendition in kept:
        connection.execute(
            sa.insert(renditions).values(
                edition_id=edition_id,
                channel=rendition.channel,
                variant=rendition.variant,
                title=rendition.title,
                media_type=rendition.media_type,
                action=rendition.action,
                target=rendition.target,
                target_variant=rendition.target_variant,
                article=rendition.article,
                body=rendition.body,
                sha256=rendition.sha256,
            )
        )
    rows = [
        {
            "edition_id": edition_id,
            "variant": cohort.edition.variant,
            "articles": [article.id for article in cohort.edition.carried],
            "size": cohort.size,
        }
        for cohort in segments
    ]
    if rows:
        connection.execute(sa.insert(segment_table), rows)


def replace_words(connection: Connection, edition: Edition, made: Sequence[Rendition]) -> None:
    """Put other words into a draft whose recipients and articles stay."""
    connection.execute(sa.update(editions).where(editions.c.id == edition.id).values(**_content(edition)))
    for rendition in made:
        replace_rendition(connection, rendition)


def replace_rendition(connection: Connection, made: Rendition) -> None:
    """Put other bytes in the place of a rendition of which nothing has been tried yet."""
    here = (renditions.c.edition_id == made.edition) & (renditions.c.channel == made.channel)
    connection.execute(
        sa.update(renditions)
        .where(here, renditions.c.variant == made.variant)
        .values(title=made.title, body=made.body, sha256=made.sha256)
    )


def find(connection: Connection, edition_id: str) -> Edition | None:
    """The edition as it was frozen; its life time is counted from its release, and its newsletter may have been renamed.
    Raises DamagedRow."""
    query = sa.select(editions.c.content, editions.c.expires_at, editions.c.newsletter).where(
        editions.c.id == edition_id
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    try:
        return replace(edition_from_json(row.content), expires_at=row.expires_at, newsletter=row.newsletter)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise damaged_row("edition", edition_id, f"{'.'.join(map(str, first['loc']))} {first['msg']}") from None


def list_segment_articles(connection: Connection, edition_id: str) -> dict[str, tuple[str, ...]]:
    """The articles of each email of an edition, by variant. An edition of old has one email only and none is named."""
    query = sa.select(segment_table).where(segment_table.c.edition_id == edition_id)
    return {row.variant: tuple(row.articles) for row in connection.execute(query)}


def count_segment_sizes(connection: Connection, edition_id: str) -> dict[str, int]:
    """How many recipients each email of an edition has, by part."""
    query = sa.select(segment_table.c.variant, segment_table.c.size).where(segment_table.c.edition_id == edition_id)
    return {row.variant: row.size for row in connection.execute(query)}


# -- what happens to an edition ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EditionEvent:
    """An entry in an edition's history: what happened, by whom and why."""

    at: datetime
    event: str
    actor: str
    reason: str


def record_event(
    connection: Connection, edition_id: str, event: str, actor: str, now: datetime, reason: str = ""
) -> None:
    count = sa.select(sa.func.count()).select_from(edition_events).where(edition_events.c.edition_id == edition_id)
    seq = connection.execute(count).scalar_one()
    values = {"edition_id": edition_id, "seq": seq, "at": now, "event": event, "actor": actor, "reason": reason}
    connection.execute(sa.insert(edition_events).values(values))


def touch_event(connection: Connection, edition_id: str, event: str, actor: str, now: datetime) -> None:
    """What happened once before has happened again: only its latest time is kept."""
    here = (edition_events.c.edition_id == edition_id) & (edition_events.c.event == event)
    connection.execute(sa.update(edition_events).where(here, edition_events.c.actor == actor).values(at=now))


def list_events(connection: Connection, edition_id: str) -> list[EditionEvent]:
    """What happened to an edition, in order."""
    query = sa.select(edition_events).where(edition_events.c.edition_id == edition_id).order_by(edition_events.c.seq)
    return [EditionEvent(row.at, row.event, row.actor, row.reason) for row in connection.execute(query)]


def find_row(connection: Connection, edition_id: str) -> EditionRow | None:
    found = connection.execute(sa.select(*_COLUMNS).where(editions.c.id == edition_id)).one_or_none()
    return EditionRow(*found) if found else None


def list_editions_of_slot(connection: Connection, newsletter: str, slot: str) -> list[str]:
    """The editions of a slot, and of those that are named after it (`slot-2`), which were not cancelled."""
    named = (editions.c.slot == slot) | editions.c.slot.startswith(f"{slot}-", autoescape=True)
    alive = editions.c.state != EditionState.CANCELLED
    query = sa.select(editions.c.id).where(editions.c.newsletter == newsletter, named, alive)
    return list(connection.execute(query.order_by(editions.c.frozen_at, editions.c.id)).scalars())


def find_free_slot(connection: Connection, newsletter: str, slot: str) -> str:
    """The name of a slot, or the first named after it that is not decided: `slot-2`, `slot-3` …"""
    names = (f"{slot}-{number}" if number > 1 else slot for number in itertools.count(1))
    return next(name for name in names if not is_decided(connection, newsletter, name))


def is_cancelled(connection: Connection, edition_id: str) -> bool:
    query = sa.select(editions.c.state).where(editions.c.id == edition_id)
    return connection.execute(query).scalar() == EditionState.CANCELLED


def list_unreleased(connection: Connection) -> list[EditionRow]:
    """The editions that have not been released: drafts, and those that are held."""
    states = (EditionState.REVIEW, EditionState.HELD)
    query = sa.select(*_COLUMNS).where(editions.c.state.in_(states)).order_by(editions.c.due_at, editions.c.id)
    return read_rows(connection, query, editions.c.id, lambda row: EditionRow(*tuple(row)), "edition")


def change_state(
    connection: Connection, edition_id: str, of: Sequence[EditionState], to: EditionState, **values: Any
) -> bool:
    """Bring an edition from one of these states into another; False where it was in none of them."""
    here = (editions.c.id == edition_id) & editions.c.state.in_(of)
    return connection.execute(sa.update(editions).where(here).values(state=to, **values)).rowcount == 1


def count_since(connection: Connection, newsletter: str, kind: EditionKind, since: datetime) -> int:
    """How many editions of a kind were frozen since then."""
    here = (editions.c.newsletter == newsletter) & (editions.c.kind == kind) & (editions.c.frozen_at > since)
    return connection.execute(sa.select(sa.func.count()).select_from(editions).where(here)).scalar_one()


def last_frozen(
    connection: Connection, newsletter: str, kind: EditionKind, before: tuple[str, datetime] | None = None
) -> datetime | None:
    """When the last edition of a kind was frozen that was not cancelled; `before` names one by its id and its time."""
    here = (editions.c.newsletter == newsletter) & (editions.c.kind == kind)
    if before:
        here &= (editions.c.id != before[0]) & (editions.c.frozen_at <= before[1])
    query = sa.select(sa.func.max(editions.c.frozen_at)).where(here, editions.c.state != EditionState.CANCELLED)
    found: datetime | None = connection.execute(query).scalar()
    return found


def last_due(connection: Connection, newsletter: str) -> datetime | None:
    """When the last of the drafts is due whose recipients stand already."""
    states = (EditionState.REVIEW, EditionState.HELD)
    here = (editions.c.newsletter == newsletter) & editions.c.state.in_(states)
    found: datetime | None = connection.execute(sa.select(sa.func.max(editions.c.due_at)).where(here)).scalar()
    return found


def find_caught_up_until(connection: Connection, newsletter: str, kind: EditionKind) -> datetime | None:
    """Until when the recipients of a daily or weekly email owe nothing: the last slot that was answered with an edition,
    or for which there was nothing to send or nobody to send it to."""
    query = (
        sa.select(sa.func.max(slots.c.decided_at))
        .outerjoin(editions, editions.c.id == slots.c.edition_id)
        .where(
            slots.c.newsletter == newsletter,
            slots.c.slot.startswith(f"{kind}-", autoescape=True),
            sa.or_(
                slots.c.outcome.in_((NOTHING_ANNOUNCED, NO_SUBSCRIBERS, NO_MATCHING_TOPICS)),
                sa.and_(slots.c.edition_id.is_not(None), editions.c.state != EditionState.CANCELLED),
            ),
        )
    )
    found: datetime | None = connection.execute(query).scalar()
    return found


def find_rendition(connection: Connection, edition_id: str, channel: str, variant: str) -> Rendition:
    """The frozen bytes. Raises DamagedRow where they are not what was frozen."""
    here = (
        (renditions.c.edition_id == edition_id) & (renditions.c.channel == channel) & (renditions.c.variant == variant)
    )
    return _rendition(connection.execute(sa.select(renditions).where(here)).one())


def list_renditions(connection: Connection, edition_id: str) -> list[Rendition]:
    """All that was frozen of an edition. Raises DamagedRow where bytes are not what was frozen."""
    query = sa.select(renditions).where(renditions.c.edition_id == edition_id)
    return [_rendition(row) for row in connection.execute(query.order_by(renditions.c.channel, renditions.c.variant))]


def list_rendition_articles(connection: Connection, edition_id: str) -> list[tuple[str, str]]:
    """The channel of each rendition of an edition, and the article that it is about."""
    query = sa.select(renditions.c.channel, renditions.c.article).where(renditions.c.edition_id == edition_id)
    return [(row.channel, row.article) for row in connection.execute(query.order_by(*query.selected_columns))]


def _rendition(row: sa.Row[Any]) -> Rendition:
    kept = Rendition(
        channel=row.channel,
        variant=row.variant,
        media_type=row.media_type,
        body=row.body,
        edition=row.edition_id,
        title=row.title,
        action=enum_member(RenditionAction, row.action, "rendition", f"{row.edition_id}/{row.channel}/{row.variant}"),
        target=row.target,
        target_variant=row.target_variant,
        article=row.article,
        first_channel=row.first_channel,
    )
    if kept.sha256 != row.sha256:
        raise damaged_row("rendition", kept.key, "it is not what was frozen")
    return kept


def iterate_editions(
    connection: Connection, newsletter: str | None = None, limit: int | None = None
) -> Iterator[EditionRow]:
    """Editions, newest first, without holding all in memory."""
    query = sa.select(*_COLUMNS).order_by(editions.c.frozen_at.desc(), editions.c.id).limit(limit)
    if newsletter:
        query = query.where(editions.c.newsletter == newsletter)
    return stream_readable_rows(connection, query, editions.c.id, lambda row: EditionRow(*tuple(row)), "edition")


def list_editions(connection: Connection, newsletter: str | None = None, limit: int = 20) -> list[EditionRow]:
    """The first of them."""
    return list(iterate_editions(connection, newsletter, limit))


def count_editions(connection: Connection, newsletter: str | None = None) -> int:
    """How many editions there are."""
    query = sa.select(sa.func.count()).select_from(editions)
    query = query.where(editions.c.newsletter == newsletter) if newsletter else query
    return connection.execute(query).scalar_one()


def mark_done(connection: Connection, edition_id: str, now: datetime) -> None:
    """Every delivery of the edition has reached an end."""
    connection.execute(
        sa.update(editions)
        .where(editions.c.id == edition_id, editions.c.state == EditionState.FROZEN)
        .values(state=EditionState.DONE, done_at=now)
    )
