"""A slow line: passes TCP connections on and holds every byte back for half a round trip, on the way there and back.

    python benchmarks/slow_line.py PORT MILLISECONDS    prints the port where it listens; works until it is stopped

A new connection waits for one and a half round trips before the far end hears of it: with the half that its first bytes
take, a greeting comes after two, as over a real line. Nothing else is slow: no limit to the bytes under way, no slow
start, no losses. What one measures through it is the cost of waiting alone, the best that a distant server allows.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys

_PIECE = 1 << 16  # octets read at once
_UNDER_WAY = 1024  # pieces held back at once, on one way of one connection

Held = asyncio.Queue[tuple[float, bytes]]  # when each piece is let go; an empty one is the end


async def _take(reader: asyncio.StreamReader, held: Held, delay: float) -> None:
    clock = asyncio.get_running_loop().time
    piece = b"begin"
    while piece:
        piece = await reader.read(_PIECE)
        await held.put((clock() + delay, piece))


async def _let_go(held: Held, writer: asyncio.StreamWriter) -> None:
    clock = asyncio.get_running_loop().time
    while True:
        due, piece = await held.get()
        await asyncio.sleep(due - clock())
        if not piece:
            writer.write_eof()
            return
        writer.write(piece)
        await writer.drain()


async def _pass_on(near: asyncio.StreamReader, far: asyncio.StreamWriter, port: int, round_trip: float) -> None:
    """One connection: `near` is read and `far` written to, both of the client."""
    await asyncio.sleep(round_trip * 1.5)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=_PIECE)
    try:
        async with asyncio.TaskGroup() as group:
            for source, target in ((near, writer), (reader, far)):
                held: Held = asyncio.Queue(_UNDER_WAY)
                group.create_task(_take(source, held, round_trip / 2))
                group.create_task(_let_go(held, target))
    finally:
        writer.close()


async def serve(port: int, round_trip: float) -> None:
    """Pass connections on to a port of this machine. `round_trip` in seconds."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError, ExceptionGroup):  # either end may go as it likes
                await _pass_on(reader, writer, port, round_trip)
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=_PIECE)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2]) / 1000))
