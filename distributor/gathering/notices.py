"""What was wrong with articles that are out, in words for their readers. Every statement about it is here."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from ..model import Notice, NoticeKind
from ..storage.tables import corrections


def put(connection: Connection, article: str, notice: Notice, by: str) -> int:
    """Write a notice down; returns its number, counted from 1 for each article."""
    here = sa.select(sa.func.count()).select_from(corrections).where(corrections.c.article_id == article)
    number = connection.execute(here).scalar_one() + 1
    values = {"kind": notice.kind.value, "note": notice.note, "at": notice.at, "by": by}
    connection.execute(sa.insert(corrections).values(article_id=article, k=number, **values))
    return number


def of(connection: Connection, articles: Sequence[str]) -> dict[str, list[Notice]]:
    """The notices of articles, oldest first."""
    query = sa.select(corrections).where(corrections.c.article_id.in_(articles))
    found: dict[str, list[Notice]] = {}
    for row in connection.execute(query.order_by(corrections.c.article_id, corrections.c.k)):
        found.setdefault(row.article_id, []).append(Notice(NoticeKind(row.kind), row.note, row.at))
    return found
