"""Many sources asked by one child process whether they have changed, so that an unchanged one starts no process of its own.

The child requests the `watched_url` of each, many at a time, with the validators of the last gather. It reads nothing of
what comes but HTTP and its compression; a page that has changed is given back as bytes, for a child of its own that parses
it. If a stranger's answer ends it, those under way are gathered each in a child of its own, as they would be without it, and
the others by a new one.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from ..credentials import find_secrets
from ..errors import LimitExceeded, NotModified, SourceError, StartFailed
from ..isolated_child import ChildLimits
from ..isolation import ChildFailed, ChildProcess
from ..source import FetchedDocument
from .source_reader import (
    GATHER_SECONDS,
    GatherRequest,
    describe_failure,
    open_own_fetcher,
    pack_job,
    read_failure,
    unpack_job,
)

if TYPE_CHECKING:
    from .fetcher import HostQueue  # brings aiohttp along, which only children need

PER_HOST = 4  # of them from one host, where they take turns: the others wait without keeping another host waiting
_WAIT = 5.0  # seconds that the child waits at most for an answer before it says how things are
_LINGER = 0.02  # seconds that it waits for more answers after the first
_MOST_OCTETS = 30_000_000  # of pages that it gives back at a time
_LIMITS = ChildLimits(seconds=60.0, processor_seconds=60)


class NotWatched(Exception):
    """Nothing is known of a source: it has to be gathered by itself."""


# What became of a request: the page that has changed, or why there is none (NotModified where it has not).
WatchAnswer = FetchedDocument | SourceError | NotWatched
Answered = Sequence[tuple[str, WatchAnswer]]  # with the names of their sources


_Job = tuple[str, list[str], bytes]  # the name of a source, and what `unpack_job` takes


async def watch_sources(
    requests: Sequence[GatherRequest],
    handle: Callable[[Answered], Awaitable[None]],
    parsing: set[asyncio.Task[None]],
    *,
    at_once: int = 64,
) -> None:
    """Ask these sources whether they have changed, so many `at_once`, and `handle` the answers, some at a time. `parsing`
    are the tasks that read pages which have come: while there are many, no more are requested."""
    await _Watch(requests, handle, parsing, at_once).run()


class _Watch:
    """Some sources that are asked, with the child that asks them."""

    most_parsing = 16

    def __init__(
        self,
        requests: Sequence[GatherRequest],
        handle: Callable[[Answered], Awaitable[None]],
        parsing: set[asyncio.Task[None]],
        at_once: int,
    ) -> None:
        self.handle, self.parsing, self.at_once = handle, parsing, at_once
        self.waiting: dict[str, deque[GatherRequest]] = {}  # by host
        for request in requests:
            self.waiting.setdefault(_host(request), deque()).append(request)
        self.under_way: dict[str, str] = {}  # the hosts by the names of sources
        self.child = ChildProcess(_watch_job, _LIMITS)

    async def run(self) -> None:
        handling: asyncio.Task[None] | None = None
        thread = ThreadPoolExecutor(1, thread_name_prefix="watch")
        try:
            while self.waiting or self.under_way:
                jobs, answers = self._choose()
                if self.under_way:
                    answers += await asyncio.get_running_loop().run_in_executor(thread, self._ask, jobs)
                elif not answers:
                    await asyncio.wait(self.parsing, return_when=asyncio.FIRST_COMPLETED)
                for name, _ in answers:
                    self.under_way.pop(name, None)
                if handling:
                    await handling
                handling = asyncio.ensure_future(self.handle(answers)) if answers else None
            if handling:
                await handling
        finally:
            if handling:
                handling.cancel()
            self.child.kill()
            thread.submit(self.child.close)
            thread.shutdown(wait=False)

    def _choose(self) -> tuple[list[_Job], list[tuple[str, WatchAnswer]]]:
        """The jobs to begin now, which are under way from then on; and answers for those that cannot be."""
        jobs: list[_Job] = []
        failed: list[tuple[str, WatchAnswer]] = []
        for request in self._next():
            try:
                jobs.append((request.source.name, *pack_job(request)))
            except SourceError as error:
                failed.append((request.source.name, error))
            else:
                self.under_way[request.source.name] = _host(request)
        return jobs, failed

    def _next(self) -> Iterator[GatherRequest]:
        """Requests to begin: of each host in turn, as many as there is room for."""
        room = self.at_once - len(self.under_way) if len(self.parsing) < self.most_parsing else 0
        busy = Counter(self.under_way.values())
        while room > 0:
            free = [host for host in self.waiting if busy[host] < PER_HOST][:room]
            if not free:
                return
            for host in free:
                busy[host] += 1
                room -= 1
                yield self.waiting[host].popleft()
                if not self.waiting[host]:
                    del self.waiting[host]

    def _ask(self, jobs: Sequence[_Job]) -> list[tuple[str, WatchAnswer]]:
        """What has come meanwhile, with these jobs begun. In a thread."""
        try:
            return _unpacked(self.child.call(jobs), self.under_way)
        except (LimitExceeded, StartFailed, ChildFailed, _Nonsense):
            self.child.close()
            return [(name, NotWatched()) for name in self.under_way]


def _host(request: GatherRequest) -> str:
    return urlsplit(request.source.watched_url).netloc.rpartition("@")[2].lower()


class _Nonsense(Exception):
    """The child said what it cannot say."""


_document = TypeAdapter(FetchedDocument)


def _unpacked(answer: object, known: Mapping[str, str]) -> list[tuple[str, WatchAnswer]]:
    """The answers of the child, believed no more than the bytes that it has read."""
    if not isinstance(answer, bytes):
        raise _Nonsense
    head, _, rest = answer.partition(b"\n")
    found: list[tuple[str, WatchAnswer]] = []
    at = 0
    try:
        for name, data in json.loads(head):
            if name not in known:
                raise _Nonsense
            size = max(int(data.get("size", 0)), 0)
            found.append((name, _answer(data, rest[at : at + size])))
            at += size
    except (ValueError, TypeError, AttributeError, KeyError, OverflowError, RecursionError):
        raise _Nonsense from None
    return found


def _answer(data: Mapping[str, Any], body: bytes) -> WatchAnswer:
    if data.get("unchanged_source"):
        return NotModified("has not changed")
    if "failure" in data:
        return read_failure(data)
    if "page" not in data:
        return NotWatched()
    try:
        return _document.validate_python({**data["page"], "body": body})
    except ValidationError:
        return NotWatched()


# -- in the child ------------------------------------------------------------------------------------------------------


_Outcome = tuple[str, dict[str, Any], bytes]  # of a source: its name, what became of it, and its page if it has changed


@dataclass(slots=True)
class _Asking:
    """What the child is at: requests under way, and answers that were not given back yet."""

    hosts: HostQueue
    runner: asyncio.Runner = field(default_factory=asyncio.Runner)
    waits: dict[str, datetime] = field(
        default_factory=dict
    )  # hosts that have asked for a pause, whichever source asked
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    done: deque[_Outcome] = field(default_factory=deque)


_asking: _Asking | None = None


def _watch_job(jobs: Sequence[_Job]) -> bytes:
    """Begin these jobs, and give back what has come since the last call. Requests stand still between two calls, which
    follow each other at once while there are any."""
    from .fetcher import HostQueue

    global _asking
    _asking = _asking or _Asking(HostQueue(shared=True))
    _asking.runner.run(_wait(_asking, jobs))
    return _pack(_asking.done)


async def _wait(asking: _Asking, jobs: Sequence[_Job]) -> None:
    for job in jobs:
        task = asyncio.create_task(_ask(asking, *job))
        asking.tasks.add(task)
        task.add_done_callback(asking.tasks.discard)
    if asking.tasks and not asking.done:
        await asyncio.wait(asking.tasks, timeout=_WAIT, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.sleep(_LINGER)


async def _ask(asking: _Asking, name: str, folders: Sequence[str], job: bytes) -> None:
    try:
        answer, body = await _watch(asking, *unpack_job(folders, job))
    except (
        Exception
    ):  # a fault of ours, or of a newsroom's own source: it will be found and told when it is gathered alone
        answer, body = {}, b""
    asking.done.append((name, answer, body))


async def _watch(asking: _Asking, request: GatherRequest) -> tuple[dict[str, Any], bytes]:
    secrets = find_secrets(request.source)
    asking.waits |= request.waits
    page: FetchedDocument | None = None
    try:
        async with open_own_fetcher(request, asking.hosts) as fetcher, asyncio.timeout(GATHER_SECONDS):
            fetcher.waits = asking.waits
            page = await fetcher.get(request.source.watched_url, conditional=True)
    except (SourceError, TimeoutError) as error:
        answer = describe_failure(error, secrets)
    else:
        answer = {"page": asdict(page) | {"body": ""}, "size": len(page.body)}
    fresh = {host: until.isoformat() for host, until in asking.waits.items() if request.waits.get(host) != until}
    return answer | {"waits": fresh}, page.body if page else b""


def _pack(done: deque[_Outcome]) -> bytes:
    """What `_unpacked` reads; what does not fit stays."""
    outcomes: list[_Outcome] = []
    while done and (not outcomes or sum(len(body) for *_, body in outcomes) + len(done[0][2]) <= _MOST_OCTETS):
        outcomes.append(done.popleft())
    head = json.dumps([(name, answer) for name, answer, _ in outcomes])
    return b"".join([head.encode(), b"\n", *(body for *_, body in outcomes)])
