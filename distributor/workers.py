"""Who works through the ledger: a worker in this process, and more of them in processes of their own.

A worker takes pieces of the work, whoever else does; the ledger sees to it that each piece is in one pair of hands.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from . import pipeline
from .clock import clock as store_clock
from .clock import steady
from .delivery.stats import ProgressLogger, RunStats
from .delivery.worker import DeliveryWorker
from .errors import DistributorError, StoreLost
from .model import DeliveryState
from .newsroom import Newsroom
from .pipeline import Fault
from .storage.database import Database
from .storage.future_times import TOLERANCE

log = logging.getLogger("distributor.service")

_TRUST_AFTER = timedelta(minutes=15)  # how long the clock must stand to its new time before it is believed
_RESTART_DELAY = 5.0  # seconds before a worker that died is started again
_FOLLOW_EVERY = 60.0  # seconds between two questions for the time of the store
_TERMINATE_TIMEOUT = 60.0  # seconds that a worker has to finish the messages in hand


class ClockMonitor:
    """Tells when somebody has set the clock by more than minutes. Until it is set right again, or has stood to its new
    time for a while, nothing is sent and nothing given up: a day too late every email would be out of date."""

    def __init__(self, clock: Callable[[], datetime], steady: Callable[[], float] = steady) -> None:
        self._clock = clock
        self._steady = steady
        self._base = (clock(), steady())
        self._since: float | None = None

    def current_offset(self) -> timedelta:
        """By how much the clock is off now; zero while all is well."""
        now, passed = self._clock(), self._steady()
        off = (now - self._base[0]) - timedelta(seconds=passed - self._base[1])
        if abs(off) > TOLERANCE:  # what no clock is set right by in ordinary life
            self._since = passed if self._since is None else self._since
            if timedelta(seconds=passed - self._since) < _TRUST_AFTER:
                return off
            log.warning("the clock has stood to its new time for %s: it is believed", _TRUST_AFTER)
        self._base, self._since = (now, passed), None
        return timedelta()


class FaultLog:
    """Faults that last: each is logged when it begins and when it changes, once however many steps fail of it."""

    def __init__(self) -> None:
        self._lasting: dict[str, frozenset[str]] = {}  # by step
        self._told_at: dict[str, float] = {}  # in steady seconds

    def report(self, step: str, *faults: Fault) -> None:
        """Log what is new among the faults that a step has now. What it had before and has no more is over."""
        known = frozenset[str]().union(*self._lasting.values())
        for fault in faults:
            if fault.text not in known:
                log.error("%s", fault.text, exc_info=fault.bug)
        self._lasting.pop(step, None)
        self._told_at.pop(step, None)
        if faults:
            self._lasting[step] = frozenset(fault.text for fault in faults)
            self._told_at[step] = steady()

    def end_old(self, steps: str, seconds: float) -> None:
        """Take for over what steps whose names begin so have not said again for so long: another process may do them now."""
        before = steady() - seconds
        for step in [name for name, at in self._told_at.items() if name.startswith(steps) and at < before]:
            self.report(step)

    def lasting(self) -> dict[str, str]:
        """What each step that fails now says, by its name. May be called from any thread."""
        return {step: "; ".join(sorted(texts)) for step, texts in list(self._lasting.items())}


def describe_fault(error: Exception, failed: str, then: str) -> Fault:
    """What went wrong: in its own words where staff can mend it; anything else is a bug, and goes with its trace."""
    if isinstance(error, DistributorError):
        return Fault(str(error))
    return Fault(f"{failed}: {type(error).__name__}: {error}; {then}", error)


class StoreWatch:
    """What every process watches that works for long: the store and the clock. Nothing is sent while one of them is not as
    it was; a store or a key that is lost ends the process."""

    def __init__(
        self,
        newsroom: Newsroom,
        database: Database,
        clock: Callable[[], datetime],
        stop: asyncio.Event,
        tick: float,
    ) -> None:
        self.newsroom = newsroom
        self.database = database
        self.clock = clock
        self.stop = stop
        self.tick = tick
        self.wake = asyncio.Event()
        self.watch = ClockMonitor(clock)
        self.faults = FaultLog()
        self.lost: StoreLost | None = None
        self._agreed = False  # whether the clock and the store agree, as far as we know

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Watch, for the length of the block. Raises StoreLost at its end where the store or its key was lost."""
        tasks = {
            asyncio.create_task(follow_clock_of(self.database, self.stop, self.faults)),
            asyncio.create_task(self._check_store_regularly()),
        }
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        if self.lost:
            raise self.lost

    async def _check_store_regularly(self) -> None:
        """Check at every tick whether the store is still there, however long a delivery takes."""
        while not self.stop.is_set():
            await asyncio.sleep(self.tick)
            await self.guarded("checking the store", self._check_store)

    async def _check_store(self) -> None:
        try:
            await asyncio.to_thread(pipeline.check_may_send, self.newsroom, self.database, self.clock())
        except StoreLost:
            raise
        except DistributorError:
            pass  # busy, or not to be reached just now: whoever needs it says so

    def give_up(self, lost: StoreLost) -> None:
        """End all work, the messages in hand finished: nothing good can come of it."""
        if self.lost is None:
            log.error("the store or its key is lost: nothing more is sent, and this process ends")
            self.lost = lost
        self.stop.set()

    def clock_believed(self) -> None:
        """The clock was set, and is believed from now on."""

    async def guarded(self, name: str, step: Callable[[], Awaitable[None]], *, of: str = "") -> None:
        """One step. What goes wrong in it is logged once while it lasts, and the next tick tries again. `of` tells steps
        of one name apart that run side by side."""
        if self.stop.is_set():
            return
        key = f"{name} {of}" if of else name
        try:
            await step()
        except StoreLost as lost:
            self.give_up(lost)
        except Exception as error:
            self.faults.report(key, describe_fault(error, f"{name} failed", "tried again at the next tick"))
        else:
            self.faults.report(key)

    async def deliver_once(self, worker: DeliveryWorker, step: str) -> None:
        """Deliver all that is due; what goes wrong is logged once while it lasts."""
        started = self.clock()
        worker.progress = ProgressLogger(log.info)
        try:
            report = await pipeline.run_worker(self.newsroom, self.database, worker)
        except StoreLost as lost:
            self.give_up(lost)
            return
        except Exception as error:
            self.faults.report(step, describe_fault(error, "delivering failed", "tried again at the next tick"))
            return
        self.faults.report(step)
        _log_report(report, (self.clock() - started).total_seconds())

    async def clock_is_wrong(self) -> bool:
        """Whether the clock cannot be believed now: it has been set by much, or does not agree with the store. Logged once.

        At the start, and when a clock that was set is believed again, what a clock that was ahead has decided is taken
        back (`pipeline.settle_clock`).
        """
        off = self.watch.current_offset()
        if off:
            self._agreed = False
            minutes, wait = off / timedelta(minutes=1), _TRUST_AFTER / timedelta(minutes=1)
            text = (
                f"the clock of this machine has been set by {minutes:+.0f} minutes: nothing is sent or given up until it is "
                f"right again, or has stood there for {wait:.0f} minutes"
            )
            self.faults.report("clock", Fault(text))
            return True
        if not self._agreed:
            try:
                await asyncio.to_thread(pipeline.ensure_clock, self.newsroom, self.database, self.clock(), again=True)
            except StoreLost as lost:
                self.give_up(lost)
                return True
            except DistributorError as error:
                self.faults.report("clock", Fault(str(error)))
                return True
            self._agreed = True
            self.clock_believed()
        self.faults.report("clock")
        return False


class DeliveryLoop(StoreWatch):
    """Delivers what is due, again and again, until `stop`."""

    def __init__(
        self,
        newsroom: Newsroom,
        database: Database,
        clock: Callable[[], datetime],
        stop: asyncio.Event,
        *,
        tick: float = 5.0,
    ) -> None:
        super().__init__(newsroom, database, clock, stop, tick)
        self.dispatcher = pipeline.make_delivery_worker(newsroom, database, clock, stop, wake=self.wake.set)

    async def run(self) -> None:
        """Deliver until `stop`. Raises StoreLost where the store or its key is not what it was: then nothing is sent on."""
        try:
            async with self.watching():
                while not self.stop.is_set():
                    self.wake.clear()
                    if not await self.clock_is_wrong():
                        await self.deliver_once(self.dispatcher, "delivery")
                    await wait_for_any(self.stop, self.wake, self.tick)
        finally:
            self.close()

    def close(self) -> None:
        self.dispatcher.close()

    def clock_believed(self) -> None:
        self.dispatcher.health.backing_off.clear()  # backoffs were counted from another time


async def follow_clock_of(
    database: Database, stop: asyncio.Event, faults: FaultLog, every: float = _FOLLOW_EVERY
) -> None:
    """Go by the clock of the store, if it has one, until `stop`: it is asked again and again, as no two clocks are equally
    fast."""
    step = "the time of the store"
    while not stop.is_set():
        try:
            await asyncio.to_thread(store_clock.follow, database.server_time)
        except DistributorError:
            pass  # not to be reached just now: whoever needs it says so
        except Exception as bug:
            faults.report(step, describe_fault(bug, f"asking for {step} failed", f"asked again in {every:g} s"))
        else:
            faults.report(step)
        await wait_for_any(stop, asyncio.Event(), every)


async def wait_for_any(stop: asyncio.Event, other: asyncio.Event | asyncio.Future[None], seconds: float) -> None:
    """Until `stop` is set, or the other event or the end of a task has come, or the time is over."""
    events = [one for one in (stop, other) if isinstance(one, asyncio.Event)]
    waiting: list[asyncio.Future[Any]] = [asyncio.ensure_future(event.wait()) for event in events]
    tasks = [other] if isinstance(other, asyncio.Future) else []
    await asyncio.wait([*waiting, *tasks], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for one in waiting:
        one.cancel()


def _log_report(report: RunStats, seconds: float) -> None:
    for note in report.notes:
        log.warning("%s", note)
    total = sum(report.counts.values())
    if total:
        rate = total / max(seconds, 0.001)
        log.info("%d deliveries in %.1f s (%.0f/s): %d sent", total, seconds, rate, report.of(DeliveryState.SENT))


# -- more of them ------------------------------------------------------------------------------------------------------


async def keep_workers_alive(config: Path, count: int, stop: asyncio.Event, *, by_tasks: bool = False) -> None:
    """Keep `count` - 1 more workers alive, each in a process of its own, until `stop`; those that work on tasks or those
    that look for work by themselves."""
    arguments = ("worker",) if by_tasks else ("deliver", "--follow")
    await asyncio.gather(*(keep_process_alive(config, "a worker", arguments, stop) for _ in range(count - 1)))


async def keep_process_alive(config: Path, name: str, arguments: Sequence[str], stop: asyncio.Event) -> None:
    """Keep a command of this program running in a process of its own until `stop`; started again where it ends."""
    command = (sys.executable, "-m", "distributor", "-c", str(config), *arguments)
    while not stop.is_set():
        try:
            process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.DEVNULL)
        except OSError as error:  # no memory, too many processes
            log.error("%s cannot be started: %s; tried again in %g s", name, error.strerror or error, _RESTART_DELAY)
        else:
            await _watch(process, name, stop)
        await wait_for_any(stop, asyncio.Event(), _RESTART_DELAY)


async def _watch(process: asyncio.subprocess.Process, name: str, stop: asyncio.Event) -> None:
    """Until a process has ended, by itself or because of `stop`."""
    ended = asyncio.ensure_future(process.wait())
    stopped = asyncio.ensure_future(stop.wait())
    await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if ended.done():
        log.error("%s ended with %s; another one is started", name, process.returncode)
    else:
        await _terminate(process, name)


async def _terminate(process: asyncio.subprocess.Process, name: str) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(_TERMINATE_TIMEOUT):
            await process.wait()
    except TimeoutError:
        log.error("%s did not end in %g s and is killed; what it had in hand may be out", name, _TERMINATE_TIMEOUT)
        process.kill()
        await process.wait()
