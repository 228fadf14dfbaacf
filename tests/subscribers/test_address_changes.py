"""Changes of address, requests and personal data, on both stores."""

from __future__ import annotations

from datetime import timedelta

from distributor.model import Subscriber
from distributor.storage.database import Database
from distributor.subscribers import address_changes, data_requests, personal_data, repository, subscribe
from distributor.subscribers.data_requests import RequestKind, new_request
from distributor.subscribers.requests import parse_request
from support.builders import KEYS, NOW


def join(database: Database, address: str, newsletter: str) -> Subscriber:
    wanted = parse_request(address, [newsletter], known=[newsletter])
    with database.write() as connection:
        made = subscribe.add(connection, wanted, NOW, keys=KEYS).subscriber
    assert made
    return made


def test_a_later_wish_takes_the_place_of_an_earlier_one(database: Database) -> None:
    lan = join(database, "lan@example.com", "tin")
    with database.write() as connection:
        first = address_changes.ask(connection, lan.id, "a@example.com", NOW)
        second = address_changes.ask(connection, lan.id, "b@example.com", NOW)
        assert address_changes.find(connection, first.id, NOW) is None
        assert address_changes.find(connection, second.id, NOW) == second
        assert address_changes.find(connection, second.id, second.expires_at) is None
        after = address_changes.apply(connection, second, lan, KEYS, NOW)
    assert (after.id, after.address, after.newsletters) == (lan.id, "b@example.com", ("tin",))


def test_two_subscribers_become_one(database: Database) -> None:
    lan, nam = join(database, "lan@example.com", "tin"), join(database, "nam@example.com", "toi")
    with database.write() as connection:
        change = address_changes.ask(connection, lan.id, "Nam@Example.com", NOW)
        after = address_changes.apply(connection, change, lan, KEYS, NOW)
        assert after.id == nam.id and set(after.newsletters) == {"tin", "toi"}
        assert repository.find_by_ids(connection, [lan.id]) == {}
        again = address_changes.find(connection, change.id, NOW)
        assert again and (again.subscriber, again.done_at) == (nam.id, NOW)
        assert address_changes.delete_expired(connection, NOW + timedelta(days=9)) == 1


def test_all_that_is_held_is_plain(database: Database) -> None:
    lan = join(database, "lan@example.com", "tin")
    with database.write() as connection:
        number = data_requests.record(
            connection, new_request(RequestKind.ACCESS, lan.address, NOW, via="staff", subscriber=lan.id, note="x")
        )
        assert [one.id for one in data_requests.list_requests(connection)] == [number]
        found = personal_data.collect(connection, lan)
        assert data_requests.close(connection, number, "lan", "", NOW)
        assert not data_requests.close(connection, number, "lan", "", NOW)
        assert data_requests.list_requests(connection) == []
        assert [one.note for one in data_requests.list_requests(connection, done=True)] == ["x"]
    assert [row["newsletter"] for row in found["newsletters"]] == ["tin"]
    assert [row["kind"] for row in found["requests"]] == ["access"]
