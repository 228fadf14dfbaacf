"""Gathering from the sources and taking in what they have. One source that fails never stops the others.

Many sources whose `watched_url` tells whether they have changed are asked by one child process; those that have changed, and
all others, are read in a child of their own.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from ..articles import repository as article_repository
from ..articles.matching import ArticleChanges, host_of
from ..errors import Busy, NotModified, SourceError, UserError
from ..gathering import gather_plans, source_state
from ..gathering.anomalies import describe_silence
from ..gathering.gather_plans import GatherOutcome, GatherPlan
from ..gathering.reader_version import reader_of
from ..gathering.source_reader import GatherRequest, read_source
from ..gathering.watching import Answered, watch_sources
from ..newsroom import Newsroom
from ..source import FetchedDocument, FetchResult, Source, Validators
from ..storage.database import Database
from ..text import clean_line
from .clock import ensure_clock
from .missing_names import start_newsletters
from .push import take_pending

log = logging.getLogger("distributor.pipeline")

Clock = Callable[[], datetime]

MIN_WATCHED = 4  # sources that are worth a child process that asks them first


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


OnResult = Callable[[GatherResult], None]


async def gather_sources(
    newsroom: Newsroom,
    database: Database,
    clock: Clock,
    only: Sequence[str] = (),
    *,
    force: bool = False,
    turns: Mapping[str, int] | None = None,
    on_result: OnResult = lambda result: None,
) -> list[GatherResult]:
    """Gather from all sources, or from those named, side by side. One that fails never stops the others.

    Servers that have asked to be left alone for a while are, unless with `force`. `turns` are the claims that the sources
    are gathered by (`gather_plans.claim`), if any. `on_result` is called with each result as soon as it is there.
    """
    await asyncio.to_thread(_start_newsletters, newsroom, database, clock())
    chosen = [source for name, source in newsroom.sources.items() if not only or name in only]
    gathering = _Gathering(newsroom, database, clock, force=force, turns=turns or {}, on_result=on_result)
    return await gathering.run(chosen)


def _start_newsletters(newsroom: Newsroom, database: Database, now: datetime) -> None:
    ensure_clock(newsroom, database, now)
    with database.write() as connection:
        start_newsletters(newsroom, connection, now)


@dataclass(frozen=True, slots=True)
class _Known:
    """What the store knows of the sources before they are gathered."""

    validators: Mapping[str, Mapping[str, Validators]]
    waits: Mapping[str, datetime]
    plans: Mapping[str, GatherPlan]


def _load_known(connection: Connection, names: Sequence[str], now: datetime) -> _Known:
    return _Known(
        source_state.load_validators(connection, names),
        source_state.load_backoffs(connection, now),
        gather_plans.load_plans(connection, names),
    )


class _Gathering:
    """One gather of some sources."""

    def __init__(
        self,
        newsroom: Newsroom,
        database: Database,
        clock: Clock,
        *,
        force: bool,
        turns: Mapping[str, int],
        on_result: OnResult,
    ) -> None:
        self.newsroom, self.database, self.clock, self.force = newsroom, database, clock, force
        self.turns, self.on_result = turns, on_result
        self.known = _Known({}, {}, {})
        self.sources: dict[str, Source] = {}
        self.results: dict[str, GatherResult] = {}
        self.parsing: set[asyncio.Task[None]] = set()  # sources whose pages have come and are read

    async def run(self, sources: Sequence[Source]) -> list[GatherResult]:
        """All results, in the order of the sources. Raises UserError where the store cannot be used."""
        self.sources = {source.name: source for source in sources}
        self.known = await self.database.read_in_thread(_load_known, list(self.sources), self.clock())
        watched = [source for source in sources if source.watched_url and not source.takes_pushes]
        if len(watched) < MIN_WATCHED:
            watched = []
        alone = self.sources.keys() - {source.name for source in watched}
        try:
            async with asyncio.TaskGroup() as self.group:
                for name in self.sources:
                    if name in alone:
                        self.group.create_task(self._gather(self.sources[name]))
                if watched:
                    requests = [self._request(source) for source in watched]
                    at_once = self.newsroom.settings.gathering.at_once
                    await watch_sources(requests, self._handle, self.parsing, at_once=at_once)
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        return [self.results[source.name] for source in sources]

    def _request(self, source: Source) -> GatherRequest:
        site, pause = self.newsroom.settings.site, self.newsroom.settings.gathering.pause
        return GatherRequest(source, site, self.clock(), self._validators(source), self._waits(), pause=pause)

    def _validators(self, source: Source) -> Mapping[str, Validators]:
        """None for what was read by another reader: it is read again, though nothing has changed."""
        plan = self.known.plans.get(source.name)
        return self.known.validators[source.name] if plan and plan.read_with == reader_of(source) else {}

    def _waits(self) -> Mapping[str, datetime]:
        return {} if self.force else self.known.waits

    def _add(self, *results: GatherResult) -> None:
        for result in results:
            self.results[result.source] = result
            self.on_result(result)

    async def _handle(self, answered: Answered) -> None:
        """What has become of some sources that were asked whether they have changed."""
        unchanged = []
        for name, answer in answered:
            source = self.sources[name]
            if isinstance(answer, NotModified):
                unchanged.append(source)
            elif isinstance(answer, SourceError):
                self._add(await self._failed(source, answer))
            else:
                page = answer if isinstance(answer, FetchedDocument) else None
                task = self.group.create_task(self._gather(source, page))
                if page:
                    self.parsing.add(task)
                    task.add_done_callback(self.parsing.discard)
        if unchanged:
            self._add(*await self._unchanged(unchanged))

    async def _gather(self, source: Source, page: FetchedDocument | None = None) -> None:
        """Gather one source in a child process of its own. `page` is the answer of its `watched_url`, if that has come."""
        try:
            result = await (self._take_pushed(source) if source.takes_pushes else self._read(source, page))
        except NotModified:
            (result,) = await self._unchanged([source])
        except SourceError as error:
            result = await self._failed(source, error)
        except UserError:
            raise  # the store cannot be used
        except Exception as bug:  # it brought what cannot be kept; the others go on
            reason = clean_line(f"the source failed: {type(bug).__name__}: {bug}")[:400]
            result = await self._failed(source, SourceError(reason))
            if result.tell:
                log.error("source %s brought what cannot be kept", source.name, exc_info=bug)
        self._add(result)

    async def _read(self, source: Source, page: FetchedDocument | None) -> GatherResult:
        asked = self._request(source)
        harvest = await read_source(
            source, asked.site, asked.known, asked.now, asked.waits, watched=page, pause=asked.pause
        )
        intake, news = await asyncio.to_thread(self._store, source, harvest, self.clock())
        notes = [*harvest.notes, *intake.notes, *([intake.anomaly] if intake.anomaly and news else [])]
        return GatherResult(source.name, intake, faults=(*harvest.faults, *intake.faults), notes=tuple(notes))

    async def _take_pushed(self, source: Source) -> GatherResult:
        """What was pushed and not taken in, because a process died meanwhile; mostly nothing."""
        intake, faults = await take_pending(self.newsroom, self.database, source, self.clock())
        idle = not (intake.new or intake.changed or intake.known or faults)
        if idle:
            return replace((await self._unchanged([source]))[0], intake=intake)
        tell = await self.database.write_in_thread(self._finish, source, "", self.clock(), changed=True)
        return GatherResult(source.name, intake, tell=tell, faults=tuple(faults))

    # What asks the store runs in a thread: it may have to wait for others, and the connections and the leases must not.

    def _store(self, source: Source, harvest: FetchResult, now: datetime) -> tuple[ArticleChanges, bool]:
        """What a gather has brought, and whether what is suspicious about it is new."""
        with self.database.write() as connection:
            source_state.save_backoffs(connection, harvest.waits, now)
            intake = article_repository.store_articles(
                connection, source, harvest, authority=host_of(self.newsroom.settings.site.url), now=now
            )
            changed = bool(intake.new or intake.changed)
            more: Any = {"changed": changed, "stored": True, "hints": harvest.hints}
            return intake, self._finish(connection, source, intake.anomaly, now, **more)

    def _finish(self, connection: Connection, /, source: Source, fault: str, now: datetime, **more: Any) -> bool:
        """Write down how a gather has ended; whether its fault is new. `more` are fields of the `GatherOutcome`."""
        outcome = GatherOutcome(source=source, turn=self.turns.get(source.name, 0), **more)
        gather_plans.finish(connection, [outcome], self.known.plans, now)
        return source_state.save_fault(connection, source.name, fault, now)

    async def _failed(self, source: Source, error: SourceError) -> GatherResult:
        now = self.clock()
        until = error.until if isinstance(error, Busy) else None

        def record(connection: Connection) -> bool:
            source_state.save_backoffs(connection, error.waits, now)
            if isinstance(error, Busy) and not error.asked:  # nothing is known of it that was not known before
                outcome = GatherOutcome(source=source, turn=self.turns.get(source.name, 0), not_before=until)
                gather_plans.finish(connection, [outcome], self.known.plans, now)
                return False
            return self._finish(connection, source, str(error), now, not_before=until)

        tell = await self.database.write_in_thread(record)
        return GatherResult(source.name, failure=str(error), tell=tell, retry_at=until)

    async def _unchanged(self, unchanged: Sequence[Source]) -> list[GatherResult]:
        """Write down that these sources have brought nothing, all in one transaction."""
        now = self.clock()

        def record(connection: Connection) -> tuple[dict[str, str], set[str]]:
            silent, told = {}, set()
            for source in unchanged:
                if words := self._silence(connection, source, now):
                    silent[source.name] = words
                    told |= {source.name} if source_state.save_fault(connection, source.name, words, now) else set()
            well = [source.name for source in unchanged if source.name not in silent]
            told |= source_state.save_unchanged(connection, well, now)
            outcomes = [GatherOutcome(source=source, turn=self.turns.get(source.name, 0)) for source in unchanged]
            gather_plans.finish(connection, outcomes, self.known.plans, now)
            return silent, told

        silent, told = await self.database.write_in_thread(record)
        return [
            GatherResult(
                source.name,
                unchanged=True,
                tell=source.name in told,
                notes=(silent[source.name],) if source.name in silent and source.name in told else (),
            )
            for source in unchanged
        ]

    def _silence(self, connection: Connection, source: Source, now: datetime) -> str:
        """What staff are told of a source that has brought nothing for too long; its articles are asked only then."""
        longest, plan = source.alert_if_silent_for, self.known.plans.get(source.name)
        if longest is None or source.takes_pushes or plan is None or now - plan.changed <= longest:
            return ""
        return describe_silence(article_repository.find_last_new(connection, source.name), now, longest)
