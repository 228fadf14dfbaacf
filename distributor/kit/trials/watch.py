"""What is watched while a channel acts or composes: files, sockets, processes, sleep, the loop, and all that is said."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import sys
import threading
import time
import traceback
from collections.abc import Awaitable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

PATIENCE = 5.0  # seconds that an act may take whose far end answers, or is given up soon
_NAP = 0.05  # seconds for which the loop may be put to sleep, as Python 3.13 and later tell
_LAG = 1.0  # seconds for which it may be kept busy
_BEAT = 0.02  # seconds between two looks at that
_HERE = ("127.0.0.1", "::1", "localhost", "0.0.0.0")  # noqa: S104
_TOUCHES = ("open", "os.", "socket.", "subprocess.", "shutil.", "tempfile.")

# Not in the way of a trial: the null device, modules and their compiled forms.
_HARMLESS = (".pyc", ".pyo", "/dev/null")


@dataclass(eq=False)
class _Watch:
    """What happens on this thread while it is set. `block` keeps connections from leaving the machine."""

    thread: int
    block: bool
    touched: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    naps: list[float] = field(default_factory=list)


_watches: list[_Watch] = []
_installed = False


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watches:
        return
    watch = _watches[-1]
    if watch.block:
        _block(watch, event, arguments)
    elif threading.get_ident() == watch.thread and event.startswith(_TOUCHES):
        text = f"{event} {arguments[0] if arguments else ''}"
        if not text.endswith(_HARMLESS):
            watch.touched.append(text[:200])


def _block(watch: _Watch, event: str, arguments: tuple[Any, ...]) -> None:
    if event == "time.sleep" and threading.get_ident() == watch.thread:
        watch.naps.append(float(arguments[0]))
    host = ""
    if event == "socket.getaddrinfo":
        host = str(arguments[0] or "localhost")
    elif event == "socket.connect" and isinstance(arguments[1], tuple):
        host = str(arguments[1][0])
    if host and host not in _HERE:
        watch.outside.append(host)
        raise ConnectionRefusedError("nothing leaves this machine during a trial")


@contextlib.contextmanager
def _watching(block: bool) -> Iterator[_Watch]:
    global _installed
    if not _installed:
        sys.addaudithook(_hook)  # a hook stays as long as the process; it does nothing while nobody watches
        _installed = True
    _watches.append(watch := _Watch(threading.get_ident(), block))
    try:
        yield watch
    finally:
        _watches.remove(watch)


@contextlib.contextmanager
def untouched() -> Iterator[list[str]]:
    """The files, sockets and processes that are touched on this thread meanwhile."""
    with _watching(block=False) as watch:
        yield watch.touched


class Unwatched:
    """A context to compose with whose own work is not watched: it may read a template."""

    def __init__(self, context: Any) -> None:
        self._context = context

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._context, name)
        if not callable(found):
            return found

        def unwatched(*given: Any, **named: Any) -> Any:
            watches, _watches[:] = list(_watches), []
            try:
                return found(*given, **named)
            finally:
                _watches[:] = watches

        return unwatched


@dataclass
class Act:
    """What came of one act of a channel.

    `outcome` is what it returned or raised; `died` says that it was cut off. `said` is all that could be read of it: what
    it printed, logged and raised. `waits` are words about how it kept others waiting, `outside` hosts that it has tried
    to reach by itself. `ended` is when it was over.
    """

    outcome: object = None
    died: bool = False
    said: str = ""
    waits: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    ended: datetime = field(default_factory=lambda: datetime.now(UTC))


class _Log(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextlib.contextmanager
def _listening() -> Iterator[list[str]]:
    """Everything that is logged and printed meanwhile."""
    handler, root, ours = _Log(), logging.getLogger(), logging.getLogger("distributor")
    levels, handlers, printed = (root.level, ours.level), root.handlers[:], io.StringIO()
    root.setLevel(logging.DEBUG)
    ours.setLevel(logging.DEBUG)
    root.handlers[:] = [handler]
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            yield handler.lines
    finally:
        root.handlers[:] = handlers
        root.setLevel(levels[0])
        ours.setLevel(levels[1])
        handler.lines.append(printed.getvalue())


async def observe(act: Awaitable[object], patience: float = PATIENCE) -> Act:
    """Let a channel act, and see what comes of it. It is cancelled when it takes longer than `patience` seconds."""
    made = Act()
    beats = asyncio.ensure_future(_measure_lag())
    await asyncio.sleep(0)
    with _watching(block=True) as watch, _listening() as lines:
        task = asyncio.ensure_future(act)
        begun = _own_time()
        while not task.done() and (left := begun + patience - _own_time()) > 0:
            await asyncio.wait([task], timeout=left)
        if not task.done():
            made.waits.append(f"it took more than {patience:g} s")
            task.cancel()
            await asyncio.wait([task], timeout=1)
        made.outcome, made.ended = _outcome(task), datetime.now(UTC)
        made.died = isinstance(made.outcome, asyncio.CancelledError)
    beats.cancel()
    lag = max(_worst[0], _own_time() - _worst[1] - _BEAT)
    made.waits += [f"it put the whole loop to sleep for {nap:g} s" for nap in watch.naps if nap > _NAP]
    if lag > _LAG:
        made.waits.append(f"it kept the loop busy for {lag:.1f} s")
    made.outside = watch.outside
    made.said = "\n".join([*lines, *_texts(made.outcome)])
    return made


def _outcome(task: asyncio.Future[object]) -> object:
    if not task.done() or task.cancelled():
        return asyncio.CancelledError()
    return task.exception() or task.result()


_SCHEDULER = Path("/proc/thread-self/schedstat")
_worst = [0.0, 0.0]  # the longest delay of a beat, and when the last one was


def _own_time() -> float:
    """Seconds of a clock that stands still while this thread waits for a processor: a busy machine is no fault of a channel.
    Linux says how long that is; elsewhere it is a clock like any other."""
    try:
        waited = int(_SCHEDULER.read_text().split()[1]) / 1e9  # time on a processor, time waiting for one (ns), turns
    except (OSError, ValueError, IndexError):
        waited = 0.0
    return time.monotonic() - waited


async def _measure_lag() -> None:
    _worst[:] = 0.0, _own_time()
    while True:
        await asyncio.sleep(_BEAT)
        now = _own_time()
        _worst[:] = max(_worst[0], now - _worst[1] - _BEAT), now


def _texts(outcome: object) -> Iterator[str]:
    """All that a person could read of an outcome, causes that are not shown included."""
    yield "" if isinstance(outcome, Mapping) else repr(outcome)  # what a login gives is for the state alone
    seen: set[int] = set()
    waiting = [outcome]
    while waiting:
        error = waiting.pop()
        if not isinstance(error, BaseException) or id(error) in seen:
            continue
        seen.add(id(error))
        yield str(error)
        yield str(getattr(error, "reply", ""))
        yield "".join(traceback.format_exception(error))
        waiting += [error.__cause__, error.__context__]
