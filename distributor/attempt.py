"""What a channel has at hand while it carries something: the time, the way out, its receipts, its steps, its state.

steps ── what one delivery has done at the far end already: an upload, a container; survives a crash
state ── what the channel as a whole must remember: a session, a token that is used once; one writer at a time
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from .clock import clock
from .errors import DeliveryError, Uncertain
from .http_client import HttpClient
from .model import Receipt

Values = Mapping[str, Any]  # what JSON can hold


@dataclass(frozen=True, slots=True)
class PreparedImage:
    """A picture as it can be uploaded. `media_type` is image/jpeg, image/png, image/gif or image/webp; `url` a public
    address of these bytes, where there is one, for networks that fetch pictures themselves."""

    body: bytes
    media_type: str
    width: int
    height: int
    url: str = ""


class StepStore(Protocol):
    """The steps of one delivery, in the store."""

    async def read(self, name: str) -> tuple[bool, Any]:
        """Whether a step was begun, and its result; None where it has none yet."""
        ...

    async def begin(self, name: str) -> None:
        """Commit that a step is begun."""
        ...

    async def finish(self, name: str, result: Any) -> None:
        """Commit the result of a step, as JSON takes it."""
        ...

    async def forget(self, name: str) -> None:
        """A step that was begun has surely not been done."""
        ...


class ChannelState(Protocol):
    """What a channel remembers, over all deliveries, processes and hosts. Values are as JSON takes them; those of its own
    never appear in a message."""

    async def read(self) -> Values:
        """What is remembered; empty before the first login."""
        ...

    async def renew(self, seen: Values, renew: Callable[[Values, bool], Awaitable[Values]]) -> Values:
        """Replace what was `seen` by what `renew` returns, and return what counts now.

        One caller at a time over all processes and hosts; who finds that somebody else has replaced what it has seen gets
        that, and `renew` is not called. `renew` gets the present values, and whether an earlier call was interrupted, so
        that a token that is used once may be spent. Where it raises Uncertain, or its process dies, the next one hears
        of it; any other error leaves everything as it was.
        """
        ...


@dataclass
class MemorySteps:
    """Steps that last as long as this object: for what has no row in the ledger, and for trials."""

    results: dict[str, Any] = field(default_factory=dict)  # None where a step is begun

    async def read(self, name: str) -> tuple[bool, Any]:
        return name in self.results, self.results.get(name)

    async def begin(self, name: str) -> None:
        self.results[name] = None

    async def finish(self, name: str, result: Any) -> None:
        self.results[name] = json.loads(json.dumps(result))

    async def forget(self, name: str) -> None:
        self.results.pop(name, None)


@dataclass
class MemoryState:
    """A state that lasts as long as this object."""

    values: Values = field(default_factory=dict)
    interrupted: bool = False
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def read(self) -> Values:
        return self.values

    async def renew(self, seen: Values, renew: Callable[[Values, bool], Awaitable[Values]]) -> Values:
        async with self._lock:
            if self.values != seen:
                return self.values
            before, self.interrupted = self.interrupted, True
            try:
                made = await renew(self.values, before)
            except Uncertain:
                raise
            except DeliveryError:
                self.interrupted = before
                raise
            self.values, self.interrupted = json.loads(json.dumps(made)), False
            return self.values


async def _no_image(url: str) -> PreparedImage | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt at one rendition.

    `now` is aware, in UTC. `number` counts from 1. `key` is the same for every attempt at the same bytes, for the same
    recipient if they go to people, and for nothing else: letters and digits, for idempotency keys. `edition` is the id of
    its edition, `edition_at` when that was frozen, the same in every attempt. `thread` are the receipts of the posts that it
    follows, from the first of the thread to the one that it answers. `read_image` gives a picture of the post, prepared for
    the network; None where it cannot be had.
    """

    now: datetime
    number: int
    key: str
    edition: str
    edition_at: datetime
    http: HttpClient
    state: ChannelState
    steps: StepStore
    thread: tuple[Receipt, ...] = ()
    read_image: Callable[[str], Awaitable[PreparedImage | None]] = field(default=_no_image)

    @property
    def parent(self) -> Receipt | None:
        """The receipt of the post that this one answers; None for one of its own."""
        return self.thread[-1] if self.thread else None

    async def once(
        self,
        name: str,
        act: Callable[[], Awaitable[Any]],
        *,
        again: Callable[[], Awaitable[Any]] | None = None,
    ) -> Any:
        """The result of a step, as JSON takes it, done once over all attempts and processes; True where it has none.

        A step of which nobody knows whether it was done, because its process died, is done by `again`: the same function
        where a repetition does no harm, or one that looks first. Without it Uncertain is raised. Whatever `again` raises
        leaves the step as it was: that it could not look does not say that nothing is there.
        """
        begun, result = await self.steps.read(name)
        if result is not None:
            return result
        if begun and again is None:
            raise Uncertain(f"{name} was begun before, and nobody knows whether it was done")
        if not begun:
            await self.steps.begin(name)
        try:
            result = await (again if begun and again else act)()
        except Uncertain:
            raise
        except DeliveryError:  # surely not done, by this try
            if not begun:
                await self.steps.forget(name)
            raise
        result = True if result is None else result
        await self.steps.finish(name, result)
        return result


def outside_attempt(http: HttpClient, state: ChannelState | None = None, **more: Any) -> Attempt:
    """An attempt at something that has no row in the ledger: a check, a login, a message to staff."""
    now = clock()
    usual = {"number": 1, "key": "", "edition": "", "edition_at": now, "steps": MemorySteps()}
    return Attempt(**{"now": now, "http": http, "state": state or MemoryState(), **usual, **more})
