"""The transport's end of one connection: what came, how it ended, and waiting for either.

asyncio calls this from below, as bytes come; a `Link` reads it from above. Nothing is interpreted here. A server that
talks without being listened to is held back by not reading on.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Self, cast

_MOST = 65536  # octets kept unread


class StreamTransport(asyncio.Protocol):
    """Bytes in both directions. Make it with `StreamTransport.connect`."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.ended: OSError | None = None  # why nothing more will come
        self._came = bytearray()
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._deadline = 0.0  # of who waits
        self._timer: asyncio.TimerHandle | None = None
        self._fires_at = 0.0
        self.full = False  # the far end does not take what we write
        self._held = False  # we do not take what it writes

    @classmethod
    async def connect(cls, host: str, port: int, context: ssl.SSLContext | None) -> Self:
        """Open a connection, with TLS from the first byte if there is a context. Raises OSError, ValueError."""
        loop = asyncio.get_running_loop()
        name = host if context else None
        _, wire = await loop.create_connection(cls, host, port, ssl=context, server_hostname=name)
        return wire

    async def encrypt(self, context: ssl.SSLContext, host: str) -> None:
        """Speak TLS from now on. Raises OSError, ssl.SSLError."""
        loop = asyncio.get_running_loop()
        transport = await loop.start_tls(self.transport, self, context, server_hostname=host)
        if transport is None:
            raise ConnectionResetError("the connection closed before TLS was agreed on")
        self._transport = transport
        transport.set_write_buffer_limits(1, 0)

    # -- from below --------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass of it
        self._transport.set_write_buffer_limits(1, 0)  # `flush` waits until all is out; 0 would stop TLS for good

    def data_received(self, data: bytes) -> None:
        self._came += data
        if len(self._came) > _MOST and not self._held:
            self._held = True
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self.ended = self.ended or ConnectionResetError("it was closed there")
        self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        reason = error if isinstance(error, OSError) else ConnectionResetError("it was closed")
        self.ended = self.ended or reason
        self._wake()

    def pause_writing(self) -> None:
        self.full = True

    def resume_writing(self) -> None:
        self.full = False
        self._wake()

    def _wake(self) -> None:
        if self._waiting and not self._waiting.done():
            self._waiting.set_result(None)

    # -- from above --------------------------------------------------------------------------------------------------

    @property
    def transport(self) -> asyncio.Transport:
        assert self._transport is not None
        return self._transport

    def take(self) -> bytes:
        """What has come since the last time, without waiting."""
        data = bytes(self._came)
        self._came.clear()
        if self._held:
            self._held = False
            self.transport.resume_reading()
        return data

    def after(self, seconds: float) -> float:
        """The deadline of so many seconds from now."""
        return self._loop.time() + seconds

    async def read(self, deadline: float) -> bytes:
        """At least a byte, by `deadline` in the loop's time. Raises TimeoutError, OSError."""
        while not self._came:
            if self.ended:
                raise self.ended
            await self._wait(deadline)
        return self.take()

    def write(self, data: bytes) -> None:
        self.transport.write(data)

    async def flush(self, deadline: float) -> None:
        """Wait until what was written is out of our hands. Raises TimeoutError, OSError."""
        while self.full:
            if self.ended:
                raise self.ended
            await self._wait(deadline)

    async def _wait(self, deadline: float) -> None:
        self._waiting = waiting = self._loop.create_future()
        self._deadline = deadline
        if self._timer is None or self._fires_at > deadline:
            self._arm_timer()
        try:
            await waiting
        finally:
            self._waiting = None

    def _arm_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._fires_at = self._deadline
        self._timer = self._loop.call_at(self._fires_at, self._check_deadline)

    def _check_deadline(self) -> None:
        """One timer serves many waits: most end long before it, and the next one has a later deadline."""
        self._timer = None
        if self._waiting is None or self._waiting.done():
            return
        if self._fires_at < self._deadline:  # not the clock: a loop may call a trifle early
            self._arm_timer()
        else:
            self._waiting.set_exception(TimeoutError())

    def abort(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        self.transport.abort()
