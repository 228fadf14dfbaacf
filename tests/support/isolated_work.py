"""What the tests of child processes let children do. A module of its own, so that a child loads little."""

from __future__ import annotations

import logging
import os
import re
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from distributor import isolated_child, isolation
from distributor.images.resize import prepare_to_json
from distributor.isolated_child import processor_time
from distributor.model import Article
from distributor.source import Availability, Fetcher, FetchResult, Source


def double(number: int) -> int:
    return number * 2


def name_and_bytes(data: bytes) -> bytes:
    return data[::-1]


def who() -> int:
    return os.getpid()


def backtrack() -> bool:
    """A pattern that takes exponential time and holds the interpreter's lock."""
    isolated_child.report_progress("the long word")
    return bool(re.fullmatch(r"(a+)+b", "a" * 60))


def backtrack_a_little() -> str:
    try:
        with processor_time(0.2):
            return str(re.fullmatch(r"(a+)+b", "a" * 60))
    except Exception as error:
        return f"{type(error).__name__}: it {error}"


def take_memory(megabytes: int) -> int:
    return sum(len(piece) for piece in [bytearray(1_000_000) for _ in range(megabytes)])


def sleep(seconds: float) -> str:
    time.sleep(seconds)
    return "awake"


def sleep_as(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def say_much(octets: int) -> bytes:
    return b"x" * octets


def say_what_json_cannot() -> object:
    return object()


def die() -> None:
    os._exit(3)


def warn() -> None:
    logging.getLogger("distributor.somewhere").warning("the feed is odd: %s", "\x1b[31mred")


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def niceness() -> int:
    return os.nice(0)


def made_and_measured(body: bytes, shapes: Sequence[tuple[int, float, float]]) -> list[object]:
    """The most memory that this process has had in hand, in kB, and what a picture was made into."""
    answer = prepare_to_json(body, shapes)
    return [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, answer]


def leave_a_child_behind(file: str, *, wait: bool) -> None:
    """Start a process that lives on, and holds all that this one held."""
    pid = os.fork()
    if pid == 0:
        time.sleep(30)
        os._exit(0)
    Path(file).write_text(str(pid), encoding="ascii")
    if wait:
        time.sleep(30)
    os._exit(3)


def print_something() -> int:
    print("a newsroom's own source tells how it goes", flush=True)  # noqa: T201
    return 1


def call_what_says_its_number(file: str) -> None:
    isolation.call_isolated(say_number, file)


def say_number(file: str) -> None:
    """Then hold the interpreter's lock for ever, so that no thread of ours acts."""
    Path(file).write_text(str(os.getpid()), encoding="ascii")
    backtrack()


@dataclass(frozen=True, kw_only=True)
class Answering(Source):
    """Says of every article that it is gone, or ends its process, or says what is no answer."""

    how: str = ""

    async def gather(self, fetcher: Fetcher, now: datetime) -> FetchResult:
        return FetchResult()

    async def check_availability(self, fetcher: Fetcher, article: Article) -> Availability:
        if self.how == "dies":
            os._exit(3)
        if self.how == "leaves":
            raise SystemExit
        if self.how == "says nonsense":
            return Availability(object(), 5)  # type: ignore[arg-type]  # somebody's own file may do anything
        return Availability(False, "it was withdrawn by the editors")
