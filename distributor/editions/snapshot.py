"""What a proposal rests on, in a few numbers: whoever writes it down finds out whether the world has moved on.

Rendering an edition takes its time, and staff take theirs before they say yes. Meanwhile others withdraw articles, send
alerts, answer slots. So the numbers are taken before anything else is read, and compared in the transaction that
writes. Articles that come in are not among them: they are news for the next edition.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection

from ..model import EditionState
from ..storage.tables import article_flags, article_versions, corrections, editions, newsletter_articles


class Snapshot(NamedTuple):
    """Everything here changes with whatever could change an edition, its letters, feeds or posts."""

    announced: int  # verdicts of this newsletter
    decided_at: datetime | None  # … and the last of them
    editions: int  # of this newsletter
    released: int
    cancelled: int
    marks: int  # held, pinned, withdrawn
    marked_at: datetime | None
    notices: int  # corrections and withdrawals
    edits: int  # versions of articles after the first


def take_snapshot(connection: Connection, newsletter: str) -> Snapshot:
    """The numbers of a newsletter as they are now."""
    count = sa.func.count
    verdicts = sa.select(count(), sa.func.max(newsletter_articles.c.decided_at)).where(
        newsletter_articles.c.newsletter == newsletter
    )
    made = sa.select(
        count(),
        count(editions.c.released_at),
        count(sa.case((editions.c.state == EditionState.CANCELLED, 1))),
    ).where(editions.c.newsletter == newsletter)
    said = sa.select(count(), sa.func.max(article_flags.c.since))
    notices = sa.select(count()).select_from(corrections)
    edits = sa.select(count()).select_from(article_versions).where(article_versions.c.version > 1)
    queries = (verdicts, made, said, notices, edits)
    return Snapshot(*(value for query in queries for value in connection.execute(query).one()))


def take_feed_snapshot(connection: Connection) -> tuple[int, ...]:
    """The same of what feeds of all articles show: versions of articles, marks, corrections."""
    tables = (article_versions, article_flags, corrections)
    return tuple(connection.execute(sa.select(sa.func.count()).select_from(one)).scalar_one() for one in tables)
