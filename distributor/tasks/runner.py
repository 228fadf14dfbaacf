"""Tasks handed to their handlers, for as long as a process works."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..storage.database import Database
from .queue import STALLED

if TYPE_CHECKING:
    from procrastinate import App

log = logging.getLogger("distributor.tasks")

Handler = Callable[..., Awaitable[None]]
_POOL = 3  # connections of a process besides one that listens for each group of queues
_POLL = 5.0  # seconds after which a worker looks although nobody has notified it
_HEARTBEAT = 10.0  # seconds between two signs of life of a worker
_RESTART_AFTER = 2.0  # seconds after which work goes on when the database was away


@dataclass(frozen=True, slots=True)
class Group:
    """Queues that are worked on side by side, with so many tasks at once at most."""

    queues: Sequence[str]
    concurrency: int


@dataclass
class TaskRunner:
    """Hands the tasks of some queues to their handlers until `stop`, whatever becomes of the database meanwhile."""

    database: Database
    handlers: Mapping[str, Handler]  # by queue; each gets the arguments of its task, and raises nothing
    groups: Sequence[Group]
    stop: asyncio.Event
    _away: str = field(default="", init=False)

    async def run(self) -> None:
        """Work until `stop`; what is in hand then comes to its end. The engine's own loop ends when it cannot reach the
        database for a few seconds: it is begun again until it can."""
        while not self.stop.is_set():
            try:
                await self._run_engine()
                self._away = ""
            except Exception as error:  # of the driver, its pool or the engine: the database is away
                self._tell(_in_words(error))
            await _wait(self.stop, _RESTART_AFTER)

    def _tell(self, fault: str) -> None:
        if not self.stop.is_set() and not self._away:
            log.warning("tasks cannot be fetched: %s; tried again until they can", fault)
        self._away = fault

    async def _run_engine(self) -> None:
        from .engine import working_app

        failed = asyncio.Event()
        connections = _POOL + len(self.groups)
        app = working_app(self.database.driver_arguments(), connections, self.handlers, failed.set)
        async with app.open_async():
            await self._run_groups(app, failed)

    async def _run_groups(self, app: App, failed: asyncio.Event) -> None:
        """One worker of the engine for each group, until one of them ends, has `failed`, or we are to stop."""
        workers = [
            asyncio.create_task(
                app.run_worker_async(
                    queues=list(group.queues),
                    concurrency=group.concurrency,
                    install_signal_handlers=False,
                    delete_jobs="always",
                    fetch_job_polling_interval=_POLL,
                    update_heartbeat_interval=_HEARTBEAT,
                    stalled_worker_timeout=STALLED.total_seconds(),
                )
            )
            for group in self.groups
        ]
        ends = [asyncio.ensure_future(event.wait()) for event in (self.stop, failed)]
        self._away = ""
        try:
            await asyncio.wait([*workers, *ends], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
            for worker in workers:
                worker.cancel()  # it ends when the tasks in hand have
            ended = await asyncio.gather(*workers, return_exceptions=True)
        for one in ended:
            if isinstance(one, Exception):
                raise one
        if not self.stop.is_set():
            self._tell("the engine has lost its connection")


def _in_words(error: BaseException) -> str:
    """The first line of what the driver says; the engine's own errors say nothing of their own, and were raised from it."""
    while error.__cause__:
        error = error.__cause__
    return f"{type(error).__name__}: {str(error).strip()}".splitlines()[0]


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
