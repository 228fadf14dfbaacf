"""Which articles go out at once by a newsletter's rule. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from ..config.schema import Newsletter
from ..model import Article
from .selection import Candidate, belongs_to_newsletter


def select_alerts(
    newsletter: Newsletter,
    candidates: Sequence[Candidate],
    sent_today: int,
    now: datetime,
    urgent: Collection[str] = (),
) -> list[Article]:
    """The articles to send as alerts now, oldest first, as many as a day still allows. `urgent` are ids of articles that
    whoever pushed them calls urgent: they need neither topic nor source of the rule.

    Only what is young and has a date of its own: a mistaken topic in an old archive must not ring every telephone. What
    staff or a guard hold, and what is under embargo, is no alert either; it comes with the digest.
    """
    rule = newsletter.alerts
    if rule is None:
        return []
    topics = {topic.casefold() for topic in rule.topics}

    def calls(candidate: Candidate) -> bool:
        article = candidate.article
        by_topic = bool(topics & {topic.casefold() for topic in article.topics})
        by_source = bool({article.source, *article.origins} & set(rule.sources))
        free = not (candidate.held or candidate.withdrawn or candidate.alerted)
        said = article.id in urgent
        young = article.has_date and article.published > now - rule.max_age
        out = article.waits_until(now) is None
        return (by_topic or by_source or said) and free and young and out and belongs_to_newsletter(newsletter, article)

    found = sorted((one.article for one in candidates if calls(one)), key=lambda article: article.published)
    return found[: max(0, rule.max_per_day - sent_today)]
