"""Which articles go into the next edition, and why the others do not. Pure: values in, a value out.

Every candidate gets a verdict and a reason; none is dropped without one. An item ledger, not a time window: what a
newsletter has announced or rejected never comes here again, everything else does, however old it is.

    candidates ─ withdrawn? ─ held? ─ embargo? ─ same story? ─▶ ready ─ source's cap ─ minimum ─ maximum ─▶ in | brief
                    │           │        │           │                     │            │         │
                 rejected      held     held      rejected              carried      carried   carried
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import StrEnum

from ..config.schema import Newsletter
from ..config.types import show_duration
from ..model import Article
from ..text import same_language

_WORD = re.compile(r"[^\W_]+")
_MIN_TITLE_WORDS = 4  # words; a shorter title does not tell that two articles are one story


class ArticleStatus(StrEnum):
    """What becomes of an article in one newsletter. BRIEF is kept as announced."""

    IN = "announced"
    BRIEF = "brief"  # announced as a line below the fold
    CARRIED = "carried"  # waits for the next edition
    ALERTED = "alerted"  # sent at once, by itself; goes into the next edition for those who have not had it
    HELD = "held"  # waits until somebody or its embargo releases it
    REJECTED = "rejected"  # never, unless staff ask for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An article about which a newsletter has not decided for good, and what staff and guards say of it.

    `alerted` is the edition that carried it as an alert.
    """

    article: Article
    held: str = ""
    withdrawn: str = ""
    pinned: bool = False
    alerted: str = ""


@dataclass(frozen=True, slots=True)
class ArticleDecision:
    """The verdict on one article, with its reason in words for everything but IN."""

    article: Article
    status: ArticleStatus
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Selection:
    """The decision about one slot. Without chosen articles there is no edition, and `reason` says why."""

    choices: tuple[ArticleDecision, ...]
    reason: str = ""

    def of(self, *verdicts: ArticleStatus) -> tuple[Article, ...]:
        return tuple(choice.article for choice in self.choices if choice.status in verdicts)

    @property
    def chosen(self) -> tuple[Article, ...]:
        """In the order of the edition."""
        return self.of(ArticleStatus.IN)

    @property
    def briefs(self) -> tuple[Article, ...]:
        return self.of(ArticleStatus.BRIEF)

    @property
    def waiting(self) -> tuple[ArticleDecision, ...]:
        """The articles that are not in, each with its reason."""
        return tuple(choice for choice in self.choices if choice.status not in (ArticleStatus.IN, ArticleStatus.BRIEF))


def belongs_to_newsletter(newsletter: Newsletter, article: Article) -> bool:
    """Whether an article belongs to a newsletter by its source and its topics."""
    return not find_exclusion_reason(newsletter, article)


def find_exclusion_reason(newsletter: Newsletter, article: Article) -> str:
    """Why an article does not belong to a newsletter; empty where it does."""
    if newsletter.sources and not {article.source, *article.origins} & set(newsletter.sources):
        return f"its source {article.source} is none of this newsletter's"
    if not newsletter.topics:
        return ""
    wanted = {topic.casefold() for topic in newsletter.topics}
    if any(topic.casefold() in wanted for topic in article.topics):
        return ""
    has = f"its topics ({', '.join(article.topics)}) are" if article.topics else "it has no topic that is"
    return f"{has} none of this newsletter's"


def select_articles(
    newsletter: Newsletter, candidates: Iterable[Candidate], now: datetime, zone: tzinfo = UTC
) -> Selection:
    """Decide about all candidates that belong to the newsletter."""
    wanted = sorted(
        (c for c in candidates if belongs_to_newsletter(newsletter, c.article)), key=lambda c: _age(c.article)
    )
    apart: list[ArticleDecision] = []
    ready: list[Candidate] = []
    for candidate in wanted:
        choice = _exclude(candidate, ready, now, zone)
        if choice:
            apart.append(choice)
        else:
            ready.append(candidate)
    ready, capped = _cap_sources(newsletter, ready)
    apart += capped
    reason = _too_few(newsletter, ready, now)
    if reason:
        carried = [ArticleDecision(candidate.article, ArticleStatus.CARRIED, reason) for candidate in ready]
        return Selection((*carried, *apart), reason)
    chosen, rest = _fill(newsletter, ready)
    return Selection((*_ordered(newsletter, chosen), *rest, *apart))


def _age(article: Article) -> tuple[object, ...]:
    return (article.moment, article.first_seen, article.id)


def _exclude(candidate: Candidate, ready: Sequence[Candidate], now: datetime, zone: tzinfo) -> ArticleDecision | None:
    article = candidate.article
    if candidate.withdrawn:
        return ArticleDecision(article, ArticleStatus.REJECTED, f"withdrawn: {candidate.withdrawn}")
    if candidate.held:
        return ArticleDecision(article, ArticleStatus.HELD, candidate.held)
    if until := article.waits_until(now):
        return ArticleDecision(
            article,
            ArticleStatus.HELD,
            f"{describe_wait(article, until)} until {until.astimezone(zone):%Y-%m-%d %H:%M}",
        )
    twin = next((other for other in ready if _has_same_title(other.article, article)), None)
    if twin:
        return ArticleDecision(article, ArticleStatus.REJECTED, f"the same story as {twin.article.id}")
    return None


def describe_wait(article: Article, until: datetime) -> str:
    """What keeps an article back until then, as it would stand before "until"."""
    return "embargo" if article.publish_at == until else "dated ahead; waits"


def _has_same_title(one: Article, other: Article) -> bool:
    words = _WORD.findall(one.title.casefold())
    return (
        len(words) >= _MIN_TITLE_WORDS
        and words == _WORD.findall(other.title.casefold())
        and same_language(one.language, other.language)
    )


def _cap_sources(newsletter: Newsletter, ready: Sequence[Candidate]) -> tuple[list[Candidate], list[ArticleDecision]]:
    """The oldest of each source up to its cap; pinned ones do not count."""
    if newsletter.max_per_source is None:
        return list(ready), []
    kept, over = [], []
    taken: Counter[str] = Counter()
    for candidate in ready:
        source = candidate.article.source
        if not candidate.pinned and taken[source] >= newsletter.max_per_source:
            reason = (
                f"source {source} has its {newsletter.max_per_source} articles in this edition; goes into the next one"
            )
            over.append(ArticleDecision(candidate.article, ArticleStatus.CARRIED, reason))
            continue
        taken[source] += not candidate.pinned
        kept.append(candidate)
    return kept, over


def _too_few(newsletter: Newsletter, ready: Sequence[Candidate], now: datetime) -> str:
    """Why there is no edition; empty where there is one."""
    if not ready:
        return "nothing new"
    fresh = [candidate for candidate in ready if not candidate.alerted]
    if len(fresh) >= newsletter.min_articles:
        return ""
    if newsletter.max_wait is not None:
        oldest = min(_since(candidate.article) for candidate in ready)
        if now - oldest >= newsletter.max_wait:
            return ""
    if not fresh:
        return "nothing new but what was sent as an alert; it waits for the next edition"
    have = "1 new article" if len(fresh) == 1 else f"{len(fresh)} new articles"
    but = f", but not past {show_duration(newsletter.max_wait)}" if newsletter.max_wait else ""
    return f"{have}, fewer than the minimum of {newsletter.min_articles}; waits for the next slot{but}"


def _since(article: Article) -> datetime:
    """Since when an article could have gone out."""
    return max(article.first_seen, article.publish_at) if article.publish_at else article.first_seen


def _fill(newsletter: Newsletter, ready: Sequence[Candidate]) -> tuple[list[Candidate], list[ArticleDecision]]:
    """Up to the maximum, pinned ones first and then the oldest, so that none waits for ever; and the rest with its fate."""
    order = sorted(ready, key=lambda candidate: not candidate.pinned)  # stable: oldest first within each
    chosen, rest = order[: newsletter.max_articles], order[newsletter.max_articles :]
    if newsletter.overflow == "brief":
        rest_choices = [
            ArticleDecision(
                c.article, ArticleStatus.BRIEF, f"more than {newsletter.max_articles} articles: a line in brief"
            )
            for c in rest
        ]
        return chosen, list(reversed(rest_choices))
    full = f"the edition was full (maximum {newsletter.max_articles}); goes into the next one"
    return chosen, [ArticleDecision(candidate.article, ArticleStatus.CARRIED, full) for candidate in rest]


def _ordered(newsletter: Newsletter, chosen: Sequence[Candidate]) -> list[ArticleDecision]:
    """Pinned first, then by section in the newsletter's order, newest first within each."""
    places = {topic.casefold(): place for place, topic in enumerate(newsletter.sections)}

    def section(article: Article) -> int:
        return min(
            (places[topic.casefold()] for topic in article.topics if topic.casefold() in places), default=len(places)
        )

    newest_first = sorted(chosen, key=lambda candidate: _age(candidate.article), reverse=True)
    by_section = sorted(newest_first, key=lambda candidate: (not candidate.pinned, section(candidate.article)))
    return [ArticleDecision(candidate.article, ArticleStatus.IN) for candidate in by_section]
