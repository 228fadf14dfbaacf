"""Link check: requests the links of an edition and reports those that are certainly broken.

404 and 410 mean that a page is gone; an unknown name, a refused connection and an invalid certificate mean that subscribers
cannot reach it. 403, 405, 429, 5xx and timeouts prove nothing: portals and their firewalls treat programs differently from
browsers. Each host gets one request at a time, and all requests together have a time limit.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
from urllib.parse import urldefrag, urlsplit

import aiohttp
from yarl import URL

from ..config.schema import Site
from ..gathering.fetcher import HostQueue, user_agent
from ..http import PrivateAddress, open_session
from .findings import Finding, finding, summarize_findings
from .links import is_web

MAX_LINKS = 100  # of an edition
MAX_CONCURRENT_HOSTS = 8  # each gets one request at a time
HOST_DELAY = 0.1  # seconds between two requests to a host
REQUEST_TIMEOUT = 10.0  # seconds for one request
MAX_REDIRECTS = 5
CACHE_LIFETIME = timedelta(hours=6)  # how long a working link is not requested again; a broken one is, each time
MIN_DEAD_LINKS = 3  # below this, "most links" means nothing
_GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_THROTTLED = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


class LinkState(StrEnum):
    """The state of a link, as far as it is known."""

    ANSWERS = "answers"
    GONE = "gone"  # 404, 410
    UNREACHABLE = "unreachable"  # unknown name, refused connection, invalid certificate
    UNCLEAR = "unclear"  # anything else


@dataclass(frozen=True, slots=True)
class LinkResult:
    """The state of a link at a time; `words` describe it as a predicate of the link."""

    state: LinkState
    when: datetime
    words: str = ""


@dataclass(frozen=True, slots=True)
class LinkReport:
    """The findings, what to pass as `cache` next time, and the links whose state is unclear."""

    findings: list[Finding]
    cache: Mapping[str, LinkResult]
    unclear: tuple[str, ...] = ()


async def check_links(
    urls: Iterable[str],
    *,
    site: Site,
    budget: float,
    cache: Mapping[str, LinkResult],
    now: datetime,
    most: int = MAX_LINKS,
    private: Collection[str] = (),
) -> LinkReport:
    """Request each address once, the first `most` of them, within `budget` seconds for all together. Raises nothing.

    Links that were not requested in time are unclear. Only the addresses in `private` may lead into a private network.
    """
    requested = list(dict.fromkeys(urldefrag(url).url for url in urls if is_web(url)))[:most]
    known = {url: result for url, result in cache.items() if is_fresh(result, now)}
    checker = _LinkChecker(now, {url: known[url] for url in requested if url in known})
    agent = user_agent(site)
    allowed = {urldefrag(url).url for url in private}
    async with (
        open_session(user_agent=agent, total=REQUEST_TIMEOUT) as public,
        open_session(user_agent=agent, allow_private=True, total=REQUEST_TIMEOUT) as everywhere,
    ):
        sessions = {url: everywhere if url in allowed else public for url in requested}
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(budget, 0.0)):
                await asyncio.gather(*(checker.check(sessions[url], url) for url in requested if url not in known))
    results = {url: checker.results.get(url, LinkResult(LinkState.UNCLEAR, now)) for url in requested}
    unclear = tuple(url for url, result in results.items() if result.state is LinkState.UNCLEAR)
    return LinkReport(findings_from_results(results), {**known, **checker.results}, unclear)


def is_fresh(result: LinkResult, now: datetime) -> bool:
    return result.state is LinkState.ANSWERS and timedelta(0) <= now - result.when < CACHE_LIFETIME


def findings_from_results(results: Mapping[str, LinkResult]) -> list[Finding]:
    """The findings for an edition. Pure."""
    gone = [url for url, result in results.items() if result.state is LinkState.GONE]
    lost = [url for url, result in results.items() if result.state is LinkState.UNREACHABLE]
    certain = [result for result in results.values() if result.state in (LinkState.ANSWERS, LinkState.GONE)]
    found: list[Finding] = []
    if len(gone) >= MIN_DEAD_LINKS and len(gone) * 2 > len(certain):
        words = (
            f"{len(gone)} of {len(certain)} links are gone at once; check how their addresses are built before sending"
        )
        found.append(finding("dead-links", words, gone[0], tuple(gone)))
    found += [
        finding("dead-link", f"{results[url].words}; correct it, or withdraw the article", url, (url,)) for url in gone
    ]
    if len(lost) > 1 and len(lost) == len(results):
        words = "none of the links can be reached; is this machine on the network?"
        return summarize_findings([*found, finding("unreachable-link", words)])
    found += [
        finding("unreachable-link", f"{results[url].words}; subscribers cannot reach it: correct it", url, (url,))
        for url in lost
    ]
    return summarize_findings(found)


@dataclass
class _LinkChecker:
    """Requests links, keeps their results, and stops requesting hosts that throttle."""

    now: datetime
    results: dict[str, LinkResult]
    hosts: HostQueue = field(default_factory=HostQueue)
    throttled: set[str] = field(default_factory=set)
    gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_CONCURRENT_HOSTS))

    async def check(self, session: aiohttp.ClientSession, url: str) -> None:
        host = urlsplit(url).netloc
        # The host's turn comes first: links that wait for it must not take the places of other hosts.
        async with self.hosts.acquire(host, HOST_DELAY), self.gate:
            if host in self.throttled:
                return
            state, words = await self._request(session, url, host)
            self.results[url] = LinkResult(state, self.now, words)

    async def _request(self, session: aiohttp.ClientSession, url: str, host: str) -> tuple[LinkState, str]:
        try:
            status = await _status(session, "HEAD", url)
            if status >= HTTPStatus.BAD_REQUEST and status not in _THROTTLED:
                status = await _status(session, "GET", url)  # many servers answer HEAD wrongly
        except (aiohttp.ClientError, OSError, ValueError, TimeoutError) as error:
            return _classify_error(error)
        if status in _THROTTLED:
            self.throttled.add(host)
        if status in _GONE:
            return LinkState.GONE, f"answers {status} {HTTPStatus(status).phrase}"
        return (LinkState.ANSWERS, "") if status < HTTPStatus.BAD_REQUEST else (LinkState.UNCLEAR, f"answers {status}")


async def _status(session: aiohttp.ClientSession, method: str, url: str) -> int:
    """The status at the end of the redirects; the body is not read."""
    target = URL(url, encoded=True) if url.isascii() else URL(url)
    async with session.request(method, target, allow_redirects=True, max_redirects=MAX_REDIRECTS) as response:
        return response.status


def _classify_error(error: Exception) -> tuple[LinkState, str]:
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(error, aiohttp.ClientConnectorCertificateError) or isinstance(cause, ssl.SSLCertVerificationError):
        return LinkState.UNREACHABLE, "has an invalid certificate"
    if isinstance(
        cause, PrivateAddress
    ):  # in the newsroom's own network a name may lead elsewhere than for subscribers
        return LinkState.UNCLEAR, "leads into a private network"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        passing = isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_AGAIN
        return (LinkState.UNCLEAR, "") if passing else (LinkState.UNREACHABLE, "does not answer: its name is unknown")
    if isinstance(cause, ConnectionRefusedError):
        return LinkState.UNREACHABLE, "does not answer: the connection is refused"
    return LinkState.UNCLEAR, ""
