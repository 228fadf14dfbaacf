"""A process that delivers what is due on a network and kills itself at a moment that is told to it.

    WorkerServer ──run──▶ python -m support.killed_worker, with all modules loaded ──fork──▶ a process for each run

To load the modules takes longer than to deliver: it is done once, and not by `multiprocessing.forkserver`, which
does not find the modules of tests.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import pickle
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import aiohttp  # noqa: F401  loaded before any process begins
import psycopg  # noqa: F401
from pydantic import TypeAdapter

from distributor.attempt import PreparedImage
from distributor.delivery.attempts import StoredSteps
from distributor.delivery.ledger import Ledger
from distributor.delivery.message_worker import DeliveryRules
from distributor.delivery.post_worker import _RenditionDelivery
from distributor.delivery.worker import DeliveryWorker
from distributor.http_client import HttpClient
from distributor.model import Edition
from distributor.storage.database import Database

JPEG = PreparedImage(b"\xff\xd8\xff\xe0" + b"x" * 2000, "image/jpeg", 1200, 630)


@dataclass(frozen=True)
class Run:
    """What a process is to do: on which store, with which channel, at what time. `killed_at` is the moment at which it kills
    itself: before each request and after each answer, and after each step and renewal that is written; 0 for never.
    `begun` is when it was `now` by time.monotonic(), which all processes of a machine share: their clocks agree."""

    store: str
    module: str
    settings: dict[str, Any]
    now: datetime
    killed_at: int = 0
    begun: float = field(default_factory=time.monotonic)


@dataclass(frozen=True)
class Ended:
    """How processes have ended: their exit codes, and how many moments one had that was not killed."""

    codes: list[int]
    moments: int


class WorkerServer:
    """Starts processes that have all modules from the beginning."""

    def __init__(self) -> None:
        folders = os.pathsep.join(path for path in sys.path if path)
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": folders},
        )  # fmt: skip

    def deliver(self, run: Run, among: int = 1) -> Ended:
        """Let so many processes do it at once, until all have ended."""
        assert self._process.stdin and self._process.stdout
        pickle.dump((run, among), self._process.stdin)
        self._process.stdin.flush()
        ended = pickle.load(self._process.stdout)
        assert isinstance(ended, Ended)
        return ended

    def close(self) -> None:
        with self._process:
            self._process.kill()


def serve(asked: BinaryIO, answers: BinaryIO) -> None:
    """Until it is killed, or its parent has ended."""
    for module in ("bluesky", "facebook", "zalo"):
        importlib.import_module(f"distributor.channels.{module}")
    while True:
        try:
            run, among = pickle.load(asked)
        except EOFError:
            return
        reading, writing = os.pipe()
        pids = [os.fork() or _end(run, writing) for _ in range(among)]
        os.close(writing)
        codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
        with os.fdopen(reading, "rb") as told:
            moments = int(told.readline() or 0)
        pickle.dump(Ended(codes, moments), answers)
        answers.flush()


def _end(run: Run, told: int) -> NoReturn:
    """In a process of its own. One that hangs is ended by its alarm, and found by its exit code."""
    signal.alarm(120)
    try:
        os.write(told, b"%d\n" % deliver(run))
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def deliver(run: Run) -> int:
    """Run it; how many moments there were."""
    moments = 0

    def moment() -> None:
        nonlocal moments
        moments += 1
        if moments == run.killed_at:
            os.kill(os.getpid(), signal.SIGKILL)

    setattr(_RenditionDelivery, "_wait_for_turn", _at_once)  # noqa: B010  its clock stands still
    _watch(HttpClient, "_exchange", moment, before=True)
    _watch(StoredSteps, "_write", moment)
    _watch(Database, "write_in_thread", moment)
    asyncio.run(_work(run))
    return moments


async def _at_once(work: object) -> bool:
    return True


def _watch(cls: type, name: str, moment: Callable[[], None], *, before: bool = False) -> None:
    inner: Callable[..., Awaitable[Any]] = getattr(cls, name)

    async def watched(*arguments: Any, **named: Any) -> Any:
        if before:
            moment()
        result = await inner(*arguments, **named)
        moment()
        return result

    setattr(cls, name, watched)


async def _work(run: Run) -> None:
    async def read_image(edition: Edition, url: str) -> PreparedImage | None:
        return JPEG

    adapters: Any = importlib.import_module(f"distributor.channels.{run.module}")
    channel = TypeAdapter(getattr(adapters, run.module.capitalize())).validate_python(run.settings)
    database = Database.open(run.store, Path("/"))
    worker = DeliveryWorker(
        ledger=Ledger(database),
        channels={channel.name: channel},
        rules=DeliveryRules(
            look_up_recipients=lambda *_: {},
            resend=lambda _: False,
            clock=lambda: run.now + timedelta(seconds=time.monotonic() - run.begun),
            chance=lambda: 0.5,
            read_image=read_image,
        ),
    )
    try:
        await worker.run()
    finally:
        worker.close()
        database.close()


if __name__ == "__main__":
    requests, results = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what anybody prints is no answer
    import support.killed_worker

    support.killed_worker.serve(requests, results)
