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
from ..errors import DeliveryError
from ..newsroom import Newsroom
from ..rendering.desk import RenderingDesk
from ..storage import home
from ..storage.database import Database
from ..subscribers.mailing import address_book
from .looking import Clock
from .names import check_names, missing_channels
from .proposing import desk_for

_TURNS = 3  # of a refresh, while others change what it shows


def at_home(newsroom: Newsroom, database: Database, now: datetime) -> None:
    """Make sure that this is no copy of somebody's store, and that nothing has another name by now. Raises UserError."""
    home.check(database, home.here(newsroom.settings.instance, newsroom.folder), now)
    check_names(newsroom, database)


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
    newsletters = newsroom.settings.newsletters
    return Dispatcher(
        ledger=ledger or Ledger(database),
        channels=newsroom.channels,
        address_book=address_book(newsroom, database),
        resend=lambda name: name in newsletters and newsletters[name].on_uncertain == "resend",
        clock=clock,
        stop=stop or asyncio.Event(),
        progress=progress,
        among=among,
        wake=wake,
    )


async def refresh(newsroom: Newsroom, database: Database) -> list[str]:
    """Bring the standing renditions up to date; returns faults in words. They are tried again at the next refresh.

    Somebody else may do the same at the same time. Whoever finds at the end that what he has shown is not true any more
    does it again, so that the last to write has seen the latest.
    """
    for _ in range(_TURNS):
        with database.read() as connection:
            shown = shelf(connection)
        faults = await _refresh(newsroom, database)
        with database.read() as connection:
            if shelf(connection) == shown:
                break
    return faults


async def _refresh(newsroom: Newsroom, database: Database) -> list[str]:
    site = newsroom.settings.site
    everything = Newsletter(id="all", title=site.title, description=site.description, channels=("-",))
    with database.read() as connection:
        desk = desk_for(newsroom, connection, everything)
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
            faults.append(f"{rendition.title or rendition.part}: {error}")
    return faults
