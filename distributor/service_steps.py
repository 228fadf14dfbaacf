"""What the service does, step by step: beside it in one process, or by tasks on whichever host."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import astuple
from datetime import datetime, timedelta

from sqlalchemy import Connection

from . import pipeline
from .config.bounces import BounceMailboxSettings
from .delivery.lease import new_owner
from .gather_loop import GatherLoop
from .model import BounceType
from .pipeline import Fault, housekeeping
from .tasks import queue
from .tasks.runner import Handler
from .workers import StoreWatch

log = logging.getLogger("distributor.service")

PREPARE_AHEAD = timedelta(seconds=30)  # how long before an edition its articles are rechecked; that may take 20 seconds
SHUTDOWN_TIMEOUT = 30.0  # seconds that what runs beside the rest has to come to its end
RECHECK_VALID_FOR = timedelta(minutes=2)  # how long the answer of a recheck is valid


class ServiceSteps:
    """The steps of one process. `wake` is called when one of them has made something that is to be delivered. `by_tasks`:
    what channels show of all articles is brought up to date by whoever has their files."""

    def __init__(self, process: StoreWatch, wake: Callable[[], None] = lambda: None, *, by_tasks: bool = False) -> None:
        self.process = process
        self.newsroom = process.newsroom
        self.database = process.database
        self.clock = process.clock
        self.faults = process.faults
        self.wake = wake
        self.owner = new_owner()
        elsewhere = self._ask_for_pages if by_tasks else None
        self.gathering = GatherLoop(process.newsroom, process.database, process.clock, process.faults, elsewhere)
        self._rechecked: dict[str, datetime] = {}  # when an article was
        self._passed: set[str] = set()  # messages in mailboxes that are no reports
        self._beside: dict[str, asyncio.Task[None]] = {}  # what runs beside the rest, by name

    def start(self, name: str, step: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        """Run a step beside the rest, unless the last one of its name still runs; the one that runs."""
        running = self._beside.get(name)
        if running is None or running.done():
            running = self._beside[name] = asyncio.create_task(self.process.guarded(name, step))
        return running

    def is_running(self, name: str) -> bool:
        """Whether a step that was started has not ended."""
        running = self._beside.get(name)
        return running is not None and not running.done()

    async def close(self) -> None:
        """End what runs beside the rest: it ends by itself soon, as it looks for `stop`, or each answer has its time."""
        await self.gathering.close()
        if preparing := self._beside.get("prepare"):
            preparing.cancel()
        if self._beside:
            _, late = await asyncio.wait(self._beside.values(), timeout=SHUTDOWN_TIMEOUT)
            for task in late:
                task.cancel()

    def handlers(self) -> Mapping[str, Handler]:
        """The same steps for tasks, by queue."""
        return {
            queue.EDITIONS: self._editions_task,
            queue.GATHER: self._gather_task,
            queue.BOUNCES: self._mailbox_task,
            queue.PAGES: self.gathering.refresh_here,
        }

    # -- articles ----------------------------------------------------------------------------------------------------

    async def _gather_task(self, newsletters: str) -> None:
        """Gather what is due, and what these newsletters (names, with commas between) will soon need."""
        now = self.clock()
        known = self.newsroom.settings.newsletters
        coming = [pipeline.UpcomingEvent(now, name) for name in newsletters.split(",") if name in known]
        self.gathering.start_due(now, coming)
        self.start("keeping claims", lambda: self.gathering.keep_claims(self.process.stop))

    async def _ask_for_pages(self) -> None:
        await self.database.write_in_thread(_ask_once, queue.PAGES)

    # -- editions ----------------------------------------------------------------------------------------------------

    async def prepare(self) -> None:
        """Ask the sources of what goes out soon whether its articles are still published."""
        now = self.clock()
        self._rechecked = {id: at for id, at in self._rechecked.items() if abs(now - at) < RECHECK_VALID_FOR}
        asked = await pipeline.prepare_due(
            self.newsroom, self.database, self.clock, ahead=PREPARE_AHEAD, asked=self._rechecked
        )
        self._rechecked |= dict.fromkeys(asked, now)

    async def decide(self, now: datetime) -> None:
        """Decide all that is due at a time."""
        answers = await asyncio.to_thread(pipeline.decide_due, self.newsroom, self.database, now, self.owner)
        self.faults.report("slots and drafts", *answers.faults)
        for proposal in answers.made:
            _log_plan(proposal)
        for one in answers.draft_outcomes:
            log.log(logging.INFO if one.event == "released" else logging.WARNING, "%s: %s (%s)", *astuple(one))
        self.wake()
        self.start("notifying reviewers", self._notify_reviewers)
        if answers.has_new_deliveries:
            await self.gathering.refresh()

    async def _notify_reviewers(self) -> None:
        tried = await pipeline.notify_reviewers(self.newsroom, self.database, self.clock)
        for reviewer, fault in tried.items():
            self.faults.report(f"notifying {reviewer}", *([Fault(fault)] if fault else []))

    async def _editions_task(self) -> None:
        if await self.process.clock_is_wrong():
            return
        self.start("prepare", self.prepare)
        await self.process.guarded("deciding what is due", lambda: self.decide(self.clock()))

    # -- beside them -------------------------------------------------------------------------------------------------

    async def keep_house(self) -> None:
        """What is done about once an hour."""
        stopping = self.process.stop.is_set
        kept = await asyncio.to_thread(housekeeping.keep_house, self.newsroom, self.database, self.clock(), stopping)
        for name, count in kept.items():
            log.info("%s: %d", name, count)

    async def work_provider_events(self) -> None:
        """What providers of emails have reported to our web pages."""
        stopping = self.process.stop.is_set
        done = await pipeline.work_provider_events(self.newsroom, self.database, self.clock, stopping=stopping)
        for alarm in done.alarms:
            log.error("%s", alarm)
        if done.results:
            log.info(
                "providers have reported: %s", ", ".join(f"{count} {word}" for word, count in done.results.items())
            )

    # -- what comes back ---------------------------------------------------------------------------------------------

    async def check_mailboxes(self, mailboxes: Sequence[BounceMailboxSettings]) -> None:
        """Read what has come back into mailboxes. Their servers may be slow."""
        results = await asyncio.to_thread(
            pipeline.process_bounces,
            self.newsroom,
            self.database,
            self.clock,
            mailboxes,
            stopping=self.process.stop.is_set,
            passed=self._passed,
        )
        for result in results:
            self.faults.report(result.mailbox, *([Fault(result.fault)] if result.fault else []))
            for key, reason in result.unreadable:  # once: it is passed over from then on
                log.error("%s: message %s cannot be read and is left as it was: %s", result.mailbox, key, reason)
            _log_mailbox(result)

    async def _mailbox_task(self, mailbox: str) -> None:
        boxes = [box for box in self.newsroom.settings.bounces if str(box) == mailbox]
        if boxes and not await self.process.clock_is_wrong():
            await self.process.guarded("bounces", lambda: self.check_mailboxes(boxes))


def _ask_once(connection: Connection, name: str) -> None:
    """Ask for what has no arguments, unless somebody is asked already and has not begun."""
    if not queue.is_waiting(connection, name):
        queue.ask(connection, name, [{}])


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
