"""The outbox: made once for an occasion, claimed by one process, sent again where nobody knows whether it is out."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from distributor.delivery import outbox
from distributor.delivery.lease import new_owner
from distributor.delivery.outbox import OutboxMessage, OutboxRow, OutboxState
from distributor.delivery.retry import Decision
from distributor.model import DeliveryState
from distributor.storage.database import Database
from distributor.storage.web_tables import outbox as table
from support.builders import NOW

MINUTE = timedelta(minutes=1)
MINE, ANOTHER = "elsewhere/1/a", "elsewhere/2/b"


def message(key: str = "confirm-1", **changes: Any) -> OutboxMessage:
    values: dict[str, Any] = {
        "dedupe_key": key,
        "channel": "mail",
        "kind": "email/confirmation",
        "address": "Lan@example.com",
        "body": json.dumps({"language": "vi", "values": {}}).encode(),
        "expires_at": NOW + timedelta(days=7),
    }
    return OutboxMessage(**{**values, **changes})


def put(database: Database, key: str = "confirm-1", **changes: Any) -> bool:
    with database.write() as connection:
        return outbox.add(connection, message(key, **changes), NOW)


def claim(database: Database, owner: str = MINE, now: Any = NOW) -> OutboxRow | None:
    with database.write() as connection:
        return outbox.claim(connection, "mail", owner, now)


def only(database: Database) -> OutboxRow:
    with database.read() as connection:
        (row,) = outbox.iterate_latest(connection)
    return row


def settle(database: Database, row: OutboxRow, state: DeliveryState, **changes: Any) -> bool:
    with database.write() as connection:
        return outbox.settle(connection, row, Decision(state, **changes), NOW)


def test_an_occasion_makes_one_message_even_after_it_was_sent(database: Database) -> None:
    assert put(database)
    assert not put(database)
    row = claim(database)
    assert row is not None
    assert settle(database, row, DeliveryState.SENT, reply="250 queued")
    assert not put(database)
    assert (only(database).state, only(database).reply) == (OutboxState.SENT, "250 queued")


def test_a_message_is_in_one_pair_of_hands_and_oldest_first(database: Database) -> None:
    put(database, "a")
    put(database, "b", channel="other")
    first = claim(database)
    assert first is not None
    assert (first.dedupe_key, first.attempts, first.state) == ("a", 1, OutboxState.SENDING)
    assert claim(database, ANOTHER) is None, "the other one is for another channel"


def test_whoever_has_lost_a_message_can_record_nothing(database: Database) -> None:
    put(database)
    mine = claim(database)
    assert mine is not None
    late = NOW + outbox.LEASE
    with database.write() as connection:
        assert outbox.renew(connection, mine, NOW + MINUTE)
        assert outbox.recover(connection, late) == 0, "its lease began anew"
        assert outbox.recover(connection, late + MINUTE) == 1
        assert not outbox.renew(connection, mine, late)
    theirs = claim(database, ANOTHER, late + MINUTE)
    assert theirs is not None
    assert not settle(database, mine, DeliveryState.REJECTED)
    assert settle(database, theirs, DeliveryState.SENT)


def test_what_a_dead_process_of_this_machine_has_left_is_sent_again_at_once_and_given_up_at_the_third_time(
    database: Database,
) -> None:
    put(database)
    dead = new_owner().rpartition("/")[0].rpartition("/")[0] + "/999999999/x"
    for crash in (1, 2, 3):
        assert claim(database, dead) is not None
        with database.write() as connection:
            assert outbox.list_due_channels(connection, NOW) == ["mail"]
            assert outbox.recover(connection, NOW) == 1
        assert only(database).crash_count == crash
    assert only(database).state is OutboxState.REJECTED
    assert "third time" in only(database).reply


def test_a_message_in_doubt_or_put_off_waits_and_what_is_done_forgets_what_it_was_made_of(database: Database) -> None:
    put(database, body=b'{"language": "vi", "values": {"confirm_url": "https://secret"}}')
    for state in (DeliveryState.UNCERTAIN, DeliveryState.DEFERRED):
        row = claim(database)
        assert row is not None
        assert settle(database, row, state, due=NOW + MINUTE, reply="451 later")
        assert claim(database) is None
        waiting = only(database)
        assert (waiting.state, waiting.due, waiting.reply) == (OutboxState.PENDING, NOW + MINUTE, "451 later")
        with database.write() as connection:
            assert outbox.list_due_channels(connection, NOW) == []
            assert outbox.list_due_channels(connection, NOW + MINUTE) == ["mail"]
            connection.execute(table.update().values(due=NOW))
    row = claim(database)
    assert row is not None
    assert b"secret" in row.body
    settle(database, row, DeliveryState.SENT)
    assert only(database).body == b"{}"
    assert only(database).attempts == 3


def test_what_has_waited_beyond_its_time_is_given_up(database: Database) -> None:
    put(database, expires_at=NOW + MINUTE)
    with database.write() as connection:
        assert outbox.expire(connection, NOW) == 0
        assert outbox.expire(connection, NOW + MINUTE) == 1
        assert outbox.count_open(connection) == 0
    assert only(database).state is OutboxState.EXPIRED


def test_a_bounce_token_leads_back_to_the_message_and_to_no_delivery(database: Database) -> None:
    put(database)
    row = only(database)
    with database.read() as connection:
        found = outbox.find_by_number(connection, row.number)
        assert found == row
        assert outbox.find_by_number(connection, row.id) is None
        assert outbox.find_by_number(connection, row.number + 1) is None


def test_a_number_is_never_given_again_so_no_bounce_names_another_message(database: Database) -> None:
    """The newest message may be deleted: its recipient is erased, or all of them are old."""
    put(database, "erased")
    number = only(database).number
    with database.write() as connection:
        connection.execute(table.delete())
    put(database, "of somebody else", address="minh@example.com")
    with database.read() as connection:
        assert outbox.find_by_number(connection, number) is None


def test_messages_are_listed_by_state_and_address_and_deleted_when_they_are_old(database: Database) -> None:
    put(database, "a")
    put(database, "b", address="minh@example.com")
    row = claim(database)
    assert row is not None
    settle(database, row, DeliveryState.SENT)
    with database.write() as connection:
        keys = [one.dedupe_key for one in outbox.iterate_latest(connection)]
        assert keys == ["b", "a"]
        assert outbox.count(connection, states=[OutboxState.SENT]) == 1
        assert [one.dedupe_key for one in outbox.iterate_latest(connection, address="lan@EXAMPLE.com")] == ["a"]
        assert outbox.list_finished(connection, NOW, 9) == []
        assert outbox.list_finished(connection, NOW + MINUTE, 9) == [row.id]
        assert outbox.delete_finished(connection, NOW + MINUTE, [row.id, row.id + 1]) == 1
        assert outbox.count(connection) == 1, "what waits stays"


@pytest.mark.parametrize("kind", ["email/confirmation", "confirmed"])
def test_an_email_is_told_from_an_event_by_its_media_type(kind: str) -> None:
    event = replace(message(), kind=kind, media_type="application/json")
    assert message(kind=kind).is_email
    assert not event.is_email
