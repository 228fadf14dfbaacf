"""The HTTP fetcher of sources: polite to servers, with limits of time, size and redirects for every page.

Bytes are counted after decompression (48 kB of gzip can hold 50 MB), time by the wall clock over a whole page, redirects one
by one, and one request at a time goes to a host, with a pause between two; waiting for one's turn does not count.
Every failure is a SourceError of one line that names the address.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import ipaddress
import os
import socket
import ssl
import stat
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

import aiohttp
from yarl import URL

from .. import __version__
from ..clock import clock
from ..config.schema import Site
from ..credentials import (
    NO_CREDENTIALS,
    Credentials,
    extract_credentials,
    redact_credentials,
    redact_secrets,
    remove_credentials,
)
from ..errors import Busy, Gone, NotModified, SourceError, UnreadableContent
from ..http import PrivateAddress, ResponseTooLarge, open_session
from ..source import FetchedDocument, Validators
from ..text import clean_line
from .source_state import find_backoff, parse_retry_after

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})
_PAUSE = timedelta(minutes=1)  # that a server gets which says "too many requests" and names no time
_GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_Requested = contextlib.AbstractAsyncContextManager[aiohttp.ClientResponse]
_ASK_AGAIN = 0.05  # seconds between two tries to have a turn that another process has


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """Limits for one page: seconds, octets after decompression, redirects; and the pause between two requests."""

    total: float = 30.0
    size: int = 5_000_000
    redirects: int = 5
    pause: float = 0.2

    @property
    def octets(self) -> int:
        """The most octets of an answer on the wire: headers and the framing of small chunks come on top of the page."""
        return 2 * self.size + 1_000_000


@dataclass(frozen=True, slots=True)
class StandInServer:
    """A server on this machine that is asked in place of every host, for trials: the Host header says which one is meant.
    Nothing else can be connected to."""

    port: int

    def address(self, url: str) -> tuple[str, str]:
        """Where a request to an address goes, and its Host header. An address with an IP number is not replaced: a redirect
        to one of this machine is refused as it would be."""
        parts = urlsplit(url)
        try:
            ipaddress.ip_address(parts.hostname or "")
        except ValueError:
            return urlunsplit(parts._replace(scheme="http", netloc=f"127.0.0.1:{self.port}")), parts.netloc
        return url, parts.netloc

    def open_socket(self, info: Any) -> socket.socket:
        family, kind, protocol, _, address = info
        if tuple(address[:2]) != ("127.0.0.1", self.port):
            raise PrivateAddress(f"{address[0]} is not the server of this trial")
        return socket.socket(family, kind, protocol)


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchOptions:
    """How the pages of one source are fetched.

    `known` are the validators kept for it, `waits` the hosts to back off from, with until when. `credentials` go to
    their own origin and to no other, on redirects too. `secrets` are never shown. `stand_in` is for trials.
    """

    allow_private: bool = False
    credentials: Credentials = NO_CREDENTIALS
    known: Mapping[str, Validators] = field(default_factory=dict)
    waits: Mapping[str, datetime] = field(default_factory=dict)
    limits: FetchLimits = FetchLimits()
    secrets: Sequence[str] = ()
    stand_in: StandInServer | None = None


class HostQueue:
    """One request at a time to a host, whichever source asks, and a pause after each.

    With `shared` all processes of this user on this machine take turns: each source is read by a process of its own, and
    several may be of one portal.
    """

    def __init__(self, *, shared: bool = False) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        self._free_at: dict[str, float] = {}
        self._folder = _lock_folder() if shared else None

    @contextlib.asynccontextmanager
    async def acquire(self, host: str, pause: float) -> AsyncIterator[None]:
        async with self._locks.setdefault(host, asyncio.Lock()), self._shared_turn(host, pause):
            await asyncio.sleep(max(0.0, self._free_at.get(host, 0.0) - time.monotonic()))
            try:
                yield
            finally:
                self._free_at[host] = time.monotonic() + pause

    @contextlib.asynccontextmanager
    async def _shared_turn(self, host: str, pause: float) -> AsyncIterator[None]:
        """The turn among processes: a lock on a file, which the system takes back from a process that dies."""
        if self._folder is None:
            yield
            return
        file = self._folder / hashlib.sha256(host.encode()).hexdigest()[:32]
        try:
            turn = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError:  # a full disk, a deleted folder: politeness is not worth a failure
            yield
            return
        try:
            while not _locked(turn):  # noqa: ASYNC110 (no event of ours tells what another process does)
                await asyncio.sleep(_ASK_AGAIN)
            remaining = os.fstat(turn).st_mtime - time.time()  # the file's time is the end of the pause
            await asyncio.sleep(min(max(0.0, remaining), pause))
            try:
                yield
            finally:
                free_at = time.time() + pause
                os.utime(turn, (free_at, free_at))
        finally:
            os.close(turn)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _lock_folder() -> Path | None:
    """Where the processes of this user keep their turns; None where there is no such place that is theirs alone."""
    folder = Path(tempfile.gettempdir()) / f"distributor-turns-{os.getuid()}"
    try:
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        state = folder.lstat()
    except OSError:
        return None
    mine = stat.S_ISDIR(state.st_mode) and state.st_uid == os.getuid() and not state.st_mode & 0o077
    return folder if mine else None


@dataclass
class HttpFetcher:
    """A fetcher over HTTP: implements `distributor.source.Fetcher`. Hosts that ask for a pause are added to `waits`.

    An address is requested, reported and kept without the user name and password that may stand in it.
    """

    session: aiohttp.ClientSession
    hosts: HostQueue
    options: FetchOptions
    waits: dict[str, datetime]
    zone: tzinfo  # of times in messages

    @property
    def limits(self) -> FetchLimits:
        return self.options.limits

    async def get(self, url: str, *, conditional: bool = False, accept: str = "") -> FetchedDocument:
        """One page, after at most `limits.redirects` redirects.

        Raises SourceError; of its kinds, NotModified where nothing changed and Gone where there is no such page.
        """
        url, own = extract_credentials(url)
        credentials = self.options.credentials | own
        url = credentials.bare_address(url)
        validators = self.options.known.get(url) if conditional else None
        headers = _conditions(validators) | ({"Accept": accept} if accept else {})
        outcome = await self._try(url, headers, credentials)
        if validators and isinstance(outcome, FetchedDocument) and outcome.validators.digest == validators.digest:
            raise NotModified(f"{url} has sent the same as before")
        if isinstance(outcome, SourceError):
            outcome.args = (redact_secrets(str(outcome), self.options.secrets),)
            raise outcome  # outside every `except`: the text of what caused it may show a secret
        return outcome

    async def _try(
        self, url: str, headers: Mapping[str, str], credentials: Credentials
    ) -> FetchedDocument | SourceError:
        """The page, or why there is none. What an exception says on its way is not passed on."""
        try:
            return await self._follow(url, headers, credentials)
        except SourceError as error:
            return error
        except aiohttp.SocketTimeoutError:
            return SourceError(f"{url} fell silent in the middle of the answer")
        except ResponseTooLarge as error:
            return SourceError(f"{url} sends {error}, headers and all, without coming to an end")
        except TimeoutError:
            return SourceError(f"{url} took longer than {self.limits.total:g} s")
        except aiohttp.InvalidURL:
            return SourceError(f"{url} is not an address that can be opened")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return SourceError(f"{url} {_in_words(error)}")

    async def _follow(self, url: str, headers: Mapping[str, str], credentials: Credentials) -> FetchedDocument:
        here, moved_to, left = url, url, self.limits.total
        for _ in range(self.limits.redirects + 1):
            _check(here, url)
            self._back_off(url, here)  # and once more when it is its turn
            async with (
                self.hosts.acquire(urlsplit(here).netloc, self.limits.pause),
                asyncio.timeout(left) as limit,
                self._request(url, here, headers, credentials) as response,
            ):
                if response.status not in _REDIRECTS:
                    return await self._page(url, here, response, moved_to if moved_to == here else "")
                target = response.headers.get("Location", "")
                if not target:
                    raise SourceError(f"{url} answered {response.status} without saying where it has moved")
                permanent = response.status in _PERMANENT and moved_to == here
                left = (limit.when() or 0.0) - asyncio.get_running_loop().time()
            here = credentials.bare_address(remove_credentials(_target(here, target)))
            moved_to = here if permanent else moved_to
        raise SourceError(f"{url} redirects more than {self.limits.redirects} times")

    def _request(self, asked: str, here: str, headers: Mapping[str, str], credentials: Credentials) -> _Requested:
        """A request to exactly this address, with what belongs to its origin and nothing of another."""
        self._back_off(asked, here)
        address, own = credentials.address(here), dict(credentials.headers(here))
        if self.options.stand_in:
            address, own["Host"] = self.options.stand_in.address(address)
        made = URL(address, encoded=True) if address.isascii() else address
        return self.session.get(made, headers={**headers, **own}, allow_redirects=False)

    def _back_off(self, asked: str, here: str) -> None:
        host = _host(here)
        until = find_backoff(self.waits, host, clock())
        if until:
            raise Busy(
                f"{asked} is not asked: {_backoff_message(host, until.astimezone(self.zone))}", until=until, asked=False
            )

    async def _page(self, asked: str, here: str, response: aiohttp.ClientResponse, moved_to: str) -> FetchedDocument:
        if response.status == HTTPStatus.NOT_MODIFIED:
            raise NotModified(f"{asked} has not changed")
        if response.status in _GONE:
            raise Gone(f"{asked} answered {_status(response)}", url=here, answer=_status(response))
        if response.status != HTTPStatus.OK:
            now, headers = clock(), response.headers
            until = parse_retry_after(headers.get("Retry-After", ""), now, headers.get("Date", ""))
            if until is None and response.status == HTTPStatus.TOO_MANY_REQUESTS:
                until = now + _PAUSE
            if until is None:
                raise SourceError(f"{asked} answered {_status(response)}")
            self.waits[_host(here)] = until
            raise Busy(
                f"{asked} answered {_status(response)}; {_backoff_message(_host(here), until.astimezone(self.zone))}",
                until=until,
                asked=True,
            )
        body = bytearray()
        async for chunk in response.content.iter_chunked(65536):
            body += chunk
            if len(body) > self.limits.size:
                raise UnreadableContent(f"{asked} is larger than {self.limits.size / 1_000_000:g} MB")
        kind, charset = response.content_type or "", response.charset or ""
        return FetchedDocument(
            url=here,
            body=bytes(body),
            media_type=kind,
            charset=charset,
            validators=Validators(
                etag=_token(response, "ETag"),
                last_modified=_token(response, "Last-Modified"),
                digest=_digest(here, kind, charset, body),
            ),
            moved_to=moved_to if moved_to != asked else "",
            headers=_headers(response),
        )


@contextlib.asynccontextmanager
async def open_fetcher(
    site: Site, hosts: HostQueue, options: FetchOptions = FetchOptions()
) -> AsyncIterator[HttpFetcher]:
    """A fetcher for one gather of one source; those that share `hosts` take turns."""
    limits = options.limits
    session = open_session(
        user_agent=user_agent(site),
        allow_private=options.allow_private,
        total=limits.total,
        octets=limits.octets,
        open_socket=options.stand_in.open_socket if options.stand_in else None,
    )
    try:
        yield HttpFetcher(session, hosts, options, dict(options.waits), site.timezone)
    finally:
        await session.close()


def user_agent(site: Site) -> str:
    """The User-Agent header: which program fetches, for which site, and whom to contact about it."""
    contact = f"; {site.contact}" if site.contact.isascii() and site.contact else ""
    return "".join(sign for sign in f"Distributor/{__version__} (+{site.url}{contact})" if sign.isprintable())


def _target(here: str, target: str) -> str:
    """Where a redirect leads; an address that cannot be read is left to `_check`."""
    try:
        return urljoin(here, target)
    except ValueError:
        return target


def _check(here: str, asked: str) -> None:
    try:
        parts = urlsplit(here)
        good = parts.scheme in ("http", "https") and parts.hostname
    except ValueError:
        good = None
    if not good:
        where = "is" if here == asked else "redirects to"
        raise SourceError(
            f"{asked} {where} no address of the web"
            + ("" if here == asked else f": {clean_line(redact_credentials(here))[:200]}")
        )


def _conditions(validators: Validators | None) -> dict[str, str]:
    """The validators exactly as they were received (RFC 9110, section 13.1)."""
    headers = {"Accept-Encoding": "gzip, deflate"}
    if validators and validators.etag:
        headers["If-None-Match"] = validators.etag
    if validators and validators.last_modified:
        headers["If-Modified-Since"] = validators.last_modified
    return headers


def _headers(response: aiohttp.ClientResponse) -> dict[str, str]:
    """The headers of an answer by their names in small letters (RFC 9110, section 5.3)."""
    found: dict[str, str] = {}
    for name, value in response.headers.items():
        key = name.lower()
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found


def _token(response: aiohttp.ClientResponse, name: str) -> str:
    """A validator as it came; empty for one that could not be sent back as it came."""
    value = response.headers.get(name, "")
    return value if value.isascii() and value.isprintable() else ""


def _digest(here: str, kind: str, charset: str, body: bytes | bytearray) -> str:
    """SHA-256 of all that decides what is read of an answer."""
    digest = hashlib.sha256("\n".join((here, kind, charset, "")).encode("utf-8", "replace"))
    digest.update(body)
    return digest.hexdigest()


def _status(response: aiohttp.ClientResponse) -> str:
    try:
        phrase = HTTPStatus(response.status).phrase
    except ValueError:
        phrase = ""
    return f"{response.status} {phrase}".strip()


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2].lower()


def _backoff_message(host: str, until: datetime) -> str:
    return f"{host} asks for a pause until {until:%Y-%m-%d %H:%M:%S}"


def _in_words(error: Exception) -> str:
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, PrivateAddress):
        return f"is not read: {cause}"
    if isinstance(error, aiohttp.ClientConnectorCertificateError) or isinstance(cause, ssl.SSLCertVerificationError):
        return "has a certificate that is not valid"
    if isinstance(error, aiohttp.ClientSSLError) or isinstance(cause, ssl.SSLError):
        return "could not be reached: no TLS could be agreed on"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "could not be reached: its name is not known"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"could not be reached: {cause.strerror or cause if isinstance(cause, OSError) else cause}"
    if isinstance(error, (aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError, aiohttp.ClientOSError)):
        return "broke off in the middle of the answer, or sent what cannot be unpacked"
    return f"gave an answer that is not HTTP: {clean_line(str(error))[:120] or type(error).__name__}"
