"""Sources read in child processes: fetching, parsing and cleaning, one child for each gather.

What a stranger sends can keep a parser busy for ever, take all memory, or drip for minutes. In a child with limits it costs
that gather and nothing else: the source has a fault, and the next gather begins anew. A page that ended its child is left
out of a second attempt, so that it costs one article and not all of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import pickle
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from .. import isolated_child
from ..config.gathering import Gathering
from ..config.schema import Site
from ..credentials import find_secrets, redact_secrets
from ..errors import Busy, LimitExceeded, NotModified, SourceBug, SourceError, StartFailed, UnreadableContent
from ..isolated_child import ChildLimits
from ..isolation import ChildFailed, call_isolated_async
from ..model import Article, ParsedArticle, parsed_article_to_data
from ..plugins import registry
from ..source import (
    Availability,
    FetchedDocument,
    Fetcher,
    FetchResult,
    ItemExplanation,
    Source,
    Validators,
    credentials_of,
)
from ..text import clean_line
from .given_pages import CachingFetcher, GivenPage
from .polling import hints_from_data, hints_to_data
from .recheck_start import RECHECK_SECONDS, initial_availability
from .validation import validate_articles

if TYPE_CHECKING:
    from .fetcher import FetchOptions, HostQueue, HttpFetcher  # brings aiohttp along, which only children need

log = logging.getLogger("distributor.gathering")

GATHER_SECONDS = 300.0  # for one gather of a source, all its pages together
_MARGIN = 10.0  # seconds more before the child is ended: it can say better itself what took so long
_GATHER_LIMITS = ChildLimits(seconds=GATHER_SECONDS + _MARGIN, processor_seconds=120)
_GATHER_THREADS = ThreadPoolExecutor(16, thread_name_prefix="gather")  # so many sources are read at the same time
PARSERS = max(2, os.cpu_count() or 1)  # so many of those whose pages have come: they only compute
_PARSE_THREADS = ThreadPoolExecutor(PARSERS, thread_name_prefix="parse")
_RECHECK_GROUPS = 16  # so many groups of sources recheck their articles at the same time, each in a child
_RECHECK_THREADS = ThreadPoolExecutor(2 * _RECHECK_GROUPS, thread_name_prefix="recheck")
_LONGEST_HOST = 300  # characters that the store keeps of a host
_DIGEST = 64  # characters
_PAUSE = Gathering().pause
_ATTEMPTS = 4  # of one gather: at most three of its pages are left out

_found = TypeAdapter(ParsedArticle)
_explained = TypeAdapter(ItemExplanation)


@dataclass(frozen=True, slots=True)
class GatherRequest:
    """What a child process gathers: a source, with the validators of the last gather and the hosts to back off from.
    `watched` is the answer of its `watched_url`, where that has come already; `pause` is in seconds."""

    source: Source
    site: Site
    now: datetime
    known: Mapping[str, Validators]
    waits: Mapping[str, datetime]
    watched: FetchedDocument | None = None
    pause: float = _PAUSE


async def read_source(
    source: Source,
    site: Site,
    known: Mapping[str, Validators],
    now: datetime,
    waits: Mapping[str, datetime] | None = None,
    *,
    watched: FetchedDocument | None = None,
    pause: float = _PAUSE,
) -> FetchResult:
    """One gather of a source, in a child process. `known` are the validators of the last stored one, `waits` the hosts that
    have asked for a pause, with until when. `watched` is the answer of its `watched_url`, where that has come already;
    `pause` is in seconds, between two requests to one server.

    Raises NotModified where there is nothing new, and SourceError with the reason in words; Busy where the server asks for a
    pause.
    """
    request = GatherRequest(source, site, now, dict(known), dict(waits or {}), watched, pause)
    return parse_fetch_result(await _call_child(_gather_job, request))


async def check_source(
    source: Source, site: Site, now: datetime, *, waits: Mapping[str, datetime] | None = None
) -> tuple[FetchResult, list[ItemExplanation]]:
    """One gather as if for the first time, and what becomes of each link of a listing that was read for it; no page is
    requested twice. Raises as `read_source`."""
    answer = await _call_child(_check_job, GatherRequest(source, site, now, {}, dict(waits or {})))
    return parse_fetch_result(answer), _parse_explanations(answer)


async def explain_source(
    source: Source, site: Site, now: datetime, *, waits: Mapping[str, datetime] | None = None
) -> list[ItemExplanation]:
    """What a gather of a source would take and leave out, and why, in a child process. Nothing is stored, and nothing is
    requested with validators, so that all is shown; `waits` as in `read_source`. Raises SourceError with the reason."""
    answer = await _call_child(_explain_job, GatherRequest(source, site, now, {}, dict(waits or {})))
    if "failure" in answer:
        raise SourceError(clean_line(str(answer["failure"])))
    return _parse_explanations(answer)


async def _call_child(function: Callable[..., Any], request: GatherRequest) -> dict[str, Any]:
    """What a child answers about a source. Raises SourceError."""

    def attempt(avoid: dict[str, str]) -> Awaitable[dict[str, Any]]:
        job = pack_job(request, avoid)
        threads = _PARSE_THREADS if request.watched else _GATHER_THREADS
        return call_isolated_async(function, *job, limits=_GATHER_LIMITS, threads=threads)

    who = f"source {request.source.name}"
    return await call_with_retries(attempt, who, "the source failed", find_secrets(request.source))


async def call_with_retries(
    attempt: Callable[[dict[str, str]], Awaitable[dict[str, Any]]], who: str, failed: str, secrets: Sequence[str] = ()
) -> dict[str, Any]:
    """What a child answers in one of a few attempts. Each is given the pages that have ended a child before, with the
    reason, and leaves them out. Raises SourceError, and SourceBug, which is one: `failed` says so of a bug, and `who` names
    it in the log. No message shows one of the `secrets`."""
    avoid: dict[str, str] = {}
    for _ in range(_ATTEMPTS):
        try:
            return await attempt(avoid)
        except LimitExceeded as error:
            if not error.doing or error.doing in avoid or len(avoid) == _ATTEMPTS - 1:
                raise UnreadableContent(f"{error.doing} {error}".strip()) from None
            avoid[error.doing] = str(error)
        except StartFailed as error:
            raise SourceError(str(error)) from None
        except ChildFailed as bug:
            log.error("%s failed with a bug of its own:\n%s", who, redact_secrets(bug.trace, secrets))
            raise SourceBug(clean_line(redact_secrets(f"{failed}: {bug}", secrets))[:400]) from None
    raise AssertionError("unreachable: the last attempt returns or raises")


async def check_availability_of_articles(
    sources: Mapping[str, Source],
    site: Site,
    articles: Sequence[Article],
    *,
    seconds: float = RECHECK_SECONDS,
    waits: Mapping[str, datetime] | None = None,
) -> dict[str, Availability]:
    """`recheck.check_articles` in child processes: whether each article is still there, by id. Never raises. `waits` are the
    hosts that have asked for a pause, with until when.

    A source that ends its child, or keeps it, costs the answers of no other one: each has a child of its own, unless there
    are very many.
    """
    names = sorted({article.source for article in articles})
    groups = [frozenset(names[first::_RECHECK_GROUPS]) for first in range(min(_RECHECK_GROUPS, len(names)))]
    answers = initial_availability(articles)
    checks = []
    for group in groups:
        theirs = [article for article in articles if article.source in group]
        checks.append(_RecheckRequest(_pick(sources, group), site, theirs, seconds, dict(waits or {})))
    for some in await asyncio.gather(*map(_check_in_child, checks)):
        answers |= some
    return answers


@dataclass(frozen=True, slots=True)
class _RecheckRequest:
    """What a child process rechecks: articles, and the sources that they came from."""

    sources: Mapping[str, Source]
    site: Site
    articles: Sequence[Article]
    seconds: float
    waits: Mapping[str, datetime]


def _pick(sources: Mapping[str, Source], names: Set[str]) -> dict[str, Source]:
    return {name: source for name, source in sources.items() if name in names}


async def _check_in_child(request: _RecheckRequest) -> dict[str, Availability]:
    """What one child answers about some articles; nothing where it fails."""
    limits = ChildLimits(seconds=request.seconds + _MARGIN, processor_seconds=int(request.seconds) + 1)
    try:
        job = pack_job(request)
        answer = await call_isolated_async(_availability_job, *job, limits=limits, threads=_RECHECK_THREADS)
    except (LimitExceeded, StartFailed, ChildFailed, SourceError) as error:
        names = ", ".join(request.sources) or "sources that are no longer configured"
        log.warning("recheck: %s could not be checked: %s", names, error)
        return {}
    return {id: Availability(there, reason) for id, (there, reason) in answer.items()}


def pack_job(*job: object) -> tuple[list[str], bytes]:
    """A job for a child: where it finds sources, and what can be unpickled only then. Raises SourceError."""
    try:
        return registry.sources.folders(), pickle.dumps(job)
    except Exception as error:  # a newsroom's own source may hold anything
        raise SourceError(
            clean_line(f"the source cannot be passed to a child process: {type(error).__name__}: {error}")[:400]
        ) from None


def parse_fetch_result(answer: Mapping[str, Any]) -> FetchResult:
    """The answer of a child, believed no more than the bytes that it has read. Raises as `read_source`."""
    if answer.get("unchanged_source"):
        raise NotModified("has not changed")
    if "failure" in answer:
        raise read_failure(answer)
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
        hints=hints_from_data(answer.get("hints")),
        validators={
            url: Validators(etag=etag, last_modified=last_modified, digest=digest)
            for url, (etag, last_modified, digest) in answer["validators"].items()
            if all(isinstance(one, str) and one.isprintable() for one in (url, etag, last_modified, digest))
            and len(digest) <= _DIGEST
        },  # one that is no text is as good as none: its page is read again
    )


def _parse_explanations(answer: Mapping[str, Any]) -> list[ItemExplanation]:
    return [_explained.validate_python(each) for each in answer.get("explained", ())]


def read_failure(answer: Mapping[str, Any]) -> SourceError:
    reason, until = clean_line(str(answer["failure"])), _moment(answer.get("until"))
    error = Busy(reason, until=until, asked=bool(answer.get("asked"))) if until else SourceError(reason)
    error.waits = _waits(answer)
    return error


def _waits(answer: Mapping[str, Any]) -> dict[str, datetime]:
    """The hosts that have asked for a pause during a gather."""
    given = answer.get("waits") or {}
    return {host: until for host, text in given.items() if len(host) <= _LONGEST_HOST and (until := _moment(text))}


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC) if text else None
    except (ValueError, OverflowError):
        return None


def _unusable(number: int, title: object, error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(map(str, first["loc"])) or "it"
    return clean_line(f"article {number} ({str(title)[:80]}) cannot be used: {where}: {first['msg']}")


# -- in a child process ------------------------------------------------------------------------------------------------


def unpack_job(folders: Sequence[str], job: bytes) -> Any:
    registry.sources.use_folders(folders)
    return pickle.loads(job)  # noqa: S301 (the parent is ours)


def _gather_job(folders: Sequence[str], job: bytes) -> dict[str, Any]:
    return asyncio.run(_gather_source(*unpack_job(folders, job), explained=False))


def _check_job(folders: Sequence[str], job: bytes) -> dict[str, Any]:
    return asyncio.run(_gather_source(*unpack_job(folders, job), explained=True))


def _explain_job(folders: Sequence[str], job: bytes) -> dict[str, Any]:
    return asyncio.run(_explain_source(*unpack_job(folders, job)))


def open_own_fetcher(
    request: GatherRequest, hosts: HostQueue | None = None
) -> contextlib.AbstractAsyncContextManager[HttpFetcher]:
    """The fetcher of one source in a child. Raises SourceError."""
    from .fetcher import FetchLimits, HostQueue, open_fetcher

    limits = FetchLimits(pause=request.pause)
    options = options_for(request.source, known=request.known, waits=request.waits, limits=limits)
    return open_fetcher(request.site, hosts or HostQueue(shared=True), options)


def options_for(source: Source, **more: Any) -> FetchOptions:
    """How the pages of a source are fetched: with its own credentials, which go to their own server only. Raises
    SourceError."""
    from .fetcher import FetchOptions

    return FetchOptions(
        allow_private=source.allow_private, credentials=credentials_of(source), secrets=find_secrets(source), **more
    )


async def _gather_source(request: GatherRequest, avoid: Mapping[str, str], *, explained: bool) -> dict[str, Any]:
    source, now = request.source, request.now
    try:
        opened = open_own_fetcher(request)
    except SourceError as error:
        return {"failure": str(error)}
    async with opened as fetcher:
        given = GivenPage(fetcher, source.watched_url, request.watched) if request.watched else fetcher
        reporting = ReportingFetcher(given, avoid)
        pages: Fetcher = CachingFetcher(reporting) if explained else reporting
        answer = await run_gather(source, pages, now)
        if explained and "failure" not in answer and type(source).explain is not Source.explain:
            answer |= await _run_explain(source, pages, now)
        fresh = {host: until for host, until in fetcher.waits.items() if request.waits.get(host) != until}
        return answer | {"waits": {host: until.isoformat() for host, until in fresh.items()}}


async def _explain_source(request: GatherRequest, avoid: Mapping[str, str]) -> dict[str, Any]:
    try:
        opened = open_own_fetcher(request)
    except SourceError as error:
        return {"failure": str(error)}
    async with opened as fetcher:
        return await _run_explain(request.source, ReportingFetcher(fetcher, avoid), request.now)


async def run_gather(source: Source, fetcher: Fetcher, now: datetime) -> dict[str, Any]:
    """One gather as plain data: what it gave, or `failure` with the reason. No text shows a secret of the source."""
    secrets = find_secrets(source)
    try:
        async with asyncio.timeout(GATHER_SECONDS):
            result: object = await source.gather(fetcher, now)
    except (SourceError, LimitExceeded, TimeoutError) as error:
        return describe_failure(error, secrets)
    if not isinstance(result, FetchResult):
        return {"failure": f"the source failed: it brought {type(result).__name__} instead of a FetchResult"}
    return _result_to_data(result, source.name, secrets)


def describe_failure(error: Exception, secrets: Sequence[str]) -> dict[str, Any]:
    """Why a gather has brought nothing, as plain data: what `parse_fetch_result` raises."""
    if isinstance(error, NotModified):
        return {"unchanged_source": True}
    if isinstance(error, TimeoutError):
        return {"failure": f"took longer than {GATHER_SECONDS:.0f} seconds"}
    failure = {"failure": redact_secrets(str(error), secrets)}
    if isinstance(error, Busy):
        return failure | {"asked": error.asked, "until": error.until.isoformat()}
    return failure


async def _run_explain(source: Source, fetcher: Fetcher, now: datetime) -> dict[str, Any]:
    secrets = find_secrets(source)
    try:
        async with asyncio.timeout(GATHER_SECONDS):
            explained = await source.explain(fetcher, now)
    except (SourceError, LimitExceeded, NotModified) as error:
        return {"failure": redact_secrets(str(error), secrets)}
    except TimeoutError:
        return {"failure": f"took longer than {GATHER_SECONDS:.0f} seconds"}
    return {
        "explained": [
            {
                "url": clean_line(one.url),
                "words": clean_line(one.words),
                "published": one.published.isoformat() if one.published else None,
                "taken": bool(one.taken),
                "reason": redact_secrets(clean_line(one.reason), secrets),
            }
            for one in explained
        ]
    }


def _result_to_data(result: FetchResult, source: str, secrets: Sequence[str]) -> dict[str, Any]:
    found, faults = validate_articles(result.articles, source, sanitized=False)
    return {
        "articles": [parsed_article_to_data(one) for one in found],
        "faults": [redact_secrets(str(fault), secrets) for fault in (*result.faults, *faults)],
        "notes": [redact_secrets(str(note), secrets) for note in result.notes],
        "unchanged": int(result.unchanged),
        "hints": hints_to_data(result.hints),
        "validators": {url: [one.etag, one.last_modified, one.digest] for url, one in result.validators.items()},
    }


def _availability_job(folders: Sequence[str], job: bytes) -> dict[str, tuple[bool | None, str]]:
    from .fetcher import HostQueue
    from .recheck import RecheckOptions, check_articles

    (request,) = unpack_job(folders, job)
    options = RecheckOptions(seconds=request.seconds, waits=request.waits, hosts=HostQueue(shared=True))
    answers = asyncio.run(check_articles(request.sources, request.site, request.articles, options))
    return {id: (answer.available, answer.reason) for id, answer in answers.items()}


@dataclass(frozen=True)
class ReportingFetcher:
    """A fetcher that reports what is being read, and does not read again what has ended a child."""

    fetcher: Fetcher
    avoid: Mapping[str, str]

    async def get(self, url: str, *, conditional: bool = False, accept: str = "") -> FetchedDocument:
        if url in self.avoid:
            raise SourceError(f"{url} {self.avoid[url]}")
        got = await self.fetcher.get(url, conditional=conditional, accept=accept)
        isolated_child.report_progress(url)
        return got
