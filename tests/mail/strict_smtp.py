"""A mail server that holds its clients to the letter of the protocol, as Exim and stock Postfix do, and a wire to it without
a network, on which time passes only when everybody waits."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar
from unittest import mock

from distributor.mail import connection, pool

_T = TypeVar("_T")
FOLLOWED = ("RSET", "MAIL", "RCPT", ".")  # what others may follow in one group (RFC 2920, section 3.1)


class Answer(NamedTuple):
    """What the server says to a command and after how many seconds. `drop` closes instead; nothing is the polite answer."""

    text: str = ""
    delay: float = 0.0


@dataclass
class StrictServer:
    """Answers as `answers` says: a list for each verb, `.` for the end of a message, the politest where it is used up.

    `faults` names each mistake of a client: a command that came before the reply to the last one without PIPELINING (or
    after one that must be the last of its group), and MAIL inside a transaction. After the first kind it hangs up, as Exim
    does; to the second it says what Postfix says. Whether PIPELINING is offered stands in `pipelining` for each connection,
    the last one for all others.
    """

    pipelining: Sequence[bool] = (False,)
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()  # recipients it does not know
    faults: list[str] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)  # recipients of messages taken
    said: list[str] = field(default_factory=list)
    connections: int = 0

    def answer(self, verb: str) -> Answer:
        planned = self.answers.get(verb)
        return planned.pop(0) if planned else Answer()


class Session:
    """One connection to it. `say` is given what it says, `hang_up` is called when it closes."""

    def __init__(self, server: StrictServer, say: Callable[[bytes], None], hang_up: Callable[[], None]) -> None:
        self.server = server
        self._say, self._hang_up = say, hang_up
        offers = server.pipelining
        self._offers = offers[min(server.connections, len(offers) - 1)]
        server.connections += 1
        self._pipelines = False
        self._buffer = b""
        self._more = asyncio.Event()
        self._begun, self._recipient = False, ""

    def feed(self, data: bytes) -> None:
        self._buffer += data
        self._more.set()

    async def serve(self) -> None:
        if not await self._reply("GREETING", "220 strict.example ESMTP"):
            return
        while await self._command(await self._line()):
            pass

    async def _line(self) -> str:
        while b"\r\n" not in self._buffer:
            self._more.clear()
            await self._more.wait()
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line.decode()

    async def _command(self, line: str) -> bool:
        """Whether it goes on after this one."""
        verb = line.split(" ")[0]
        self.server.said.append(line)
        match verb:
            case "EHLO":
                self._pipelines = self._offers
                extensions = "250-PIPELINING\r\n250 8BITMIME" if self._offers else "250 8BITMIME"
                going = await self._reply(verb, f"250-strict.example\r\n{extensions}")
                self._begun = False
            case "RSET":
                going = await self._reply(verb, "250 2.0.0 ok")
                if going and not self._went_well:  # too many of them, says Exim, and closes
                    return self._close()
                self._begun = False
            case "MAIL" if self._begun:
                self.server.faults.append("nested MAIL command")
                going = await self._reply("", "503 5.5.1 nested MAIL command")
            case "MAIL":
                self._recipient = ""
                going = await self._reply(verb, "250 2.1.0 ok")
                self._begun = self._went_well
            case "RCPT" | "DATA" if not self._begun:
                if not self._pipelines:
                    self.server.faults.append(f"{verb} outside of a transaction")
                going = await self._reply(verb if verb == "DATA" else "", "503 5.5.1 MAIL first", only="354")
            case "RCPT":
                address = line[9:].partition(">")[0]
                known = address not in self.server.refused
                going = await self._reply(verb, "250 2.1.5 ok" if known else "550 5.1.1 nobody")
                self._recipient = address if self._went_well else ""
            case "DATA":
                going = await self._reply(verb, "354 go ahead" if self._recipient else "554 5.5.1 no recipients")
            case "QUIT":
                await self._reply(verb, "221 bye")
                return self._close()
            case _:
                self.server.faults.append(f"what is {line!r}")
                return self._close()
        if going and verb == "DATA" and self._last.startswith("354"):
            going = await self._message()
        return going

    async def _message(self) -> bool:
        while await self._line() != ".":
            pass
        self.server.said.append(".")
        going = await self._reply(".", "250 2.0.0 queued" if self._recipient else "554 5.5.1 no recipients")
        if self._went_well and self._recipient:
            self.server.accepted.append(self._recipient)
        self._begun, self._recipient = False, ""
        return going

    @property
    def _went_well(self) -> bool:
        return self._last.startswith("2")

    async def _reply(self, verb: str, polite: str, only: str = "") -> bool:
        planned = self.server.answer(verb) if verb else Answer()
        self._last = planned.text if planned.text and planned.text.startswith(only) else polite
        await asyncio.sleep(planned.delay)
        if self._buffer and not (self._pipelines and verb in (*FOLLOWED, "")):
            self.server.faults.append(f"{self._buffer[:20]!r} before the reply to {verb or 'the last command'}")
            self._say(b"554 SMTP synchronization error\r\n")
            return self._close()
        if self._last == "drop":
            return self._close()
        self._say(self._last.encode() + b"\r\n")
        return self._close() if self._last.startswith("421") else True

    def _close(self) -> bool:
        self._hang_up()
        return False


# -- a wire without a network ------------------------------------------------------------------------------------------


class MemoryWire:
    """What a `Link` asks of its `Wire`, with the server at once at its other end."""

    full = False

    def __init__(self, server: StrictServer) -> None:
        self.ended: OSError | None = None
        self._loop = asyncio.get_running_loop()
        self._came = bytearray()
        self._news = asyncio.Event()
        self._session = Session(server, self._say, self._hang_up)
        self._serving = asyncio.ensure_future(self._session.serve())

    def _say(self, data: bytes) -> None:
        self._came += data
        self._news.set()

    def _hang_up(self) -> None:
        self.ended = self.ended or ConnectionResetError("it was closed there")
        self._news.set()

    def write(self, data: bytes) -> None:
        if not self.ended:
            self._session.feed(data)

    def take(self) -> bytes:
        data = bytes(self._came)
        self._came.clear()
        return data

    def after(self, seconds: float) -> float:
        return self._loop.time() + seconds

    async def read(self, deadline: float) -> bytes:
        async with asyncio.timeout_at(deadline):
            while not self._came:
                if self.ended:
                    raise self.ended
                self._news.clear()
                await self._news.wait()
        return self.take()

    def abort(self) -> None:
        self._hang_up()
        self._serving.cancel()


@contextmanager
def in_memory(server: StrictServer) -> Iterator[None]:
    """Every connection of ours goes to this server, and time is that of the loop."""

    class Connected:
        @staticmethod
        async def connect(*_: Any) -> MemoryWire:
            return MemoryWire(server)

    with (
        mock.patch.object(connection, "StreamTransport", Connected),
        mock.patch.object(pool, "steady", lambda: asyncio.get_running_loop().time()),
    ):
        yield


# -- time that does not pass by itself ---------------------------------------------------------------------------------


class _Selector(selectors.SelectSelector):
    """Where a loop would sleep, its clock is put forward instead."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "everybody waits for somebody else, for ever"
            self.passed += timeout
        return ready


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._its = _Selector()
        super().__init__(self._its)

    def time(self) -> float:
        return self._its.passed


def without_waiting(main: Coroutine[Any, Any, _T]) -> _T:
    """Run it as `asyncio.run` does; hours of waiting take no time."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(main)
