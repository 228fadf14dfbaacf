"""A gather of given articles, as the store takes it."""

from __future__ import annotations

from datetime import datetime

from distributor.articles import repository as article_repository
from distributor.articles.matching import ArticleChanges
from distributor.model import ParsedArticle
from distributor.source import FetchResult, Source
from distributor.storage.database import Database
from support.builders import NOW, GivenSource


def take(
    database: Database, *articles: ParsedArticle, source: Source | None = None, now: datetime = NOW, **harvest: object
) -> ArticleChanges:
    look = FetchResult(articles=articles, **harvest)  # type: ignore[arg-type]  # validators, by name
    with database.write() as connection:
        return article_repository.store_articles(
            connection, source or GivenSource(name="cong"), look, authority="bacson.example", now=now
        )
