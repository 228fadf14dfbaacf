"""All rates of a pool of SMTP servers: what this process may send by its own memory, and by permits that it leases where
processes share the rates; and which domains of recipients have asked for a pause, here or in another process.

The memory keeps windows exact within this process; the permits keep them over all of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from typing import Any

from ..clock import steady
from ..errors import StoreError
from ..rate_leases import RateKey, RateLimit, SharedRates
from .connection import SmtpServer
from .leased_rates import LeasedRate
from .rates import DomainBackoff, RateLimiter

log = logging.getLogger("distributor.mail")

_LONG_WAIT = 1.0  # seconds that the memory says to wait, from which no permit is asked for
_LOOK_EVERY = 2.0  # seconds between two looks which domains pause elsewhere


class LimitedWay:
    """One server, or one domain, and its rates."""

    def __init__(self, key: RateKey) -> None:
        self.memory = RateLimiter(key.limits)
        self.permits = LeasedRate(key)

    def free_at(self, now: float) -> float:
        """When the next message may go this way: `now`, or later."""
        at = self.memory.free_at(now)
        return at if at > now + _LONG_WAIT else max(at, self.permits.free_at(now))

    def record_send(self, now: float) -> None:
        """One goes now, as it may."""
        self.memory.record_send(now)
        self.permits.take(now)


class PoolRates:
    """The rates of a pool. `shared` is in use from `sharing` to its end; without it, the memory of this process counts."""

    def __init__(self, servers: Sequence[SmtpServer], domains: Mapping[str, Sequence[RateLimit]]) -> None:
        weights = sum(server.weight for server in servers)
        self.servers = [LimitedWay(_key_of(server, server.weight / weights)) for server in servers]
        self._domains = {
            name.lower(): LimitedWay(RateKey(f"@{name.lower()}", tuple(limits), name.lower()))
            for name, limits in domains.items()
            if limits
        }
        self._pauses = DomainBackoff()
        self._shared: SharedRates | None = None
        self._telling: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def sharing(self, shared: SharedRates | None) -> AsyncIterator[None]:
        """A run, within which permits are leased and pauses are told and heard of."""
        self._shared = shared
        limited = [way.permits for way in (*self.servers, *self._domains.values()) if way.permits.key.limits]
        for permits in limited:
            permits.shared = shared
        looking = asyncio.create_task(self._look_for_pauses(shared)) if shared else None
        try:
            yield
        finally:
            if looking:
                looking.cancel()
                await asyncio.wait({looking, *self._telling})
            for permits in limited:
                await permits.finish()

    # -- domains -----------------------------------------------------------------------------------------------------

    def domain_free_at(self, domain: str, now: float) -> float:
        """When the next message may go to a domain, as its rates and its pauses are."""
        at = self._pauses.free_at(domain, now)
        way = self._domains.get(domain)
        return at if at > now or way is None else way.free_at(now)

    def record_domain(self, domain: str, now: float) -> None:
        """One goes to a domain now, as it may."""
        if domain in self._domains:
            self._domains[domain].record_send(now)

    def refused(self, domain: str, now: float) -> None:
        """A domain has asked for a pause."""
        if self._pauses.refused(domain, now) and self._shared:
            self._tell(self._pause(self._shared, domain))

    def accepted(self, domain: str) -> None:
        """A domain has taken a message."""
        if self._pauses.accepted(domain) and self._shared:
            self._tell(self._shared.resume_domain(domain))

    async def _pause(self, shared: SharedRates, domain: str) -> None:
        self._pauses.set_until(domain, await shared.pause_domain(domain))

    def _tell(self, telling: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(_attempted(telling))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _look_for_pauses(self, shared: SharedRates) -> None:
        failing = False
        while True:
            try:
                paused = await shared.paused_domains()
            except StoreError:
                pass  # away: whoever needs it says so
            except Exception as bug:
                if not failing:
                    log.error("pauses of other processes are not known: %s: %s", type(bug).__name__, bug)
                failing = True
            else:
                failing = False
                if not self._telling:
                    self._pauses.replace(paused, steady())
            await asyncio.sleep(_LOOK_EVERY)


async def _attempted(telling: Coroutine[Any, Any, None]) -> None:
    try:
        await telling
    except Exception as fault:
        log.info("only this process knows of a pause: %s", fault)


def _key_of(server: SmtpServer, share: float) -> RateKey:
    name = f"{server.username}@{server}" if server.username else str(server)
    return RateKey(name, server.rates, share=share)
