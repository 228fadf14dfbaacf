"""What is asked of the store again and again, whatever it holds: each by its name, and what the database makes of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from distributor.bounces import suppressions
from distributor.delivery import control, monitoring, on_the_way, queries, requests, unfinished
from distributor.delivery.ledger import Ledger, LedgerEntry
from distributor.delivery.retry import Decision
from distributor.model import DeliveryState as S
from distributor.storage.database import Database
from distributor.storage.tables import deliveries, editions, subscribers
from distributor.subscribers import opt_outs, recipients, repository
from distributor.subscribers.recipients import RecipientQuery

Question = Callable[[], object]


def hot_questions(database: Database, edition: str, channel: str = "mail") -> dict[str, Question]:
    """The questions, about an edition that is being sent and one of its recipients."""
    with database.read() as connection:
        row = connection.execute(
            sa.select(deliveries.c.recipient, deliveries.c.id, subscribers.c.address, editions.c.frozen_at)
            .join(subscribers, subscribers.c.id == deliveries.c.recipient)
            .join(editions, editions.c.id == deliveries.c.edition_id)
            .where(deliveries.c.edition_id == edition, deliveries.c.state == S.PENDING)
            .limit(1)
        ).one()
    now = row.frozen_at + timedelta(minutes=1)
    return {
        **_of_a_worker(database, edition, channel, row.id, now),
        **_of_a_recipient(database, row, now),
        **_of_the_whole(database, edition, channel, now),
    }


def _asker(database: Database) -> Callable[..., Question]:
    """Asks in a transaction of its own."""

    def ask(question: Callable[..., Any], *given: Any, **named: Any) -> Question:
        def run() -> object:
            with database.write() as connection:
                return question(connection, *given, **named)

        return run

    return ask


def _of_a_worker(database: Database, edition: str, channel: str, id: int, now: datetime) -> dict[str, Question]:
    worker = Ledger(database)
    held: list[Any] = []

    def marked() -> object:
        rows = worker.due(held[0], now)[:100]
        worker.post([(held[0], one) for one in rows], [], now)
        sent = Decision(S.SENT, reply="250 2.0.0 Ok: queued as 4F1B2C3D4E")
        return worker.post([], [LedgerEntry(held[0], one, sent, S.SENDING, 1, 0) for one in rows], now)

    return {
        "claim a shard": lambda: held.append(worker.claim(channel, now)),
        "rows of a shard": lambda: worker.due(held[0], now),
        "renew leases": lambda: worker.renew(held, now),
        "mark 100 emails, write 100 outcomes": marked,
        "release a shard": lambda: worker.release(held),
        "may it still leave": lambda: worker.still_open(edition, [id]),
    }


def _of_a_recipient(database: Database, row: Any, now: datetime) -> dict[str, Question]:
    ask, who = _asker(database), row.recipient
    return {
        "subscriber by address": ask(repository.find, row.address),
        "subscriber by link": ask(repository.find_by_ids, [who]),
        "suppression of an address": ask(suppressions.find_suppression, row.address),
        "opt-outs of an address": ask(opt_outs.find_by_key, row.address),
        "leave: emails on their way": lambda: on_the_way.find_marked(database, [who]),
        "why: emails of a recipient": ask(queries.list_deliveries, recipient=who, limit=20),
        "delivery of a bounce": ask(queries.find_delivery, row.id),
        "bounces since": ask(suppressions.list_bounces_since, now),
    }


def _of_the_whole(database: Database, edition: str, channel: str, now: datetime) -> dict[str, Question]:
    ask = _asker(database)
    return {
        "sweep of due shards": lambda: database.server_time() and ask(requests.ask_again, [channel], now, now)(),
        "shards that wait": ask(monitoring.list_waiting_shards, [channel]),
        "editions to close": ask(queries.list_unclosed_editions),
        "what is over": lambda: control.expire_deliveries(database, now),
        "open by channel": ask(queries.count_open_by_channel, [channel]),
        "open elsewhere": ask(queries.count_open_elsewhere, [channel]),
        "unfinished": ask(unfinished.list_unfinished, now),
        "counts of an edition": ask(queries.count_by_state, edition),
        "newest row": ask(queries.growing_number),
        "newest editions": ask(queries.list_newest_editions, 50, channel),
        "deliveries of the newest editions": ask(queries.list_deliveries, among=[edition]),
        "is it for anybody": ask(recipients.has_recipients, RecipientQuery(newsletter="tin-sang", at=now)),
    }


@contextmanager
def statements_of(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """The statements that are run meanwhile, with their values."""
    found: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, given: Any, *___: Any) -> None:
        if statement.lstrip().split()[0].upper() in ("SELECT", "UPDATE", "DELETE", "WITH"):
            found.append((statement, given[0] if isinstance(given, list) and given else given))

    engine = database._engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def full_scans(connection: Connection, statement: str, given: Any) -> list[str]:
    """The large tables that a statement would read from one end to the other, even where that is dear."""
    if connection.dialect.name == "sqlite":
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given).all()
        return [row[3] for row in plan if row[3].startswith(tuple(f"SCAN {name}" for name in LARGE))]
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    made = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", given).scalar_one()
    nodes = _nodes((json.loads(made) if isinstance(made, str) else made)[0]["Plan"])
    return [one["Relation Name"] for one in nodes if one["Node Type"] == "Seq Scan" and _is_large(one["Relation Name"])]


LARGE = ("deliveries", "subscribers", "subscriptions", "shards", "bounces", "suppressions", "opt_outs")


def _is_large(name: str) -> bool:
    return name in LARGE or name.startswith("deliveries_")


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)
