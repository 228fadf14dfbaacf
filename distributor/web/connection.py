"""One connection to the web server: aiohttp's protocol with deadlines and limits of its own, which aiohttp has not.

A client that says nothing, sends half a header or half a body, or does not read its answer, is cut off. Nothing is timed
for each request: a connection remembers since when it waits for what, and a sweep every second or so asks each of them.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Protocol, cast

from aiohttp import StreamReader, web

log = logging.getLogger("distributor.web")

MAX_HEAD = 16_384  # octets of a request before its body
_REFUSAL = b"HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds that a client has. `sweep` is the time between two looks at all connections."""

    head: float = 10.0  # for the head of a request, and for the first octet of a connection
    body: float = 30.0
    request: float = 60.0  # for everything but reading the answer
    idle: float = 15.0  # between two requests
    reading: float = 20.0  # in which at least `least_read` octets of an answer must be taken
    least_read: int = 8_192
    sweep: float = 1.0


class ConnectionPhase(Enum):
    """What a connection waits for."""

    IDLE = auto()  # a request
    HEAD = auto()  # the rest of a request's head
    REQUEST = auto()  # the rest of its body, or our answer


class Owner(Protocol):
    """Who has all connections, and is told of them."""

    def opened(self, connection: Connection) -> None: ...

    def closed(self, connection: Connection) -> None: ...

    def answered(self, request: web.BaseRequest | None, response: web.StreamResponse, seconds: float) -> None:
        """None: what came was no request."""


class Connection(web.RequestHandler):
    """A connection of a client."""

    __slots__ = ("_backlog", "_body", "_half_closed", "_head", "_owner", "_transport", "_valid", "phase", "since")

    def __init__(self, manager: web.Server, owner: Owner, **options: Any) -> None:
        super().__init__(manager, **options)
        self._owner = owner
        self._valid = True  # what has come was a request
        self._head = b""  # what has come of the head, at most MAX_HEAD octets
        self._body: StreamReader | None = None
        self._half_closed = False  # the client will send no more, but may read on
        self._backlog: tuple[int, float] | None = None  # octets of an answer that were not taken, and when
        self._transport: asyncio.Transport | None = None  # aiohttp forgets the transport when it closes
        self.phase = ConnectionPhase.IDLE
        self.since = self._loop.time()

    # -- what happens ------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are no subclass of it
        super().connection_made(transport)
        self._owner.opened(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._transport = None
        self._owner.closed(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.phase is ConnectionPhase.IDLE:
            self._enter(ConnectionPhase.HEAD)
            self._head = b""
        if self.phase is ConnectionPhase.HEAD:
            self._head += data[: MAX_HEAD + 1 - len(self._head)]
            if len(self._head) > MAX_HEAD and b"\r\n\r\n" not in self._head:
                self._refuse(b"431 Request Header Fields Too Large")
                return
        super().data_received(data)

    def eof_received(self) -> bool:  # type: ignore[override]  # aiohttp's drops the answer
        """The client has ended its side. Whether the connection stays open: an answer that is due is still sent."""
        self._half_closed = True
        return self.phase is not ConnectionPhase.IDLE

    def request_begun(self, body: StreamReader) -> None:
        """The head of a request is complete."""
        self._body = body
        self._head = b""
        self._enter(ConnectionPhase.REQUEST)

    def log_access(self, request: web.BaseRequest, response: web.StreamResponse, time: float | None) -> None:
        """The answer is made. aiohttp calls this after each."""
        self._owner.answered(request if self._valid else None, response, self._loop.time() - self.since)
        self._enter(ConnectionPhase.IDLE)
        if self._half_closed:
            self.close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What is no HTTP gets a status and nothing of what it said. Errors of our own are answered and logged by the
        application; one that comes here is a bug of it."""
        self._valid = status >= 500
        if status >= 500:
            log.error("a request failed outside of the application", exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun")
        response = web.Response(status=status, text=f"{status}\n", headers={"Server": "distributor"})
        response.force_close()
        return response

    def log_exception(self, *args: Any, **options: Any) -> None:
        """What is left of a body is read after the answer. One that is not encoded as it says is no fault of ours."""
        if not isinstance(options.get("exc_info"), web.RequestPayloadError):
            super().log_exception(*args, **options)

    # -- deadlines ---------------------------------------------------------------------------------------------------

    def is_overdue(self, now: float, limits: Limits) -> bool:
        """Whether the client has had its time. `now` is that of the event loop."""
        waiting = self._transport.get_write_buffer_size() if self._transport else 0
        if waiting:
            return self._reads_too_slowly(waiting, now, limits)
        self._backlog = None
        passed = now - self.since
        if self.phase is ConnectionPhase.HEAD:
            return passed > limits.head
        if self.phase is ConnectionPhase.IDLE:
            return passed > (limits.idle if self._body else limits.head)
        unfinished = self._body is not None and not self._body.is_eof()
        return passed > (limits.body if unfinished else limits.request)

    def _reads_too_slowly(self, waiting: int, now: float, limits: Limits) -> bool:
        if self._backlog is None:
            self._backlog = (waiting, now)
        before, since = self._backlog
        if now - since <= limits.reading:
            return False
        self._backlog = (waiting, now)
        return before - waiting < limits.least_read

    def cut(self) -> None:
        """End the connection, whatever it does, without waiting for the client."""
        if self._transport is not None:
            self._transport.abort()

    def turn_away(self) -> None:
        """Say that there are too many connections, and end this one."""
        self._refuse(b"503 Service Unavailable\r\nRetry-After: 10")

    def _refuse(self, status: bytes) -> None:
        if self._transport is not None:
            self._transport.write(_REFUSAL % status)
        self.close()
        self.force_close()

    def _enter(self, phase: ConnectionPhase) -> None:
        self.phase = phase
        self.since = self._loop.time()
