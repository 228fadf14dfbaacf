"""When the service gathers from its sources: each in a task of its own, so that a slow one keeps nobody waiting.

A source is gathered every so often (`every`), and once more shortly before an edition that may carry its articles, so
that the edition is fresh without waiting for anybody at its time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from . import pipeline
from .errors import DistributorError
from .gathering.source_state import find_backoff
from .newsroom import Newsroom
from .pipeline import Fault
from .storage.database import Database
from .workers import FaultLog

log = logging.getLogger("distributor.service")

_MAX_REFRESH_GAP = timedelta(minutes=15)  # articles whose time has come, without a gather that brought anything new


class GatherLoop:
    """Gathers from the sources that are due, and then brings up to date what channels show of all articles."""

    def __init__(self, newsroom: Newsroom, database: Database, clock: Callable[[], datetime], faults: FaultLog) -> None:
        self.newsroom = newsroom
        self.database = database
        self.clock = clock
        self.faults = faults
        self._started: dict[str, datetime] = {}  # when a source was last gathered
        self._ask_again: dict[str, datetime] = {}  # until when the server of a source wants to be left alone
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._notes: dict[str, tuple[str, ...]] = {}  # what the last gather reported; logged once, not every time
        # When the feeds of all articles were last brought up to date; unknown after a crash.
        self._shown: datetime | None = None
        self._refreshing = asyncio.Lock()

    def start_due(self, now: datetime, coming: Iterable[pipeline.UpcomingEvent] = ()) -> None:
        """Start to gather each source that is due and is not being gathered. `coming` is what will go out soon."""
        wanted = {name for one in coming for name in self._sources_of(one.newsletter)}
        for name in self.newsroom.sources:
            if name not in self._tasks and self._is_due(name, now, soon=name in wanted):
                self._started[name] = now
                self._tasks[name] = asyncio.create_task(self._gather(name))

    async def wait(self, stop: asyncio.Event, seconds: float) -> None:
        """Until nothing is being gathered, or `stop`, or the time is over."""
        if not self._tasks:
            return
        gathering = asyncio.ensure_future(asyncio.wait(list(self._tasks.values())))
        stopped = asyncio.ensure_future(stop.wait())
        await asyncio.wait({gathering, stopped}, timeout=max(0.0, seconds), return_when=asyncio.FIRST_COMPLETED)
        gathering.cancel()
        stopped.cancel()

    async def close(self) -> None:
        """Break off what is under way; what it has not stored, the next gather finds."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _sources_of(self, newsletter: str) -> Iterable[str]:
        return self.newsroom.newsletter(newsletter).sources or self.newsroom.sources

    def _is_due(self, name: str, now: datetime, *, soon: bool) -> bool:
        """Whether it is time. Before an edition, a gather is fresh for a third of the ordinary time."""
        if find_backoff(self._ask_again, name, now):
            return False
        last, every = self._started.get(name), self.newsroom.sources[name].every
        return last is None or now - last >= (every / 3 if soon else every) or now < last

    async def _gather(self, name: str) -> None:
        fault = []
        try:
            (result,) = await pipeline.gather_sources(self.newsroom, self.database, self.clock, [name])
            _log_gathered(result, self._notes.get(name, ()))
            self._ask_again.pop(name, None)
            if result.retry_at:
                self._ask_again[name] = result.retry_at
            if not result.failure and not result.unchanged:
                self._notes[name] = (*result.notes, *result.faults)
            now = self.clock()
            fresh = self._shown is not None and timedelta() <= now - self._shown < _MAX_REFRESH_GAP
            if result.intake.new or result.intake.changed or not fresh:
                self._shown = now
                await self.refresh()
        except DistributorError as error:
            fault.append(Fault(str(error)))
        except Exception as bug:
            again = f"tried again in {self.newsroom.sources[name].every}"
            fault.append(Fault(f"gathering source {name} failed: {type(bug).__name__}: {bug}; {again}", bug))
        finally:
            del self._tasks[name]
        self.faults.report(f"source {name}", *fault)

    async def refresh(self) -> None:
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
