"""Who of an edition's recipients gets which email: recipients of the same choice get the same one. Pure.

    count_by_preference (subscribers who are alike) ─┐
    pool (what was announced, and when)  ────┴─▶ divide ─▶ cohorts, each with its share of the edition

A recipient's share is what was announced since this recipient's last email, in the topics that this recipient has chosen,
without what came as an alert. So a recipient of topics gets one merged email, an article never twice, and a change of
frequency or an email left out because of the cap loses nothing: the next share reaches further back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from ..model import Article, Edition


@dataclass(frozen=True, slots=True)
class Preference:
    """Subscribers who are alike, and how many they are.

    `topics` is the canonical form of what they have chosen (`topics_key`), empty for everything. `catch_up_from` says that
    their share reaches back to then; None for the usual share. `known` are the ids of articles that they have had as an
    alert. `size` counts them.
    """

    topics: str = ""
    catch_up_from: datetime | None = None
    known: frozenset[str] = frozenset()
    size: int = 0

    @property
    def key(self) -> tuple[str, datetime | None, frozenset[str]]:
        """What makes them alike."""
        return self.topics, self.catch_up_from, self.known


@dataclass(frozen=True, slots=True)
class AnnouncedArticle:
    """An article and when it was announced."""

    article: Article
    at: datetime


@dataclass(frozen=True, slots=True)
class Segment:
    """The recipients who get the same email, and that email's share of the edition."""

    edition: Edition
    preferences: tuple[Preference, ...]

    @property
    def size(self) -> int:
        return sum(preference.size for preference in self.preferences)


@dataclass(frozen=True, slots=True)
class Segmentation:
    """An edition's recipients. `without` are those for whom there is nothing in it."""

    segments: tuple[Segment, ...] = ()
    without: tuple[Preference, ...] = ()

    @property
    def size(self) -> int:
        """How many get an email."""
        return sum(cohort.size for cohort in self.segments)

    @property
    def excluded_count(self) -> int:
        """How many get none, because there is nothing for them."""
        return sum(preference.size for preference in self.without)


def topics_key(topics: Iterable[str]) -> str:
    """The canonical form of a choice of topics: equal for choices that mean the same."""
    return "\n".join(sorted({topic.casefold() for topic in topics}))


def build_segments(
    edition: Edition,
    pool: Sequence[AnnouncedArticle],
    preferences: Iterable[Preference],
    *,
    start: datetime,
    maximum: int,
    mark_known: bool,
    subject: Callable[[Sequence[Article]], str],
    everything: bool = False,
) -> Segmentation:
    """The cohorts of an edition.

    `pool` is everything that any recipient may be owed, in the order of the edition; `start` is when the usual share
    begins. `mark_known` leaves articles of alerts in, marked; they are left out otherwise. `subject` makes the subject
    of a share. What of a share is more than `maximum` is a line in brief, never left out. `everything` is for alerts:
    all recipients get it, whatever topics they have chosen.
    """
    shares: dict[tuple[tuple[str, ...], tuple[str, ...]], list[Preference]] = {}
    without: list[Preference] = []
    by_id = {one.article.id: one.article for one in pool}
    chosen = _topic_filter(pool)
    for preference in preferences:
        since = preference.catch_up_from or start
        ids = [one.article.id for one in chosen("" if everything else preference.topics) if one.at > since]
        known = tuple(id for id in ids if id in preference.known)
        news = [id for id in ids if id not in preference.known]
        if not news:  # an alert alone is no email: they have had it
            without.append(preference)
            continue
        key = (tuple(ids), known) if mark_known else (tuple(news), ())
        shares.setdefault(key, []).append(preference)
    cohorts = [
        Segment(_share(edition, [by_id[id] for id in ids], known, maximum, subject), tuple(alike))
        for (ids, known), alike in shares.items()
    ]
    return Segmentation(
        tuple(sorted(cohorts, key=lambda cohort: (cohort.edition.segment, -cohort.size))), tuple(without)
    )


def _topic_filter(pool: Sequence[AnnouncedArticle]) -> Callable[[str], Sequence[AnnouncedArticle]]:
    """A function from a choice of topics to what of the pool has one of them; each choice is looked through once."""
    topics: Mapping[str, frozenset[str]] = {
        one.article.id: frozenset(topic.casefold() for topic in one.article.topics) for one in pool
    }

    @lru_cache(maxsize=4096)
    def chosen(key: str) -> Sequence[AnnouncedArticle]:
        wanted = frozenset(key.split("\n")) if key else frozenset()
        return [one for one in pool if not wanted or topics[one.article.id] & wanted]

    return chosen


def _share(
    edition: Edition,
    articles: Sequence[Article],
    known: tuple[str, ...],
    maximum: int,
    subject: Callable[[Sequence[Article]], str],
) -> Edition:
    """The edition as these recipients get it."""
    ids = [article.id for article in articles]
    if not known and ids == [article.id for article in edition.carried]:
        return edition
    return replace(
        edition,
        articles=tuple(articles[:maximum]),
        briefs=tuple(articles[maximum:]),
        segment=hashlib.sha256("\n".join([*ids, "", *known]).encode()).hexdigest()[:10],
        known=known,
        subject=subject(articles),
    )
