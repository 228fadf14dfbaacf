"""All that is due now: urgent articles, slots, daily and weekly letters, drafts whose time has come."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from ..config import Newsletter
from ..editions import book, items
from ..editions.schedule import Due, Schedule, due
from ..editions.selection import select
from ..editions.timing import Timing
from ..editions.urgency import urgent
from ..gathering import marks, waits
from ..gathering.marks import Mark
from ..gathering.reader import ask_sources
from ..model import Article, EditionKind
from ..newsroom import Newsroom
from ..source import Presence
from ..storage.database import Database
from ..storage.reading import passing_over
from .clock import settle_clock
from .looking import Clock
from .names import not_to_begin
from .proposing import Proposal
from .publishing import publish, publish_alert, publish_roundup
from .releasing import LAST_LOOK, Settled, release_due, tried

log = logging.getLogger("distributor.pipeline")


@dataclass
class Answers:
    """What one look at the clock came to: what was decided, and what became of drafts."""

    made: list[Proposal] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)

    @property
    def anything_out(self) -> bool:
        """Whether there is something new to deliver."""
        fresh = any(one.edition and one.due is None and not one.held for one in self.made)
        return fresh or any(one.event == "released" for one in self.settled)


async def prepare(
    newsroom: Newsroom, database: Database, clock: Clock, *, ahead: timedelta = timedelta(), asked: Collection[str] = ()
) -> list[str]:
    """Get ready what goes out within `ahead`: a last look at its articles, and their pictures.

    It takes as long as the sources take, within limits; what is due does not wait for it. Those in `asked` are not asked
    after again. Returns the ids of those that were.
    """
    now = clock()
    articles = await asyncio.to_thread(_about_to_go, newsroom, database, now, ahead)
    articles = [article for article in articles if article.id not in asked]
    await last_look(newsroom, database, articles, now)
    await prepare_pictures(newsroom, articles, now)
    return [article.id for article in articles]


async def answer(newsroom: Newsroom, database: Database, clock: Clock, by: str) -> Answers:
    """Look once more at the articles that are about to go out, then decide all that is due: both in one go."""
    await prepare(newsroom, database, clock)
    return await asyncio.to_thread(answer_due, newsroom, database, clock(), by)


async def prepare_pictures(newsroom: Newsroom, articles: Sequence[Article], now: datetime) -> dict[str, str]:
    """Get the pictures of these articles ready; returns faults in words by article. They stop nothing."""
    studio = newsroom.studio()
    return await studio.prepare(articles, now) if studio and articles else {}


def answer_due(newsroom: Newsroom, database: Database, now: datetime, by: str) -> Answers:
    """Decide all that is due now in every newsletter: drafts first, so that a daily letter of the same minute has them."""
    settle_clock(newsroom, database, now)
    answers = Answers(settled=release_due(newsroom, database, now, by))
    for name, timing in _timed(newsroom, database).items():
        newsletter = newsroom.newsletter(name)
        steps: dict[str, Callable[[], list[Proposal]]] = {
            "alerts": partial(_alerts, newsroom, database, newsletter, now, by)
        }
        if timing.schedule:
            steps["digest"] = partial(_digest, newsroom, database, newsletter, timing, timing.schedule, now, by)
        for kind, schedule in ((EditionKind.DAILY, timing.daily), (EditionKind.WEEKLY, timing.weekly)):
            if schedule:
                steps[kind] = partial(_roundup, newsroom, database, newsletter, timing, kind, schedule, now, by)
        for what, step in steps.items():
            answers.made += tried(f"{name}, {what}", step) or []
    return answers


def _timed(newsroom: Newsroom, database: Database) -> dict[str, Timing]:
    """The newsletters that are looked after, with when they go out."""
    with database.read() as connection:
        waiting = not_to_begin(newsroom, connection)
    return {name: timing for name, timing in newsroom.timing.items() if name not in waiting}


def _alerts(newsroom: Newsroom, database: Database, newsletter: Newsletter, now: datetime, by: str) -> list[Proposal]:
    """Send what the newsletter's rule calls urgent."""
    if newsletter.alerts is None:
        return []
    with database.read() as connection:
        candidates = items.candidates(connection, newsletter.id)
        today = book.count_since(connection, newsletter.id, EditionKind.ALERT, now - timedelta(days=1))
    chosen = urgent(newsletter, candidates, today, now)
    made = [publish_alert(newsroom, database, newsletter, article, now, by) for article in chosen]
    return [proposal for proposal in made if proposal and proposal.edition]


def _due(
    database: Database, newsletter: Newsletter, timing: Timing, schedule: Schedule, now: datetime, ahead: timedelta
) -> Due | None:
    with database.write() as connection:
        since = items.enrol(connection, newsletter, now)
        decided = book.decided_slots(connection, newsletter.id, now - timing.missed.patience - timedelta(days=40))
    return due(schedule, since=since, now=now, missed=timing.missed, decided=decided, ahead=ahead)


def _digest(
    newsroom: Newsroom,
    database: Database,
    newsletter: Newsletter,
    timing: Timing,
    schedule: Schedule,
    now: datetime,
    by: str,
) -> list[Proposal]:
    ahead = newsletter.review.before if newsletter.review else timedelta()
    task = _due(database, newsletter, timing, schedule, now, ahead)
    if task is None:
        return []
    draft_until = None
    if newsletter.review and task.slot:  # whoever comes late with a draft gives its reviewers their time all the same
        draft_until = task.slot.at if task.slot.at > now else now + ahead
    proposal = publish(newsroom, database, newsletter, now, by, slot=task.slot, due=draft_until) if task.slot else None
    _note_passed(database, newsletter, task, by, now)
    return [proposal] if proposal else []


def _roundup(
    newsroom: Newsroom,
    database: Database,
    newsletter: Newsletter,
    timing: Timing,
    kind: EditionKind,
    schedule: Schedule,
    now: datetime,
    by: str,
) -> list[Proposal]:
    task = _due(database, newsletter, timing, schedule, now, timedelta())
    if task is None:
        return []
    proposal = publish_roundup(newsroom, database, newsletter, kind, task.slot, now, by) if task.slot else None
    _note_passed(database, newsletter, task, by, now)
    return [proposal] if proposal and proposal.edition else []


def _note_passed(database: Database, newsletter: Newsletter, task: Due, by: str, now: datetime) -> None:
    if task.passed:
        with database.write() as connection:
            for slot, outcome in task.passed:
                book.decide_slot(connection, newsletter.id, slot.name, outcome, by, now)


# -- the last look -----------------------------------------------------------------------------------------------------


def anything_due(newsroom: Newsroom, database: Database, now: datetime) -> bool:
    """Whether a slot or a draft has been waiting to be answered."""
    for name, timing in _timed(newsroom, database).items():
        for schedule in filter(None, (timing.schedule, timing.daily, timing.weekly)):
            if _due(database, newsroom.newsletter(name), timing, schedule, now, timedelta()):
                return True
    with database.read() as connection:
        return any(row.due_at <= now for row in book.waiting(connection))


@dataclass(frozen=True, slots=True)
class Coming:
    """A time at which something will be due, and the newsletter it is for."""

    at: datetime
    newsletter: str


def coming(newsroom: Newsroom, database: Database, now: datetime, ahead: timedelta) -> list[Coming]:
    """What comes due later than now and within `ahead`: slots, the drafts made for them, and the release of drafts."""
    found = []
    for name, timing in _timed(newsroom, database).items():
        review = newsroom.newsletter(name).review
        before = {timedelta(), review.before if review else timedelta()}
        for schedule in filter(None, (timing.schedule, timing.daily, timing.weekly)):
            for early in before:
                found += [Coming(slot.at - early, name) for slot in schedule.slots(now + early, now + early + ahead)]
    with database.read() as connection:
        drafts = book.waiting(connection)
    found += [Coming(row.due_at, row.newsletter) for row in drafts if now < row.due_at <= now + ahead]
    return sorted(found, key=lambda one: one.at)


def _about_to_go(newsroom: Newsroom, database: Database, now: datetime, ahead: timedelta) -> list[Article]:
    """The articles that the next decisions would send, and those that only the last look keeps back."""
    settle_clock(newsroom, database, now)
    found: list[Article] = []
    for name, timing in _timed(newsroom, database).items():
        newsletter = newsroom.newsletter(name)
        if timing.schedule and _due(database, newsletter, timing, timing.schedule, now, ahead):
            found += ready(database, newsletter, now)
    with database.read() as connection:
        due = [row.id for row in book.waiting(connection) if row.due_at <= now + ahead]
        for edition in passing_over(due, partial(book.edition, connection)):
            found += edition.carried if edition else ()
    return found


def ready(database: Database, newsletter: Newsletter, now: datetime) -> list[Article]:
    """What the next digest of a newsletter would carry, and what only the last look keeps out of it."""
    with database.read() as connection:
        candidates = items.candidates(connection, newsletter.id)
    selection = select(newsletter, candidates, now)
    kept_back = [one.article for one in candidates if one.held.startswith(f"held by {LAST_LOOK}")]
    return [*selection.chosen, *selection.briefs, *kept_back]


async def last_look(newsroom: Newsroom, database: Database, articles: Sequence[Article], now: datetime) -> list[str]:
    """Ask the sources whether these articles are still there. What is gone is held until it is back.

    Returns what was found out, in words.
    """
    wanted = list({article.id: article for article in articles}.values())
    if not wanted:
        return []
    with database.read() as connection:
        left_alone = waits.current(connection, now)
    answers = await ask_sources(newsroom.sources, newsroom.settings.site, wanted, waits=left_alone)
    told = await asyncio.to_thread(_hold_what_is_gone, database, wanted, answers, now)
    for line in told:
        log.warning("last look: %s", line)
    return told


def _hold_what_is_gone(
    database: Database, wanted: Sequence[Article], answers: Mapping[str, Presence], now: datetime
) -> list[str]:
    told = []
    with database.write() as connection:
        said = marks.of(connection, [article.id for article in wanted])
        for article in wanted:
            held = said.get(article.id, {}).get(Mark.HELD)
            answer = answers[article.id]
            if answer.there is False and held is None:
                marks.put(connection, article.id, Mark.HELD, reason=answer.reason, by=LAST_LOOK, now=now)
                told.append(f"{article.id} «{article.title}» is held: {answer.reason}")
            elif answer.there and held and held.actor == LAST_LOOK:
                marks.take(connection, article.id, Mark.HELD)
                told.append(f"{article.id} «{article.title}» is back")
    return told
