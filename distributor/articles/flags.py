"""Flags of articles, set by staff and guards: held, pinned, withdrawn. Every statement about them is here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy import Connection

from ..errors import DamagedRow
from ..storage.rows import enum_member, log_damage
from ..storage.tables import article_flags


class ArticleFlag(StrEnum):
    HELD = "held"  # waits until it is released
    PINNED = "pinned"  # goes first
    WITHDRAWN = "withdrawn"  # must not be sent any more


@dataclass(frozen=True, slots=True)
class FlagRecord:
    """A flag on an article: which, why, by whom and since when."""

    article: str
    flag: ArticleFlag
    reason: str
    actor: str
    since: datetime


def set_flag(connection: Connection, article: str, flag: ArticleFlag, *, reason: str, by: str, now: datetime) -> bool:
    """Set a flag, or renew its reason. Returns whether it is new."""
    here = (article_flags.c.article_id == article) & (article_flags.c.flag == flag.value)
    values = {"reason": reason, "actor": by, "since": now}
    if connection.execute(sa.update(article_flags).where(here).values(values)).rowcount:
        return False
    connection.execute(sa.insert(article_flags).values(article_id=article, flag=flag.value, **values))
    return True


def remove_flag(connection: Connection, article: str, flag: ArticleFlag) -> bool:
    """Delete a flag; False where there was none."""
    here = (article_flags.c.article_id == article) & (article_flags.c.flag == flag.value)
    return connection.execute(sa.delete(article_flags).where(here)).rowcount == 1


def flags_of_articles(
    connection: Connection, articles: Sequence[str] | None = None
) -> dict[str, dict[ArticleFlag, FlagRecord]]:
    """All flags, or those of some articles, by article. One that cannot be read holds its article: nobody knows what staff
    wanted of it."""
    query = sa.select(article_flags)
    if articles is not None:
        query = query.where(article_flags.c.article_id.in_(articles))
    found: dict[str, dict[ArticleFlag, FlagRecord]] = {}
    for row in connection.execute(query):
        try:
            flag, reason = enum_member(ArticleFlag, row.flag, "a flag of article", row.article_id), row.reason
        except DamagedRow as damage:
            log_damage(damage)
            flag, reason = ArticleFlag.HELD, str(damage)
        found.setdefault(row.article_id, {})[flag] = FlagRecord(row.article_id, flag, reason, row.actor, row.since)
    return found
