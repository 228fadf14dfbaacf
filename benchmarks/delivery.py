"""How fast an edition is delivered: by us, by Postfix's own load generator, and as most scripts do it.

    python benchmarks/delivery.py [a b c d e l p] [--count 100000] [--rounds 3] [--connections 40] [--full]

    a  to a server on this machine, against smtp-source and smtplib      b  the same over a line with 50 ms of round trip
    c  10,000, 100,000 and (with --full) 1,000,000 readers: does it stay flat?
    d  with signatures (DKIM, RSA-2048), against the bare rate of signing
    e  with PostgreSQL instead of SQLite                                 p  where the processor time goes (or --profile)
    l  what the ledger takes of it: beside the same emails from memory, of which nothing is written down

Ours begins with an edition that is frozen and promised, and ends when the last outcome is committed. It writes down every
letter twice in a store that survives a power cut, and makes each one for its reader; its rivals remember nothing. Within
a round all take turns, and what counts is the ratio: the median of the rounds. Needs smtp-sink (Debian: postfix).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from delivery_newsroom import BenchmarkNewsroom, SqliteStore, Store, Way
from delivery_profile import Profile
from delivery_servers import (
    PostgresStore,
    cluster,
    letterbox,
    postgresql,
    program,
    round_trip_of,
    running,
    sink,
    slow_line,
)
from delivery_watch import Watch

HERE = Path(__file__).parent
ROUND_TRIP = 0.05  # seconds that the slow line adds
LARGEST = 1_000_000
SIGNATURES = 2_000  # of bare signing
PARTS = {"a": "local", "b": "distant", "c": "flat", "d": "signed", "e": "postgresql", "l": "ledger", "p": "profile"}


@dataclass(frozen=True, slots=True)
class Run:
    """What one run took. `cpu_seconds` and `peak_mb` are of our own processes, those they start included."""

    sent: int
    seconds: float
    cpu_seconds: float
    peak_mb: float

    @property
    def rate(self) -> float:
        return self.sent / self.seconds


@dataclass
class Bench:
    """What the parts share: the options, servers that run, newsrooms that are ready, and a letter as it travels."""

    options: argparse.Namespace
    folder: Path
    port: int = 0  # of smtp-sink
    letter: Path = Path()
    _newsrooms: dict[tuple[int, str], BenchmarkNewsroom] = field(default_factory=dict)

    def prepare(self, readers: int, store: Store | None = None) -> BenchmarkNewsroom:
        """A newsroom whose edition waits for so many subscribers; made once for each store."""
        folder = self.folder / f"{readers}{'-other' if store else ''}"
        place = store or SqliteStore(folder / "store.db")
        key = (readers, place.url)
        if key not in self._newsrooms:
            say(f"(preparing {readers:,} readers ...)")
            self._newsrooms[key] = BenchmarkNewsroom.prepare(folder, place, readers)
        return self._newsrooms[key]

    def way(self, port: int | None = None, key: Path | None = None) -> Way:
        return Way(port or self.port, self.options.connections, self.options.messages_per_connection, key)

    def ours(self, newsroom: BenchmarkNewsroom, way: Way, *more: str, workers: int = 1) -> Run:
        """Deliver an edition from the store as it was put aside. Ends the program where a letter was not sent."""
        newsroom.store.restore()
        newsroom.lead(way)
        run = measured([sys.executable, str(HERE / "delivery_ours.py"), str(newsroom.config), *more], workers)
        if run.sent != newsroom.readers:
            raise SystemExit(
                f"error: {run.sent} of {newsroom.readers} letters were sent; `distributor deliveries` tells why"
            )
        return run

    def smtplib(self, kind: str, messages: int, connections: int, port: int | None = None) -> Run:
        words = [kind, str(port or self.port), str(messages), str(connections), str(self.letter)]
        return measured([sys.executable, str(HERE / "delivery_rivals.py"), *words])

    def smtp_source(self, messages: int) -> Run:
        """Postfix's load generator: as many messages of the same size over as many connections, which it keeps open."""
        size, connections = self.letter.stat().st_size, self.options.connections
        words = ["-d", "-N", "-s", str(connections), "-m", str(messages), "-l", str(size), f"127.0.0.1:{self.port}"]
        with Watch() as watch:
            subprocess.run([program("smtp-source") or "", *words], check=True)
        return Run(messages, watch.seconds, watch.cpu_seconds, 0)


def measured(command: Sequence[str], copies: int = 1) -> Run:
    """Run a program of ours, whose last line says what it took, and watch its memory and that of what it starts. Several
    copies are taken together: from the first one's beginning to the last one's end."""
    peak, said = 0.0, []
    with contextlib.ExitStack() as stack:
        outs = [stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8")) for _ in range(copies)]
        processes = [stack.enter_context(running(command, stdout=out)) for out in outs]
        while any(process.poll() is None for process in processes):
            peak = max(peak, sum(memory(process.pid) for process in processes))
            time.sleep(0.05)
        for process, out in zip(processes, outs, strict=True):
            out.seek(0)
            lines = out.read().splitlines()
            if process.returncode or not lines:
                raise SystemExit(f"error: {' '.join(command)} ended with {process.returncode}")
            said.append(json.loads(lines[-1]))
    seconds = max(one["span"][1] for one in said) - min(one["span"][0] for one in said)
    return Run(sum(one["sent"] for one in said), seconds, sum(one["cpu_seconds"] for one in said), peak)


def memory(pid: int) -> float:
    """Megabytes in memory of a process and those it has started (Linux; 0 elsewhere)."""
    pages = 0
    with contextlib.suppress(OSError, ValueError, IndexError):
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6 + sum(memory(int(child)) for child in children)
    return 0.0


def in_turns(rounds: int, rivals: Mapping[str, Callable[[], Run]]) -> dict[str, list[Run]]:
    """Each rival once in every round."""
    runs: dict[str, list[Run]] = {name: [] for name in rivals}
    for _ in range(rounds):
        for name, work in rivals.items():
            runs[name].append(work())
    return runs


def median(runs: Sequence[Run], figure: Callable[[Run], float]) -> float:
    return statistics.median(figure(run) for run in runs)


def summary(runs: Mapping[str, Sequence[Run]], ours: str = "ours") -> list[dict[str, Any]]:
    """One row for each rival; `ours_is` is how many times as fast ours was in the same round."""
    return [
        {
            "who": name,
            "messages": some[0].sent,
            "per_second": round(median(some, lambda run: run.rate), 1),
            "per_cpu_second": round(median(some, lambda run: run.sent / run.cpu_seconds), 1),
            "peak_mb": round(median(some, lambda run: run.peak_mb), 1) or None,
            "ours_is": round(statistics.median(a.rate / b.rate for a, b in zip(runs[ours], some, strict=True)), 2),
        }
        for name, some in runs.items()
    ]


# -- the parts ---------------------------------------------------------------------------------------------------------


def local(bench: Bench) -> list[dict[str, Any]]:
    options = bench.options
    newsroom = bench.prepare(options.count)
    few = min(options.count, options.slow_count)
    many, cores = options.connections, os.cpu_count() or 1
    runs = in_turns(options.rounds, {
        "ours": lambda: bench.ours(newsroom, bench.way()),
        f"ours, {cores} workers": lambda: bench.ours(newsroom, bench.way(), workers=cores),
        "smtp-source": lambda: bench.smtp_source(options.count),
        "smtplib, ready bytes, 1 connection": lambda: bench.smtplib("ready", few, 1),
        f"smtplib, ready bytes, {many} threads": lambda: bench.smtplib("ready", few, many),
        "smtplib, EmailMessage for each": lambda: bench.smtplib("naive", few, 1),
    })  # fmt: skip
    return summary(runs)


def distant(bench: Bench) -> list[dict[str, Any]]:
    options = bench.options
    newsroom = bench.prepare(options.distant_count)
    few = max(options.distant_count // 8, options.connections)
    with slow_line(bench.port, ROUND_TRIP) as port:
        real = round_trip_of(port)
        runs = in_turns(options.rounds, {
            "ours": lambda: bench.ours(newsroom, bench.way(port)),
            "smtplib, ready bytes": lambda: bench.smtplib("ready", few, options.connections, port),
        })  # fmt: skip
    rows = summary(runs)
    for row in rows:
        per_trip = row["per_second"] * ROUND_TRIP / options.connections
        row |= {"per_round_trip_and_connection": round(per_trip, 3), "round_trip_ms": round(real * 1000, 1)}
    return rows


def flat(bench: Bench) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for size in (*map(int, bench.options.sizes.split(",")), *([LARGEST] if bench.options.full else [])):
        rounds = 1 if size == LARGEST else bench.options.rounds
        newsroom = bench.prepare(size)
        runs = [bench.ours(newsroom, bench.way()) for _ in range(rounds)]
        microseconds, peak = (
            median(runs, lambda run: run.seconds / run.sent * 1e6),
            median(runs, lambda run: run.peak_mb),
        )
        rows.append({
            "readers": size,
            "seconds": round(median(runs, lambda run: run.seconds), 1),
            "us_each": round(microseconds, 1),
            "peak_mb": round(peak, 1),
            "time_factor": round(microseconds / rows[0]["us_each"], 2) if rows else 1.0,
            "memory_factor": round(peak / rows[0]["peak_mb"], 2) if rows else 1.0,
        })  # fmt: skip
    return rows


def signed(bench: Bench) -> list[dict[str, Any]]:
    try:
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import padding, rsa
    except ImportError:
        return skipped("signatures", "cryptography is not installed (pip install 'distributor[dkim]')")
    private = rsa.generate_private_key(65537, 2048)
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    key = bench.folder / "dkim.pem"
    key.touch(0o600)
    key.write_bytes(private.private_bytes(serialization.Encoding.PEM, form, plain))

    def signing() -> Run:
        with Watch() as watch:
            for _ in range(SIGNATURES):
                private.sign(bytes(300), padding.PKCS1v15(), hashes.SHA256())
        return Run(SIGNATURES, watch.seconds, watch.cpu_seconds, 0)

    newsroom, cores = bench.prepare(min(bench.options.count, 20_000)), os.cpu_count() or 1
    runs = in_turns(bench.options.rounds, {
        "ours, signed": lambda: bench.ours(newsroom, bench.way(key=key)),
        f"ours, signed, {cores} workers": lambda: bench.ours(newsroom, bench.way(key=key), workers=cores),
        "ours, not signed": lambda: bench.ours(newsroom, bench.way()),
        "bare signing, one core": signing,
    })  # fmt: skip
    return summary(runs, ours="ours, signed")


def postgres(bench: Bench) -> list[dict[str, Any]]:
    programs = postgresql()
    if programs is None:
        return skipped("PostgreSQL", "initdb is not installed (Debian: postgresql)")
    count = min(bench.options.count, 20_000)
    with cluster(programs) as administration:
        store = PostgresStore(administration, "bench")
        store.create()
        there, here = bench.prepare(count, store), bench.prepare(count)
        runs = in_turns(bench.options.rounds, {
            "ours, PostgreSQL": lambda: bench.ours(there, bench.way()),
            "ours, SQLite": lambda: bench.ours(here, bench.way()),
        })  # fmt: skip
    return summary(runs, ours="ours, PostgreSQL")


def ledger(bench: Bench) -> list[dict[str, Any]]:
    newsroom = bench.prepare(min(bench.options.count, 20_000))
    runs = in_turns(bench.options.rounds, {
        "ours": lambda: bench.ours(newsroom, bench.way()),
        "without ledger": lambda: bench.ours(newsroom, bench.way(), "--without-ledger"),
    })  # fmt: skip
    pairs = list(zip(runs["ours"], runs["without ledger"], strict=True))
    shares = {
        "time": statistics.median(1 - bare.seconds / whole.seconds for whole, bare in pairs),
        "processor_time": statistics.median(1 - bare.cpu_seconds / whole.cpu_seconds for whole, bare in pairs),
    }
    return [*summary(runs), {"who": "share of the ledger", **{name: round(one, 3) for name, one in shares.items()}}]


def profile(bench: Bench) -> list[dict[str, Any]]:
    newsroom = bench.prepare(min(bench.options.count, 20_000))
    file = Path("var/bench-delivery.prof")
    free = bench.ours(newsroom, bench.way())
    recorded = bench.ours(newsroom, bench.way(), "--profile", str(file.absolute()))
    found = Profile(file)
    each = free.cpu_seconds / free.sent * 1e6
    slower = recorded.cpu_seconds / free.cpu_seconds
    say(f"{each:,.0f} µs of processor time for a message; {slower:.1f} times that while recorded")
    say(*found.lines(), "")
    return [
        {"group": group, "share": round(share, 3), "us_each": round(share * each, 1)}
        for group, share in found.groups().items()
    ]


def skipped(what: str, why: str) -> list[dict[str, Any]]:
    return [{"not_available": f"{what}: {why}"}]


WORK: dict[str, Callable[[Bench], list[dict[str, Any]]]] = {
    "local": local, "distant": distant, "flat": flat, "signed": signed, "postgresql": postgres, "ledger": ledger,
    "profile": profile,
}  # fmt: skip


# -- putting it together -----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def opened(options: argparse.Namespace) -> Iterator[Bench]:
    """A bench with its server, in a folder on the disk of the checkout."""
    Path("var").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir="var", prefix="bench-delivery-") as name, sink() as port:
        bench = Bench(options, Path(name).absolute(), port)
        bench.letter = bench.folder / "letter.eml"
        with letterbox() as (box, letters):
            bench.ours(bench.prepare(1), bench.way(box))
        bench.letter.write_bytes(letters[0])
        yield bench


def say(*lines: str) -> None:
    print(*lines, sep="\n", flush=True)


def table(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Rows under their heads, words to the left and numbers to the right."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[_cell(row.get(name)) for name in columns] for row in rows]
    heads = [name.replace("_", " ") for name in columns]
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    for line in (heads, *cells):
        first, *rest = (cell.rjust(width) for cell, width in zip(line, widths, strict=True))
        yield "  ".join(["", line[0].ljust(widths[0]) if len(first) else first, *rest])


def _cell(value: object) -> str:
    if isinstance(value, int | float):
        return f"{value:,}"
    return str(value or "")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help="which parts; without any, a to e")
    parser.add_argument("--count", type=int, default=100_000, help="readers of a; d, e and p take 20,000 at most")
    parser.add_argument("--slow-count", type=int, default=5_000, help="messages of the slow rivals in a")
    parser.add_argument("--distant-count", type=int, default=24_000, help="readers of b")
    parser.add_argument("--sizes", default="10000,100000", help="readers of c")
    parser.add_argument("--rounds", type=int, default=3, help="of which the median counts")
    parser.add_argument("--connections", type=int, default=40, help="connections at once")
    parser.add_argument("--messages-per-connection", type=int, help="the program's own number if left out")
    parser.add_argument("--full", action="store_true", help="c with 1,000,000 readers: minutes, and 1 GB of disk")
    parser.add_argument("--profile", action="store_true", help="p as well")
    options = parser.parse_args()
    unknown = [part for part in options.parts if part not in PARTS]
    if unknown:
        parser.error(f"there is no part {unknown[0]!r}; there are: {', '.join(PARTS)}")
    return options


def main() -> None:
    options = arguments()
    missing = [name for name in ("smtp-sink", "smtp-source") if program(name) is None]
    if missing:
        say(f"delivery: skipped, {' and '.join(missing)} not installed (Debian: apt-get install postfix)")
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that our servers end with us
    parts = [*(options.parts or "abcde"), *("p" if options.profile and "p" not in options.parts else "")]
    results: dict[str, Any] = {}
    with opened(options) as bench:
        results["letter_bytes"], results["processors"] = bench.letter.stat().st_size, os.cpu_count()
        say(f"a letter is {results['letter_bytes']:,} bytes on the wire; {options.connections} connections at most")
        for part in parts:
            name = PARTS[part]
            say("", f"({part}) {name}")
            results[name] = WORK[name](bench)
            say(*table(results[name]))
    target = Path("var/bench-delivery.json")
    target.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
