"""The long-running process: APScheduler wakes it, the store decides.

The scheduler only says "check now"; what is due is read from the store, and the row (newsletter, slot) decides who acts.
So a tick that comes late, twice, or in two processes at once changes nothing. The work itself is never done inside a
tick: APScheduler drops a tick whose predecessor still runs. What depends on others (sources, mailboxes, reviewers' mail
servers) runs beside it, and so does delivering: what is due waits for nobody.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import astuple
from datetime import datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from . import pipeline
from .config.bounces import BounceMailboxSettings
from .delivery.lease import new_owner
from .errors import DistributorError, StoreLost
from .gather_loop import GatherLoop
from .model import BounceType
from .newsroom import Newsroom
from .outbox_loop import OutboxLoop
from .pages_loop import PagesLoop
from .pipeline import Fault, housekeeping
from .storage.database import Database
from .workers import DeliveryLoop, keep_workers_alive, wait_for_any

log = logging.getLogger("distributor.service")

GATHER_AHEAD = timedelta(seconds=60)  # how long before an edition its sources are gathered once more
PREPARE_AHEAD = timedelta(seconds=30)  # how long before it its articles are rechecked; that may take 20 seconds
CATCH_UP_LIMIT = timedelta(seconds=20)  # how long what is late already waits for the first gather
RECHECK_VALID_FOR = timedelta(minutes=2)  # how long the answer of a recheck is valid
SHUTDOWN_TIMEOUT = 30.0  # seconds that what runs beside the loop has to come to its end
_JUST_AFTER = 0.01  # seconds after a time at which it has surely come


class Service:
    """Gathers and sends on schedule until `stop` is set, and serves the web pages if there are any, unless told otherwise
    (`with_pages`). `tick` is the time in seconds between two checks."""

    def __init__(
        self,
        newsroom: Newsroom,
        database: Database,
        clock: Callable[[], datetime],
        stop: asyncio.Event,
        *,
        tick: float = 5.0,
        with_pages: bool = True,
    ) -> None:
        self.newsroom = newsroom
        self.database = database
        self.clock = clock
        self.stop = stop
        self.tick = tick
        self.owner = new_owner()
        self.worker = DeliveryLoop(newsroom, database, clock, stop, tick=tick, among=newsroom.settings.workers)
        self.faults = self.worker.faults
        self.gathering = GatherLoop(newsroom, database, clock, self.faults)
        self.outbox = OutboxLoop(newsroom, database, clock, stop, self.faults, self.worker.clock_is_wrong)
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        pages = PagesLoop(newsroom, database, clock, stop, self.faults, self.wake, here=with_pages)
        self.pages = pages if newsroom.settings.web else None
        self._coming: Sequence[pipeline.UpcomingEvent] = ()
        self._answered = clock()  # up to when what is due has been answered
        self._asked: dict[str, datetime] = {}  # when an article was rechecked
        self._next_mailbox_check: dict[str, datetime] = {}
        self._next_housekeeping: datetime | None = None
        self._background: dict[str, asyncio.Task[None]] = {}  # what runs beside the loop, by name
        self._passed: set[str] = set()  # messages in mailboxes that are no reports

    async def run(self) -> None:
        """Serve. Returns after `stop`, when the work in hand is written down. Raises StoreLost (see `Worker.run`), and
        UserError where the pages cannot be served at the address that `web.listen` names."""
        self._loop = asyncio.get_running_loop()
        if self.pages:
            self.pages.listen()
        scheduler = AsyncIOScheduler(timezone="UTC")
        # Only waking: a late tick is as good as one in time (no grace limit), several that were missed are one.
        trigger = IntervalTrigger(seconds=self.tick, timezone="UTC")
        scheduler.add_job(self._tick, trigger, misfire_grace_time=None, coalesce=True, max_instances=1)
        scheduler.start()
        others = [asyncio.create_task(self.worker.run()), asyncio.create_task(self.outbox.run())]
        if self.newsroom.settings.workers > 1:
            others.append(
                asyncio.create_task(keep_workers_alive(self.newsroom.file, self.newsroom.settings.workers, self.stop))
            )
        if self.pages:
            others.append(asyncio.create_task(self.pages.run()))
        try:
            if not await self.worker.clock_is_wrong():
                await self._run_guarded("catching up", self._catch_up)
            while not self.stop.is_set():
                self._wake.clear()
                await self.run_once()
                await wait_for_any(self.stop, self._wake, self._seconds_to_next_tick())
        finally:
            self.stop.set()
            await self._stop_background_tasks()
            scheduler.shutdown(wait=False)
            await asyncio.gather(*others)

    async def run_once(self) -> None:
        """Start what takes its time, and decide all that is due now."""
        if self.pages:
            self.pages.note_tick()
        if await self.worker.clock_is_wrong():
            self._coming = ()
            return
        await self._run_guarded("preparing", self._start_preparations)
        self._answered = self.clock()
        await self._run_guarded("deciding what is due", self._answer)
        self._keep_house()
        self._process_bounces()
        self._start("provider events", self._work_provider_events)

    async def _tick(self) -> None:
        self._wake.set()

    def wake(self) -> None:
        """There is something new to do: decide and deliver at once. May be called from any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._wake.set)
            self._loop.call_soon_threadsafe(self.worker.wake.set)
            self._loop.call_soon_threadsafe(self.outbox.wake.set)

    async def _run_guarded(self, name: str, step: Callable[[], Awaitable[None]]) -> None:
        """One step. What goes wrong in it is logged once while it lasts, and the next tick tries again."""
        if self.stop.is_set():
            return
        try:
            await step()
        except StoreLost as lost:
            self.worker.give_up(lost)
        except DistributorError as error:
            self.faults.report(name, Fault(str(error)))
        except Exception as bug:
            text = f"{name} failed: {type(bug).__name__}: {bug}; tried again at the next tick"
            self.faults.report(name, Fault(text, bug))
        else:
            self.faults.report(name)

    def _start(self, name: str, step: Callable[[], Awaitable[None]]) -> None:
        """Run a step beside the loop, unless the last one of its name still runs."""
        running = self._background.get(name)
        if running is None or running.done():
            self._background[name] = asyncio.create_task(self._run_guarded(name, step))

    async def _stop_background_tasks(self) -> None:
        await self.gathering.close()
        if preparing := self._background.get("prepare"):
            preparing.cancel()
        if self._background:  # they end by themselves soon: they ask for `stop`, or each answer has its time
            _, late = await asyncio.wait(self._background.values(), timeout=SHUTDOWN_TIMEOUT)
            for task in late:
                task.cancel()

    # -- ahead of time -----------------------------------------------------------------------------------------------

    async def _catch_up(self) -> None:
        """What came due while nobody served is late already. It waits for a first gather and for its
        recheck, so that it carries what was published meanwhile; but not long, and not beyond the next slot."""
        now, time = self.clock(), asyncio.get_running_loop().time
        if not await asyncio.to_thread(pipeline.is_anything_due, self.newsroom, self.database, now):
            return
        coming = await asyncio.to_thread(pipeline.list_upcoming, self.newsroom, self.database, now, CATCH_UP_LIMIT)
        until = time() + (min([now + CATCH_UP_LIMIT, *(one.at for one in coming)]) - now).total_seconds()
        self.gathering.start_due(now)
        await self.gathering.wait(self.stop, until - time())
        self._start("prepare", self._prepare)
        await wait_for_any(self.stop, self._background["prepare"], max(0.0, until - time()))

    async def _start_preparations(self) -> None:
        """Start what takes its time, early enough to be done when it is needed."""
        now = self.clock()
        self._coming = await asyncio.to_thread(pipeline.list_upcoming, self.newsroom, self.database, now, GATHER_AHEAD)
        self.gathering.start_due(now, self._coming)
        self._start("prepare", self._prepare)

    async def _prepare(self) -> None:
        now = self.clock()
        self._asked = {id: at for id, at in self._asked.items() if abs(now - at) < RECHECK_VALID_FOR}
        asked = await pipeline.prepare_due(
            self.newsroom, self.database, self.clock, ahead=PREPARE_AHEAD, asked=self._asked
        )
        self._asked |= dict.fromkeys(asked, now)

    def _seconds_to_next_tick(self) -> float:
        """Seconds until the next check: a tick, or less where something comes due before."""
        unanswered = [one.at for one in self._coming if one.at > self._answered]
        until = (min(unanswered) - self.clock()).total_seconds() + _JUST_AFTER if unanswered else self.tick
        return max(0.0, min(self.tick, until))

    # -- at its time -------------------------------------------------------------------------------------------------

    async def _answer(self) -> None:
        answers = await asyncio.to_thread(pipeline.decide_due, self.newsroom, self.database, self._answered, self.owner)
        self.faults.report("slots and drafts", *answers.faults)
        for proposal in answers.made:
            _log_plan(proposal)
        for one in answers.draft_outcomes:
            log.log(logging.INFO if one.event == "released" else logging.WARNING, "%s: %s (%s)", *astuple(one))
        self.worker.wake.set()
        self._start("notifying reviewers", self._notify_reviewers)
        if answers.has_new_deliveries:
            await self.gathering.refresh()

    async def _notify_reviewers(self) -> None:
        tried = await pipeline.notify_reviewers(self.newsroom, self.database, self.clock)
        for reviewer, fault in tried.items():
            self.faults.report(f"notifying {reviewer}", *([Fault(fault)] if fault else []))

    def _keep_house(self) -> None:
        """About once an hour, beside everything else."""
        now = self.clock()
        if not is_due(self._next_housekeeping, housekeeping.EVERY, now):
            return
        self._next_housekeeping = now + housekeeping.EVERY

        async def keep_house() -> None:
            for name, count in (
                await asyncio.to_thread(housekeeping.keep_house, self.newsroom, self.database, now, self.stop.is_set)
            ).items():
                log.info("%s: %d", name, count)
            self.outbox.wake.set()

        self._start("housekeeping", keep_house)

    # -- what comes back ---------------------------------------------------------------------------------------------

    def _process_bounces(self) -> None:
        """Check the mailboxes that are due, beside everything else: their servers may be slow."""
        now = self.clock()
        boxes = self.newsroom.settings.bounces
        due = [box for box in boxes if is_due(self._next_mailbox_check.get(str(box)), box.every, now)]
        running = self._background.get("bounces")
        if not due or (running and not running.done()):
            return
        for box in due:
            self._next_mailbox_check[str(box)] = now + box.every

        async def bounces() -> None:
            await self._check_mailboxes(due)

        self._start("bounces", bounces)

    async def _check_mailboxes(self, mailboxes: Sequence[BounceMailboxSettings]) -> None:
        results = await asyncio.to_thread(
            pipeline.process_bounces,
            self.newsroom,
            self.database,
            self.clock,
            mailboxes,
            stopping=self.stop.is_set,
            passed=self._passed,
        )
        for result in results:
            self.faults.report(result.mailbox, *([Fault(result.fault)] if result.fault else []))
            for key, reason in result.unreadable:  # once: it is passed over from then on
                log.error("%s: message %s cannot be read and is left as it was: %s", result.mailbox, key, reason)
            _log_mailbox(result)

    async def _work_provider_events(self) -> None:
        done = await pipeline.work_provider_events(self.newsroom, self.database, self.clock, stopping=self.stop.is_set)
        for alarm in done.alarms:
            log.error("%s", alarm)
        if done.results:
            log.info(
                "providers have reported: %s", ", ".join(f"{count} {word}" for word, count in done.results.items())
            )


def is_due(planned: datetime | None, every: timedelta, now: datetime) -> bool:
    """Whether it is time for what is done every so often. A time further away than that was planned by a clock that was
    ahead."""
    return planned is None or not now < planned <= now + every


def _log_mailbox(result: pipeline.MailboxResult) -> None:
    effects = [one.effect for one in result.handled if one.effect and not one.effect.known]
    if effects:
        suppressed = sum(effect.suppression is not None for effect in effects)
        log.info("%s: %d bounces and complaints, %d addresses suppressed", result.mailbox, len(effects), suppressed)
    ours = [effect.bounce for effect in effects if effect.bounce.type is BounceType.POLICY]
    if ours:
        log.warning("%s: %d emails were rejected because of us; the last: %s", result.mailbox, len(ours), ours[-1].text)


def _log_plan(proposal: pipeline.EditionPlan) -> None:
    edition = proposal.edition
    if edition is None:
        log.info("no edition of %s: %s", proposal.newsletter.id, proposal.selection.reason)
        return
    if proposal.held:
        log.error("%s is held by preflight: %s", edition.id, proposal.held)
    draft = "held, " if proposal.held else "a draft, " if proposal.due else ""
    log.info(
        "edition %s for slot %s: %s%d articles, %d subscribers",
        edition.id, edition.slot, draft, len(edition.carried), proposal.audience,
    )  # fmt: skip
