"""A stored article whose content cannot be read: its last version that can, or its title alone, takes its place."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy import Connection

from ..model import ParsedArticle, parsed_article_to_data
from ..storage.rows import from_json
from ..storage.tables import article_versions, articles
from ..url_cleaning import web_address


def restore_content(connection: Connection, id: str, is_readable: Callable[[str], bool]) -> None:
    """Put the newest readable version in the place of an article's content. Without a hash of its own the article counts
    as changed the next time its source is gathered."""
    columns, versions = articles.c, article_versions.c
    row = connection.execute(sa.select(columns.source, columns.title, columns.url).where(columns.id == id)).one()
    kept = sa.select(sa.cast(versions.content, sa.Text)).where(versions.article_id == id)
    texts = connection.execute(kept.order_by(versions.version.desc())).scalars().all()
    readable = [text for text in texts if is_readable(text)]
    bare = ParsedArticle(source=row.source, title=row.title, url=web_address(row.url, ""))
    content = from_json(readable[0]) if readable else parsed_article_to_data(bare)
    connection.execute(sa.update(articles).where(columns.id == id).values(content=content, sha256=""))
