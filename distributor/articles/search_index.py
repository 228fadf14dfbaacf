"""The index of what editions have carried: filled in the transaction that announces or corrects, and searched.

What is shown is decided when somebody asks, by what is public then (`editions/web_archive`); so a cancelled edition or a
withdrawal changes nothing here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ..model import Article, Edition, EditionKind
from ..storage.web_tables import article_search, article_topics
from ..text import clean_line, html_to_text
from .folding import Words, split_words
from .snippets import Match

_MAX_WORDS = 6000  # of an article; PostgreSQL tells no places apart beyond 16,383
_MAX_TEXT = 60_000  # characters
_AT_ONCE = 100  # articles whose texts are in memory
_BOUNDARY = "_"
_WORDS = sa.table("article_words", sa.column("rowid"), sa.column("number"), sa.column("folded"), sa.column("marked"))


@dataclass(frozen=True, slots=True)
class IndexedArticle:
    """An article as lists and results show it. `exact`: it has the words as they were typed, marks and all."""

    id: str
    title: str
    text: str
    published: datetime
    has_date: bool
    exact: bool = False


def topic_slug(topic: str) -> str:
    """What stands for a topic in addresses: `Kinh tế` is `kinh-te`. Empty for a topic without a letter."""
    return "-".join(split_words(topic, 20).folded)[:80].strip("-")


# -- filling -----------------------------------------------------------------------------------------------------------


def index_edition(connection: Connection, edition: Edition) -> None:
    """Let the search find what an edition announces. Daily and weekly emails repeat what is there already."""
    if edition.kind in (EditionKind.DIGEST, EditionKind.ALERT):
        index_articles(connection, edition.carried)


def index_articles(connection: Connection, articles: Sequence[Article]) -> None:
    """Put articles into the index, each in place of what was there of it."""
    for article in {one.id: one for one in articles}.values():
        _forget(connection, article.id)
        title, text = clean_line(article.title), _text(article)
        values = {"title": title, "text": text, "published": article.moment, "has_date": article.has_date}
        made = connection.execute(sa.insert(article_search).values(article_id=article.id, **values))
        assert made.inserted_primary_key is not None
        _insert_words(connection, made.inserted_primary_key[0], split_words(title, _MAX_WORDS), text)
        topics = {topic_slug(topic): clean_line(topic) for topic in reversed(article.topics)}
        rows = [{"article_id": article.id, "slug": slug, "topic": name} for slug, name in topics.items() if slug]
        if rows:
            connection.execute(sa.insert(article_topics), rows)


def _text(article: Article) -> str:
    body, lead = clean_line(html_to_text(article.body_html)), clean_line(article.lead)
    return (body if lead and lead in body else f"{lead} {body}".strip())[:_MAX_TEXT]


def _forget(connection: Connection, article_id: str) -> None:
    here = article_search.c.article_id == article_id
    number = connection.execute(sa.select(article_search.c.number).where(here)).scalar()
    if number is None:
        return
    connection.execute(sa.delete(_WORDS).where(_row_number(connection) == number))
    connection.execute(sa.delete(article_topics).where(article_topics.c.article_id == article_id))
    connection.execute(sa.delete(article_search).where(here))


def _insert_words(connection: Connection, number: int, title: Words, text: str) -> None:
    body = split_words(text, _MAX_WORDS)
    folded, marked = (*title.folded, _BOUNDARY, *body.folded), (*title.marked, _BOUNDARY, *body.marked)
    if connection.dialect.name == "sqlite":
        values = {"number": number, "folded": " ".join(folded), "marked": " ".join(marked)}
        statement = "INSERT INTO article_words (rowid, folded, marked) VALUES (:number, :folded, :marked)"
    else:
        values = {"number": number, "folded": _vector(folded), "marked": _vector(marked)}
        statement = (
            "INSERT INTO article_words (number, folded, marked) "
            "VALUES (:number, CAST(:folded AS tsvector), CAST(:marked AS tsvector))"
        )
    connection.execute(sa.text(statement), values)


def rebuild_words(connection: Connection) -> int:
    """Make the words of all articles of the index anew, where they are none: a copy of a store has only the articles.
    Returns how many articles there are."""
    count, last = 0, -1
    columns = (article_search.c.number, article_search.c.title, article_search.c.text)
    while True:
        query = (
            sa.select(*columns).where(article_search.c.number > last).order_by(article_search.c.number).limit(_AT_ONCE)
        )
        rows = connection.execute(query).all()
        for number, title, text in rows:
            _insert_words(connection, number, split_words(title, _MAX_WORDS), text)
        if not rows:
            return count
        count, last = count + len(rows), rows[-1].number


def _vector(words: Sequence[str]) -> str:
    """A tsvector as PostgreSQL reads it: each word with its places. Words have no signs that would need to be escaped."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, word in enumerate(words, start=1):
        places[word].append(place)
    return " ".join(f"'{word}':{','.join(map(str, here))}" for word, here in places.items())


def list_missing(connection: Connection, ids: Sequence[str]) -> frozenset[str]:
    """Which of these articles are not in the index."""
    known = sa.select(article_search.c.article_id).where(article_search.c.article_id.in_(ids))
    return frozenset(ids) - frozenset(connection.execute(known).scalars())


# -- searching ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The articles on one page of results, how many there are in all, and how they match."""

    total: int
    match: Match
    articles: tuple[IndexedArticle, ...] = ()


def search_index(
    connection: Connection, query: Words, public: sa.ColumnElement[bool], *, limit: int, offset: int = 0
) -> SearchResult:
    """What matches a query: those that have its words as they were typed first, then the newest. Where nothing has the
    words in this order, those that have all of them, or else words that begin like them. `public` is the condition for
    an article to be shown."""
    for match in Match if query else ():
        if match is Match.WORDS and len(query.folded) == 1:
            continue
        here = _matches(connection, "folded", query.folded, match)
        conditions = (here, public)
        rows = sa.select(sa.func.count()).select_from(_joined(connection)).where(*conditions)
        total = connection.execute(rows).scalar_one()
        if total:
            found = _page(connection, query, match, conditions).limit(limit).offset(offset)
            return SearchResult(total, match, tuple(map(_article, connection.execute(found))))
    return SearchResult(0, Match.PHRASE)


def _page(
    connection: Connection, query: Words, match: Match, conditions: Sequence[sa.ColumnElement[bool]]
) -> sa.Select[Any]:
    number = _row_number(connection)
    marked = sa.select(number).select_from(_WORDS).where(_matches(connection, "marked", query.marked, match))
    exact = number.in_(marked.correlate(None))
    columns = [one for one in article_search.c if one.name != "number"]
    query_rows = sa.select(*columns, exact.label("exact")).select_from(_joined(connection)).where(*conditions)
    return query_rows.order_by(sa.desc("exact"), article_search.c.published.desc(), article_search.c.article_id)


def _joined(connection: Connection) -> sa.FromClause:
    return sa.join(article_search, _WORDS, _row_number(connection) == article_search.c.number)


def _row_number(connection: Connection) -> sa.ColumnElement[Any]:
    return _WORDS.c.rowid if connection.dialect.name == "sqlite" else _WORDS.c.number


def _matches(connection: Connection, column: str, words: Sequence[str], match: Match) -> sa.ColumnElement[bool]:
    """The condition in the words of the database. Words are letters and digits only: none of them is an operator."""
    begins = match is Match.BEGINNINGS
    if connection.dialect.name == "sqlite":
        quoted = [f'"{word}"' + ("*" if begins else "") for word in words]
        asked = " + ".join(quoted) if match is Match.PHRASE else " AND ".join(quoted)
        return sa.literal_column(_WORDS.name).bool_op("MATCH")(f"{column} : ({asked})")
    quoted = [f"'{word}'" + (":*" if begins else "") for word in words]
    asked = (" <-> " if match is Match.PHRASE else " & ").join(quoted)
    from sqlalchemy.dialects.postgresql import TSQUERY  # where the store is one: SQLite has no need of it

    return _WORDS.c[column].bool_op("@@")(sa.cast(asked, TSQUERY))


def _article(row: sa.Row[Any]) -> IndexedArticle:
    exact = bool(row.exact) if "exact" in row._fields else False
    return IndexedArticle(row.article_id, row.title, row.text, row.published, row.has_date, exact)
