"""What is asked again and again reads a range of an index, however many subscribers and deliveries there are."""

from __future__ import annotations

import re
from datetime import timedelta

from distributor.delivery.ledger import SHARD_SIZE
from distributor.storage.database import Database
from distributor.subscribers import recipients
from distributor.subscribers.recipients import RecipientQuery
from support.builders import NOW, edition, rendition
from support.hot_questions import full_scans, hot_questions, statements_of
from support.ledger import freeze, subscribe


def test_no_hot_question_reads_a_whole_table(store: Database) -> None:
    """PostgreSQL is told to read whole tables only where there is no other way, as these are small."""
    subscribe(store, SHARD_SIZE + 10)
    for number in (1, 2):
        made = edition(number, frozen_at=NOW + timedelta(minutes=number))
        freeze(store, made, [rendition("mail", "digest", edition=made.id), rendition("posts", "a1", edition=made.id)])
    found = {}
    for name, ask in hot_questions(store, "tin-sang-2").items():
        with statements_of(store) as asked:
            ask()
        with store.read() as connection:
            scans = {table for statement, given in asked for table in full_scans(connection, statement, given)}
        if scans:
            found[name] = sorted(scans)
    assert found == {}


def test_who_has_had_an_alert_is_found_by_the_key_of_the_ledger(store: Database) -> None:
    """Not by reading all that each subscriber ever got, nor the list of all who have it for each subscriber."""
    subscribe(store, 20)
    alert = edition(1)
    freeze(store, alert, [rendition("mail", "digest", edition=alert.id)])
    query = RecipientQuery(
        newsletter="tin-sang", at=NOW, alerts=((alert.id, "a1"),), without=((alert.id, ("digest",)),), cap=2, day=NOW
    )
    with statements_of(store) as asked, store.read() as connection:
        recipients.has_recipients(connection, query)
    with store.read() as connection:
        ((statement, given),) = asked
        if connection.dialect.name == "sqlite":
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)]
            by_key = [line for line in plan if "edition_id=? AND channel=? AND recipient=?" in line]
            assert len(by_key) == 2
            assert not [line for line in plan if "ix_deliveries_recipient" in line]
        else:
            plan = [row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", given)]
            assert not [line for line in plan if re.search(r"NOT \((hashed )?SubPlan|hashed SubPlan", line)]
