"""What staff and guards say of articles: held, pinned, withdrawn. Every statement about marks is here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy import Connection

from ..errors import DamagedRow
from ..storage.reading import member, tell
from ..storage.tables import article_marks


class Mark(StrEnum):
    HELD = "held"  # waits until it is released
    PINNED = "pinned"  # goes first
    WITHDRAWN = "withdrawn"  # must not go out any more


@dataclass(frozen=True, slots=True)
class Marked:
    """One mark of an article: what, why, by whom and since when."""

    article: str
    mark: Mark
    reason: str
    by: str
    since: datetime


def put(connection: Connection, article: str, mark: Mark, *, reason: str, by: str, now: datetime) -> bool:
    """Set a mark, or renew its reason. Returns whether it is new."""
    here = (article_marks.c.article_id == article) & (article_marks.c.mark == mark.value)
    values = {"reason": reason, "by": by, "since": now}
    if connection.execute(sa.update(article_marks).where(here).values(values)).rowcount:
        return False
    connection.execute(sa.insert(article_marks).values(article_id=article, mark=mark.value, **values))
    return True


def take(connection: Connection, article: str, mark: Mark) -> bool:
    """Take a mark away; False where there was none."""
    here = (article_marks.c.article_id == article) & (article_marks.c.mark == mark.value)
    return connection.execute(sa.delete(article_marks).where(here)).rowcount == 1


def of(connection: Connection, articles: Sequence[str] | None = None) -> dict[str, dict[Mark, Marked]]:
    """All marks, or those of some articles, by article. One that cannot be read keeps its article back: nobody knows what
    staff wanted of it."""
    query = sa.select(article_marks)
    if articles is not None:
        query = query.where(article_marks.c.article_id.in_(articles))
    found: dict[str, dict[Mark, Marked]] = {}
    for row in connection.execute(query):
        try:
            mark, reason = member(Mark, row.mark, "a mark of article", row.article_id), row.reason
        except DamagedRow as damage:
            tell(damage)
            mark, reason = Mark.HELD, str(damage)
        found.setdefault(row.article_id, {})[mark] = Marked(row.article_id, mark, reason, row.by, row.since)
    return found
