"""The service of a simulated newsroom, driven tick by tick by a clock that is moved by hand."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from distributor.newsroom import Newsroom
from distributor.service import Service
from distributor.workers import ClockMonitor, DeliveryLoop


@dataclass
class SimulatedClock:
    now: datetime

    def __call__(self) -> datetime:
        return self.now


class Serve:
    """The service between its start and its end, tick by tick."""

    def __init__(self, newsroom: Newsroom, clock: SimulatedClock) -> None:
        self.newsroom = newsroom
        self.clock = clock
        self.database = newsroom.open_store()
        self.loop = asyncio.new_event_loop()
        self.service = self.run(self._start())

    async def _start(self) -> Service:
        service = Service(self.newsroom, self.database, self.clock, asyncio.Event(), by_tasks=False)
        service.worker.watch = ClockMonitor(self.clock, lambda: self.clock.now.timestamp())
        # Sources are asked in child processes, each by itself for a second: articles are brought to the store below instead.
        service.steps.gathering.start_due = lambda *_: None  # type: ignore[method-assign]
        service.steps.prepare = _nothing  # type: ignore[method-assign]
        return service

    def run(self, step: Any) -> Any:
        return self.loop.run_until_complete(step)

    def tick(self) -> None:
        self.run(self._tick())

    async def _tick(self) -> None:
        service, worker = self.service, self.service.worker
        service._year = self.clock.now.year  # its holidays are known here, without a child process
        assert isinstance(worker, DeliveryLoop)
        await service.run_once()
        await asyncio.gather(*service.steps._beside.values())
        await worker.deliver_once(worker.dispatcher, "delivery")
        await self._send_outbox()

    def send_outbox(self) -> None:
        """As the service does within a second."""
        self.run(self._send_outbox())

    async def _send_outbox(self) -> None:
        self.service.outbox._sender._rests.clear()  # they last for seconds of the real clock, in which days pass here
        await self.service.outbox.start_due()
        await self.service.outbox.finish()

    def close(self) -> None:
        self.run(self.service.steps.close())
        assert isinstance(self.service.worker, DeliveryLoop)
        self.service.worker.dispatcher.close()
        self.run(self.loop.shutdown_default_executor())
        self.loop.close()
        self.database.close()


async def _nothing() -> None:
    """A step that is left out."""
