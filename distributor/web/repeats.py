"""Public answers to requests that are the same as one before, in all that such an answer depends on: routes, checks and
headers were gone through then, and the finished octets are sent again while what they were made of still holds.

Who asks with a body, in another version of HTTP, or otherwise unusually, goes the long way.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.helpers import rfc822_formatted_time

from .access_log import PATTERN, known_path
from .public_files import KEPT, FileState, KeptFile, PublicFiles

MAX_REMEMBERED = 1_000  # answers
MAX_OCTETS = 32_000_000  # of them all
_DECIDING = ("Host", "Accept", "Accept-Encoding", "If-None-Match", "If-Modified-Since")
_UNUSUAL = ("Content-Length", "Transfer-Encoding", "Expect", "Upgrade")

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class _Remembered:
    """An answer but for its date. `pattern` is that of its path, for the access log."""

    state: FileState
    status: int
    pattern: str
    head: bytes
    body: bytes

    @property
    def size(self) -> int:
        return len(self.head) + len(self.body)


class RepeatedAnswer(web.StreamResponse):
    """An answer that is sent as it was before, in one piece. The connection stays open."""

    def __init__(self, answer: _Remembered) -> None:
        super().__init__(status=answer.status)
        self[PATTERN] = answer.pattern
        self._answer = answer
        self._writer: AbstractStreamWriter | None = None

    @property
    def keep_alive(self) -> bool:
        return True

    @property
    def body_length(self) -> int:
        """Octets that were sent."""
        return self._answer.size

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        self._writer = request.writer
        return self._writer

    async def write_eof(self, data: bytes = b"") -> None:
        assert self._writer is not None
        date = f"Date: {rfc822_formatted_time()}\r\n\r\n".encode("ascii")
        await self._writer.write_eof(b"".join((self._answer.head, date, self._answer.body)))


class Repeats:
    """Handles requests: those that it has an answer for by itself, all others by `handler`."""

    def __init__(self, handler: Handler, files: PublicFiles) -> None:
        self._handler = handler
        self._files = files
        self._remembered: dict[Key, _Remembered] = {}
        self._size = 0

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        key = _key(request)
        found = self._remembered.get(key) if key else None
        if found and self._files.holds(found.state):
            return RepeatedAnswer(found)
        response = await self._handler(request)
        if key and isinstance(request, web.Request) and isinstance(response, web.Response) and KEPT in response:
            self._remember(key, _finish(request, response, response[KEPT]))
        return response

    def _remember(self, key: Key, answer: _Remembered) -> None:
        if old := self._remembered.pop(key, None):
            self._size -= old.size
        if len(self._remembered) >= MAX_REMEMBERED or self._size + answer.size > MAX_OCTETS:
            self._remembered.clear()
            self._size = 0
        self._remembered[key] = answer
        self._size += answer.size


def _finish(request: web.Request, response: web.Response, kept: KeptFile) -> _Remembered:
    body = response.body if isinstance(response.body, bytes) else b""
    lines = [f"HTTP/1.1 {response.status} {response.reason}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items() if name.lower() != "content-length"]
    if response.status != 304:
        lines.append(f"Content-Length: {len(body)}")
    head = "".join(f"{line}\r\n" for line in lines).encode()
    return _Remembered(kept.state, response.status, known_path(request), head, body)


def _key(request: web.BaseRequest) -> Key | None:
    """All that a public answer depends on; None for a request that is not a plain one."""
    headers = request.headers
    plain = request.method == "GET" and request.version == HttpVersion11 and request.keep_alive
    if not plain or any(name in headers for name in _UNUSUAL):
        return None
    return (request.raw_path, *[tuple(headers.getall(name, ())) for name in _DECIDING])
