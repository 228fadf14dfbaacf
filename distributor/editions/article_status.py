"""The item ledger: what became of each article in each newsletter. Every statement about it is here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from ..articles import flags
from ..articles.flags import ArticleFlag, FlagRecord
from ..articles.repository import article_from_row, fetch_readable_articles, load_origins
from ..config.schema import Newsletter
from ..config.types import FirstGatherRule
from ..model import Article, EditionKind, EditionState
from ..storage.tables import article_flags, articles, editions, newsletter_articles, newsletter_since
from .build import alert_slot
from .segments import AnnouncedArticle
from .selection import ArticleDecision, ArticleStatus, Candidate, belongs_to_newsletter

OLDER_THAN_NEWSLETTER = "older than the newsletter"
FINAL_STATUSES = (ArticleStatus.IN, ArticleStatus.REJECTED)
_SENT_STATUSES = (ArticleStatus.IN, ArticleStatus.BRIEF, ArticleStatus.ALERTED)


def start_newsletter(connection: Connection, newsletter: Newsletter, now: datetime) -> datetime:
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
    rule = FirstGatherRule()
    known = [
        one.article
        for one in list_candidates(connection, newsletter.id)
        if belongs_to_newsletter(newsletter, one.article)
    ]
    known.sort(key=lambda article: article.published, reverse=True)
    old = [article for article in known[rule.newest :] if article.published <= now - rule.age]
    record_decisions(
        connection,
        newsletter.id,
        [ArticleDecision(article, ArticleStatus.REJECTED, OLDER_THAN_NEWSLETTER) for article in old],
        now,
    )
    return now


def list_started_newsletters(connection: Connection) -> frozenset[str]:
    """The newsletters that the store has seen before."""
    made = sa.select(editions.c.newsletter)
    return frozenset(connection.execute(sa.select(newsletter_since.c.newsletter).union(made)).scalars())


def forget_future_starts(connection: Connection, now: datetime) -> dict[str, datetime]:
    """Forget that newsletters have begun later than now, and what was rejected as older than that: they begin when they
    are met again. Returns when each had begun."""
    rows = connection.execute(
        sa.select(newsletter_since).where(newsletter_since.c.since > now).order_by(newsletter_since.c.newsletter)
    )
    begun = {row.newsletter: row.since for row in rows}
    for name in begun:
        here = (newsletter_articles.c.newsletter == name) & (newsletter_articles.c.reason == OLDER_THAN_NEWSLETTER)
        connection.execute(
            sa.delete(newsletter_articles).where(here, newsletter_articles.c.state == ArticleStatus.REJECTED)
        )
        connection.execute(sa.delete(newsletter_since).where(newsletter_since.c.newsletter == name))
    return begun


def list_candidates(connection: Connection, newsletter: str) -> list[Candidate]:
    """The articles that are news and about which this newsletter has not decided for good, with their marks."""
    decided = sa.select(newsletter_articles.c.article_id).where(
        newsletter_articles.c.newsletter == newsletter, newsletter_articles.c.state.in_(FINAL_STATUSES)
    )
    query = sa.select(articles).where(articles.c.backlog.is_(False), articles.c.id.not_in(decided))
    known = fetch_readable_articles(connection, query.order_by(articles.c.published), article_from_row)
    return _candidates(connection, newsletter, known)


def load_candidates(connection: Connection, newsletter: str, frozen: Sequence[Article]) -> list[Candidate]:
    """Articles of an edition as they stand today."""
    query = sa.select(articles).where(articles.c.id.in_([article.id for article in frozen]))
    return _candidates(connection, newsletter, fetch_readable_articles(connection, query, article_from_row))


def _candidates(connection: Connection, newsletter: str, known: Sequence[Article]) -> list[Candidate]:
    found = load_origins(connection, known)
    ids = [article.id for article in found]
    said = flags.flags_of_articles(connection, ids)
    alerted = find_alerts(connection, newsletter, ids)
    return [_candidate(article, said.get(article.id, {}), alerted.get(article.id, "")) for article in found]


def find_alerts(connection: Connection, newsletter: str, article_ids: Sequence[str]) -> dict[str, str]:
    """The alerts that a newsletter has sent of these articles: edition by article."""
    slots = {alert_slot(id): id for id in article_ids}
    query = sa.select(editions.c.slot, editions.c.id).where(
        editions.c.newsletter == newsletter,
        editions.c.kind == EditionKind.ALERT,
        editions.c.state != EditionState.CANCELLED,
        editions.c.slot.in_(list(slots)),
    )
    return {slots[row.slot]: row.id for row in connection.execute(query)}


def _candidate(article: Article, said: Mapping[ArticleFlag, FlagRecord], alerted: str) -> Candidate:
    held, withdrawn = said.get(ArticleFlag.HELD), said.get(ArticleFlag.WITHDRAWN)
    return Candidate(
        article=article,
        held=f"held by {held.actor}: {held.reason}" if held else "",
        withdrawn=withdrawn.reason if withdrawn else "",
        pinned=ArticleFlag.PINNED in said,
        alerted=alerted,
    )


def is_any_decided(connection: Connection, newsletter: str, among: Sequence[Article]) -> bool:
    """Whether a newsletter has decided for good about any of these articles."""
    query = sa.select(newsletter_articles.c.article_id).where(
        newsletter_articles.c.newsletter == newsletter,
        newsletter_articles.c.article_id.in_([article.id for article in among]),
        newsletter_articles.c.state.in_(FINAL_STATUSES),
    )
    return connection.execute(query).first() is not None


def record_decisions(
    connection: Connection,
    newsletter: str,
    choices: Sequence[ArticleDecision],
    now: datetime,
    edition: str | None = None,
) -> None:
    """Write verdicts into the item ledger. What was written of a waiting article is replaced."""
    if not choices:
        return
    ids = [choice.article.id for choice in choices]
    connection.execute(
        sa.delete(newsletter_articles).where(
            newsletter_articles.c.newsletter == newsletter,
            newsletter_articles.c.article_id.in_(ids),
            newsletter_articles.c.state.not_in(FINAL_STATUSES),
        )
    )
    rows = [
        {
            "newsletter": newsletter,
            "article_id": choice.article.id,
            "state": ArticleStatus.IN if choice.status is ArticleStatus.BRIEF else choice.status,
            "edition_id": edition if choice.status in _SENT_STATUSES else None,
            "decided_at": now,
            "reason": choice.reason,
        }
        for choice in choices
    ]
    connection.execute(sa.insert(newsletter_articles), rows)


@dataclass(frozen=True, slots=True)
class NewsletterArticle:
    """A line of the item ledger: what became of an article in a newsletter."""

    newsletter: str
    article: str
    state: str
    reason: str
    edition: str | None
    decided_at: datetime


def list_by_article(connection: Connection, article: str) -> list[NewsletterArticle]:
    """What became of an article in each newsletter that has met it."""
    query = (
        sa.select(newsletter_articles)
        .where(newsletter_articles.c.article_id == article)
        .order_by(newsletter_articles.c.newsletter)
    )
    return [
        NewsletterArticle(row.newsletter, row.article_id, row.state, row.reason, row.edition_id, row.decided_at)
        for row in connection.execute(query)
    ]


def requeue_articles(connection: Connection, edition: str, reason: str, now: datetime) -> int:
    """Let the articles of an edition that does not go out wait for the next one; returns how many."""
    return connection.execute(
        sa.update(newsletter_articles)
        .where(newsletter_articles.c.edition_id == edition)
        .values(state=ArticleStatus.CARRIED, edition_id=None, decided_at=now, reason=reason)
    ).rowcount


def replace_decisions(
    connection: Connection, newsletter: str, choices: Sequence[ArticleDecision], now: datetime
) -> None:
    """Change the verdicts on articles that an edition has left out after all."""
    for choice in choices:
        here = (newsletter_articles.c.newsletter == newsletter) & (
            newsletter_articles.c.article_id == choice.article.id
        )
        values = {"state": choice.status, "edition_id": None, "decided_at": now, "reason": choice.reason}
        connection.execute(sa.update(newsletter_articles).where(here).values(values))


def clear_rejections(connection: Connection, article: str) -> int:
    """Let newsletters that have rejected an article decide again; returns how many."""
    here = (newsletter_articles.c.article_id == article) & (newsletter_articles.c.state == ArticleStatus.REJECTED)
    return connection.execute(sa.delete(newsletter_articles).where(here)).rowcount


def list_announced_since(connection: Connection, newsletter: str, since: datetime) -> list[AnnouncedArticle]:
    """What editions that are out have announced after `since`, newest edition first, each in the edition's order as
    far as the dates of its articles tell, in its present version. What was withdrawn is not among it."""
    withdrawn = sa.select(article_flags.c.article_id).where(article_flags.c.flag == ArticleFlag.WITHDRAWN.value)
    query = (
        sa.select(articles, editions.c.released_at)
        .join(newsletter_articles, newsletter_articles.c.article_id == articles.c.id)
        .join(editions, editions.c.id == newsletter_articles.c.edition_id)
        .where(
            newsletter_articles.c.newsletter == newsletter,
            newsletter_articles.c.state == ArticleStatus.IN,
            editions.c.released_at > since,
            articles.c.id.not_in(withdrawn),
        )
        .order_by(editions.c.released_at.desc(), articles.c.published.desc(), articles.c.id)
    )
    return fetch_readable_articles(
        connection, query, lambda row: AnnouncedArticle(article_from_row(row), row.released_at)
    )


def list_announced(connection: Connection, newsletter: str, limit: int) -> list[Article]:
    """The newest articles that editions which are out have announced, newest first, in their present version."""
    query = (
        sa.select(articles)
        .join(newsletter_articles, newsletter_articles.c.article_id == articles.c.id)
        .join(editions, editions.c.id == newsletter_articles.c.edition_id)
        .where(
            newsletter_articles.c.newsletter == newsletter,
            newsletter_articles.c.state.in_((ArticleStatus.IN, ArticleStatus.ALERTED)),
            editions.c.released_at.is_not(None),
        )
        .order_by(newsletter_articles.c.decided_at.desc(), articles.c.published.desc(), articles.c.id)
        .limit(limit)
    )
    return fetch_readable_articles(connection, query, article_from_row)
