"""Editions and renditions in the store that cannot be read, or are not what was frozen."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy import Connection

from ..articles import repository as article_repository
from ..model import Edition, EditionKind, Language, edition_to_json
from ..storage.rows import skip_damaged, stream_rows
from ..storage.tables import editions, newsletter_articles, renditions


def find_changed_renditions(connection: Connection) -> Iterator[tuple[str, str, str]]:
    """The renditions whose bytes do not have the hash with which they were frozen: edition, channel and variant."""
    columns = renditions.c
    query = sa.select(columns.edition_id, columns.channel, columns.variant, columns.body, columns.sha256)
    for edition, channel, variant, body, sha256 in stream_rows(connection, query):
        if hashlib.sha256(bytes(body)).hexdigest() != sha256:
            yield edition, channel, variant


def rebuild_content(connection: Connection, id: str) -> None:
    """Put an edition together again from its articles as they are now."""
    columns, decided = editions.c, newsletter_articles.c
    row = connection.execute(sa.select(*(c for c in columns if c is not columns.content)).where(columns.id == id)).one()
    carried = connection.execute(sa.select(decided.article_id).where(decided.edition_id == id)).scalars().all()
    articles = skip_damaged(carried, lambda article: article_repository.find_article(connection, article))
    edition = Edition(
        id=id,
        newsletter=row.newsletter,
        slot=row.slot,
        number=row.number,
        subject=row.subject,
        articles=tuple(sorted((one for one in articles if one), key=lambda one: (-one.published.timestamp(), one.id))),
        frozen_at=row.frozen_at,
        expires_at=row.expires_at,
        language=Language(row.language) if row.language in list(Language) else Language.VI,
        kind=EditionKind(row.kind) if row.kind in list(EditionKind) else EditionKind.DIGEST,
    )
    content = edition_to_json(edition)
    values = {"content": content.decode(), "sha256": hashlib.sha256(content).hexdigest()}
    connection.execute(sa.update(editions).where(columns.id == id).values(values))
