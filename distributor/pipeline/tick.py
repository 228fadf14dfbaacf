"""All that is due now: urgent articles, slots, daily and weekly letters, drafts whose time has come."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from ..articles import flags
from ..articles.flags import ArticleFlag
from ..config.schema import Newsletter
from ..editions import article_status
from ..editions import repository as edition_repository
from ..editions.alert_rules import select_alerts
from ..editions.selection import select_articles
from ..gathering import source_state
from ..gathering.source_reader import check_availability_of_articles
from ..model import Article, EditionKind
from ..newsroom import Newsroom
from ..schedule.settings import ScheduleSettings
from ..schedule.slots import DueSlots, Schedule, find_due_slots
from ..source import Availability
from ..storage.database import Database
from ..storage.rows import skip_damaged
from .clock import ensure_clock
from .deliver import check_may_send
from .gather import Clock
from .missing_names import list_blocked_newsletters
from .plan import EditionPlan
from .publish import publish_alert, publish_digest, publish_roundup
from .release import RECHECK, DraftOutcome, Fault, release_due, run_step

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
    """Get ready what goes out within `ahead`: a last look at its articles, and their pictures.

    It takes as long as the sources take, within limits; what is due does not wait for it. Those in `asked` are not asked
    after again. Returns the ids of those that were.
    """
    now = clock()
    articles = await asyncio.to_thread(_list_articles_due, newsroom, database, now, ahead)
    articles = [article for article in articles if article.id not in asked]
    await recheck_articles(newsroom, database, articles, now)
    await prepare_images(newsroom, articles, now)
    return [article.id for article in articles]


async def run_tick(newsroom: Newsroom, database: Database, clock: Clock, by: str) -> TickResult:
    """Look once more at the articles that are about to go out, then decide all that is due: both in one go."""
    await prepare_due(newsroom, database, clock)
    return await asyncio.to_thread(decide_due, newsroom, database, clock(), by)


async def prepare_images(newsroom: Newsroom, articles: Sequence[Article], now: datetime) -> dict[str, str]:
    """Get the pictures of these articles ready; returns faults in words by article. They stop nothing."""
    image_service = newsroom.image_service()
    return await image_service.prepare(articles, now) if image_service and articles else {}


def decide_due(newsroom: Newsroom, database: Database, now: datetime, by: str) -> TickResult:
    """Decide all that is due now in every newsletter: drafts first, so that a daily email of the same minute has them.
    Raises what `check_may_send` raises, before anything is decided."""
    check_may_send(newsroom, database, now)
    outcomes, faults = release_due(newsroom, database, now, by)
    result = TickResult([], outcomes, faults)
    for name, timing in _active_schedules(newsroom, database).items():
        newsletter = newsroom.newsletter(name)
        steps: dict[str, Callable[[], list[EditionPlan]]] = {
            "alerts": partial(_alerts, newsroom, database, newsletter, now, by)
        }
        if timing.schedule:
            steps["digest"] = partial(_digest, newsroom, database, newsletter, timing, timing.schedule, now, by)
        for kind, schedule in ((EditionKind.DAILY, timing.daily), (EditionKind.WEEKLY, timing.weekly)):
            if schedule:
                steps[kind] = partial(_roundup, newsroom, database, newsletter, timing, kind, schedule, now, by)
        for what, step in steps.items():
            made = run_step(f"{name}, {what}", step)
            if isinstance(made, Fault):
                result.faults.append(made)
            else:
                result.made += made
    return result


def _active_schedules(newsroom: Newsroom, database: Database) -> dict[str, ScheduleSettings]:
    """The newsletters that are looked after, with when they go out."""
    with database.read() as connection:
        waiting = list_blocked_newsletters(newsroom, connection)
    return {name: timing for name, timing in newsroom.timing.items() if name not in waiting}


def _alerts(
    newsroom: Newsroom, database: Database, newsletter: Newsletter, now: datetime, by: str
) -> list[EditionPlan]:
    """Send what the newsletter's rule calls urgent."""
    if newsletter.alerts is None:
        return []
    with database.read() as connection:
        candidates = article_status.list_candidates(connection, newsletter.id)
        today = edition_repository.count_since(connection, newsletter.id, EditionKind.ALERT, now - timedelta(days=1))
    chosen = select_alerts(newsletter, candidates, today, now)
    made = [publish_alert(newsroom, database, newsletter, article, now, by) for article in chosen]
    return [proposal for proposal in made if proposal and proposal.edition]


def _due(
    database: Database,
    newsletter: Newsletter,
    timing: ScheduleSettings,
    schedule: Schedule,
    now: datetime,
    ahead: timedelta,
) -> DueSlots | None:
    with database.write() as connection:
        since = article_status.start_newsletter(connection, newsletter, now)
        decided = edition_repository.decided_slots(
            connection, newsletter.id, now - timing.missed.grace_time - timedelta(days=40)
        )
    return find_due_slots(schedule, since=since, now=now, missed=timing.missed, decided=decided, ahead=ahead)


def _digest(
    newsroom: Newsroom,
    database: Database,
    newsletter: Newsletter,
    timing: ScheduleSettings,
    schedule: Schedule,
    now: datetime,
    by: str,
) -> list[EditionPlan]:
    ahead = newsletter.review.before if newsletter.review else timedelta()
    task = _due(database, newsletter, timing, schedule, now, ahead)
    if task is None:
        return []
    draft_until = None
    if newsletter.review and task.slot:  # whoever comes late with a draft gives its reviewers their time all the same
        draft_until = task.slot.at if task.slot.at > now else now + ahead
    proposal = (
        publish_digest(newsroom, database, newsletter, now, by, slot=task.slot, due=draft_until) if task.slot else None
    )
    _record_passed(database, newsletter, task, by, now)
    return [proposal] if proposal else []


def _roundup(
    newsroom: Newsroom,
    database: Database,
    newsletter: Newsletter,
    timing: ScheduleSettings,
    kind: EditionKind,
    schedule: Schedule,
    now: datetime,
    by: str,
) -> list[EditionPlan]:
    task = _due(database, newsletter, timing, schedule, now, timedelta())
    if task is None:
        return []
    proposal = publish_roundup(newsroom, database, newsletter, kind, task.slot, now, by) if task.slot else None
    _record_passed(database, newsletter, task, by, now)
    return [proposal] if proposal and proposal.edition else []


def _record_passed(database: Database, newsletter: Newsletter, task: DueSlots, by: str, now: datetime) -> None:
    if task.passed:
        with database.write() as connection:
            for slot, outcome in task.passed:
                edition_repository.decide_slot(connection, newsletter.id, slot.name, outcome, by, now)


# -- the last look -----------------------------------------------------------------------------------------------------


def is_anything_due(newsroom: Newsroom, database: Database, now: datetime) -> bool:
    """Whether a slot or a draft has been waiting to be answered."""
    for name, timing in _active_schedules(newsroom, database).items():
        for schedule in filter(None, (timing.schedule, timing.daily, timing.weekly)):
            if _due(database, newsroom.newsletter(name), timing, schedule, now, timedelta()):
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
    for name, timing in _active_schedules(newsroom, database).items():
        review = newsroom.newsletter(name).review
        before = {timedelta(), review.before if review else timedelta()}
        for schedule in filter(None, (timing.schedule, timing.daily, timing.weekly)):
            for early in before:
                found += [
                    UpcomingEvent(slot.at - early, name) for slot in schedule.slots(now + early, now + early + ahead)
                ]
    with database.read() as connection:
        drafts = edition_repository.list_unreleased(connection)
    found += [UpcomingEvent(row.due_at, row.newsletter) for row in drafts if now < row.due_at <= now + ahead]
    return sorted(found, key=lambda one: one.at)


def _list_articles_due(newsroom: Newsroom, database: Database, now: datetime, ahead: timedelta) -> list[Article]:
    """The articles that the next decisions would send, and those that only the last look keeps back."""
    ensure_clock(newsroom, database, now)
    found: list[Article] = []
    for name, timing in _active_schedules(newsroom, database).items():
        newsletter = newsroom.newsletter(name)
        if timing.schedule and _due(database, newsletter, timing, timing.schedule, now, ahead):
            found += list_ready_articles(database, newsletter, now)
    with database.read() as connection:
        due = [row.id for row in edition_repository.list_unreleased(connection) if row.due_at <= now + ahead]
        for edition in skip_damaged(due, partial(edition_repository.find, connection)):
            found += edition.carried if edition else ()
    return found


def list_ready_articles(database: Database, newsletter: Newsletter, now: datetime) -> list[Article]:
    """What the next digest of a newsletter would carry, and what only the last look keeps out of it."""
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
    told = await asyncio.to_thread(_hold_missing, database, wanted, answers, now)
    for line in told:
        log.warning("last look: %s", line)
    return told


def _hold_missing(
    database: Database, wanted: Sequence[Article], answers: Mapping[str, Availability], now: datetime
) -> list[str]:
    told = []
    with database.write() as connection:
        said = flags.flags_of_articles(connection, [article.id for article in wanted])
        for article in wanted:
            held = said.get(article.id, {}).get(ArticleFlag.HELD)
            answer = answers[article.id]
            if answer.available is False and held is None:
                flags.set_flag(connection, article.id, ArticleFlag.HELD, reason=answer.reason, by=RECHECK, now=now)
                told.append(f"{article.id} «{article.title}» is held: {answer.reason}")
            elif answer.available and held and held.actor == RECHECK:
                flags.remove_flag(connection, article.id, ArticleFlag.HELD)
                told.append(f"{article.id} «{article.title}» is back")
    return told
