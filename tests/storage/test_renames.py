"""A newsletter or a channel gets another name in config.yaml: it is said, nothing goes to nobody, all is carried over."""

from __future__ import annotations

from distributor.model import Subscriber
from distributor.storage.all_tables import metadata
from distributor.storage.database import Database
from distributor.storage.renames import NameKind, rename_everywhere, tables_with
from distributor.subscribers import repository as subscriber_repository
from support.clocked_newsroom import Line


def test_every_table_that_holds_a_name_is_carried_over() -> None:
    """A new one is found by the name of its column; one that names it otherwise fails here."""
    odd = {"channel_name", "newsletter_id", "list", "newsletters"}
    assert not [column for table in metadata.sorted_tables for column in table.c if column.name in odd]
    assert {table.name for table in tables_with(NameKind.NEWSLETTER)} >= {
        "editions", "slots", "newsletter_since", "newsletter_articles", "subscriptions", "opt_outs",
    }  # fmt: skip
    assert {table.name for table in tables_with(NameKind.CHANNEL)} >= {
        "renditions", "shards", "deliveries", "channel_backoff", "channel_faults",
    }  # fmt: skip


def test_who_has_left_under_both_names_has_left_once(line: Line) -> None:
    line.subscribe("lan")
    (person,) = _everybody(line.store)
    with line.store.write() as connection:
        for name in ("tin-sang", "ban-tin"):
            subscriber_repository.unsubscribe(connection, person, name, now=line.now, via="staff")
        rename_everywhere(connection, NameKind.NEWSLETTER, "tin-sang", "ban-tin", "Lan", line.now)
        assert len(connection.exec_driver_sql("SELECT * FROM opt_outs").all()) == 1


def _everybody(store: Database) -> list[Subscriber]:
    with store.read() as connection:
        return list(subscriber_repository.list_subscribers(connection))
