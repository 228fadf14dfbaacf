"""What becomes of a found article: new, changed, or known as it is. Pure; `archive` writes the answer down.

An article is recognised by several keys, because each of them fails somewhere: portals renumber their GUIDs, move to
https, add tracking parameters, and publish one story in two sections. An edit updates what is stored; it never makes
news again.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from ..config.types import FirstGatherRule
from ..model import Article, ParsedArticle, parsed_article_to_data
from ..url_cleaning import canonical_url
from .keys import ANY_SOURCE_PREFIX, DISTINCTIVE_TITLE_WORDS, is_same_article, is_same_title, is_similar_text
from .merging import SourceVersion

_SAME_TEXT = timedelta(days=30)  # between two sources that tell one story in like words; what comes yearly is another
_SAME_NEWS = timedelta(days=3)  # where one of them has only the title
MAX_FUTURE = timedelta(days=14)  # that a portal announces ahead; a later date is a mistake


@dataclass(frozen=True, slots=True)
class StoredArticle:
    """What the store remembers of an article that shares a key with a found one. `tellings` are what its sources have
    told of it, by source."""

    article: Article
    keys: frozenset[str]
    sha256: str
    source_versions: Mapping[str, SourceVersion] = field(default_factory=dict)


def content_hash(found: ParsedArticle) -> str:
    """SHA-256 of what readers see of an article. Its identity and its source do not count, nor does a date that is an
    estimate ("2 giờ trước" names another moment at each look), nor whether its time is known."""
    data = parsed_article_to_data(found)
    for key in ("source", "source_id", "guid", "updated", "has_time"):
        data.pop(key)
    if data.pop("published_estimated"):
        data.pop("published")
    return hashlib.sha256(json.dumps(data, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def find_match(
    found: ParsedArticle, keys: Sequence[str], candidates: Mapping[str, StoredArticle], now: datetime
) -> StoredArticle | None:
    """The stored article that this is, given those that share a key with it (by key). The strongest key decides."""
    for key in keys:
        known = candidates.get(key)
        if known and _is_match(found, keys, key, known, now):
            return known
    return None


def _is_match(found: ParsedArticle, keys: Sequence[str], key: str, known: StoredArticle, now: datetime) -> bool:
    # A source is compared with what it has told itself: another may have put the story into other words.
    own = known.source_versions[found.source].found if found.source in known.source_versions else None
    kind = key.partition(":")[0]
    if key.startswith(ANY_SOURCE_PREFIX):
        return own is None and found.source != known.article.source and _is_undated_match(found, known.article, now)
    if kind == "id":
        return True
    if kind == "guid":
        before = own or known.article
        return canonical_url(found.url) == canonical_url(before.url) or not _is_another(found, before)
    if kind == "url":
        # Some feeds give every item the address of the section: another id of the same source and another title is
        # another story. Two sources never share their ids.
        mine, others = _ids(keys, found.source), _ids(known.keys, found.source)
        if mine and others and not mine & others:
            return is_same_title(found, own or known.article)
        return own is None or not (found.published and own.published and _is_another(found, own))
    if kind == "title" and found.published and (own.published if own else known.article.has_date):
        return False  # a schedule comes each week under one title
    if own or found.source == known.article.source:
        return is_same_article(found, own or known.article)
    return len(found.title.split()) >= DISTINCTIVE_TITLE_WORDS


def _is_undated_match(found: ParsedArticle, before: Article, now: datetime) -> bool:
    """Whether two sources with one title tell one story, where one of them at least gives no date, so that no day can say
    so. Texts that are alike do; without a text it must be news of these days, and not on two pages."""
    if found.published and before.has_date:
        return False
    apart = abs((found.published or now) - before.published)
    if all(one.lead or one.body_html for one in (found, before)):
        return apart <= _SAME_TEXT and is_similar_text(found, before)
    return apart <= _SAME_NEWS and not (found.url and before.url)


def _ids(keys: Iterable[str], source: str) -> set[str]:
    return {key for key in keys if key.startswith((f"id:{source}:", f"guid:{source}:"))}


def _is_another(found: ParsedArticle, before: ParsedArticle | Article) -> bool:
    """Whether title, text and date are all others, so that nothing but a key speaks for one story: a portal has given a
    number once more, or writes each day's rates on one page."""
    same_time = found.published is not None and found.published == before.published
    has_text = bool(before.body_html or before.lead)
    return has_text and not (same_time or is_same_title(found, before) or is_similar_text(found, before))


def new_article(
    found: ParsedArticle,
    keys: Sequence[str],
    *,
    authority: str,
    zone: ZoneInfo,
    now: datetime,
    backlog: bool,
    salt: int = 0,
) -> Article:
    """An article as it enters the store. Its id comes from its strongest key, so that a rebuilt store gives it again.

    `authority` is the host of the site: the feed id is `tag:HOST,DAY:ID` (RFC 4151) and is kept for ever. `salt` makes
    another id where one is taken.
    """
    seed = keys[0] if keys else found.title
    digest = hashlib.sha256(f"{seed}#{salt}".encode() if salt else seed.encode()).digest()
    short = base64.b32encode(digest)[:10].decode().lower()
    published, has_date, _ = resolve_dates(found, now, now)
    day = published.astimezone(zone).strftime("%Y-%m-%d")
    article = Article(
        id=short,
        feed_id=f"tag:{authority},{day}:{short}",
        source=found.source,
        title=found.title,
        published=published,
        first_seen=now,
        backlog=backlog,
        has_date=has_date,
    )
    return apply_content(article, found)


def resolve_dates(found: ParsedArticle, first_seen: datetime, now: datetime) -> tuple[datetime, bool, datetime | None]:
    """When an article counts as published, whether that is its own date, and the date that its source tells where that is
    not believed: a date far ahead is a slip of the keyboard. Who gives an embargo as well means it."""
    told = found.published.astimezone(UTC) if found.published else None
    if told and (told <= now + MAX_FUTURE or found.publish_at):
        return told, True, None
    return first_seen, False, told


def update_article(known: StoredArticle, found: ParsedArticle, now: datetime) -> Article:
    """The article as it is now that its sources tell it so. It keeps its id, its feed id and whether it was news; where
    readers see a difference it is the next version."""
    published, has_date, _ = resolve_dates(found, known.article.first_seen, now)
    if known.article.has_date and has_date and known.article.published <= published - timedelta(days=1):
        published = known.article.published  # from before its sources' own dates were kept
    same = replace(known.article, source=found.source, title=found.title, published=published, has_date=has_date)
    same = apply_content(same, found)
    if known.sha256 == content_hash(found):
        return replace(same, updated=known.article.updated)
    return replace(same, version=known.article.version + 1, updated=found.updated or now)


def apply_content(article: Article, found: ParsedArticle) -> Article:
    """The article with what the source tells; its identity and history stay."""
    return replace(
        article,
        source_id=found.source_id,
        url=found.url,
        lead=found.lead,
        body_html=found.body_html,
        author=found.author,
        updated=found.updated,
        publish_at=found.publish_at,
        topics=found.topics,
        image=found.image,
        language=found.language,
        has_time=found.has_time or not article.has_date,
    )


def find_backlog(found: Sequence[ParsedArticle], rule: FirstGatherRule, now: datetime) -> frozenset[int]:
    """Which of the articles of a source's first look are old: their positions.

    News are the `newest` articles and those younger than `age`; an article without a date takes its place in the list.
    """
    order = sorted(
        range(len(found)), key=lambda i: (found[i].published or datetime.min.replace(tzinfo=UTC), -i), reverse=True
    )
    news = set(order[: rule.newest])
    news |= {i for i, article in enumerate(found) if article.published and article.published > now - rule.age}
    return frozenset(range(len(found))) - news


def host_of(url: str) -> str:
    return urlsplit(url).hostname or "localhost"
