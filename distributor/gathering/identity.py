"""The keys under which a story is known, and which of them identify nothing. Pure.

Any one key recognises a story; the first ones are the strongest. A portal may renumber its GUIDs, move to https or add
tracking parameters: some key survives. What stands on several stories of one look (the GUID `N/A`, the address of the
section) tells none of them from the others, and is no key from then on.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from ..model import FoundArticle
from ..url_marks import canonical_url, fragment_of, without_marks

__all__ = [
    "ANY_SOURCE",
    "TELLING_TITLE",
    "ComparableStory",
    "Stories",
    "StoryGroup",
    "alike",
    "ambiguous_in_words",
    "canonical_url",
    "identity_keys",
    "same_story",
    "same_title",
    "stories",
    "together",
]

ANY_SOURCE = "title::"  # begins the key of a title whatever source has it; no source has an empty name
TELLING_TITLE = 4  # words; a shorter title ("Thông báo") says too little to recognise a story
_WORD = re.compile(r"[^\W_]+")
_LONGEST = 400  # characters that the store keeps of a key
_STRONG = ("id:", "guid:", "url:")
_TAG = re.compile(r"<[^<>]*>")
_MOST_COMPARED = 10_000  # characters of a text: enough to tell stories apart
_ALIKE = 0.7  # of the shorter text's sequences of three words: an edit keeps more, another story of one form less
_TELLING_TEXT = 80  # characters; a shorter one ("Xem chi tiết tại đây") stands below many headlines
_MOST_TOLD = 3


class ComparableStory(Protocol):
    """What two tellings of a story are compared by: a found article or a stored one."""

    @property
    def title(self) -> str: ...
    @property
    def lead(self) -> str: ...
    @property
    def body_html(self) -> str: ...


def identity_keys(found: FoundArticle, zone: ZoneInfo, ambiguous: Collection[str] = ()) -> tuple[str, ...]:
    """Every key of a found article, strongest first, without those that are `ambiguous`. `zone` tells on which local day
    it was published."""
    keys = []
    if found.source_id:
        keys.append(f"id:{found.source}:{found.source_id}")
    if found.guid:
        keys.append(f"guid:{found.source}:{without_marks(found.guid)}")
    if found.url:
        keys += _address_keys(found.url, ambiguous)
    title = " ".join(_words(found.title))
    if title and found.published:
        keys.append(f"day:{found.published.astimezone(zone):%Y-%m-%d}:{_short(title)}")
    keys.append(f"title:{found.source}:{_short(title)}")
    if len(_words(found.title)) >= TELLING_TITLE:
        keys.append(f"{ANY_SOURCE}{_short(title)}")
    shortened = (key if len(key) <= _LONGEST else f"{key[:300]}#{_short(key)}" for key in keys)
    return tuple(key for key in dict.fromkeys(shortened) if key not in ambiguous)


def _address_keys(url: str, ambiguous: Collection[str]) -> list[str]:
    """The key of an address; with its fragment where the rest stands on several stories."""
    canonical = canonical_url(url)
    key = f"url:{canonical}"
    if key not in ambiguous:
        return [key]
    fragment = fragment_of(url)
    return [f"{key}#{fragment}"] if fragment and not canonical.endswith(f"#{fragment}") else []


# -- one look ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StoryGroup:
    """One story of a look, with its keys. `found` puts together what the look tells of it."""

    found: FoundArticle
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stories:
    """The stories of one look, in its order. `ambiguous` are the keys that stand on several of them: on how many."""

    stories: tuple[StoryGroup, ...]
    ambiguous: Mapping[str, int] = field(default_factory=dict)


def stories(found: Sequence[FoundArticle], zone: ZoneInfo, ambiguous: Collection[str] = ()) -> Stories:
    """The articles of one look at one source as stories, each once. `ambiguous` are keys that identified nothing before."""
    shared: dict[str, int] = {}
    while True:
        keys = [identity_keys(one, zone, {*ambiguous, *shared}) for one in found]
        more = _shared(found, keys)
        if not more:
            break
        shared |= more
    groups = _joined(found, keys)
    made = [
        StoryGroup(together([found[at] for at in group]), tuple(dict.fromkeys(key for at in group for key in keys[at])))
        for group in groups
    ]
    return Stories(tuple(replace(one, keys=tuple(sorted(one.keys, key=_strength))) for one in made), shared)


def _joined(found: Sequence[FoundArticle], keys: Sequence[Sequence[str]]) -> list[list[int]]:
    """The positions of the articles of a look, those together that are one story: by ids and addresses first, since an
    undated article of one title would otherwise join the first best of several weeks."""
    group_of = [[at] for at in range(len(found))]
    first: dict[str, int] = {}
    for strong in (True, False):
        for at, its in enumerate(keys):
            for key in its:
                if key.startswith(_STRONG) is not strong:
                    continue
                one, other = group_of[first.setdefault(key, at)], group_of[at]
                if one is not other and (strong or _are_told_by(key, one, other, found)):
                    one += other
                    for member in other:
                        group_of[member] = one
    return [sorted(group) for group in {id(group): group for group in group_of}.values()]


def _are_told_by(key: str, one: Sequence[int], other: Sequence[int], found: Sequence[FoundArticle]) -> bool:
    """Whether two groups of a look that have a title or day in common are one story, with nothing in either against it."""
    pairs = [(found[a], found[b]) for a in one for b in other]
    if any(_are_apart(a, b) or (key.startswith("title:") and a.published and b.published) for a, b in pairs):
        return False
    return same_story(*pairs[0])


def _is_one(one: FoundArticle, other: FoundArticle) -> bool:
    """Whether two articles of one look with an id or address in common are one story."""
    return same_story(one, other) and not _are_apart(one, other)


def _are_apart(one: FoundArticle, other: FoundArticle) -> bool:
    """A schedule is published each week under one title, in the same form: other days on other pages are other stories."""
    other_page = one.url and other.url and _page(one) != _page(other)
    other_day = one.published and other.published and abs(one.published - other.published) >= _DAY
    return bool(other_page and other_day)


def _page(found: FoundArticle) -> tuple[str, str]:
    return canonical_url(found.url), fragment_of(found.url)


def _strength(key: str) -> int:
    return ("id", "guid", "url", "day", "title").index(key.partition(":")[0])


def _shared(found: Sequence[FoundArticle], keys: Sequence[Sequence[str]]) -> dict[str, int]:
    """The ids and addresses that stand on stories which are not the same, and on how many articles they stand."""
    bearers: dict[str, list[FoundArticle]] = {}
    for one, its in zip(found, keys, strict=True):
        for key in its:
            if key.startswith(_STRONG):
                bearers.setdefault(key, []).append(one)
    return {key: len(all) for key, all in bearers.items() if any(not _is_one(all[0], one) for one in all[1:])}


def together(tellings: Sequence[FoundArticle]) -> FoundArticle:
    """What a look tells of a story in several places: the newest telling, and all topics."""
    if len(tellings) == 1:
        return tellings[0]
    best = max(tellings, key=lambda one: (one.updated or one.published or _NEVER, len(one.body_html)))
    topics = tuple(dict.fromkeys(topic for one in [best, *tellings] for topic in one.topics))
    return replace(best, topics=topics)


_DAY = timedelta(days=1)
_NEVER = datetime.min.replace(tzinfo=UTC)


def ambiguous_in_words(look: Stories) -> list[str]:
    """For staff: which ids and addresses of a look identify nothing. An address that tells its stories apart by the
    fragment does."""
    lines = []
    told_by_fragment = {key.partition("#")[0] for story in look.stories for key in story.keys if key.startswith("url:")}
    for key, count in look.ambiguous.items():
        if key in told_by_fragment:
            continue
        kind, _, rest = key.partition(":")
        what, value = ("address", rest) if kind == "url" else ("id", rest.partition(":")[2])
        told_by = "title and day" if kind == "url" else "address, title and day"
        lines.append(
            f"{count} articles have one {what}, {value[:200]!r}: it identifies none; {told_by} tell them apart"
        )
    more = len(lines) - _MOST_TOLD
    return lines[:_MOST_TOLD] + ([f"{more} more ids or addresses identify nothing"] if more > 0 else [])


# -- two tellings ------------------------------------------------------------------------------------------------------


def same_story(one: ComparableStory, other: ComparableStory) -> bool:
    """Whether two tellings of one source are of one story, by their words alone: their titles are the same, and say enough
    or stand above one lead, and their texts are alike; or the headline is all that has changed."""
    if _words(one.title) != _words(other.title):
        text = (one.lead, one.body_html)
        return sum(map(len, text)) >= _TELLING_TEXT and text == (other.lead, other.body_html)
    telling = len(_words(one.title)) >= TELLING_TITLE
    return (telling or one.lead.casefold() == other.lead.casefold()) and alike(one, other)


def same_title(one: ComparableStory, other: ComparableStory) -> bool:
    return _words(one.title) == _words(other.title)


def alike(one: ComparableStory, other: ComparableStory) -> bool:
    """Whether two texts may be one before and after an edit, or one a part of the other. Who has no text says nothing."""
    first, second = _text(one), _text(other)
    if not first or not second or first == second:
        return True
    a, b = _sequences(first), _sequences(second)
    return len(a & b) >= _ALIKE * min(len(a), len(b))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _text(told: ComparableStory) -> list[str]:
    return _words(f"{told.lead} {_TAG.sub(' ', told.body_html[:_MOST_COMPARED])}")


def _sequences(words: Sequence[str]) -> set[tuple[str, ...]]:
    return {tuple(words[at : at + 3]) for at in range(max(1, len(words) - 2))}


def _short(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:24]
