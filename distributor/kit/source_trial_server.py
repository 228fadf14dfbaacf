"""A server on this machine that plays the far end of a source in its trials, and misbehaves as it is told.

It is asked in place of every host (`gathering.fetcher.StandInServer`); the Host header says which one was meant.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus


@dataclass(frozen=True, slots=True)
class TrialRequest:
    """A request that came: method, the host that it was meant for, path with query, headers by names in small letters."""

    method: str
    host: str
    path: str
    headers: Mapping[str, str]

    @property
    def text(self) -> str:
        """All of it, to look for what should not be there."""
        lines = [f"{name}: {value}" for name, value in self.headers.items()]
        return "\n".join([f"{self.method} {self.path}", *lines])


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialReply:
    """What is answered. `manner` is how: empty for an honest answer, otherwise one of those in `_misbehave`."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    manner: str = ""


Answer = Callable[[TrialRequest], TrialReply]
NOBODY = TrialReply(manner="refuses")


@dataclass
class TrialServer:
    """The server: `requests` are those that came, in their order."""

    answer: Answer
    port: int = 0
    requests: list[TrialRequest] = field(default_factory=list)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(60):
                request = _parse(await reader.readuntil(b"\r\n\r\n"))
                self.requests.append(request)
                await _send(self.answer(request), writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


def _parse(head: bytes) -> TrialRequest:
    first, *lines = head.decode("latin-1").split("\r\n")
    method, _, rest = first.partition(" ")
    named = (line.partition(":") for line in lines if ":" in line)
    headers = {name.lower(): value.strip() for name, _, value in named}
    return TrialRequest(method, headers.get("host", ""), rest.rpartition(" ")[0], headers)


async def _send(reply: TrialReply, writer: asyncio.StreamWriter) -> None:
    if reply.manner:
        await _misbehave(reply.manner, writer)
        return
    try:
        phrase = HTTPStatus(reply.status).phrase
    except ValueError:
        phrase = "Unknown"
    empty = reply.status in (204, 304)
    headers = {"Connection": "close", **({} if empty else {"Content-Length": str(len(reply.body))}), **reply.headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"HTTP/1.1 {reply.status} {phrase}\r\n{head}\r\n".encode() + (b"" if empty else reply.body))
    await writer.drain()


async def _misbehave(manner: str, writer: asyncio.StreamWriter) -> None:
    match manner:
        case "is silent":
            await asyncio.sleep(50)
        case "talks nonsense":
            writer.write(b"220 mail.example ESMTP\r\n\r\n")
        case "breaks off":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n[")
        case "drips":
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            while True:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.05)
        case "answers without end":
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            while True:
                writer.write(b" " * 65536)
                await writer.drain()
    await writer.drain()


@contextlib.asynccontextmanager
async def open_trial_server(answer: Answer, *, refuses: bool = False) -> AsyncIterator[TrialServer]:
    """A server on a free port of the loopback address; with `refuses` nobody listens there."""
    made = TrialServer(answer)
    if refuses:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            made.port = probe.getsockname()[1]
        yield made
        return
    tasks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.ensure_future(made.handle(reader, writer)))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
