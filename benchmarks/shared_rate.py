"""Whether processes that share a rate keep it together: three of them send to one server as fast as they are let, with the
pool and the store that the program sends with, and the server counts.

    python benchmarks/shared_rate.py [--rate 200/s] [--seconds 60] [--sqlite] [--only NAME …]

Each case prints what the server took within the time against what the rate allows, the most within one second and ten, the
share of each process, and what the leases cost the store. The cases: three alike; one slow beside two; one killed (kill -9)
after a third of the time; one stopped (SIGSTOP) for a sixth of it; PostgreSQL restarted; no rate shared, as a comparison.
The leases are counted for the processes that come to an end.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from delivery_servers import PostgresStore, cluster, postgresql

from distributor.delivery.rate_store import RateStore
from distributor.errors import DeliveryError
from distributor.mail.connection import SmtpServer
from distributor.mail.pool import SmtpPool
from distributor.mail.rates import RateLimit
from distributor.mail.transaction import WireMessage
from distributor.message_queue import DeliveryOutcome, MessageBatch, OutgoingMessage
from distributor.model import Recipient, Rendition
from distributor.rate_leases import RateKey, RateLease, RateRefusal, SharedRates
from distributor.storage.database import Database

WARM_UP = 3.0  # seconds before the count begins
SLOW = 0.5  # seconds that each message of a slow process takes on each of its connections
CONNECTIONS = 10
CASES = ("alike", "slow", "killed", "stopped", "restarted", "alone")


# -- a process that sends ----------------------------------------------------------------------------------------------


@dataclass
class Endless(MessageBatch):
    """Messages without an end, until a time. `slow`: seconds that a mark takes."""

    until: float = 0.0
    slow: float = 0.0

    @property
    def at_hand(self) -> int:
        return 1000

    @property
    def ended(self) -> bool:
        return time.monotonic() > self.until

    def take_now(self) -> OutgoingMessage | None:
        if self.ended:
            return None
        return self._waiting.popleft() if self._waiting else MESSAGE

    async def take(self) -> OutgoingMessage | None:
        return self.take_now()

    async def mark(self, message: OutgoingMessage) -> bool:
        if self.slow:
            await asyncio.sleep(self.slow)
        return True

    def answer(self, message: OutgoingMessage, outcome: DeliveryOutcome) -> None:
        pass


MESSAGE = OutgoingMessage(
    Rendition(channel="mail", variant="digest", media_type="text/plain", body=b""), Recipient(id="r", address="r@c.vn")
)


async def send(options: argparse.Namespace) -> None:
    """Send until the time is over; then print what the leases took."""
    name, took, void = f"p{options.number}@b.vn", list[float](), Counter[str]()

    def pack(message: OutgoingMessage, _: bool) -> WireMessage:
        return WireMessage(name, message.recipient.address, b"Subject: tin\r\n\r\nXin chao\r\n")

    database = Database.open(options.url, Path("/"))
    store = RateStore(database, lambda *_: [])
    leased = store.lease

    def timed(
        channel: str, key: RateKey, wanted: int, unused: Sequence[tuple[float, int]], urgent: bool
    ) -> tuple[float, RateLease | RateRefusal]:
        begun = time.perf_counter()
        void["permits"] += sum(count for _, count in unused)
        try:
            return leased(channel, key, wanted, unused, urgent)
        finally:
            took.append(time.perf_counter() - begun)

    store.lease = timed  # type: ignore[method-assign]
    limits = (RateLimit.parse(options.rate),)
    server = SmtpServer(
        host="127.0.0.1", port=options.port, security="none", hostname="b.example", connections=CONNECTIONS,
        messages_per_connection=10**9, rates=limits,
    )  # fmt: skip
    shared: SharedRates | None = store.of("mail") if options.share else None
    queue = Endless([], rates=shared, until=options.until, slow=options.slow)
    pool = SmtpPool([server], pack)
    while not queue.ended:
        try:
            await pool.send_all(queue)
        except DeliveryError as failure:
            print(failure, file=sys.stderr)
    store.close()
    database.close()
    print(json.dumps({"leases": len(took), "seconds": sum(took), "void": void["permits"]}))


# -- the server that counts ----------------------------------------------------------------------------------------------


@dataclass
class Counting:
    """An SMTP server that pipelines and takes everything: when each message was taken, and of whom."""

    took: list[tuple[float, str]] = field(default_factory=list)
    port: int = 0

    async def serve(self, ready: asyncio.Event) -> None:
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 b.example\r\n")
        sender, in_data = "", False
        try:
            while line := await reader.readline():
                word = line[:4].upper()
                if in_data:
                    if line == b".\r\n":
                        in_data = False
                        self.took.append((time.monotonic(), sender))
                        writer.write(b"250 2.0.0 taken\r\n")
                elif word == b"EHLO":
                    writer.write(b"250-b.example\r\n250 PIPELINING\r\n")
                elif word == b"DATA":
                    in_data = True
                    writer.write(b"354 go on\r\n")
                else:
                    sender = line.decode() if word == b"MAIL" else sender
                    writer.write(b"250 2.0.0 ok\r\n")
        except ConnectionError:
            pass
        finally:
            writer.close()


# -- cases -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """What one case needs."""

    options: argparse.Namespace
    url: str
    restart: Path | None = None  # the data of a PostgreSQL that may be restarted

    def child(self, number: int, until: float, *, slow: float = 0.0, share: bool = True) -> subprocess.Popen[str]:
        command = [sys.executable, __file__, "--number", str(number), "--url", self.url, "--rate", self.options.rate]
        command += ["--port", str(self.options.port), "--until", str(until), "--slow", str(slow)]
        command += ["--share"] if share else []
        return subprocess.Popen(command, text=True, stdout=subprocess.PIPE)


async def measure(case: str, run: Run, counting: Counting) -> None:
    """Run one case and print what came of it."""
    seconds, limit = run.options.seconds, RateLimit.parse(run.options.rate)
    until = time.monotonic() + seconds + WARM_UP + 3
    children = [
        run.child(number, until, slow=SLOW if case == "slow" and number == 0 else 0.0, share=case != "alone")
        for number in range(1 if case == "alone" else 3)
    ]
    counting.took.clear()
    while len({sender for _, sender in counting.took}) < len(children) and time.monotonic() < until:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    await asyncio.sleep(WARM_UP)
    begun = time.monotonic()
    if case == "killed":
        await asyncio.sleep(seconds / 3)
        children[0].kill()
    if case == "stopped":
        await asyncio.sleep(seconds / 3)
        children[0].send_signal(signal.SIGSTOP)
        await asyncio.sleep(seconds / 6)
        children[0].send_signal(signal.SIGCONT)
    if case == "restarted" and run.restart:
        await asyncio.sleep(seconds / 3)
        await asyncio.to_thread(restart, run.restart)
    await asyncio.sleep(max(begun + seconds - time.monotonic(), 0))
    took = [(at, sender) for at, sender in counting.took if begun <= at < begun + seconds]
    ended = [(await asyncio.to_thread(child.communicate))[0] for child in children]
    print(in_words(case, took, limit, seconds), flush=True)
    costs = [json.loads(text) for text in ended if text.strip()]
    leases = sum(cost["leases"] for cost in costs)
    if leases:
        each = sum(cost["seconds"] for cost in costs) / leases
        void = " + ".join(str(cost["void"]) for cost in costs)
        print(
            f"    {leases} leases, {each * 1000:.2f} ms each, {leases / len(took) * 1000:.0f} for 1,000 messages; "
            f"permits that were not used: {void}",
            flush=True,
        )


def in_words(case: str, took: list[tuple[float, str]], limit: RateLimit, seconds: float) -> str:
    allowed = limit.count / limit.seconds * seconds
    times, of = [at for at, _ in took], Counter(sender for _, sender in took)
    shares = " + ".join(str(of[sender]) for sender in sorted(of))
    return (
        f"{case:10} {len(took) / allowed:.4f} of what is allowed ({len(took)} of {allowed:.0f}: {shares}); "
        f"most in 1 s {most_within(times, 1)}, in 10 s {most_within(times, 10)}"
    )


def most_within(times: list[float], seconds: float) -> int:
    return max((bisect_left(times, at + seconds) - number for number, at in enumerate(times)), default=0)


def restart(data: Path) -> None:
    """Stop a PostgreSQL for four seconds."""
    pid = int((data / "postmaster.pid").read_text(encoding="ascii").split()[0])
    os.kill(pid, signal.SIGSTOP)
    time.sleep(4)
    os.kill(pid, signal.SIGCONT)


@contextmanager
def store_of(options: argparse.Namespace) -> Iterator[str]:
    with ExitStack() as stack:
        if options.sqlite:
            folder = stack.enter_context(tempfile.TemporaryDirectory(dir="/var/tmp"))
            url = f"sqlite:///{folder}/store.db"
        else:
            programs = postgresql()
            if programs is None:
                raise SystemExit("error: PostgreSQL is not installed")
            made = PostgresStore(stack.enter_context(cluster(programs)), "rates")
            made.create()
            url = made.url
        database = Database.open(url, Path("/"))
        try:
            database.migrate()
        finally:
            database.close()  # a server that is stopped waits for its connections
        yield url


async def main(options: argparse.Namespace) -> None:
    counting, ready = Counting(), asyncio.Event()
    await counting.serve(ready)
    await ready.wait()
    options.port = counting.port
    with store_of(options) as url:
        for case in options.only or CASES:
            await measure(case, Run(options, url), counting)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", default="200/s")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--sqlite", action="store_true")
    parser.add_argument("--only", nargs="*", choices=CASES)
    for name, kind in (("--number", int), ("--port", int), ("--until", float), ("--slow", float), ("--url", str)):
        parser.add_argument(name, type=kind, help=argparse.SUPPRESS)
    parser.add_argument("--share", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    asyncio.run(send(given) if given.number is not None else main(given))
