"""The keys of stored articles, and those that identify nothing. Every statement about them is here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from ..storage.tables import ambiguous_keys, article_keys

_AT_ONCE = 500  # keys in one statement


def find_article_ids(connection: Connection, keys: Sequence[str]) -> dict[str, str]:
    """The id of the article that bears each of these keys, by key."""
    rows = connection.execute(
        sa.select(article_keys.c.key, article_keys.c.article_id).where(article_keys.c.key.in_(keys))
    )
    return {row.key: row.article_id for row in rows}


def list_keys(connection: Connection, article: str) -> frozenset[str]:
    """All keys of an article."""
    rows = connection.execute(sa.select(article_keys.c.key).where(article_keys.c.article_id == article))
    return frozenset(rows.scalars())


def add_keys(connection: Connection, article: str, keys: Iterable[str], *, new: bool = False) -> None:
    """Let an article be known by these keys as well. One that another article bears stays with it; but the title of a `new`
    article is its own from now on."""
    for key in keys:
        here = article_keys.c.key == key
        taken = connection.execute(sa.select(article_keys.c.article_id).where(here)).scalar()
        if taken is None:
            connection.execute(sa.insert(article_keys).values(key=key, article_id=article))
        elif new and key.startswith("title:"):
            connection.execute(sa.update(article_keys).where(here).values(article_id=article))


def find_ambiguous_keys(connection: Connection, among: Iterable[str]) -> frozenset[str]:
    """Which of these keys have stood on several stories of one look."""
    asked = list(dict.fromkeys(among))
    found: set[str] = set()
    for at in range(0, len(asked), _AT_ONCE):
        query = sa.select(ambiguous_keys.c.key).where(ambiguous_keys.c.key.in_(asked[at : at + _AT_ONCE]))
        found.update(connection.execute(query).scalars())
    return frozenset(found)


def save_ambiguous_keys(connection: Connection, keys: Iterable[str], now: datetime) -> None:
    """Remember that these keys identify nothing, and let no article be known by them."""
    for key in keys:
        connection.execute(sa.delete(article_keys).where(article_keys.c.key == key))
        connection.execute(sa.insert(ambiguous_keys).values(key=key, since=now))
