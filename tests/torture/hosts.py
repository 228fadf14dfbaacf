"""Several hosts that share a store on PostgreSQL, and what befalls them: each is a folder of its own, with a line of its own
to the database, which can be cut, and workers that can be killed, stopped and given a wrong clock."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from distributor.storage.database import Database
from distributor.storage.tables import deliveries

FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
DATABASE_AWAY = 5  # seconds for which a question is tried again while the server is away


class Line:
    """A line to a port, which can be cut: what is on it then is lost, and nobody gets through until it is mended."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._cut = False
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            if self._cut:
                near.close()
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self._to))
            except OSError:
                near.close()
                continue
            self._open |= {near, far}
            for one, other in ((near, far), (far, near)):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                if self._cut:
                    break
                other.sendall(data)
        for end in (one, other):
            self._open.discard(end)
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def cut(self) -> None:
        self._cut = True
        for end in list(self._open):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self._cut = False

    def close(self) -> None:
        self.cut()
        self._server.close()


class Network:
    """A network namespace of a host's own, and the cable that joins it to this machine. When it is pulled nothing comes
    through any more, and nobody is told: the other end finds out by itself, or never."""

    ALL = "10.78.0.0/16"

    def __init__(self, number: int) -> None:
        self._name = f"distributor-{os.getpid()}-{number}"
        self._cable, far = f"dist{os.getpid() % 100000}-{number}", f"host{os.getpid() % 100000}-{number}"
        self.address = f"10.78.{number}.1"  # of this machine, as the host sees it
        _ip("netns", "add", self._name)
        _ip("link", "add", self._cable, "type", "veth", "peer", "name", far, "netns", self._name)
        _ip("addr", "add", f"{self.address}/24", "dev", self._cable)
        _ip("link", "set", self._cable, "up")
        for words in (("addr", "add", f"10.78.{number}.2/24", "dev", far), ("link", "set", far, "up")):
            _ip("-n", self._name, *words)
        self.inside = ("ip", "netns", "exec", self._name)  # what a command begins with that runs there

    @staticmethod
    def allowed() -> bool:
        """Whether namespaces may be made here."""
        try:
            Network(250).close()
        except (OSError, subprocess.CalledProcessError):
            return False
        return True

    def cut(self) -> None:
        _ip("link", "set", self._cable, "down")

    def mend(self) -> None:
        _ip("link", "set", self._cable, "up")

    def close(self) -> None:
        _ip("netns", "del", self._name)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, stderr=subprocess.DEVNULL)


@dataclass
class Host:
    """A host: its folder, its line to the database, its worker."""

    folder: Path
    line: Line | Network
    ahead: bool = False  # by an hour
    process: subprocess.Popen[bytes] | None = None

    def start(self, *command: str) -> None:
        environment = dict(os.environ)
        inside = self.line.inside if isinstance(self.line, Network) else ()
        if self.ahead:
            environment |= {"LD_PRELOAD": str(FAKETIME), "FAKETIME": "+1h", "DONT_FAKE_MONOTONIC": "1"}
        with (self.folder / "worker.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*inside, sys.executable, "-m", "distributor", "-c", self.folder / "config.yaml", *(command or ["worker"])],
                stdout=log, stderr=log, cwd=self.folder, env=environment,
            )  # fmt: skip

    def signal(self, number: signal.Signals) -> None:
        assert self.process
        self.process.send_signal(number)
        if number == signal.SIGKILL:
            self.process.wait()

    def stop(self) -> int:
        """End it as systemd does; its exit code."""
        if self.process is None or self.process.poll() is not None:
            return 0 if self.process is None else self.process.returncode
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        return self.process.wait(90)


@dataclass(frozen=True)
class Verdict:
    """What came of it: `lost` reached nobody, `twice` got more than one copy, `unexplained` are those of them that the
    ledger has never listed as in doubt, `still_open` are rows without an end."""

    readers: int
    lost: frozenset[str]
    twice: frozenset[str]
    unexplained: frozenset[str]
    held: frozenset[str]
    still_open: int

    @property
    def good(self) -> bool:
        return not (self.lost or self.unexplained or self.still_open)


@dataclass
class Fleet:
    """Hosts that work on one edition. `prepared` is the folder of a newsroom whose edition waits in the store at `url`."""

    prepared: Path
    url: str
    sink_log: Path
    namespaces: bool = False  # each host in a network namespace of its own
    hosts: list[Host] = field(default_factory=list)

    def add(self, *, ahead: bool = False) -> Host:
        folder = self.prepared.with_name(f"{self.prepared.name}-host-{len(self.hosts) + 1}")
        shutil.copytree(self.prepared, folder)
        address = sa.make_url(self.url)
        assert address.port
        config = (folder / "config.yaml").read_text(encoding="utf-8")
        line: Line | Network
        if self.namespaces:
            line = Network(len(self.hosts) + 1)
            moved = config.replace("127.0.0.1", line.address)
        else:
            line = Line(address.port)
            moved = config.replace(f"127.0.0.1:{address.port}/", f"127.0.0.1:{line.port}/")
        assert moved != config
        (folder / "config.yaml").write_text(moved, encoding="utf-8")
        self.hosts.append(Host(folder, line, ahead))
        return self.hosts[-1]

    def close(self) -> None:
        for host in self.hosts:
            host.stop()
            host.line.close()

    def seen(self) -> int:
        """How many messages the sink has taken."""
        return self.sink_log.read_bytes().count(b"\n")

    def wait_for(self, count: int, seconds: float = 120) -> None:
        until = time.monotonic() + seconds
        while self.seen() < count:
            assert time.monotonic() < until, f"only {self.seen()} of {count} after {seconds} s"
            time.sleep(0.02)

    def wait_until_done(self, database: Database, seconds: float) -> float:
        """Until no row is open; how many seconds that took."""
        begun = time.monotonic()
        while count(database, "pending", "sending", "deferred", "uncertain"):
            assert time.monotonic() < begun + seconds, (
                f"{count(database, 'pending', 'sending', 'deferred')} rows are open"
            )
            time.sleep(0.5)
        return time.monotonic() - begun

    def judge(self, database: Database) -> Verdict:
        copies = Counter(line.split()[0] for line in self.sink_log.read_text().splitlines())
        with database.read() as connection:
            rows = connection.execute(
                sa.select(deliveries.c.address, deliveries.c.state, deliveries.c.crash_count).where(
                    deliveries.c.recipient != ""
                )
            ).all()
        twice = frozenset(address for address, number in copies.items() if number > 1)
        doubted = {row.address for row in rows if row.crash_count}
        held = frozenset(row.address for row in rows if row.state == "uncertain")
        return Verdict(
            readers=len(rows),
            lost=frozenset({row.address for row in rows} - copies.keys() - held),
            twice=twice,
            unexplained=twice - doubted,
            held=held,
            still_open=sum(row.state in ("pending", "sending", "deferred") for row in rows),
        )


def count(database: Database, *states: str) -> int:
    """How many rows are in these states. Asked again while the server is away."""
    query = sa.select(sa.func.count()).select_from(deliveries).where(deliveries.c.state.in_(states))
    for attempt in range(DATABASE_AWAY * 10):
        try:
            with database.read() as connection:
                return connection.execute(query).scalar_one()
        except Exception:
            if attempt == DATABASE_AWAY * 10 - 1:
                raise
            time.sleep(0.1)
    raise AssertionError


@contextlib.contextmanager
def sink(log: Path, address: str = "127.0.0.1") -> Iterator[int]:
    """The server that remembers what it took; its port."""
    log.touch()
    command = [sys.executable, str(Path(__file__).with_name("sink.py")), str(log), address]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        assert process.stdout
        process.stdout.close()


Hardship = Callable[[], None]


def meanwhile(steps: Sequence[tuple[int, Hardship]], fleet: Fleet) -> None:
    """Do each step when the sink has taken so many messages."""
    for number, step in steps:
        fleet.wait_for(number, 300)
        step()
