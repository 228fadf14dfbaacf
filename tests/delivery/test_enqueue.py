"""Editions to very many on PostgreSQL: others write while their rows are written, and it is all or nothing all the same."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
import sqlalchemy as sa

from distributor.delivery import enqueue, queries
from distributor.editions import repository as edition_repository
from distributor.model import Delivery
from distributor.storage.database import Database
from distributor.storage.tables import deliveries, editions, shards, subscribers, subscriptions
from distributor.storage.web_tables import address_changes, erased_addresses
from support.clocked_newsroom import Line

pytestmark = pytest.mark.parametrize("line", ["postgresql"], indirect=True)


@pytest.fixture
def many(line: Line, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    """Four readers, who count as very many; an article, and the time of its edition."""
    monkeypatch.setattr(enqueue, "EARLY", 1)
    monkeypatch.setattr("distributor.storage.engines._LOCK_TIMEOUT", 2000)  # so that a lock fails instead of hanging
    for name in ("lan", "mai", "nga", "tam"):
        line.subscribe(name)
    line.arrives("a")
    line.at("07:00")
    yield line


def meanwhile(line: Line, monkeypatch: pytest.MonkeyPatch, happens: Callable[[Database], None]) -> None:
    """Let something happen, in another process as it were, once the rows are written and before anybody can see them."""
    write = enqueue.enqueue_early
    waiting = [happens]

    def write_and_wait(*given: object, **named: object) -> object:
        made = write(*given, **named)  # type: ignore[arg-type]
        with closing(Database.open(line.newsroom.settings.store.url, line.folder)) as other:
            while waiting:
                waiting.pop()(other)
        return made

    monkeypatch.setattr(enqueue, "enqueue_early", write_and_wait)


def emails(line: Line) -> dict[str, Delivery]:
    with line.store.read() as connection:
        names = dict(connection.execute(sa.select(subscribers.c.id, subscribers.c.name)).all())
        return {names.get(row.recipient, "?"): row for row in queries.iterate_deliveries(connection) if row.recipient}


def person(connection: sa.Connection, name: str) -> str:
    found: str = connection.execute(sa.select(subscribers.c.id).where(subscribers.c.name == name)).scalar_one()
    return found


def test_others_write_while_the_rows_are_written_and_see_none_of_them(
    many: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []

    def write(other: Database) -> None:
        with other.write() as connection:
            connection.execute(sa.update(subscribers).where(subscribers.c.name == "mai").values(consent="anew"))
            seen.extend(queries.iterate_deliveries(connection))
            seen.extend(edition_repository.list_editions(connection))

    meanwhile(many, monkeypatch, write)
    many.answer()
    assert seen == []
    assert sorted(emails(many)) == ["lan", "mai", "nga", "tam"]
    many.deliver()
    assert [many.read(name) for name in ("lan", "mai", "nga", "tam")] == [[["a"]]] * 4


def test_what_others_change_meanwhile_is_heeded(many: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new address is written to, an erased one is not kept, and who has left gets nothing."""

    def change(other: Database) -> None:
        with other.write() as connection:
            values = {"subscriber_id": person(connection, "mai"), "id": "x", "address": "new@example.com"}
            times = {"asked_at": many.now, "expires_at": many.now, "done_at": many.now}
            connection.execute(sa.insert(address_changes).values(**values, **times))
            connection.execute(
                sa.update(subscribers)
                .where(subscribers.c.name == "mai")
                .values(address="new@example.com", address_key="new@example.com")
            )
            connection.execute(sa.delete(subscribers).where(subscribers.c.name == "nga"))
            connection.execute(sa.insert(erased_addresses).values(address_hash="h", at=many.now, via="link"))
            gone = subscriptions.c.subscriber_id == person(connection, "tam")
            connection.execute(sa.delete(subscriptions).where(gone))

    meanwhile(many, monkeypatch, change)
    many.answer()
    found = emails(many)
    assert {name: row.address for name, row in found.items()} == {
        "lan": "lan@example.com", "mai": "new@example.com", "?": "", "tam": "tam@example.com",
    }  # fmt: skip
    many.deliver()
    assert {name: row.state.value for name, row in emails(many).items()} == {
        "lan": "sent", "mai": "sent", "?": "suppressed", "tam": "suppressed",
    }  # fmt: skip


def test_a_process_that_dies_in_the_middle_leaves_nothing(many: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(_: Database) -> None:
        raise SystemExit

    meanwhile(many, monkeypatch, die)
    with pytest.raises(SystemExit):
        many.answer()
    with many.store.read() as connection:
        for table in (deliveries, shards):
            assert connection.execute(sa.select(sa.func.count()).select_from(table)).scalar() == 0
        assert edition_repository.list_editions(connection) == []
    many.answer()
    assert len(emails(many)) == 4


def test_two_hosts_make_one_edition(many: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second waits for the first, whose rows have the same keys, and finds the slot decided."""
    threads = []

    def answer_elsewhere(_: Database) -> None:
        def elsewhere() -> None:
            second = Line(many.folder, now=many.now, config=many.config)
            second._store = second.newsroom.open_store()
            second.answer()
            second.close()

        threads.append(threading.Thread(target=elsewhere))
        threads[0].start()

    meanwhile(many, monkeypatch, answer_elsewhere)
    many.answer()
    threads[0].join()
    assert len(emails(many)) == 4
    with many.store.read() as connection:
        assert len(edition_repository.list_editions(connection)) == 1
    many.deliver()
    assert len(many.mailbox("lan")) == 1


def test_an_edition_that_was_made_meanwhile_counts_for_the_cap(many: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    many.configure(".max_emails_per_day: 1")

    def another_edition(other: Database) -> None:
        times = dict.fromkeys(("frozen_at", "expires_at", "due_at"), many.now)
        texts = {"slot": "s", "kind": "alert", "state": "frozen", "subject": "s", "language": "vi", "sha256": ""}
        with other.write() as connection:
            values = {"id": "t-1", "newsletter": "t", "number": 1, "content": "{}", **times, **texts}
            connection.execute(sa.insert(editions).values(values))
            connection.execute(sa.insert(shards).values(edition_id="t-1", shard=0, channel="mail"))
            row = {"edition_id": "t-1", "channel": "mail", "recipient": person(connection, "lan"), "variant": "digest"}
            connection.execute(sa.insert(deliveries).values(**row, shard=0, state="sent", updated=many.now, attempts=1))

    meanwhile(many, monkeypatch, another_edition)
    many.answer()
    assert {name for name, row in emails(many).items() if row.edition != "t-1"} == {"mai", "nga", "tam"}
