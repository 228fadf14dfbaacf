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
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from ..config import FirstLook
from ..model import Article, FoundArticle, found_to_data
from .identity import TELLING_TITLE, alike, canonical_url, same_story, same_title


class Verdict(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    KNOWN = "known"


@dataclass(frozen=True, slots=True)
class Known:
    """What the store remembers of an article that shares a key with a found one."""

    article: Article
    keys: frozenset[str]
    sha256: str


def content_hash(found: FoundArticle) -> str:
    """SHA-256 of what readers see of an article. Its identity and its source do not count, nor does a date that is an
    estimate: "2 giờ trước" names another moment at each look."""
    data = found_to_data(found)
    for key in ("source", "source_id", "guid", "updated"):
        data.pop(key)
    if data.pop("published_estimated"):
        data.pop("published")
    return hashlib.sha256(json.dumps(data, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def recognise(found: FoundArticle, keys: Sequence[str], candidates: Mapping[str, Known]) -> Known | None:
    """The stored article that this is, given those that share a key with it (by key). The strongest key decides."""
    for key in keys:
        known = candidates.get(key)
        if known and _same(found, keys, key, known):
            return known
    return None


def _same(found: FoundArticle, keys: Sequence[str], key: str, known: Known) -> bool:
    article = known.article
    kind = key.partition(":")[0]
    if kind == "id":
        return True
    if kind == "guid":
        same_page = canonical_url(found.url) == canonical_url(article.url)
        return same_page or not _is_another(found, article)
    if kind == "url":
        # Some feeds give every item the address of the section: another id of the same source and another title is
        # another story. Two sources never share their ids.
        own, others = _ids(keys, found.source), _ids(known.keys, found.source)
        if own and others and not own & others:
            return same_title(found, article)
        return not (found.published and article.dated and _is_another(found, article))
    if kind == "title" and found.published and article.dated:
        return False  # a schedule comes each week under one title
    if found.source == article.source:
        return same_story(found, article)
    return len(found.title.split()) >= TELLING_TITLE


def _ids(keys: Iterable[str], source: str) -> set[str]:
    return {key for key in keys if key.startswith((f"id:{source}:", f"guid:{source}:"))}


def _is_another(found: FoundArticle, article: Article) -> bool:
    """Whether title, text and date are all others, so that nothing but a key speaks for one story: a portal has given a
    number once more, or writes each day's rates on one page."""
    same_time = found.published and article.dated and found.published == article.published
    has_text = bool(article.body_html or article.lead)
    return has_text and not (same_time or same_title(found, article) or alike(found, article))


def new_article(
    found: FoundArticle,
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
    published = found.published or now
    day = published.astimezone(zone).strftime("%Y-%m-%d")
    article = Article(
        id=short,
        feed_id=f"tag:{authority},{day}:{short}",
        source=found.source,
        title=found.title,
        published=published.astimezone(UTC),
        first_seen=now,
        backlog=backlog,
        dated=found.published is not None,
    )
    return with_content(article, found)


def changed_article(known: Article, found: FoundArticle, now: datetime) -> Article:
    """The next version. It keeps its id, its feed id, the time it was published and whether it was news."""
    updated = found.updated or now
    return replace(with_content(known, found), title=found.title, version=known.version + 1, updated=updated)


def with_content(article: Article, found: FoundArticle) -> Article:
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
    )


def backlog(found: Sequence[FoundArticle], rule: FirstLook, now: datetime) -> frozenset[int]:
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
