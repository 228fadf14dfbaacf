"""Looking at the sources and taking in what they have. One source that fails never stops the others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import Connection

from ..articles import repository as article_repository
from ..articles.matching import ArticleChanges, host_of
from ..errors import Busy, NotModified, SourceError, UserError
from ..gathering import source_state
from ..gathering.source_reader import read_source
from ..newsroom import Newsroom
from ..source import FetchResult, Source, Validators
from ..storage.database import Database
from ..text import clean_line
from .clock import ensure_clock
from .missing_names import start_newsletters
from .push import take_pending

log = logging.getLogger("distributor.pipeline")

Clock = Callable[[], datetime]

NO_WAITS: Mapping[str, datetime] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class GatherResult:
    """One look at one source: what it brought, or why it could not be read.

    `faults` are articles that could not be used. `tell` says whether a fault of the source is new to staff. `ask_again` is
    set where its server wants to be left alone until then, which is a failure too.
    """

    source: str
    intake: ArticleChanges = field(default_factory=ArticleChanges)
    unchanged: bool = False
    failure: str = ""
    tell: bool = True
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    retry_at: datetime | None = None


async def gather_sources(
    newsroom: Newsroom, database: Database, clock: Clock, only: Sequence[str] = (), *, force: bool = False
) -> list[GatherResult]:
    """Look at all sources, or at those named, side by side. One that fails never stops the others.

    Servers that have asked to be left alone for a while are, unless with `force`.
    """
    await asyncio.to_thread(_start_newsletters, newsroom, database, clock())
    chosen = [source for name, source in newsroom.sources.items() if not only or name in only]
    return list(await asyncio.gather(*(_gather_source(newsroom, database, source, clock, force) for source in chosen)))


def _start_newsletters(newsroom: Newsroom, database: Database, now: datetime) -> None:
    ensure_clock(newsroom, database, now)
    with database.write() as connection:
        start_newsletters(newsroom, connection, now)


async def _gather_source(
    newsroom: Newsroom, database: Database, source: Source, clock: Clock, force: bool
) -> GatherResult:
    if source.takes_pushes:
        return await _gather_pushed(newsroom, database, source, clock())
    known, left_alone = await database.read_in_thread(_load_source_state, source, clock())
    try:
        harvest = await read_source(source, newsroom.settings.site, known, clock(), {} if force else left_alone)
        intake, news = await asyncio.to_thread(_store_fetched, newsroom, database, source, harvest, clock())
    except NotModified:
        return GatherResult(source.name, unchanged=True, tell=await _record_fault(database, source, "", clock()))
    except Busy as error:
        news = error.asked and await _record_fault(database, source, str(error), clock(), error.waits)
        return GatherResult(source.name, failure=str(error), tell=news, retry_at=error.until)
    except SourceError as error:
        return await _failed(database, source, str(error), clock(), error.waits)
    except UserError:
        raise  # the store cannot be used
    except Exception as bug:  # it brought what cannot be kept; the others go on
        reason = clean_line(f"the source failed: {type(bug).__name__}: {bug}")[:400]
        result = await _failed(database, source, reason, clock())
        if result.tell:
            log.error("source %s brought what cannot be kept", source.name, exc_info=bug)
        return result
    notes = [*harvest.notes, *intake.notes, *([intake.anomaly] if intake.anomaly and news else [])]
    return GatherResult(source.name, intake, faults=(*harvest.faults, *intake.faults), notes=tuple(notes))


async def _gather_pushed(newsroom: Newsroom, database: Database, source: Source, now: datetime) -> GatherResult:
    """What was pushed and not taken in, because a process died meanwhile; mostly nothing."""
    intake, faults = await take_pending(newsroom, database, source, now)
    tell = await _record_fault(database, source, "", now)
    idle = not (intake.new or intake.changed or intake.known or faults)
    return GatherResult(source.name, intake, unchanged=idle, tell=tell, faults=tuple(faults))


# What asks the store runs in a thread: it may have to wait for others, and the connections and the leases must not wait.


def _load_source_state(
    connection: Connection, source: Source, now: datetime
) -> tuple[Mapping[str, Validators], Mapping[str, datetime]]:
    return source_state.load_validators(connection, source.name), source_state.load_backoffs(connection, now)


def _store_fetched(
    newsroom: Newsroom, database: Database, source: Source, harvest: FetchResult, now: datetime
) -> tuple[ArticleChanges, bool]:
    """What a look has brought, and whether what is suspicious about it is new."""
    with database.write() as connection:
        source_state.save_backoffs(connection, harvest.waits, now)
        intake = article_repository.store_articles(
            connection, source, harvest, authority=host_of(newsroom.settings.site.url), now=now
        )
        return intake, source_state.save_fault(connection, source.name, intake.anomaly, now)


async def _failed(
    database: Database, source: Source, fault: str, now: datetime, asked_for: Mapping[str, datetime] = NO_WAITS
) -> GatherResult:
    return GatherResult(source.name, failure=fault, tell=await _record_fault(database, source, fault, now, asked_for))


async def _record_fault(
    database: Database, source: Source, fault: str, now: datetime, asked_for: Mapping[str, datetime] = NO_WAITS
) -> bool:
    def record(connection: Connection) -> bool:
        source_state.save_backoffs(connection, asked_for, now)
        return source_state.save_fault(connection, source.name, fault, now)

    return await database.write_in_thread(record)
