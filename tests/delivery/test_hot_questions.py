"""What is asked again and again reads a range of an index, however many subscribers and deliveries there are."""

from __future__ import annotations

from datetime import timedelta

from distributor.delivery.ledger import SHARD_SIZE
from distributor.storage.database import Database
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
