"""Rates as the store keeps them: one row for each server and each domain of a channel, shared by all processes on all hosts.

A row is locked for the two statements that lease a piece; one lease touches one row, so that no two can wait for each other.
Time is that of PostgreSQL, or of the only machine of a file. On PostgreSQL a lease does not wait for the disk: what a crash
of the server forgets is a second of leases.

A thread of its own, so that neither the connections nor the ledger's transactions wait for a row that others hold.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from math import ceil
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection

from ..clock import clock as usual_clock
from ..clock import steady
from ..mail.rates import next_pause
from ..rate_leases import RateKey, RateLease, RateRefusal, RateState, lease_permits
from ..storage.database import Database
from ..storage.host_tables import send_rates
from ..storage.statements import insert_into

T = TypeVar("T")

# Settings of PostgreSQL for the transactions here. A commit need not wait for the disk; a process that is frozen between two
# statements, or cut off, does not keep the row from the others.
_FOR_LEASES = {"synchronous_commit": "off", "idle_in_transaction_session_timeout": "2000"}
_FORGOTTEN = 3600.0  # seconds after which a pause is history: the next one begins small

# When emails of a channel were tried since a time, to one domain or to all: the latest so many, oldest first.
FindTries = Callable[[str, datetime, int, str], Sequence[datetime]]


class RateStore:
    """The rates of all channels of a process. To be closed. PostgreSQL's own time counts in place of the clock that follows
    it, which is off by milliseconds; any other `clock` counts itself."""

    def __init__(self, database: Database, find_tries: FindTries, clock: Callable[[], datetime] = usual_clock) -> None:
        self._database = database
        self._find_tries = find_tries
        self._clock = clock
        self._known: set[tuple[str, RateKey]] = set()  # whose long windows have begun
        self._thread = ThreadPoolExecutor(1, "rates")

    def of(self, channel: str, *, urgent: bool = False) -> ChannelRates:
        """The rates of a channel. `urgent`: for messages that are counted in long windows, and need not wait for them."""
        return ChannelRates(self, channel, urgent)

    def close(self) -> None:
        self._thread.shutdown()

    async def call(self, function: Callable[[], T]) -> T:
        """In the thread of the rates."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)

    # -- permits -----------------------------------------------------------------------------------------------------

    def lease(
        self, channel: str, key: RateKey, wanted: int, unused: Sequence[tuple[float, int]], urgent: bool
    ) -> tuple[float, RateLease | RateRefusal]:
        """Lease permits; with the time at which it was done. Raises StoreError."""
        history = self._history(channel, key)
        with self._database.write(alone=False) as connection:
            row = self._lock(connection, channel, key.name)
            state = row.state
            if history is not None and state.lacks(key.limits):
                state = state.with_history(key.limits, history, key.share)
            for at, count in unused:
                state = state.returned(at, count)
            state, answer = lease_permits(state, key.limits, row.now, wanted, urgent=urgent)
            _write(connection, channel, key.name, state=state.as_json())
        self._known.add((channel, key))
        return row.now, answer

    def give_back(self, channel: str, key: RateKey, unused: Sequence[tuple[float, int]]) -> None:
        """Give permits of long windows back. Raises StoreError."""
        with self._database.write(alone=False) as connection:
            state = self._lock(connection, channel, key.name).state
            for at, count in unused:
                state = state.returned(at, count)
            _write(connection, channel, key.name, state=state.as_json())

    def _history(self, channel: str, key: RateKey) -> list[float] | None:
        """What has left within the long windows of a key, where the store has not begun to count it: an older newsroom, or a
        new limit. Which server took a message is not written down, so each is taken to have had its share."""
        long = [limit for limit in key.limits if limit.is_long]
        if not long or (channel, key) in self._known:
            return None
        with self._database.read() as connection:
            row = connection.execute(sa.select(send_rates.c.state).where(_here(channel, key.name))).one_or_none()
            if row is not None and not _state(row.state).lacks(long):
                return None
            now = _seconds(connection.execute(sa.select(self._now_column(connection))).scalar_one())
            since = datetime.fromtimestamp(now - max(limit.seconds for limit in long), UTC)
        most = ceil(max(limit.count for limit in long) / key.share)
        return [at.timestamp() for at in self._find_tries(channel, since, most, key.domain)]

    # -- pauses ------------------------------------------------------------------------------------------------------

    def paused_domains(self, channel: str) -> dict[str, float]:
        """The domains that pause, each with the seconds left. Raises StoreError."""
        with self._database.read() as connection:
            now, key, until = self._now_column(connection), send_rates.c.key, send_rates.c.not_before
            query = sa.select(key, until, now).where(send_rates.c.channel == channel, until > 0, key.startswith("@"))
            left = {row.key.removeprefix("@"): row.not_before - _seconds(row.now) for row in connection.execute(query)}
        return {domain: seconds for domain, seconds in left.items() if seconds > 0}

    def pause_domain(self, channel: str, domain: str) -> float:
        """Let a domain pause; returns the seconds left. One that pauses already is left so. Raises StoreError."""
        with self._database.write(alone=False) as connection:
            row = self._lock(connection, channel, f"@{domain}")
            left = row.not_before - row.now
            if 0 < left <= next_pause(row.pause):  # a longer one was left by a clock that went wrong
                return left
            length = next_pause(row.pause if -_FORGOTTEN < left <= 0 else 0.0)
            _write(connection, channel, f"@{domain}", not_before=row.now + length, pause=length)
        return length

    def resume_domain(self, channel: str, domain: str) -> None:
        """End the pause of a domain. Raises StoreError."""
        with self._database.write(alone=False) as connection:
            if self._lock(connection, channel, f"@{domain}").state == RateState():  # nothing else is known of it
                connection.execute(sa.delete(send_rates).where(_here(channel, f"@{domain}")))
            else:
                _write(connection, channel, f"@{domain}", not_before=0.0, pause=0.0)

    # -- rows --------------------------------------------------------------------------------------------------------

    def _lock(self, connection: Connection, channel: str, key: str) -> _Row:
        """What a row holds, for the transaction alone; the row is made where there is none."""
        columns = [send_rates.c.state, send_rates.c.not_before, send_rates.c.pause, self._now_column(connection)]
        if connection.dialect.name == "postgresql":
            columns += [sa.func.set_config(name, value, True) for name, value in _FOR_LEASES.items()]
        query = sa.select(*columns).where(_here(channel, key)).with_for_update()
        found = connection.execute(query).one_or_none()
        if found is None:
            values = {"channel": channel, "key": key, "state": RateState().as_json()}
            connection.execute(insert_into(connection, send_rates).values(values).on_conflict_do_nothing())
            found = connection.execute(query).one()
        return _Row(_state(found.state), found.not_before, found.pause, _seconds(found.now))

    def _now_column(self, connection: Connection) -> sa.ColumnElement[Any]:
        """The time by which rates are kept. A statement that has waited for its row may have asked before that, which makes
        permits begin later, never end later."""
        if self._clock is usual_clock and connection.dialect.name == "postgresql":
            return sa.func.extract("epoch", sa.func.clock_timestamp()).label("now")
        return sa.literal(self._clock().timestamp(), sa.Float).label("now")


class _Row(NamedTuple):
    state: RateState
    not_before: float
    pause: float
    now: float


@dataclass(frozen=True, slots=True)
class ChannelRates:
    """The rates of one channel; see `rate_leases.SharedRates`."""

    store: RateStore
    channel: str
    urgent: bool = False

    async def lease(
        self, key: RateKey, wanted: int, unused: Sequence[tuple[float, int]] = ()
    ) -> RateLease | RateRefusal:
        before = steady()
        now, answer = await self.store.call(partial(self.store.lease, self.channel, key, wanted, unused, self.urgent))
        after = steady()
        if isinstance(answer, RateRefusal):
            return RateRefusal(answer.again_at - now + after)
        # The store's time was taken in between: permits may begin too late by that, and never end too late.
        lease = answer.shifted(after - now)
        return RateLease(lease.at, lease.start, lease.spacing, lease.count, lease.until - (after - before))

    async def give_back(self, key: RateKey, unused: Sequence[tuple[float, int]]) -> None:
        await self.store.call(partial(self.store.give_back, self.channel, key, unused))

    async def paused_domains(self) -> Mapping[str, float]:
        left = await self.store.call(partial(self.store.paused_domains, self.channel))
        return {domain: steady() + seconds for domain, seconds in left.items()}

    async def pause_domain(self, domain: str) -> float:
        return steady() + await self.store.call(partial(self.store.pause_domain, self.channel, domain))

    async def resume_domain(self, domain: str) -> None:
        await self.store.call(partial(self.store.resume_domain, self.channel, domain))


def _here(channel: str, key: str) -> sa.ColumnElement[bool]:
    return (send_rates.c.channel == channel) & (send_rates.c.key == key)


def _seconds(now: Any) -> float:
    """A number as PostgreSQL has it, which is a decimal."""
    return float(now)


def _state(stored: Any) -> RateState:
    """What cannot be read is as good as nothing: it begins anew."""
    try:
        return RateState.from_json(stored)
    except (ValueError, TypeError, LookupError, AttributeError):
        return RateState()


def _write(connection: Connection, channel: str, key: str, **values: Any) -> None:
    connection.execute(sa.update(send_rates).where(_here(channel, key)).values(values))
