"""What many hosts on one PostgreSQL lose, and how fast they are.

    python benchmarks/fleet.py [--count 100000] [--connections 20] [--only hardship|queue|speed]

hardship  three hosts: one is killed and comes back, one is stopped for longer than its lease and goes on, one is cut off
          from the database for a minute; PostgreSQL is restarted; the clock of one host is an hour ahead (with libfaketime)
queue     the same three, undisturbed, but the queue of the engine is emptied by hand in the middle, twice
speed     one worker, two and three, and one process without tasks: emails a second, and their processor time

Each run begins with an edition that waits, and ends when nothing is open, without a hand. Counted are the messages that the
mail server has taken; `twice` is held against the rows that the ledger has listed as in doubt.

Where network namespaces may be made (as root), each host has one of its own, and is cut off by pulling its cable, which
closes no connection.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "tests")]

from distributor.storage.database import Database  # noqa: E402
from support.postgresql import Cluster, a_cluster  # noqa: E402
from torture import rounds  # noqa: E402
from torture.hosts import FAKETIME, Fleet, Host, Network, meanwhile, sink  # noqa: E402

FROZEN = 75  # seconds: longer than a lease
CUT = 60  # seconds without the database
ALLOWED = 900  # seconds for all of it
NAMESPACES = Network.allowed()  # each host in a network namespace of its own; else processes, and lines that are closed


@contextmanager
def arena(folder: Path, readers: int, connections: int) -> Iterator[tuple[rounds.Arena, Cluster]]:
    """A newsroom whose edition waits for so many readers, in a PostgreSQL of its own."""
    rounds.CONNECTIONS = connections
    cluster = a_cluster()
    if NAMESPACES:
        cluster.open_to(Network.ALL)
    try:
        cluster.start()
        made = rounds.Arena(folder / "newsroom", readers, new_store=cluster.new_store, copy_store=cluster.copy_of)
        made.prepare()
        yield made, cluster
    finally:
        cluster.remove()


@contextmanager
def fleet(made: rounds.Arena, name: str) -> Iterator[tuple[Fleet, Database]]:
    assert made.copy_store
    folder = made.folder.with_name(name)
    url = made.copy_store(made.url)
    import shutil

    shutil.copytree(made.folder, folder)
    log = folder.with_suffix(".log")
    database = Database.open(url, folder)
    with sink(log, "0.0.0.0" if NAMESPACES else "127.0.0.1") as port:
        made._configure(folder, url, port)
        running = Fleet(folder, url, log, NAMESPACES)
        try:
            yield running, database
        finally:
            running.close()
            database.close()


def later(seconds: float, what: object) -> None:
    assert callable(what)
    threading.Timer(seconds, what).start()


def hardship(made: rounds.Arena, cluster: Cluster) -> bool:
    readers = made.readers
    with fleet(made, "hardship") as (running, database):
        killed, frozen, cut = running.add(ahead=FAKETIME.exists()), running.add(), running.add()
        if not FAKETIME.exists():
            print("  libfaketime is not installed (Debian: faketime): no clock is ahead")
        for host in running.hosts:
            host.start()

        def kill() -> None:
            killed.signal(signal.SIGKILL)
            killed.start()

        def freeze() -> None:
            frozen.signal(signal.SIGSTOP)
            later(FROZEN, lambda: frozen.signal(signal.SIGCONT))

        def cut_off() -> None:
            cut.line.cut()
            later(CUT, cut.line.mend)

        def restart() -> None:
            cluster.stop("immediate")
            time.sleep(4)
            cluster.start()

        begun = time.monotonic()
        steps = [
            (readers // 10, kill),
            (readers * 2 // 10, freeze),
            (readers * 3 // 10, cut_off),
            (readers // 2, restart),
        ]
        meanwhile(steps, running)
        running.wait_until_done(database, ALLOWED)
        print(f"  done after {time.monotonic() - begun:.0f} s")
        time.sleep(max(0.0, FROZEN - (time.monotonic() - begun)) + 5)  # the frozen one wakes up and may do harm
        return report(running, database)


def emptied(made: rounds.Arena) -> bool:
    readers = made.readers
    with fleet(made, "queue") as (running, database):
        for _ in range(3):
            running.add().start()

        def empty() -> None:
            with database.write() as connection:
                connection.execute(sa.text("TRUNCATE procrastinate_jobs CASCADE"))

        begun = time.monotonic()
        meanwhile([(readers // 4, empty), (readers // 2, empty)], running)
        running.wait_until_done(database, ALLOWED)
        print(f"  done after {time.monotonic() - begun:.0f} s")
        return report(running, database)


def report(running: Fleet, database: Database) -> bool:
    verdict = running.judge(database)
    print(
        f"  {verdict.readers:,} readers: lost {len(verdict.lost)}, twice {len(verdict.twice)}, of those never in doubt "
        f"{len(verdict.unexplained)}, left to staff {len(verdict.held)}, open {verdict.still_open}"
    )
    codes = [host.stop() for host in running.hosts]
    print(f"  exit codes of the workers: {codes}")
    for host in running.hosts:
        text = (host.folder / "worker.log").read_text()
        if "Traceback" in text:
            print(f"  a traceback in {host.folder}/worker.log:")
            print(text[text.index("Traceback") :][:3000])
            return False
    return verdict.good


def speed(made: rounds.Arena) -> bool:
    """Workers by tasks, and one process that looks into the ledger by itself: the difference is what the engine costs."""
    for number, command in ((1, "worker"), (1, "deliver"), (2, "worker"), (3, "worker")) * 2:
        with fleet(made, f"speed-{time.monotonic_ns()}") as (running, database):
            for _ in range(number):
                running.add().start(command)
            running.wait_for(made.readers // 20)
            before, seen, cpu = time.monotonic(), running.seen(), [cpu_of(host) for host in running.hosts]
            running.wait_for(made.readers * 19 // 20, ALLOWED)
            seconds, sent = time.monotonic() - before, running.seen() - seen
            used = sum(cpu_of(host) - one for host, one in zip(running.hosts, cpu, strict=True))
            running.wait_until_done(database, ALLOWED)
            print(
                f"  {number} × {command}: {sent / seconds:,.0f} emails/s, {used / sent * 1e6:,.0f} µs of processor each"
            )
            if not report(running, database):
                return False
    return True


def cpu_of(host: Host) -> float:
    """Seconds of processor that a worker has used so far."""
    assert host.process
    fields = Path(f"/proc/{host.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--connections", type=int, default=20)
    parser.add_argument("--only", choices=["hardship", "queue", "speed"], action="append")
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    wanted = options.only or ["hardship", "queue", "speed"]
    good = True
    with (
        tempfile.TemporaryDirectory(dir=Path(__file__).parents[1] / "var") as folder,
        arena(Path(folder), options.count, options.connections) as (made, cluster),
    ):
        runs = {
            "hardship": lambda: hardship(made, cluster),
            "queue": lambda: emptied(made),
            "speed": lambda: speed(made),
        }
        for name in wanted:
            print(f"{name}:")
            good &= runs[name]()
    raise SystemExit(0 if good else 1)


if __name__ == "__main__":
    main()
