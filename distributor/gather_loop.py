"""When the service gathers from its sources: those that are due side by side, so that a slow one keeps nobody waiting.

When a source is due stands in the store (`gathering/gather_plans`): a restart asks nobody again, and of several services one
gathers. A source is gathered once more shortly before an edition that may carry its articles, so that the edition is fresh
without waiting for anybody at its time.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from . import pipeline
from .errors import DistributorError
from .gathering import gather_plans
from .newsroom import Newsroom
from .pipeline import Fault
from .storage.database import Database
from .workers import FaultLog

log = logging.getLogger("distributor.service")

MOST_AT_ONCE = 256  # sources that one process has claimed at a time: what it cannot begin is left to others
_MAX_REFRESH_GAP = timedelta(minutes=15)  # articles whose time has come, without a gather that brought anything new
_LONGEST_SLEEP = timedelta(seconds=60)  # before the plans are read again: another process may have died


class GatherLoop:
    """Gathers from the sources that are due, and then brings up to date what channels show of all articles: here, or with
    `refresh_elsewhere` where their files lie."""

    def __init__(
        self,
        newsroom: Newsroom,
        database: Database,
        clock: Callable[[], datetime],
        faults: FaultLog,
        refresh_elsewhere: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.newsroom = newsroom
        self.database = database
        self.clock = clock
        self.faults = faults
        self.refresh = refresh_elsewhere or self.refresh_here
        self._tasks: set[asyncio.Task[None]] = set()
        self._choosing: asyncio.Task[None] | None = None
        self._claims: dict[str, int] = {}  # what this process is gathering: the numbers of the claims by source
        self._renewed: datetime | None = None  # when the claims were last renewed
        self._first = True  # this process has not claimed all that is due to it: settings may have changed
        self._sleeps: tuple[datetime, datetime] | None = None  # from when until when no source is due
        self._notes: dict[str, tuple[str, ...]] = {}  # what the last gather reported; logged once, not every time
        # When the feeds of all articles were last brought up to date; unknown after a crash.
        self._shown: datetime | None = None
        self._refreshing = asyncio.Lock()
        self._refresher: asyncio.Task[None] | None = None
        self._refresh_again = False

    def start_due(self, now: datetime, coming: Iterable[pipeline.UpcomingEvent] = (), *, soon: bool = False) -> None:
        """Start to gather each source that is due and is not being gathered. `coming` is what will go out soon; with `soon`
        that needs all sources."""
        if self._choosing is not None and not self._choosing.done():
            return
        wanted = {name for one in coming for name in self._sources_of(one.newsletter)}
        wanted = set(self.newsroom.sources) if soon else wanted
        sleeping = self._sleeps is not None and self._sleeps[0] <= now < self._sleeps[1]
        if sleeping and not wanted and not self._must_renew(now):
            return
        self._choosing = asyncio.create_task(self._choose(now, wanted))

    async def keep_claims(self, stop: asyncio.Event) -> None:
        """Until nothing is being gathered here any more, or `stop`: see to it that nobody else takes it."""
        while self._running() and not stop.is_set():
            await self.wait(stop, gather_plans.CLAIM.total_seconds() / 6)
            if self._must_renew(self.clock()):
                self.start_due(self.clock())

    async def wait(self, stop: asyncio.Event, seconds: float) -> None:
        """Until nothing is being gathered, or `stop`, or the time is over."""
        stopped = asyncio.ensure_future(stop.wait())
        gathering = asyncio.ensure_future(self._wait_for_all())
        await asyncio.wait({gathering, stopped}, timeout=max(0.0, seconds), return_when=asyncio.FIRST_COMPLETED)
        gathering.cancel()
        stopped.cancel()

    async def _wait_for_all(self) -> None:
        while running := self._running():
            await asyncio.wait(running)

    def _running(self) -> list[asyncio.Task[None]]:
        return [task for task in (self._choosing, self._refresher, *self._tasks) if task and not task.done()]

    async def close(self) -> None:
        """Break off what is under way; what it has not stored, the next gather finds, here or in another process."""
        tasks = self._running()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if self._claims:
            with contextlib.suppress(DistributorError):  # then the claims end by themselves
                await self.database.write_in_thread(gather_plans.give_back, self._claims)

    def _must_renew(self, now: datetime) -> bool:
        """Whether others would soon take what this process is gathering."""
        return bool(self._claims) and not (
            self._renewed and timedelta() <= now - self._renewed < gather_plans.CLAIM / 3
        )

    def _sources_of(self, newsletter: str) -> Iterable[str]:
        return self.newsroom.newsletter(newsletter).sources or self.newsroom.sources

    async def _choose(self, now: datetime, soon: set[str]) -> None:
        """Claim what is due, and start to gather it."""
        faults = []
        try:
            claims = await self._claim(now, soon)
            if claims:
                task = asyncio.create_task(self._gather(claims))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        except DistributorError as error:
            faults.append(Fault(str(error)))
        except Exception as bug:
            faults.append(Fault(f"choosing sources failed: {type(bug).__name__}: {bug}", bug))
        self.faults.report("choosing sources", *faults)

    async def _claim(self, now: datetime, soon: set[str]) -> dict[str, int]:
        """Claim the sources that are due; the numbers of the claims by name. Notes until when none is due."""
        if self._must_renew(now):
            await self.database.write_in_thread(gather_plans.renew, dict(self._claims), now)
            self._renewed = now
        others = [source for name, source in self.newsroom.sources.items() if name not in self._claims]
        plans = await self.database.read_in_thread(gather_plans.load_plans, [source.name for source in others])
        due = gather_plans.find_due(others, plans, now, soon=soon, first=self._first)
        some = due[: max(MOST_AT_ONCE - len(self._claims), 0)]
        claims = await self.database.write_in_thread(gather_plans.claim, some, plans, now) if some else {}
        self._renewed = self._renewed if self._claims else now
        self._claims |= claims
        if len(due) == len(some):
            self._first = False
        until = gather_plans.find_next(others, plans, now) or now + _LONGEST_SLEEP
        self._sleeps = None if due else (now, min(until, now + _LONGEST_SLEEP))
        return claims

    async def _gather(self, claims: Mapping[str, int]) -> None:
        faults = []
        try:
            await pipeline.gather_sources(
                self.newsroom, self.database, self.clock, list(claims), turns=claims, on_result=self._note
            )
        except DistributorError as error:
            faults.append(Fault(str(error)))
        except Exception as bug:
            faults.append(Fault(f"gathering failed: {type(bug).__name__}: {bug}; tried again in some minutes", bug))
        for name in claims:
            self._claims.pop(name, None)
        self._sleeps = None
        self.faults.report("gathering", *faults)

    def _note(self, result: pipeline.GatherResult) -> None:
        """Log what a gather has brought, and let channels show it."""
        self._claims.pop(result.source, None)
        self._sleeps = None
        _log_gathered(result, self._notes.get(result.source, ()))
        if not result.failure and not result.unchanged:
            self._notes[result.source] = (*result.notes, *result.faults)
        now = self.clock()
        fresh = self._shown is not None and timedelta() <= now - self._shown < _MAX_REFRESH_GAP
        if result.intake.new or result.intake.changed or not fresh:
            self._shown = now
            self._refresh_again = True
            if self._refresher is None or self._refresher.done():
                self._refresher = asyncio.create_task(self._refresh_soon())

    async def _refresh_soon(self) -> None:
        """Refresh until nothing new has come meanwhile: once for many sources that end at the same time."""
        while self._refresh_again:
            self._refresh_again = False
            try:
                await self.refresh()
            except Exception as bug:
                words = str(bug) if isinstance(bug, DistributorError) else f"{type(bug).__name__}: {bug}"
                fault = Fault(
                    f"channels cannot show what is new: {words}", None if isinstance(bug, DistributorError) else bug
                )
                self.faults.report("showing what is new", fault)
            else:
                self.faults.report("showing what is new")

    async def refresh_here(self) -> None:
        """Bring what channels show of the store as a whole up to date; one at a time."""
        async with self._refreshing:
            faults = await pipeline.refresh_feeds(self.newsroom, self.database, self.clock)
            self.faults.report("feeds of all articles", *map(Fault, faults))


def _log_gathered(result: pipeline.GatherResult, logged: Sequence[str]) -> None:
    if result.failure:
        if result.tell:  # once, when it begins or changes; not every time
            log.error("source %s: %s", result.source, result.failure)
        return
    if result.intake.new or result.intake.changed:
        log.info("source %s: %d new, %d changed", result.source, len(result.intake.new), len(result.intake.changed))
    for note in (*result.notes, *result.faults):
        if note not in logged:
            log.warning("source %s: %s", result.source, note)
