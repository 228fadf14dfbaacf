"""Alerts: articles that are urgent by a newsletter's rule, or because somebody says so, sent at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from ..config.schema import Newsletter
from ..editions import article_status
from ..editions import repository as edition_repository
from ..editions.alert_rules import select_alerts
from ..editions.selection import belongs_to_newsletter
from ..model import Article, EditionKind
from .compose import EditionPlan
from .plan import EditionRequest, StepContext
from .publish import publish_edition
from .release import Fault, run_step


def publish_alerts(
    context: StepContext, newsletter: Newsletter, *, urgent: Collection[str] = (), only: str = ""
) -> list[EditionPlan]:
    """Send what the newsletter's rule calls urgent, and the articles `urgent`, by id; with `only`, no other article."""
    if newsletter.alerts is None:
        return []
    with context.database.read() as connection:
        candidates = article_status.list_candidates(connection, newsletter.id)
        day_ago = context.now - timedelta(days=1)
        today = edition_repository.count_since(connection, newsletter.id, EditionKind.ALERT, day_ago)
    if only:
        candidates = [one for one in candidates if one.article.id == only]
    chosen = select_alerts(newsletter, candidates, today, context.now, urgent)
    made = [publish_edition(context, EditionRequest.for_alert(newsletter, article)) for article in chosen]
    return [plan for plan in made if plan and plan.edition]


@dataclass(frozen=True, slots=True)
class AlertOutcome:
    """What became of an article as an alert in one newsletter: the edition, or "" and why there is none. `held` is why
    preflight keeps it back."""

    newsletter: str
    edition: str = ""
    reason: str = ""
    held: str = ""


def decide_alerts(
    context: StepContext, article: Article, newsletters: Collection[str], *, urgent: bool
) -> list[AlertOutcome]:
    """Send an article at once in each of these newsletters whose rule calls it urgent; with `urgent` it counts as called,
    and the other limits of the rule (age, number a day) hold all the same. A newsletter that fails stops no other."""
    made = []
    for newsletter in context.newsroom.settings.newsletters.values():
        if newsletter.alerts is None or newsletter.id not in newsletters:
            continue
        if not belongs_to_newsletter(newsletter, article):
            continue
        called = frozenset({article.id} if urgent else ())
        step = partial(publish_alerts, context, newsletter, urgent=called, only=article.id)
        plans = run_step(newsletter.id, step)
        if isinstance(plans, Fault):
            made.append(AlertOutcome(newsletter.id, reason=plans.text))
            continue
        editions = [AlertOutcome(newsletter.id, plan.edition.id, held=plan.held) for plan in plans if plan.edition]
        if editions or urgent:
            made += editions or [AlertOutcome(newsletter.id, reason="the rule of the newsletter does not allow it now")]
    return made
