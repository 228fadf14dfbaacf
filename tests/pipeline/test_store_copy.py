"""A store moves into another database, and the newsroom goes on where it was; or into a file, as a backup."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from distributor import pipeline
from distributor.articles import search_index
from distributor.articles.folding import split_words
from distributor.delivery.ledger import LEASE, Ledger
from distributor.delivery.retry import Decision
from distributor.errors import StoreError
from distributor.model import DeliveryState
from distributor.storage import copying, identity
from distributor.storage.database import Database
from distributor.storage.tables import instance
from distributor.storage.web_tables import outbox
from support.builders import NOW, articles, edition, rendition
from support.ledger import freeze, mark, settle, states, subscribe

S = DeliveryState
LATER = NOW + LEASE + timedelta(seconds=1)


@pytest.fixture
def other(database: Database, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Database]:
    """An empty store of the other kind, without any table yet on SQLite."""
    server = "postgresql" in database.name
    url = "sqlite:///other.db" if server else request.getfixturevalue("postgresql_url")()
    opened = Database.open(url, tmp_path)
    yield opened
    opened.close()


def half_sent(store: Database) -> None:
    """Four emails; one is sent, one was about to leave when its sender was cut off."""
    subscribe(store, 4)
    freeze(store, edition(), [rendition("mail", "digest")])
    worker = Ledger(store)
    shard = worker.claim("mail", NOW)
    assert shard
    first, second, *_ = worker.due(shard, NOW)
    assert mark(worker, shard, first, NOW)
    settle(worker, shard, replace(first, state=S.SENDING, attempts=1), Decision(S.SENT), NOW)
    assert mark(worker, shard, second, NOW)


def test_a_delivery_half_done_goes_on_in_the_copy(store: Database, other: Database) -> None:
    half_sent(store)
    with store.write() as connection:
        search_index.index_articles(connection, articles(2))
        identity.create(connection, b"a key of this newsroom", NOW)
        identity.claim_instance(connection, "here", NOW)
    copied = pipeline.copy_store(store, other, LATER)
    assert (copied.rows["deliveries"], copied.rows["subscribers"], copied.articles) == (4, 4, 2)
    assert states(other) == states(store) == {S.SENT: 1, S.SENDING: 1, S.PENDING: 2}
    shard = Ledger(other).claim("mail", LATER)
    assert shard
    with store.read() as old, other.read() as new:
        assert identity.load(new) == identity.load(old)
        found = search_index.search_index(new, split_words("nội dung của tin", 9), sa.true(), limit=9)
    assert found.total == 2
    identity.check_instance(other, "here", NOW)
    with pytest.raises(
        StoreError, match=r"belongs to the store .*, into which it was copied, not to here: nothing is sent"
    ):
        identity.check_instance(store, "here", NOW)


def test_numbers_that_were_given_are_not_given_again_in_the_copy(store: Database, other: Database) -> None:
    """The newest message of the outbox is gone, as its recipient was erased, and its bounce is on the way."""
    row: dict[str, object] = {
        "channel": "mail",
        "kind": "goodbye",
        "media_type": "text/plain",
        "body": b"",
        "state": "sent",
    }
    row |= {"created": NOW, "updated": NOW, "expires_at": NOW}
    with store.write() as connection:
        connection.execute(sa.insert(outbox), [{"dedupe_key": str(number), **row} for number in range(3)])
        connection.execute(sa.delete(outbox))
    pipeline.copy_store(store, other, NOW)
    with other.write() as connection:
        assert connection.execute(sa.insert(outbox).values(dedupe_key="4", **row)).inserted_primary_key == (4,)


def test_nothing_is_copied_while_somebody_sends(store: Database, other: Database) -> None:
    half_sent(store)
    with pytest.raises(StoreError, match="somebody sends from store"):
        pipeline.copy_store(store, other, NOW)
    assert states(other) == {}
    with store.read() as connection:
        assert connection.execute(sa.select(instance)).all() == []


def test_nothing_is_copied_into_a_store_that_holds_anything(database: Database, other: Database) -> None:
    subscribe(database, 1)
    other.migrate()
    subscribe(other, 2)
    with pytest.raises(StoreError, match=r"is not empty \(it has subscribers, subscriptions\): nothing was changed"):
        pipeline.copy_store(database, other, NOW)


def test_a_store_is_not_copied_into_itself_under_another_name(database: Database, tmp_path: Path) -> None:
    subscribe(database, 1)
    with closing(Database.open(database.name, tmp_path)) as same, pytest.raises(StoreError, match="is not empty"):
        pipeline.copy_store(database, same, NOW)
    identity.check_instance(database, "here", NOW)


def test_there_is_no_copy_of_a_store_that_cannot_be_given_away(
    database: Database, other: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that may only be read, for instance: both would send."""
    subscribe(database, 1)

    def refuse(*_: object) -> str:
        raise StoreError("store x: is read-only")

    monkeypatch.setattr(identity, "claim_instance", refuse)
    with pytest.raises(StoreError, match="is read-only"):
        pipeline.copy_store(database, other, NOW)
    with other.read() as connection:
        assert copying.list_filled_tables(connection) == []


def test_nothing_is_copied_from_a_store_of_another_version(
    database: Database, other: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("distributor.pipeline.store_copy.REVISIONS", ("0001", "0002"))
    with pytest.raises(StoreError, match=r"is at version 0001, and this program at 0002: .*run `distributor migrate`"):
        pipeline.copy_store(database, other, NOW)


def test_a_saved_store_belongs_to_nobody_and_the_store_goes_on(database: Database, tmp_path: Path) -> None:
    subscribe(database, 3)
    with database.write() as connection:
        search_index.index_articles(connection, articles(2))
        identity.claim_instance(connection, "here", NOW)
    saved = pipeline.save_store(database, tmp_path / "saved.db", NOW)
    assert (saved.rows["subscribers"], saved.rows["article_search"]) == (3, 2)
    assert (tmp_path / "saved.db").stat().st_mode & 0o777 == 0o600
    identity.check_instance(database, "here", NOW)
    copy = Database.open("sqlite:///saved.db", tmp_path, create=False)
    with pytest.raises(StoreError, match="belongs to a backup of 2026-11-23 00:00 UTC of here, not to here"):
        identity.check_instance(copy, "here", NOW)
    with copy.read() as connection:
        found = search_index.search_index(connection, split_words("nội dung của tin", 9), sa.true(), limit=9)
    copy.close()
    assert found.total == 2


def test_what_is_written_while_a_store_is_saved_does_not_stop_it(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is either in the file as a whole, or not."""
    subscribe(database, 3)
    write: Callable[..., bool] = Database.write_file

    def while_others_write(self: Database, file: Path) -> bool:
        with self.write() as connection:
            identity.claim_instance(connection, "there", NOW)
            connection.exec_driver_sql("UPDATE subscribers SET name = 'half'")
            saved = write(self, file) if "sqlite" in self.name else False
            connection.exec_driver_sql("UPDATE subscribers SET name = 'whole'")
        return saved

    monkeypatch.setattr(Database, "write_file", while_others_write)
    pipeline.save_store(database, tmp_path / "saved.db", NOW)
    copy = Database.open("sqlite:///saved.db", tmp_path, create=False)
    with copy.read() as connection:
        names = set(connection.exec_driver_sql("SELECT name FROM subscribers").scalars())
    copy.close()
    assert names == ({""} if "sqlite" in database.name else {"whole"})
