"""Copying a store with many subscribers from SQLite to PostgreSQL and back.

    python benchmarks/store_copy.py [--count 200000] [--url postgresql+psycopg://user@host/empty_database]

Beside it stands the least that the same rows can cost: INSERT ... SELECT by the sqlite3 module into the same tables with the
same indexes, in one transaction, nothing read again or compared. Without --url the copy goes into another file of SQLite
only. Writes var/bench-store_copy.json.
"""

from __future__ import annotations

import argparse
import json
import resource
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from distributor import pipeline
from distributor.storage.database import Database
from distributor.storage.tables import subscribers, subscriptions

NOW = datetime(2026, 11, 30, tzinfo=UTC)
TABLES = ("subscribers", "subscriptions")


def fill(store: Database, count: int) -> None:
    """Each with one subscription: two rows."""
    with store.write(long=True) as connection:
        for first in range(0, count, 5000):
            numbers = range(first, min(first + 5000, count))
            people = [
                {
                    "id": f"{number:032x}", "address": f"Reader.{number:x}@example.vn", "language": "vi",
                    "address_key": f"reader.{number:x}@example.vn", "name": "Nguyễn Thị Lan", "topics": ["Kinh tế"],
                    "topics_key": "kinh-te", "consent": "form, 2026-01", "created": NOW, "attributes": {"xã": "Tân Lập"},
                }
                for number in numbers
            ]  # fmt: skip
            connection.execute(sa.insert(subscribers), people)
            lists = [{"subscriber_id": one["id"], "newsletter": "tin-sang", "since": NOW} for one in people]
            connection.execute(sa.insert(subscriptions), lists)


@dataclass
class Taken:
    """Seconds: on the clock, and of this process on a processor, without those of a server of PostgreSQL."""

    elapsed: float
    computing: float

    @classmethod
    @contextmanager
    def measured(cls) -> Iterator[Taken]:
        taken = cls(-time.perf_counter(), -time.process_time())
        yield taken
        taken.elapsed += time.perf_counter()
        taken.computing += time.process_time()


def ours(folder: Path, source: str, target: str) -> Taken:
    with closing(Database.open(source, folder)) as reading, closing(Database.open(target, folder)) as writing:
        writing.migrate()
        with Taken.measured() as taken:
            pipeline.copy_store(reading, writing, NOW)
    return taken


def least(folder: Path, source: str, target: str) -> Taken:
    with closing(Database.open(f"sqlite:///{target}", folder)) as empty:
        empty.migrate()
    with closing(sqlite3.connect(folder / target)) as connection:
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("ATTACH ? AS source", (str(folder / source),))
        with Taken.measured() as taken, connection:
            for table in TABLES:
                connection.execute(f"INSERT INTO main.{table} SELECT * FROM source.{table}")
    return taken


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--url", default="")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with closing(Database.open("sqlite:///first.db", folder)) as store:
            store.migrate()
            fill(store, given.count)
        bare = least(folder, "first.db", "bare.db")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        ways = {"sqlite to sqlite": ours(folder, "sqlite:///first.db", "sqlite:///second.db")}
        if given.url:
            ways["sqlite to postgresql"] = ours(folder, "sqlite:///second.db", given.url)
            ways["postgresql to sqlite"] = ours(folder, given.url, "sqlite:///third.db")
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak
    rows = len(TABLES) * given.count
    result: dict[str, Any] = {"rows": rows, "grown_mb": round(grown / 1024, 1)}
    print(f"{rows:,} rows; memory grew by {grown / 1024:.1f} MB")
    for way, taken in {"bare INSERT ... SELECT": bare, **ways}.items():
        result[way] = {
            "rows_per_second": round(rows / taken.elapsed),
            "times_bare": round(taken.elapsed / bare.elapsed, 2),
            "times_bare_computing": round(taken.computing / bare.computing, 2),
        }
        print(
            f"{way}: {rows / taken.elapsed:,.0f} rows/s; {taken.elapsed / bare.elapsed:.1f} times as long as bare, "
            f"{taken.computing / bare.computing:.1f} times the processor time of this process"
        )
    Path("var").mkdir(exist_ok=True)
    Path("var/bench-store_copy.json").write_text(json.dumps(result, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
