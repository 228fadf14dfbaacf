"""Corrections and withdrawals of published articles, in words for readers. Every statement about them is here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ..model import Notice, NoticeKind
from ..storage.rows import enum_member, read_rows
from ..storage.tables import corrections


@dataclass(frozen=True, slots=True)
class NoticeRecord:
    """A stored notice: its number among those of the article (from 1), for which version, by whom."""

    number: int
    notice: Notice
    version: int
    actor: str

    def says(self, notice: Notice, version: int) -> bool:
        """Whether another notice would say the same of the same version, whenever it was asked for."""
        own = self.notice
        return (own.kind, own.note, self.version) == (notice.kind, notice.note, version)


def add_notice(connection: Connection, article: str, notice: Notice, version: int, by: str) -> int:
    """Store a notice; returns its number, counted from 1 for each article."""
    here = sa.select(sa.func.count()).select_from(corrections).where(corrections.c.article_id == article)
    number = connection.execute(here).scalar_one() + 1
    values = {"kind": notice.kind.value, "note": notice.note, "at": notice.at, "actor": by, "version": version}
    connection.execute(sa.insert(corrections).values(article_id=article, seq=number, **values))
    return number


def notices_of_articles(connection: Connection, articles: Sequence[str]) -> dict[str, list[Notice]]:
    """The notices of articles, oldest first."""
    query = sa.select(corrections).where(corrections.c.article_id.in_(articles))
    query = query.order_by(corrections.c.article_id, corrections.c.seq)
    notices = read_rows(
        connection, query, corrections.c.article_id, lambda row: (row.article_id, _notice(row)), "notice of"
    )
    found: dict[str, list[Notice]] = {}
    for article, notice in notices:
        found.setdefault(article, []).append(notice)
    return found


def find_latest_notice(connection: Connection, article: str) -> NoticeRecord | None:
    """The last notice of an article; None where it has none."""
    query = (
        sa.select(corrections).where(corrections.c.article_id == article).order_by(corrections.c.seq.desc()).limit(1)
    )
    row = connection.execute(query).one_or_none()
    return NoticeRecord(row.seq, _notice(row), row.version, row.actor) if row else None


def _notice(row: sa.Row[Any]) -> Notice:
    return Notice(enum_member(NoticeKind, row.kind, "a notice of article", row.article_id), row.note, row.at)
