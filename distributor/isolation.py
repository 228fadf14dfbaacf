"""Child processes with limits of time and memory, for work on bytes from outside.

A pattern that backtracks or a parser that is fed nonsense holds the interpreter's lock: no time limit acts and no signal
is handled until it returns, which may be never. So such work is done in a process of its own, which can be killed. It
can take neither the memory of the machine nor the processor from those who deliver, and nothing of it outlives it.

Children are forked from a server that has loaded what they need (`multiprocessing`, start method `forkserver`), so that
one costs some milliseconds and holds none of our sockets, files and locks. What goes to a child is pickled, because it
is ours. What comes back is JSON or bytes and never pickled, because a stranger may have had a hand in it.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import json
import logging
import multiprocessing
import os
import signal
import socket
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from typing import Any

from .clock import clock
from .errors import LimitExceeded, StartFailed
from .isolated_child import GRACE, OUT_OF_MEMORY, ChildLimits, Frame, Function, serve
from .text import clean_line

log = logging.getLogger("distributor.isolation")

OnProgress = Callable[[str], None]  # is called with what a child is working on

# What the forkserver loads once for all children, what parses among it. Loading it in each would cost half a second.
_GATHERING = (
    "source_reader fetcher recheck sources.feed sources.folder sources.page discovery.probe extraction.article feeds "
    "front_matter listings.listing listings.pagination text_export watching"
)
_PRELOADED = [
    *("distributor.forkserver", "__main__"),
    *(f"distributor.gathering.{name}" for name in _GATHERING.split()),
    *("markdown_it", "nh3", "distributor.bounces.parser"),
    *("distributor.images.service", "distributor.images.resize"),
]


class ChildProcess:
    """A child process that calls one function as often as it is asked to, one call after the other.

    The function must be found by name in its module; its arguments are pickled; it returns bytes or what JSON can say.
    After a LimitExceeded the next call gets a new child. Safe to be killed from another thread, not to be called from two.
    """

    def __init__(self, function: Function, limits: ChildLimits = ChildLimits(), tell: OnProgress | None = None) -> None:
        self.function, self.limits = function, limits
        self._tell = tell or (lambda doing: None)
        self._process: Any = None
        self._pipe: Connection | None = None
        self._lifeline: Connection | None = None  # held open by us alone: the child ends when it closes
        self._killed = threading.Event()
        self._ending = threading.Lock()  # nobody ends the child through what another one is just closing

    def call(self, *arguments: object) -> Any:
        """What the function returns. Raises LimitExceeded, ChildFailed where it failed with a bug, and
        StartFailed where there is no child to call."""
        pipe = self._start()
        doing, late = "", threading.Event()

        def out_of_time() -> None:
            late.set()
            self._kill()

        timer = threading.Timer(self.limits.seconds, out_of_time)
        timer.daemon = True
        timer.start()
        try:
            pipe.send((clock.reading, arguments))
            while True:
                self._await(pipe)
                frame = pipe.recv_bytes(self.limits.answer)
                kind, body = frame[:1], frame[1:]
                if kind == Frame.DOING:
                    doing = body.decode("utf-8", "replace")
                    self._tell(doing)
                elif kind == Frame.LOG:
                    _log_here(body)
                else:
                    return self._result(kind, body)
        except (EOFError, OSError, ValueError, RecursionError) as error:
            reason = self._end(late=late.is_set(), error=error)
            raise LimitExceeded(reason, doing=doing) from None
        finally:
            timer.cancel()

    def kill(self) -> None:
        """End the child now, whatever it does; a call that waits for it raises LimitExceeded, and so does the next."""
        self._killed.set()
        self._kill()

    def close(self) -> None:
        """End the child. For the time after the last call."""
        if self._process is not None:
            self._kill()
            self._reap()

    def __enter__(self) -> ChildProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- inside ------------------------------------------------------------------------------------------------------

    def _start(self) -> Connection:
        if self._pipe is not None:
            return self._pipe
        try:
            pipe = self._fork()
        except (EOFError, OSError) as error:
            if isinstance(error, (EOFError, ConnectionError, FileNotFoundError)):
                _end_forkserver()  # killed, or its socket was cleared away: it would never come back by itself
            try:
                pipe = self._fork()
            except (EOFError, OSError) as again:
                raise StartFailed(f"no child process can be started: {again}") from None
        if self._killed.is_set():
            self._kill()
        return pipe

    def _fork(self) -> Connection:
        context = multiprocessing.get_context("forkserver")
        with _starting, contextlib.ExitStack() as theirs, contextlib.ExitStack() as ours:
            context.set_forkserver_preload(_PRELOADED)
            pipe, end = context.Pipe()
            ours.enter_context(pipe)
            theirs.enter_context(end)
            held, lifeline = context.Pipe(duplex=False)
            ours.enter_context(lifeline)
            theirs.enter_context(held)
            process = context.Process(
                target=serve, args=(end, held, self.function, self.limits), daemon=True, name="distributor-isolated"
            )
            process.start()
            ours.pop_all()
        self._process, self._pipe, self._lifeline = process, pipe, lifeline
        _begun.add(self)
        return pipe

    def _await(self, pipe: Connection) -> None:
        """Until the child has said something. Raises EOFError when it has ended: what it has started itself may still
        hold its end of the pipe, so that this end tells nothing."""
        process = self._process
        if pipe in wait([pipe, process.sentinel]):
            return
        try:
            os.kill(process.pid, 0)
        except ProcessLookupError:
            raise EOFError from None
        # It lives on: the forkserver has ended, and nobody will tell us any more when the child does.

    def _result(self, kind: bytes, body: bytes) -> Any:
        if kind == Frame.RESULT:
            return json.loads(body)
        if kind == Frame.BYTES:
            return body
        failure = json.loads(body)
        raise ChildFailed(str(failure["error"]), str(failure["trace"]))

    def _kill(self) -> None:
        """End the child and what it has started, and wake who waits for it."""
        with self._ending:
            process, pipe = self._process, self._pipe
            if process is None or process.pid is None:
                return
            for end in (os.killpg, os.kill):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    end(process.pid, signal.SIGKILL)
            if pipe is not None:
                with contextlib.suppress(OSError), socket.socket(fileno=os.dup(pipe.fileno())) as connection:
                    connection.shutdown(socket.SHUT_RDWR)

    def _reap(self) -> int | None:
        process = self._process
        with _starting:  # `start` polls all children; two polls at once would spoil each other's answer
            process.join(GRACE)
            code: int | None = process.exitcode
        with self._ending:
            ends = (self._pipe, self._lifeline)
            self._process = self._pipe = self._lifeline = None
            for one in ends:
                if one is not None:
                    one.close()
        return code

    def _end(self, *, late: bool, error: Exception) -> str:
        """Why a call came to nothing, when the child is gone."""
        alive_and_wrong = isinstance(error, (ValueError, RecursionError)) or "bad message length" in str(error)
        gone = not alive_and_wrong and not late and not self._killed.is_set()
        if gone:
            self._process.join(GRACE)  # so that its own exit code is reported, not the one that is made now
        self._kill()
        code = self._reap()
        if self._killed.is_set():
            return "was broken off"
        if late:
            return f"took longer than {self.limits.seconds:g} s to read"
        if alive_and_wrong:
            return f"gave more than {self.limits.answer // 1_000_000} MB, or what cannot be understood"
        if code == OUT_OF_MEMORY:
            return f"needs more than {self.limits.memory // (1024 * 1024)} MB of memory to read"
        if code in (-signal.SIGXCPU, -signal.SIGALRM):
            return f"took more than {self.limits.processor_seconds} s of computing to read"
        if code in (-signal.SIGKILL, -signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS):
            return f"ended its reader ({signal.Signals(-code).name}): too much memory, or a fault of a library"
        return f"ended its reader (exit code {code})"


class ChildFailed(Exception):
    """The function in the child failed with a bug: of ours, or of a newsroom's own source.

    The message is the error in a line; `trace` is the child's traceback.
    """

    def __init__(self, message: str, trace: str) -> None:
        super().__init__(message)
        self.trace = trace


def call_isolated(function: Function, *arguments: object, limits: ChildLimits = ChildLimits()) -> Any:
    """Call a function in a child process of its own. Blocks. Raises as `ChildProcess.call`."""
    with ChildProcess(function, limits=limits) as child:
        return child.call(*arguments)


async def call_isolated_async(
    function: Function,
    *arguments: object,
    limits: ChildLimits = ChildLimits(),
    threads: ThreadPoolExecutor | None = None,
    tell: OnProgress | None = None,
) -> Any:
    """The same for coroutines; who is cancelled kills the child. A thread waits for each child: those of `threads`, so that
    their number bounds that of the children, or else one of eight that all callers share. `tell` is called there.
    """
    child = ChildProcess(function, limits=limits, tell=tell)

    def call() -> Any:
        with child:
            return child.call(*arguments)

    try:
        return await asyncio.get_running_loop().run_in_executor(threads or _threads, call)
    except asyncio.CancelledError:
        child.kill()
        raise


_starting = threading.Lock()
_begun: weakref.WeakSet[ChildProcess] = weakref.WeakSet()
_threads = ThreadPoolExecutor(8, thread_name_prefix="isolated")


@atexit.register
def _kill_all() -> None:
    """Whoever is left when we exit: `multiprocessing` would ask them with SIGTERM, and wait for ever."""
    for child in list(_begun):
        child.kill()


def _end_forkserver() -> None:
    """See to it that the next child is forked from a new server. Children that are at work go on."""
    pid = getattr(forkserver._forkserver, "_forkserver_pid", None)
    if pid is not None:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # `multiprocessing` reaps it, and starts another


def _log_here(body: bytes) -> None:
    """A line that the child wrote to its log, in ours."""
    with contextlib.suppress(ValueError, TypeError):
        level, name, message = json.loads(body)
        logging.getLogger(clean_line(str(name))).log(int(level), "%s", clean_line(str(message)))
