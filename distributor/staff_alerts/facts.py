"""What is seen of the newsroom and of this machine, for the alerts to staff: a few small reads, each minute."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection

from ..delivery import channel_state, monitoring
from ..delivery.monitoring import EditionStanding
from ..doctor.facts import see_disks
from ..doctor.machine import WRONG, check_disk
from ..doctor.results import CheckState
from ..editions import repository as edition_repository
from ..gathering import source_state
from ..model import BounceType
from ..newsroom import Newsroom
from ..storage.database import Database
from . import repository
from .conditions import STORE_WAITS, ChannelFacts, EditionFacts, HostFacts, SourceFacts

RECENT = timedelta(days=3)  # editions frozen since then are looked at for complaints
_ARRIVALS_SINCE = timedelta(days=60)
_ARRIVALS_EVERY = timedelta(minutes=10)  # between two looks at what sources have brought: thousands of rows
_OTHER_ALERTS = ("source ", "outbox", "clock", "staff alerts")  # steps whose faults other alerts tell of


class FactReader:
    """Facts of the store. It remembers between two looks what has made no progress, and what sources have brought."""

    def __init__(self, newsroom: Newsroom) -> None:
        self._newsroom = newsroom
        self._editions: list[EditionStanding] = []
        self._arrivals: Mapping[str, list[datetime]] = {}
        self._arrivals_at: datetime | None = None
        self._waiting: dict[str, tuple[object, datetime]] = {}  # by channel: what waited, and since when that is so

    def read(self, connection: Connection, now: datetime) -> None:
        """What several kinds of facts are made of. Before all others."""
        self._editions = monitoring.list_editions_since(connection, now - RECENT)

    def sources(self, connection: Connection, now: datetime) -> Iterator[SourceFacts]:
        if self._arrivals_at is None or not timedelta() <= now - self._arrivals_at < _ARRIVALS_EVERY:
            self._arrivals = repository.list_arrivals(connection, now - _ARRIVALS_SINCE)
            self._arrivals_at = now
        states = {state.name: state for state in source_state.list_source_states(connection)}
        for name, source in self._newsroom.sources.items():
            if state := states.get(name):
                yield SourceFacts(
                    name=name, every=source.every, silent_after=source.alert_if_silent_for, state=state,
                    arrivals=self._arrivals.get(name, ()),
                )  # fmt: skip

    def editions(self, connection: Connection) -> Iterator[EditionFacts]:
        due = {row.id: row.due_at for row in edition_repository.list_unreleased(connection)}
        counted = monitoring.count_bounces(connection, [one.id for one in self._editions])
        for one in self._editions:
            complaints = counted.get((one.id, BounceType.COMPLAINT), 0)
            sizes = edition_repository.count_segment_sizes(connection, one.id) if complaints else {}
            yield EditionFacts(
                id=one.id, state=one.state, frozen_at=one.frozen_at, due_at=due.get(one.id, one.frozen_at),
                blocked_by=one.blocked_by, complaints=complaints, recipients=sum(sizes.values()),
            )  # fmt: skip

    def channels(self, connection: Connection, now: datetime) -> Iterator[ChannelFacts]:
        names = list(self._newsroom.channels)
        faults, backoffs = channel_state.faults_by_channel(connection), channel_state.list_backoffs(connection, now)
        waiting = {one.channel: one for one in monitoring.list_waiting_shards(connection, names)}
        late = repository.list_late_messages(connection)
        for name in names:
            fault, backoff, waits = faults.get(name), backoffs.get(name), waiting.get(name)
            due = waits.first_due if waits and waits.first_due <= now else None
            yield ChannelFacts(
                name=name,
                fault=fault.text if fault else "",
                fault_since=fault.since if fault else None,
                waits_since=backoff.since if backoff else None,
                waits_for=backoff.reason if backoff else "",
                due_since=due,
                progress_at=self._progress(connection, name, (waits.count, due) if waits and due else None, now),
                message_since=late.get(name),
            )

    def _progress(self, connection: Connection, channel: str, waits: object | None, now: datetime) -> datetime | None:
        """When something has last moved on a channel on which deliveries are due, as far as is known."""
        if waits is None:
            self._waiting.pop(channel, None)
            return None
        before, since = self._waiting.get(channel, (None, now))
        if before != waits or since > now:
            self._waiting[channel] = (waits, now)
            return now
        if now - since < self._newsroom.settings.alerts.stalled_after:
            return since
        tried = [  # the same shards wait: is one of them at work all the time?
            repository.last_progress(connection, one.id, channel)
            for one in self._editions
            if one.state == "frozen" and not one.done
        ]
        return max([since, *(moment for moment in tried if moment and moment <= now)])


class HostReader:
    """Facts of this machine."""

    def __init__(
        self,
        newsroom: Newsroom,
        database: Database,
        host: str,
        failing: Callable[[], Mapping[str, str]],
        local: Callable[[], datetime],
    ) -> None:
        self._newsroom = newsroom
        self._database = database
        self._host = host
        self._failing = failing
        self._local = local
        self._waits: list[float] = []
        self._clock = ""

    def believes(self) -> bool:
        """Whether the time of the service is to be believed now. A store on a server gives its time to all hosts; whose own
        clock differs from it by much is told all the same, as much else on that machine goes by it."""
        wrong, server = self._failing().get("clock", ""), self._database.server_time()
        off = self._local() - server if server else timedelta()
        self._clock = f"it differs from the store's by {off.total_seconds():+.0f} s" if abs(off) > WRONG else ""
        return not wrong

    def try_store(self) -> None:
        """Note how long a transaction waits that writes. Raises StoreError."""
        began = time.monotonic()
        try:
            with self._database.write():
                pass
        finally:
            self._waits = [*self._waits, time.monotonic() - began][-STORE_WAITS:]

    def facts(self) -> HostFacts:
        found = [check_disk(one) for one in see_disks(self._newsroom)]
        return HostFacts(
            name=self._host,
            disks={one.where: one.what for one in found if one.state is not CheckState.PASSED},
            clock=self._clock,
            store_waits=self._waits,
            failing={step: text for step, text in self._failing().items() if not step.startswith(_OTHER_ALERTS)},
        )
