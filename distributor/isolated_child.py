"""What a child process of `isolation` does: it takes calls, keeps its limits, and says what it is at.

Its own half of that room, with what both halves know: the limits, and the frames that go back to the parent.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from .clock import clock
from .errors import LimitExceeded
from .text import clean_line

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

Function = Callable[..., Any]  # what a child calls
GRACE = 5.0  # seconds after which a child ends itself when nobody is left to kill it
OUT_OF_MEMORY = 77  # how a child exits that had no memory left, and so none for many words


class Frame:
    """The first octet of what a child sends."""

    RESULT, BYTES, FAILED, DOING, LOG = b"R", b"B", b"F", b"D", b"L"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildLimits:
    """What one call in a child may take: seconds by the clock, seconds of a processor, octets of memory beyond what the
    program itself takes, octets of the answer."""

    seconds: float = 60.0
    processor_seconds: int = 60
    memory: int = 512 * 1024 * 1024
    answer: int = 100_000_000


_pipe: Connection | None = None  # to the parent, in a child
_sending = threading.Lock()


def _send(frame: bytes) -> None:
    if _pipe is not None:
        with _sending:
            _pipe.send_bytes(frame)


def report_progress(what: str) -> None:
    """Say what the work is at, so that it can be named if it has to be ended. Outside of a child it does nothing."""
    _send(Frame.DOING + what.encode("utf-8", "replace")[:4000])


@contextlib.contextmanager
def processor_time(seconds: float) -> Iterator[None]:
    """A limit for one thing among many: LimitExceeded after so many seconds of computing.

    It ends what checks for signals now and then, as Python and its regular expressions do; a library in C that does
    not is ended by the limits of its child. It acts in main threads only, which is where children work.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def over(number: int, frame: FrameType | None) -> None:
        raise LimitExceeded(f"took more than {seconds:g} s of computing to read")

    before = signal.signal(signal.SIGVTALRM, over)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, 1.0)  # again and again: a library may swallow the first
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def serve(pipe: Connection, lifeline: Connection, function: Function, limits: ChildLimits) -> None:
    """What the child does: answer until the other end is closed."""
    global _pipe
    _pipe = pipe
    _hold_on_to(lifeline)
    _settle(limits)
    while True:
        frame = _answer(pipe, function, limits)
        signal.alarm(0)
        try:
            _send(frame)
        except OSError:
            os._exit(0)


def _answer(pipe: Connection, function: Function, limits: ChildLimits) -> bytes:
    """The answer to the next call, as a frame. Does not return once the other end is closed."""
    try:
        reading, arguments = _receive(pipe)
        clock.adopt(reading)
        _begin_call(limits)
        result = function(*arguments)
        return Frame.BYTES + result if isinstance(result, bytes) else Frame.RESULT + json.dumps(result).encode()
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except BaseException as error:
        bug = {"error": clean_line(f"{type(error).__name__}: {error}")[:400], "trace": traceback.format_exc()[-8000:]}
        return Frame.FAILED + json.dumps(bug).encode()


def _receive(pipe: Connection) -> Any:
    try:
        return pipe.recv()
    except (EOFError, ConnectionError):
        os._exit(0)


def _hold_on_to(lifeline: Connection) -> None:
    """End when the parent ends, however it does: the system sends SIGIO when the other end of the lifeline closes, and
    that ends a process whatever it is doing. (macOS ignores that signal; there the alarm of each call ends the child.)"""
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    if lifeline.poll():
        os._exit(0)


def _settle(limits: ChildLimits) -> None:
    """Limits that hold for the whole life of the child, a process group of its own, and a log that leads to the parent.

    What it prints goes where errors go: our standard output is ours, and may be JSON for a program.
    """
    with contextlib.suppress(OSError):
        os.setpgid(0, 0)
    with contextlib.suppress(OSError):
        os.dup2(2, 1)
    sys.stdout = sys.stderr
    # Ctrl-C and the SIGTERM that a service manager sends to all processes of a service are the parent's to answer.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError, ValueError):  # macOS knows these limits and does not keep them
        if sys.platform == "linux":
            resource.setrlimit(resource.RLIMIT_DATA, (_data_size() + limits.memory,) * 2)
        else:
            resource.setrlimit(resource.RLIMIT_AS, (limits.memory * 4,) * 2)
    root = logging.getLogger()
    root.handlers[:] = [_ToParent()]
    root.setLevel(logging.INFO)


def _begin_call(limits: ChildLimits) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime) + 1
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CPU, (spent + limits.processor_seconds, hard))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(int(limits.seconds + GRACE) + 1)  # for when the parent has died


def _data_size() -> int:
    """Octets of memory of this process that count as data (proc(5), VmData)."""
    for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) * 1024
    return 0


class _ToParent(logging.Handler):
    """Sends what is logged to the parent."""

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            message += f": {type(record.exc_info[1]).__name__}: {record.exc_info[1]}"
        with contextlib.suppress(OSError):
            _send(Frame.LOG + json.dumps([record.levelno, record.name, message[:4000]]).encode())
