"""Articles in the store: taken in, recognised, looked up. Every statement about article rows is here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection, Row

from ..config.types import FirstGatherRule
from ..errors import DamagedRow
from ..gathering import anomalies
from ..gathering.source_state import load_source_state, save_source_state, save_validators
from ..gathering.validation import unreadable_reason, validate_articles
from ..model import Article, ParsedArticle, parsed_article_to_data
from ..source import FetchResult, Source
from ..storage.rows import damaged_row, fetch_all, read_rows, stream_readable_rows
from ..storage.tables import article_versions, articles
from ..url_cleaning import remove_tracking
from . import flags, source_versions, stored_keys
from .flags import ArticleFlag
from .keys import ArticleGroup, ArticleGroups, describe_ambiguous_keys, group_articles, identity_keys, merge_group
from .matching import (
    StoredArticle,
    apply_content,
    content_hash,
    find_backlog,
    find_match,
    new_article,
    resolve_dates,
    update_article,
)
from .merging import SourceVersion, merge_versions, update_version

T = TypeVar("T")

log = logging.getLogger("distributor.gathering")

_content = TypeAdapter(ParsedArticle)
_WITHOUT_CONTENT = [column for column in articles.c if column is not articles.c.content]


@dataclass(frozen=True, slots=True)
class ArticleChanges:
    """What one look at a source brought. `backlog` of the new ones were old already and are no news.

    `suspicion` is what a guard has to say of the look; what it holds is marked as held. `faults` are articles that could
    not be kept, a line each; `notes` are what staff may want to know of the new ones.
    """

    new: tuple[Article, ...] = ()
    changed: tuple[Article, ...] = ()
    known: int = 0
    backlog: int = 0
    is_first_gather: bool = False
    anomaly: str = ""
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def store_articles(
    connection: Connection, source: Source, harvest: FetchResult, *, authority: str, now: datetime
) -> ArticleChanges:
    """Store what a look brought: articles, their keys and versions, and the validators, all in one transaction.

    Whatever way an article comes in, it is checked here.
    """
    found, faults = validate_articles(harvest.articles, source.name)
    look = _group_by_article(connection, found, source)
    stored_keys.save_ambiguous_keys(connection, look.ambiguous, now)
    faults += describe_ambiguous_keys(look)
    state = load_source_state(connection, source.name)
    history = _history(connection, source.name)
    first_look = state.first_read is None and bool(found)
    told = [story.found for story in look.stories]
    old = find_backlog(told, source.announce_since, now) if first_look else frozenset()
    tally = _Tally()
    # Oldest first, so that the order of first_seen and of ids is the order of publication.
    for position in sorted(range(len(told)), key=lambda i: _sort_time(told[i], now)):
        try:
            story, is_old = look.stories[position], position in old
            _store_article(connection, source, story, tally, authority=authority, now=now, is_old=is_old)
        except DamagedRow as damage:
            faults.append(str(damage))
    for known, found_again in tally.again.values():
        try:
            _merge_source_version(connection, source, known, merge_group(found_again), tally, now)
        except DamagedRow as damage:
            faults.append(str(damage))
    for article, date in tally.doubtful.items():
        flags.set_flag(
            connection,
            article,
            ArticleFlag.HELD,
            reason=anomalies.doubtful_date_reason(date),
            by=anomalies.HELD_BY,
            now=now,
        )
    count = len(found) + harvest.unchanged
    seen = {"last_read": now, "last_count": count} | ({"first_read": now} if first_look else {})
    save_source_state(connection, source.name, state, seen)
    save_validators(connection, source.name, harvest.validators)
    suspicion = (
        ""
        if first_look
        else _check_anomalies(connection, source, tally, harvest.unchanged, history, state.last_count, now)
    )
    notes = _hold_unreadable(connection, tally.new, now)
    backlog_count = sum(article.backlog for article in tally.new)
    notes += anomalies.describe_doubtful_dates(tally.new, tally.doubtful, now)
    new, changed = tuple(tally.new), tuple(tally.changed)
    return ArticleChanges(new, changed, tally.known, backlog_count, first_look, suspicion, tuple(faults), tuple(notes))


def _hold_unreadable(connection: Connection, new: Sequence[Article], now: datetime) -> list[str]:
    """Hold what is written in letters that nobody can read; says of which articles, in words."""
    notes = []
    for article in new:
        reason = unreadable_reason(article)
        if reason:
            flags.set_flag(connection, article.id, ArticleFlag.HELD, reason=reason, by=anomalies.HELD_BY, now=now)
            notes.append(f"article {article.id} «{article.title[:80]}» is held: {reason}")
    return notes


def _group_by_article(connection: Connection, found: Sequence[ParsedArticle], source: Source) -> ArticleGroups:
    """What a look tells, each story once, under addresses without marks of sessions, campaigns and ways back."""
    plain = [replace(one, url=remove_tracking(one.url), has_time=_has_time(one, source)) for one in found]
    every = [key for one in plain for key in identity_keys(one, source.timezone)]
    known = stored_keys.find_ambiguous_keys(connection, every)
    # What tells stories apart behind an address that does not: its fragment, which may be ambiguous, too.
    finer = [key for one in plain for key in identity_keys(one, source.timezone, known)] if known else []
    return group_articles(plain, source.timezone, known | stored_keys.find_ambiguous_keys(connection, finer))


def _has_time(found: ParsedArticle, source: Source) -> bool:
    """Whether a source tells a time, and not only a day: what is published at midnight to the second is a day that some
    program has given a time."""
    if found.published is None:
        return True
    local = found.published.astimezone(source.timezone)
    return found.has_time and local != local.replace(hour=0, minute=0, second=0, microsecond=0)


def recompute_backlog(connection: Connection, source: str, rule: FirstGatherRule, now: datetime) -> int:
    """Judge once more which articles of a source were old at its first look, where that was made later than now: a clock
    that is ahead makes old what is young. Returns how many are news after all."""
    state = load_source_state(connection, source)
    if state.first_read is None or state.first_read <= now:
        return 0
    first = (articles.c.source == source) & (articles.c.first_seen == state.first_read)
    young = (
        first & articles.c.backlog.is_(True) & articles.c.has_date.is_(True) & (articles.c.published > now - rule.age)
    )
    return connection.execute(sa.update(articles).where(young).values(backlog=False)).rowcount


def _history(connection: Connection, source: str) -> tuple[int, datetime | None]:
    """How many articles of a source are stored, and when the newest of them came."""
    here = articles.c.source == source
    count = connection.execute(sa.select(sa.func.count()).select_from(articles).where(here)).scalar_one()
    try:
        return count, connection.execute(sa.select(sa.func.max(articles.c.first_seen)).where(here)).scalar()
    except DamagedRow as damage:
        log.warning("%s", damage)
        return count, None


def _check_anomalies(
    connection: Connection,
    source: Source,
    tally: _Tally,
    unchanged: int,
    history: tuple[int, datetime | None],
    last_count: int,
    now: datetime,
) -> str:
    """Hold what looks wrong; returns what staff are to be told of the source."""
    look = anomalies.SourceActivity(
        new=tally.new,
        known=tally.known + len(tally.changed) + unchanged,
        stored=history[0],
        last_count=last_count,
        last_new=history[1],
    )
    judgement = anomalies.detect_anomalies(look, now, source.alert_if_silent_for)
    for article, reason in judgement.hold.items():
        flags.set_flag(connection, article, ArticleFlag.HELD, reason=reason, by=anomalies.HELD_BY, now=now)
    return judgement.tell


@dataclass(slots=True)
class _Tally:
    new: list[Article] = field(default_factory=list)
    changed: list[Article] = field(default_factory=list)
    known: int = 0
    again: dict[str, tuple[StoredArticle, list[ParsedArticle]]] = field(default_factory=dict)  # by article
    doubtful: dict[str, datetime] = field(default_factory=dict)  # dates that are not believed, by article


def _sort_time(found: ParsedArticle, now: datetime) -> datetime:
    return found.published or now


def _store_article(
    connection: Connection,
    source: Source,
    story: ArticleGroup,
    tally: _Tally,
    *,
    authority: str,
    now: datetime,
    is_old: bool,
) -> None:
    found = story.found
    known = _find_match(connection, story, now)
    if known is None:
        article = _article_with_free_id(connection, story, authority=authority, source=source, now=now, is_old=is_old)
        _insert(connection, article, found, now, tally)
        stored_keys.add_keys(connection, article.id, story.keys, new=True)
        source_versions.save_source_version(connection, article.id, SourceVersion(found, source.preferred), {})
        tally.new.append(article)
        return
    stored_keys.add_keys(connection, known.article.id, [key for key in story.keys if key not in known.keys])
    new_here = any(article.id == known.article.id for article in tally.new)
    before = [known.source_versions[found.source].found] if new_here and found.source in known.source_versions else []
    tally.again.setdefault(known.article.id, (known, before))[1].append(found)


def _merge_source_version(
    connection: Connection, source: Source, known: StoredArticle, found: ParsedArticle, tally: _Tally, now: datetime
) -> None:
    """Write down what a source tells of an article that is known, and put the article together anew."""
    id, own = known.article.id, known.source_versions.get(source.name)
    telling = SourceVersion(update_version(own.found if own else None, found), source.preferred)
    source_versions.save_source_version(connection, id, telling, known.source_versions)
    whole = merge_versions(list({**known.source_versions, source.name: telling}.values()))
    article = update_article(known, whole, now)
    if article == known.article:
        tally.known += 1
        return
    _update(connection, article, whole, now, is_version=article.version != known.article.version)
    if article.has_date and not known.article.has_date:
        _release_doubtful_date(connection, id)
    if known.article.has_date and (doubtful := resolve_dates(whole, article.first_seen, now)[2]):
        tally.doubtful[id] = doubtful
    if article.version != known.article.version:
        tally.changed.append(article)
    else:
        tally.known += 1


def _release_doubtful_date(connection: Connection, article: str) -> None:
    """Let go what was held because of its date alone: its source has put that right."""
    held = flags.flags_of_articles(connection, [article]).get(article, {}).get(ArticleFlag.HELD)
    if held and held.actor == anomalies.HELD_BY and held.reason.startswith(anomalies.DOUBTFUL_DATE_PREFIX):
        flags.remove_flag(connection, article, ArticleFlag.HELD)


def _find_match(connection: Connection, story: ArticleGroup, now: datetime) -> StoredArticle | None:
    bearers = stored_keys.find_article_ids(connection, story.keys)
    by_id = {article_id: _load_stored_article(connection, article_id) for article_id in set(bearers.values())}
    return find_match(story.found, story.keys, {key: by_id[article_id] for key, article_id in bearers.items()}, now)


def _load_stored_article(connection: Connection, article_id: str) -> StoredArticle:
    """What the store knows of an article. Where its content cannot be read it is known all the same, so that its source,
    telling it again, puts it right instead of announcing it anew."""
    row = connection.execute(sa.select(*_WITHOUT_CONTENT).where(articles.c.id == article_id)).one()
    its_keys, told = (
        stored_keys.list_keys(connection, article_id),
        source_versions.load_source_versions(connection, article_id),
    )
    try:
        ((content,),) = fetch_all(connection, sa.select(articles.c.content).where(articles.c.id == article_id))
        return StoredArticle(
            apply_content(_article_without_content(row), _content_of(row.id, content)), its_keys, row.sha256, told
        )
    except DamagedRow as damage:
        log.warning("article %s is told anew by its source: %s", article_id, damage)
        return StoredArticle(_article_without_content(row), its_keys, "", told)


def _article_with_free_id(
    connection: Connection,
    story: ArticleGroup,
    *,
    authority: str,
    source: Source,
    now: datetime,
    is_old: bool,
) -> Article:
    for salt in range(100):
        article = new_article(
            story.found, story.keys, authority=authority, zone=source.timezone, now=now, backlog=is_old, salt=salt
        )
        if not connection.execute(sa.select(articles.c.id).where(articles.c.id == article.id)).scalar():
            return article
    raise AssertionError("a hundred ids of ten letters were taken")


def _columns(article: Article, found: ParsedArticle, now: datetime) -> dict[str, Any]:
    return {
        "source": article.source,
        "title": article.title,
        "url": article.url,
        "version": article.version,
        "published": article.published,
        "has_date": article.has_date,
        "doubtful_date": resolve_dates(found, article.first_seen, now)[2],
        "content": parsed_article_to_data(found)
        | {"updated": article.updated.isoformat() if article.updated else None},
        "sha256": content_hash(found),
    }


def _insert(connection: Connection, article: Article, found: ParsedArticle, now: datetime, tally: _Tally) -> None:
    values = _columns(article, found, now)
    own = {name: getattr(article, name) for name in ("id", "feed_id", "first_seen", "backlog")}
    connection.execute(sa.insert(articles).values(values | own))
    _keep_version(connection, article, values, now)
    if values["doubtful_date"]:
        tally.doubtful[article.id] = values["doubtful_date"]


def _update(connection: Connection, article: Article, found: ParsedArticle, now: datetime, *, is_version: bool) -> None:
    values = _columns(article, found, now)
    connection.execute(sa.update(articles).where(articles.c.id == article.id).values(values))
    if is_version:
        _keep_version(connection, article, values, now)


def _keep_version(connection: Connection, article: Article, values: Mapping[str, Any], now: datetime) -> None:
    connection.execute(
        sa.insert(article_versions).values(
            article_id=article.id,
            version=article.version,
            seen=now,
            content=values["content"],
            sha256=values["sha256"],
        )
    )


# -- looking up --------------------------------------------------------------------------------------------------------


def article_from_row(row: Row[Any]) -> Article:
    """An article from its row: its content as the source told it, its identity and history as the store keeps them.

    Raises DamagedRow where the row holds what no article is.
    """
    return apply_content(_article_without_content(row), _content_of(row.id, row.content))


def _article_without_content(row: Row[Any]) -> Article:
    """What the store itself says of an article."""
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
    """What `make` makes of each article that a query gives, in its order; rows that cannot be read are named and passed
    over. Among the query's columns are those of `articles`."""
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
    """The newest of all that may be shown by now, newest first: without those whose time has not come, and those that are
    held because nobody knows when it comes."""
    doubtful = connection.execute(sa.select(articles.c.id).where(articles.c.doubtful_date.is_not(None))).scalars().all()
    held = {id for id, said in flags.flags_of_articles(connection, doubtful).items() if ArticleFlag.HELD in said}
    out = (
        article
        for article in iterate_articles(connection)
        if article.id not in held and article.waits_until(now) is None
    )
    return sorted(islice(out, limit), key=lambda article: article.moment, reverse=True)


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


def list_topics(connection: Connection) -> frozenset[str]:
    """Every topic that an article has had, in any of its versions."""
    query = _TOPICS_PG if connection.dialect.name == "postgresql" else _TOPICS
    return frozenset(topic for topic in connection.execute(query).scalars() if isinstance(topic, str))


# Taken apart by the database: the bodies beside them are a thousand times as large. A row that is damaged has none.
_TOPICS = sa.text(
    "SELECT DISTINCT one.value FROM article_versions, "
    "json_each(CASE WHEN typeof(content) = 'text' AND json_valid(content) THEN content ELSE '{}' END, '$.topics') AS one"
)
_TOPICS_PG = sa.text(
    "SELECT DISTINCT json_array_elements_text(CASE json_typeof(content -> 'topics') WHEN 'array' "
    "THEN content -> 'topics' ELSE CAST('[]' AS json) END) FROM article_versions"
)
