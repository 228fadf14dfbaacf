"""Erased subscribers: nothing of them is left, and no import brings them back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from distributor.bounces import provider_events
from distributor.bounces.provider_events import EventState
from distributor.model import Subscriber
from distributor.storage.all_tables import metadata
from distributor.storage.database import Database
from distributor.storage.web_tables import address_changes, consents, data_requests, idempotent_answers, outbox, signups
from distributor.storage.web_tables import provider_events as reports
from distributor.subscribers import erasures, repository, subscribe
from distributor.subscribers.address_hash import hash_address
from distributor.subscribers.requests import SubscriptionRequest, parse_request
from distributor.subscribers.subscribe import SubscriptionChange
from support.builders import KEYS, NOW

LAN = "lan@example.com"


@pytest.fixture
def store(database: Database) -> Iterator[Database]:
    with database.write() as connection:
        subscribe.add(connection, wish(), NOW, keys=KEYS)
    yield database


def wish(address: str = LAN) -> SubscriptionRequest:
    return parse_request(address, ["tin-sang"], known=["tin-sang"], name="Lan")


def lan(store: Database) -> Subscriber:
    with store.read() as connection:
        found = repository.find(connection, LAN)
    assert found
    return found


def forget(store: Database, keys: tuple[bytes, ...] = KEYS) -> None:
    person = lan(store)
    with store.write() as connection:
        erasures.erase(connection, person, keys, NOW, via="link")


def test_no_table_holds_the_address_any_more(store: Database) -> None:
    id, later = lan(store).id, NOW + timedelta(days=1)
    asked: dict[str, object] = {"asked_at": NOW}
    rows: list[tuple[sa.Table, dict[str, object]]] = [
        (
            signups,
            {
                "id": "1",
                "address_key": LAN,
                "address": LAN,
                "wish": {},
                "asks": [],
                "emailed": [],
                "expires_at": later,
                **asked,
            },
        ),
        (
            consents,
            {"subscriber_id": id, "newsletter": "tin-sang", "purposes": [], "language": "vi", "text": LAN, **asked},
        ),
        (address_changes, {"subscriber_id": id, "id": "2", "address": LAN, "expires_at": later, **asked}),
        (
            data_requests,
            {"subscriber_id": id, "address": "LAN@example.com", "kind": "access", "due_at": later, **asked},
        ),
        (
            outbox,
            {"dedupe_key": "x", "recipient": id, "address": LAN, "created": NOW, "updated": NOW, "expires_at": later},
        ),
    ]
    needed = {"via": "form", "text_sha256": "", "channel": "mail", "kind": "email/goodbye", "media_type": "", "body": b"",
              "state": "pending", "wish": {}, "asks": [], "emailed": []}  # fmt: skip
    with store.write() as connection:
        for table, values in rows:
            others = {name: value for name, value in needed.items() if name in table.c}
            connection.execute(sa.insert(table).values(others | values))
        repository.unsubscribe(connection, lan(store), "tin-sang", now=NOW, via="link")
    forget(store)
    with store.read() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(sa.select(table)):
                assert LAN not in str(row).lower(), table.name
                assert table.name in ("data_requests", "erased_addresses") or id not in str(row), table.name


def test_no_import_brings_back_who_was_erased(store: Database) -> None:
    forget(store)
    with store.write() as connection:
        made = subscribe.add_all(connection, [wish("Lan@Example.com"), wish("nam@example.com")], NOW, keys=KEYS)
    assert [one.change for one in made] == [SubscriptionChange.KEPT_OFF, SubscriptionChange.ADDED]
    assert made[0].blocked_by["tin-sang"].via == "erased"


def test_an_erasure_outlives_the_exchange_of_keys(store: Database) -> None:
    forget(store)
    with store.write() as connection:
        made = subscribe.add(connection, wish(), NOW, keys=(b"the new key of the newsroom", *KEYS))
    assert made.change is SubscriptionChange.KEPT_OFF


def test_who_asks_again_is_subscribed_and_stays_so(store: Database) -> None:
    forget(store)
    with store.write() as connection:
        made, _ = subscribe.resubscribe(connection, wish(), NOW, keys=KEYS)
        assert made.change is SubscriptionChange.ADDED
        assert subscribe.add(connection, wish(), NOW, keys=KEYS).change is SubscriptionChange.UNCHANGED


def test_the_hash_says_nothing_without_the_key() -> None:
    assert hash_address(b"one key", LAN) != hash_address(b"another", LAN)
    assert len(hash_address(b"one key", LAN)) == 64


@pytest.mark.parametrize(
    "body",
    [
        '{"address": "Lan@Example.com"}',
        '{"to": "Lan \\u003clan@example.com\\u003e", "said": "550\\nlan@example.com."}',
        "recipient=lan%40example.com&event=failed",
        "To: <lan@example.com>\r\n",
    ],
)
def test_texts_of_others_that_hold_the_address_lose_it(store: Database, body: str) -> None:
    others = b'["mai.lan@example.com", "lan@example.com.vn", "lan+a@example.com"]'
    at = {"at": NOW, "status": 200, "request_sha256": "", "token_id": "a"}
    with store.write() as connection:
        for key, text in (("lan", body.encode()), ("others", others)):
            connection.execute(sa.insert(idempotent_answers).values(**at, key=key, body=text))
            for state in ("waiting", "aside"):
                provider_events.store(connection, "mailgun", f"{key} {state}", {}, text, NOW)
        of_another_token = {**at, "token_id": "b", "key": "lan", "body": others}
        connection.execute(sa.insert(idempotent_answers).values(of_another_token))
        here = reports.c.event_key.contains("aside")
        connection.execute(sa.update(reports).where(here).values(state=EventState.ASIDE))
    forget(store)
    with store.read() as connection:
        kept = connection.execute(sa.select(idempotent_answers.c.token_id, idempotent_answers.c.key)).all()
        assert sorted(map(tuple, kept)) == [("a", "others"), ("b", "lan")]
        found = {row.event_key: row.body for row in connection.execute(sa.select(reports))}
    assert [found[f"others {state}"] for state in ("waiting", "aside")] == [others, others]
    for state in ("waiting", "aside"):
        left = found[f"lan {state}"].lower()
        assert b"erased@erased.invalid" in left and not re.search(rb"lan(@|%40)example", left)
