"""Whether channels can carry anything now: backoffs, failures of whole channels, and probes in the background.

A channel that failed backs off for minutes, longer each time, because trying in earnest costs the ledger something. After
an outage nobody should have to wait for the end of that: a probe asks every few seconds, with one connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from ..channel import PostLimits
from ..errors import AuthBroken, DeliveryError, StoreError, Unavailable
from ..message_queue import Transport
from ..model import DeliveryState
from . import channel_state
from .commit import GroupCommit
from .message_worker import DeliveryRules
from .retry import AFTER_AUTH, FIRST_WAIT, backoff_until
from .stats import RunStats

log = logging.getLogger("distributor.delivery")

_LONGEST_BACKOFF = timedelta(minutes=15)
_FIRST_INTERVAL = 1.0  # seconds before the first probe; doubled up to the next
_USUAL_INTERVAL = 5.0  # seconds between two probes …
_SLOW_AFTER, _SLOW_INTERVAL = 900.0, 15.0  # … and after a quarter of an hour

Sleep = Callable[[float], Awaitable[None]]


class ChannelHealth:
    """The channels of one worker. It lives as long as the process, so that backoffs hold from run to run.

    `wake` is called when a channel that has failed can carry again; without it nothing is probed.
    """

    def __init__(self, commit: GroupCommit, rules: DeliveryRules, wake: Callable[[], None] | None = None) -> None:
        self.backing_off: dict[str, datetime] = {}  # until when, as far as this process knows
        self.probes = ChannelProbes(self._recovered)
        self.wake = wake
        self._commit = commit
        self._rules = rules
        self._started = rules.clock()
        self._reported: dict[str, tuple[str, ...]] = {}  # what staff know of a channel that does not send
        self._failures: Counter[str] = Counter()  # runs in a row that a channel's connection has failed

    def _recovered(self, channel: str) -> None:
        self.backing_off.pop(channel, None)
        if self.wake:
            self.wake()

    # -- backoffs ----------------------------------------------------------------------------------------------------

    def read_backoff(self, channel: str) -> bool:
        """In the ledger's thread: whether a channel is backing off, for whatever reason and by whichever process."""
        now = self._rules.clock()
        if self.backing_off.get(channel, now) > now:
            return True
        with self._commit.ledger.database.read() as connection:
            stopped = channel_state.list_stopped(connection, now, self._started)
            return channel in stopped or channel in channel_state.list_backoffs(connection, now)

    async def is_backing_off(self, channel: str) -> bool:
        return await self._commit.call(self.read_backoff, channel)

    async def wait_for_turn(self, channel: str, limits: PostLimits, report: RunStats) -> bool:
        """Wait until the next post of a channel may leave; False where the channel is backing off, or we are to stop."""
        now, stop = self._rules.clock(), self._rules.stop
        if stop.is_set() or await self.is_backing_off(channel):
            return False
        database, jitter = self._commit.ledger.database, self._rules.chance()
        turn = await self._commit.call(channel_state.reserve_turn, database, channel, now, jitter, limits)
        if turn.backing_off:
            if turn.backing_off.since == now:  # by its own limits
                await self.back_off(channel, turn.at, turn.backing_off.reason, report)
            return False
        if turn.at <= now:
            return not stop.is_set()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), (turn.at - now).total_seconds())
        return not (stop.is_set() or await self.is_backing_off(channel))

    async def back_off(self, channel: str, until: datetime, reason: str, report: RunStats) -> None:
        """Let nothing more leave on a channel until a time, here or in another process; staff hear of it once."""
        self.backing_off[channel] = until
        report.failed[channel] = reason
        database, now = self._commit.ledger.database, self._rules.clock()
        try:
            news = await self._commit.call(channel_state.begin_backoff, database, channel, until, reason, now)
        except StoreError as fault:
            log.error("only this process knows that channel %s backs off: %s", channel, fault)
            return
        if news:
            local = f"{until.astimezone(self._rules.zone):%Y-%m-%d %H:%M:%S}"
            report.notes.append(f"channel {channel} backs off until {local}: {reason}")

    # -- failures ----------------------------------------------------------------------------------------------------

    async def stop_channel(self, channel: str, failure: DeliveryError, report: RunStats) -> None:
        """Stop a channel that is refused for what only staff can mend, here and in all processes that run."""
        now = self._rules.clock()
        try:
            await self._commit.call(self._write_stop, channel, now + AFTER_AUTH, now)
        except StoreError as fault:
            self.backing_off[channel] = now + AFTER_AUTH
            log.error("only this process knows that channel %s is stopped: %s", channel, fault)
        report.failed[channel] = str(failure)
        note = f"channel {channel} is stopped: {failure}{_settings_to_fix(channel, failure)}"
        self._report_once(channel, note, failure, report)

    def _write_stop(self, channel: str, until: datetime, now: datetime) -> None:
        with self._commit.ledger.database.write() as connection:
            channel_state.stop(connection, channel, until, now)

    async def record_failure(
        self, channel: str, transport: Transport, failure: DeliveryError, report: RunStats
    ) -> None:
        """Record that a channel can carry nothing now. Its rows stay enqueued; it backs off, longer each time, unless it is
        found to answer again before."""
        if isinstance(failure, AuthBroken):
            await self.stop_channel(channel, failure, report)
            return
        now = self._rules.clock()
        if isinstance(failure, Unavailable) and failure.wait:
            self.backing_off[channel] = now + failure.wait
            report.failed[channel] = str(failure)
            minutes = failure.wait / timedelta(minutes=1)
            note = f"channel {channel} waits for {minutes:.0f} min: {failure}{_settings_to_fix(channel, failure)}"
            self._report_once(channel, note, failure, report)
            return
        if report.counts[(channel, DeliveryState.SENT)]:
            self._failures.pop(channel, None)  # it was well in between
        self._failures[channel] += 1
        failures = self._failures[channel]
        until = backoff_until(failure, attempts=failures, now=now, jitter=self._rules.chance())
        if until:
            await self.back_off(channel, until, failure.reply, report)
            return
        self.backing_off[channel] = now + min(FIRST_WAIT * 2 ** min(failures - 1, 16), _LONGEST_BACKOFF)
        report.failed[channel] = str(failure)
        if self.wake and isinstance(transport, ProbeableTransport):
            self.probes.begin(channel, transport, again=failures > 1)
        report.notes.append(f"channel {channel}: {failure}; tried again later")
        log.warning("channel %s: %s; tried again later", channel, failure)

    def clear_failures(self, channel: str) -> None:
        """The connection of a channel has held to the end of a run."""
        self._failures.pop(channel, None)

    def forget_reports(self, channel: str) -> None:
        """A channel sends again: what comes next is news to staff."""
        self._reported.pop(channel, None)

    def _report_once(self, channel: str, note: str, failure: DeliveryError, report: RunStats) -> None:
        """Report to staff once what keeps a channel from sending: again only when it is something else, or comes back."""
        about = (type(failure).__name__, *(failure.keys or (str(failure),)))
        if self._reported.get(channel) == about:
            log.info("still: %s", note)
            return
        self._reported[channel] = about
        report.notes.append(note)
        log.error("%s", note)


def _settings_to_fix(channel: str, failure: DeliveryError) -> str:
    """Where in config.yaml staff may mend it."""
    keys = " or ".join(f"channels.{channel}.{key}" for key in failure.keys)
    return f"; in config.yaml see {keys}" if keys else ""


# -- probes ------------------------------------------------------------------------------------------------------------


@runtime_checkable
class ProbeableTransport(Protocol):
    """A transport that can find out cheaply whether it could carry anything: with one connection, and without a message."""

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
    """The channels that are being probed. `ready` is called once for one that can carry again."""

    def __init__(self, ready: Callable[[str], None], sleep: Sleep = asyncio.sleep) -> None:
        self._ready = ready
        self._sleep = sleep
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def begin(self, channel: str, transport: ProbeableTransport, *, again: bool) -> None:
        """Ask from now on. `again`: it had failed before without carrying anything in between. Where it is then found to
        answer at the first question, that question is no evidence, and the channel goes on backing off."""
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
            except DeliveryError:  # it answers: what it has against us is reported when it is tried in earnest
                pass
            except Exception as bug:  # an adapter broke its contract: the backoff ends by itself
                log.warning("channel %s cannot be asked: %s: %s", channel, type(bug).__name__, bug)
                return
            if not doubted:
                log.info("channel %s can carry again", channel)
                self._ready(channel)
            return
