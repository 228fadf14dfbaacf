"""Public answers kept in memory: made once for a state of the store, compressed once, compared by their ETag.

Whether the store still is what an answer was made of is asked once a second, by a few counts; so most answers ask the
store nothing. Articles may also come of age, so nothing is kept for longer than a minute.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import brotli
from aiohttp import ETag, web
from sqlalchemy import Connection

from ..editions.web_archive import take_web_snapshot
from ..storage.database import Database

PAGES = "public, max-age=300, stale-while-revalidate=600"
FEEDS = "public, max-age=120, stale-while-revalidate=600"
MAX_KEPT = 32_000_000  # octets of all answers
MAX_AGE = timedelta(minutes=1)
CHECKED_EVERY = 1.0  # seconds between two looks at the store
_MIN_COMPRESSED = 500  # octets below which compressing is not worth it
_BROTLI_QUALITY, _GZIP_LEVEL = 6, 7
_SUFFIXES = {"": "", "gzip": "-gz", "br": "-br"}  # a strong ETag is of the very octets


@dataclass(frozen=True, slots=True)
class PublicFile:
    """An answer that everybody may have: its octets, its type, when it last changed if that is known, further headers."""

    body: bytes
    media_type: str
    changed: datetime | None = None
    cache: str = PAGES
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Moved:
    """What is asked for lies elsewhere now, at this path."""

    path: str


Made = PublicFile | Moved | None


@dataclass(frozen=True, slots=True)
class FileState:
    """Of which state of the store a file was made, and until when it may be kept at most."""

    version: object = None
    until: datetime = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A public file with its ETag and its compressed forms, by name of the encoding; `""` is as it is."""

    file: PublicFile
    etag: str
    forms: Mapping[str, bytes]
    state: FileState = FileState()

    @property
    def size(self) -> int:
        return sum(map(len, self.forms.values()))


KEPT = web.ResponseKey("kept", KeptFile)  # in an answer: what it was made of


class PublicFiles:
    """The public answers of a newsroom."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._kept: OrderedDict[tuple[str, ...], KeptFile] = OrderedDict()
        self._size = 0
        self._making = asyncio.Lock()
        self._version: object = None
        self._looked_at = -CHECKED_EVERY
        self.checked_every = CHECKED_EVERY

    async def answer(
        self, request: web.Request, key: tuple[str, ...], make: Callable[[Connection], Made]
    ) -> web.StreamResponse:
        """The answer to a request: what is kept under the key, or what `make` makes now, in a thread. Raises HTTPNotFound
        and redirects."""
        await self._look()
        kept = self._still_good(key)
        if kept is None:
            kept = await self._make(key, make)
        return respond(request, kept)

    def _still_good(self, key: tuple[str, ...]) -> KeptFile | None:
        kept = self._kept.get(key)
        if kept is None or kept.state.version != self._version or self._clock() >= kept.state.until:
            return None
        self._kept.move_to_end(key)
        return kept

    def holds(self, state: FileState) -> bool:
        """Whether a file still is what the store gives, as far as that was asked a moment ago."""
        looked = time.monotonic() - self._looked_at < self.checked_every
        return looked and state.version == self._version and self._clock() < state.until

    async def _look(self) -> None:
        """Find out what state the store is in, unless that was done a moment ago."""
        if time.monotonic() - self._looked_at < self.checked_every:
            return
        async with self._making:
            if time.monotonic() - self._looked_at >= self.checked_every:
                self._version = await self._database.read_in_thread(take_web_snapshot)
                self._looked_at = time.monotonic()

    async def _make(self, key: tuple[str, ...], make: Callable[[Connection], Made]) -> KeptFile:
        """One at a time: what many ask for at once is made once."""
        async with self._making:
            if kept := self._still_good(key):
                return kept
            state = FileState(self._version, self._clock() + MAX_AGE)
            made = await self._database.read_in_thread(lambda connection: _keep(make(connection), state))
            if isinstance(made, Moved):
                raise web.HTTPMovedPermanently(made.path)
            if made is None:
                raise web.HTTPNotFound
            self._store(key, made)
            return made

    def _store(self, key: tuple[str, ...], made: KeptFile) -> None:
        if old := self._kept.pop(key, None):
            self._size -= old.size
        self._kept[key] = made
        self._size += made.size
        while self._size > MAX_KEPT and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._size -= oldest.size


def _keep(made: Made, state: FileState) -> KeptFile | Moved | None:
    return keep_file(made, state) if isinstance(made, PublicFile) else made


def keep_file(file: PublicFile, state: FileState = FileState()) -> KeptFile:
    """A file with its ETag and compressed forms. The same file gives the same octets, whenever that is done."""
    forms = {"": file.body}
    if len(file.body) >= _MIN_COMPRESSED:
        forms["br"] = brotli.compress(file.body, quality=_BROTLI_QUALITY)
        forms["gzip"] = gzip.compress(file.body, _GZIP_LEVEL, mtime=0)
    return KeptFile(file, hashlib.sha256(file.body).hexdigest()[:32], forms, state)


def respond(request: web.Request, kept: KeptFile) -> web.Response:
    """The answer in the best form that the client takes; 304 where it has it already (RFC 9110, sections 8.8 and 13)."""
    form = _best_form(request.headers.get("Accept-Encoding", ""), kept.forms)
    file = kept.file
    headers = {"Cache-Control": file.cache, "Vary": "Accept-Encoding", **file.headers}
    if _is_known(request, kept):
        response = web.Response(status=304, headers=headers)
    else:
        response = web.Response(body=kept.forms[form], headers=headers | {"Content-Type": file.media_type})
        if form:
            response.headers["Content-Encoding"] = form
    response.headers["ETag"] = f'"{kept.etag}{_SUFFIXES[form]}"'
    if file.changed:
        response.last_modified = file.changed
    response[KEPT] = kept
    return response


def _is_known(request: web.Request, kept: KeptFile) -> bool:
    """Whether the client has it. What it says of ETags counts before what it says of times."""
    if "If-None-Match" in request.headers:
        own = {kept.etag + suffix for suffix in _SUFFIXES.values()}
        return any(tag.value == "*" or tag.value in own for tag in _known_tags(request))
    since = request.if_modified_since
    return bool(kept.file.changed and since and kept.file.changed.replace(microsecond=0) <= since)


def _known_tags(request: web.Request) -> tuple[ETag, ...]:
    return tuple(request.if_none_match or ())


def _best_form(accepted: str, forms: Mapping[str, bytes]) -> str:
    """`br` before `gzip` before none, of those that the client names and does not weigh with nothing."""
    named = {}
    for part in accepted.lower().split(","):
        name, _, weight = part.partition(";")
        named[name.strip()] = weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return next((form for form in ("br", "gzip") if form in forms and named.get(form, named.get("*", False))), "")
