"""Group commit: the marks and outcomes of many connections in one transaction.

While one transaction is on its way to the disk, what the connections ask for meanwhile is gathered for the next: the
faster the wire, the larger the group. What a connection says before it asks for a mark is committed with that mark or
earlier. All of it runs in one thread of its own, so that the connections go on meanwhile and no two transactions of this
process wait for each other.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection

from ..clock import steady
from ..errors import StoreError
from ..model import Delivery
from .ledger import CommitResult, Ledger, LedgerEntry, Shard

log = logging.getLogger("distributor.delivery")

_P = ParamSpec("_P")
_T = TypeVar("_T")
# A transaction costs as much for one row as for ten, a quarter of all that ten messages cost. So others may join it until
# most of those who ask for marks at the same time have asked, but not longer than so many seconds.
_BATCH_WINDOW = 0.003
_MOST_OF_THEM = 0.75
_BUSY = 500.0  # marks a second, from which it is worth while to wait for others
_RETRY_DELAY = 1.0  # seconds between tries to write to a store that fails

SettledCallback = Callable[[LedgerEntry, bool], None]


class GroupCommit:
    """One worker's way into the ledger. What a failing store has not taken is kept, and written by the next call."""

    def __init__(self, ledger: Ledger, clock: Callable[[], datetime]) -> None:
        self.ledger = ledger
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, "ledger")
        self._marks: list[tuple[Shard, Delivery, asyncio.Future[bool]]] = []
        self._entries: list[tuple[LedgerEntry, SettledCallback]] = []
        self._running: asyncio.Task[None] | None = None
        self.paused: set[str] = set()  # editions that were paused in this run: who is refused at once asks for no mark
        self._pace = 0.0  # marks a second of late
        self._last = 0.0  # when the last transaction was begun
        self._together = 1.0  # how many ask for marks at the same time, of late
        self._complete: asyncio.Future[None] | None = None  # somebody waits until enough have asked

    async def mark(self, shard: Shard, row: Delivery) -> bool:
        """Commit that a row may leave; whether it still may. Raises StoreError: then it must not."""
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._marks.append((shard, row, answer))
        if self._complete and len(self._marks) >= _MOST_OF_THEM * self._together:
            self._end_waiting()
        self._begin()
        return await answer

    def settle(self, entry: LedgerEntry, settled: SettledCallback) -> None:
        """Write an outcome down, soon. `settled` is called once it is committed, or refused for good because its shard
        is in other hands."""
        self._entries.append((entry, settled))
        self._begin()

    async def settle_now(self, entry: LedgerEntry, patience: float) -> bool:
        """Write an outcome down and wait for it; False where its shard is in other hands. Raises StoreError where the
        store does not take it within `patience` seconds; it is kept then."""
        loop = asyncio.get_running_loop()
        answer, until = loop.create_future(), loop.time() + patience
        self.settle(entry, lambda _, written: answer.set_result(written))
        while not answer.done():
            self._begin()
            assert self._running is not None
            running = self._running
            await asyncio.wait({answer, running}, return_when=asyncio.FIRST_COMPLETED)
            if running.done() and not answer.done() and (fault := running.exception()):
                if loop.time() >= until:
                    raise fault
                await asyncio.sleep(min(_RETRY_DELAY, patience))
        return bool(answer.result())

    async def flush(self, patience: float = 0) -> None:
        """Wait until everything is committed. Raises StoreError where the store does not take it within `patience`
        seconds; it is kept then."""
        loop = asyncio.get_running_loop()
        until = loop.time() + patience
        while self._entries or self._busy:
            self._begin()
            assert self._running is not None
            try:
                await self._running
            except StoreError:
                if loop.time() >= until:
                    raise
                await asyncio.sleep(min(_RETRY_DELAY, patience))

    async def call(self, function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Something else for the ledger, in its thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: function(*args, **kwargs))

    async def read(self, query: Callable[Concatenate[Connection, _P], _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Run a query in the ledger's thread, in a transaction of its own."""

        def run() -> _T:
            with self.ledger.database.read() as connection:
                return query(connection, *args, **kwargs)

        return await self.call(run)

    def close(self) -> None:
        self._thread.shutdown()

    # -- the loop ----------------------------------------------------------------------------------------------------

    @property
    def _busy(self) -> bool:
        return self._running is not None and not self._running.done()

    def _begin(self) -> None:
        if not self._busy:
            self._running = asyncio.get_running_loop().create_task(self._run())
            self._running.add_done_callback(retrieve_exception)

    async def _run(self) -> None:
        while self._marks or self._entries:
            if self._pace > _BUSY and len(self._marks) < _MOST_OF_THEM * self._together:
                await self._wait_for_others()
            marks, self._marks = self._marks, []
            now = steady()
            self._pace = 0.8 * self._pace + 0.2 * len(marks) / max(now - self._last, 0.001)
            self._last = now
            entries, self._entries = self._entries, []
            pairs = [(shard, row) for shard, row, _ in marks]
            try:
                posted = await self.call(self.ledger.post, pairs, [entry for entry, _ in entries], self._clock())
            except BaseException as error:
                self._entries = entries + self._entries
                meanwhile, self._marks = self._marks, []  # nobody would come back for them
                for _, _, answer in marks + meanwhile:
                    if not answer.done():
                        answer.set_exception(error if isinstance(error, Exception) else StoreError("interrupted"))
                raise
            # Who asks while a transaction is on its way is one who asks at the same time.
            self._together = max(len(marks) + len(self._marks), 0.95 * self._together)
            self.paused |= posted.paused
            self._tell(marks, entries, posted)

    async def _wait_for_others(self) -> None:
        loop = asyncio.get_running_loop()
        self._complete = loop.create_future()
        timer = loop.call_later(_BATCH_WINDOW, self._end_waiting)
        try:
            await self._complete
        finally:
            timer.cancel()
            self._complete = None

    def _end_waiting(self) -> None:
        if self._complete and not self._complete.done():
            self._complete.set_result(None)

    def _tell(
        self,
        marks: Sequence[tuple[Shard, Delivery, asyncio.Future[bool]]],
        entries: Sequence[tuple[LedgerEntry, SettledCallback]],
        posted: CommitResult,
    ) -> None:
        for entry, settled in entries:
            if entry.shard in posted.lost:
                log.warning("%s: an outcome came too late, its shard is in other hands", entry.row.edition)
            settled(entry, entry.shard not in posted.lost)
        for _, row, answer in marks:
            if not answer.done():
                answer.set_result(row.id in posted.allowed)


def retrieve_exception(task: asyncio.Task[None]) -> None:
    """A fault is raised by the marks and by `flush`; asyncio need not log that nobody retrieved it."""
    if not task.cancelled():
        task.exception()
