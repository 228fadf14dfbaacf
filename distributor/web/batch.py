"""Many writes of single requests in few transactions: while one is being written to the disk, the next is collected."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

log = logging.getLogger("distributor.web")

MOST = 500  # requests in one transaction

Item = TypeVar("Item")
Result = TypeVar("Result")


class WriteBatcher(Generic[Item, Result]):
    """Gives items to `work` in groups, in a thread, and each result to whoever asked for it.

    `work` returns one result for each item, after it has committed. Where a group fails, each of its items is tried by
    itself, so that one cannot spoil the others.
    """

    def __init__(self, work: Callable[[Sequence[Item]], Sequence[Result]]) -> None:
        self._work = work
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._running: asyncio.Task[None] | None = None

    async def submit(self, item: Item) -> Result:
        """The result for an item, once it is committed. Raises what `work` raises."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())
        return await future

    async def _run(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            if await self._do(group):
                continue
            for one in group:
                await self._do([one])

    async def _do(self, group: Sequence[tuple[Item, asyncio.Future[Result]]]) -> bool:
        """Whether the items are settled; a group that has failed is not, a single item is."""
        try:
            results = await asyncio.to_thread(self._work, [item for item, _ in group])
        except Exception as error:
            if len(group) == 1:
                _settle(group[0][1], error)
                return True
            log.warning("%d requests could not be written together (%s): one by one", len(group), error)
            return False
        for (_, future), result in zip(group, results, strict=True):
            _settle(future, result)
        return True


def _settle(future: asyncio.Future[Result], outcome: Result | Exception) -> None:
    if future.done():  # who asked has gone away
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
