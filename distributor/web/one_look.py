"""One look at the store for all who ask at the same time, and no longer wait than they can bear: a store that is locked must
not keep a thread for each request of whatever watches us.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..errors import StoreError

T = TypeVar("T")
PATIENCE = 5.0  # seconds; Prometheus waits ten


@dataclass
class OneLook(Generic[T]):
    """`look` is begun when somebody asks, and shared with whoever asks before it has ended."""

    look: Callable[[], Awaitable[T]]
    _looking: asyncio.Future[T] | None = None

    async def take(self) -> T:
        """What was seen. Raises StoreError where that takes too long, and what `look` raises."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.ensure_future(self.look())
            self._looking.add_done_callback(_hear)
        looking = self._looking
        if not (await asyncio.wait({looking}, timeout=PATIENCE))[0]:
            raise StoreError(f"the store has not answered within {PATIENCE:g} s: is it locked, or the disk slow?")
        return looking.result()


def _hear(looking: asyncio.Future[T]) -> None:
    """Take note of an error, as perhaps nobody waits for it any more."""
    if not looking.cancelled():
        looking.exception()
