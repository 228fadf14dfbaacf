"""Where the processor time of a delivery goes: recorded in every thread, shared out among groups of modules.

What a thread waits for is not counted, a lock as little as the disk: the clock is that of the thread. Functions of C and
of libraries that belong to no group are charged to those who call them. Recording itself takes time, most of all around
small functions: the shares show where to look, not how fast it is.
"""

from __future__ import annotations

import contextlib
import cProfile
import functools
import pstats
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

Function = tuple[str, int, str]  # file, line, name
Numbers = tuple[int, int, float, float]  # of calls, own time, time with what it calls
Stats = Mapping[Function, tuple[int, int, float, float, Mapping[Function, Numbers]]]

# What stands first holds.
GROUPS = {
    "dkim": ("/mail/dkim.py", "/mail/signing.py", "/mail/keys.py", "/cryptography/"),
    "splice": ("/mail/splice.py", "/mail/message.py", "/mail/address.py", "/distributor/merge_fields.py", "/channels/"),
    "wire": ("/distributor/mail/", "'_socket.socket'", "'_ssl."),
    "people": ("/distributor/subscribers/",),
    "ledger": (
        "/distributor/delivery/",
        "/distributor/editions/",
        "/distributor/model.py",
        "/distributor/message_queue.py",
    ),
    "store": ("/sqlalchemy/", "'sqlite3.", "/distributor/storage/", "/psycopg"),
    "asyncio": ("/asyncio/", "/selectors.py", "'select.epoll'", "'_asyncio.", "/concurrent/futures/", "/uvloop/"),
}
_DEPTH = 8  # callers of callers that are asked whose a function of a library is


class Recorder:
    """Records all threads that begin between `with` and its end, and this one, into a file for `pstats`."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._profiles: list[cProfile.Profile] = []

    def __enter__(self) -> Recorder:
        threading.setprofile(self._begin)
        self._begin()
        return self

    def _begin(self, *_: object) -> None:
        profile = cProfile.Profile(time.thread_time)
        with contextlib.suppress(ValueError):  # from Python 3.12 on the first one hears of all threads
            profile.enable()
            self._profiles.append(profile)

    def __exit__(self, *_: object) -> None:
        threading.setprofile(None)
        self._profiles[0].disable()
        pstats.Stats(*self._profiles).dump_stats(self._file)


class Profile:
    """What a recorder has written."""

    def __init__(self, file: Path) -> None:
        self.stats: Stats = pstats.Stats(str(file)).stats  # type: ignore[attr-defined]
        self.seconds = sum(numbers[2] for numbers in self.stats.values())

    def groups(self) -> dict[str, float]:
        """The share of each group, largest first."""
        spent: defaultdict[str, float] = defaultdict(float)
        for function, (_, _, own, _, _) in self.stats.items():
            for group, part in self._owners(function, _DEPTH).items():
                spent[group] += own * part
        largest_first = sorted(spent.items(), key=lambda item: -item[1])
        return {group: seconds / self.seconds for group, seconds in largest_first}

    def lines(self) -> list[str]:
        """For reading: the groups, the top 25 by own time, and our own functions with what they call."""
        heads = f"{'seconds':>9} {'share':>6} {'calls':>10}  function"
        groups = [f"  {group:<8} {share:6.1%}" for group, share in self.groups().items()]
        ours = [one for one in self.stats if any(room in one[0] for room in ("/distributor/", "/channels/"))]
        return [
            f"{self.seconds:.2f} s of processor time in all threads, recording included; by group:", *groups,
            "", "By own time:", heads, *self._table(list(self.stats), 2, 25),
            "", "Our own functions, with what they call:", heads, *self._table(ours, 3, 30),
        ]  # fmt: skip

    def _table(self, functions: list[Function], column: int, count: int) -> list[str]:
        def spent(function: Function) -> float:
            seconds = self.stats[function][column]
            assert isinstance(seconds, float)
            return seconds

        return [
            f"{spent(one):9.2f} {spent(one) / self.seconds:6.1%} {self.stats[one][1]:10,}  {_name(one)}"
            for one in sorted(functions, key=spent, reverse=True)[:count]
        ]

    @functools.cache  # noqa: B019 - lives as long as the program
    def _owners(self, function: Function, depth: int) -> dict[str, float]:
        """The groups that a function's own time is charged to, and their parts of it."""
        where = f"{function[0]} {function[2]}"
        for group, marks in GROUPS.items():
            if any(mark in where for mark in marks):
                return {group: 1.0}
        callers = self.stats[function][4] if depth else {}
        weights = {caller: numbers[2] for caller, numbers in callers.items() if numbers[2] > 0}
        owners: defaultdict[str, float] = defaultdict(float)
        for caller, weight in weights.items():
            for group, part in self._owners(caller, depth - 1).items():
                owners[group] += part * weight / sum(weights.values())
        return owners or {"other": 1.0}


def _name(function: Function) -> str:
    file, line, name = function
    if file == "~":
        return name
    parts = Path(file).parts
    return f"{'/'.join(parts[-2:])}:{line} {name}"
