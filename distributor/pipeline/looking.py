"""Looking at the sources and taking in what they have. One source that fails never stops the others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from ..editions import items
from ..errors import Busy, NotModified, SourceError, UserError
from ..gathering import archive, source_state, waits
from ..gathering.archive import Intake
from ..gathering.intake import host_of
from ..gathering.reader import read_source
from ..newsroom import Newsroom
from ..source import Harvest, Source
from ..storage.database import Database
from ..text import clean_line
from .clock import settle_clock
from .names import not_to_begin

log = logging.getLogger("distributor.pipeline")

Clock = Callable[[], datetime]

NO_WAITS: Mapping[str, datetime] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Look:
    """One look at one source: what it brought, or why it could not be read.

    `faults` are articles that could not be used. `tell` says whether a fault of the source is new to staff. `ask_again` is
    set where its server wants to be left alone until then, which is a failure too.
    """

    source: str
    intake: Intake = field(default_factory=Intake)
    unchanged: bool = False
    failure: str = ""
    tell: bool = True
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    ask_again: datetime | None = None


async def gather(
    newsroom: Newsroom, database: Database, clock: Clock, only: Sequence[str] = (), *, force: bool = False
) -> list[Look]:
    """Look at all sources, or at those named, side by side. One that fails never stops the others.

    Servers that have asked to be left alone for a while are, unless with `force`.
    """
    await asyncio.to_thread(_enrol, newsroom, database, clock())
    chosen = [source for name, source in newsroom.sources.items() if not only or name in only]
    return list(await asyncio.gather(*(_look(newsroom, database, source, clock, force) for source in chosen)))


def _enrol(newsroom: Newsroom, database: Database, now: datetime) -> None:
    settle_clock(newsroom, database, now)
    with database.write() as connection:
        waiting = not_to_begin(newsroom, connection)
        for newsletter in newsroom.settings.newsletters.values():
            if newsletter.id not in waiting:
                items.enrol(connection, newsletter, now)


async def _look(newsroom: Newsroom, database: Database, source: Source, clock: Clock, force: bool) -> Look:
    with database.read() as connection:
        known = source_state.stored_validators(connection, source.name)
        left_alone = {} if force else waits.current(connection, clock())
    try:
        harvest = await read_source(source, newsroom.settings.site, known, clock(), left_alone)
        intake, news = await asyncio.to_thread(_take_in, newsroom, database, source, harvest, clock())
    except NotModified:
        return Look(source.name, unchanged=True, tell=await _note(database, source, "", clock()))
    except Busy as error:
        news = error.asked and await _note(database, source, str(error), clock(), error.waits)
        return Look(source.name, failure=str(error), tell=news, ask_again=error.until)
    except SourceError as error:
        return await _failed(database, source, str(error), clock(), error.waits)
    except UserError:
        raise  # the store cannot be used
    except Exception as bug:  # it brought what cannot be kept; the others go on
        log.exception("source %s brought what cannot be kept", source.name)
        reason = clean_line(f"the source failed: {type(bug).__name__}: {bug}")[:400]
        return await _failed(database, source, reason, clock())
    notes = [*harvest.notes, *intake.notes, *([intake.suspicion] if intake.suspicion and news else [])]
    return Look(source.name, intake, faults=(*harvest.faults, *intake.faults), notes=tuple(notes))


# What writes runs in a thread: it may have to wait for others, and the wire and the leases must not wait with it.


def _take_in(
    newsroom: Newsroom, database: Database, source: Source, harvest: Harvest, now: datetime
) -> tuple[Intake, bool]:
    """What a look has brought, and whether what is suspicious about it is new."""
    with database.write() as connection:
        waits.keep(connection, harvest.waits, now)
        intake = archive.take_in(connection, source, harvest, authority=host_of(newsroom.settings.site.url), now=now)
        return intake, source_state.note_fault(connection, source.name, intake.suspicion, now)


async def _failed(
    database: Database, source: Source, fault: str, now: datetime, asked_for: Mapping[str, datetime] = NO_WAITS
) -> Look:
    return Look(source.name, failure=fault, tell=await _note(database, source, fault, now, asked_for))


async def _note(
    database: Database, source: Source, fault: str, now: datetime, asked_for: Mapping[str, datetime] = NO_WAITS
) -> bool:
    def note() -> bool:
        with database.write() as connection:
            waits.keep(connection, asked_for, now)
            return source_state.note_fault(connection, source.name, fault, now)

    return await asyncio.to_thread(note)
