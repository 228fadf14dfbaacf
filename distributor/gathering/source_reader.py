"""Sources are read in a child process: fetching, parsing and cleaning, one child for each look.

What a stranger sends can keep a parser busy for ever, take all memory, or drip for minutes. In a child with limits it costs
that look and nothing else: the source has a fault, and the next look begins anew. A page that ended its reader is left
out of a second attempt, so that it costs one article and not all of them.
"""

from __future__ import annotations

import asyncio
import logging
import pickle
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from .. import isolation
from ..config.schema import Site
from ..errors import Busy, LimitExceeded, NotModified, SourceError, StartFailed
from ..isolation import ChildFailed, ChildLimits, call_isolated_async
from ..model import Article, ParsedArticle, parsed_article_to_data
from ..plugins import registry
from ..source import Availability, FetchedDocument, Fetcher, FetchResult, ItemExplanation, Source, Validators
from ..text import clean_line
from .fetcher import HostQueue, open_fetcher
from .recheck import RECHECK_SECONDS, check_articles, initial_availability
from .validation import validate_articles

log = logging.getLogger("distributor.gathering")

GATHER_SECONDS = 300.0  # that one look at a source may take, all its pages together
_MARGIN = 10.0  # seconds more before the child is ended: it can say better itself what took so long
_GATHER_LIMITS = ChildLimits(seconds=GATHER_SECONDS + _MARGIN, processor_seconds=120)
_GATHER_THREADS = ThreadPoolExecutor(16, thread_name_prefix="look")  # so many sources are read at the same time
_ASKED_APART = 16  # so many groups of sources are asked after their articles at the same time, each in a child
_ASKS = ThreadPoolExecutor(2 * _ASKED_APART, thread_name_prefix="last-look")
_LONGEST_HOST = 300  # characters that the store keeps of a host
_ATTEMPTS = 4  # at one look: at most three of its pages are left out

_found = TypeAdapter(ParsedArticle)
_explained = TypeAdapter(ItemExplanation)


async def read_source(
    source: Source,
    site: Site,
    known: Mapping[str, Validators],
    now: datetime,
    waits: Mapping[str, datetime] | None = None,
) -> FetchResult:
    """One look at a source, in a child process. `known` are the validators of the last stored look, `waits` the hosts that
    have asked to be left alone, with until when.

    Raises NotModified where there is nothing new, and SourceError with the reason in words; Busy where that is that it is to
    wait.
    """
    return _parse_fetch_result(await _call_child(_gather_job, source, site, dict(known), now, dict(waits or {})))


async def check_source(
    source: Source, site: Site, now: datetime, *, waits: Mapping[str, datetime] | None = None
) -> tuple[FetchResult, list[ItemExplanation]]:
    """One look as if for the first time, and what becomes of each link of a listing that was read for it; no page is asked
    for twice. Raises as `read_source`."""
    answer = await _call_child(_examine, source, site, {}, now, dict(waits or {}))
    return _parse_fetch_result(answer), [_explained.validate_python(each) for each in answer.get("explained", ())]


async def _call_child(
    function: Callable[..., Any],
    source: Source,
    site: Site,
    known: dict[str, Validators],
    now: datetime,
    waits: dict[str, datetime],
) -> dict[str, Any]:
    """What a child says of a source. Raises SourceError."""

    def attempt(avoid: dict[str, str]) -> Awaitable[dict[str, Any]]:
        job = _pack_job(source, site, known, avoid, now, waits)
        return call_isolated_async(function, *job, limits=_GATHER_LIMITS, threads=_GATHER_THREADS)

    return await call_with_retries(attempt, f"source {source.name}", "the source failed")


async def call_with_retries(
    attempt: Callable[[dict[str, str]], Awaitable[dict[str, Any]]], who: str, failed: str
) -> dict[str, Any]:
    """What a child answers in one of a few attempts. Each is given the pages that have ended the reader before, with the
    reason; it leaves them out. Raises SourceError: `failed` says so of a bug, and `who` names it in the log."""
    avoid: dict[str, str] = {}
    for _ in range(_ATTEMPTS):
        try:
            return await attempt(avoid)
        except LimitExceeded as error:
            if not error.doing or error.doing in avoid or len(avoid) == _ATTEMPTS - 1:
                raise SourceError(f"{error.doing} {error}".strip()) from None
            avoid[error.doing] = str(error)
        except StartFailed as error:
            raise SourceError(str(error)) from None
        except ChildFailed as bug:
            log.error("%s raised what it may not raise:\n%s", who, bug.trace)
            raise SourceError(clean_line(f"{failed}: {bug}")[:400]) from None
    raise AssertionError("unreachable: the last attempt returns or raises")


async def explain_source(
    source: Source, site: Site, now: datetime, *, waits: Mapping[str, datetime] | None = None
) -> list[ItemExplanation]:
    """What a look at a source would take and leave out, and why, in a child process. Nothing is stored, and nothing is
    asked with validators, so that all is shown; `waits` as in `read_source`. Raises SourceError with the reason in words."""
    job = _pack_job(source, site, now, dict(waits or {}))
    try:
        answer = await call_isolated_async(_explain, *job, limits=_GATHER_LIMITS, threads=_GATHER_THREADS)
    except (LimitExceeded, StartFailed) as error:
        doing = error.doing if isinstance(error, LimitExceeded) else ""
        raise SourceError(f"{doing} {error}".strip()) from None
    except ChildFailed as bug:
        log.error("source %s raised what it may not raise:\n%s", source.name, bug.trace)
        raise SourceError(clean_line(f"the source failed: {bug}")[:400]) from None
    if "failure" in answer:
        raise SourceError(clean_line(str(answer["failure"])))
    return [_explained.validate_python(each) for each in answer["explained"]]


async def check_availability_of_articles(
    sources: Mapping[str, Source],
    site: Site,
    articles: Sequence[Article],
    *,
    seconds: float = RECHECK_SECONDS,
    waits: Mapping[str, datetime] | None = None,
) -> dict[str, Availability]:
    """`last_look.ask_after` in child processes: whether each article is still there, by id. Never raises. `waits` are the
    hosts that have asked to be left alone, with until when.

    A source that ends its child, or keeps it, costs the answers of no other one: each has a child of its own, unless there
    are very many.
    """
    names = sorted({article.source for article in articles})
    groups = [frozenset(names[first::_ASKED_APART]) for first in range(min(_ASKED_APART, len(names)))]
    answers = initial_availability(articles)
    for some in await asyncio.gather(
        *(
            _check_in_child(
                {name: one for name, one in sources.items() if name in group}, site, theirs, seconds, waits or {}
            )
            for group in groups
            if (theirs := [article for article in articles if article.source in group])
        )
    ):
        answers |= some
    return answers


async def _check_in_child(
    asked: Mapping[str, Source], site: Site, articles: Sequence[Article], seconds: float, waits: Mapping[str, datetime]
) -> dict[str, Availability]:
    """What one child says of some articles; nothing where it fails."""
    try:
        job = _pack_job(asked, site, list(articles), seconds, dict(waits))
        answer = await call_isolated_async(
            _availability_job,
            *job,
            limits=ChildLimits(seconds=seconds + _MARGIN, processor_seconds=int(seconds) + 1),
            threads=_ASKS,
        )
    except (LimitExceeded, StartFailed, ChildFailed, SourceError) as error:
        names = ", ".join(asked) or "sources that are not configured any more"
        log.warning("last look: %s could not be asked: %s", names, error)
        return {}
    return {id: Availability(there, reason) for id, (there, reason) in answer.items()}


def _pack_job(*job: object) -> tuple[list[str], bytes]:
    """A job for a child: where it finds sources, and what only then can be unpickled. Raises SourceError."""
    try:
        return registry.sources.folders(), pickle.dumps(job)
    except Exception as error:  # a newsroom's own source may hold anything
        raise SourceError(
            clean_line(f"the source cannot be handed to a process of its own: {type(error).__name__}: {error}")[:400]
        ) from None


def _parse_fetch_result(answer: Mapping[str, Any]) -> FetchResult:
    """What a child has told; what it says is believed no more than the bytes it has read. Raises as `read_source`."""
    if answer.get("unchanged_source"):
        raise NotModified("has not changed")
    if "failure" in answer:
        raise _failure(answer)
    articles, faults = [], [clean_line(str(fault)) for fault in answer["faults"]]
    for number, data in enumerate(answer["articles"], 1):
        try:
            articles.append(_found.validate_python(data))
        except ValidationError as error:
            faults.append(_unusable(number, data.get("title"), error))
    return FetchResult(
        articles=articles,
        faults=faults,
        notes=[clean_line(str(note)) for note in answer["notes"]],
        unchanged=int(answer["unchanged"]),
        waits=_waits(answer),
        validators={
            url: Validators(etag=etag, last_modified=last_modified)
            for url, (etag, last_modified) in answer["validators"].items()
            if all(isinstance(one, str) and one.isprintable() for one in (url, etag, last_modified))
        },  # one that is no text is as good as none: its page is read again
    )


def _failure(answer: Mapping[str, Any]) -> SourceError:
    reason, until = clean_line(str(answer["failure"])), _moment(answer.get("until"))
    error = Busy(reason, until=until, asked=bool(answer.get("asked"))) if until else SourceError(reason)
    error.waits = _waits(answer)
    return error


def _waits(answer: Mapping[str, Any]) -> dict[str, datetime]:
    """The hosts that have asked to be left alone during a look."""
    told = answer.get("waits") or {}
    return {host: until for host, text in told.items() if len(host) <= _LONGEST_HOST and (until := _moment(text))}


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC) if text else None
    except (ValueError, OverflowError):
        return None


def _unusable(number: int, title: object, error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(map(str, first["loc"])) or "it"
    return clean_line(f"article {number} ({str(title)[:80]}) cannot be used: {where}: {first['msg']}")


# -- in the child ------------------------------------------------------------------------------------------------------


def _unpack_job(folders: Sequence[str], job: bytes) -> Any:
    registry.sources.use_folders(folders)
    return pickle.loads(job)  # noqa: S301 (the parent is ours)


def _gather_job(folders: Sequence[str], job: bytes) -> dict[str, Any]:
    return asyncio.run(_gather_source(*_unpack_job(folders, job), explained=False))


def _examine(folders: Sequence[str], job: bytes) -> dict[str, Any]:
    return asyncio.run(_gather_source(*_unpack_job(folders, job), explained=True))


async def _gather_source(
    source: Source,
    site: Site,
    known: Mapping[str, Validators],
    avoid: Mapping[str, str],
    now: datetime,
    waits: Mapping[str, datetime],
    *,
    explained: bool,
) -> dict[str, Any]:
    async with open_fetcher(
        site,
        known,
        HostQueue(shared=True),
        allow_private=source.allow_private,
        credentials=source.credentials,
        waits=waits,
    ) as fetcher:
        announcing = ReportingFetcher(fetcher, avoid)
        reading: Fetcher = _CachingFetcher(announcing) if explained else announcing
        told = await _run_gather(source, reading, now)
        if explained and "failure" not in told and type(source).explain is not Source.explain:
            told |= await _run_explain(source, reading, now)
        return told | {
            "waits": {host: until.isoformat() for host, until in fetcher.waits.items() if waits.get(host) != until}
        }


async def _run_gather(source: Source, fetcher: Fetcher, now: datetime) -> dict[str, Any]:
    try:
        async with asyncio.timeout(GATHER_SECONDS):
            harvest: object = await source.gather(fetcher, now)
    except Busy as error:
        return {"failure": str(error), "asked": error.asked, "until": error.until.isoformat()}
    except NotModified:
        return {"unchanged_source": True}
    except (SourceError, LimitExceeded) as error:
        return {"failure": str(error)}
    except TimeoutError:
        return {"failure": f"took longer than {GATHER_SECONDS:.0f} seconds"}
    if not isinstance(harvest, FetchResult):
        return {"failure": f"the source failed: it brought {type(harvest).__name__} instead of a FetchResult"}
    return _result_to_data(harvest, source.name)


def _explain(folders: Sequence[str], job: bytes) -> dict[str, Any]:
    source, site, now, waits = _unpack_job(folders, job)
    return asyncio.run(_explain_at(source, site, now, waits))


async def _explain_at(source: Source, site: Site, now: datetime, waits: Mapping[str, datetime]) -> dict[str, Any]:
    async with open_fetcher(
        site,
        {},
        HostQueue(shared=True),
        allow_private=source.allow_private,
        credentials=source.credentials,
        waits=waits,
    ) as fetcher:
        return await _run_explain(source, ReportingFetcher(fetcher, {}), now)


async def _run_explain(source: Source, fetcher: Fetcher, now: datetime) -> dict[str, Any]:
    try:
        async with asyncio.timeout(GATHER_SECONDS):
            explained = await source.explain(fetcher, now)
    except (SourceError, LimitExceeded, NotModified) as error:
        return {"failure": str(error)}
    except TimeoutError:
        return {"failure": f"took longer than {GATHER_SECONDS:.0f} seconds"}
    return {
        "explained": [
            {
                "url": clean_line(one.url),
                "words": clean_line(one.words),
                "published": one.published.isoformat() if one.published else None,
                "taken": bool(one.taken),
                "reason": clean_line(one.reason),
            }
            for one in explained
        ]
    }


def _result_to_data(harvest: FetchResult, source: str) -> dict[str, Any]:
    found, faults = validate_articles(harvest.articles, source, sanitized=False)
    return {
        "articles": [parsed_article_to_data(one) for one in found],
        "faults": [*(str(fault) for fault in harvest.faults), *faults],
        "notes": [str(note) for note in harvest.notes],
        "unchanged": int(harvest.unchanged),
        "validators": {url: [one.etag, one.last_modified] for url, one in harvest.validators.items()},
    }


def _availability_job(folders: Sequence[str], job: bytes) -> dict[str, tuple[bool | None, str]]:
    sources, site, articles, seconds, waits = _unpack_job(folders, job)
    answers = asyncio.run(
        check_articles(sources, site, articles, hosts=HostQueue(shared=True), seconds=seconds, waits=waits)
    )
    return {id: (answer.available, answer.reason) for id, answer in answers.items()}


@dataclass(frozen=True)
class ReportingFetcher:
    """A fetcher that says what is being read, and does not read again what has ended a child."""

    fetcher: Fetcher
    avoid: Mapping[str, str]

    async def get(self, url: str, *, conditional: bool = False) -> FetchedDocument:
        if url in self.avoid:
            raise SourceError(f"{url} {self.avoid[url]}")
        got = await self.fetcher.get(url, conditional=conditional)
        isolation.report_progress(url)
        return got


@dataclass(frozen=True)
class _CachingFetcher:
    """A fetcher that asks for each page once."""

    fetcher: Fetcher
    pages: dict[str, FetchedDocument] = field(default_factory=dict)

    async def get(self, url: str, *, conditional: bool = False) -> FetchedDocument:
        if url not in self.pages:
            self.pages[url] = await self.fetcher.get(url, conditional=conditional)
        return self.pages[url]
