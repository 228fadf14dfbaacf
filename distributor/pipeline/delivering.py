"""Working through the ledger, and what channels show of the store as a whole."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from ..channel import Channel
from ..config import Newsletter
from ..delivery import faults
from ..delivery.dispatch import Dispatcher
from ..delivery.ledger import Ledger
from ..delivery.report import Progress, Report
from ..editions.basis import shelf
from ..errors import DeliveryError, StoreError, StoreLost
from ..newsroom import Newsroom
from ..rendering.desk import RenderingDesk
from ..storage import home, identity
from ..storage.database import Database
from ..subscribers.mailing import address_book
from .clock import settle_clock
from .looking import Clock
from .names import check_names, missing_channels
from .proposing import desk_for

_TURNS = 3  # of a refresh, while others change what it shows


def at_home(newsroom: Newsroom, database: Database, now: datetime) -> None:
    """Make sure that something may be sent from here: the store is at home here, no copy of somebody's; it is the one that
    was used from here; its links are signed with its own key; the clock agrees with it; nothing has another name by now.
    What is used for the first time is written down as such. Raises UserError, StoreLost where it cannot mend itself, and
    ClockError."""
    database.check_file()
    settle_clock(newsroom, database, now)
    home.check(database, home.here(newsroom.settings.instance, newsroom.folder), now)
    identify(newsroom, database, now)
    check_names(newsroom, database)


def identify(newsroom: Newsroom, database: Database, now: datetime) -> None:
    """Check the store and its key against each other; one that is used for the first time gets an identity."""
    key = newsroom.present_key()
    identity.check_key(database, key, newsroom.key_place)
    noted = identity.in_folder(newsroom.state)
    with database.read() as connection:
        known = identity.kept(connection)
    if known is None:
        if noted:
            raise StoreLost(
                f"store {database.name} does not know itself, but {newsroom.state / identity.FILE} names one: it was "
                "emptied or replaced; restore it from a backup, or see `distributor adopt --help`"
            )
        key = key or newsroom.make_key()
        with database.write() as connection:
            known = identity.kept(connection) or identity.new(connection, key, now)
        identity.check_key(database, newsroom.present_key(), newsroom.key_place)
    if not noted:
        _note(newsroom, known.id)
    elif noted != known.id:
        raise StoreLost(
            f"store {database.name} is another one than {newsroom.state / identity.FILE} names: nothing is sent from it"
        )


def adopt(
    newsroom: Newsroom, database: Database, now: datetime, *, new_key: bool = False, new_store: bool = False
) -> str:
    """Make this the home of the store, and accept that its key, or the store that was used from here, is lost. Returns
    where it was at home before. Raises StoreLost where something else is lost."""
    key = (newsroom.present_key() or newsroom.make_key()) if new_key else b""
    with database.write() as connection:
        before = home.adopt(connection, home.here(newsroom.settings.instance, newsroom.folder), now)
        if key:
            identity.new(connection, key, now)
        known = identity.kept(connection)
    if new_store:
        identity.forget_in_folder(newsroom.state)
    if known or new_store:
        identify(newsroom, database, now)
    return before


def _note(newsroom: Newsroom, id: str) -> None:
    """Note beside the key which store is used. A container whose key comes from outside may have no folder to write to."""
    try:
        identity.note_in_folder(newsroom.state, id)
    except StoreError:
        if not newsroom.settings.secret:
            raise


async def deliver(
    newsroom: Newsroom,
    database: Database,
    clock: Clock,
    stop: asyncio.Event | None = None,
    progress: Progress | None = None,
) -> Report:
    """Work through everything that is due in the ledger, whichever edition it belongs to."""
    worker = dispatcher(newsroom, database, clock, stop, progress=progress)
    try:
        return await work(newsroom, database, worker)
    finally:
        worker.close()


async def work(newsroom: Newsroom, database: Database, worker: Dispatcher) -> Report:
    """The same with a dispatcher that lives longer than one run."""
    at_home(newsroom, database, worker.clock())
    told = await asyncio.to_thread(_note_missing, newsroom, database, worker.clock())
    report = await worker.run()
    report.notes += [line for line in told if line not in worker.missing_told]
    worker.missing_told.update(told)
    return report


def _note_missing(newsroom: Newsroom, database: Database, now: datetime) -> list[str]:
    """Channels that owe something and are not in config.yaml, in words; `why` and `deliveries` say so too."""
    with database.read() as connection:
        found = missing_channels(newsroom, connection)
    if found:
        with database.write() as connection:
            for one in found:
                faults.put(connection, one.name, "it is not in config.yaml", now)
    return [one.in_words() for one in found]


def dispatcher(
    newsroom: Newsroom,
    database: Database,
    clock: Clock,
    stop: asyncio.Event | None = None,
    *,
    ledger: Ledger | None = None,
    progress: Progress | None = None,
    among: int = 1,
    wake: Callable[[], None] | None = None,
) -> Dispatcher:
    """A worker over the ledger, as this newsroom has it; one of `among` that share what rates allow. To be closed. `wake`
    is called when a channel that has failed can carry again."""
    identity.check_key(database, newsroom.present_key(), newsroom.key_place)
    newsletters = newsroom.settings.newsletters
    return Dispatcher(
        ledger=ledger or Ledger(database, limits=newsroom.settings.bounce_guard),
        channels=newsroom.channels,
        address_book=address_book(newsroom, database),
        resend=lambda name: name in newsletters and newsletters[name].on_uncertain == "resend",
        clock=clock,
        stop=stop or asyncio.Event(),
        progress=progress,
        among=among,
        wake=wake,
    )


async def refresh(newsroom: Newsroom, database: Database, clock: Clock) -> list[str]:
    """Bring the standing renditions up to date; returns faults in words. They are tried again at the next refresh.

    Somebody else may do the same at the same time. Whoever finds at the end that what he has shown is not true any more
    does it again, so that the last to write has seen the latest.
    """
    for _ in range(_TURNS):
        with database.read() as connection:
            shown = shelf(connection)
        faults = await _refresh(newsroom, database, clock())
        with database.read() as connection:
            if shelf(connection) == shown:
                break
    return faults


async def _refresh(newsroom: Newsroom, database: Database, now: datetime) -> list[str]:
    site = newsroom.settings.site
    everything = Newsletter(id="all", title=site.title, description=site.description, channels=("-",))
    with database.read() as connection:
        desk = desk_for(newsroom, connection, everything, now=now)
    faults = []
    for name, channel in newsroom.channels.items():
        faults += [f"channel {name}: {fault}" for fault in await _refresh_one(channel, desk)]
    return faults


async def _refresh_one(channel: Channel, desk: RenderingDesk) -> list[str]:
    faults = []
    for rendition in channel.compose_standing(desk):
        try:
            await channel.deliver(rendition)
        except DeliveryError as error:
            faults.append(f"{rendition.title or rendition.variant}: {error}")
    return faults
