"""What bad sources cost those who send: `serve` delivers an edition while it reads sources, good ones alone and with bad
ones beside them.

    python benchmarks/beside.py [--count 20000] [--rounds 3]

Bad are six feeds that drip, an answer that never ends, and a feed whose one long word keeps patterns busy. Within a round
both take turns; what counts is the ratio of the rates. It also prints how late slots were answered (each full minute),
how long SIGTERM took, which good sources were read, and what the log said of the bad ones. Needs smtp-sink.
"""

from __future__ import annotations

import argparse
import json
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa
import yaml
from delivery_newsroom import CHECKOUT, BenchmarkNewsroom, SqliteStore, Way
from delivery_servers import running, sink

from distributor.storage.database import Database
from distributor.storage.tables import articles, deliveries, editions, slots

HERE = Path(__file__).parent
SLOTS = 70.0  # seconds that each run serves at least: one full minute comes to pass in any case
BAD = ("drip0", "drip1", "drip2", "drip3", "drip4", "drip5", "endless", "word")
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


@dataclass(frozen=True, slots=True)
class Run:
    """One run of `serve`: letters a second, seconds that slots were late, seconds until it had stopped."""

    rate: float
    late: tuple[float, ...]
    stopped: float
    read: frozenset[str]
    told: Counter[str]


def served(newsroom: BenchmarkNewsroom, way: Way, sources: dict[str, int]) -> Run:
    newsroom.store.restore()
    newsroom.lead(way)
    config = yaml.safe_load(newsroom.config.read_text(encoding="utf-8"))
    feed = {"type": "feed", "allow_private": True, "every": "15m"}
    config["sources"] |= {name: feed | {"url": f"http://127.0.0.1:{port}/rss"} for name, port in sources.items()}
    (newsletter,) = config["newsletters"].values()
    newsletter["schedule"] = "* * * * *"
    newsletter.pop("quiet_hours", None)
    newsletter.pop("days_off", None)
    newsroom.config.write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
    log = newsroom.folder / "serve.log"
    started, begun = datetime.now(ZONE), time.monotonic()
    with log.open("w", encoding="utf-8") as out:
        command = [sys.executable, "-m", "distributor", "-c", str(newsroom.config), "serve"]
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, cwd=newsroom.folder)
        while time.monotonic() < begun + SLOTS or open_deliveries(newsroom):
            time.sleep(1)
            if process.poll() is not None:
                raise SystemExit(f"error: serve ended by itself:\n{log.read_text(encoding='utf-8')}")
        asked = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(600)
    stopped = time.monotonic() - asked
    return look(newsroom, started, stopped, log.read_text(encoding="utf-8"))


def store(newsroom: BenchmarkNewsroom) -> Database:
    return Database.open(newsroom.store.url, newsroom.folder)


def open_deliveries(newsroom: BenchmarkNewsroom) -> int:
    opened = store(newsroom)
    with opened.read() as connection:
        query = sa.select(sa.func.count()).where(deliveries.c.state != "sent")
        count = connection.execute(query.select_from(deliveries)).scalar_one()
    opened.close()
    return int(count)


def look(newsroom: BenchmarkNewsroom, started: datetime, stopped: float, log: str) -> Run:
    opened = store(newsroom)
    with opened.read() as connection:
        first = sa.select(editions.c.id).order_by(editions.c.frozen_at).limit(1).scalar_subquery()
        query = sa.select(sa.func.min(deliveries.c.updated), sa.func.max(deliveries.c.updated))
        times = connection.execute(query.where(deliveries.c.edition_id == first)).one()  # slots make editions, too
        decided = connection.execute(
            sa.select(slots.c.slot, slots.c.decided_at).where(slots.c.slot.regexp_match(r"^\d{4}-\d\d-\d\dT\d\d:\d\d$"))
        ).all()
        read = frozenset(connection.execute(sa.select(articles.c.source).distinct()).scalars())
    opened.close()
    due = ((datetime.fromisoformat(row.slot).replace(tzinfo=ZONE), row.decided_at) for row in decided)
    late = tuple((decided - slot).total_seconds() for slot, decided in due if slot > started)  # others were missed
    told = Counter(re.findall(r"source (drip\d|endless|word): ", log))
    seconds = (times[1] - times[0]).total_seconds()
    return Run(newsroom.readers / seconds, late, stopped, read, told)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=20)
    options = parser.parse_args()
    where = CHECKOUT / "var"
    where.mkdir(exist_ok=True)
    ratios = []
    with tempfile.TemporaryDirectory(prefix="beside-", dir=where) as folder, sink() as port:
        newsroom = BenchmarkNewsroom.prepare(Path(folder), SqliteStore(Path(folder) / "store.db"), options.count)
        way = Way(port, options.connections)
        with running([sys.executable, str(HERE / "hostile_servers.py")], stdout=subprocess.PIPE) as servers:
            assert servers.stdout is not None
            ports = json.loads(servers.stdout.readline())
            good = {name: ports[name] for name in ports if name not in BAD}
            for number in range(options.rounds):
                alone, beside = served(newsroom, way, good), served(newsroom, way, ports)
                ratios.append(beside.rate / alone.rate)
                print(f"round {number + 1}: {alone.rate:,.0f}/s alone, {beside.rate:,.0f}/s beside bad sources")
                for name, run in (("alone", alone), ("beside", beside)):
                    late = ", ".join(f"{one:.2f}" for one in run.late)
                    print(f"  {name}: slots late by {late} s; SIGTERM took {run.stopped:.1f} s")
                print(f"  read: {', '.join(sorted(beside.read & set(ports)))}; told: {dict(beside.told)}")
    print(f"sending beside bad sources / sending alone: {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
