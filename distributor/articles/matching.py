"""What becomes of the articles of one gathering: new, changed, or known as they are. Pure; `repository` writes it down.

An article is recognised by several keys, because each of them fails somewhere: portals renumber their GUIDs, move to
https, add tracking parameters, and publish one article in two sections. An edit updates what is stored; it never makes
news again.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count, repeat
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from ..config.types import FirstGatherRule
from ..gathering import anomalies
from ..gathering.validation import unreadable_reason
from ..model import Article, ParsedArticle, parsed_article_to_data
from ..source import Source
from ..url_cleaning import canonical_url
from .keys import (
    ANY_SOURCE_PREFIX,
    DISTINCTIVE_TITLE_WORDS,
    ArticleGroup,
    ArticleGroups,
    describe_ambiguous_keys,
    is_same_article,
    is_same_title,
    is_similar_text,
    merge_group,
)
from .merging import SourceVersion, merge_versions, update_version

_SAME_TEXT = timedelta(days=30)  # between two sources with one article in similar words; what comes yearly is another
_SAME_NEWS = timedelta(days=3)  # where one of them has only the title
MAX_FUTURE = timedelta(days=14)  # that a portal announces ahead; a later date is a mistake


@dataclass(frozen=True, slots=True)
class StoredArticle:
    """A stored article that shares a key with one of this gathering. `source_versions` are by source; `sha256` is empty
    where its content cannot be read."""

    article: Article
    keys: frozenset[str]
    sha256: str
    source_versions: Mapping[str, SourceVersion] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KnownArticles:
    """What the store knows of the articles of one gathering.

    `owners` are ids of articles by key. `damaged` are those of them that cannot be read, with the error. `taken_ids` are ids
    that a new article must not get.
    """

    owners: Mapping[str, str] = field(default_factory=dict)
    by_id: Mapping[str, StoredArticle] = field(default_factory=dict)
    damaged: Mapping[str, str] = field(default_factory=dict)
    taken_ids: Collection[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHistory:
    """What earlier gatherings of a source brought: the articles stored, how many the last one found, when one was new."""

    is_first: bool
    stored: int
    last_count: int
    last_new: datetime | None


@dataclass(frozen=True, slots=True)
class ArticleChanges:
    """What one gathering of a source brought. `backlog` counts the new ones that were already old at the first gathering
    and are no news. `anomaly` is what a guard says of the gathering. `faults` are articles that could not be stored, a line
    each; `notes` are what staff may want to know of the new ones."""

    new: tuple[Article, ...] = ()
    changed: tuple[Article, ...] = ()
    known: int = 0
    backlog: int = 0
    is_first_gather: bool = False
    anomaly: str = ""
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ArticleUpdate:
    """An article as it is to be stored, with the content that its sources make together. `doubtful_date` is the date that
    they give where it is not believed; `is_version` says whether subscribers see a difference."""

    article: Article
    content: ParsedArticle
    doubtful_date: datetime | None
    is_version: bool = True


@dataclass(frozen=True, slots=True)
class ArticleDecisions:
    """Everything that is to be written for one gathering; ids of articles are the keys of mappings.

    `keys` are owners of keys, by key. `held` are reasons to hold an article. `date_confirmed` are articles whose sources
    have given them a date that is believed.
    """

    inserted: list[ArticleUpdate] = field(default_factory=list)
    updated: list[ArticleUpdate] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    source_versions: dict[str, SourceVersion] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)
    date_confirmed: list[str] = field(default_factory=list)
    changes: ArticleChanges = ArticleChanges()


# -- one gathering -----------------------------------------------------------------------------------------------------


def decide_articles(
    groups: ArticleGroups,
    known: KnownArticles,
    source: Source,
    history: SourceHistory,
    *,
    unchanged: int,
    authority: str,
    now: datetime,
) -> ArticleDecisions:
    """What becomes of all articles of one gathering. `unchanged` counts what the source has skipped as not changed;
    `authority` is the host of the site."""
    found = [group.found for group in groups.articles]
    if source.takes_pushes:
        old = find_old_pushes(found, source.announce_since, now)
    else:
        old = find_backlog(found, source.announce_since, now) if history.is_first else frozenset()
    deciding = _Deciding(known, source, authority, now)
    # Oldest first, so that the order of first_seen and of ids is the order of publication.
    for position in sorted(range(len(found)), key=lambda at: found[at].published or now):
        deciding.place(groups.articles[position], is_old=position in old)
    deciding.merge()
    anomaly = _detect_anomaly(deciding, history, unchanged)
    held = {id: anomalies.doubtful_date_reason(date, source.timezone) for id, date in deciding.doubtful.items()}
    unreadable = [(article, reason) for article in deciding.new if (reason := unreadable_reason(article))]
    notes = [f"article {article.id} «{article.title[:80]}» is held: {reason}" for article, reason in unreadable]
    dates = anomalies.describe_doubtful_dates(deciding.new, deciding.doubtful, now, source.timezone)
    changes = ArticleChanges(
        new=tuple(deciding.new),
        changed=tuple(deciding.changed),
        known=deciding.known_count,
        backlog=sum(article.backlog for article in deciding.new),
        is_first_gather=history.is_first,
        anomaly=anomaly.tell,
        faults=(*describe_ambiguous_keys(groups), *deciding.faults),
        notes=(*notes, *dates),
    )
    held |= {**anomaly.hold, **{article.id: reason for article, reason in unreadable}}
    return replace(deciding.decisions, held=held, changes=changes)


def _detect_anomaly(deciding: _Deciding, history: SourceHistory, unchanged: int) -> anomalies.AnomalyReport:
    if history.is_first:
        return anomalies.AnomalyReport()
    activity = anomalies.SourceActivity(
        new=deciding.new,
        known=deciding.known_count + len(deciding.changed) + unchanged,
        stored=history.stored,
        last_count=history.last_count,
        last_new=history.last_new,
    )
    return anomalies.detect_anomalies(activity, deciding.now, deciding.source.alert_if_silent_for)


class _Deciding:
    """The articles of a gathering, placed one by one: a later one is matched with what an earlier one has made, too."""

    def __init__(self, known: KnownArticles, source: Source, authority: str, now: datetime) -> None:
        self.source, self.authority, self.now = source, authority, now
        self.owners, self.stored, self.damaged = dict(known.owners), dict(known.by_id), known.damaged
        self.taken_ids = set(known.taken_ids)
        self.again: dict[str, list[ParsedArticle]] = {}  # what is found of a known article, by its id
        self.decisions = ArticleDecisions()
        self.new: list[Article] = []
        self.changed: list[Article] = []
        self.known_count = 0
        self.doubtful: dict[str, datetime] = {}  # dates that are not believed, by id
        self.faults: list[str] = []

    def place(self, group: ArticleGroup, *, is_old: bool) -> None:
        owners = {key: self.owners[key] for key in group.keys if key in self.owners}
        for id in owners.values():
            if id in self.damaged:
                self.faults.append(self.damaged[id])
                return
        candidates = {key: self.stored[id] for key, id in owners.items()}
        match = find_match(group.found, group.keys, candidates, self.now)
        if match is None:
            self._add(group, is_old=is_old)
        else:
            id = match.article.id
            self.again.setdefault(id, self._found_before(match)).append(group.found)
            self._give_keys(id, [key for key in group.keys if key not in owners])

    def _add(self, group: ArticleGroup, *, is_old: bool) -> None:
        found = group.found
        seed = id_seed(group)
        id = next(id for id in map(article_id, repeat(seed), count()) if id not in self.taken_ids)
        self.taken_ids.add(id)
        zone, authority = self.source.timezone, self.authority
        article = new_article(found, id, authority=authority, zone=zone, now=self.now, backlog=is_old)
        version = SourceVersion(found, self.source.preferred)
        doubtful = resolve_dates(found, self.now, self.now)[2]
        if doubtful:
            self.doubtful[id] = doubtful
        self.stored[id] = StoredArticle(article, frozenset(), content_hash(found), {found.source: version})
        # The title of a new article is its own from now on; any other key stays with the article that has it.
        self._give_keys(id, [key for key in group.keys if key not in self.owners or key.startswith("title:")])
        self.decisions.inserted.append(ArticleUpdate(article, found, doubtful))
        self.decisions.source_versions[id] = version
        self.new.append(article)

    def _found_before(self, match: StoredArticle) -> list[ParsedArticle]:
        """What this gathering has already found of an article that is new in it."""
        version = self.decisions.source_versions.get(match.article.id)
        return [version.found] if version else []

    def _give_keys(self, id: str, keys: Sequence[str]) -> None:
        given = dict.fromkeys(keys, id)
        self.owners |= given
        self.decisions.keys.update(given)
        self.stored[id] = replace(self.stored[id], keys=self.stored[id].keys.union(keys))

    def merge(self) -> None:
        """Put the articles that were found again together anew."""
        for id, found in self.again.items():
            self._merge(self.stored[id], merge_group(found))

    def _merge(self, known: StoredArticle, found: ParsedArticle) -> None:
        id, name, now = known.article.id, self.source.name, self.now
        own = known.source_versions.get(name)
        version = SourceVersion(update_version(own.found if own else None, found), self.source.preferred)
        if version != own:
            self.decisions.source_versions[id] = version
        content = merge_versions(list({**known.source_versions, name: version}.values()))
        article = update_article(known, content, now)
        is_version = article.version != known.article.version
        if is_version:
            self.changed.append(article)
        else:
            self.known_count += 1
        if article == known.article:
            return
        doubtful = resolve_dates(content, article.first_seen, now)[2]
        self.decisions.updated.append(ArticleUpdate(article, content, doubtful, is_version))
        if article.has_date and not known.article.has_date:
            self.decisions.date_confirmed.append(id)
            self.doubtful.pop(id, None)
        if known.article.has_date and doubtful:
            self.doubtful[id] = doubtful


def find_backlog(found: Sequence[ParsedArticle], rule: FirstGatherRule, now: datetime) -> frozenset[int]:
    """Which articles of a source's first gathering are old: their positions.

    News are the `newest` articles and those younger than `age`; an article without a date takes its place in the list.
    """
    order = sorted(
        range(len(found)), key=lambda i: (found[i].published or datetime.min.replace(tzinfo=UTC), -i), reverse=True
    )
    news = set(order[: rule.newest])
    news |= {i for i, article in enumerate(found) if article.published and article.published > now - rule.age}
    return frozenset(range(len(found))) - news


def find_old_pushes(found: Sequence[ParsedArticle], rule: FirstGatherRule, now: datetime) -> frozenset[int]:
    """Which pushed articles are old: their positions. Articles are pushed one by one, so there is no first gathering: what
    was published longer ago than `age` is never news, and what has no date is pushed when it is published."""
    if not rule.age:
        return frozenset()
    return frozenset(i for i, one in enumerate(found) if one.published and one.published <= now - rule.age)


# -- whether it is known ----------------------------------------------------------------------------------------------


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
    # A source is compared with its own version: another may have put the article into other words.
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
        # another article. Two sources never share their ids.
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
    """Whether two sources with one title have one article, where at least one of them gives no date, so that no day can say
    so. Similar texts do; without a text it must be news of these days, and not on two pages."""
    if found.published and before.has_date:
        return False
    apart = abs((found.published or now) - before.published)
    if all(one.lead or one.body_html for one in (found, before)):
        return apart <= _SAME_TEXT and is_similar_text(found, before)
    return apart <= _SAME_NEWS and not (found.url and before.url)


def _ids(keys: Iterable[str], source: str) -> set[str]:
    return {key for key in keys if key.startswith((f"id:{source}:", f"guid:{source}:"))}


def _is_another(found: ParsedArticle, before: ParsedArticle | Article) -> bool:
    """Whether title, text and date are all others, so that nothing but a key says that it is one article: a portal has
    given a number once more, or writes each day's rates on one page."""
    same_time = found.published is not None and found.published == before.published
    has_text = bool(before.body_html or before.lead)
    return has_text and not (same_time or is_same_title(found, before) or is_similar_text(found, before))


# -- what is stored of it ----------------------------------------------------------------------------------------------


def id_seed(group: ArticleGroup) -> str:
    """What the id of a new article is made of: its strongest key, so that a rebuilt store gives it again."""
    return group.keys[0] if group.keys else group.found.title


def article_id(seed: str, attempt: int = 0) -> str:
    """The id that a seed gives; another one at each attempt, for where the first is taken."""
    digest = hashlib.sha256(f"{seed}#{attempt}".encode() if attempt else seed.encode()).digest()
    return base64.b32encode(digest)[:10].decode().lower()


def new_article(
    found: ParsedArticle, id: str, *, authority: str, zone: ZoneInfo, now: datetime, backlog: bool
) -> Article:
    """An article as it enters the store. Its feed id is `tag:HOST,DAY:ID` (RFC 4151) and is kept for ever; `authority` is
    the host of the site."""
    published, has_date, _ = resolve_dates(found, now, now)
    day = published.astimezone(zone).strftime("%Y-%m-%d")
    article = Article(
        id=id,
        feed_id=f"tag:{authority},{day}:{id}",
        source=found.source,
        title=found.title,
        published=published,
        first_seen=now,
        backlog=backlog,
        has_date=has_date,
    )
    return apply_content(article, found)


def resolve_dates(found: ParsedArticle, first_seen: datetime, now: datetime) -> tuple[datetime, bool, datetime | None]:
    """When an article counts as published, whether that is its own date, and the date that its source gives where that is
    not believed: a date far ahead is a typing mistake, unless the source gives an embargo as well."""
    given = found.published.astimezone(UTC) if found.published else None
    if given and (given <= now + MAX_FUTURE or found.publish_at):
        return given, True, None
    return first_seen, False, given


def update_article(known: StoredArticle, found: ParsedArticle, now: datetime) -> Article:
    """The article with the content that its sources give now. It keeps its id, its feed id and whether it was news; where
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
    """The article with other content; its identity and history stay."""
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


def content_hash(found: ParsedArticle) -> str:
    """SHA-256 of what readers see of an article. Its identity and its source do not count, nor does a date that is an
    estimate ("2 giờ trước" names another time at each gathering), nor whether its time is known."""
    data = parsed_article_to_data(found)
    for key in ("source", "source_id", "guid", "updated", "has_time"):
        data.pop(key)
    if data.pop("published_estimated"):
        data.pop("published")
    return hashlib.sha256(json.dumps(data, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def host_of(url: str) -> str:
    return urlsplit(url).hostname or "localhost"
