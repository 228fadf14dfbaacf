"""What staff type, searched: articles by id, by the address of their page or by words of their title; unknown topics."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import partial

import sqlalchemy as sa
from sqlalchemy import Connection

from ..model import Article
from ..storage.rows import skip_damaged, stream_rows
from ..storage.tables import article_keys, articles
from ..url_cleaning import canonical_url, remove_tracking
from .keys import source_id_key
from .repository import find_article, newest_first

_MARKS = re.compile(r"[\u0300-\u036f]")
_WEB = re.compile(r"https?://", re.IGNORECASE)
SHORTEST_BEGINNING = 4  # characters of an id by which an article can be named
_CLOSE = 0.6  # of difflib's measure, from which a topic may have been meant


def fold_text(text: str) -> str:
    """Text as it is searched: lower case without diacritics, so that `duong tinh` finds «Đường tỉnh»."""
    bare = _MARKS.sub("", unicodedata.normalize("NFD", text.casefold()))
    return " ".join(bare.replace("đ", "d").split())


def matches_query(wanted: str, title: str, url: str = "") -> bool:
    """Whether a title holds all the words of a query, each perhaps only in part, or an address holds the query. Words that
    are written with diacritics must have them. Pure."""
    asked, whole = wanted.casefold().strip(), title.casefold()
    if not asked:
        return False
    bare = fold_text(whole)
    words = unicodedata.normalize("NFC", asked).split()
    return all(word in (bare if word.isascii() else whole) for word in words) or asked in url.casefold()


def find_exact_article(connection: Connection, asked: str) -> Article | None:
    """The article with an id, or with the address of its page, however that is written; None where there is none."""
    asked = asked.strip()
    found = find_article(connection, asked)
    if found or not _WEB.match(asked):
        return found
    key = sa.select(article_keys.c.article_id).where(article_keys.c.key == f"url:{canonical_url(asked)}")
    id = connection.execute(key).scalar()
    if id is None:
        id = connection.execute(
            sa.select(articles.c.id).where(articles.c.url.in_([asked, remove_tracking(asked)])).limit(1)
        ).scalar()
    return find_article(connection, id) if id else None


def find_by_beginning(connection: Connection, asked: str, limit: int) -> list[Article]:
    """The articles whose ids begin with these characters, up to `limit`; none where it are fewer than four."""
    beginning = asked.strip().lower()
    if len(beginning) < SHORTEST_BEGINNING:
        return []
    query = sa.select(articles.c.id).where(articles.c.id.startswith(beginning, autoescape=True))
    ids = connection.execute(query.order_by(articles.c.id).limit(limit)).scalars().all()
    return [one for one in skip_damaged(ids, partial(find_article, connection)) if one]


def find_by_source_id(connection: Connection, source: str, source_id: str) -> Article | None:
    """The article that a source knows by an id of its own; None where there is none."""
    query = sa.select(article_keys.c.article_id).where(article_keys.c.key == source_id_key(source, source_id))
    id = connection.execute(query).scalar()
    return find_article(connection, id) if id else None


def search_articles(connection: Connection, asked: str, source: str | None = None) -> Iterator[Article]:
    """The articles that match a query, newest first: the very one by id or address, or all whose title or address matches.
    Only their ids are held in memory."""
    found = find_exact_article(connection, asked)
    if found:
        yield from [found] if source in (None, found.source) else []
        return
    query = sa.select(articles.c.id, articles.c.title, articles.c.url)
    query = query.where(articles.c.source == source) if source else query
    rows = stream_rows(connection, query.order_by(*newest_first()))
    ids = [id for id, title, url in rows if matches_query(asked, title, url)]
    for id in ids:
        yield from (one for one in skip_damaged([id], partial(find_article, connection)) if one)


def describe_unknown_topics(wanted: Iterable[str], known: Iterable[str]) -> list[str]:
    """A line for each topic that no article and no source has ever had, in the order given, with the nearest one that is
    known. Nothing is refused for it: a topic may be meant for articles to come. Pure.

    Case does not count, as everywhere where topics are compared.
    """
    topics = sorted(set(known))
    folded = {topic.casefold() for topic in topics}
    unknown = dict.fromkeys(topic for topic in wanted if topic.casefold() not in folded)
    return [f"no article and no source has ever had the topic {topic!r}{_hint(topic, topics)}" for topic in unknown]


def _hint(topic: str, known: list[str]) -> str:
    by_folded = {fold_text(one): one for one in reversed(known)}
    close = difflib.get_close_matches(fold_text(topic), by_folded, n=1, cutoff=_CLOSE)
    return f"; did you mean {by_folded[close[0]]!r}?" if close else ""
