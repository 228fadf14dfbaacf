"""Editions in the store: slots decided, articles announced, renditions kept. Every statement about them is here."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ..config import FirstLook, Newsletter
from ..gathering import marks
from ..gathering.archive import article_of, with_origins
from ..gathering.marks import Mark, Marked
from ..model import Article, Edition, EditionState, Rendition, edition_from_json, edition_to_json
from ..storage.tables import announcements, articles, editions, renditions, slots, watches
from .selection import Candidate, Choice, Verdict, wants

_FINAL = (Verdict.IN, Verdict.REJECTED)


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
    frozen_at: datetime
    expires_at: datetime
    done_at: datetime | None


# -- what a newsletter has not announced -------------------------------------------------------------------------------


def enrol(connection: Connection, newsletter: Newsletter, now: datetime) -> datetime:
    """Since when the store has known this newsletter. A new one does not announce the whole archive.

    At the first sight of a newsletter the articles that are stored already are sorted like the first look at a source:
    the newest and the young ones are its news, the rest is written down as rejected, with that reason.
    """
    since: datetime | None = connection.execute(
        sa.select(watches.c.since).where(watches.c.newsletter == newsletter.id)
    ).scalar()
    if since is not None:
        return since
    connection.execute(sa.insert(watches).values(newsletter=newsletter.id, since=now))
    rule = FirstLook()
    known = [one.article for one in candidates(connection, newsletter.id) if wants(newsletter, one.article)]
    known.sort(key=lambda article: article.published, reverse=True)
    old = [article for article in known[rule.newest :] if article.published <= now - rule.age]
    note(
        connection,
        newsletter.id,
        [Choice(article, Verdict.REJECTED, "older than the newsletter") for article in old],
        now,
    )
    return now


def candidates(connection: Connection, newsletter: str) -> list[Candidate]:
    """The articles that are news and about which this newsletter has not decided for good, with their marks."""
    decided = sa.select(announcements.c.article_id).where(
        announcements.c.newsletter == newsletter, announcements.c.state.in_(_FINAL)
    )
    query = sa.select(articles).where(articles.c.backlog.is_(False), articles.c.id.not_in(decided))
    rows = connection.execute(query.order_by(articles.c.published))
    found = with_origins(connection, [article_of(row) for row in rows])
    said = marks.of(connection, [article.id for article in found])
    return [_candidate(article, said.get(article.id, {})) for article in found]


def _candidate(article: Article, said: Mapping[Mark, Marked]) -> Candidate:
    held, withdrawn = said.get(Mark.HELD), said.get(Mark.WITHDRAWN)
    return Candidate(
        article=article,
        held=f"held by {held.by}: {held.reason}" if held else "",
        withdrawn=withdrawn.reason if withdrawn else "",
        pinned=Mark.PINNED in said,
    )


def note(
    connection: Connection, newsletter: str, choices: Sequence[Choice], now: datetime, edition: str | None = None
) -> None:
    """Write verdicts into the item ledger. What was written of a waiting article is replaced."""
    if not choices:
        return
    ids = [choice.article.id for choice in choices]
    connection.execute(
        sa.delete(announcements).where(
            announcements.c.newsletter == newsletter,
            announcements.c.article_id.in_(ids),
            announcements.c.state.not_in(_FINAL),
        )
    )
    rows = [
        {
            "newsletter": newsletter,
            "article_id": choice.article.id,
            "state": Verdict.IN if choice.verdict is Verdict.BRIEF else choice.verdict,
            "edition_id": edition if choice.verdict in (Verdict.IN, Verdict.BRIEF) else None,
            "decided_at": now,
            "reason": choice.reason,
        }
        for choice in choices
    ]
    connection.execute(sa.insert(announcements), rows)


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the item ledger: what became of an article in a newsletter."""

    newsletter: str
    article: str
    state: str
    reason: str
    edition: str | None
    decided_at: datetime


def items(connection: Connection, article: str) -> list[Item]:
    """What became of an article in each newsletter that has met it."""
    query = sa.select(announcements).where(announcements.c.article_id == article).order_by(announcements.c.newsletter)
    return [
        Item(row.newsletter, row.article_id, row.state, row.reason, row.edition_id, row.decided_at)
        for row in connection.execute(query)
    ]


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
    values = {
        "newsletter": newsletter,
        "slot": slot,
        "decided_at": now,
        "decided_by": by,
        "outcome": outcome,
        "edition_id": edition,
    }
    try:
        with connection.begin_nested():
            connection.execute(sa.insert(slots).values(values))
    except sa.exc.IntegrityError:  # PostgreSQL: another transaction was faster
        return False
    return True


# -- editions ----------------------------------------------------------------------------------------------------------


def next_number(connection: Connection, newsletter: str) -> int:
    query = sa.select(sa.func.max(editions.c.number)).where(editions.c.newsletter == newsletter)
    return (connection.execute(query).scalar() or 0) + 1


def keep(
    connection: Connection, edition: Edition, kept: Sequence[Rendition], by: str, choices: Sequence[Choice] = ()
) -> None:
    """Write an edition down: its slot, its content, its articles as announced, its renditions, all its verdicts.

    Raises SlotTaken, with nothing written that the caller's roll-back does not undo, where the slot is decided, the
    number is taken, or one of the articles has been announced since the selection was made.
    """
    try:
        with connection.begin_nested():
            _keep(connection, edition, kept, by, choices)
    except sa.exc.IntegrityError as error:  # PostgreSQL: another transaction was faster
        raise SlotTaken(f"{edition.id} is taken: {error.orig}") from error


def _keep(
    connection: Connection, edition: Edition, kept: Sequence[Rendition], by: str, choices: Sequence[Choice]
) -> None:
    now = edition.frozen_at
    if edition.number != next_number(connection, edition.newsletter):
        raise SlotTaken(f"number {edition.number} of {edition.newsletter} is taken")
    ids = [article.id for article in edition.carried]
    decided = sa.select(announcements.c.article_id).where(
        announcements.c.newsletter == edition.newsletter,
        announcements.c.article_id.in_(ids),
        announcements.c.state.in_(_FINAL),
    )
    if connection.execute(decided).first():
        raise SlotTaken(f"an article of {edition.id} has been announced meanwhile")
    content = edition_to_json(edition)
    connection.execute(
        sa.insert(editions).values(
            id=edition.id,
            newsletter=edition.newsletter,
            slot=edition.slot,
            number=edition.number,
            kind=edition.kind,
            state=EditionState.FROZEN,
            subject=edition.subject,
            language=edition.language,
            frozen_at=now,
            expires_at=edition.expires_at,
            content=content.decode(),
            sha256=hashlib.sha256(content).hexdigest(),
        )
    )
    if not decide_slot(connection, edition.newsletter, edition.slot, "edition", by, now, edition.id):
        raise SlotTaken(f"slot {edition.slot} of {edition.newsletter} is decided")
    verdicts = choices or [Choice(article, Verdict.IN) for article in edition.carried]
    note(connection, edition.newsletter, verdicts, now, edition.id)
    for rendition in kept:
        connection.execute(
            sa.insert(renditions).values(
                edition_id=edition.id,
                channel=rendition.channel,
                part=rendition.part,
                title=rendition.title,
                media_type=rendition.media_type,
                body=rendition.body,
                sha256=rendition.sha256,
            )
        )


def edition(connection: Connection, edition_id: str) -> Edition | None:
    content = connection.execute(sa.select(editions.c.content).where(editions.c.id == edition_id)).scalar()
    return edition_from_json(content) if content else None


def rendition(connection: Connection, edition_id: str, channel: str, part: str) -> Rendition:
    """The frozen bytes. Raises ValueError where they are not what was frozen."""
    here = (renditions.c.edition_id == edition_id) & (renditions.c.channel == channel) & (renditions.c.part == part)
    return _rendition(connection.execute(sa.select(renditions).where(here)).one())


def renditions_of(connection: Connection, edition_id: str) -> list[Rendition]:
    """All that was frozen of an edition. Raises ValueError where bytes are not what was frozen."""
    query = sa.select(renditions).where(renditions.c.edition_id == edition_id)
    return [_rendition(row) for row in connection.execute(query.order_by(renditions.c.channel, renditions.c.part))]


def _rendition(row: sa.Row[Any]) -> Rendition:
    kept = Rendition(
        channel=row.channel,
        part=row.part,
        media_type=row.media_type,
        body=row.body,
        edition=row.edition_id,
        title=row.title,
    )
    if kept.sha256 != row.sha256:
        raise ValueError(f"rendition {kept.key} is not what was frozen")
    return kept


def listing(connection: Connection, newsletter: str | None = None, limit: int = 20) -> list[EditionRow]:
    """Editions, newest first."""
    columns = [editions.c[name] for name in EditionRow.__slots__]
    query = sa.select(*columns).order_by(editions.c.frozen_at.desc(), editions.c.id).limit(limit)
    if newsletter:
        query = query.where(editions.c.newsletter == newsletter)
    return [EditionRow(*row) for row in connection.execute(query)]


def close(connection: Connection, edition_id: str, now: datetime) -> None:
    """Every delivery of the edition has reached an end."""
    connection.execute(
        sa.update(editions)
        .where(editions.c.id == edition_id, editions.c.state != EditionState.DONE)
        .values(state=EditionState.DONE, done_at=now)
    )


def announced(connection: Connection, newsletter: str, limit: int) -> list[Article]:
    """The newest articles that a newsletter has announced, newest first, in their present version."""
    query = (
        sa.select(articles)
        .join(announcements, announcements.c.article_id == articles.c.id)
        .where(announcements.c.newsletter == newsletter, announcements.c.state == Verdict.IN)
        .order_by(announcements.c.decided_at.desc(), articles.c.published.desc(), articles.c.id)
        .limit(limit)
    )
    return [article_of(row) for row in connection.execute(query)]


def announced_in(connection: Connection, article_ids: Sequence[str]) -> dict[str, list[str]]:
    """For each article, the editions that carried it."""
    query = sa.select(announcements.c.article_id, announcements.c.edition_id).where(
        announcements.c.article_id.in_(article_ids), announcements.c.state == Verdict.IN
    )
    carried: dict[str, list[str]] = {}
    for row in connection.execute(query):
        carried.setdefault(row.article_id, []).append(row.edition_id)
    return carried
