"""Works through the ledger: each channel's posts (`post_worker`) and emails (`message_worker`), and what stands around
them.

Each channel has a loop of its own, so a dead server on one neither blocks nor repeats another. Deciding is elsewhere
(`retry`, the ledger's table); here is only the acting.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ..bounces import guard
from ..channel import Channel
from ..editions import repository as edition_repository
from ..errors import DeliveryError, DistributorError, Unavailable
from ..message_queue import Transport
from ..model import DeliveryState
from ..personal_channel import PersonalChannel
from .adapter_answers import format_trace
from .channel_health import ChannelHealth
from .channel_state import clear_fault, faults_by_channel, record_fault
from .commit import GroupCommit
from .control import expire_deliveries
from .ledger import Ledger
from .message_worker import DeliveryRules, LedgerMessageQueue
from .post_worker import PostWorker
from .queries import list_unclosed_editions
from .rate_store import RateStore
from .shard_queue import AskedShards, LedgerShards, ShardQueue
from .stats import ProgressCallback, RunStats

log = logging.getLogger("distributor.delivery")


@dataclass
class DeliveryWorker:
    """One worker over one ledger. It lives as long as the process, so that rates and backoffs hold from run to run.

    `wake` is called when a channel that has failed can carry again; without it nothing is probed.
    """

    ledger: Ledger
    channels: Mapping[str, Channel]
    rules: DeliveryRules
    progress: ProgressCallback | None = None
    wake: Callable[[], None] | None = None
    transports: dict[str, Transport] = field(default_factory=dict)
    asked: AskedShards | None = None  # those of its one channel that tasks ask for; without it any that is free
    known_holds: set[str] = field(default_factory=set)  # editions of which staff know that suppressions wait
    missing_reported: set[str] = field(default_factory=set)  # what staff were notified already in this process

    def __post_init__(self) -> None:
        self.commit = GroupCommit(self.ledger, self.rules.clock)
        self.health = ChannelHealth(self.commit, self.rules, self.wake)
        self.posts = PostWorker(self.commit, self.health, self.rules)
        self.rates = RateStore(self.ledger.database, self.ledger.tried, self.rules.clock)

    def close(self) -> None:
        self.health.probes.close()
        self.rates.close()
        self.commit.close()

    async def run(self) -> RunStats:
        """Do all that is due now. Raises StoreError; nothing for a failed delivery: that is in the ledger and in the
        report."""
        report = RunStats(progress=self.progress)
        self.commit.paused.clear()
        await self.commit.flush()  # what a store that failed has not taken the last time
        expired = await self.commit.call(self._tidy)
        if expired:
            report.notes.append(f"{expired} deliveries given up: their edition is over, or was cancelled")
        work = [
            self._deliver_emails(channel, report) if channel.personal else self._deliver_posts(channel, report)
            for channel in self.channels.values()
        ]
        # Each comes to its own end, so that what is out is written down; then the first fault of the store is raised.
        for result in await asyncio.gather(*work, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result
        await self.commit.call(self._close, report)
        return report

    def _ask(self, waiting: Sequence[guard.HeldSuppressions], report: RunStats) -> None:
        """Ask staff, once, about suppressions that wait for them."""
        for held in waiting:
            if held.edition not in self.known_holds:
                report.notes.append(held.question)
                log.error("%s", held.question)
        self.known_holds = {held.edition for held in waiting}

    def _tidy(self) -> int:
        """Before a run: let go of shards that an earlier one has kept, and give up what must not go out any more."""
        left_behind = self.ledger.leftover_shards()
        if left_behind:
            self.ledger.release(left_behind)
        return expire_deliveries(self.ledger.database, self.rules.clock())

    def _close(self, report: RunStats) -> None:
        """Close the editions that owe nothing any more, and write down which channels have failed, and which have carried
        something again. It is asked often and there is seldom any of it."""
        now, database = self.rules.clock(), self.ledger.database
        with database.read(long=True) as connection:
            self._ask(guard.list_held(connection), report)
            carried = {
                channel for channel, state in report.counts if state in (DeliveryState.SENT, DeliveryState.REJECTED)
            }
            well = (faults_by_channel(connection).keys() & carried) - report.failed.keys()
            if not (list_unclosed_editions(connection) or well or report.failed):
                return
        with database.write(long=True) as connection:
            for edition in list_unclosed_editions(connection):
                edition_repository.mark_done(connection, edition, now)
            for channel, fault in report.failed.items():
                record_fault(connection, channel, fault, now)
            for channel in well:
                clear_fault(connection, channel)

    async def _deliver_posts(self, channel: Channel, report: RunStats) -> None:
        try:
            await self.posts.deliver(channel, report)
        except DistributorError:
            raise
        except Exception as bug:  # an adapter broke its contract; the other channels go on
            report.failed[channel.name] = _describe_bug(channel, bug)
            report.notes.append(f"channel {channel.name}: {report.failed[channel.name]}")

    # -- emails ------------------------------------------------------------------------------------------------------

    async def _deliver_emails(self, channel: Channel, report: RunStats) -> None:
        assert isinstance(channel, PersonalChannel)
        name, health = channel.name, self.health
        if self.rules.stop.is_set() or await health.is_backing_off(name):
            return
        messages = LedgerMessageQueue(channel, self.commit, self.rules, report, self._shards(name), self.rates.of(name))
        if name not in self.transports:
            self.transports[name] = channel.transport()
        transport = self.transports[name]
        keeper = asyncio.create_task(messages.keep_leases())
        health.probes.end(name)
        try:
            await transport.send_all(messages)
            health.clear_failures(name)
        except DeliveryError as failure:
            await health.record_failure(name, transport, failure, report)
        except DistributorError:
            raise
        except Exception as bug:  # an adapter broke its contract; the other channels go on
            broken = Unavailable(_describe_bug(channel, bug))
            await health.record_failure(name, transport, broken, report)
        finally:
            keeper.cancel()
            await messages.finish()
        if report.counts[(name, DeliveryState.SENT)] and not await health.is_backing_off(name):
            health.forget_reports(name)

    def _shards(self, channel: str) -> ShardQueue:
        return self.asked or LedgerShards(self.ledger, channel)


def _describe_bug(channel: Channel, bug: Exception) -> str:
    """What a channel has raised that it may not raise, without its secrets; all of it is logged."""
    http = channel.http
    log.error("channel %s raised what it may not raise:\n%s", channel.name, http.mask(format_trace(bug)))
    return http.redact(f"the adapter failed: {type(bug).__name__}: {bug}")
