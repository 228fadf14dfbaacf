"""Each source gathered once for staff who ask whether it works, counted; no article is stored."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..errors import NotModified, SourceError
from ..gathering import source_state
from ..gathering.source_reader import check_source
from ..model import ParsedArticle
from ..newsroom import Newsroom
from ..source import FetchResult, ItemExplanation, Source
from ..storage.database import Database

MAX_EXAMPLES = 3  # faults of one source that are shown, beside the number of all


@dataclass(frozen=True, slots=True)
class OmissionReason:
    """Why links are left out, and how many are for it."""

    words: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GatherStats:
    """One gather of one source, of which nothing was stored. `failure` says why it could not be read.

    `articles` counts what was found, the other numbers those of them that have a text of their own, a date and so on.
    `faults` are articles that cannot be used, `left_out` are links of a listing that are taken for no articles, the
    commonest reason first, `notes` what else staff should know.
    """

    source: str
    failure: str = ""
    articles: int = 0
    text: int = 0
    date: int = 0
    image: int = 0
    author: int = 0
    topics: int = 0
    newest: str = ""
    newest_date: datetime | None = None
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    left_out: tuple[OmissionReason, ...] = ()

    @property
    def usable(self) -> bool:
        return not self.failure


def compute_gather_stats(source: str, result: FetchResult, explained: Sequence[ItemExplanation] = ()) -> GatherStats:
    """The numbers of one gather, and of what became of each link."""
    found = result.articles
    newest = _newest(found)
    return GatherStats(
        source=source,
        articles=len(found),
        text=sum(bool(one.body_html) for one in found),
        date=sum(one.published is not None for one in found),
        image=sum(bool(one.image and one.image.url) for one in found),
        author=sum(bool(one.author) for one in found),
        topics=sum(bool(one.topics) for one in found),
        newest=newest.title if newest else "",
        newest_date=newest.published if newest else None,
        faults=tuple(result.faults),
        notes=tuple(result.notes),
        left_out=_reasons(explained),
    )


def _reasons(explained: Sequence[ItemExplanation]) -> tuple[OmissionReason, ...]:
    """The first reason of each link that was left out; what follows it are details."""
    counted = Counter(one.reason.partition(";")[0] for one in explained if one.words and not one.taken)
    return tuple(OmissionReason(words, number) for words, number in counted.most_common())


def _newest(found: Sequence[ParsedArticle]) -> ParsedArticle | None:
    """The newest by its date; where none has one, the first, since sources begin with it."""
    dated = [(one.published, -number) for number, one in enumerate(found) if one.published]
    if dated:
        return found[-max(dated)[1]]
    return found[0] if found else None


async def inspect_sources(newsroom: Newsroom, database: Database, clock: Callable[[], datetime]) -> list[GatherStats]:
    """One gather of each source side by side, in the order of config.yaml, as if for the first time: what has not changed
    since the last one is read all the same. Servers that ask for a pause get it, and what they ask for is kept."""
    backoffs = await database.read_in_thread(source_state.load_backoffs, clock())
    found = await asyncio.gather(
        *(_inspect_source(newsroom, one, clock(), backoffs) for one in newsroom.sources.values())
    )
    fresh = {host: until for _, waits in found for host, until in waits.items()}
    if fresh:
        await database.write_in_thread(source_state.save_backoffs, fresh, clock())
    return [stats for stats, _ in found]


async def _inspect_source(
    newsroom: Newsroom, source: Source, now: datetime, backoffs: Mapping[str, datetime]
) -> tuple[GatherStats, Mapping[str, datetime]]:
    try:
        result, explained = await check_source(source, newsroom.settings.site, now, waits=backoffs)
    except NotModified:
        return GatherStats(
            source=source.name, failure="its server says that nothing has changed, without being asked"
        ), {}
    except SourceError as error:
        return GatherStats(source=source.name, failure=str(error)), error.waits
    return compute_gather_stats(source.name, result, explained), result.waits
