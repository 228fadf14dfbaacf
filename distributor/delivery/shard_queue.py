"""Where a worker gets its next shard of emails: it looks for one in the ledger, or it was asked for it by a task."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from .ledger import Ledger, Shard

_PATIENCE = 0.5  # seconds that a round waits for another task before it closes its connections


class ShardQueue(Protocol):
    """The next shards of one channel."""

    def has_more(self) -> bool:
        """Whether one has come by itself, also after there was none."""
        ...

    async def wait(self, let_go: Callable[[], Awaitable[None]]) -> None:
        """Until there may be one, or none is to be expected. `let_go` lets go of those that are done: others may only come
        then."""
        ...

    def claim(self, now: datetime) -> Shard | None:
        """In the ledger's thread: take the next one; None where there is none."""
        ...

    def released(self, shards: Iterable[Shard]) -> None:
        """These were let go of. May be called from any thread."""
        ...


@dataclass(frozen=True)
class LedgerShards:
    """Whatever of a channel is due in the ledger and free: those who share a store share it so."""

    ledger: Ledger
    channel: str

    def has_more(self) -> bool:
        return False

    async def wait(self, let_go: Callable[[], Awaitable[None]]) -> None:
        return

    def claim(self, now: datetime) -> Shard | None:
        return self.ledger.claim(self.channel, now, untried_first=True)

    def released(self, shards: Iterable[Shard]) -> None:
        return


@dataclass
class AskedShards:
    """The shards of a channel that tasks have asked this process for. Each task ends when its shard is let go of, so that
    no more of them are taken than a round can work on."""

    ledger: Ledger
    channel: str
    taken: int = 0  # shards that were asked for and looked at
    _waiting: deque[tuple[str, int]] = field(default_factory=deque)
    _ends: dict[tuple[str, int], asyncio.Future[None]] = field(default_factory=dict)
    _came: asyncio.Event = field(default_factory=asyncio.Event)
    _loop: asyncio.AbstractEventLoop | None = None

    def ask(self, edition: str, number: int, *, urgent: bool = False) -> asyncio.Future[None]:
        """Ask for a shard; done when it was let go of, or cannot be had. Who asks for one that is in hand waits for it."""
        self._loop = asyncio.get_running_loop()
        key = (edition, number)
        if key not in self._ends:
            self._ends[key] = self._loop.create_future()
            (self._waiting.appendleft if urgent else self._waiting.append)(key)
            self._came.set()
        return self._ends[key]

    def has_more(self) -> bool:
        return bool(self._waiting)

    async def wait(self, let_go: Callable[[], Awaitable[None]]) -> None:
        self._came.clear()
        if not self._waiting:
            await let_go()
        if self._waiting:
            return
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._came.wait()
        except TimeoutError:
            return

    def claim(self, now: datetime) -> Shard | None:
        while True:
            try:
                edition, number = self._waiting.popleft()
            except IndexError:
                return None
            self.taken += 1
            try:
                shard = self.ledger.take(edition, number, self.channel, now)
            except BaseException:
                self._end([(edition, number)])
                raise
            if shard:
                return shard
            self._end([(edition, number)])

    def released(self, shards: Iterable[Shard]) -> None:
        self._end([(shard.edition, shard.number) for shard in shards])

    def drop(self) -> None:
        """Let all tasks end that still wait: nothing can be carried now."""
        self._waiting.clear()
        self._finish(list(self._ends))

    def _end(self, keys: list[tuple[str, int]]) -> None:
        if self._loop is not None and keys:
            self._loop.call_soon_threadsafe(self._finish, keys)

    def _finish(self, keys: Iterable[tuple[str, int]]) -> None:
        for key in keys:
            end = self._ends.pop(key, None)
            if end and not end.done():
                end.set_result(None)
