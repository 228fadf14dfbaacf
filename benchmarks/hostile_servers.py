"""Servers that feeds are read from, most of them badly behaved. Prints their ports as JSON and serves until killed.

six that drip   an octet every 0.2 seconds, for ever
endless         `100 Continue` without end
word            a feed of 12 kB whose one long word kept patterns busy for ever
good (two)      a feed with a story
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable

Handler = Callable[[asyncio.StreamWriter], Awaitable[None]]

FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>Tin</title><item><title>{title}</title>
<link>https://{name}.example/1</link><guid>{name}-1</guid><description><![CDATA[<p>{text}</p>]]></description></item>
</channel></rss>"""


async def drip(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.2)


async def endless(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)
        await writer.drain()


def feed(name: str, text: str) -> Handler:
    body = FEED.format(name=name, title=f"Tin của nguồn {name} hôm nay", text=text).encode()

    async def answer(writer: asyncio.StreamWriter) -> None:
        head = (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
        )
        writer.write(head % len(body) + body)
        await writer.drain()

    return answer


SERVERS: dict[str, Handler] = {
    **{f"drip{number}": drip for number in range(6)},
    "endless": endless,
    "word": feed("word", "BanTin" * 2000),
    "good1": feed("good1", "Nội dung."),
    "good2": feed("good2", "Nội dung."),
}


async def main() -> None:
    ports = {}
    for name, handler in SERVERS.items():

        async def answer(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handler: Handler = handler
        ) -> None:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await reader.readuntil(b"\r\n\r\n")
                await handler(writer)
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        ports[name] = server.sockets[0].getsockname()[1]
    print(json.dumps(ports), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
