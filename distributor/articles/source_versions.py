"""What each source has told of a story. Every statement about it is here."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection

from ..errors import DamagedRow
from ..model import Article, ParsedArticle, parsed_article_to_data
from ..storage.rows import fetch_all
from ..storage.tables import article_origins, article_source_versions
from .merging import SourceVersion

log = logging.getLogger("distributor.gathering")

_found = TypeAdapter(ParsedArticle)


def load_source_versions(connection: Connection, article: str) -> dict[str, SourceVersion]:
    """What the sources of an article have told of it, by source. What cannot be read is as if it had not been told: its
    source tells it again."""
    columns = article_source_versions.c
    names = connection.execute(sa.select(columns.source).where(columns.article_id == article)).scalars().all()
    found: dict[str, SourceVersion] = {}
    for name in names:
        here = (columns.article_id == article) & (columns.source == name)
        try:
            for row in fetch_all(connection, sa.select(columns.content, columns.lead).where(here)):
                found[name] = SourceVersion(_found.validate_python(row.content), row.lead)
        except (DamagedRow, ValidationError) as damage:
            log.warning("what source %s told of article %s cannot be read: %s", name, article, damage)
    return found


def save_source_version(
    connection: Connection, article: str, telling: SourceVersion, before: Mapping[str, SourceVersion]
) -> None:
    """Write down what a source tells of an article now. `before` is what `of` has said."""
    source = telling.found.source
    if before.get(source) == telling:
        return
    here = (article_source_versions.c.article_id == article) & (article_source_versions.c.source == source)
    values = {"content": parsed_article_to_data(telling.found), "lead": telling.lead}
    if not connection.execute(sa.update(article_source_versions).where(here).values(values)).rowcount:
        connection.execute(sa.insert(article_source_versions).values(article_id=article, source=source, **values))
        _add_origin(connection, article, source)


def _add_origin(connection: Connection, article: str, source: str) -> None:
    here = (article_origins.c.article_id == article) & (article_origins.c.source == source)
    if not connection.execute(sa.select(article_origins.c.source).where(here)).scalar():
        connection.execute(sa.insert(article_origins).values(article_id=article, source=source))


def load_origins(connection: Connection, found: Sequence[Article]) -> list[Article]:
    """The articles, each with every source that has told it."""
    query = sa.select(article_origins).where(article_origins.c.article_id.in_([article.id for article in found]))
    origins: dict[str, list[str]] = {}
    for row in connection.execute(query.order_by(article_origins.c.source)):
        origins.setdefault(row.article_id, []).append(row.source)
    return [replace(article, origins=tuple(origins.get(article.id, ()))) for article in found]
