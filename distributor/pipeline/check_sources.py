"""Reading each source once for staff who ask whether it is well. No article is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime

from ..errors import NotModified, SourceError
from ..gathering import source_state
from ..gathering.gather_stats import GatherStats, compute_gather_stats
from ..gathering.source_reader import check_source
from ..newsroom import Newsroom
from ..source import Source
from ..storage.database import Database


async def inspect_sources(newsroom: Newsroom, database: Database, clock: Callable[[], datetime]) -> list[GatherStats]:
    """One look at each source side by side, in the order of config.yaml, as if for the first time: what has not changed
    since the last look is read all the same. Servers that ask to be left alone are, and what they ask for is kept."""
    with database.read() as connection:
        left_alone = source_state.load_backoffs(connection, clock())
    found = await asyncio.gather(
        *(_inspect_source(newsroom, one, clock(), left_alone) for one in newsroom.sources.values())
    )
    fresh = {host: until for _, asked_for in found for host, until in asked_for.items()}
    if fresh:
        with database.write() as connection:
            source_state.save_backoffs(connection, fresh, clock())
    return [inspection for inspection, _ in found]


async def _inspect_source(
    newsroom: Newsroom, source: Source, now: datetime, left_alone: Mapping[str, datetime]
) -> tuple[GatherStats, Mapping[str, datetime]]:
    try:
        harvest, explained = await check_source(source, newsroom.settings.site, now, waits=left_alone)
    except NotModified:
        return GatherStats(
            source=source.name, failure="its server says that nothing has changed, without being asked"
        ), {}
    except SourceError as error:
        return GatherStats(source=source.name, failure=str(error)), error.waits
    return compute_gather_stats(source.name, harvest, explained), harvest.waits
