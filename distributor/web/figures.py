"""The metrics that there are, and their values as the store has them. Their names are a promise: dashboards and alerts of
newsrooms use them (docs/monitoring.md).
"""

from __future__ import annotations

import platform
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from .. import __version__
from ..api_access import tokens
from ..delivery import attempts, channel_state, monitoring
from ..delivery.monitoring import EditionStanding, Waiting
from ..gathering import source_state
from ..gathering.polling import Pace
from ..model import BounceType, DeliveryState
from ..newsroom import Newsroom
from ..personal_channel import PersonalChannel
from ..storage.database import Database
from ..tasks import queue
from .delivery_counts import DeliveryCounts
from .exposition import Metric, MetricSample

RECENT = timedelta(days=2)  # editions frozen since then are counted
_NOT_TRIED = (DeliveryState.PENDING, DeliveryState.SUPPRESSED, DeliveryState.EXPIRED)
_OPEN_STATES = ("review", "held", "frozen", "paused")
_BLOCKED_BY = ("preflight", "bounces")

UP = Metric("distributor_up", "1 if all figures could be read, 0 if some are missing because the store failed.")
BUILD = Metric("distributor_build_info", "Always 1; the version of the program and of Python.", ("version", "python"))
TICK = Metric("distributor_last_tick_timestamp_seconds", "When the service last checked what is due.")
STORE_SIZE = Metric("distributor_store_size_bytes", "Size of the database.")
DISK_FREE = Metric("distributor_disk_free_bytes", "Free space on the disk of the newsroom's folder.")
DISK_SIZE = Metric("distributor_disk_size_bytes", "Size of the disk of the newsroom's folder.")
TOKEN_EXPIRY = Metric("distributor_api_token_expiry_timestamp_seconds", "When an API token in force ends.", ("token",))
LOGIN_EXPIRY = Metric(
    "distributor_channel_token_expiry_timestamp_seconds",
    "When the login of a channel ends, unless staff log in again.",
    ("channel",),
)
DELIVERIES = Metric(
    "distributor_recent_deliveries",
    "Deliveries of editions of the last two days, by state; counted every ten seconds, or less often.",
    ("newsletter", "channel", "state"),
)
BOUNCES = Metric(
    "distributor_recent_bounces", "Bounces of editions of the last two days, by type.", ("newsletter", "type")
)
BOUNCE_RATIO = Metric(
    "distributor_recent_bounce_ratio",
    "Hard bounces of editions of the last two days, as a share of the emails tried.",
    ("newsletter",),
)
EDITIONS = Metric("distributor_editions", "Editions that are not done, by state.", ("newsletter", "state"))
BLOCKED = Metric(
    "distributor_editions_blocked",
    "Editions that wait for staff, by what has stopped them: preflight, bounces.",
    ("newsletter", "by"),
)
SHARDS = Metric("distributor_queue_shards", "Shards with something to do, at once or later.", ("channel",))
OVERDUE = Metric("distributor_queue_overdue_seconds", "How long the first shard that is due has waited.", ("channel",))
TASKS = Metric(
    "distributor_tasks",
    "Tasks of a store on PostgreSQL, by queue: those that wait, and those that a worker has.",
    ("queue", "state"),
)
OUTBOX = Metric("distributor_outbox_messages", "Messages of the outbox that are not out.", ("channel",))
OUTBOX_OVERDUE = Metric(
    "distributor_outbox_overdue_seconds", "How long the oldest message has waited, tried or not.", ("channel",)
)
BROKEN = Metric("distributor_channel_broken", "1 if the channel as a whole failed when it last tried.", ("channel",))
BROKEN_SINCE = Metric("distributor_channel_broken_since_timestamp_seconds", "Since when it has failed.", ("channel",))
BACKING_OFF = Metric("distributor_channel_backing_off", "1 while the channel waits as its far end asks.", ("channel",))
SOURCE_READ = Metric("distributor_source_last_success_timestamp_seconds", "When it was last read well.", ("source",))
SOURCE_EVERY = Metric("distributor_source_interval_seconds", "How often it is to be read at least.", ("source",))
SOURCE_FAULT = Metric("distributor_source_fault", "1 if it cannot be read, or staff should look at it.", ("source",))
SOURCE_ARTICLES = Metric("distributor_source_articles", "Articles that it had when it was last read.", ("source",))

METRICS = (
    UP, BUILD, TICK, STORE_SIZE, DISK_FREE, DISK_SIZE, TOKEN_EXPIRY, LOGIN_EXPIRY, DELIVERIES, BOUNCES, BOUNCE_RATIO,
    EDITIONS, BLOCKED, SHARDS, OVERDUE, TASKS, OUTBOX, OUTBOX_OVERDUE, BROKEN, BROKEN_SINCE, BACKING_OFF, SOURCE_READ,
    SOURCE_EVERY, SOURCE_FAULT, SOURCE_ARTICLES,
)  # fmt: skip


def host_figures(newsroom: Newsroom, last_tick: datetime | None) -> Iterator[MetricSample]:
    """What is known without the store."""
    yield MetricSample(BUILD, 1, (__version__, platform.python_version()))
    if last_tick:
        yield MetricSample(TICK, last_tick.timestamp())
    disk = shutil.disk_usage(newsroom.folder)
    yield MetricSample(DISK_FREE, disk.free)
    yield MetricSample(DISK_SIZE, disk.total)


def store_figures(
    newsroom: Newsroom, database: Database, connection: Connection, now: datetime
) -> Iterator[MetricSample]:
    """Sources, channels, queues, tokens. Raises StoreError."""
    yield MetricSample(STORE_SIZE, database.size(connection))
    for token in tokens.list_tokens(connection):
        if token.expires_at and token.state(now) == "active":
            yield MetricSample(TOKEN_EXPIRY, token.expires_at.timestamp(), (token.name,))
    for name, channel in newsroom.channels.items():
        ends = channel.login_ends(attempts.read_state(connection, name)) if channel.can("login") else None
        if ends:
            yield MetricSample(LOGIN_EXPIRY, ends.timestamp(), (name,))
    channels = list(newsroom.channels)
    yield from _waiting(monitoring.list_waiting_shards(connection, channels), SHARDS, OVERDUE, channels, now)
    yield from _waiting(monitoring.list_waiting_messages(connection), OUTBOX, OUTBOX_OVERDUE, channels, now)
    for length in queue.queue_lengths(connection):
        yield MetricSample(TASKS, length.waiting, (length.queue, "waiting"))
        yield MetricSample(TASKS, length.running, (length.queue, "running"))
    faults, backoffs = channel_state.faults_by_channel(connection), channel_state.list_backoffs(connection, now)
    for name in channels:
        yield MetricSample(BROKEN, name in faults, (name,))
        if fault := faults.get(name):
            yield MetricSample(BROKEN_SINCE, fault.since.timestamp(), (name,))
        yield MetricSample(BACKING_OFF, name in backoffs, (name,))
    states = {state.name: state for state in source_state.list_source_states(connection)}
    for name, source in newsroom.sources.items():
        yield MetricSample(SOURCE_EVERY, Pace.of(source).longest.total_seconds(), (name,))
        if state := states.get(name):
            yield MetricSample(SOURCE_FAULT, bool(state.fault), (name,))
            yield MetricSample(SOURCE_ARTICLES, state.last_count, (name,))
            if state.last_good:
                yield MetricSample(SOURCE_READ, state.last_good.timestamp(), (name,))


def _waiting(
    found: Sequence[Waiting], count: Metric, overdue: Metric, channels: Iterable[str], now: datetime
) -> Iterator[MetricSample]:
    """How many wait on each channel, and how long the first of them has waited since it could go."""
    known = {one.channel: one for one in found}
    for channel in channels:
        one = known.get(channel)
        yield MetricSample(count, one.count if one else 0, (channel,))
        yield MetricSample(overdue, max(0.0, (now - one.first_due).total_seconds()) if one else 0, (channel,))


def edition_figures(
    newsroom: Newsroom,
    connection: Connection,
    editions: Sequence[EditionStanding],
    counts: DeliveryCounts,
    now: datetime,
) -> Iterator[MetricSample]:
    """Where editions stand, and the deliveries and bounces of recent ones. Raises StoreError."""
    names = list(newsroom.settings.newsletters)
    states = Counter((one.newsletter, one.state) for one in editions)
    blocked = Counter((one.newsletter, one.blocked_by) for one in editions)
    for name in names:
        for state in _OPEN_STATES:
            yield MetricSample(EDITIONS, states[name, state], (name, state))
        for by in _BLOCKED_BY:
            yield MetricSample(BLOCKED, blocked[name, by], (name, by))
    recent = {one.id: one.newsletter for one in editions if one.frozen_at >= now - RECENT}
    rows, tried = _delivery_counts(newsroom, recent, counts)
    for key, number in sorted(rows.items()):
        yield MetricSample(DELIVERIES, number, key)
    bounced: Counter[tuple[str, str]] = Counter()
    for (edition, type), number in monitoring.count_bounces(connection, list(recent)).items():
        bounced[recent[edition], type] += number
    for name, type in sorted(bounced):
        yield MetricSample(BOUNCES, bounced[name, type], (name, type))
    for name, number in sorted(tried.items()):
        yield MetricSample(BOUNCE_RATIO, bounced[name, BounceType.HARD] / number, (name,))


def _delivery_counts(
    newsroom: Newsroom, recent: dict[str, str], counts: DeliveryCounts
) -> tuple[Counter[tuple[str, str, str]], Counter[str]]:
    """Deliveries by newsletter, channel and state; and the emails that were tried, by newsletter."""
    rows: Counter[tuple[str, str, str]] = Counter()
    tried: Counter[str] = Counter()
    for edition, newsletter in recent.items():
        for channel, states in (counts.of(edition) or {}).items():
            personal = isinstance(newsroom.channels.get(channel), PersonalChannel)
            for state, number in states.items():
                rows[newsletter, channel, state.value] += number
                if personal and state not in _NOT_TRIED:
                    tried[newsletter] += number
    return rows, tried
