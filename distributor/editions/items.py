"""The item ledger: what became of each article in each newsletter. Every statement about it is here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from ..config import FirstLook, Newsletter
from ..gathering import marks
from ..gathering.archive import article_of, readable_articles
from ..gathering.marks import Mark, Marked
from ..gathering.tellings import with_origins
from ..model import Article, EditionKind, EditionState
from ..storage.tables import article_flags, articles, editions, newsletter_articles, newsletter_since
from .cohorts import Announced
from .freezing import alert_slot
from .selection import Candidate, Choice, Verdict, wants

OLDER = "older than the newsletter"
FINAL = (Verdict.IN, Verdict.REJECTED)
_SENT = (Verdict.IN, Verdict.BRIEF, Verdict.ALERTED)


def enrol(connection: Connection, newsletter: Newsletter, now: datetime) -> datetime:
    """Since when the store has known this newsletter. A new one does not announce the whole archive.

    At the first sight of a newsletter the articles that are stored already are sorted like the first look at a source:
    the newest and the young ones are its news, the rest is written down as rejected, with that reason.
    """
    since: datetime | None = connection.execute(
        sa.select(newsletter_since.c.since).where(newsletter_since.c.newsletter == newsletter.id)
    ).scalar()
    if since is not None:
        return since
    connection.execute(sa.insert(newsletter_since).values(newsletter=newsletter.id, since=now))
    rule = FirstLook()
    known = [one.article for one in candidates(connection, newsletter.id) if wants(newsletter, one.article)]
    known.sort(key=lambda article: article.published, reverse=True)
    old = [article for article in known[rule.newest :] if article.published <= now - rule.age]
    note(
        connection,
        newsletter.id,
        [Choice(article, Verdict.REJECTED, OLDER) for article in old],
        now,
    )
    return now


def begun(connection: Connection) -> frozenset[str]:
    """The newsletters that the store has seen before."""
    made = sa.select(editions.c.newsletter)
    return frozenset(connection.execute(sa.select(newsletter_since.c.newsletter).union(made)).scalars())


def begun_later(connection: Connection, now: datetime) -> dict[str, datetime]:
    """Forget that newsletters have begun later than now, and what was rejected as older than that: they begin when they
    are met again. Returns when each had begun."""
    rows = connection.execute(
        sa.select(newsletter_since).where(newsletter_since.c.since > now).order_by(newsletter_since.c.newsletter)
    )
    begun = {row.newsletter: row.since for row in rows}
    for name in begun:
        here = (newsletter_articles.c.newsletter == name) & (newsletter_articles.c.reason == OLDER)
        connection.execute(sa.delete(newsletter_articles).where(here, newsletter_articles.c.state == Verdict.REJECTED))
        connection.execute(sa.delete(newsletter_since).where(newsletter_since.c.newsletter == name))
    return begun


def candidates(connection: Connection, newsletter: str) -> list[Candidate]:
    """The articles that are news and about which this newsletter has not decided for good, with their marks."""
    decided = sa.select(newsletter_articles.c.article_id).where(
        newsletter_articles.c.newsletter == newsletter, newsletter_articles.c.state.in_(FINAL)
    )
    query = sa.select(articles).where(articles.c.backlog.is_(False), articles.c.id.not_in(decided))
    known = readable_articles(connection, query.order_by(articles.c.published), article_of)
    return _candidates(connection, newsletter, known)


def as_candidates(connection: Connection, newsletter: str, frozen: Sequence[Article]) -> list[Candidate]:
    """Articles of an edition as they stand today."""
    query = sa.select(articles).where(articles.c.id.in_([article.id for article in frozen]))
    return _candidates(connection, newsletter, readable_articles(connection, query, article_of))


def _candidates(connection: Connection, newsletter: str, known: Sequence[Article]) -> list[Candidate]:
    found = with_origins(connection, known)
    ids = [article.id for article in found]
    said = marks.of(connection, ids)
    alerted = alerts_of(connection, newsletter, ids)
    return [_candidate(article, said.get(article.id, {}), alerted.get(article.id, "")) for article in found]


def alerts_of(connection: Connection, newsletter: str, article_ids: Sequence[str]) -> dict[str, str]:
    """The alerts that a newsletter has sent of these articles: edition by article."""
    slots = {alert_slot(id): id for id in article_ids}
    query = sa.select(editions.c.slot, editions.c.id).where(
        editions.c.newsletter == newsletter,
        editions.c.kind == EditionKind.ALERT,
        editions.c.state != EditionState.CANCELLED,
        editions.c.slot.in_(list(slots)),
    )
    return {slots[row.slot]: row.id for row in connection.execute(query)}


def _candidate(article: Article, said: Mapping[Mark, Marked], alerted: str) -> Candidate:
    held, withdrawn = said.get(Mark.HELD), said.get(Mark.WITHDRAWN)
    return Candidate(
        article=article,
        held=f"held by {held.actor}: {held.reason}" if held else "",
        withdrawn=withdrawn.reason if withdrawn else "",
        pinned=Mark.PINNED in said,
        alerted=alerted,
    )


def decided(connection: Connection, newsletter: str, among: Sequence[Article]) -> bool:
    """Whether a newsletter has decided for good about any of these articles."""
    query = sa.select(newsletter_articles.c.article_id).where(
        newsletter_articles.c.newsletter == newsletter,
        newsletter_articles.c.article_id.in_([article.id for article in among]),
        newsletter_articles.c.state.in_(FINAL),
    )
    return connection.execute(query).first() is not None


def note(
    connection: Connection, newsletter: str, choices: Sequence[Choice], now: datetime, edition: str | None = None
) -> None:
    """Write verdicts into the item ledger. What was written of a waiting article is replaced."""
    if not choices:
        return
    ids = [choice.article.id for choice in choices]
    connection.execute(
        sa.delete(newsletter_articles).where(
            newsletter_articles.c.newsletter == newsletter,
            newsletter_articles.c.article_id.in_(ids),
            newsletter_articles.c.state.not_in(FINAL),
        )
    )
    rows = [
        {
            "newsletter": newsletter,
            "article_id": choice.article.id,
            "state": Verdict.IN if choice.verdict is Verdict.BRIEF else choice.verdict,
            "edition_id": edition if choice.verdict in _SENT else None,
            "decided_at": now,
            "reason": choice.reason,
        }
        for choice in choices
    ]
    connection.execute(sa.insert(newsletter_articles), rows)


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
    query = (
        sa.select(newsletter_articles)
        .where(newsletter_articles.c.article_id == article)
        .order_by(newsletter_articles.c.newsletter)
    )
    return [
        Item(row.newsletter, row.article_id, row.state, row.reason, row.edition_id, row.decided_at)
        for row in connection.execute(query)
    ]


def free(connection: Connection, edition: str, reason: str, now: datetime) -> int:
    """Let the articles of an edition that does not go out wait for the next one; returns how many."""
    return connection.execute(
        sa.update(newsletter_articles)
        .where(newsletter_articles.c.edition_id == edition)
        .values(state=Verdict.CARRIED, edition_id=None, decided_at=now, reason=reason)
    ).rowcount


def let_go(connection: Connection, newsletter: str, choices: Sequence[Choice], now: datetime) -> None:
    """Change the verdicts on articles that an edition has left out after all."""
    for choice in choices:
        here = (newsletter_articles.c.newsletter == newsletter) & (
            newsletter_articles.c.article_id == choice.article.id
        )
        values = {"state": choice.verdict, "edition_id": None, "decided_at": now, "reason": choice.reason}
        connection.execute(sa.update(newsletter_articles).where(here).values(values))


def forgive(connection: Connection, article: str) -> int:
    """Let newsletters that have rejected an article decide again; returns how many."""
    here = (newsletter_articles.c.article_id == article) & (newsletter_articles.c.state == Verdict.REJECTED)
    return connection.execute(sa.delete(newsletter_articles).where(here)).rowcount


def announced_since(connection: Connection, newsletter: str, since: datetime) -> list[Announced]:
    """What editions that are out have announced after `since`, newest edition first, each in the edition's order as
    far as the dates of its articles tell, in its present version. What was withdrawn is not among it."""
    withdrawn = sa.select(article_flags.c.article_id).where(article_flags.c.flag == Mark.WITHDRAWN.value)
    query = (
        sa.select(articles, editions.c.released_at)
        .join(newsletter_articles, newsletter_articles.c.article_id == articles.c.id)
        .join(editions, editions.c.id == newsletter_articles.c.edition_id)
        .where(
            newsletter_articles.c.newsletter == newsletter,
            newsletter_articles.c.state == Verdict.IN,
            editions.c.released_at > since,
            articles.c.id.not_in(withdrawn),
        )
        .order_by(editions.c.released_at.desc(), articles.c.published.desc(), articles.c.id)
    )
    return readable_articles(connection, query, lambda row: Announced(article_of(row), row.released_at))


def announced(connection: Connection, newsletter: str, limit: int) -> list[Article]:
    """The newest articles that editions which are out have announced, newest first, in their present version."""
    query = (
        sa.select(articles)
        .join(newsletter_articles, newsletter_articles.c.article_id == articles.c.id)
        .join(editions, editions.c.id == newsletter_articles.c.edition_id)
        .where(
            newsletter_articles.c.newsletter == newsletter,
            newsletter_articles.c.state.in_((Verdict.IN, Verdict.ALERTED)),
            editions.c.released_at.is_not(None),
        )
        .order_by(newsletter_articles.c.decided_at.desc(), articles.c.published.desc(), articles.c.id)
        .limit(limit)
    )
    return readable_articles(connection, query, article_of)
