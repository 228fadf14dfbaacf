"""What a large store costs on PostgreSQL: octets and WAL for each row, plans of hot statements, and who waits for whom.

    python benchmarks/scale.py [--subscribers 500000] [--editions 10] [--smaller 0.1] [--only rows|plans|wait]

rows   a ledger of so many editions, each to all subscribers, written by the statements of the program; octets of table and
       indexes, WAL of enqueueing, marking and writing an outcome, for each email
plans  every statement of `tests/support/hot_questions.py` with EXPLAIN (ANALYZE, BUFFERS), in this store and in a smaller
       one: pages read, milliseconds, whole tables read
wait   an edition to all subscribers is published while somebody else writes 50 times a second: how long that takes

A cluster of its own with fsync, 512 MB of shared buffers, on /tmp. Writes var/bench-scale.json.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "tests")]

from distributor.articles import search_index  # noqa: E402
from distributor.delivery.ledger import Ledger, LedgerEntry  # noqa: E402
from distributor.delivery.retry import Decision  # noqa: E402
from distributor.editions import article_status  # noqa: E402
from distributor.model import DeliveryState, Edition  # noqa: E402
from distributor.storage.database import Database  # noqa: E402
from support import postgresql  # noqa: E402
from support.builders import edition, rendition  # noqa: E402
from support.clocked_newsroom import Line  # noqa: E402
from support.hot_questions import full_scans, hot_questions, statements_of  # noqa: E402
from support.ledger import freeze  # noqa: E402

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SETTINGS = "-c shared_buffers=512MB -c max_wal_size=4GB -c max_connections=60"
_SENT = Decision(DeliveryState.SENT, reply="250 2.0.0 Ok: queued as 4F1B2C3D4E")
_SUBSCRIBERS = """
    INSERT INTO subscribers (id, address, address_key, name, language, topics, consent, created)
    SELECT md5(i::text), 'reader' || i || '@example.vn', 'reader' || i || '@example.vn', 'Nguyễn Thị Lan', 'vi',
        '["Kinh tế"]', 'form, 2026-01', '2026-01-01' FROM generate_series(1, {}) i
"""
_SUBSCRIPTIONS = """
    INSERT INTO subscriptions (subscriber_id, newsletter, since) SELECT id, 'tin-sang', '2026-01-01' FROM subscribers
"""


@contextmanager
def cluster() -> Iterator[postgresql.Cluster]:
    postgresql.QUICK = SETTINGS
    made = postgresql.a_cluster()
    try:
        made.start()
        yield made
    finally:
        made.remove()


def subscribe(store: Database, count: int) -> None:
    with store.write(long=True) as connection:
        connection.exec_driver_sql(_SUBSCRIBERS.format(count))
        connection.exec_driver_sql(_SUBSCRIPTIONS)
    analyze(store)


def analyze(store: Database) -> None:
    with store._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")


def an_edition(number: int) -> Edition:
    return edition(number, frozen_at=NOW + timedelta(days=number), expires_at=NOW + timedelta(days=number + 1))


def fill(store: Database, subscribers: int, editions: int) -> None:
    """Editions to all subscribers, of which all but the last have come to their end."""
    subscribe(store, subscribers)
    for number in range(1, editions + 1):
        made = an_edition(number)
        posts = [rendition("posts", f"a{post}", edition=made.id) for post in range(10)]
        freeze(store, made, [rendition("mail", "digest", edition=made.id), *posts])
        if number < editions:
            with store.write(long=True) as connection:
                done = {"sent": _SENT.reply, "id": made.id}
                connection.execute(sa.text("UPDATE deliveries SET state = 'sent', attempts = 1, reply = :sent"
                                           " WHERE edition_id = :id"), done)  # fmt: skip
                connection.execute(sa.text("UPDATE shards SET due = NULL WHERE edition_id = :id"), done)
                connection.execute(sa.text("UPDATE editions SET state = 'done' WHERE id = :id"), done)
    analyze(store)


# -- rows --------------------------------------------------------------------------------------------------------------


def wal(store: Database) -> int:
    with store.read() as connection:
        return int(connection.exec_driver_sql("SELECT pg_current_wal_lsn() - '0/0'").scalar() or 0)


def sizes(store: Database) -> dict[str, dict[str, float]]:
    """Octets of each row of the large tables: of the table, and of its indexes."""
    found = {}
    with store.read() as connection:
        for name in ("subscribers", "subscriptions", "deliveries_1", "shards"):
            rows, table, indexes = connection.exec_driver_sql(
                f"SELECT count(*), pg_relation_size('{name}'), pg_indexes_size('{name}') FROM {name}"
            ).one()
            found[name] = {"rows": rows, "table": round(table / rows, 1), "indexes": round(indexes / rows, 1)}
    return found


def hot_share(store: Database) -> float:
    """Of all updates of emails, those that found room in the page of the row."""
    time.sleep(1.5)  # the server counts with some delay
    with store.read() as connection:
        statement = "SELECT n_tup_hot_upd, n_tup_upd FROM pg_stat_user_tables WHERE relname = 'deliveries_1'"
        within, all_of_them = connection.exec_driver_sql(statement).one()
        return float(round(within / max(all_of_them, 1), 2))


def rows(server: postgresql.Cluster, subscribers: int) -> dict[str, Any]:
    with closing(Database.open(server.new_store(), Path())) as store:
        subscribe(store, subscribers)
        before, began = wal(store), time.perf_counter()
        made = an_edition(1)
        freeze(store, made, [rendition("mail", "digest", edition=made.id)])
        enqueued, seconds = wal(store) - before, time.perf_counter() - began
        fresh = sizes(store)
        before, worker, sent, began = wal(store), Ledger(store), 0, time.perf_counter()
        while sent < min(subscribers, 50_000):
            shard = worker.claim("mail", made.frozen_at)
            assert shard
            due = worker.due(shard, made.frozen_at)
            for first in range(0, len(due), 100):
                group = due[first : first + 100]
                worker.post([(shard, row) for row in group], [], made.frozen_at)
                done = [LedgerEntry(shard, row, _SENT, DeliveryState.SENDING, 1, 0) for row in group]
                worker.post([], done, made.frozen_at)
            worker.release([shard])
            sent += len(due)
        return {
            "octets of a row": fresh,
            "octets of a row, when sent": sizes(store)["deliveries_1"],
            "updates that touch no index": hot_share(store),
            "WAL of enqueueing, octets an email": round(enqueued / subscribers),
            "enqueueing, µs an email": round(seconds / subscribers * 1e6, 1),
            "WAL of mark and outcome, octets an email": round((wal(store) - before) / sent),
            "claim, mark and outcome, µs an email": round((time.perf_counter() - began) / sent * 1e6, 1),
        }


# -- plans -------------------------------------------------------------------------------------------------------------


def plans(server: postgresql.Cluster, subscribers: int, editions: int) -> dict[str, Any]:
    with closing(Database.open(server.new_store(), Path())) as store:
        fill(store, subscribers, editions)
        return {
            "octets of a row": sizes(store),
            "questions": {
                name: plan_of(store, ask) for name, ask in hot_questions(store, f"tin-sang-{editions}").items()
            },
        }


def plan_of(store: Database, ask: Callable[[], object]) -> dict[str, Any]:
    """Pages and milliseconds of all statements of a question, and the large tables that they read from one end to the other.
    Each is run once more, and undone."""
    with statements_of(store) as asked:
        ask()
    pages, milliseconds, scans = 0, 0.0, set()
    for statement, given in asked:
        with store.write() as connection:
            undo = connection.begin_nested()
            made = connection.exec_driver_sql(
                f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", given
            ).scalar_one()
            undo.rollback()
            plan = (json.loads(made) if isinstance(made, str) else made)[0]
            pages += plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
            milliseconds += plan["Planning Time"] + plan["Execution Time"]
            scans.update(full_scans(connection, statement, given))
    return {"pages": pages, "ms": round(milliseconds, 2), "whole tables": sorted(scans)}


# -- waiting -----------------------------------------------------------------------------------------------------------


def wait(server: postgresql.Cluster, subscribers: int, folder: Path) -> dict[str, Any]:
    url = server.new_store()
    line = Line(folder)
    line.configure(f".store: {{url: '{url}'}}")
    subscribe(line.store, subscribers)
    line.arrives("a")
    line.at("07:00")
    done, waits = threading.Event(), list[float]()

    def write() -> None:
        with closing(Database.open(url, folder)) as other:
            while not done.wait(0.02):
                began = time.perf_counter()
                with other.write() as connection:
                    connection.exec_driver_sql(f"INSERT INTO host_backoff VALUES ('{len(waits)}', now())")
                waits.append(time.perf_counter() - began)

    writer = threading.Thread(target=write)
    writer.start()
    began = time.perf_counter()
    line.answer()
    seconds = time.perf_counter() - began
    done.set()
    writer.join()
    line.close()
    waits.sort()
    shown = {"longest": waits[-1], "99 of 100 within": waits[len(waits) * 99 // 100], "median": waits[len(waits) // 2]}
    return {"publishing, s": round(seconds, 1), **{name: f"{value * 1000:.1f} ms" for name, value in shown.items()}}


def editions_of_nothing() -> None:
    """Let editions be saved whose articles are in no table. Not while one is published in earnest."""
    article_status.record_decisions = lambda *_: None
    search_index.index_edition = lambda *_: None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subscribers", type=int, default=500_000)
    parser.add_argument("--editions", type=int, default=10)
    parser.add_argument("--smaller", type=float, default=0.1, help="size of the smaller store beside it")
    parser.add_argument("--only", choices=("rows", "plans", "wait"))
    given = parser.parse_args()
    found: dict[str, Any] = {}
    with cluster() as server, tempfile.TemporaryDirectory() as folder:
        if given.only in (None, "wait"):
            found["wait"] = wait(server, given.subscribers, Path(folder))
        editions_of_nothing()
        if given.only in (None, "rows"):
            found["rows"] = rows(server, given.subscribers)
        if given.only in (None, "plans"):
            for share in (given.smaller, 1.0):
                count = int(given.subscribers * share)
                found[f"plans, {count * given.editions:,} deliveries"] = plans(server, count, given.editions)
    print(json.dumps(found, indent=2, ensure_ascii=False))
    Path("var").mkdir(exist_ok=True)
    Path("var/bench-scale.json").write_text(json.dumps(found, indent=2, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
