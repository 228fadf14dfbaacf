"""The recheck: just before an edition goes out, each of its articles is checked at its source.

An email cannot be called back, and articles are withdrawn at night. But a doubt keeps nothing back: only what its source
clearly says is gone. A source that is slow, down, or redirects elsewhere has said nothing, and the edition goes out in time.

Articles of one host are checked one by one, different hosts side by side, all within one budget of time.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import urlsplit

from ..config.schema import Site
from ..credentials import find_secrets
from ..errors import Gone, NotModified, SourceError
from ..model import Article
from ..source import Availability, FetchedDocument, Fetcher, Source, check_page_availability, credentials_of
from .fetcher import FetchLimits, FetchOptions, HostQueue, open_fetcher
from .recheck_start import NO_ANSWER, RECHECK_SECONDS, initial_availability

log = logging.getLogger("distributor.gathering")

RECHECK_LIMITS = FetchLimits(total=6.0, size=2_000_000, pause=0.1)  # a page is only checked
_MAX_FAILURES = 3  # in a row, after which a host is not asked again
_CANCEL_SECONDS = 1.0  # for requests that are broken off

Fetchers = Callable[[Source | None], Fetcher]

_BROKEN = Availability(None, "its source failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecheckOptions:
    """How a recheck is made: seconds for all articles, limits for each page, the hosts to back off from, with until when.
    Rechecks that share `hosts` take turns."""

    seconds: float = RECHECK_SECONDS
    limits: FetchLimits = RECHECK_LIMITS
    waits: Mapping[str, datetime] = field(default_factory=dict)
    hosts: HostQueue | None = None


async def check_articles(
    sources: Mapping[str, Source], site: Site, articles: Sequence[Article], options: RecheckOptions = RecheckOptions()
) -> dict[str, Availability]:
    """Whether each of the articles is still there, by id, as far as the time allows. Never raises.

    `sources` are those configured now; an article of another one is checked at its web address.
    """
    answers = initial_availability(articles)
    if not articles or options.seconds <= 0:
        return answers
    async with _open_fetchers(site, options) as fetchers:
        tasks = [
            asyncio.create_task(_check_queue(sources, fetchers, queue, answers)) for queue in _queues(sources, articles)
        ]
        try:
            _, late = await asyncio.wait(tasks, timeout=options.seconds)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=_CANCEL_SECONDS)
    if late:
        count = sum(answer is NO_ANSWER for answer in answers.values())
        log.warning("recheck: %d of %d articles had no answer within %g s", count, len(answers), options.seconds)
    return answers


def _queues(sources: Mapping[str, Source], articles: Sequence[Article]) -> list[list[Article]]:
    """The articles that are checked one by one: those of one host, or of one source on the disk."""
    queues: dict[tuple[str, str], list[Article]] = {}
    for article in articles:
        source = sources.get(article.source)
        host = _host(article.url) if source is None or source.remote else ""
        queues.setdefault((host, "" if host else article.source), []).append(article)
    return list(queues.values())


async def _check_queue(
    sources: Mapping[str, Source],
    fetchers: Fetchers,
    queue: Sequence[Article],
    answers: dict[str, Availability],
) -> None:
    for article in queue:
        answers[article.id] = answer = await _check_article(sources.get(article.source), fetchers, article)
        if answer.available is None:
            log.info("recheck: it is not known whether %s is still there: %s", article.id, answer.reason)


async def _check_article(source: Source | None, fetchers: Fetchers, article: Article) -> Availability:
    """The answer for one article. A newsroom's own source may do anything, and still stops nothing."""
    if source is None:
        return await check_page_availability(fetchers(None), article.url)
    try:
        answer: object = await source.check_availability(fetchers(source), article)
    except SourceError as error:
        return Availability(None, str(error))
    except Exception:
        log.exception("source %s failed when it checked %s: this is a bug of the source", source.name, article.id)
        return _BROKEN
    if not (
        isinstance(answer, Availability) and answer.available in (True, False, None) and isinstance(answer.reason, str)
    ):
        log.error("source %s answered %r for %s, which is no Availability", source.name, answer, article.id)
        return _BROKEN
    return (
        answer
        if answer.reason or answer.available is not False
        else Availability(False, "its source says that it is gone")
    )


@contextlib.asynccontextmanager
async def _open_fetchers(site: Site, options: RecheckOptions) -> AsyncIterator[Fetchers]:
    """The fetcher of each source. There are two underneath, by whether addresses of the local network are allowed: that is
    a setting of the source, and so is what logs it in. An article whose source is no longer configured has neither."""
    fetch, hosts = FetchOptions(limits=options.limits, waits=options.waits), options.hosts or HostQueue()
    async with (
        open_fetcher(site, hosts, fetch) as public,
        open_fetcher(site, hosts, replace(fetch, allow_private=True)) as private,
    ):
        failures: dict[bool, dict[str, int]] = {False: {}, True: {}}

        def fetcher(source: Source | None) -> Fetcher:
            if source is None:
                return _BackoffFetcher(public, failures[False])
            http = private if source.allow_private else public
            login = replace(http.options, credentials=credentials_of(source), secrets=find_secrets(source))
            own = replace(http, options=login)
            return _BackoffFetcher(own, failures[source.allow_private])

        yield fetcher


@dataclass(frozen=True)
class _BackoffFetcher:
    """A fetcher that no longer asks a host that has failed a few times in a row: it is down, or wants us to stop."""

    fetcher: Fetcher
    failures: dict[str, int]  # in a row, by host

    async def get(self, url: str, *, conditional: bool = False, accept: str = "") -> FetchedDocument:
        host = _host(url)
        if self.failures.get(host, 0) >= _MAX_FAILURES:
            raise SourceError(f"{url} was not asked for: {host} had failed {_MAX_FAILURES} times in a row")
        try:
            got = await self.fetcher.get(url, conditional=conditional, accept=accept)
        except (Gone, NotModified):
            self.failures[host] = 0
            raise
        except SourceError:
            self.failures[host] = self.failures.get(host, 0) + 1
            raise
        self.failures[host] = 0
        return got


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""
