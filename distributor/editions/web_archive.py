"""What the web shows of the store: editions that are out, and what they carry, of newsletters that are on the web. Drafts,
cancelled editions and those of test mode are never among it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection

from ..articles import corrections, flags, search_index
from ..articles.flags import ArticleFlag
from ..articles.folding import Words
from ..articles.repository import article_from_row, fetch_readable_articles
from ..articles.search_index import IndexedArticle, SearchResult
from ..model import Article, Edition, EditionKind, EditionState, Notice, NoticeKind, Rendition
from ..storage.rows import read_rows
from ..storage.tables import (
    article_flags,
    article_versions,
    articles,
    editions,
    newsletter_articles,
    renames,
    renditions,
)
from ..storage.tables import corrections as correction_table
from ..storage.web_tables import article_search, article_topics
from ..test_mode import all_marks
from . import repository
from .selection import ArticleStatus

LISTED = (EditionKind.DIGEST, EditionKind.ALERT)  # daily and weekly emails repeat what these announce
_SHOWN = (*LISTED, EditionKind.DAILY, EditionKind.WEEKLY)
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class ArchivedEdition:
    """An edition as lists show it, under the time that it bears (`due_at`); what was held is released later."""

    id: str
    newsletter: str
    number: int
    kind: str
    subject: str
    language: str
    due_at: datetime
    released_at: datetime


def take_web_snapshot(connection: Connection) -> tuple[object, ...]:
    """Some numbers that change with whatever could change a public page: what was made of them stays true while they
    stay the same, but for articles whose time comes."""
    count = sa.func.count
    queries = (
        sa.select(count()).select_from(article_versions),
        sa.select(count(), sa.func.max(article_flags.c.since)),
        sa.select(count()).select_from(correction_table),
        sa.select(count(editions.c.released_at), count(sa.case((editions.c.state == EditionState.CANCELLED, 1)))),
        sa.select(count()).select_from(renames),
    )
    return tuple(value for query in queries for value in connection.execute(query).one())


def _is_public(newsletters: Sequence[str], kinds: Sequence[EditionKind] = _SHOWN) -> sa.ColumnElement[bool]:
    return sa.and_(
        editions.c.newsletter.in_(newsletters),
        editions.c.kind.in_(kinds),
        editions.c.released_at.is_not(None),
        editions.c.state.in_((EditionState.FROZEN, EditionState.DONE)),
        *(sa.not_(editions.c.subject.startswith(mark, autoescape=True)) for mark in all_marks()),
    )


# -- editions ----------------------------------------------------------------------------------------------------------

_COLUMNS = [editions.c[name] for name in ArchivedEdition.__slots__]


def list_public_editions(
    connection: Connection,
    newsletters: Sequence[str],
    limit: int,
    *,
    offset: int = 0,
    between: tuple[datetime, datetime] | None = None,
) -> list[ArchivedEdition]:
    """Editions that are out, newest first; `between` is from when until before when."""
    query = sa.select(*_COLUMNS).where(_is_public(newsletters, LISTED))
    if between:
        query = query.where(editions.c.due_at >= between[0], editions.c.due_at < between[1])
    query = query.order_by(editions.c.released_at.desc(), editions.c.id).limit(limit).offset(offset)
    return read_rows(connection, query, editions.c.id, lambda row: ArchivedEdition(*tuple(row)), "edition")


def count_by_month(connection: Connection, newsletters: Sequence[str], zone: ZoneInfo) -> dict[tuple[int, int], int]:
    """How many editions are out of each month, newest first."""
    query = sa.select(editions.c.due_at).where(_is_public(newsletters, LISTED))
    days = [moment.astimezone(zone) for moment in connection.execute(query).scalars()]
    return dict(sorted(Counter((day.year, day.month) for day in days).items(), reverse=True))


def find_public_edition(
    connection: Connection, edition_id: str, newsletters: Sequence[str]
) -> tuple[ArchivedEdition, Edition] | None:
    """An edition that is out, as it was sent; None where there is none. Raises DamagedRow."""
    here = (editions.c.id == edition_id) & _is_public(newsletters)
    row = connection.execute(sa.select(*_COLUMNS).where(here)).one_or_none()
    edition = repository.find(connection, edition_id) if row else None
    return (ArchivedEdition(*row), edition) if row and edition else None


def load_corrected(connection: Connection, shown: Sequence[Article]) -> dict[str, tuple[Article, list[Notice]]]:
    """Those of these articles that were corrected or withdrawn: as they are now, with their notices."""
    ids = [article.id for article in shown]
    notices = corrections.notices_of_articles(connection, ids)
    for id, its in flags.flags_of_articles(connection, ids).items():
        said = its.get(ArticleFlag.WITHDRAWN)
        known = notices.get(id, [])
        if said and not (known and known[-1].kind is NoticeKind.WITHDRAWAL):
            notices[id] = [*known, Notice(NoticeKind.WITHDRAWAL, "", said.since)]
        elif not said and known and known[-1].kind is NoticeKind.WITHDRAWAL:
            notices[id] = known[:-1]  # staff have released it again
    query = sa.select(articles).where(articles.c.id.in_(list(notices)))
    present = {one.id: one for one in fetch_readable_articles(connection, query, article_from_row)}
    frozen = {article.id: article for article in shown}
    return {id: (present.get(id, frozen[id]), its) for id, its in notices.items() if its}


# -- articles ----------------------------------------------------------------------------------------------------------


def _is_public_article(newsletters: Sequence[str]) -> sa.ColumnElement[bool]:
    """The condition for an article of the index to be shown in lists."""
    announced = (
        sa.select(newsletter_articles.c.article_id)
        .join(editions, editions.c.id == newsletter_articles.c.edition_id)
        .where(
            newsletter_articles.c.article_id == article_search.c.article_id,
            newsletter_articles.c.state.in_((ArticleStatus.IN, ArticleStatus.ALERTED)),
            _is_public(newsletters),
        )
        .correlate(article_search)
    )
    withdrawn = (
        sa.select(article_flags.c.article_id)
        .where(
            article_flags.c.article_id == article_search.c.article_id,
            article_flags.c.flag == ArticleFlag.WITHDRAWN.value,
        )
        .correlate(article_search)
    )
    return sa.and_(announced.exists(), sa.not_(withdrawn.exists()))


def search_public_articles(
    connection: Connection, query: Words, newsletters: Sequence[str], *, limit: int, offset: int = 0
) -> SearchResult:
    """What the archive holds of a query."""
    return search_index.search_index(connection, query, _is_public_article(newsletters), limit=limit, offset=offset)


def list_public_articles(
    connection: Connection,
    newsletters: Sequence[str],
    limit: int,
    *,
    offset: int = 0,
    topic: str = "",
    since: datetime | None = None,
    without_address: bool = False,
) -> list[IndexedArticle]:
    """Articles that were announced, newest first: of a topic (its slug), not older than `since`, only those that have no
    page of their own elsewhere."""
    query = sa.select(*(one for one in article_search.c if one.name != "number"))
    query = query.where(_is_public_article(newsletters))
    if topic:
        query = query.join(article_topics, article_topics.c.article_id == article_search.c.article_id)
        query = query.where(article_topics.c.slug == topic)
    if without_address:
        query = query.join(articles, articles.c.id == article_search.c.article_id).where(articles.c.url == "")
    if since:
        query = query.where(article_search.c.published >= since)
    query = query.order_by(article_search.c.published.desc(), article_search.c.article_id)
    rows = connection.execute(query.limit(limit).offset(offset))
    return [IndexedArticle(row.article_id, row.title, row.text, row.published, row.has_date) for row in rows]


def list_public_topics(connection: Connection, newsletters: Sequence[str]) -> dict[str, tuple[str, int]]:
    """The topics of announced articles: by slug, their name and how many articles have them; most first."""
    query = (
        sa.select(article_topics.c.slug, sa.func.max(article_topics.c.topic), sa.func.count())
        .join(article_search, article_search.c.article_id == article_topics.c.article_id)
        .where(_is_public_article(newsletters))
        .group_by(article_topics.c.slug)
        .order_by(sa.func.count().desc(), article_topics.c.slug)
    )
    return {slug: (name, number) for slug, name, number in connection.execute(query)}


def list_newest_renditions(connection: Connection, newsletter: str, channel: str) -> list[Rendition]:
    """What a channel has carried of a newsletter last, corrections among it. Raises DamagedRow."""
    newest = (
        sa.select(editions.c.id)
        .join(renditions, (renditions.c.edition_id == editions.c.id) & (renditions.c.channel == channel))
        .where(_is_public([newsletter], list(EditionKind)))
        .order_by(editions.c.released_at.desc(), editions.c.frozen_at.desc())
        .limit(1)
    )
    found = connection.execute(newest).scalar()
    made = repository.list_renditions(connection, found) if found else []
    return [one for one in made if one.channel == channel]


def load_articles(connection: Connection, ids: Sequence[str]) -> list[Article]:
    """Articles as they are now, in this order."""
    query = sa.select(articles).where(articles.c.id.in_(ids))
    found = {one.id: one for one in fetch_readable_articles(connection, query, article_from_row)}
    return [found[id] for id in ids if id in found]


def find_carrying_edition(connection: Connection, article_id: str, newsletters: Sequence[str]) -> str | None:
    """The newest edition that has announced an article and is out."""
    query = (
        sa.select(editions.c.id)
        .join(newsletter_articles, newsletter_articles.c.edition_id == editions.c.id)
        .where(
            newsletter_articles.c.article_id == article_id,
            newsletter_articles.c.state.in_((ArticleStatus.IN, ArticleStatus.ALERTED)),
            _is_public(newsletters),
        )
        .order_by(editions.c.released_at.desc())
        .limit(1)
    )
    found: str | None = connection.execute(query).scalar()
    return found


# -- the index of a store that had none --------------------------------------------------------------------------------


def fill_index(connection: Connection) -> int:
    """Put what earlier versions of this program have announced into the index; returns how many articles."""
    announced = newsletter_articles.c
    missing = (
        sa.select(announced.edition_id)
        .outerjoin(article_search, article_search.c.article_id == announced.article_id)
        .where(announced.edition_id.is_not(None), article_search.c.number.is_(None))
        .distinct()
        .limit(_AT_ONCE)
    )
    number = 0
    for edition_id in connection.execute(missing).scalars().all():
        edition = repository.find(connection, edition_id)
        carried = edition.carried if edition else ()
        wanted = search_index.list_missing(connection, [one.id for one in carried])
        search_index.index_articles(connection, [one for one in carried if one.id in wanted])
        number += len(wanted)
    return number
