"""What is due now: alerts, slots of digests and of daily and weekly editions, drafts to release."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from ..articles import flags
from ..articles.flags import ArticleFlag
from ..config.schema import Newsletter
from ..editions import article_status
from ..editions import repository as edition_repository
from ..editions.selection import select_articles
from ..gathering import source_state
from ..gathering.source_reader import check_availability_of_articles
from ..model import Article, EditionKind
from ..newsroom import Newsroom
from ..schedule.settings import ScheduleSettings
from ..schedule.slots import DueSlots, find_due_slots
from ..source import Availability
from ..storage.database import Database
from ..storage.rows import skip_damaged
from .alerts import publish_alerts
from .clock import ensure_clock
from .compose import EditionPlan
from .deliver import check_may_send
from .gather import Clock
from .missing_names import start_newsletters
from .plan import EditionRequest, StepContext
from .publish import publish_edition
from .release import RECHECK, DraftOutcome, Fault, release_due, run_step

if TYPE_CHECKING:
    from ..images.service import ImageFault

log = logging.getLogger("distributor.pipeline")


@dataclass
class TickResult:
    """What was decided of all that was due, what became of drafts, and the faults of the steps that failed."""

    made: list[EditionPlan] = field(default_factory=list)
    draft_outcomes: list[DraftOutcome] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    @property
    def has_new_deliveries(self) -> bool:
        """Whether there is something new to deliver."""
        fresh = any(one.edition and one.due is None and not one.held for one in self.made)
        return fresh or any(one.event == "released" for one in self.draft_outcomes)


async def prepare_due(
    newsroom: Newsroom, database: Database, clock: Clock, *, ahead: timedelta = timedelta(), asked: Collection[str] = ()
) -> list[str]:
    """Get ready what goes out within `ahead`: recheck its articles, and prepare their images.

    It takes as long as the sources take, within limits; what is due does not wait for it. Those in `asked` are not asked
    after again. Returns the ids of those that were.
    """
    now = clock()
    articles = await asyncio.to_thread(_list_articles_due, newsroom, database, now, ahead)
    articles = [article for article in articles if article.id not in asked]
    await asyncio.gather(recheck_articles(newsroom, database, articles, now), prepare_images(newsroom, articles, now))
    return [article.id for article in articles]


async def run_tick(newsroom: Newsroom, database: Database, clock: Clock, by: str) -> TickResult:
    """Recheck the articles that are about to go out, then decide all that is due."""
    await prepare_due(newsroom, database, clock)
    return await asyncio.to_thread(decide_due, newsroom, database, clock(), by)


async def prepare_images(newsroom: Newsroom, articles: Sequence[Article], now: datetime) -> dict[str, ImageFault]:
    """Get the images of these articles ready; returns faults by article. They stop nothing."""
    image_service = newsroom.image_service()
    return await image_service.prepare(articles, now) if image_service and articles else {}


def decide_due(newsroom: Newsroom, database: Database, now: datetime, by: str) -> TickResult:
    """Decide all that is due now in every newsletter: drafts first, so that a daily email of the same minute has them.
    Raises what `check_may_send` raises, before anything is decided."""
    check_may_send(newsroom, database, now)
    outcomes, faults = release_due(newsroom, database, now, by)
    result = TickResult([], outcomes, faults)
    context = StepContext(newsroom, database, now, by)
    for watched in _watched_newsletters(newsroom, database, now):
        steps = {"alerts": partial(publish_alerts, context, watched.newsletter)}
        steps |= {kind.value: partial(_decide_slot, context, watched, kind) for kind in watched.timing.by_kind}
        for name, step in steps.items():
            made = run_step(f"{watched.newsletter.id}, {name}", step)
            if isinstance(made, Fault):
                result.faults.append(made)
            else:
                result.made += made
    return result


@dataclass(frozen=True, slots=True)
class WatchedNewsletter:
    """A newsletter that has begun: when it goes out, and since when the store knows it."""

    newsletter: Newsletter
    timing: ScheduleSettings
    since: datetime

    def due_slots(
        self, database: Database, kind: EditionKind, now: datetime, ahead: timedelta = timedelta()
    ) -> DueSlots | None:
        """What is to be decided of one kind of its editions, now or within `ahead`."""
        oldest = now - self.timing.missed.grace_time - timedelta(days=40)
        with database.read() as connection:
            decided = edition_repository.decided_slots(connection, self.newsletter.id, oldest)
        schedule, missed = self.timing.by_kind[kind], self.timing.missed
        return find_due_slots(schedule, since=self.since, now=now, missed=missed, decided=decided, ahead=ahead)


def _watched_newsletters(newsroom: Newsroom, database: Database, now: datetime) -> list[WatchedNewsletter]:
    """The newsletters that have begun, or begin now."""
    with database.write() as connection:
        begun = start_newsletters(newsroom, connection, now)
    return [WatchedNewsletter(newsroom.newsletter(name), newsroom.timing[name], since) for name, since in begun.items()]


def _decide_slot(context: StepContext, watched: WatchedNewsletter, kind: EditionKind) -> list[EditionPlan]:
    """Decide the slot of one kind that is due, and record those that have passed."""
    newsletter, now = watched.newsletter, context.now
    review = newsletter.review if kind is EditionKind.DIGEST else None
    ahead = review.before if review else timedelta()
    due = watched.due_slots(context.database, kind, now, ahead)
    if due is None:
        return []
    plan = None
    if due.slot:
        # A draft that is made late gives its reviewers their time all the same.
        release = (due.slot.at if due.slot.at > now else now + ahead) if review else None
        plan = publish_edition(
            context, EditionRequest(newsletter=newsletter, kind=kind, slot=due.slot.name, due=release)
        )
    if due.passed:
        with context.database.write() as connection:
            for slot, outcome in due.passed:
                edition_repository.decide_slot(connection, newsletter.id, slot.name, outcome, context.by, now)
    return [plan] if plan and (plan.edition or kind is EditionKind.DIGEST) else []


# -- ahead of time -----------------------------------------------------------------------------------------------------


def is_anything_due(newsroom: Newsroom, database: Database, now: datetime) -> bool:
    """Whether a slot or a draft has been waiting to be answered."""
    for watched in _watched_newsletters(newsroom, database, now):
        if any(watched.due_slots(database, kind, now) for kind in watched.timing.by_kind):
            return True
    with database.read() as connection:
        return any(row.due_at <= now for row in edition_repository.list_unreleased(connection))


@dataclass(frozen=True, slots=True)
class UpcomingEvent:
    """A time at which something will be due, and the newsletter it is for."""

    at: datetime
    newsletter: str


def list_upcoming(newsroom: Newsroom, database: Database, now: datetime, ahead: timedelta) -> list[UpcomingEvent]:
    """What comes due later than now and within `ahead`: slots, the drafts made for them, and the release of drafts."""
    found = []
    for watched in _watched_newsletters(newsroom, database, now):
        name, review = watched.newsletter.id, watched.newsletter.review
        before = {timedelta(), review.before if review else timedelta()}
        for schedule in watched.timing.by_kind.values():
            for early in before:
                slots = schedule.slots(now + early, now + early + ahead)
                found += [UpcomingEvent(slot.at - early, name) for slot in slots]
    with database.read() as connection:
        drafts = edition_repository.list_unreleased(connection)
    found += [UpcomingEvent(row.due_at, row.newsletter) for row in drafts if now < row.due_at <= now + ahead]
    return sorted(found, key=lambda one: one.at)


def _list_articles_due(newsroom: Newsroom, database: Database, now: datetime, ahead: timedelta) -> list[Article]:
    """The articles that the next decisions would send, and those that only the recheck holds."""
    ensure_clock(newsroom, database, now)
    found: list[Article] = []
    for watched in _watched_newsletters(newsroom, database, now):
        kind = EditionKind.DIGEST
        if kind in watched.timing.by_kind and watched.due_slots(database, kind, now, ahead):
            found += list_ready_articles(database, watched.newsletter, now)
    with database.read() as connection:
        due = [row.id for row in edition_repository.list_unreleased(connection) if row.due_at <= now + ahead]
        for edition in skip_damaged(due, partial(edition_repository.find, connection)):
            found += edition.carried if edition else ()
    return found


def list_ready_articles(database: Database, newsletter: Newsletter, now: datetime) -> list[Article]:
    """What the next digest of a newsletter would carry, and what only the recheck holds."""
    with database.read() as connection:
        candidates = article_status.list_candidates(connection, newsletter.id)
    selection = select_articles(newsletter, candidates, now)
    kept_back = [one.article for one in candidates if one.held.startswith(f"held by {RECHECK}")]
    return [*selection.chosen, *selection.briefs, *kept_back]


async def recheck_articles(
    newsroom: Newsroom, database: Database, articles: Sequence[Article], now: datetime
) -> list[str]:
    """Ask the sources whether these articles are still there. What is gone is held until it is back.

    Returns what was found out, in words.
    """
    wanted = list({article.id: article for article in articles}.values())
    if not wanted:
        return []
    left_alone = await database.read_in_thread(source_state.load_backoffs, now)
    answers = await check_availability_of_articles(newsroom.sources, newsroom.settings.site, wanted, waits=left_alone)
    changes = await asyncio.to_thread(_hold_missing, database, wanted, answers, now)
    for line in changes:
        log.warning("recheck: %s", line)
    return changes


def _hold_missing(
    database: Database, wanted: Sequence[Article], answers: Mapping[str, Availability], now: datetime
) -> list[str]:
    changes = []
    with database.write() as connection:
        known = flags.flags_of_articles(connection, [article.id for article in wanted])
        for article in wanted:
            held = known.get(article.id, {}).get(ArticleFlag.HELD)
            answer = answers[article.id]
            if answer.available is False and held is None:
                flags.set_flag(connection, article.id, ArticleFlag.HELD, reason=answer.reason, by=RECHECK, now=now)
                changes.append(f"{article.id} «{article.title}» is held: {answer.reason}")
            elif answer.available and held and held.actor == RECHECK:
                flags.remove_flag(connection, article.id, ArticleFlag.HELD)
                changes.append(f"{article.id} «{article.title}» is back")
    return changes
