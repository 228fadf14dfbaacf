"""A PostgreSQL of the tests' own: one cluster for each process of the test run, started when the first test asks for it."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import pytest
import sqlalchemy as sa

from distributor.storage.database import Database

# Nothing here must survive a power cut; the tests of crashes kill our own processes, not the server's machine.
QUICK = (
    "-c fsync=off -c full_page_writes=off -c shared_buffers=32MB -c max_connections=60"
    " -c wal_level=minimal -c max_wal_senders=0 -c min_wal_size=32MB -c max_wal_size=256MB"
)
PREFIX = "distributor-pg-"  # short: the path of a socket has 107 characters at most


def programs() -> Path | None:
    """The folder of PostgreSQL's programs: in PATH, or where Debian puts them."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)


@dataclass
class Cluster:
    """A running server. `new_store` makes a database of its own, up to date, and gives its address."""

    bin: Path
    folder: Path
    port: int
    in_use: IO[bytes]  # locked as long as the process that made the cluster lives
    listen: str = "127.0.0.1"
    numbers: Iterator[int] = field(default_factory=itertools.count)
    template: str = ""
    stores: list[str] = field(default_factory=list)

    def start(self) -> None:
        options = f"{QUICK} -p {self.port} -c listen_addresses='{self.listen}' -c unix_socket_directories={self.folder}"
        self.run("pg_ctl", "-D", f"{self.folder}/data", "-l", f"{self.folder}/log", "-w", "-o", options, "start")

    def open_to(self, network: str) -> None:
        """Let hosts of a network in, from the next start on."""
        self.listen = "*"
        rule = f"host all all {network} trust"
        self.run("bash", "-c", f"echo '{rule}' >>{self.folder}/data/pg_hba.conf", at=Path("/bin"))

    def stop(self, how: str = "fast") -> None:
        self.run("pg_ctl", "-D", f"{self.folder}/data", "-w", "-m", how, "stop")

    def run(self, program: str, *arguments: str, at: Path | None = None) -> None:
        command = [str((at or self.bin) / program), *arguments]
        if os.getuid() == 0:  # the server refuses to be root
            command = ["runuser", "-u", "postgres", "--", *command]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/", check=False)
        assert done.returncode == 0, done.stderr.decode()

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def new_store(self) -> str:
        if not self.template:
            self.sql("CREATE DATABASE migrated")
            opened = Database.open(self.url("migrated"), self.folder)
            opened.migrate()
            opened.close()
            self.template = "migrated"
        return self._copied(self.template)

    def kept_store(self) -> str:
        """A new store that stays as long as the cluster does."""
        url = self.new_store()
        self.stores.pop()
        return url

    def copy_of(self, url: str) -> str:
        """Another store with the same rows. Nobody may be connected to the first one."""
        copied = self._copied(sa.make_url(url).database)
        # A copied sequence may give out up to 32 numbers that are in no write-ahead log before the next checkpoint: after a
        # crash it would give them again.
        self.sql("CHECKPOINT")
        return copied

    def begun_from(self, url: str) -> str:
        """The same for tests in which the server does not crash: in half of the time."""
        return self._copied(sa.make_url(url).database)

    def _copied(self, template: str | None) -> str:
        name = f"store_{next(self.numbers)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        self.stores.append(name)
        return self.url(name)

    def drop_stores(self) -> None:
        """Drop the stores that were made: each takes 10 MB and more of the disk, and there are many tests."""
        while self.stores:
            self.sql(f"DROP DATABASE {self.stores.pop()} WITH (FORCE)")

    def remove(self) -> None:
        try:
            self.stop("immediate")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.in_use.close()

    def sql(self, statement: str) -> None:
        engine = sa.create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()


def a_cluster() -> Cluster:
    """A cluster that is not started yet. Raises LookupError where PostgreSQL is not installed."""
    found = programs()
    if found is None:
        raise LookupError("needs PostgreSQL, Debian's package postgresql")
    folder, in_use = _own_folder()
    if os.getuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    made = Cluster(found, folder, port, in_use)
    made.run("initdb", "-D", f"{folder}/data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
    return made


def _own_folder() -> tuple[Path, IO[bytes]]:
    """A new folder and its lock. Removes what killed test runs left behind: gigabytes after a while."""
    temporary = Path(tempfile.gettempdir())
    with (temporary / f"{PREFIX}folders.lock").open("ab") as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        for folder in temporary.glob(f"{PREFIX}*/"):
            # Of another test run that goes on, or has just removed it.
            gone_or_in_use = contextlib.suppress(BlockingIOError, FileNotFoundError)
            with gone_or_in_use, (folder / "in-use").open("ab") as in_use:
                fcntl.flock(in_use, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _kill_server_in(folder)
                shutil.rmtree(folder, ignore_errors=True)
        made = Path(tempfile.mkdtemp(prefix=PREFIX))
        lock = (made / "in-use").open("ab")
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return made, lock


def _kill_server_in(folder: Path) -> None:
    with contextlib.suppress(OSError, ValueError, IndexError):
        pid = int((folder / "data/postmaster.pid").read_text().splitlines()[0])
        if "postgres" in Path(f"/proc/{pid}/cmdline").read_text():
            os.kill(pid, signal.SIGQUIT)


def _running() -> Iterator[Cluster]:
    try:
        made = a_cluster()
    except LookupError as error:
        pytest.skip(str(error))
    try:
        made.start()
        yield made
    finally:
        made.remove()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    yield from _running()


@pytest.fixture
def own_cluster() -> Iterator[Cluster]:
    """One that a test may stop."""
    yield from _running()


@pytest.fixture
def postgresql_url(cluster: Cluster) -> Iterator[Callable[[], str]]:
    """Makes the address of a new store, up to date, that is dropped after the test."""
    yield cluster.new_store
    cluster.drop_stores()
