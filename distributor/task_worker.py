"""A process that works on tasks, on any host: one of many that share a store on PostgreSQL.

A task of emails names a shard, and the round of its channel that runs in this process takes it in: so the connections to
the mail servers stay open from shard to shard, and the engine only says who works on which. What the ledger holds open and
nobody was asked for is asked for again at every tick, by whoever comes first.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from . import pipeline
from .delivery import requests
from .delivery.ledger import Ledger
from .delivery.shard_queue import AskedShards
from .errors import DistributorError
from .newsroom import Newsroom
from .pipeline import Fault
from .storage.database import Database
from .tasks import queue
from .tasks.runner import Group, Handler, TaskRunner
from .workers import StoreWatch, wait_for_any

log = logging.getLogger("distributor.service")

_FOREVER = 1e9  # seconds
_TASK = "a task of"  # begins the name of each, for what goes wrong in it
_FAULT_LASTS = 900.0  # seconds: a task that still fails was tried again by then, here or elsewhere
SHARDS_AT_ONCE = 8  # that are in hand or asked for: so many that no connection ever waits for the next
_GROUPS = (
    Group([queue.MAIL], SHARDS_AT_ONCE),
    Group([queue.EDITIONS], 2),  # never behind anything else: they have their times
    Group([queue.POSTS, queue.GATHER, queue.BOUNCES, queue.PAGES], 16),
)


class TaskWorker(StoreWatch):
    """Works on the tasks of these queues until `stop`: deliveries, and what there are handlers for."""

    def __init__(
        self,
        newsroom: Newsroom,
        database: Database,
        clock: Callable[[], datetime],
        stop: asyncio.Event,
        *,
        tick: float = 5.0,
        queues: Collection[str] = queue.QUEUES,
    ) -> None:
        super().__init__(newsroom, database, clock, stop, tick)
        self.queues = frozenset(queues)
        self._handlers: dict[str, Handler] = {
            queue.MAIL: self._deliver_shard,
            queue.POSTS: self._deliver_posts,
        }
        self._rounds: dict[str, ChannelRounds] = {}
        self._started = clock()
        self.fingerprint = ""  # of the configuration by which this process works; what is set here counts
        self._may_work = asyncio.Event()
        self._pause = asyncio.Event()
        self._closing = pipeline.make_delivery_worker(newsroom, database, clock, stop, only=())

    def add_handlers(self, handlers: Mapping[str, Handler]) -> None:
        """Handlers for the tasks of more queues, by queue."""
        self._handlers |= handlers

    async def run(self) -> None:
        """Work until `stop`. Raises StoreLost where the store or its key is not what it was."""
        fingerprint = await asyncio.to_thread(pipeline.compute_fingerprint, self.newsroom)
        self.fingerprint = self.fingerprint or fingerprint
        try:
            async with self.watching():
                looking = asyncio.create_task(self._look_regularly())
                try:
                    while not self.stop.is_set():
                        await wait_for_any(self.stop, self._may_work, _FOREVER)
                        await self._work_until_paused()
                finally:
                    looking.cancel()
                    await asyncio.wait({looking})
        finally:
            self.stop.set()
            for rounds in self._rounds.values():
                await rounds.end()
            self.close()

    async def _work_until_paused(self) -> None:
        """Work on tasks, as long as this process may. Tasks that it takes and cannot work on would be lost to the others."""
        handlers = {name: self._told(name, each) for name, each in self._handlers.items() if name in self.queues}
        groups = [Group([name for name in group.queues if name in handlers], group.concurrency) for group in _GROUPS]
        self._pause = asyncio.Event()
        if not self.stop.is_set():
            ending = asyncio.create_task(_set_after(self.stop, self._pause))
            runner = TaskRunner(self.database, handlers, [group for group in groups if group.queues], self._pause)
            await runner.run()
            ending.cancel()

    def _told(self, name: str, handler: Handler) -> Handler:
        """The same handler; what goes wrong in it is told, as the engine tells nobody."""

        async def handle(**arguments: Any) -> None:
            of = " ".join(str(value) for value in arguments.values())
            await self.guarded(f"{_TASK} {name}", lambda: handler(**arguments), of=of)

        return handle

    def close(self) -> None:
        for worker in (self._closing, *(rounds.worker for rounds in self._rounds.values())):
            worker.close()

    def clock_believed(self) -> None:
        for rounds in self._rounds.values():
            rounds.worker.health.backing_off.clear()  # backoffs were counted from another time

    # -- tasks -------------------------------------------------------------------------------------------------------

    async def _deliver_shard(self, edition: str, shard: int, channel: str, urgent: int = 0) -> None:
        rounds = await self._rounds_of(channel)
        if rounds:
            await rounds.deliver_shard(edition, shard, urgent=bool(urgent))

    async def _deliver_posts(self, channel: str) -> None:
        rounds = await self._rounds_of(channel)
        if rounds:
            await rounds.deliver_posts()

    async def _rounds_of(self, channel: str) -> ChannelRounds | None:
        """The rounds of a channel in this process; None for one that config.yaml does not have, and while the clock is
        wrong."""
        if channel not in self.newsroom.channels or self.stop.is_set() or await self.clock_is_wrong():
            return None
        if channel not in self._rounds:
            made = await asyncio.to_thread(ChannelRounds, self, channel)
            if channel in self._rounds:  # by another task meanwhile
                made.worker.close()
            else:
                self._rounds[channel] = made
        return self._rounds[channel]

    # -- what nobody was asked for -----------------------------------------------------------------------------------

    async def _look_regularly(self) -> None:
        """At every tick: whether this process may work, and what nobody was asked for."""
        while not self.stop.is_set():
            self.wake.clear()
            await self.guarded("looking for work", self._look)
            self.faults.end_old(_TASK, _FAULT_LASTS)
            await wait_for_any(self.stop, self.wake, self.tick)

    async def _look(self) -> None:
        if await self._look_whether_it_may():
            self._may_work.set()
            await self.deliver_once(self._closing, "closing editions")
            await self.guarded("asking again", self._ask_again_in_thread)
        else:
            self._may_work.clear()
            self._pause.set()

    async def _look_whether_it_may(self) -> bool:
        """Not while the clock cannot be believed, nor by another configuration than the newsroom's."""
        if await self.clock_is_wrong():
            return False
        try:
            difference = await asyncio.to_thread(pipeline.find_difference, self.database, self.fingerprint)
        except DistributorError:  # the store is away: whoever needs it says so
            return self._may_work.is_set()
        self.faults.report("configuration", *([Fault(difference)] if difference else []))
        return not difference

    async def _ask_again_in_thread(self) -> None:
        await asyncio.to_thread(self._ask_again)

    def _ask_again(self) -> None:
        with self.database.write(alone=False) as connection:
            if queue.take_turn(connection):
                if stalled := queue.forget_stalled(connection):
                    log.warning("%d tasks of workers that have stopped are handed out again", stalled)
                requests.ask_again(connection, self.newsroom.channels, self.clock(), self._started)


async def _set_after(event: asyncio.Event, other: asyncio.Event) -> None:
    await event.wait()
    other.set()


class ChannelRounds:
    """What tasks ask this process to deliver on one channel: by one round at a time, which takes in what comes meanwhile."""

    def __init__(self, process: TaskWorker, channel: str) -> None:
        self._process = process
        self._channel = channel
        newsroom, database = process.newsroom, process.database
        ledger = Ledger(database, limits=newsroom.settings.bounce_guard)
        self._asked = AskedShards(ledger, channel)
        self._posting = asyncio.Lock()
        self._round: asyncio.Task[None] | None = None
        self.worker = pipeline.make_delivery_worker(
            newsroom,
            database,
            process.clock,
            process.stop,
            ledger=ledger,
            wake=process.wake.set,
            only=[channel],
            asked=self._asked,
        )

    async def deliver_shard(self, edition: str, number: int, *, urgent: bool) -> None:
        """Deliver what is due in a shard; ends when it was let go of."""
        end = self._asked.ask(edition, number, urgent=urgent)
        if self._round is None or self._round.done():
            self._round = asyncio.create_task(self._deliver_asked())
        await end

    async def end(self) -> None:
        """Until no round is left, after `stop`: the last one waits a moment for tasks when all that it had have ended."""
        if self._round:
            await asyncio.wait({self._round})

    async def deliver_posts(self) -> None:
        """Deliver what is due on a channel that posts."""
        async with self._posting:
            await self._deliver()

    async def _deliver_asked(self) -> None:
        """One round after the other, until all that was asked for is done. One that took nothing cannot carry anything now:
        what it leaves is asked for again later."""
        try:
            while self._asked.has_more() and not self._process.stop.is_set():
                taken = self._asked.taken
                await self._deliver()
                if self._asked.taken == taken:  # kept for a while: other hosts may be able to, and want tasks, too
                    await wait_for_any(self._process.stop, self._process.wake, self._process.tick)
                    return
        finally:
            self._asked.drop()

    async def _deliver(self) -> None:
        await self._process.deliver_once(self.worker, f"delivery on {self._channel}")
