"""The long-running process: APScheduler wakes it, the store decides.

The scheduler only says "look now"; what is due is read from the store, and the row (newsletter, slot) decides who acts.
So a tick that comes late, twice, or in two processes at once changes nothing. The work itself is never done inside a
tick: APScheduler drops a tick whose predecessor still runs. What depends on others (sources, mailboxes, reviewers' mail
servers) runs beside it, and so does delivering: what is due waits for nobody.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import astuple
from datetime import datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from . import pipeline
from .config import Bounces
from .delivery.owners import new_owner
from .errors import DistributorError, StoreLost
from .gather_loop import GatherLoop
from .model import Tier
from .newsroom import Newsroom
from .storage.database import Database
from .workers import Worker, keep_others, wait_for_any

log = logging.getLogger("distributor.service")

AHEAD = timedelta(seconds=60)  # how long before an edition its sources are looked at once more
PREPARE = timedelta(seconds=30)  # how long before it its articles are asked after; the last look has 20 seconds for it
CATCH_UP = timedelta(seconds=20)  # how long what is late already waits for a first look
ASKED_FOR = timedelta(minutes=2)  # how long the answer of the last look holds
FAREWELL = 30.0  # seconds that what runs beside the loop has to come to its end
_JUST_AFTER = 0.01  # seconds after a time at which it has surely come


class Service:
    """Gathers and sends on schedule until `stop` is set. `tick` is the time in seconds between two looks at the clock."""

    def __init__(
        self,
        newsroom: Newsroom,
        database: Database,
        clock: Callable[[], datetime],
        stop: asyncio.Event,
        *,
        tick: float = 5.0,
    ) -> None:
        self.newsroom = newsroom
        self.database = database
        self.clock = clock
        self.stop = stop
        self.tick = tick
        self.owner = new_owner()
        self.worker = Worker(newsroom, database, clock, stop, tick=tick, among=newsroom.settings.workers)
        self.gathering = GatherLoop(newsroom, database, clock)
        self._wake = asyncio.Event()
        self._coming: Sequence[pipeline.Coming] = ()
        self._answered = clock()  # up to when what is due has been answered
        self._asked: dict[str, datetime] = {}  # when the last look asked after an article
        self._next_return: dict[str, datetime] = {}
        self._beside: dict[str, asyncio.Task[None]] = {}  # what runs beside the loop, by name
        self._passed: set[str] = set()  # messages in mailboxes that are no reports
        self._faults: dict[str, str] = {}  # of mailboxes, by name

    async def run(self) -> None:
        """Serve. Returns after `stop`, when the work in hand is written down. Raises StoreLost (see `Worker.run`)."""
        scheduler = AsyncIOScheduler(timezone="UTC")
        # Only waking: a late tick is as good as one in time (no grace limit), several that were missed are one.
        trigger = IntervalTrigger(seconds=self.tick, timezone="UTC")
        scheduler.add_job(self._tick, trigger, misfire_grace_time=None, coalesce=True, max_instances=1)
        scheduler.start()
        others = [asyncio.create_task(self.worker.run())]
        if self.newsroom.settings.workers > 1:
            others.append(
                asyncio.create_task(keep_others(self.newsroom.file, self.newsroom.settings.workers, self.stop))
            )
        try:
            if not await self.worker.clock_is_wrong():
                await self._guarded(self._catch_up)
            while not self.stop.is_set():
                self._wake.clear()
                if await self.worker.clock_is_wrong():
                    self._coming = ()
                else:
                    await self._guarded(self._look_ahead)
                    self._answered = self.clock()
                    await self._guarded(self._answer)
                    self._take_bounces()
                await wait_for_any(self.stop, self._wake, self._rest())
        finally:
            self.stop.set()
            await self._end_what_runs_beside()
            scheduler.shutdown(wait=False)
            await asyncio.gather(*others)

    async def _tick(self) -> None:
        self._wake.set()

    async def _guarded(self, step: Callable[[], object]) -> None:
        """One step; what goes wrong in it is told, and the next tick tries again."""
        if self.stop.is_set():
            return
        try:
            result = step()
            if asyncio.iscoroutine(result):
                await result
        except StoreLost as lost:
            self.worker.give_up(lost)
        except DistributorError as error:
            log.error("%s", error)
        except Exception:
            log.exception("%s failed; tried again at the next tick", step.__name__)

    def _start(self, name: str, step: Callable[[], object]) -> None:
        """Run a step beside the loop, unless the last one of its name still runs."""
        running = self._beside.get(name)
        if running is None or running.done():
            self._beside[name] = asyncio.create_task(self._guarded(step))

    async def _end_what_runs_beside(self) -> None:
        await self.gathering.close()
        if preparing := self._beside.get("prepare"):
            preparing.cancel()
        if self._beside:  # they end by themselves soon: they ask for `stop`, or each answer has its time
            _, late = await asyncio.wait(self._beside.values(), timeout=FAREWELL)
            for task in late:
                task.cancel()

    # -- ahead of time -----------------------------------------------------------------------------------------------

    async def _catch_up(self) -> None:
        """What came due while nobody served is late already. It waits for a first look at the sources and for its last
        look, so that it carries what was published meanwhile; but not long, and not beyond the next slot."""
        now, time = self.clock(), asyncio.get_running_loop().time
        if not await asyncio.to_thread(pipeline.anything_due, self.newsroom, self.database, now):
            return
        coming = await asyncio.to_thread(pipeline.coming, self.newsroom, self.database, now, CATCH_UP)
        until = time() + (min([now + CATCH_UP, *(one.at for one in coming)]) - now).total_seconds()
        self.gathering.start_due(now)
        await self.gathering.wait(self.stop, until - time())
        self._start("prepare", self._prepare)
        await wait_for_any(self.stop, self._beside["prepare"], max(0.0, until - time()))

    async def _look_ahead(self) -> None:
        """Start what takes its time, early enough to be done when it is needed."""
        now = self.clock()
        self._coming = await asyncio.to_thread(pipeline.coming, self.newsroom, self.database, now, AHEAD)
        self.gathering.start_due(now, self._coming)
        self._start("prepare", self._prepare)

    async def _prepare(self) -> None:
        now = self.clock()
        self._asked = {id: at for id, at in self._asked.items() if abs(now - at) < ASKED_FOR}
        asked = await pipeline.prepare(self.newsroom, self.database, self.clock, ahead=PREPARE, asked=self._asked)
        self._asked |= dict.fromkeys(asked, now)

    def _rest(self) -> float:
        """Seconds until the next look at the clock: a tick, or less where something comes due before."""
        unanswered = [one.at for one in self._coming if one.at > self._answered]
        until = (min(unanswered) - self.clock()).total_seconds() + _JUST_AFTER if unanswered else self.tick
        return max(0.0, min(self.tick, until))

    # -- at its time -------------------------------------------------------------------------------------------------

    async def _answer(self) -> None:
        answers = await asyncio.to_thread(pipeline.answer_due, self.newsroom, self.database, self._answered, self.owner)
        for proposal in answers.made:
            _log_made(proposal)
        for one in answers.settled:
            log.log(logging.INFO if one.event == "released" else logging.WARNING, "%s: %s (%s)", *astuple(one))
        self.worker.wake.set()
        self._start("tell reviewers", self._tell_reviewers)
        if answers.anything_out:
            await self.gathering.refresh()

    async def _tell_reviewers(self) -> None:
        for fault in await pipeline.tell_reviewers(self.newsroom, self.database, self.clock):
            log.error("%s", fault)

    # -- what comes back ---------------------------------------------------------------------------------------------

    def _take_bounces(self) -> None:
        """Look into the mailboxes that are due, beside everything else: their servers may be slow."""
        now = self.clock()
        boxes = self.newsroom.settings.bounces
        due = [box for box in boxes if is_due(self._next_return.get(str(box)), box.every, now)]
        running = self._beside.get("bounces")
        if not due or (running and not running.done()):
            return
        for box in due:
            self._next_return[str(box)] = now + box.every

        async def bounces() -> None:
            await self._look_into(due)

        self._start("bounces", bounces)

    async def _look_into(self, mailboxes: Sequence[Bounces]) -> None:
        looks = await asyncio.to_thread(
            pipeline.take_bounces,
            self.newsroom,
            self.database,
            self.clock,
            mailboxes,
            stopping=self.stop.is_set,
            passed=self._passed,
        )
        for look in looks:
            if look.fault and look.fault != self._faults.get(look.mailbox):  # once, when it begins or changes
                log.error("%s", look.fault)
            self._faults[look.mailbox] = look.fault
            for key, reason in look.unreadable:  # once: it is passed over from then on
                log.error("%s: message %s cannot be read and is left as it was: %s", look.mailbox, key, reason)
            _log_taken(look)


def is_due(planned: datetime | None, every: timedelta, now: datetime) -> bool:
    """Whether it is time for what is done every so often. A time further away than that was planned by a clock that was
    ahead."""
    return planned is None or not now < planned <= now + every


def _log_taken(look: pipeline.Taken) -> None:
    effects = [one.effect for one in look.handled if one.effect and not one.effect.known]
    if effects:
        suppressed = sum(effect.suppression is not None for effect in effects)
        log.info("%s: %d bounces and complaints, %d addresses suppressed", look.mailbox, len(effects), suppressed)
    ours = [effect.bounce for effect in effects if effect.bounce.type is Tier.POLICY]
    if ours:
        log.warning("%s: %d letters were refused because of us; the last: %s", look.mailbox, len(ours), ours[-1].text)


def _log_made(proposal: pipeline.Proposal) -> None:
    edition = proposal.edition
    if edition is None:
        log.info("no edition of %s: %s", proposal.newsletter.id, proposal.selection.reason)
        return
    draft = "held, " if proposal.held else "a draft, " if proposal.due else ""
    log.info(
        "edition %s for slot %s: %s%d articles, %d readers",
        edition.id, edition.slot, draft, len(edition.carried), proposal.audience,
    )  # fmt: skip
