"""Answers that take the same time whatever was found, so that nobody can learn from a clock who is subscribed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

BEAT = 0.25  # seconds; the work takes 5 to 50 milliseconds, for the most part waiting for the disk


@asynccontextmanager
async def on_the_beat() -> AsyncIterator[None]:
    """What is done within takes a whole number of beats."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    try:
        yield
    finally:
        await asyncio.sleep(BEAT - (loop.time() - begun) % BEAT)
