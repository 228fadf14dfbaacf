"""The keys under which an article is known, and which of them identify nothing. Pure.

Any one key recognises an article; the first ones are the strongest. A portal may renumber its GUIDs, move to https or add
tracking parameters: some key survives. What several articles of one gathering have in common (the GUID `N/A`, the address
of the section) tells none of them from the others, and is no key from then on.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from ..model import ParsedArticle
from ..url_cleaning import canonical_url, remove_tracking, significant_fragment

ANY_SOURCE_PREFIX = "title::"  # begins the key of a title whatever source has it; no source has an empty name
DISTINCTIVE_TITLE_WORDS = 4  # words; a shorter title ("Thông báo") says too little to recognise an article
_WORD = re.compile(r"[^\W_]+")
_LONGEST = 400  # characters that the store keeps of a key
_STRONG = ("id:", "guid:", "url:")
_TAG = re.compile(r"<[^<>]*>")
_MOST_COMPARED = 10_000  # characters of a text: enough to tell articles apart
_ALIKE = 0.7  # of the shorter text's sequences of three words: an edit keeps more, another article of one form less
_DISTINCTIVE_TEXT_LENGTH = 80  # characters; a shorter one ("Xem chi tiết tại đây") is found below many headlines
_MAX_EXAMPLES = 3


class ComparableArticle(Protocol):
    """What two versions of an article are compared by: a parsed article or a stored one."""

    @property
    def title(self) -> str: ...
    @property
    def lead(self) -> str: ...
    @property
    def body_html(self) -> str: ...


def normalize_article(found: ParsedArticle, zone: ZoneInfo) -> ParsedArticle:
    """The article with an address without session ids, campaign parameters and return links. A time of midnight to the
    second is a day that some program has given a time: it counts as a day alone."""
    local = found.published.astimezone(zone) if found.published else None
    has_time = local is None or (found.has_time and local != local.replace(hour=0, minute=0, second=0, microsecond=0))
    return replace(found, url=remove_tracking(found.url), has_time=has_time)


def identity_keys(found: ParsedArticle, zone: ZoneInfo, ambiguous: Collection[str] = ()) -> tuple[str, ...]:
    """Every key of a found article, strongest first, without those that are `ambiguous`. `zone` gives the local day of its
    publication."""
    keys = []
    if found.source_id:
        keys.append(source_id_key(found.source, found.source_id))
    if found.guid:
        keys.append(f"guid:{found.source}:{remove_tracking(found.guid)}")
    if found.url:
        keys += _address_keys(found.url, ambiguous)
    title = " ".join(_words(found.title))
    if title and found.published:
        keys.append(f"day:{found.published.astimezone(zone):%Y-%m-%d}:{_short(title)}")
    keys.append(f"title:{found.source}:{_short(title)}")
    if len(_words(found.title)) >= DISTINCTIVE_TITLE_WORDS:
        keys.append(f"{ANY_SOURCE_PREFIX}{_short(title)}")
    return tuple(key for key in dict.fromkeys(map(_shortened, keys)) if key not in ambiguous)


def source_id_key(source: str, source_id: str) -> str:
    """The key of what a source calls an article."""
    return _shortened(f"id:{source}:{source_id}")


def _shortened(key: str) -> str:
    return key if len(key) <= _LONGEST else f"{key[:300]}#{_short(key)}"


def _address_keys(url: str, ambiguous: Collection[str]) -> list[str]:
    """The key of an address; with its fragment where several articles share the rest."""
    canonical = canonical_url(url)
    key = f"url:{canonical}"
    if key not in ambiguous:
        return [key]
    fragment = significant_fragment(url)
    return [f"{key}#{fragment}"] if fragment and not canonical.endswith(f"#{fragment}") else []


# -- one gathering -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ArticleGroup:
    """One article of a gathering, with its keys. `found` merges all that the gathering found of it."""

    found: ParsedArticle
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ArticleGroups:
    """The articles of one gathering, in its order. `ambiguous` are the keys that several of them share: by how many."""

    articles: tuple[ArticleGroup, ...]
    ambiguous: Mapping[str, int] = field(default_factory=dict)


def group_articles(found: Sequence[ParsedArticle], zone: ZoneInfo, ambiguous: Collection[str] = ()) -> ArticleGroups:
    """The articles of one gathering of a source, each once. `ambiguous` are keys that identified nothing before."""
    shared: dict[str, int] = {}
    while True:
        keys = [identity_keys(one, zone, {*ambiguous, *shared}) for one in found]
        more = _shared(found, keys)
        if not more:
            break
        shared |= more
    groups = _joined(found, keys)
    made = [
        ArticleGroup(
            merge_group([found[at] for at in group]), tuple(dict.fromkeys(key for at in group for key in keys[at]))
        )
        for group in groups
    ]
    return ArticleGroups(tuple(replace(one, keys=tuple(sorted(one.keys, key=_strength))) for one in made), shared)


def _joined(found: Sequence[ParsedArticle], keys: Sequence[Sequence[str]]) -> list[list[int]]:
    """The positions of parsed articles, grouped by the article that they are: by ids and addresses first, since an undated
    one would otherwise join the first of several weeks that have its title."""
    group_of = [[at] for at in range(len(found))]
    first: dict[str, int] = {}
    for strong in (True, False):
        for at, its in enumerate(keys):
            for key in its:
                if key.startswith(_STRONG) is not strong:
                    continue
                one, other = group_of[first.setdefault(key, at)], group_of[at]
                if one is not other and (strong or _is_linked_by_key(key, one, other, found)):
                    one += other
                    for member in other:
                        group_of[member] = one
    return [sorted(group) for group in {id(group): group for group in group_of}.values()]


def _is_linked_by_key(key: str, one: Sequence[int], other: Sequence[int], found: Sequence[ParsedArticle]) -> bool:
    """Whether two groups that have a title or day in common are one article, with nothing in either against it."""
    pairs = [(found[a], found[b]) for a in one for b in other]
    if any(_are_apart(a, b) or (key.startswith("title:") and a.published and b.published) for a, b in pairs):
        return False
    return is_same_article(*pairs[0])


def _is_one_article(one: ParsedArticle, other: ParsedArticle) -> bool:
    """Whether two of one gathering with an id or address in common are one article."""
    return is_same_article(one, other) and not _are_apart(one, other)


def _are_apart(one: ParsedArticle, other: ParsedArticle) -> bool:
    """A schedule is published each week under one title, in the same form: other days on other pages are other articles."""
    other_page = one.url and other.url and _page(one) != _page(other)
    other_day = one.published and other.published and abs(one.published - other.published) >= _DAY
    return bool(other_page and other_day)


def _page(found: ParsedArticle) -> tuple[str, str]:
    return canonical_url(found.url), significant_fragment(found.url)


def _strength(key: str) -> int:
    return ("id", "guid", "url", "day", "title").index(key.partition(":")[0])


def _shared(found: Sequence[ParsedArticle], keys: Sequence[Sequence[str]]) -> dict[str, int]:
    """The ids and addresses that different articles share, with how many do."""
    bearers: dict[str, list[ParsedArticle]] = {}
    for one, its in zip(found, keys, strict=True):
        for key in its:
            if key.startswith(_STRONG):
                bearers.setdefault(key, []).append(one)
    return {key: len(all) for key, all in bearers.items() if any(not _is_one_article(all[0], one) for one in all[1:])}


def merge_group(versions: Sequence[ParsedArticle]) -> ParsedArticle:
    """What a gathering found of an article in several places: the newest version, and all topics."""
    if len(versions) == 1:
        return versions[0]
    best = max(versions, key=lambda one: (one.updated or one.published or _NEVER, len(one.body_html)))
    topics = tuple(dict.fromkeys(topic for one in [best, *versions] for topic in one.topics))
    return replace(best, topics=topics)


_DAY = timedelta(days=1)
_NEVER = datetime.min.replace(tzinfo=UTC)


def describe_ambiguous_keys(found: ArticleGroups) -> list[str]:
    """For staff: which ids and addresses of a gathering identify nothing. An address whose fragment tells its articles apart
    does."""
    lines = []
    with_fragment = {key.partition("#")[0] for group in found.articles for key in group.keys if key.startswith("url:")}
    for key, count in found.ambiguous.items():
        if key in with_fragment:
            continue
        kind, _, rest = key.partition(":")
        what, value = ("address", rest) if kind == "url" else ("id", rest.partition(":")[2])
        instead = "title and day" if kind == "url" else "address, title and day"
        lines.append(
            f"{count} articles have one {what}, {value[:200]!r}: it identifies none; {instead} tell them apart"
        )
    more = len(lines) - _MAX_EXAMPLES
    return lines[:_MAX_EXAMPLES] + ([f"{more} more ids or addresses identify nothing"] if more > 0 else [])


# -- two versions ------------------------------------------------------------------------------------------------------


def is_same_article(one: ComparableArticle, other: ComparableArticle) -> bool:
    """Whether two versions from one source are one article, by their words alone: their titles are the same, and say enough
    or come with the same lead, and their texts are alike; or the headline is all that has changed."""
    if _words(one.title) != _words(other.title):
        text = (one.lead, one.body_html)
        return sum(map(len, text)) >= _DISTINCTIVE_TEXT_LENGTH and text == (other.lead, other.body_html)
    distinctive = len(_words(one.title)) >= DISTINCTIVE_TITLE_WORDS
    return (distinctive or one.lead.casefold() == other.lead.casefold()) and is_similar_text(one, other)


def is_same_title(one: ComparableArticle, other: ComparableArticle) -> bool:
    return _words(one.title) == _words(other.title)


def is_similar_text(one: ComparableArticle, other: ComparableArticle) -> bool:
    """Whether two texts may be one before and after an edit, or one a part of the other. An empty text says nothing."""
    first, second = _text(one), _text(other)
    if not first or not second or first == second:
        return True
    a, b = _sequences(first), _sequences(second)
    return len(a & b) >= _ALIKE * min(len(a), len(b))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _text(article: ComparableArticle) -> list[str]:
    return _words(f"{article.lead} {_TAG.sub(' ', article.body_html[:_MOST_COMPARED])}")


def _sequences(words: Sequence[str]) -> set[tuple[str, ...]]:
    return {tuple(words[at : at + 3]) for at in range(max(1, len(words) - 2))}


def _short(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:24]
