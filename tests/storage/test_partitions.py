"""The parts of the ledger on PostgreSQL: emails of one time lie together, and are dropped together; posts stay."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from distributor.delivery import pruning, queries
from distributor.model import Delivery
from distributor.pipeline import copy_store, prune
from distributor.storage import partitions
from distributor.storage.database import Database
from distributor.storage.tables import deliveries, delivery_parts, editions
from support.clocked_newsroom import Line

DAY = timedelta(days=1)
pytestmark = pytest.mark.parametrize("line", ["postgresql"], indirect=True)


@pytest.fixture
def parted(line: Line, monkeypatch: pytest.MonkeyPatch) -> Line:
    """Two editions in part 1, one in part 2, each with an email and a post."""
    monkeypatch.setattr(partitions, "FULL", 2)
    line.subscribe("lan")
    for name in ("a", "b", "c"):
        line.arrives(name)
        line.day()
        pruned(line)
    return line


def pruned(line: Line) -> dict[str, int]:
    return dict(prune.prune_store(line.newsroom, line.store, line.now).removed)


def parts(line: Line) -> list[int]:
    with line.store.read() as connection:
        return partitions.list_parts(connection)


def rows(line: Line) -> list[Delivery]:
    with line.store.read() as connection:
        return sorted(queries.iterate_deliveries(connection), key=lambda row: row.id)


def where(line: Line) -> list[tuple[str, str, int]]:
    return [(row.edition, row.channel, partitions.part_of(row.id)) for row in rows(line)]


@contextmanager
def somebody_reads_the_ledger(line: Line) -> Iterator[None]:
    with line.store.read() as connection:
        queries.growing_number(connection)
        yield


def test_emails_of_one_time_lie_together_and_posts_by_themselves(parted: Line) -> None:
    emails = [("tin-sang-1", "mail", 1), ("tin-sang-2", "mail", 1), ("tin-sang-3", "mail", 2)]
    assert [one for one in where(parted) if one[2]] == emails
    assert {channel for _, channel, part in where(parted) if not part} == {"feeds", "posts"}
    assert parts(parted) == [0, 1, 2]


def test_a_part_goes_as_a_whole_when_all_in_it_is_over(parted: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    with parted.store.read() as connection:
        before = {id: queries.count_by_state(connection, id) for id in ("tin-sang-1", "tin-sang-2", "tin-sang-3")}
    parted.now += 398.5 * DAY  # the second one is not over
    assert pruned(parted)["deliveries"] == 0
    parted.now += DAY
    monkeypatch.setattr(partitions, "_LOCK_TIMEOUT", 20)
    with somebody_reads_the_ledger(parted):
        assert pruned(parted)["deliveries"] == 0
    monkeypatch.setattr(pruning, "prune_batch", None)
    assert pruned(parted)["deliveries"] == 2
    assert parts(parted) == [0, 2]
    assert {part for _, _, part in where(parted)} == {0, 2}
    with parted.store.read() as connection:
        assert {id: queries.count_by_state(connection, id) for id in before} == before
        assert pruning.list_pruned(connection, before) == ["tin-sang-1", "tin-sang-2"]


def test_a_part_with_something_open_is_pruned_by_rows_in_the_end(parted: Line) -> None:
    with parted.store.write() as connection:
        connection.execute(
            sa.update(editions).where(editions.c.id == "tin-sang-2").values(state="frozen", done_at=None)
        )
    parted.now += 401 * DAY
    assert pruned(parted)["deliveries"] == 0
    parted.now += 30 * DAY
    assert pruned(parted)["deliveries"] == 1
    assert [one for one in where(parted) if one[2]] == [("tin-sang-2", "mail", 1), ("tin-sang-3", "mail", 2)]


def test_an_edition_waits_for_its_part_for_a_month_at_most(parted: Line) -> None:
    """A part takes a million emails, which may take years: nobody's address is kept so much longer than is said."""
    with parted.store.write() as connection:
        first = editions.c.id == "tin-sang-1"
        connection.execute(sa.update(editions).where(first).values(done_at=parted.now - 33 * DAY))
    parted.now += 390 * DAY
    assert pruned(parted)["deliveries"] == 0
    parted.now += 8 * DAY
    assert pruned(parted)["deliveries"] == 1


def test_copies_go_on_where_the_numbers_end(parted: Line, tmp_path: Path, postgresql_url) -> None:  # type: ignore[no-untyped-def]
    before = rows(parted)
    with (
        closing(Database.open("sqlite:///copy.db", tmp_path)) as small,
        closing(Database.open(postgresql_url(), tmp_path)) as back,
    ):
        copy_store(parted.store, small, parted.now)
        copy_store(small, back, parted.now)
        with back.write() as connection:
            assert sorted(queries.iterate_deliveries(connection), key=lambda row: row.id) == before
            assert partitions.list_parts(connection) == [0, 1, 2]
            found = connection.execute(sa.select(delivery_parts.c.part, delivery_parts.c.taken))
            taken = {row.part: row.taken for row in found}
            assert taken == {1: 2, 2: 1}
            assert partitions.take_numbers(connection, 5, parted.now) == before[-1].id + 1
            sequence = connection.exec_driver_sql("SELECT nextval('deliveries_id_seq')").scalar()
            assert sequence == max(row.id for row in before if not partitions.part_of(row.id)) + 1


def test_a_new_part_keeps_nobody_from_working(parted: Line) -> None:
    """Whoever marks emails holds rows of the ledger and of its shards; a new part may be begun at the same time."""
    with parted.store.write(alone=False) as busy:
        busy.exec_driver_sql("SELECT id FROM deliveries FOR UPDATE")
        busy.exec_driver_sql("SELECT shard FROM shards FOR SHARE")
        with parted.store.write() as connection:
            partitions.create_part(connection, 3)
        busy.exec_driver_sql("SELECT count(*) FROM deliveries")
    assert parts(parted) == [0, 1, 2, 3]


def test_an_edition_whose_rows_were_on_their_way_into_a_part_keeps_it_from_being_dropped(
    parted: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large edition takes its numbers when it begins to write, and is seen when it has ended: meanwhile the next part may
    have begun, and everything that is seen in this one be over."""
    counted = pruning.count_part

    def count_and_commit(connection: sa.Connection, part: partitions.EndedPart) -> object:
        numbers = counted(connection, part)
        late: dict[str, sa.ColumnElement[object]] = {
            "id": sa.literal(partitions.first_number(1) + 999),
            "edition_id": sa.literal("tin-sang-3"),
        }
        columns: list[sa.ColumnElement[object]] = [late.get(column.name, column) for column in deliveries.c]
        made = sa.select(*columns).where(deliveries.c.edition_id == "tin-sang-1", deliveries.c.channel == "mail")
        with parted.store.write(alone=False) as other:
            other.execute(sa.insert(deliveries).from_select([column.name for column in deliveries.c], made))
        return numbers

    monkeypatch.setattr(pruning, "count_part", count_and_commit)
    parted.now += 399.5 * DAY
    assert pruned(parted)["deliveries"] == 0
    assert ("tin-sang-3", "mail", 1) in where(parted)


def test_a_part_that_goes_keeps_no_edition_from_being_made(parted: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that has written its rows waits to be alone: who is alone and waits for the rows would end it as a deadlock."""
    store, now = parted.store, parted.now + 399.5 * DAY
    before = now - parted.newsroom.settings.retention.deliveries
    with store.read() as connection:
        ((part, *_), _) = pruning.list_whole_parts(connection, before)
    drop = partial(prune._drop_part, store, part, before, now)
    monkeypatch.setattr(partitions, "_LOCK_TIMEOUT", 20)
    with store.write(alone=False) as edition:
        edition.exec_driver_sql("LOCK TABLE deliveries IN ROW EXCLUSIVE MODE")

        def lock(connection: sa.Connection, number: int) -> None:
            store.become_alone(edition)
            partitions.lock_part(connection, number)

        with monkeypatch.context() as changed:
            changed.setattr(prune, "lock_part", lock)
            assert drop() == 0
    with store.write():
        assert drop() == 0
    assert drop() == 2
