"""Runs on which things go wrong around them: the disk is full, the store is locked or restarts, a process is stopped."""

from __future__ import annotations

import contextlib
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.postgresql import Cluster
from torture.rounds import CONNECTIONS, Arena, Round

READERS = 1500
PATIENCE = 60.0

pytestmark = pytest.mark.timeout(900)

SHORT_LEASE = """
import asyncio, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from distributor import pipeline
from distributor.delivery.ledger import Ledger
from distributor.newsroom import open_newsroom

room = open_newsroom(Path(sys.argv[1]))
store = room.open_store()
ledger = Ledger(store, lease=timedelta(seconds=3))
asyncio.run(pipeline.make_delivery_worker(room, store, lambda: datetime.now(UTC), ledger=ledger).run())
"""


@contextlib.contextmanager
def follower(round: Round) -> Iterator[subprocess.Popen[str]]:
    """A worker that goes on until it is told to stop, and its log."""
    command = [sys.executable, "-m", "distributor", "-c", str(round.folder / "config.yaml"), "deliver", "--follow"]
    with (
        (round.folder / "worker.log").open("w") as log,
        subprocess.Popen(command, text=True, stderr=log, cwd=round.folder) as process,
    ):
        try:
            yield process
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.005)


def said(round: Round) -> str:
    return (round.folder / "worker.log").read_text(encoding="utf-8")


def everybody_once(round: Round) -> None:
    verdict = round.judge()
    assert verdict.good, verdict
    assert not verdict.twice
    assert not verdict.held


def test_a_full_disk_stops_a_run_that_goes_on_when_there_is_space_again(tmp_path: Path) -> None:
    arena = Arena(tmp_path / "arena", READERS)
    arena.prepare()
    with arena.round() as round:
        with follower(round) as process:
            until(lambda: round.seen() > 200)
            wal = round.folder / "var" / "distributor.db-wal"
            _, hard = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (max(wal.stat().st_size - 4096, 4096), hard))
            until(lambda: "ERROR" in said(round))
            seen = round.seen()
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (hard, hard))
            until(lambda: round.seen() == READERS)
        assert seen < READERS, "it was stopped in the middle"
        errors = [line for line in said(round).splitlines() if "ERROR" in line]
        assert all("store sqlite:///" in line and "disk" in line for line in errors), errors
        assert "Traceback" not in said(round)
        everybody_once(round)


def test_a_store_that_somebody_else_locks_is_waited_for(tmp_path: Path) -> None:
    arena = Arena(tmp_path / "arena", READERS)
    arena.prepare()
    with arena.round() as round:
        with follower(round):
            until(lambda: round.seen() > 200)
            other = sqlite3.connect(round.folder / "var" / "distributor.db", timeout=30, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            time.sleep(0.3)
            seen = round.seen()
            time.sleep(1)
            assert round.seen() == seen < READERS, "nothing leaves without its mark"
            other.execute("COMMIT")
            other.close()
            until(lambda: round.seen() == READERS)
        everybody_once(round)


def test_a_postgresql_that_is_restarted_in_the_middle_costs_nobody_a_letter(
    tmp_path: Path, own_cluster: Cluster
) -> None:
    arena = Arena(tmp_path / "arena", READERS)
    arena.new_store, arena.copy_store = own_cluster.new_store, own_cluster.copy_of
    arena.prepare()
    with arena.round() as round:
        with follower(round):
            until(lambda: round.seen() > 200)
            own_cluster.stop("immediate")
            seen = round.seen()
            until(lambda: "ERROR" in said(round) or "WARNING" in said(round))
            own_cluster.start()
            until(lambda: round.seen() == READERS)
        assert seen < READERS, "it was stopped in the middle"
        assert "Traceback" not in said(round)
        round.store.close()
        everybody_once(round)


def stands_still(pid: int) -> bool:
    """Whether all threads of a process are stopped."""
    states = [file.read_text().rpartition(")")[2].split()[0] for file in Path(f"/proc/{pid}/task").glob("*/stat")]
    return set(states) == {"T"}


def stop_outside_a_transaction(process: subprocess.Popen[bytes], store: Path) -> None:
    """Inside of one it holds the store, and nobody can take over until it goes on or is killed."""
    with contextlib.closing(sqlite3.connect(store, timeout=0.2, isolation_level=None)) as other:
        while True:
            process.send_signal(signal.SIGSTOP)
            until(lambda: stands_still(process.pid))  # a thread inside the kernel may still take the lock
            with contextlib.suppress(sqlite3.OperationalError):
                other.execute("BEGIN IMMEDIATE")
                other.execute("ROLLBACK")
                return
            process.send_signal(signal.SIGCONT)
            time.sleep(0.001)


@pytest.mark.parametrize("on_uncertain", ["hold", "resend"])
def test_a_process_stopped_past_its_lease_and_continued_sends_nothing_twice(tmp_path: Path, on_uncertain: str) -> None:
    """Another one takes over meanwhile. Only what was under way when it was stopped is in doubt, by name."""
    arena = Arena(tmp_path / "arena", READERS, on_uncertain=on_uncertain)
    arena.prepare()
    with arena.round() as round:
        command = [sys.executable, "-c", SHORT_LEASE, str(round.folder / "config.yaml")]
        sleeper = subprocess.Popen(command, cwd=round.folder)
        until(lambda: round.seen() > 200)
        stop_outside_a_transaction(sleeper, round.folder / "var" / "distributor.db")
        doubted = round._rows("sending")
        round.in_doubt, round.doubted = len(doubted), doubted
        time.sleep(3.2)
        subprocess.run(command, check=True, cwd=round.folder)
        assert round._rows("uncertain") == (doubted if on_uncertain == "hold" else set())
        sleeper.send_signal(signal.SIGCONT)
        assert sleeper.wait(PATIENCE) == 0
        verdict = round.judge()
    assert verdict.good, verdict
    assert len(verdict.twice) <= (0 if on_uncertain == "hold" else CONNECTIONS)
    assert verdict.held == (doubted if on_uncertain == "hold" else set())
