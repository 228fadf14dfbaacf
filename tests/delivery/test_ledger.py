"""The ledger: what is promised is tried, what is tried is written down, and nobody writes for somebody else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Thread

import pytest
import sqlalchemy as sa

from distributor.articles.repository import store_articles
from distributor.delivery import control
from distributor.delivery import queries as rows_of
from distributor.delivery.control import expire_deliveries
from distributor.delivery.lease import new_owner, owner_is_dead
from distributor.delivery.ledger import LEASE, OPEN, SHARD_SIZE, TRANSITIONS, FenceLost, Ledger, Shard
from distributor.delivery.retry import Decision
from distributor.editions import repository as edition_repository
from distributor.model import Delivery, DeliveryState, EditionKind, EditionState, Rendition
from distributor.source import FetchResult
from distributor.storage.database import Database
from distributor.storage.tables import newsletter_articles, subscriptions, suppressions
from support.builders import NOW, GivenSource, edition, found, rendition
from support.ledger import freeze, mark, settle, states, subscribe

S = DeliveryState


def mail(number: int = 1) -> Rendition:
    return rendition("mail", "digest", edition=f"tin-sang-{number}")


def test_every_subscriber_of_the_newsletter_is_promised_a_copy_in_shards(store: Database) -> None:
    subscribe(store, SHARD_SIZE + 1)
    freeze(store, edition(), [mail(), rendition("posts", "a1"), rendition("posts", "a2")])
    assert states(store) == {S.PENDING: SHARD_SIZE + 3}
    worker = Ledger(store)
    first, second = worker.claim("mail", NOW), worker.claim("mail", NOW)
    assert first and second
    assert [len(worker.due(shard, NOW)) for shard in (first, second)] == [SHARD_SIZE, 1]


def test_a_suppressed_address_is_not_promised_anything(store: Database) -> None:
    subscribe(store, 3)
    with store.write() as connection:
        connection.execute(sa.insert(suppressions).values(address_key="s1@example.com", reason="complaint", since=NOW))
    freeze(store, edition(), [mail()])
    with store.read() as connection:
        assert {row.recipient for row in rows_of.list_deliveries(connection)} == {"s0000", "s0002"}


def test_who_is_suppressed_after_the_promise_gets_no_mark(store: Database) -> None:
    """A complaint that came while the edition was going out is asked for last of all, in the transaction of the mark."""
    subscribe(store, 3)
    freeze(store, edition(), [mail()])
    worker = Ledger(store)
    shard = worker.claim("mail", NOW)
    assert shard
    rows = worker.due(shard, NOW)
    with store.write() as connection:
        connection.execute(sa.insert(suppressions).values(address_key="s1@example.com", reason="complaint", since=NOW))
    posted = worker.post([(shard, row) for row in rows], [], NOW)
    assert posted.allowed == {row.id for row in rows if row.recipient != "s0001"}
    assert states(store) == {S.SENDING: 2, S.SUPPRESSED: 1}
    with store.read() as connection:
        (row,) = rows_of.list_deliveries(connection, states=[S.SUPPRESSED])
    assert (row.recipient, row.reply) == ("s0001", "left, paused or suppressed since the edition was frozen")


def test_alerts_are_worked_on_first(store: Database) -> None:
    """However much older what waits beside them is, and whoever of several workers comes next."""
    subscribe(store, SHARD_SIZE + 1)
    freeze(store, edition(), [mail()])
    freeze(store, edition(2, frozen_at=NOW + timedelta(minutes=10)), [mail(2)])
    alert = edition(id="alert", slot="alert-1", frozen_at=NOW + timedelta(hours=1), kind=EditionKind.ALERT)
    freeze(store, alert, [rendition("mail", "digest", edition="alert")])
    now = NOW + timedelta(hours=2)
    taken = [Ledger(store).claim("mail", now) for _ in range(6)]
    assert [(shard.edition, shard.number) for shard in taken if shard] == [
        ("alert", 0), ("alert", 1),
        ("tin-sang-1", 0), ("tin-sang-1", 1), ("tin-sang-2", 0), ("tin-sang-2", 1),
    ]  # fmt: skip


def test_who_loses_the_race_for_a_shard_takes_another_one(store: Database) -> None:
    """Else a worker that was a moment later would believe that there is nothing left to do."""
    subscribe(store, 8 * SHARD_SIZE)
    freeze(store, edition(), [mail()])
    starting_gun = Barrier(8)

    def one() -> Shard | None:
        starting_gun.wait()
        return Ledger(store).claim("mail", NOW)

    with ThreadPoolExecutor(8) as pool:
        taken = [race.result() for race in [pool.submit(one) for _ in range(8)]]
    assert {shard.number for shard in taken if shard} == set(range(8))


def test_a_shard_is_worked_on_by_one_at_a_time_until_its_lease_runs_out(store: Database) -> None:
    freeze(store, edition(), [rendition()])
    first, second = Ledger(store), Ledger(store, owner="elsewhere/1/abc")
    assert first.claim("posts", NOW) == Shard("tin-sang-1", 0, "posts", 1)
    assert second.claim("posts", NOW) is None
    assert second.claim("posts", NOW + LEASE + timedelta(seconds=1)) == Shard("tin-sang-1", 0, "posts", 2)


def test_the_shard_of_a_dead_process_of_this_host_is_taken_over_at_once(store: Database) -> None:
    freeze(store, edition(), [rendition()])
    host = Ledger(store).owner.split("/")[0]
    dead = f"{host}/4194303/abc"  # beyond what Linux gives out by default
    assert owner_is_dead(dead)
    assert Ledger(store, owner=dead).claim("posts", NOW)
    assert Ledger(store).claim("posts", NOW)


class TestAfterATakeOver:
    """The first worker was stopped past its lease; a second one has the shard."""

    @pytest.fixture
    def row(self, store: Database) -> Delivery:
        subscribe(store, 1)
        freeze(store, edition(), [mail()])
        self.late = Ledger(store, owner="elsewhere/1/abc")
        shard = self.late.claim("mail", NOW)
        assert shard
        self.old = shard
        (row,) = self.late.due(shard, NOW)
        assert mark(self.late, shard, row, NOW)
        self.now = NOW + LEASE + timedelta(seconds=1)
        self.new = Ledger(store).claim("mail", self.now)
        return row

    def test_what_it_was_sending_is_uncertain(self, store: Database, row: Delivery) -> None:
        assert states(store) == {S.UNCERTAIN: 1}

    def test_its_late_outcome_is_refused(self, store: Database, row: Delivery) -> None:
        with pytest.raises(FenceLost):
            settle(self.late, self.old, replace(row, state=S.SENDING), Decision(S.SENT), self.now)
        assert states(store) == {S.UNCERTAIN: 1}

    def test_its_late_mark_is_refused(self, store: Database, row: Delivery) -> None:
        with pytest.raises(FenceLost):
            mark(self.late, self.old, row, self.now)

    def test_its_lease_cannot_be_renewed_and_its_release_frees_nothing(self, store: Database, row: Delivery) -> None:
        assert self.late.renew([self.old], self.now) == {self.old}
        self.late.release([self.old])
        assert Ledger(store, owner="third/1/x").claim("mail", self.now) is None


def test_who_has_left_since_the_promise_gets_nothing(store: Database) -> None:
    subscribe(store, 2)
    freeze(store, edition(), [mail()])
    with store.write() as connection:
        connection.execute(sa.delete(subscriptions).where(subscriptions.c.subscriber_id == "s0001"))
    worker = Ledger(store)
    shard = worker.claim("mail", NOW)
    assert shard
    rows = worker.due(shard, NOW)
    posted = worker.post([(shard, row) for row in rows], [], NOW)
    assert posted.allowed == {row.id for row in rows if row.recipient == "s0000"}
    assert states(store) == {S.SENDING: 1, S.SUPPRESSED: 1}


def test_a_marked_row_cannot_be_marked_again(store: Database) -> None:
    freeze(store, edition(), [rendition()])
    worker = Ledger(store)
    shard = worker.claim("posts", NOW)
    assert shard
    (row,) = worker.due(shard, NOW)
    assert mark(worker, shard, row, NOW)
    assert not mark(worker, shard, row, NOW)


def test_a_newer_edition_overtakes_what_an_older_one_owes_to_a_feed(store: Database) -> None:
    freeze(store, edition(1), [rendition("feeds", "rss.xml")], frozenset({"feeds"}))
    freeze(store, edition(2), [rendition("feeds", "rss.xml", edition="tin-sang-2")], frozenset({"feeds"}))
    with store.read() as connection:
        rows = {row.edition: row for row in rows_of.list_deliveries(connection)}
    assert rows["tin-sang-1"].state is S.EXPIRED
    assert rows["tin-sang-1"].reply == "overtaken by tin-sang-2"
    assert rows["tin-sang-2"].state is S.PENDING


def test_what_is_not_out_in_the_editions_time_is_given_up(store: Database) -> None:
    freeze(store, edition(), [rendition()])
    worker = Ledger(store)
    assert expire_deliveries(store, NOW + timedelta(hours=23)) == 0
    assert expire_deliveries(store, NOW + timedelta(hours=24)) == 1
    assert worker.claim("posts", NOW + timedelta(hours=25)) is None, "an empty shard is not looked at again"


def test_a_slot_is_decided_once(database: Database) -> None:
    with database.write() as connection:
        assert edition_repository.decide_slot(connection, "tin-sang", "2026-11-23T07:00", "nothing new", "a", NOW)
        assert not edition_repository.decide_slot(connection, "tin-sang", "2026-11-23T07:00", "edition", "b", NOW)


def test_an_edition_is_refused_where_its_slot_its_number_or_an_article_is_taken(database: Database) -> None:
    with database.write() as connection:
        intake = store_articles(
            connection, GivenSource(name="cong"), FetchResult(articles=[found("1"), found("2")]), authority="x", now=NOW
        )
    first = replace(edition(), articles=(intake.new[0],))
    with database.write() as connection:
        edition_repository.save(connection, first, [], "a")
    clashes = [
        replace(first, id="x", slot="other", articles=(intake.new[1],)),  # number 1 again
        replace(first, id="x", number=2, articles=(intake.new[1],)),  # the same slot
        replace(first, id="x", number=2, slot="other"),  # the same article
    ]
    for clash in clashes:
        with pytest.raises(edition_repository.SlotTaken), database.write() as connection:
            edition_repository.save(connection, clash, [], "b")
    with database.read() as connection:
        assert [row.id for row in edition_repository.list_editions(connection)] == [first.id]
        assert connection.execute(sa.select(sa.func.count()).select_from(newsletter_articles)).scalar() == 1


def test_every_state_has_its_line_in_the_table_and_ends_are_ends() -> None:
    assert set(TRANSITIONS) == set(S)
    assert not TRANSITIONS[S.SENT] and not TRANSITIONS[S.SUPPRESSED]
    assert TRANSITIONS[S.REJECTED] == TRANSITIONS[S.EXPIRED] == {S.PENDING}, "staff may ask for the missed again"
    assert all(TRANSITIONS[state] for state in OPEN)


# -- what staff do while others work -----------------------------------------------------------------------------------


def sent_one(store: Database) -> tuple[Ledger, Shard, Delivery]:
    """A row that is on the wire."""
    freeze(store, edition(), [rendition()])
    worker = Ledger(store)
    shard = worker.claim("posts", NOW)
    assert shard
    (row,) = worker.due(shard, NOW)
    assert mark(worker, shard, row, NOW)
    return worker, shard, replace(row, state=S.SENDING, attempts=1)


def cancel(store: Database) -> None:
    with store.write() as connection:
        edition_repository.change_state(
            connection, "tin-sang-1", [EditionState.FROZEN], EditionState.CANCELLED, done_at=NOW
        )


def test_what_was_on_the_wire_when_its_edition_was_cancelled_is_not_tried_again(store: Database) -> None:
    worker, shard, row = sent_one(store)
    cancel(store)
    settle(worker, shard, row, Decision(S.DEFERRED, NOW + timedelta(minutes=5), "451 come back"), NOW)
    (again,) = worker.due(shard, NOW + timedelta(minutes=6))
    assert not mark(worker, shard, again, NOW + timedelta(minutes=6))
    assert not worker.still_open("tin-sang-1", [again.id])
    worker.release([shard])
    assert expire_deliveries(store, NOW + timedelta(minutes=6)) == 1
    assert states(store) == {S.EXPIRED: 1}


def test_the_time_of_a_paused_edition_stands_still(store: Database) -> None:
    freeze(store, edition(), [rendition()])
    late = NOW + timedelta(days=3)
    with store.write() as connection:
        assert control.pause(connection, "tin-sang-1", NOW + timedelta(hours=1))
    assert expire_deliveries(store, late) == 0
    with store.write() as connection:
        assert control.resume(connection, "tin-sang-1", late)
    assert expire_deliveries(store, late) == 0
    assert Ledger(store).claim("posts", late)


def test_what_staff_promise_again_while_its_shard_is_let_go_of_is_found(store: Database) -> None:
    """On PostgreSQL the letting go waits for staff's transaction, and must not go by what it has seen before."""
    subscribe(store, 1)
    freeze(store, edition(), [mail()])
    worker = Ledger(store)
    shard = worker.claim("mail", NOW)
    assert shard
    (row,) = worker.due(shard, NOW)
    assert mark(worker, shard, row, NOW)
    settle(worker, shard, replace(row, state=S.SENDING, attempts=1), Decision(S.REJECTED, None, "550 no"), NOW)
    letting_go = Thread(target=lambda: worker.release([shard]))
    with store.write() as connection:
        assert control.reopen(connection, "tin-sang-1", control.MISSED_STATES, NOW, NOW + timedelta(days=1)) == 1
        letting_go.start()
        letting_go.join(0.3)
    letting_go.join()
    again = worker.claim("mail", NOW)
    assert again and [one.state for one in worker.due(again, NOW)] == [S.PENDING]


def test_a_process_of_another_container_on_this_host_is_not_taken_for_dead() -> None:
    host, boot, space = new_owner().split("/")[0].split(" ")
    assert owner_is_dead(f"{host} {boot} {space}/4194303/abc")
    assert not owner_is_dead(f"{host} {boot} {int(space) + 1}/4194303/abc")
    assert not owner_is_dead(f"{host} {'0' * 8} {space}/4194303/abc")
