"""The long-running process: APScheduler wakes it, the store decides.

The scheduler only says "look now"; what is due is read from the store, and the row (newsletter, slot) decides who acts.
So a tick that comes late, twice, or in two processes at once changes nothing. The work itself is never done inside a
tick: APScheduler drops a tick whose predecessor still runs. Gathering and answering take turns; delivering goes on
beside them, so that a large edition keeps no other one waiting.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import astuple
from datetime import datetime

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from . import pipeline
from .config import Bounces
from .delivery.owners import new_owner
from .errors import DistributorError
from .model import Tier
from .newsroom import Newsroom
from .storage.database import Database
from .workers import Worker, keep_others, wait_for_any

log = logging.getLogger("distributor.service")


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
        self._wake = asyncio.Event()
        self._stale = True  # whether the feeds of all articles may lack something: who was killed has not told
        self._next_look: dict[str, datetime] = {}
        self._next_return: dict[str, datetime] = {}
        self._taking: asyncio.Task[None] | None = None
        self._passed: set[str] = set()  # messages in mailboxes that are no reports
        self._faults: dict[str, str] = {}  # of mailboxes, by name

    async def run(self) -> None:
        """Serve. Returns after `stop`, when the work in hand is written down."""
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
            while not self.stop.is_set():
                self._wake.clear()
                await self._guarded(self._gather)
                if not self.worker.clock_is_wrong():
                    await self._guarded(self._answer)
                await self._guarded(self._take_bounces)
                await wait_for_any(self.stop, self._wake, self.tick)
        finally:
            self.stop.set()
            if self._taking:
                await self._taking  # it ends by itself soon: it asks for `stop`, and each answer has its time
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
        except DistributorError as error:
            log.error("%s", error)
        except Exception:
            log.exception("%s failed; tried again at the next tick", step.__name__)

    async def _gather(self) -> None:
        now = self.clock()
        due = [name for name in self.newsroom.sources if self._next_look.get(name, now) <= now]
        if not due:
            return
        for name in due:
            self._next_look[name] = now + self.newsroom.sources[name].every
        looking = asyncio.create_task(pipeline.gather(self.newsroom, self.database, self.clock, due))
        stopped = asyncio.create_task(self.stop.wait())
        await asyncio.wait({looking, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not looking.done():  # stopping: what a look has not stored, the next one sees
            looking.cancel()
            await asyncio.wait({looking})
            return
        looks = looking.result()
        for look in looks:
            _log_look(look)
        if self._stale or any(look.intake.new or look.intake.changed for look in looks):
            self._stale = False
            for fault in await pipeline.refresh(self.newsroom, self.database):
                log.error("%s", fault)

    async def _answer(self) -> None:
        answers = await pipeline.answer(self.newsroom, self.database, self.clock, self.owner)
        for proposal in answers.made:
            _log_made(proposal)
        for one in answers.settled:
            log.log(logging.INFO if one.what == "released" else logging.WARNING, "%s: %s (%s)", *astuple(one))
        for fault in await pipeline.tell_reviewers(self.newsroom, self.database, self.clock):
            log.error("%s", fault)
        self.worker.wake.set()
        if answers.anything_out:
            await pipeline.refresh(self.newsroom, self.database)

    async def _take_bounces(self) -> None:
        """Look into the mailboxes that are due, beside everything else: their servers may be slow."""
        now = self.clock()
        due = [box for box in self.newsroom.settings.bounces if self._next_return.get(str(box), now) <= now]
        if not due or (self._taking and not self._taking.done()):
            return
        for box in due:
            self._next_return[str(box)] = now + box.every

        async def bounces() -> None:
            await self._look_into(due)

        self._taking = asyncio.create_task(self._guarded(bounces))

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
            _log_taken(look)


def _log_taken(look: pipeline.Taken) -> None:
    effects = [one.effect for one in look.handled if one.effect and not one.effect.known]
    if effects:
        suppressed = sum(effect.suppression is not None for effect in effects)
        log.info("%s: %d bounces and complaints, %d addresses suppressed", look.mailbox, len(effects), suppressed)
    ours = [effect.bounce for effect in effects if effect.bounce.tier is Tier.POLICY]
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


def _log_look(look: pipeline.Look) -> None:
    if look.failure:
        if look.tell:  # once, when it begins or changes; not at every look
            log.error("source %s: %s", look.source, look.failure)
        return
    if look.intake.new or look.intake.changed:
        log.info("source %s: %d new, %d changed", look.source, len(look.intake.new), len(look.intake.changed))
    for note in look.notes:
        log.warning("source %s: %s", look.source, note)
    for fault in look.faults:
        log.warning("source %s: %s", look.source, fault)
