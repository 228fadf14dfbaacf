"""Which articles go into the next edition, and why the others do not. Pure: values in, a value out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..config import Newsletter
from ..model import Article


@dataclass(frozen=True, slots=True)
class Selection:
    """The decision about one slot.

    `chosen` are the articles of the edition, newest first; empty means no edition, and `reason` says why in words.
    `carried` are those that wait for the next edition, with the reason for each.
    """

    chosen: tuple[Article, ...]
    carried: tuple[tuple[Article, str], ...] = ()
    reason: str = ""


def wants(newsletter: Newsletter, article: Article) -> bool:
    """Whether an article belongs to a newsletter by its source and its topics."""
    if newsletter.sources and article.source not in newsletter.sources:
        return False
    if not newsletter.topics:
        return True
    wanted = {topic.casefold() for topic in newsletter.topics}
    return any(topic.casefold() in wanted for topic in article.topics)


def select(newsletter: Newsletter, new: Iterable[Article]) -> Selection:
    """Decide about `new`: the articles that this newsletter has not announced yet.

    Fewer than the minimum wait together. Of more than the maximum the oldest go first, so that none waits for ever.
    """
    candidates = sorted((article for article in new if wants(newsletter, article)), key=_age)
    if len(candidates) < newsletter.minimum:
        return Selection(
            (), tuple((article, _few(newsletter, candidates)) for article in candidates), _few(newsletter, candidates)
        )
    chosen, rest = candidates[: newsletter.maximum], candidates[newsletter.maximum :]
    full = f"the edition was full ({newsletter.maximum} articles); goes into the next one"
    return Selection(tuple(reversed(chosen)), tuple((article, full) for article in rest))


def _age(article: Article) -> tuple[object, ...]:
    return (article.published, article.first_seen, article.id)


def _few(newsletter: Newsletter, candidates: Sequence[Article]) -> str:
    if not candidates:
        return "nothing new"
    have = "1 new article" if len(candidates) == 1 else f"{len(candidates)} new articles"
    return f"{have}, fewer than the minimum of {newsletter.minimum}; waits for the next slot"
