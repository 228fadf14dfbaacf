"""A mail server that remembers: one line for each message whose end it has seen, on the disk before it answers.

Run as `python sink.py FILE [ADDRESS]`; it prints its port. PIPELINING, 8BITMIME, SMTPUTF8; takes everything.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import sys
from pathlib import Path

_ID = re.compile(rb"^Message-ID: (\S+)", re.MULTILINE)
EHLO = b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"


class Sink(asyncio.Protocol):
    """One connection."""

    def __init__(self, log: Path) -> None:
        self.log = log.open("ab", buffering=0)
        self.buffer = b""
        self.recipient = b""
        self.content = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while self._message() if self.content else self._command():
            pass

    def connection_lost(self, error: Exception | None) -> None:
        self.log.close()

    def _message(self) -> bool:
        message, end, rest = self.buffer.partition(b"\r\n.\r\n")
        if not end:
            return False
        self.buffer, self.content = rest, False
        found = _ID.search(message)
        digest = hashlib.sha256(message).hexdigest()[:16].encode()
        self.log.write(b" ".join((self.recipient, found[1] if found else b"?", digest)) + b"\n")
        self.transport.write(b"250 2.0.0 taken\r\n")
        return True

    def _command(self) -> bool:
        line, end, rest = self.buffer.partition(b"\r\n")
        if not end:
            return False
        self.buffer = rest
        verb = line[:4].upper()
        if verb == b"RCPT":
            self.recipient = line[9:].partition(b">")[0]
        self.content = verb == b"DATA"
        answers = {b"EHLO": EHLO, b"DATA": b"354 go ahead\r\n", b"QUIT": b"221 bye\r\n"}
        self.transport.write(answers.get(verb, b"250 ok\r\n"))
        if verb == b"QUIT":
            self.transport.close()
        return True


async def main(log: Path, address: str = "127.0.0.1") -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Sink(log), address, 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), *sys.argv[2:]))
