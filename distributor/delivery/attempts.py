"""What channels have at hand for the deliveries of one worker: steps and state in the store, receipts, pictures.

Steps and states are committed one by one before the adapter goes on, so whoever dies leaves behind what was done and what
was only begun.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ..attempt import Attempt, PreparedImage, Values, outside_attempt
from ..channel import Channel
from ..clock import clock
from ..errors import DeliveryError, Uncertain
from ..http_client import HttpClient, idempotency_key
from ..model import Delivery, Edition, Receipt, Rendition
from ..storage.database import Database
from ..storage.tables import channel_memory, delivery_steps
from .lease import new_owner, owner_is_dead

ImageReader = Callable[[Edition, str], Awaitable[PreparedImage | None]]

RENEWAL = timedelta(minutes=3)  # after which a renewal that did not end counts as interrupted; longer than all timeouts
_PAUSE = 0.2  # seconds between two looks at a state that somebody else renews
_SHORTEST_SECRET = 8  # characters of a value of a state, from which it is kept out of messages


async def no_image(edition: Edition, url: str) -> PreparedImage | None:
    """A reader that has no pictures."""
    return None


def open_attempt(
    database: Database,
    channel: Channel,
    rendition: Rendition,
    edition: Edition,
    row: Delivery,
    now: datetime,
    *,
    thread: tuple[Receipt, ...] = (),
    read_image: ImageReader = no_image,
) -> Attempt:
    """What a channel has at hand for one attempt at a row of the ledger."""
    http = channel.http
    return Attempt(
        now=now,
        number=row.attempts + 1,
        key=_key(rendition, row.recipient),
        edition=rendition.edition,
        edition_at=edition.frozen_at,
        http=http,
        state=StoredState(database, channel.name, http),
        steps=StoredSteps(database, row.id),
        thread=thread,
        read_image=partial(read_image, edition),
    )


def open_outside_attempt(
    database: Database, channel: Channel, rendition: Rendition | None = None, recipient: str = ""
) -> Attempt:
    """What a channel has at hand for something that has no row in the ledger: a check, a login, an event, a standing
    rendition, an email to the `recipient` with this id."""
    http = channel.http
    given = {
        "key": _key(rendition, recipient) if rendition else "",
        "edition": rendition.edition if rendition else "",
    }
    return outside_attempt(http, StoredState(database, channel.name, http), **given)


def _key(rendition: Rendition, recipient: str) -> str:
    """The same for every attempt at these bytes for this recipient: what all of a segment get is the same."""
    return idempotency_key(f"{rendition.key}/{recipient}" if recipient else rendition.key, rendition.sha256)


# -- steps -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StoredSteps:
    """The steps of one delivery."""

    database: Database
    delivery: int

    async def read(self, name: str) -> tuple[bool, Any]:
        query = sa.select(delivery_steps.c.result).where(self._here(name))
        row = await self.database.read_in_thread(lambda connection: connection.execute(query).one_or_none())
        return row is not None, row.result if row else None

    async def begin(self, name: str) -> None:
        values = {"delivery_id": self.delivery, "name": name, "begun_at": clock()}
        await self._write(sa.insert(delivery_steps).values(values))

    async def finish(self, name: str, result: Any) -> None:
        await self._write(sa.update(delivery_steps).where(self._here(name)).values(result=result))

    async def forget(self, name: str) -> None:
        await self._write(sa.delete(delivery_steps).where(self._here(name)))

    async def forget_unfinished(self) -> None:
        """What was begun has surely not been done: the channel has looked."""
        here = (delivery_steps.c.delivery_id == self.delivery) & delivery_steps.c.result.is_(sa.null())
        await self._write(sa.delete(delivery_steps).where(here))

    async def any(self) -> bool:
        """Whether something was done, or begun, at the far end."""
        query = sa.select(delivery_steps.c.name).where(delivery_steps.c.delivery_id == self.delivery).limit(1)
        return await self.database.read_in_thread(lambda connection: connection.execute(query).first() is not None)

    async def _write(self, statement: sa.Executable) -> None:
        await self.database.write_in_thread(lambda connection: connection.execute(statement))

    def _here(self, name: str) -> sa.ColumnElement[bool]:
        return (delivery_steps.c.delivery_id == self.delivery) & (delivery_steps.c.name == name)


# -- state -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StoredState:
    """What a channel remembers. Its strings are hidden from what `http` says as soon as they are read."""

    database: Database
    channel: str
    http: HttpClient

    async def read(self) -> Values:
        return self._hidden(await self.database.read_in_thread(read_state, self.channel))

    async def renew(self, seen: Values, renew: Callable[[Values, bool], Awaitable[Values]]) -> Values:
        owner = new_owner()
        while True:
            held, values, interrupted = await self.database.write_in_thread(_take, self.channel, seen, owner)
            if values != seen:
                return self._hidden(values)
            if held:
                break
            await asyncio.sleep(_PAUSE)
        begun = True
        try:
            made = dict(await renew(self._hidden(values), interrupted))
        except Uncertain:
            raise
        except DeliveryError:
            begun = interrupted
            raise
        else:
            if not await self.database.write_in_thread(_replace, self.channel, owner, made):
                raise Uncertain(f"the login of {self.channel} took so long that somebody else began another")
            begun = False
            return self._hidden(made)
        finally:
            await asyncio.shield(self.database.write_in_thread(_let_go, self.channel, owner, begun))

    def _hidden(self, values: Values) -> Values:
        self.http.hide(*(text for text in _strings(values) if len(text) >= _SHORTEST_SECRET))
        return values


def read_state(connection: Connection, channel: str) -> dict[str, Any]:
    """What a channel remembers; empty where it has never logged in."""
    query = sa.select(channel_memory.c.content).where(channel_memory.c.channel == channel)
    return dict(connection.execute(query).scalar() or {})


def replace_state(connection: Connection, channel: str, values: Values) -> None:
    """Let a channel remember this from now on, whatever it has remembered: staff have logged in."""
    connection.execute(sa.delete(channel_memory).where(channel_memory.c.channel == channel))
    row = {"channel": channel, "content": dict(values), "updated": clock()}
    connection.execute(sa.insert(channel_memory).values(row))


def forget_state(connection: Connection, channel: str) -> bool:
    """Forget what a channel remembers; False where that is nothing."""
    gone = sa.delete(channel_memory).where(channel_memory.c.channel == channel)
    return connection.execute(gone).rowcount == 1


def _take(connection: Connection, channel: str, seen: Values, owner: str) -> tuple[bool, Values, bool]:
    """Take the renewal of a state: whether it is ours, the present values, and whether an earlier one was interrupted."""
    here, now = channel_memory.c.channel == channel, clock()
    row = connection.execute(sa.select(channel_memory).where(here)).one_or_none()
    if row is None:
        if seen:
            return False, {}, False
        connection.execute(sa.insert(channel_memory).values(channel=channel, content={}, updated=now))
    elif row.content != seen or (_is_held(row.owner, row.locked_until, now)):
        return False, row.content, False
    values = {"owner": owner, "locked_until": now + RENEWAL, "begun": True}
    connection.execute(sa.update(channel_memory).where(here).values(values))
    return True, seen, bool(row and row.begun)


def _is_held(owner: str, until: datetime | None, now: datetime) -> bool:
    """Whether a lock still holds: not where its process is dead, nor one that would hold much longer than any, which was
    taken by a clock that was ahead. The clocks of two hosts may differ a little."""
    return bool(owner) and until is not None and now < until <= now + 2 * RENEWAL and not owner_is_dead(owner)


def _replace(connection: Connection, channel: str, owner: str, made: Values) -> bool:
    here = (channel_memory.c.channel == channel) & (channel_memory.c.owner == owner)
    values = {"content": dict(made), "updated": clock()}
    return connection.execute(sa.update(channel_memory).where(here).values(values)).rowcount == 1


def _let_go(connection: Connection, channel: str, owner: str, begun: bool) -> None:
    here = (channel_memory.c.channel == channel) & (channel_memory.c.owner == owner)
    values = {"owner": "", "locked_until": None, "begun": begun}
    connection.execute(sa.update(channel_memory).where(here).values(values))


def _strings(value: Any) -> Iterator[str]:
    """All strings in a value, but for addresses and ids that are no secrets: those that only name something."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _strings(inner)
