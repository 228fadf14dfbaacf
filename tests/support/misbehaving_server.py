"""A server on this machine that misbehaves on purpose, each time in one manner."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest

TOKEN = "whsec_Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5"  # what tests use for a secret; "canary" over and over


@dataclass
class Rude:
    """A server that behaves as `manner` says, once a connection is there. `received` are the whole requests it read."""

    manner: str
    url: str = ""
    received: list[bytes] = field(default_factory=list)
    answer: bytes = b""  # of one that "says what it is told"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self.manner != "drops":
                self.received.append(await _whole(reader))
                await self._answer(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer(self, writer: asyncio.StreamWriter) -> None:
        request = self.received[-1]
        if self.manner == "is silent":
            await asyncio.sleep(3600)
        elif self.manner == "answers nonsense":
            writer.write(b"220 mail.example ESMTP\r\n" + request)
        elif self.manner == "breaks off in the answer":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{")
        elif self.manner == "says what it is told":
            writer.write(self.answer)
        elif self.manner == "drips":
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            while True:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.05)
        elif self.manner == "answers without end":
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            while True:
                writer.write(b" " * 65536)
                await writer.drain()
        elif self.manner.isdigit():  # a status, with the request itself as the body
            place = f"Location: {self.url}/elsewhere?{TOKEN}\r\n"
            head = f"HTTP/1.1 {self.manner} X\r\n{place}Content-Length: {len(request)}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode() + request)
        await writer.drain()


async def _whole(reader: asyncio.StreamReader) -> bytes:
    """One request, headers and body."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    return head + (await reader.readexactly(int(length.group(1))) if length else b"")


@pytest.fixture
async def rude() -> AsyncIterator[Callable[[str], Awaitable[Rude]]]:
    """Makes a server of a given manner; `refuses` has nobody listening at all."""
    async with contextlib.AsyncExitStack() as stack:

        async def make(manner: str) -> Rude:
            fake = Rude(manner)
            with socket.create_server(("127.0.0.1", 0)) as probe:
                port = probe.getsockname()[1]
            if manner != "refuses":
                tasks: set[asyncio.Task[None]] = set()

                def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                    tasks.add(asyncio.ensure_future(fake.handle(reader, writer)))

                server = await asyncio.start_server(connected, "127.0.0.1", 0)
                port = server.sockets[0].getsockname()[1]
                stack.push_async_callback(_end, server, tasks)
            fake.url = f"http://127.0.0.1:{port}"
            return fake

        yield make


async def _end(server: asyncio.Server, tasks: set[asyncio.Task[None]]) -> None:
    server.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
