"""A PostgreSQL whose owner limits how long statements and transactions take: short questions keep to it, our long work sets
limits of its own, and what is ended all the same is told in words."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
import sqlalchemy as sa

from distributor.bounces import suppressions
from distributor.delivery.control import expire_deliveries
from distributor.delivery.ledger import Ledger
from distributor.editions import article_status
from distributor.errors import StoreError
from distributor.model import DeliveryState
from distributor.storage.database import Database
from distributor.storage.tables import deliveries
from support.builders import NOW, edition, rendition
from support.ledger import freeze, states
from support.postgresql import Cluster

S = DeliveryState
READERS = 80_000


@pytest.fixture
def limited(own_cluster: Cluster, tmp_path: Path) -> Iterator[Callable[..., Database]]:
    """Makes a store whose role has these settings, such as `statement_timeout="50ms"`."""
    opened: list[Database] = []

    def make(**settings: str) -> Database:
        url = own_cluster.new_store()
        for name, value in settings.items():
            own_cluster.sql(f"ALTER ROLE postgres SET {name} = '{value}'")
        opened.append(Database.open(url, tmp_path))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


SLOW = "SELECT pg_sleep(0.6)"
TIGHT = {
    "statement_timeout": "200ms",
    "lock_timeout": "100ms",
    "idle_in_transaction_session_timeout": "200ms",
}


def subscribe_many(database: Database, count: int) -> None:
    people = "SELECT 's' || n, 'r' || n || '@example.com', 'r' || n || '@example.com', '', 'vi', '[]', '', now()"
    with database.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO subscribers (id, address, address_key, name, language, topics, consent, created) "
            f"{people} FROM generate_series(1, {count}) AS n"
        )
        connection.exec_driver_sql(
            "INSERT INTO subscriptions (subscriber_id, newsletter, since) "
            f"SELECT 's' || n, 'tin-sang', now() - interval '1 year' FROM generate_series(1, {count}) AS n"
        )


def settings_of(connection: sa.Connection, *names: str) -> list[str]:
    return [str(connection.exec_driver_sql(f"SHOW {name}").scalar()) for name in names]


def test_an_edition_for_80_000_readers_is_frozen_tried_and_given_up(
    limited: Callable[..., Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The statements that promise a copy to each, and give up what is left, take longer than a short limit allows."""
    monkeypatch.setattr(article_status, "record_decisions", lambda *_: None)
    store = limited(**{**TIGHT, "statement_timeout": "100ms"})
    subscribe_many(store, READERS)
    freeze(store, edition(), [rendition("mail", "digest")])
    assert states(store) == {S.PENDING: READERS}
    assert Ledger(store).claim("mail", NOW)
    assert expire_deliveries(store, edition().expires_at) == READERS
    assert states(store) == {S.EXPIRED: READERS}
    with store.write(long=True) as connection:
        assert suppressions.expire_suppressions(connection, NOW) == 0
        assert connection.execute(sa.delete(deliveries)).rowcount == READERS


def test_limits_are_raised_and_never_switched_off(limited: Callable[..., Database]) -> None:
    store = limited(**TIGHT)
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    with store.read() as connection:
        assert settings_of(connection, *names) == ["1min", "30s", "5min"]
    with store.write(long=True) as connection:
        assert settings_of(connection, *names) == ["30min", "30s", "5min"]
    with store.read() as connection:  # on the same connection, after it
        assert settings_of(connection, *names) == ["1min", "30s", "5min"]


def test_a_limit_that_leaves_us_time_stays_as_it_is(limited: Callable[..., Database]) -> None:
    """And where there is none, we set none."""
    store = limited(statement_timeout="45min")
    with store.read(long=True) as connection:
        assert settings_of(connection, "statement_timeout", "idle_in_transaction_session_timeout") == ["45min", "0"]


def test_who_waits_for_another_writer_is_not_ended_by_the_limit(limited: Callable[..., Database]) -> None:
    """The wait is a statement too."""
    store, holds, done = limited(**TIGHT), Event(), Event()

    def freeze_slowly() -> None:
        with store.write(long=True) as connection:
            holds.set()
            connection.exec_driver_sql(SLOW)
            done.set()

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(freeze_slowly)
        assert holds.wait(10)
        with store.write():
            assert done.is_set()
        first.result()


def test_what_we_do_between_two_statements_takes_its_time(limited: Callable[..., Database]) -> None:
    """A proposal is rendered in the transaction that has read for it."""
    store = limited(**TIGHT)
    with store.read() as connection:
        connection.exec_driver_sql("SELECT 1")
        time.sleep(0.5)
        assert connection.exec_driver_sql("SELECT 2").scalar() == 2


@pytest.mark.parametrize(
    ("setting", "words"),
    [("statement_timeout", "took too long"), ("idle_in_transaction_session_timeout", "waited too long")],
)
def test_what_the_server_ends_all_the_same_is_told_in_one_line(
    setting: str, words: str, limited: Callable[..., Database]
) -> None:
    """Not as an error of the program with all its parameters, which are people's addresses."""
    store = limited()
    with pytest.raises(StoreError) as told, store.read() as connection:
        connection.exec_driver_sql(f"SET {setting} = '100ms'")
        if setting == "statement_timeout":
            connection.exec_driver_sql(SLOW)
        else:
            time.sleep(0.4)
            connection.exec_driver_sql("SELECT 'lan@example.com'")
    assert words in str(told.value) and setting in str(told.value)
    assert "\n" not in str(told.value) and "lan@" not in str(told.value)
    with store.read() as connection:  # and the next one works
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1
