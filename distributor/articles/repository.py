"""Articles in the store: saved as a gathering brings them, and looked up. Every statement about article rows is here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection, Row

from ..config.types import FirstGatherRule
from ..errors import DamagedRow
from ..gathering import anomalies
from ..gathering.source_state import SourceState, load_source_state, save_source_state, save_validators
from ..gathering.validation import validate_articles
from ..model import Article, ParsedArticle, parsed_article_to_data
from ..source import FetchResult, Source
from ..storage.rows import damaged_row, fetch_all, log_damage, read_rows, stream_readable_rows
from ..storage.tables import (
    ambiguous_keys,
    article_keys,
    article_origins,
    article_source_versions,
    article_versions,
    articles,
)
from . import flags
from .flags import ArticleFlag
from .keys import ArticleGroups, group_articles, identity_keys, normalize_article
from .matching import (
    ArticleChanges,
    ArticleDecisions,
    ArticleUpdate,
    KnownArticles,
    SourceHistory,
    StoredArticle,
    apply_content,
    article_id,
    content_hash,
    decide_articles,
    id_seed,
)
from .merging import SourceVersion

T = TypeVar("T")

_content = TypeAdapter(ParsedArticle)
_WITHOUT_CONTENT = [column for column in articles.c if column is not articles.c.content]
_AT_ONCE = 500  # values in one statement


def store_articles(
    connection: Connection, source: Source, harvest: FetchResult, *, authority: str, now: datetime
) -> ArticleChanges:
    """Store what a gathering brought: articles, their keys and versions, and the validators, all in one transaction.

    Whatever way an article comes in, it is checked here.
    """
    found, faults = validate_articles(harvest.articles, source.name)
    state = load_source_state(connection, source.name)
    is_first = state.first_read is None and bool(found)
    groups = _group_articles(connection, found, source)
    _save_ambiguous_keys(connection, groups.ambiguous, now)
    known = _load_known_articles(connection, groups)
    decisions = decide_articles(
        groups,
        known,
        source,
        _load_history(connection, state, is_first=is_first),
        unchanged=harvest.unchanged,
        authority=authority,
        now=now,
    )
    _save_decisions(connection, decisions, known, now)
    seen = {"last_read": now, "last_count": len(found) + harvest.unchanged}
    save_source_state(connection, source.name, state, seen | ({"first_read": now} if is_first else {}))
    save_validators(connection, source.name, harvest.validators, now)
    return replace(decisions.changes, faults=(*faults, *decisions.changes.faults))


# -- what is known -----------------------------------------------------------------------------------------------------


def _rows_with(
    connection: Connection, query: sa.Select[Any], column: sa.Column[Any], values: Iterable[str]
) -> Iterator[Row[Any]]:
    """The rows of a query whose column has one of these values, however many they are."""
    for some in _batches(values):
        yield from fetch_all(connection, query.where(column.in_(some)))


def _readable_rows_with(
    connection: Connection,
    query: sa.Select[Any],
    column: sa.Column[Any],
    values: Iterable[str],
    key: sa.ColumnElement[Any],
    make: Callable[[Row[Any]], T],
    what: str,
) -> Iterator[T]:
    """What `make` makes of such rows; the damaged ones are logged and left out."""
    for some in _batches(values):
        yield from read_rows(connection, query.where(column.in_(some)), key, make, what)


def _batches(values: Iterable[str]) -> Iterator[list[str]]:
    asked = list(dict.fromkeys(values))
    return (asked[at : at + _AT_ONCE] for at in range(0, len(asked), _AT_ONCE))


def _group_articles(connection: Connection, found: Sequence[ParsedArticle], source: Source) -> ArticleGroups:
    """The articles of a gathering, each once."""
    zone = source.timezone
    plain = [normalize_article(one, zone) for one in found]
    known = _find_ambiguous_keys(connection, (key for one in plain for key in identity_keys(one, zone)))
    # Where an address is ambiguous, its fragment tells articles apart; that may be ambiguous, too.
    finer = (key for one in plain for key in identity_keys(one, zone, known)) if known else ()
    return group_articles(plain, zone, known | _find_ambiguous_keys(connection, finer))


def _find_ambiguous_keys(connection: Connection, keys: Iterable[str]) -> frozenset[str]:
    return frozenset(
        row.key for row in _rows_with(connection, sa.select(ambiguous_keys.c.key), ambiguous_keys.c.key, keys)
    )


def _load_history(connection: Connection, state: SourceState, *, is_first: bool) -> SourceHistory:
    stored, last_new = count_articles(connection, state.name), find_last_new(connection, state.name)
    return SourceHistory(is_first=is_first, stored=stored, last_count=state.last_count, last_new=last_new)


def find_last_new(connection: Connection, source: str) -> datetime | None:
    """When a source last brought a new article."""
    try:
        query = sa.select(sa.func.max(articles.c.first_seen)).where(articles.c.source == source)
        last: datetime | None = connection.execute(query).scalar()
    except DamagedRow as damage:
        log_damage(damage)
        return None
    return last


def _load_known_articles(connection: Connection, groups: ArticleGroups) -> KnownArticles:
    """What the store knows of the articles that share a key with one of these, read at once."""
    keys = (key for group in groups.articles for key in group.keys)
    query = sa.select(article_keys.c.key, article_keys.c.article_id)
    owners = {row.key: row.article_id for row in _rows_with(connection, query, article_keys.c.key, keys)}
    ids = sorted(set(owners.values()))
    its_keys: dict[str, list[str]] = {}
    for row in _rows_with(connection, query, article_keys.c.article_id, ids):
        its_keys.setdefault(row.article_id, []).append(row.key)
    stored, versions = _load_stored(connection, ids), _load_source_versions(connection, ids)
    by_id = {
        id: StoredArticle(article, frozenset(its_keys[id]), sha256, versions.get(id, {}))
        for id, (article, sha256) in stored.items()
    }
    damaged = {id: str(damaged_row("article", id, "the log says why")) for id in ids if id not in by_id}
    return KnownArticles(owners, by_id, damaged, _load_taken_ids(connection, groups))


def _load_stored(connection: Connection, ids: Sequence[str]) -> dict[str, tuple[Article, str]]:
    """Articles by id, with the hash of their content. One whose content cannot be read is known all the same, without a
    hash, so that its source repairs it instead of announcing it anew."""
    key = articles.c.id

    def whole(row: Row[Any]) -> tuple[str, tuple[Article, str]]:
        return row.id, (article_from_row(row), row.sha256)

    def bare(row: Row[Any]) -> tuple[str, tuple[Article, str]]:
        return row.id, (_article_without_content(row), "")

    found = dict(_readable_rows_with(connection, sa.select(articles), key, ids, key, whole, "article"))
    damaged = [id for id in ids if id not in found]
    query = sa.select(*_WITHOUT_CONTENT)
    return found | dict(_readable_rows_with(connection, query, key, damaged, key, bare, "article"))


def _load_source_versions(connection: Connection, ids: Sequence[str]) -> dict[str, dict[str, SourceVersion]]:
    """The versions of articles from their sources, by article and source. What cannot be read is as if there were none: its
    source gives it again."""
    columns, query = article_source_versions.c, sa.select(article_source_versions)
    name = columns.article_id + " of " + columns.source
    found: dict[str, dict[str, SourceVersion]] = {}

    def keep(row: Row[Any]) -> None:
        version = SourceVersion(_content_of(row.article_id, row.content), row.lead)
        found.setdefault(row.article_id, {})[row.source] = version

    for _ in _readable_rows_with(connection, query, columns.article_id, ids, name, keep, "version of article"):
        pass
    return found


def _load_taken_ids(connection: Connection, groups: ArticleGroups) -> set[str]:
    """Which of the ids that these articles would get, were they new, are taken."""
    seeds = Counter(id_seed(group) for group in groups.articles)
    taken: set[str] = set()
    asked, attempt = list(seeds), 0
    while asked:
        ids = {article_id(seed, attempt): seed for seed in asked}
        taken.update(row.id for row in _rows_with(connection, sa.select(articles.c.id), articles.c.id, ids))
        attempt += 1
        asked = [seed for id, seed in ids.items() if id in taken or seeds[seed] > attempt]
    return taken


# -- writing decisions -------------------------------------------------------------------------------------------------


def _save_ambiguous_keys(connection: Connection, keys: Iterable[str], now: datetime) -> None:
    """Remember that these keys identify nothing, and let no article be known by them."""
    for key in keys:
        connection.execute(sa.delete(article_keys).where(article_keys.c.key == key))
        connection.execute(sa.insert(ambiguous_keys).values(key=key, since=now))


def _save_decisions(connection: Connection, decisions: ArticleDecisions, known: KnownArticles, now: datetime) -> None:
    inserted = [_columns(one) for one in decisions.inserted]
    updated = [_columns(one) for one in decisions.updated]
    _insert(connection, articles, inserted)
    for row in updated:
        connection.execute(sa.update(articles).where(articles.c.id == row["id"]).values(row))
    versions = [*inserted, *(row for row, one in zip(updated, decisions.updated, strict=True) if one.is_version)]
    _insert(connection, article_versions, [_version_columns(row, now) for row in versions])
    _save_keys(connection, decisions.keys, known)
    _save_source_versions(connection, decisions)
    _release_confirmed_dates(connection, decisions.date_confirmed)
    for id, reason in decisions.held.items():
        flags.set_flag(connection, id, ArticleFlag.HELD, reason=reason, by=anomalies.HELD_BY, now=now)


def _insert(connection: Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(sa.insert(table), rows)


def _columns(update: ArticleUpdate) -> dict[str, Any]:
    article, content = update.article, parsed_article_to_data(update.content)
    content["updated"] = article.updated.isoformat() if article.updated else None
    same = ("id", "feed_id", "source", "title", "url", "version", "published", "has_date", "first_seen", "backlog")
    columns = {name: getattr(article, name) for name in same}
    return columns | {"doubtful_date": update.doubtful_date, "content": content, "sha256": content_hash(update.content)}


def _version_columns(row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    same = {name: row[name] for name in ("version", "content", "sha256")}
    return {"article_id": row["id"], "seen": now, **same}


def _save_keys(connection: Connection, owners: Mapping[str, str], known: KnownArticles) -> None:
    """Let articles be known by these keys, whichever had them before."""
    for key in owners.keys() & known.owners.keys():
        connection.execute(sa.update(article_keys).where(article_keys.c.key == key).values(article_id=owners[key]))
    rows = [{"key": key, "article_id": id} for key, id in owners.items() if key not in known.owners]
    _insert(connection, article_keys, rows)


def _save_source_versions(connection: Connection, decisions: ArticleDecisions) -> None:
    new = {one.article.id for one in decisions.inserted}
    rows: list[dict[str, Any]] = [
        {"article_id": id, "source": one.found.source, "lead": one.lead, "content": parsed_article_to_data(one.found)}
        for id, one in decisions.source_versions.items()
    ]
    added = [row for row in rows if row["article_id"] in new or not _update_source_version(connection, row)]
    _insert(connection, article_source_versions, added)
    ids = [row["article_id"] for row in added if row["article_id"] not in new]
    known = {
        tuple(row) for row in _rows_with(connection, sa.select(article_origins), article_origins.c.article_id, ids)
    }
    origins = [(row["article_id"], row["source"]) for row in added]
    fresh = [{"article_id": id, "source": source} for id, source in origins if (id, source) not in known]
    _insert(connection, article_origins, fresh)


def _update_source_version(connection: Connection, row: Mapping[str, Any]) -> bool:
    """Update the version of an article from a source; False where there is none yet."""
    columns = article_source_versions.c
    here = (columns.article_id == row["article_id"]) & (columns.source == row["source"])
    return bool(connection.execute(sa.update(article_source_versions).where(here).values(row)).rowcount)


def _release_confirmed_dates(connection: Connection, ids: Sequence[str]) -> None:
    """Release what was held because of its date alone: its source has corrected that."""
    for id, its_flags in flags.flags_of_articles(connection, ids).items() if ids else ():
        held = its_flags.get(ArticleFlag.HELD)
        if held and held.actor == anomalies.HELD_BY and held.reason.startswith(anomalies.DOUBTFUL_DATE_PREFIX):
            flags.remove_flag(connection, id, ArticleFlag.HELD)


def recompute_backlog(connection: Connection, source: str, rule: FirstGatherRule, now: datetime) -> int:
    """Decide once more which articles of a source were old at its first gathering, where that has a time later than now: a
    clock that is ahead makes young articles old. Returns how many are news after all."""
    state = load_source_state(connection, source)
    if state.first_read is None or state.first_read <= now:
        return 0
    first = (articles.c.source == source) & (articles.c.first_seen == state.first_read)
    young = (
        first & articles.c.backlog.is_(True) & articles.c.has_date.is_(True) & (articles.c.published > now - rule.age)
    )
    return connection.execute(sa.update(articles).where(young).values(backlog=False)).rowcount


# -- looking up --------------------------------------------------------------------------------------------------------


def article_from_row(row: Row[Any]) -> Article:
    """An article from its row: its content as its sources give it, its identity and history as the store keeps them.

    Raises DamagedRow where the row holds what no article is.
    """
    return apply_content(_article_without_content(row), _content_of(row.id, row.content))


def _article_without_content(row: Row[Any]) -> Article:
    """An article from the columns beside its content."""
    return Article(
        id=row.id,
        feed_id=row.feed_id,
        source=row.source,
        title=row.title,
        published=row.published,
        first_seen=row.first_seen,
        version=row.version,
        backlog=row.backlog,
        has_date=row.has_date,
    )


def _content_of(id: str, content: object) -> ParsedArticle:
    try:
        return _content.validate_python(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "its content"
        raise damaged_row("article", id, f"{where}: {first['msg']}") from None


def fetch_readable_articles(connection: Connection, query: sa.Select[Any], make: Callable[[Row[Any]], T]) -> list[T]:
    """What `make` makes of each article that a query gives, in its order; rows that cannot be read are logged and left
    out. Among the query's columns are those of `articles`."""
    return read_rows(connection, query, articles.c.id, make, "article")


def newest_first() -> tuple[sa.ColumnElement[Any], ...]:
    """The order in which articles are listed: newest first."""
    return articles.c.published.desc(), articles.c.id


def iterate_articles(connection: Connection, source: str | None = None, limit: int | None = None) -> Iterator[Article]:
    """The articles of one source or of all, newest first, without holding all in memory."""
    query = sa.select(articles).order_by(*newest_first()).limit(limit)
    if source:
        query = query.where(articles.c.source == source)
    return stream_readable_rows(connection, query, articles.c.id, article_from_row, "article")


def list_visible_articles(connection: Connection, limit: int, now: datetime) -> list[Article]:
    """The newest articles that may be shown by now, newest first: without those that wait for their time, and those held
    because of a doubtful date."""
    doubtful = connection.execute(sa.select(articles.c.id).where(articles.c.doubtful_date.is_not(None))).scalars().all()
    held = {id for id, its in flags.flags_of_articles(connection, doubtful).items() if ArticleFlag.HELD in its}
    out = (
        article
        for article in iterate_articles(connection)
        if article.id not in held and article.waits_until(now) is None
    )
    return sorted(islice(out, limit), key=lambda article: article.moment, reverse=True)


def list_articles_after(
    connection: Connection, limit: int, source: str | None = None, after: tuple[datetime, str] | None = None
) -> list[Article]:
    """A page of the articles of one source or of all, newest first: those behind `after`, the date and id of the last one
    of the page before."""
    query = sa.select(articles).order_by(*newest_first()).limit(limit)
    if source:
        query = query.where(articles.c.source == source)
    if after:
        date, id = after
        query = query.where((articles.c.published < date) | ((articles.c.published == date) & (articles.c.id > id)))
    return fetch_readable_articles(connection, query, article_from_row)


def list_newest_articles(connection: Connection, limit: int, source: str | None = None) -> list[Article]:
    """The newest of them."""
    return list(iterate_articles(connection, source, limit))


def count_articles(connection: Connection, source: str | None = None) -> int:
    """How many articles of a source there are, or of all."""
    query = sa.select(sa.func.count()).select_from(articles)
    number: int = connection.execute(query.where(articles.c.source == source) if source else query).scalar_one()
    return number


def find_article(connection: Connection, article_id: str) -> Article | None:
    row = connection.execute(sa.select(articles).where(articles.c.id == article_id)).one_or_none()
    return article_from_row(row) if row else None


def load_origins(connection: Connection, found: Sequence[Article]) -> list[Article]:
    """The articles, each with every source that has published it."""
    query = sa.select(article_origins).where(article_origins.c.article_id.in_([article.id for article in found]))
    origins: dict[str, list[str]] = {}
    for row in connection.execute(query.order_by(article_origins.c.source)):
        origins.setdefault(row.article_id, []).append(row.source)
    return [replace(article, origins=tuple(origins.get(article.id, ()))) for article in found]


def list_topics(connection: Connection) -> frozenset[str]:
    """Every topic that an article has had, in any of its versions."""
    query = _TOPICS_PG if connection.dialect.name == "postgresql" else _TOPICS
    return frozenset(topic for topic in connection.execute(query).scalars() if isinstance(topic, str))


# Extracted by the database: the bodies beside them are a thousand times as large. A damaged row has none.
_TOPICS = sa.text(
    "SELECT DISTINCT one.value FROM article_versions, "
    "json_each(CASE WHEN typeof(content) = 'text' AND json_valid(content) THEN content ELSE '{}' END, '$.topics') AS one"
)
_TOPICS_PG = sa.text(
    "SELECT DISTINCT json_array_elements_text(CASE json_typeof(content -> 'topics') WHEN 'array' "
    "THEN content -> 'topics' ELSE CAST('[]' AS json) END) FROM article_versions"
)
