"""Hosts that share a store on PostgreSQL: one is killed, the queue is emptied, and every email goes out once all the same.

`benchmarks/fleet.py` does this with 100,000 readers, with frozen and cut-off hosts, a restarted server and wrong clocks."""

from __future__ import annotations

import signal
from pathlib import Path

import sqlalchemy as sa

from distributor.storage.database import Database
from support.postgresql import Cluster
from torture.hosts import Fleet, meanwhile, sink
from torture.rounds import Arena

READERS = 1500


def test_a_killed_host_and_an_emptied_queue_lose_nothing(cluster: Cluster, tmp_path: Path) -> None:
    arena = Arena(tmp_path / "newsroom", READERS, new_store=cluster.new_store)
    arena.prepare()
    database = Database.open(arena.url, tmp_path)
    log = tmp_path / "sink.log"
    with sink(log) as port:
        arena._configure(arena.folder, arena.url, port)
        fleet = Fleet(arena.folder, arena.url, log)
        killed, other = fleet.add(), fleet.add()
        try:
            killed.start()
            other.start()

            def kill() -> None:
                killed.signal(signal.SIGKILL)
                killed.start()

            def empty() -> None:
                with database.write() as connection:
                    connection.execute(sa.text("TRUNCATE procrastinate_jobs CASCADE"))

            meanwhile([(READERS // 5, kill), (READERS // 2, empty)], fleet)
            fleet.wait_until_done(database, 120)
            verdict = fleet.judge(database)
            codes = [host.stop() for host in fleet.hosts]
        finally:
            fleet.close()
            database.close()
    assert verdict.readers == READERS
    assert verdict.good, verdict
    assert codes == [0, 0]
    for host in fleet.hosts:
        assert "Traceback" not in (host.folder / "worker.log").read_text()
