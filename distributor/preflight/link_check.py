"""Asks the network whether the links of an edition answer: politely, for a bounded time, and without guessing.

Only what is certain becomes a finding. 404 and 410 mean that a page is gone; a name that is not known, a refused
connection and a certificate that is not valid mean that readers get nowhere. What 403, 405, 429, 5xx and silence mean
nobody can tell from here: portals and their guards answer programs in another way than readers.
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
MAX_CONCURRENT_HOSTS = 8  # hosts asked side by side; each gets one request at a time
HOST_DELAY = 0.1  # seconds between two requests to a host
REQUEST_TIMEOUT = 10.0  # seconds for one request
MAX_REDIRECTS = 5
CACHE_LIFETIME = timedelta(hours=6)  # how long "answers" is believed; a fault is looked at again each time
MIN_DEAD_LINKS = 3  # below this, "most links" says nothing
_GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_THROTTLED = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


class LinkState(StrEnum):
    """What is known of a link."""

    ANSWERS = "answers"
    GONE = "gone"  # 404, 410
    UNREACHABLE = "unreachable"  # no such name, nobody listens, a certificate that is not valid
    UNCLEAR = "unclear"  # nobody can tell


@dataclass(frozen=True, slots=True)
class LinkResult:
    """What a link answered and when; `words` say it of the link."""

    state: LinkState
    when: datetime
    words: str = ""


@dataclass(frozen=True, slots=True)
class LinkReport:
    """The findings, and what to hand in as `cache` next time. `unclear` are the links of which nobody can tell."""

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
    """Ask each address once, the first `most` of them, within `budget` seconds for all together. Raises nothing.

    What the time did not suffice for is unclear. Only the addresses among `private` may lead into a private network.
    """
    asked = list(dict.fromkeys(urldefrag(url).url for url in urls if is_web(url)))[:most]
    known = {url: answer for url, answer in cache.items() if is_fresh(answer, now)}
    asker = _LinkChecker(now, {url: known[url] for url in asked if url in known})
    agent = user_agent(site)
    allowed = {urldefrag(url).url for url in private}
    async with (
        open_session(user_agent=agent, total=REQUEST_TIMEOUT) as public,
        open_session(user_agent=agent, allow_private=True, total=REQUEST_TIMEOUT) as everywhere,
    ):
        sessions = {url: everywhere if url in allowed else public for url in asked}
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(budget, 0.0)):
                await asyncio.gather(*(asker.ask(sessions[url], url) for url in asked if url not in known))
    answers = {url: asker.answers.get(url, LinkResult(LinkState.UNCLEAR, now)) for url in asked}
    unclear = tuple(url for url, answer in answers.items() if answer.state is LinkState.UNCLEAR)
    return LinkReport(findings_from_results(answers), {**known, **asker.answers}, unclear)


def is_fresh(answer: LinkResult, now: datetime) -> bool:
    return answer.state is LinkState.ANSWERS and timedelta(0) <= now - answer.when < CACHE_LIFETIME


def findings_from_results(answers: Mapping[str, LinkResult]) -> list[Finding]:
    """What the answers mean for the edition. Pure."""
    gone = [url for url, answer in answers.items() if answer.state is LinkState.GONE]
    lost = [url for url, answer in answers.items() if answer.state is LinkState.UNREACHABLE]
    certain = [answer for answer in answers.values() if answer.state in (LinkState.ANSWERS, LinkState.GONE)]
    found: list[Finding] = []
    if len(gone) >= MIN_DEAD_LINKS and len(gone) * 2 > len(certain):
        words = (
            f"{len(gone)} of {len(certain)} links are gone at once; look at how the addresses are made before sending"
        )
        found.append(finding("dead-links", words, gone[0], tuple(gone)))
    found += [
        finding("dead-link", f"{answers[url].words}; correct it, or withdraw the article", url, (url,)) for url in gone
    ]
    if len(lost) > 1 and len(lost) == len(answers):
        words = "none of the links can be reached; is this machine on the network?"
        return summarize_findings([*found, finding("no-answer", words)])
    found += [
        finding("no-answer", f"{answers[url].words}; no reader gets there: correct it", url, (url,)) for url in lost
    ]
    return summarize_findings(found)


@dataclass
class _LinkChecker:
    """Asks links, keeps what they answered, and leaves hosts alone that asked for it."""

    now: datetime
    answers: dict[str, LinkResult]
    hosts: HostQueue = field(default_factory=HostQueue)
    throttled: set[str] = field(default_factory=set)
    gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_CONCURRENT_HOSTS))

    async def ask(self, session: aiohttp.ClientSession, url: str) -> None:
        host = urlsplit(url).netloc
        # The turn comes first: links that wait for their host must not take the places of other hosts.
        async with self.hosts.acquire(host, HOST_DELAY), self.gate:
            if host in self.throttled:
                return
            state, words = await self._look(session, url, host)
            self.answers[url] = LinkResult(state, self.now, words)

    async def _look(self, session: aiohttp.ClientSession, url: str, host: str) -> tuple[LinkState, str]:
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
        return LinkState.UNREACHABLE, "has a certificate that is not valid"
    if isinstance(cause, PrivateAddress):  # in the newsroom's own network a name may lead elsewhere than for readers
        return LinkState.UNCLEAR, "leads into a private network"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        passing = isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_AGAIN
        return (LinkState.UNCLEAR, "") if passing else (LinkState.UNREACHABLE, "does not answer: its name is not known")
    if isinstance(cause, ConnectionRefusedError):
        return LinkState.UNREACHABLE, "does not answer: nobody takes the connection"
    return LinkState.UNCLEAR, ""
