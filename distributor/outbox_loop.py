"""Sending the outbox while the service runs: within a second of `wake`, beside everything else, each channel by itself."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable

from .newsroom import Newsroom
from .pipeline import Clock, EventCollector, Fault, OutboxReport, OutboxSender
from .storage.database import Database
from .workers import FaultLog, describe_fault, wait_for_any

log = logging.getLogger("distributor.service")

INTERVAL = 1.0  # seconds between two looks: another process may have put something in
COLLECT_EVERY = 5.0  # seconds between two looks for events that the store shows
CLOSE_TIMEOUT = 30.0  # seconds that messages in hand have to come to an end


class OutboxLoop:
    """Sends what is due until `stop`. `blocked` says that nothing may be sent now."""

    def __init__(
        self,
        newsroom: Newsroom,
        database: Database,
        clock: Clock,
        stop: asyncio.Event,
        faults: FaultLog,
        blocked: Callable[[], Awaitable[bool]],
    ) -> None:
        self.stop = stop
        self.faults = faults
        self.wake = asyncio.Event()
        self._sender = OutboxSender(newsroom, database, clock, stop)
        self._blocked = blocked
        self._collector = EventCollector(newsroom, database)
        self._clock = clock
        self._collected = -math.inf  # when events were looked for
        self._running: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Send until `stop`; what is in hand then is finished."""
        while not self.stop.is_set():
            self.wake.clear()
            await self.start_due()
            await wait_for_any(self.stop, self.wake, INTERVAL)
        if self._running:
            _, late = await asyncio.wait(self._running.values(), timeout=CLOSE_TIMEOUT)
            for task in late:
                task.cancel()

    async def start_due(self) -> None:
        """Begin with the channels for which something is due, and which are not at work."""
        try:
            if await self._blocked():
                return
            await self._collect_events()
            due = await self._sender.list_due()
        except Exception as error:
            self.faults.report("outbox", describe_fault(error, "looking into the outbox failed", "tried again at once"))
            return
        self.faults.report("outbox")
        for name in due:
            running = self._running.get(name)
            if running is None or running.done():
                self._running[name] = asyncio.create_task(self._send(name))

    async def _collect_events(self) -> None:
        time = asyncio.get_running_loop().time()
        if time - self._collected >= COLLECT_EVERY:
            self._collected = time
            await asyncio.to_thread(self._collector.collect, self._clock())

    async def finish(self) -> None:
        """Wait until what is under way is done."""
        if self._running:
            await asyncio.wait(self._running.values())

    async def _send(self, name: str) -> None:
        step = f"outbox of {name}"
        try:
            report = await self._sender.send_channel(name)
        except Exception as error:
            self.faults.report(step, describe_fault(error, "sending the outbox failed", "tried again at once"))
        else:
            self.faults.report(step, *map(Fault, report.faults))
            _log_report(name, report)


def _log_report(name: str, report: OutboxReport) -> None:
    if report.counts:
        parts = [f"{count} {state}" for (_, state), count in sorted(report.counts.items())]
        log.info("outbox, %s: %s", name, ", ".join(parts))
