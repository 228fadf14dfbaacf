"""Servers of the delivery benchmark: Postfix's smtp-sink, a slow line before it, a PostgreSQL cluster of its own.

All listen on free ports of this machine and end with the benchmark.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import smtplib
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

HERE = Path(__file__).parent
ON_DISK = "/var/tmp"  # where another user can look, too
PATIENCE = 30.0  # seconds until a server must answer


def program(name: str) -> str | None:
    """The path of a program; administrators' folders are looked at as well, where Debian puts Postfix."""
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert isinstance(port, int)
    return port


@contextlib.contextmanager
def running(command: Sequence[str], port: int | None = None, **how: Any) -> Iterator[subprocess.Popen[str]]:
    """A server for as long as the block lasts; with `port` it answers there when the block begins."""
    with subprocess.Popen(command, text=True, **how) as process:
        try:
            if port:
                _wait_for(process, port)
            yield process
        finally:
            process.terminate()


def _wait_for(process: subprocess.Popen[str], port: int) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise SystemExit(f"error: {process.args!r} does not answer on port {port}")


@contextlib.contextmanager
def sink() -> Iterator[int]:
    """smtp-sink, which takes everything and keeps nothing; its port. As root it asks for another user."""
    port = free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    with running([program("smtp-sink") or "", *user, f"127.0.0.1:{port}", "1000"], port):
        yield port


@contextlib.contextmanager
def slow_line(port: int, round_trip: float) -> Iterator[int]:
    """The port of a line to `port` that adds `round_trip` seconds."""
    command = [sys.executable, str(HERE / "slow_line.py"), str(port), str(round_trip * 1000)]
    with running(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())


def round_trip_of(port: int) -> float:
    """Seconds of one question and answer, in the median."""
    times = []
    with smtplib.SMTP("127.0.0.1", port, local_hostname="bench.example") as server:
        for _ in range(9):
            start = time.perf_counter()
            server.noop()
            times.append(time.perf_counter() - start)
    return statistics.median(times)


@contextlib.contextmanager
def letterbox() -> Iterator[tuple[int, list[bytes]]]:
    """A server that keeps what it takes, as it came; its port, and the letters."""
    letters: list[bytes] = []

    class Handler:
        async def handle_DATA(self, _server: object, _session: object, envelope: Envelope) -> str:
            assert isinstance(envelope.original_content, bytes)
            letters.append(envelope.original_content)
            return "250 2.0.0 taken"

    controller = Controller(Handler(), hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        yield controller.port, letters
    finally:
        controller.stop()


# -- PostgreSQL --------------------------------------------------------------------------------------------------------


def postgresql() -> Path | None:
    """The folder of the newest PostgreSQL's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[4]))
    beside = shutil.which("initdb")
    return found[-1].parent if found else Path(beside).parent if beside else None


@contextlib.contextmanager
def cluster(programs: Path) -> Iterator[sa.URL]:
    """A new cluster with its usual settings, fsync among them; the address of its database for administration."""
    user = "postgres" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(dir=ON_DISK) as folder:
        if user:
            shutil.chown(folder, user, user)
        data, port = Path(folder) / "data", free_port()
        how: dict[str, Any] = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        if user:
            how |= {"user": user, "group": user, "extra_groups": []}
        make = [str(programs / "initdb"), "-D", str(data), "-U", "bench", "-A", "trust", "-E", "UTF8", "--no-locale"]
        subprocess.run(make, check=True, **how)
        serve = [str(programs / "postgres"), "-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", ""]
        with running(serve, port, **how):
            url = sa.make_url(f"postgresql+psycopg://bench@127.0.0.1:{port}/postgres")
            assert _ask(url, "SHOW fsync") == "on"
            yield url


@dataclass(frozen=True, slots=True)
class PostgresStore:
    """One database of a cluster. Putting it back copies the one put aside."""

    administration: sa.URL
    name: str

    @property
    def url(self) -> str:
        return self.administration.set(database=self.name).render_as_string(hide_password=False)

    def create(self, template: str = "template1") -> None:
        _tell(self.administration, f"CREATE DATABASE {self.name} TEMPLATE {template}")

    def keep(self) -> None:
        _tell(self.administration, f"CREATE DATABASE {self.name}_kept TEMPLATE {self.name}")

    def restore(self) -> None:
        _tell(self.administration, f"DROP DATABASE {self.name} WITH (FORCE)")
        self.create(f"{self.name}_kept")


def _ask(url: sa.URL, question: str) -> object:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return connection.exec_driver_sql(question).scalar()


def _tell(url: sa.URL, statement: str) -> None:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
