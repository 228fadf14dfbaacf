"""A year of a newsroom in minutes: the real service by a clock that is moved by hand (`simulated_newsroom`).

    python benchmarks/year_of_a_newsroom.py [--days 366] [--subscribers 5000] [--from 2028-01-01] [--step 1] [--store URL]

Ten articles a day; people sign up and leave; the mail server fails, the service stops, restarts and is killed; time zones
with summer time, a leap day, Tết. Every day it is compared with what has to be: one edition for each slot, everybody once,
nobody after leaving, the ledger as the mail server has it. At the end each article once. It prints what was counted, what
was wrong, seconds for a simulated day over the year, memory, the size of each table, and the slowest statements. The store
lies in a new folder below `--folder`; ends with 1 if anything was wrong. Ctrl-C ends it after
the present day, with the figures so far.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from simulated_newsroom import SimulatedNewsroom
from simulated_outcome import Findings

from distributor.storage.all_tables import metadata

_PARTS = 6  # into which the days are divided, to see whether they become slower
_SHOWN = 12  # statements and tables


class Statements:
    """How long each statement takes, by its text."""

    def __init__(self) -> None:
        self.taken: dict[str, list[float]] = defaultdict(lambda: [0, 0.0, 0.0])  # number, seconds, longest
        sa.event.listen(sa.Engine, "before_cursor_execute", self._before)
        sa.event.listen(sa.Engine, "after_cursor_execute", self._after)

    def _before(self, connection: sa.Connection, *_: Any) -> None:
        connection.info["began"] = time.perf_counter()

    def _after(self, connection: sa.Connection, _cursor: Any, statement: str, *_: Any) -> None:
        seconds = time.perf_counter() - connection.info["began"]
        kept = self.taken[" ".join(statement.split())[:150]]
        kept[0], kept[1], kept[2] = kept[0] + 1, kept[1] + seconds, max(kept[2], seconds)

    def show(self) -> None:
        print("\nslowest statements: longest, number, together")
        for text, (number, total, longest) in sorted(self.taken.items(), key=lambda one: -one[1][2])[:_SHOWN]:
            print(f"  {longest * 1000:8.1f} ms {number:9,.0f} {total:8.1f} s  {text}")


def memory() -> float:
    """Of this process now, in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def show_store(connection: sa.Connection) -> None:
    """Rows and size of the largest tables, with their indexes."""
    rows = {
        name: connection.execute(sa.select(sa.func.count()).select_from(one)).scalar_one()
        for name, one in metadata.tables.items()
    }
    sizes: dict[str, int] = {}
    if connection.dialect.name == "postgresql":
        for name in rows:
            sizes[name] = connection.execute(
                sa.text("SELECT pg_total_relation_size(:name)"), {"name": name}
            ).scalar_one()
    else:
        query = (
            "SELECT m.tbl_name, SUM(s.pgsize) FROM dbstat s JOIN sqlite_master m ON m.name = s.name GROUP BY m.tbl_name"
        )
        try:
            sizes = {row[0]: row[1] for row in connection.execute(sa.text(query))}
        except sa.exc.OperationalError:  # an SQLite that was built without dbstat
            print("\n(this SQLite does not tell the size of tables)")
    print("\ntables: MB with indexes, rows")
    for name in sorted(rows, key=lambda one: (-sizes.get(one, 0), -rows[one]))[:_SHOWN]:
        print(f"  {sizes.get(name, 0) / 1e6:8.1f} {rows[name]:10,}  {name}")


@dataclass
class Days:
    """What each day took: seconds of the processor, and the memory of the process at its end, in MB."""

    seconds: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)

    def show(self) -> None:
        """In parts."""
        size = max(1, len(self.seconds) // _PARTS)
        print("processor seconds for a day, median; memory at the end, MB:")
        for start in range(0, len(self.seconds), size):
            part = self.seconds[start : start + size]
            end = start + len(part)
            print(f"  days {start + 1:3} to {end:3}: {statistics.median(part):6.2f} s {self.memory[end - 1]:7.1f} MB")


def live(room: SimulatedNewsroom, days: int) -> Days:
    """So many days, or fewer where somebody presses Ctrl-C."""
    lived, stopped = Days(), list[int]()
    signal.signal(signal.SIGINT, lambda number, _: stopped.append(number))
    for number in range(days):
        began = time.process_time()
        room.day()
        lived.seconds.append(time.process_time() - began)
        lived.memory.append(memory())
        print(f"\r{number + 1} days, {len(room.findings.wrong)} wrong", end="", file=sys.stderr, flush=True)
        if stopped:
            break
    return lived


def show_findings(found: Findings) -> None:
    print("\ncounted:", ", ".join(f"{number:,} {what}" for what, number in found.counts.most_common()))
    told = ", ".join(f"{number} {what}" for what, number in found.alerts.most_common())
    print("alerts to staff:", told or "none")
    print(f"\nwrong: {len(found.wrong)}")
    for line in found.wrong[:20]:
        print(f"  {line}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--days", type=int, default=366)
    parser.add_argument("--subscribers", type=int, default=5000)
    parser.add_argument("--from", dest="begin", type=date.fromisoformat, default=date(2028, 1, 1))
    parser.add_argument("--step", type=int, default=1, help="hours between two ticks")
    parser.add_argument("--zone", default="Europe/Berlin", help="of the newsletter that goes out at 02:30")
    parser.add_argument("--store", default="", help="an empty PostgreSQL; an SQLite file in a new folder if left out")
    parser.add_argument("--folder", type=Path, default=None)
    return parser.parse_args()


def main() -> int:
    given = _arguments()
    logging.disable(logging.CRITICAL)
    folder = Path(tempfile.mkdtemp(prefix="year-", dir=given.folder))
    statements = Statements()
    room = SimulatedNewsroom(
        folder, given.begin, subscribers=given.subscribers, zone=given.zone, store=given.store, step=given.step
    )
    lived = live(room, given.days)
    room.compare_all()
    lived.show()
    with room.start().database.read(long=True) as connection:
        show_store(connection)
    statements.show()
    room.stop()
    show_findings(room.findings)
    return 1 if room.findings.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
