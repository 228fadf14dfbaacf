"""Working through the ledger, and what channels show of the store as a whole."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from ..channel import Channel
from ..delivery import channel_state
from ..delivery.attempts import open_outside_attempt
from ..delivery.ledger import Ledger
from ..delivery.message_worker import DeliveryRules, RecipientLookup
from ..delivery.shard_queue import AskedShards
from ..delivery.stats import ProgressCallback, RunStats
from ..delivery.worker import DeliveryWorker
from ..editions.snapshot import take_feed_snapshot
from ..errors import DeliveryError, DistributorError, StoreError, StoreLost, UserError
from ..model import Delivery, Edition, Recipient
from ..newsroom import Newsroom
from ..rendering.context import SiteRenderContext
from ..storage import identity
from ..storage.database import Database
from ..storage.key_file import new_key, put_first
from ..storage.link_addresses import LinkAddressNotes
from ..subscribers.merge_values import recipient_finder
from .clock import ensure_clock
from .compose import build_site_context
from .gather import Clock
from .missing_names import check_names, list_missing_channels
from .post_images import image_reader

log = logging.getLogger("distributor.service")
_MAX_REFRESHES = 3  # of a refresh, while others change what it shows


def check_may_send(newsroom: Newsroom, database: Database, now: datetime) -> None:
    """Make sure that something may be sent from here: the store belongs here and is no copy; it is the one that was used
    from here; its links are signed with its own key; the clock agrees with it; nothing has another name by now.
    What is used for the first time is written down as such. Raises UserError, StoreLost where it cannot mend itself, and
    ClockError."""
    database.check_file()
    ensure_clock(newsroom, database, now)
    identity.check_instance(database, identity.instance_name(newsroom.settings.instance, newsroom.folder), now)
    check_identity(newsroom, database, now)
    check_names(newsroom, database)


def check_identity(newsroom: Newsroom, database: Database, now: datetime) -> None:
    """Check the store and its key against each other; one that is used for the first time gets an identity."""
    keys = newsroom.present_keys()
    noted = identity.read_folder_id(newsroom.state)  # first: another process may be writing both down, this one last
    known = _check_key(newsroom, database)
    if known is None:
        if noted:
            raise StoreLost(
                f"store {database.name} does not know itself, but {newsroom.state / identity.FILE} names one: it was "
                "emptied or replaced; restore it from a backup, or see `distributor store claim --help`"
            )
        key = keys[0] if keys else newsroom.make_key()
        with database.write() as connection:
            known = identity.load(connection) or identity.create(connection, key, now)
        _check_key(newsroom, database)
    elif identity.is_exchanged(known, newsroom.present_keys()):
        with database.write() as connection:
            identity.create(connection, newsroom.present_keys()[0], now)
        log.info("links are signed with a new key; those that the earlier one has signed still work")
    if not noted:
        _note(newsroom, known.id)
    elif noted != known.id:
        raise StoreLost(
            f"store {database.name} is another one than {newsroom.state / identity.FILE} names: nothing is sent from it"
        )


def _check_key(newsroom: Newsroom, database: Database) -> identity.StoreIdentity | None:
    """Check the key, once more where it was exchanged while we looked. Raises StoreLost."""
    try:
        return identity.check_key(database, newsroom.present_keys(), newsroom.key_location)
    except StoreLost:
        return identity.check_key(database, newsroom.present_keys(), newsroom.key_location)


def rotate_key(newsroom: Newsroom, database: Database, now: datetime) -> int:
    """Make a new key that signs links from now on; the earlier ones stay known. Returns how many keys there are. Raises
    UserError where config.yaml holds the key, StoreError, and StoreLost where the present key is not the store's."""
    if newsroom.settings.secret:
        raise UserError(
            f"the key stands in {newsroom.key_location}: put a new one there, and the present one under `old_secrets`; the "
            "next `serve` or `deliver` signs with it"
        )
    check_may_send(newsroom, database, now)
    put_first(newsroom.key_file, new_key())
    check_identity(newsroom, database, now)
    return len(newsroom.present_keys())


def claim_store(
    newsroom: Newsroom, database: Database, now: datetime, *, new_key: bool = False, new_store: bool = False
) -> str:
    """Let the store belong here, and accept that its key, or the store that was used from here, is lost. Returns
    where it belonged before. Raises StoreLost where something else is lost."""
    key = (newsroom.present_key() or newsroom.make_key()) if new_key else b""
    where = identity.instance_name(newsroom.settings.instance, newsroom.folder)
    with database.write() as connection:
        before = identity.claim_instance(connection, where, now)
        if key:
            identity.create(connection, key, now)
        known = identity.load(connection)
    if new_store:
        identity.delete_folder_id(newsroom.state)
    if known or new_store:
        check_identity(newsroom, database, now)
    return before


def _note(newsroom: Newsroom, id: str) -> None:
    """Note beside the key which store is used. A container whose key comes from outside may have no folder to write to."""
    try:
        identity.write_folder_id(newsroom.state, id)
    except StoreError:
        if not newsroom.settings.secret:
            raise


async def deliver_due(
    newsroom: Newsroom,
    database: Database,
    clock: Clock,
    stop: asyncio.Event | None = None,
    progress: ProgressCallback | None = None,
) -> RunStats:
    """Work through everything that is due in the ledger, whichever edition it belongs to."""
    worker = await asyncio.to_thread(make_delivery_worker, newsroom, database, clock, stop, progress=progress)
    try:
        return await run_worker(newsroom, database, worker)
    finally:
        worker.close()


async def run_worker(newsroom: Newsroom, database: Database, worker: DeliveryWorker) -> RunStats:
    """The same with a dispatcher that lives longer than one run."""
    told = await asyncio.to_thread(_prepare_run, newsroom, database, worker.rules.clock())
    report = await worker.run()
    report.notes += [line for line in told if line not in worker.missing_reported]
    worker.missing_reported.update(told)
    return report


def _prepare_run(newsroom: Newsroom, database: Database, now: datetime) -> list[str]:
    """Make sure that something may be sent, and record the channels that owe something and are not in config.yaml, as `why`
    and `deliveries` show; returns them in words."""
    check_may_send(newsroom, database, now)
    with database.read() as connection:
        found = list_missing_channels(newsroom, connection)
    if found:
        with database.write() as connection:
            for one in found:
                channel_state.record_fault(connection, one.name, "it is not in config.yaml", now)
    return [one.in_words() for one in found]


def make_delivery_worker(
    newsroom: Newsroom,
    database: Database,
    clock: Clock,
    stop: asyncio.Event | None = None,
    *,
    ledger: Ledger | None = None,
    progress: ProgressCallback | None = None,
    wake: Callable[[], None] | None = None,
    only: Collection[str] | None = None,
    asked: AskedShards | None = None,
) -> DeliveryWorker:
    """A worker over the ledger, as this newsroom has it. To be closed. `wake` is called when a channel that has failed can
    carry again. It works on all channels, or on `only` some; on one of them on the shards that tasks have `asked` for."""
    _check_key(newsroom, database)
    newsletters = newsroom.settings.newsletters
    return DeliveryWorker(
        ledger=ledger or Ledger(database, limits=newsroom.settings.bounce_guard),
        channels={name: one for name, one in newsroom.channels.items() if only is None or name in only},
        rules=DeliveryRules(
            look_up_recipients=_noting_finder(newsroom, database, clock),
            resend=lambda name: name in newsletters and newsletters[name].on_uncertain == "resend",
            clock=clock,
            stop=stop or asyncio.Event(),
            zone=newsroom.settings.site.timezone,
            read_image=image_reader(newsroom),
        ),
        progress=progress,
        wake=wake,
        asked=asked,
    )


def _noting_finder(newsroom: Newsroom, database: Database, clock: Clock) -> RecipientLookup:
    """`recipient_finder` that has it written down below which address the links lie, where they reach people."""
    find, notes = recipient_finder(newsroom, database), LinkAddressNotes(database, newsroom.settings.links_url)

    def look_up(edition: Edition, rows: Sequence[Delivery]) -> Mapping[str, Recipient]:
        if any(reaches_people(newsroom, row.channel) for row in rows):
            notes.note(clock())
        return find(edition, rows)

    return look_up


def reaches_people(newsroom: Newsroom, channel: str) -> bool:
    """Whether emails of a channel go to subscribers, not to a folder or to those who test."""
    found = newsroom.channels.get(channel)
    return found is not None and found.personal and found.reaches_audience and not newsroom.settings.test_mode


async def refresh_feeds(newsroom: Newsroom, database: Database, clock: Clock) -> list[str]:
    """Bring the standing renditions up to date; returns faults in words. They are tried again at the next refresh.

    Somebody else may do the same at the same time. Whoever finds at the end that what he has shown is not true any more
    does it again, so that the last to write has seen the latest.
    """
    for _ in range(_MAX_REFRESHES):
        shown, context = await database.read_in_thread(_read_feeds, newsroom, clock())
        faults = []
        for name, channel in newsroom.channels.items():
            faults += [f"channel {name}: {fault}" for fault in await _refresh_channel(channel, context, database)]
        if await database.read_in_thread(take_feed_snapshot) == shown:
            break
    return faults


def _read_feeds(connection: Connection, newsroom: Newsroom, now: datetime) -> tuple[tuple[int, ...], SiteRenderContext]:
    shown = take_feed_snapshot(connection)
    return shown, build_site_context(newsroom, connection, now)


async def _refresh_channel(channel: Channel, context: SiteRenderContext, database: Database) -> list[str]:
    faults = []
    try:
        for document in channel.compose_site_wide(context):
            try:
                await channel.publish(document, open_outside_attempt(database, channel, channel.freeze(document)))
            except DeliveryError as error:
                faults.append(f"{document.title or document.variant}: {error}")
    except DistributorError:
        raise
    except Exception as bug:  # an adapter broke its contract; the other channels go on
        said = channel.http.redact(f"{type(bug).__name__}: {bug}")
        log.error("channel %s raised what it may not raise: %s", channel.name, said)
        faults.append(f"the adapter failed: {said}")
    return faults
