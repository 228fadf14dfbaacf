"""Asks channels that could carry nothing whether they can again: one connection each, every few seconds, in the background.

A channel that failed rests for minutes, longer each time, because trying in earnest costs the ledger something. After an
outage nobody should have to wait for the end of that rest.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Protocol, runtime_checkable

from ..errors import DeliveryError, Unavailable

log = logging.getLogger("distributor.delivery")

_FIRST_INTERVAL = 1.0  # seconds before the first question; doubled up to the next
_USUAL_INTERVAL = 5.0  # seconds between two questions …
_SLOW_AFTER, _SLOW_INTERVAL = 900.0, 15.0  # … and after a quarter of an hour

Sleep = Callable[[float], Awaitable[None]]


@runtime_checkable
class ProbeableTransport(Protocol):
    """A transport that can tell cheaply whether it could carry: with one connection, and without a message."""

    async def probe(self) -> None:
        """Raises Unavailable while nothing can be carried, and AuthBroken."""
        ...


def probe_intervals() -> Iterator[float]:
    """Seconds to wait before each question, for as long as it takes."""
    asked_for = 0.0
    for number in itertools.count():
        pause = min(
            _FIRST_INTERVAL * 2 ** min(number, 8), _USUAL_INTERVAL if asked_for < _SLOW_AFTER else _SLOW_INTERVAL
        )
        asked_for += pause
        yield pause


class ChannelProbes:
    """The channels that are being asked. `ready` hears of one that can carry again, once."""

    def __init__(self, ready: Callable[[str], None], sleep: Sleep = asyncio.sleep) -> None:
        self._ready = ready
        self._sleep = sleep
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def begin(self, channel: str, transport: ProbeableTransport, *, again: bool) -> None:
        """Ask from now on. `again`: it had failed before without carrying anything in between. Where it is then found to
        answer at the first question, that question is no evidence, and the channel keeps to its rest."""
        self.end(channel)
        self._tasks[channel] = asyncio.create_task(self._ask(channel, transport, again))

    def end(self, channel: str) -> None:
        task = self._tasks.pop(channel, None)
        if task:
            task.cancel()

    def close(self) -> None:
        for channel in list(self._tasks):
            self.end(channel)

    async def _ask(self, channel: str, transport: ProbeableTransport, doubted: bool) -> None:
        for pause in probe_intervals():
            await self._sleep(pause)
            try:
                await transport.probe()
            except Unavailable as still:
                log.debug("channel %s: still %s", channel, still)
                doubted = False
                continue
            except DeliveryError:  # it answers: what it has against us is told when it is tried in earnest
                pass
            except Exception as bug:  # an adapter broke its contract: the rest ends by itself
                log.warning("channel %s cannot be asked: %s: %s", channel, type(bug).__name__, bug)
                return
            if not doubted:
                log.info("channel %s can carry again", channel)
                self._ready(channel)
            return
