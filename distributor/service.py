"""The long-running process: APScheduler wakes it, the store decides.

The scheduler only says "check now"; what is due is read from the store, and the row (newsletter, slot) decides who acts.
So a tick that comes late, twice, or in two processes at once changes nothing. The work itself is never done inside a
tick: APScheduler drops a tick whose predecessor still runs. What depends on others (sources, mailboxes, reviewers' mail
servers) runs beside it, and so does delivering: what is due waits for nobody.

Where many hosts share a store on PostgreSQL, a tick asks for the work by tasks instead, and this process works on them as
any worker does. Several services may tick on several hosts: a task that waits is not asked for again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from . import pipeline
from .newsroom import Newsroom
from .outbox_loop import OutboxLoop
from .pages_loop import PagesLoop
from .pipeline import housekeeping
from .schedule import holidays
from .service_steps import ServiceSteps
from .staff_alerts.check import EVERY as ALERTS_EVERY
from .staff_alerts.check import StaffAlertCheck
from .storage.database import Database
from .task_worker import TaskWorker
from .tasks import queue, recurring
from .workers import DeliveryLoop, keep_workers_alive, wait_for_any

log = logging.getLogger("distributor.service")

GATHER_AHEAD = timedelta(seconds=60)  # how long before an edition its sources are gathered once more
CATCH_UP_LIMIT = timedelta(seconds=20)  # how long what is late already waits for the first gather
_JUST_AFTER = 0.01  # seconds after a time at which it has surely come


class Service:
    """Gathers and sends on schedule until `stop` is set, and serves the web pages if there are any, unless told otherwise
    (`with_pages`). `tick` is the time in seconds between two checks. Work is handed out `by_tasks` where the store has a
    queue of them, unless told otherwise."""

    def __init__(
        self,
        newsroom: Newsroom,
        database: Database,
        clock: Callable[[], datetime],
        stop: asyncio.Event,
        *,
        tick: float = 5.0,
        with_pages: bool = True,
        by_tasks: bool | None = None,
    ) -> None:
        self.newsroom = newsroom
        self.database = database
        self.clock = clock
        self.stop = stop
        self.tick = tick
        self.by_tasks = database.is_server if by_tasks is None else by_tasks
        self.worker: DeliveryLoop | TaskWorker
        if self.by_tasks:
            self.worker = TaskWorker(newsroom, database, clock, stop, tick=tick)
        else:
            self.worker = DeliveryLoop(newsroom, database, clock, stop, tick=tick)
        self.faults = self.worker.faults
        self.steps = ServiceSteps(self.worker, self.worker.wake.set, by_tasks=self.by_tasks)
        if isinstance(self.worker, TaskWorker):
            self.worker.add_handlers(self.steps.handlers())
        self.outbox = OutboxLoop(newsroom, database, clock, stop, self.faults, self.worker.clock_is_wrong)
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        pages = PagesLoop(newsroom, database, clock, stop, self.faults, self.wake, here=with_pages)
        self.pages = pages if newsroom.settings.web else None
        self._announced = not self.by_tasks
        self._coming: Sequence[pipeline.UpcomingEvent] = ()
        self._year = 0  # whose public holidays are known, with those around it
        self.alerts = StaffAlertCheck(newsroom, database, clock, self.faults.lasting)
        self._next_alerts = clock() + ALERTS_EVERY  # by then every source has been read once
        self._answered = clock()  # up to when what is due has been answered

    async def run(self) -> None:
        """Serve. Returns after `stop`, when the work in hand is written down. Raises StoreLost (see `StoreWatch`), and
        UserError where the pages cannot be served at the address that `web.listen` names."""
        self._loop = asyncio.get_running_loop()
        if self.pages:
            self.pages.listen()
        scheduler = AsyncIOScheduler(timezone="UTC")
        # Only waking: a late tick is as good as one in time (no grace limit), several that were missed are one.
        trigger = IntervalTrigger(seconds=self.tick, timezone="UTC")
        scheduler.add_job(self._tick, trigger, misfire_grace_time=None, coalesce=True, max_instances=1)
        scheduler.start()
        await self._announce()
        others = self._start_others()
        try:
            await self.worker.guarded("public holidays", self._learn_holidays)
            if not await self.worker.clock_is_wrong():
                await self.worker.guarded("catching up", self._catch_up)
            while not self.stop.is_set():
                self._wake.clear()
                await self.worker.guarded("checking what is due", self.run_once)
                await wait_for_any(self.stop, self._wake, self._seconds_to_next_tick())
        finally:
            self.stop.set()
            await self.steps.close()
            scheduler.shutdown(wait=False)
            await _end_all(others)

    def _start_others(self) -> list[asyncio.Task[None]]:
        """What runs beside the schedule. None of it ends before `stop`: where one of them does, all of them end, so that
        nobody takes for well what does half of its work."""
        others = [asyncio.create_task(self.worker.run()), asyncio.create_task(self.outbox.run())]
        if self.newsroom.settings.workers > 1:
            others.append(asyncio.create_task(self._keep_workers_alive()))
        if self.pages:
            others.append(asyncio.create_task(self.pages.run()))
        for task in others:
            task.add_done_callback(lambda _: self.stop.set())
        return others

    async def run_once(self) -> None:
        """Start what takes its time, and decide all that is due now, or ask for it."""
        if self.pages:
            self.pages.note_tick()
        blocked = await self.worker.clock_is_wrong()
        self._alert_staff()
        if blocked:
            self._coming = ()
            return
        await self._announce()
        await self.worker.guarded("preparing", self._start_preparations)
        now = self._answered = self.clock()
        if self.by_tasks:
            await self.worker.guarded("asking for work", self._ask)
        else:
            await self.worker.guarded("deciding what is due", lambda: self.steps.decide(now))
        await self.worker.guarded("what recurs", self._start_recurring)
        self.steps.start("provider events", self.steps.work_provider_events)

    async def _announce(self) -> None:
        """The other hosts work by the configuration with which the last service was started: announced once, as soon as the
        store can be reached and the clock agrees with it. Until then this process leaves its work alone, too."""

        def announce() -> None:
            now = self.clock()
            pipeline.check_may_send(self.newsroom, self.database, now)  # which makes the key of a new newsroom
            fingerprint = pipeline.compute_fingerprint(self.newsroom)
            pipeline.announce(self.database, fingerprint, now)
            if isinstance(self.worker, TaskWorker):
                self.worker.fingerprint = fingerprint
            self._announced = True

        if not self._announced:
            await self.worker.guarded("announcing the configuration", lambda: asyncio.to_thread(announce))

    async def _tick(self) -> None:
        self._wake.set()

    def wake(self) -> None:
        """There is something new to do: decide and deliver at once. May be called from any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._wake.set)
            self._loop.call_soon_threadsafe(self.worker.wake.set)
            self._loop.call_soon_threadsafe(self.outbox.wake.set)

    async def _keep_workers_alive(self) -> None:
        await keep_workers_alive(self.newsroom.file, self.newsroom.settings.workers, self.stop, by_tasks=self.by_tasks)

    # -- ahead of time -----------------------------------------------------------------------------------------------

    async def _catch_up(self) -> None:
        """What came due while nobody served is late already. It waits for a first gather and for its
        recheck, so that it carries what was published meanwhile; but not long, and not beyond the next slot."""
        now, time = self.clock(), asyncio.get_running_loop().time
        if not await asyncio.to_thread(pipeline.is_anything_due, self.newsroom, self.database, now):
            return
        coming = await asyncio.to_thread(pipeline.list_upcoming, self.newsroom, self.database, now, CATCH_UP_LIMIT)
        until = time() + (min([now + CATCH_UP_LIMIT, *(one.at for one in coming)]) - now).total_seconds()
        self.steps.gathering.start_due(now, soon=True)
        await self.steps.gathering.wait(self.stop, until - time())
        preparing = self.steps.start("prepare", self.steps.prepare)
        await wait_for_any(self.stop, preparing, max(0.0, until - time()))

    async def _start_preparations(self) -> None:
        """Start what takes its time, early enough to be done when it is needed."""
        now = self.clock()
        self._coming = await asyncio.to_thread(pipeline.list_upcoming, self.newsroom, self.database, now, GATHER_AHEAD)
        if not self.by_tasks:
            self.steps.gathering.start_due(now, self._coming)
            self.steps.start("prepare", self.steps.prepare)

    def _seconds_to_next_tick(self) -> float:
        """Seconds until the next check: a tick, or less where something comes due before."""
        unanswered = [one.at for one in self._coming if one.at > self._answered]
        until = (min(unanswered) - self.clock()).total_seconds() + _JUST_AFTER if unanswered else self.tick
        return max(0.0, min(self.tick, until))

    # -- at its time -------------------------------------------------------------------------------------------------

    async def _ask(self) -> None:
        """Ask for a look at what is due, unless somebody is asked already and has not begun."""
        newsletters = ",".join(sorted({one.newsletter for one in self._coming}))
        await asyncio.to_thread(self._ask_now, {queue.EDITIONS: {}, queue.GATHER: {"newsletters": newsletters}})

    def _ask_now(self, wanted: Mapping[str, queue.Arguments]) -> None:
        with self.database.write(alone=False) as connection:
            if queue.take_turn(connection, queue.TICKING):
                for name, arguments in wanted.items():
                    if not queue.is_waiting(connection, name, **arguments):
                        queue.ask(connection, name, [arguments], queue.URGENT)

    async def _start_recurring(self) -> None:
        """Start what is done every so often, by this process or another one, beside everything else."""
        now = self.clock()
        if now.year != self._year:
            self.steps.start("public holidays", self._learn_holidays)
        if await self._begin("housekeeping", housekeeping.EVERY, now):
            self.steps.start("housekeeping", self._keep_house)
        if self.steps.is_running("bounces"):
            return
        boxes = self.newsroom.settings.bounces
        due = [box for box in boxes if await self._begin(f"mailbox {box}", box.every, now)]
        if due and self.by_tasks:
            tasks = [{"mailbox": str(box)} for box in due]
            await self.database.write_in_thread(queue.ask, queue.BOUNCES, tasks)
        elif due:
            self.steps.start("bounces", lambda: self.steps.check_mailboxes(due))

    def _alert_staff(self) -> None:
        """Every minute, in each process, as each sees its own machine: what staff should know."""
        now = self.clock()
        if now < self._next_alerts <= now + ALERTS_EVERY:  # a time further away was planned by a clock that was ahead
            return
        self._next_alerts = now + ALERTS_EVERY

        async def alert_staff() -> None:
            if await asyncio.to_thread(self.alerts.run):
                self.outbox.wake.set()

        self.steps.start("staff alerts", alert_staff)

    async def _begin(self, name: str, every: timedelta, now: datetime) -> bool:
        return await asyncio.to_thread(recurring.begin, self.database, name, every, now)

    async def _keep_house(self) -> None:
        await self.steps.keep_house()
        self.outbox.wake.set()

    async def _learn_holidays(self) -> None:
        """Know the public holidays of the coming years without keeping the library that computes them in memory."""
        today = self.clock().date()
        days_off = [one.days_off for one in self.newsroom.settings.newsletters.values() if one.days_off]
        await asyncio.to_thread(holidays.learn, [one.country for one in days_off], today)
        self._year = today.year


async def _end_all(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Wait until each has come to its own end, and then raise the first fault."""
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result
