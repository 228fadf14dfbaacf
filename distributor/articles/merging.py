"""One article merged from the versions of its sources: the fuller text, all topics, the better date. Pure.

The same versions give the same article, in whatever order they came: each rule chooses among all of them.

    text, language, source  of the fullest version; of several about as full, of a source with `preferred: true`
    title, lead, address    of a source with `preferred: true`, else of the fullest; what it lacks, of the next
    author                  the fullest name: a person before an organisation, and that before an account
    published               the earliest day; on it a time before a day alone, and the earlier of two
    topics                  all
    image                   one that can be shown before one that is only described; then as the title
    updated, embargo        the latest
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar

from ..model import Image, ParsedArticle

T = TypeVar("T")

_ABOUT_AS_FULL = 0.9  # of the longest text: the rest may be a caption or a line of the page
_DAY = timedelta(days=1)
_TAG = re.compile(r"<[^<>]*>")
_WORD = re.compile(r"[^\W_]+")
_ORGANISATION = re.compile(
    r"(?:báo|đài|sở|cổng|ban|phòng|trung tâm|văn phòng|tòa soạn|ubnd|hđnd|ttxvn|admin\w*|quản trị\w*|editor\w*|bbt|ctv)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class SourceVersion:
    """An article as one source has published it. `lead`: the newsroom prefers this source."""

    found: ParsedArticle
    lead: bool = False


def merge_versions(versions: Sequence[SourceVersion]) -> ParsedArticle:
    """The article that these versions make; at least one, each of another source."""
    if len(versions) == 1:
        return versions[0].found
    sizes = {one.found.source: _size(one.found) for one in versions}
    longest = max(sizes.values())
    by_size = sorted(versions, key=lambda one: (-sizes[one.found.source], one.found.source))
    full = [one for one in by_size if sizes[one.found.source] >= _ABOUT_AS_FULL * longest]
    base = next((one for one in full if one.lead), full[0])
    order = [one.found for one in sorted(by_size, key=lambda one: (not one.lead, one is not base))]
    whole = replace(
        base.found,
        title=order[0].title,
        lead=_first(order, lambda one: one.lead),
        url=_first(order, lambda one: one.url),
        author=max((one.author for one in order), key=_author_rank),
        updated=max((one.updated for one in order if one.updated), default=None),
        publish_at=max((one.publish_at for one in order if one.publish_at), default=None),
        topics=_topics(order),
        image=_image([one.image for one in order if one.image]),
    )
    return _copy_date(whole, choose_date_source(order))


def update_version(before: ParsedArticle | None, now: ParsedArticle) -> ParsedArticle:
    """The new version from a source, after its earlier one. Its words are the new ones; its date is the better of both,
    since portals move the date of what they edit."""
    if before is None:
        return now
    dated = before if before.published_estimated and now.published_estimated else choose_date_source([before, now])
    return _copy_date(now, dated)


def choose_date_source(versions: Iterable[ParsedArticle]) -> ParsedArticle | None:
    """The version whose date is the article's; None where none has one.

    The earliest day is right, as edits come later; within it a time is worth more than an estimate ("2 giờ trước"), and
    that more than a day alone.
    """
    dated = [(one.published, one) for one in versions if one.published]
    if not dated:
        return None
    earliest = min(moment for moment, _ in dated)
    near = [(moment, one) for moment, one in dated if moment < earliest + _DAY]
    return min(near, key=lambda each: (not each[1].has_time, each[1].published_estimated, each[0]))[1]


def _copy_date(found: ParsedArticle, like: ParsedArticle | None) -> ParsedArticle:
    if like is None:
        return replace(found, published=None, has_time=True, published_estimated=False)
    estimated = like.published_estimated
    return replace(found, published=like.published, has_time=like.has_time, published_estimated=estimated)


def _size(found: ParsedArticle) -> int:
    return sum(map(len, _WORD.findall(_TAG.sub(" ", found.body_html))))


def _first(order: Sequence[ParsedArticle], field: Callable[[ParsedArticle], str]) -> str:
    return next(filter(None, map(field, order)), "")


def _author_rank(author: str) -> int:
    """How well a name says who wrote the article: a person's in full, a single name or an organisation, an account."""
    words = author.split()
    if not words:
        return 0
    if "@" in author or any(map(str.isdigit, author)) or author == author.lower():
        return 1
    return 2 if len(words) == 1 or _ORGANISATION.match(author) else 3


def _topics(order: Sequence[ParsedArticle]) -> tuple[str, ...]:
    known: dict[str, str] = {}
    for topic in (topic for one in order for topic in one.topics):
        known.setdefault(topic.casefold(), topic)
    return tuple(known.values())


def _image(images: Sequence[Image]) -> Image | None:
    """The first image that can be shown, with the caption that another source has for it."""
    if not images:
        return None
    best = next((one for one in images if one.url), images[0])
    alike = [one for one in images if one.url in ("", best.url)]
    caption = best.caption or next((one.caption for one in alike if one.caption), "")
    return replace(best, caption=caption, alt=best.alt or next((one.alt for one in alike if one.alt), "") or caption)
