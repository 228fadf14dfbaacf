"""The far end of a trial: a server on this machine that answers as a channel's network does, or misbehaves in one manner.

The client sends every call to that server, whatever its address, and says which answer is due. So adapters need no setting
for the address of their network, and nothing leaves the machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ...http_client import HttpCall, HttpClient, HttpResponse, ResponseRules

WELL = ""
GONE = "says that it is gone"
RETRY_AFTER = 60  # seconds, in the answers that name a time
SILENT = ("is silent", "drips")  # until the client gives up
SAYS_200 = ("drips", "breaks off in the answer", "answers without end", "200 and nothing")  # which may do as a receipt
IN_DOUBT = ("drops", "is silent", "answers nonsense", *SAYS_200, "500", "503", "503 with Retry-After", "504")
NOT_NOW = ("refuses", "429", "429 with Retry-After")
REFUSALS = ("302", "400", "401", "403", "404", "410")
MANNERS = (*NOT_NOW, *IN_DOUBT, *REFUSALS)

_SHORT = 0.25  # seconds until the client gives up where nothing comes
_LONG = 4.0


@dataclass
class Request:
    """One request as the far end has seen it.

    `manner` is how it was answered, empty for an answer as it should be; `by` tells one client from another. `arrived`
    says whether it was read, `answered` whether the client has had the whole of a good answer.
    """

    call: HttpCall
    manner: str
    number: int
    by: int = 0
    arrived: bool = False
    answered: bool = False

    @property
    def name(self) -> str:
        return self.call.name

    @property
    def in_doubt(self) -> bool:
        """Whether it may have had its effect, and nobody can tell."""
        return self.arrived and self.manner in IN_DOUBT


@dataclass
class FarEnd:
    """The server. `answer` and `gone` say what is answered to a call when all is well, and when what it is about is gone;
    `manners` are how it answers instead, by the name of the call."""

    answer: Callable[[HttpCall], object]
    gone: Callable[[HttpCall], tuple[int, object]]
    manners: Mapping[str, str] = field(default_factory=dict)
    once: bool = False  # only the first request of a name by each client is answered so
    about: str = ""  # the id of the post that may be gone
    together: int = 1  # clients that must have asked before a bad answer is given
    requests: list[Request] = field(default_factory=list)
    changed: Callable[[Request, object], object] | None = None
    answers: list[object] = field(default_factory=list)
    port: int = 0
    closed_port: int = 0

    def begin(self, manners: Mapping[str, str], *, once: bool = False) -> None:
        """Forget what was asked, and answer so from now on."""
        self.manners, self.once, self.together = manners, once, 1
        self.requests = []
        self.answers = []
        self.changed = None

    def expect(self, call: HttpCall, by: int) -> Request:
        """Take down a call that is about to be made."""
        again = any(request.name == call.name and request.by == by for request in self.requests)
        manner = WELL if self.once and again else self.manners.get(call.name, self.manners.get("*", WELL))
        if GONE in self.manners.values() and self.about.encode() in call.url.encode() + (call.body or b""):
            manner = GONE
        self.requests.append(Request(call, manner, len(self.requests), by))
        return self.requests[-1]

    def url(self, request: Request) -> str:
        port = self.closed_port if request.manner == "refuses" else self.port
        return f"http://127.0.0.1:{port}/{request.number}"

    # -- answers -----------------------------------------------------------------------------------------------------

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
            if length:
                await reader.readexactly(int(length.group(1)))
            number = int(head.split(b" ", 2)[1].strip(b"/"))
            if number < len(self.requests):  # not of a trial before
                await self._answer(self.requests[number], writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> None:
        request.arrived = True
        if request.manner != WELL:
            await self._all_have_asked(request.name)
        match request.manner:
            case "drops":
                return
            case "is silent":
                await asyncio.sleep(3600)
            case "drips":
                writer.write(_HEAD)
                while True:
                    writer.write(b" ")
                    await writer.drain()
                    await asyncio.sleep(0.05)
            case "answers nonsense":
                writer.write(b"220 mail.example ESMTP\r\n")
            case "breaks off in the answer":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{")
            case "answers without end":
                writer.write(_HEAD)
                while True:
                    writer.write(b" " * 65536)
                    await writer.drain()
            case _:
                writer.write(self._whole_answer(request))
        await writer.drain()

    async def _all_have_asked(self, name: str) -> None:
        """Wait until as many clients have asked as act together, a second at most."""
        for _ in range(100):
            if len({request.by for request in self.requests if request.name == name}) >= self.together:
                return
            await asyncio.sleep(0.01)

    def _whole_answer(self, request: Request) -> bytes:
        call, manner = request.call, request.manner
        if manner == WELL:
            found = self.answer(call)
            found = self.changed(request, found) if self.changed else found
            self.answers.append(found)
            return _message(200, found)
        if manner == GONE:
            return _message(*self.gone(call))
        if manner == "200 and nothing":
            return _message(200, b"")
        headers = [f"{name}: {value}" for name, value in call.headers.items()]
        echo = "\r\n".join([f"{call.method} {call.url}", *headers, "", ""]).encode() + (call.body or b"")
        more = f"Retry-After: {RETRY_AFTER}\r\n" if manner.endswith("Retry-After") else ""
        more += f"Location: {call.url}/elsewhere\r\n" if manner == "302" else ""
        return _message(int(manner[:3]), echo, more)


_HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"


def _message(status: int, content: object, headers: str = "") -> bytes:
    body = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()
    kind = "text/plain" if isinstance(content, bytes) else "application/json"
    length = "" if status == 204 else f"Content-Length: {len(body)}\r\n"
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\n{headers}{length}Connection: close\r\n\r\n"
    return head.encode("utf-8", "replace") + (b"" if status == 204 else body)


@contextlib.asynccontextmanager
async def far_end(
    answer: Callable[[HttpCall], object], gone: Callable[[HttpCall], tuple[int, object]]
) -> AsyncIterator[FarEnd]:
    """A far end that listens on 127.0.0.1, on a free port."""
    made = FarEnd(answer, gone)
    tasks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(task := asyncio.ensure_future(made.handle(reader, writer)))
        task.add_done_callback(tasks.discard)

    with socket.create_server(("127.0.0.1", 0)) as probe:
        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        made.closed_port = probe.getsockname()[1]
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class TrialClient(HttpClient):
    """The client of a channel in a trial: it sends every call to the far end on this machine.

    `cut` is the number of the request at which the attempt dies, and whether before it leaves or after its answer came.
    """

    def __init__(
        self, own: HttpClient, there: FarEnd, *, cut: tuple[int, str] | None = None, allow_private: bool = True
    ) -> None:
        super().__init__(allow_private=allow_private, timeout=_LONG)
        self._secrets = set(own._secrets)
        self._there = there
        self._cut = cut
        self.task: asyncio.Task[Any] | None = None

    @property
    def names(self) -> list[str]:
        """The names of its requests, in their order."""
        return [request.name for request in self._there.requests if request.by == id(self)]

    async def request(self, call: HttpCall, rules: ResponseRules = ResponseRules()) -> HttpResponse:
        request = self._there.expect(call, id(self))
        if self._cut == (request.number, "before"):
            await self._die()
        most = _SHORT if request.manner in SILENT else _LONG
        here = replace(call, url=self._there.url(request), timeout=min(call.timeout or most, most))
        answer = await super().request(here, rules)
        request.answered = request.manner == WELL
        if self._cut == (request.number, "after"):
            await self._die()
        return answer

    async def _die(self) -> None:
        """Cancel the attempt, and give it no time to do anything more."""
        task = self.task or asyncio.current_task()
        assert task
        task.cancel()
        await asyncio.sleep(3600)
