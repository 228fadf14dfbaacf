"""The last look: just before an edition goes out, each of its articles is asked after at its source.

A mail cannot be called back, and articles are withdrawn at night. But a doubt keeps nothing back: only what its source
clearly says is gone. Who is slow, down, or sends us elsewhere has said nothing, and the edition goes out in time.

Articles of one host are asked after one by one, different hosts side by side, all within one budget of time.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from ..config.schema import Site
from ..errors import Gone, NotModified, SourceError
from ..model import Article
from ..source import Availability, FetchedDocument, Fetcher, Source, check_page_availability
from .fetcher import FetchLimits, HostQueue, open_fetcher

log = logging.getLogger("distributor.gathering")

RECHECK_LIMITS = FetchLimits(total=6.0, size=2_000_000, pause=0.1)  # a page is only knocked at
RECHECK_SECONDS = 20.0  # for all articles together: an edition does not wait longer for it
_ENOUGH = 3  # failures in a row after which a host is left alone
_FAREWELL = 1.0  # seconds for requests that are broken off

Fetchers = Callable[[Source | None], Fetcher]

_NO_ANSWER = Availability(None, "it was not answered for in time")
_BROKEN = Availability(None, "its source failed")


async def find_removed_articles(
    sources: Mapping[str, Source],
    site: Site,
    articles: Sequence[Article],
    *,
    hosts: HostQueue | None = None,
    seconds: float = RECHECK_SECONDS,
    limits: FetchLimits = RECHECK_LIMITS,
) -> dict[str, str]:
    """The articles that are gone, by id, each with the reason in words: `its page answers 404 Not Found`.

    What nobody can tell is not among them; `ask_after` tells that apart from what is surely there. Never raises.
    """
    answers = await check_articles(sources, site, articles, hosts=hosts, seconds=seconds, limits=limits)
    return {name: answer.reason for name, answer in answers.items() if answer.available is False}


async def check_articles(
    sources: Mapping[str, Source],
    site: Site,
    articles: Sequence[Article],
    *,
    hosts: HostQueue | None = None,
    seconds: float = RECHECK_SECONDS,
    limits: FetchLimits = RECHECK_LIMITS,
    waits: Mapping[str, datetime] | None = None,
) -> dict[str, Availability]:
    """Whether each of the articles is still there, by id, as far as `seconds` allow. Never raises.

    `sources` are those configured now; an article of another one is asked after at its web address. With `hosts` the
    looks that share it take turns; `waits` are hosts that have asked to be left alone, with until when: nobody asks them.
    """
    answers = initial_availability(articles)
    if not articles or seconds <= 0:
        return answers
    async with _open_fetchers(site, HostQueue() if hosts is None else hosts, limits, waits) as fetchers:
        tasks = [
            asyncio.create_task(_check_queue(sources, fetchers, queue, answers)) for queue in _queues(sources, articles)
        ]
        try:
            _, late = await asyncio.wait(tasks, timeout=seconds)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=_FAREWELL)
    if late:
        count = sum(answer is _NO_ANSWER for answer in answers.values())
        log.warning("last look: %d of %d articles were not answered for within %g s", count, len(answers), seconds)
    return answers


def initial_availability(articles: Sequence[Article]) -> dict[str, Availability]:
    """What is known of articles before anybody has answered for them, by id."""
    return {article.id: _NO_ANSWER for article in articles}


def _queues(sources: Mapping[str, Source], articles: Sequence[Article]) -> list[list[Article]]:
    """Who is asked after one by one: what lies at one host, or in one source on the disk."""
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
            log.info("last look: %s: nobody can tell whether it is there: %s", article.id, answer.reason)


async def _check_article(source: Source | None, fetchers: Fetchers, article: Article) -> Availability:
    """The answer for one article. A source of somebody's own may do anything, and still stops nothing."""
    if source is None:
        return await check_page_availability(fetchers(None), article.url)
    try:
        answer: object = await source.check_availability(fetchers(source), article)
    except SourceError as error:
        return Availability(None, str(error))
    except Exception:
        log.exception("source %s raised what it may not raise when it was asked after %s", source.name, article.id)
        return _BROKEN
    if not (
        isinstance(answer, Availability) and answer.available in (True, False, None) and isinstance(answer.reason, str)
    ):
        log.error("source %s answered %r for %s, which is no Presence", source.name, answer, article.id)
        return _BROKEN
    return (
        answer
        if answer.reason or answer.available is not False
        else Availability(False, "its source says that it is gone")
    )


@contextlib.asynccontextmanager
async def _open_fetchers(
    site: Site, hosts: HostQueue, limits: FetchLimits, waits: Mapping[str, datetime] | None
) -> AsyncIterator[Fetchers]:
    """The way out of each source. There are two, by whether addresses of the local network are allowed: that is a
    setting of the source. What logs a source in is its own, too. An article whose source is not configured any more has
    neither."""
    async with (
        open_fetcher(site, {}, hosts, limits=limits, waits=waits) as public,
        open_fetcher(site, {}, hosts, limits=limits, allow_private=True, waits=waits) as private,
    ):
        failures: dict[bool, dict[str, int]] = {False: {}, True: {}}

        def fetcher(source: Source | None) -> Fetcher:
            if source is None:
                return _BackoffFetcher(public, failures[False])
            way = private if source.allow_private else public
            return _BackoffFetcher(replace(way, credentials=source.credentials), failures[source.allow_private])

        yield fetcher


@dataclass(frozen=True)
class _BackoffFetcher:
    """A fetcher that leaves a host alone once it has failed a few times in a row: it is down, or wants us to stop."""

    fetcher: Fetcher
    failures: dict[str, int]  # in a row, by host

    async def get(self, url: str, *, conditional: bool = False) -> FetchedDocument:
        host = _host(url)
        if self.failures.get(host, 0) >= _ENOUGH:
            raise SourceError(f"{url} was not asked for: {host} had failed {_ENOUGH} times in a row")
        try:
            got = await self.fetcher.get(url, conditional=conditional)
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
