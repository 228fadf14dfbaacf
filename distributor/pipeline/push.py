"""Articles pushed through the API, taken in one by one on the same way as those of every other source.

An item is stored before anything is done with it, and deleted in the transaction that stores its article. What is left
after a crash is taken in by the next gather of its source.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from ..articles import pushed, search
from ..articles import repository as article_repository
from ..articles.matching import ArticleChanges, host_of
from ..errors import ArticleError, SourceError
from ..gathering.source_reader import read_source
from ..model import Article
from ..newsroom import Newsroom
from ..source import FetchResult, PushedItem, Source, with_pushed
from ..storage.database import Database
from ..text import clean_line
from .missing_names import start_newsletters

MAX_PENDING = 50  # items of a source that one gather takes in
_OLD = "it was published longer ago than `announce_since` of its source: it is stored, and no newsletter announces it"
_GIVEN_UP_AFTER = timedelta(days=1)  # after which an item that cannot be taken in is deleted


@dataclass(frozen=True, slots=True)
class PushResult:
    """A pushed article as the store knows it now, and whether it is `new`, `changed` or `known` as it was."""

    article: Article
    change: str
    notes: tuple[str, ...] = ()


async def push_article(newsroom: Newsroom, database: Database, source: Source, item: PushedItem) -> PushResult:
    """Take in one article now. Raises ArticleError where it cannot be used, and SourceError where it cannot be read: then
    nothing of it is kept."""
    item = await database.write_in_thread(_begin, newsroom, source, item)
    try:
        changes = await take_pushed(newsroom, database, source, item, item.pushed_at)
    except (ArticleError, SourceError):
        await database.write_in_thread(pushed.delete, source.name, [item])
        raise
    article = await database.read_in_thread(search.find_by_source_id, source.name, clean_line(item.id))
    if article is None:
        raise SourceError(f"{source.name}: the article was taken in, but is not found by its id")
    change = "new" if changes.new else "changed" if changes.changed else "known"
    (article,) = await database.read_in_thread(article_repository.load_origins, [article])
    notes = [_OLD] if changes.backlog else []
    return PushResult(article, change, (*changes.notes, *notes))


def _begin(connection: Connection, newsroom: Newsroom, source: Source, item: PushedItem) -> PushedItem:
    """Keep the item, and begin the newsletters that may be waiting for it. Without a date it was published at its first
    push."""
    start_newsletters(newsroom, connection, item.pushed_at)
    if not item.fields.get("published"):
        known = search.find_by_source_id(connection, source.name, clean_line(item.id))
        published = known.published if known else item.pushed_at
        item = replace(item, fields={**item.fields, "published": published.isoformat()})
    pushed.save(connection, source.name, item)
    return item


async def take_pushed(
    newsroom: Newsroom, database: Database, source: Source, item: PushedItem, now: datetime
) -> ArticleChanges:
    """Read one item, store its article and delete the item. Raises as `push_article`; the item stays then."""
    result = await read_source(with_pushed(source, [item]), newsroom.settings.site, {}, now)
    if result.faults:
        raise ArticleError("; ".join(result.faults))
    return await asyncio.to_thread(_store, newsroom, database, source, item, result, now)


def _store(
    newsroom: Newsroom, database: Database, source: Source, item: PushedItem, result: FetchResult, now: datetime
) -> ArticleChanges:
    with database.write() as connection:
        changes = article_repository.store_articles(
            connection, source, result, authority=host_of(newsroom.settings.site.url), now=now
        )
        if changes.faults:
            raise ArticleError("; ".join(changes.faults))
        pushed.delete(connection, source.name, [item])
        return changes


async def take_pending(
    newsroom: Newsroom, database: Database, source: Source, now: datetime
) -> tuple[ArticleChanges, list[str]]:
    """Take in what an earlier process has left; the second value are the faults of items that cannot be."""
    items = await database.read_in_thread(pushed.list_pending, source.name, MAX_PENDING)
    if not items:
        await read_source(
            source, newsroom.settings.site, {}, now
        )  # what children are forked from is ready when one comes
    done, faults = ArticleChanges(), []
    for item in items:
        try:
            fresh = await take_pushed(newsroom, database, source, item, now)
            done = ArticleChanges(
                new=done.new + fresh.new, changed=done.changed + fresh.changed, known=done.known + fresh.known
            )
        except (ArticleError, SourceError) as error:
            faults.append(f"{clean_line(item.id)[:80]}: {error}")
            if now - item.pushed_at > _GIVEN_UP_AFTER:
                await database.write_in_thread(pushed.delete, source.name, [item])
    return done, faults
