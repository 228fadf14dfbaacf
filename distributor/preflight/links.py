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

from ..config import Site
from ..gathering.fetch import Hosts, user_agent
from ..guarded import PrivateAddress, open_session
from .addresses import is_web
from .findings import Finding, finding, told

MOST_LINKS = 100  # of an edition
AT_ONCE = 8  # hosts asked side by side; each gets one request at a time
PAUSE = 0.1  # seconds between two requests to a host
PATIENCE = 10.0  # seconds for one request
REDIRECTS = 5
TRUSTED_FOR = timedelta(hours=6)  # how long "answers" is believed; a fault is looked at again each time
FEWEST_DEAD = 3  # below this, "most links" says nothing
_GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_SLOW_DOWN = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


class State(StrEnum):
    """What is known of a link."""

    ANSWERS = "answers"
    GONE = "gone"  # 404, 410
    UNREACHABLE = "unreachable"  # no such name, nobody listens, a certificate that is not valid
    UNCLEAR = "unclear"  # nobody can tell


@dataclass(frozen=True, slots=True)
class Answer:
    """What a link answered and when; `words` say it of the link."""

    state: State
    when: datetime
    words: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """The findings, and what to hand in as `cache` next time. `unclear` are the links of which nobody can tell."""

    findings: list[Finding]
    cache: Mapping[str, Answer]
    unclear: tuple[str, ...] = ()


async def check_links(
    urls: Iterable[str],
    *,
    site: Site,
    budget: float,
    cache: Mapping[str, Answer],
    now: datetime,
    most: int = MOST_LINKS,
    private: Collection[str] = (),
) -> Checked:
    """Ask each address once, the first `most` of them, within `budget` seconds for all together. Raises nothing.

    What the time did not suffice for is unclear. Only the addresses among `private` may lead into a private network.
    """
    asked = list(dict.fromkeys(urldefrag(url).url for url in urls if is_web(url)))[:most]
    known = {url: answer for url, answer in cache.items() if is_fresh(answer, now)}
    asker = _Asker(now, {url: known[url] for url in asked if url in known})
    agent = user_agent(site)
    allowed = {urldefrag(url).url for url in private}
    async with (
        open_session(user_agent=agent, total=PATIENCE) as public,
        open_session(user_agent=agent, allow_private=True, total=PATIENCE) as everywhere,
    ):
        sessions = {url: everywhere if url in allowed else public for url in asked}
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(budget, 0.0)):
                await asyncio.gather(*(asker.ask(sessions[url], url) for url in asked if url not in known))
    answers = {url: asker.answers.get(url, Answer(State.UNCLEAR, now)) for url in asked}
    unclear = tuple(url for url, answer in answers.items() if answer.state is State.UNCLEAR)
    return Checked(judge(answers), {**known, **asker.answers}, unclear)


def is_fresh(answer: Answer, now: datetime) -> bool:
    return answer.state is State.ANSWERS and timedelta(0) <= now - answer.when < TRUSTED_FOR


def judge(answers: Mapping[str, Answer]) -> list[Finding]:
    """What the answers mean for the edition. Pure."""
    gone = [url for url, answer in answers.items() if answer.state is State.GONE]
    lost = [url for url, answer in answers.items() if answer.state is State.UNREACHABLE]
    certain = [answer for answer in answers.values() if answer.state in (State.ANSWERS, State.GONE)]
    found: list[Finding] = []
    if len(gone) >= FEWEST_DEAD and len(gone) * 2 > len(certain):
        words = (
            f"{len(gone)} of {len(certain)} links are gone at once; look at how the addresses are made before sending"
        )
        found.append(finding("dead-links", words, gone[0], tuple(gone)))
    found += [
        finding("dead-link", f"{answers[url].words}; correct it, or withdraw the article", url, (url,)) for url in gone
    ]
    if len(lost) > 1 and len(lost) == len(answers):
        words = "none of the links can be reached; is this machine on the network?"
        return told([*found, finding("no-answer", words)])
    found += [
        finding("no-answer", f"{answers[url].words}; no reader gets there: correct it", url, (url,)) for url in lost
    ]
    return told(found)


@dataclass
class _Asker:
    """Asks links, keeps what they answered, and leaves hosts alone that asked for it."""

    now: datetime
    answers: dict[str, Answer]
    hosts: Hosts = field(default_factory=Hosts)
    tired: set[str] = field(default_factory=set)
    gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def ask(self, session: aiohttp.ClientSession, url: str) -> None:
        host = urlsplit(url).netloc
        # The turn comes first: links that wait for their host must not take the places of other hosts.
        async with self.hosts.turn(host, PAUSE), self.gate:
            if host in self.tired:
                return
            state, words = await self._look(session, url, host)
            self.answers[url] = Answer(state, self.now, words)

    async def _look(self, session: aiohttp.ClientSession, url: str, host: str) -> tuple[State, str]:
        try:
            status = await _status(session, "HEAD", url)
            if status >= HTTPStatus.BAD_REQUEST and status not in _SLOW_DOWN:
                status = await _status(session, "GET", url)  # many servers answer HEAD wrongly
        except (aiohttp.ClientError, OSError, ValueError, TimeoutError) as error:
            return _in_words(error)
        if status in _SLOW_DOWN:
            self.tired.add(host)
        if status in _GONE:
            return State.GONE, f"answers {status} {HTTPStatus(status).phrase}"
        return (State.ANSWERS, "") if status < HTTPStatus.BAD_REQUEST else (State.UNCLEAR, f"answers {status}")


async def _status(session: aiohttp.ClientSession, method: str, url: str) -> int:
    """The status at the end of the redirects; the body is not read."""
    target = URL(url, encoded=True) if url.isascii() else URL(url)
    async with session.request(method, target, allow_redirects=True, max_redirects=REDIRECTS) as response:
        return response.status


def _in_words(error: Exception) -> tuple[State, str]:
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(error, aiohttp.ClientConnectorCertificateError) or isinstance(cause, ssl.SSLCertVerificationError):
        return State.UNREACHABLE, "has a certificate that is not valid"
    if isinstance(cause, PrivateAddress):  # in the newsroom's own network a name may lead elsewhere than for readers
        return State.UNCLEAR, "leads into a private network"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        passing = isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_AGAIN
        return (State.UNCLEAR, "") if passing else (State.UNREACHABLE, "does not answer: its name is not known")
    if isinstance(cause, ConnectionRefusedError):
        return State.UNREACHABLE, "does not answer: nobody takes the connection"
    return State.UNCLEAR, ""
